"""Our node, driven from outside: the command line and HTTP, after a real registration."""

import base64
import json
import secrets
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench import receivers
from bench.documents import OWNER, dumps, location, token
from bench.servers import ROOT, Server, ask, launch, stop, wait_until_it_answers

US = ("BE", "NOD")
TOKENS = 1000
PARTNER_ROLES = ((*OWNER, "CPO"), ("DE", "TNM", "EMSP"))


def routing(sender: tuple[str, str]) -> dict[str, str]:
    return {
        "OCPI-to-country-code": US[0],
        "OCPI-to-party-id": US[1],
        "OCPI-from-country-code": sender[0],
        "OCPI-from-party-id": sender[1],
    }


def signed(token: str, sender: tuple[str, str]) -> dict[str, str]:
    return {
        "Authorization": "Token " + base64.b64encode(token.encode()).decode(),
        "Content-Type": "application/json",
        "X-Request-ID": "bench",
        "X-Correlation-ID": "bench",
        **routing(sender),
    }


@dataclass(slots=True)
class Partner:
    """What the load generator presents, and where the node's endpoints are."""

    token: str
    endpoints: dict[tuple[str, str], str]


@dataclass(slots=True)
class Node:
    """One voltroam node in a folder of its own."""

    folder: Path
    url: str
    process: subprocess.Popen[bytes] | None = None
    partners: list[Partner] = field(default_factory=list)

    @classmethod
    def make(cls, folder: Path, port: int, database: str | None = None) -> "Node":
        url = f"http://127.0.0.1:{port}"
        command = ["init", str(folder), "--name", "bench", "--url", url, "--json"]
        for role in ("CPO", "EMSP"):
            command += ["--party", f"{US[0]}/{US[1]}/{role}"]
        if database:
            command += ["--db", database]
        voltroam(command)
        return cls(folder, url)

    def cli(self, *arguments: str, stdin: bytes | None = None) -> Any:
        config = ["-c", str(self.folder / "voltroam.toml")]
        return voltroam([*config, *arguments, "--json"], stdin=stdin)

    def serve(self, *, workers: int = 1, core: int | None = 0) -> None:
        command = [sys.executable, "-m", "voltroam", "-c", str(self.folder / "voltroam.toml")]
        command += ["serve", "--workers", str(workers)]
        env = {"VOLTROAM_LOG_LEVEL": "warning"}
        self.process = launch(command, self.folder / "serve.log", core=core, env=env)
        server = Server("", self.process, self.url, self.url, self.url, kind="node")
        wait_until(server, f"{self.url}/health")

    def stop(self) -> None:
        if self.process is not None:
            stop(self.process)
            self.process = None

    def load(self, documents: Iterable[Mapping[str, Any]], module: str = "locations") -> None:
        """Import own objects."""
        lines = b"\n".join(dumps(document) for document in documents)
        report = self.cli("import", module, "-", stdin=lines)
        assert not report["refused"], report["refused"][:2]

    def register(self, port: int, number: int = 0) -> Partner:
        """Invite receiver `number` and play its part of the registration."""
        invitation = self.cli("partner", "invite", f"partner{number}")
        token, url = invitation["token"], invitation["versions_url"]
        roles = PARTNER_ROLES if number == 0 else (("NL", f"{number:03d}", "EMSP"),)
        sender = roles[0][0], roles[0][1]
        headers = signed(token, sender)
        versions = json.loads(ask("GET", url, headers))["data"]
        details = json.loads(ask("GET", versions[0]["url"], headers))["data"]
        endpoints = {(e["identifier"], e["role"]): e["url"] for e in details["endpoints"]}
        credentials = {
            "token": secrets.token_hex(16),
            "url": f"http://{receivers.host(number)}:{port}/versions",
            "roles": [
                {
                    "role": role,
                    "country_code": country,
                    "party_id": party,
                    "business_details": {"name": f"Partner {number}"},
                }
                for country, party, role in roles
            ],
        }
        url = endpoints["credentials", "SENDER"]
        answer = json.loads(ask("POST", url, headers, dumps(credentials)))
        assert answer["status_code"] == 1000, answer
        partner = Partner(answer["data"]["token"], endpoints)
        self.partners.append(partner)
        return partner

    def server(self, name: str) -> Server:
        """As the load generator sees it, by its first partner."""
        assert self.process is not None
        partner = self.partners[0]
        sender = partner.endpoints["locations", "SENDER"]
        receiver = partner.endpoints["locations", "RECEIVER"]
        tokens = partner.endpoints["tokens", "SENDER"]
        as_cpo, as_emsp = signed(partner.token, OWNER), signed(partner.token, ("DE", "TNM"))
        return Server(name, self.process, sender, receiver, tokens, as_emsp, as_cpo, kind="node")

    def fill(self, count: int) -> None:
        """Put the partner's locations, one after the other."""
        server = self.server("fill")
        for number in range(count):
            url = f"{server.receiver_url}/{'/'.join(OWNER)}/LOC{number}"
            ask("PUT", url, server.receiver_headers, dumps(location(number)))


def voltroam(arguments: list[str], stdin: bytes | None = None) -> Any:
    command = [sys.executable, "-m", "voltroam", *arguments]
    done = subprocess.run(command, input=stdin, capture_output=True, cwd=ROOT, check=False)
    if done.returncode:
        raise RuntimeError(
            f"{arguments[:4]}: {done.stderr.decode()[-800:]}{done.stdout.decode()[-800:]}"
        )
    return json.loads(done.stdout)


def wait_until(server: Server, url: str) -> None:
    import time

    for _ in range(600):
        try:
            ask("GET", url, {})
        except OSError:
            assert server.process.poll() is None, "the node ended; see serve.log"
            time.sleep(0.1)
        else:
            return
    raise TimeoutError(url)


def start_receivers(port: int, count: int, folder: Path) -> subprocess.Popen[bytes]:
    """On core 1; ready when the first of them answers."""
    command = [sys.executable, "-m", "bench.receivers", str(port), str(count)]
    process = launch(command, folder / "receivers.log", core=1)
    url = f"http://{receivers.host(0)}:{port}"
    wait_until(Server("receivers", process, url, url, url), f"{url}/stats")
    return process


def prepared(
    folder: Path, port: int, receiver_port: int, name: str, *, database: str | None = None,
    workers: int = 1, core: int | None = 0, locations: int = 1000, partners: int = 1,
) -> tuple[Node, Server]:  # fmt: skip
    """A node with own and received locations and its partners, at rest."""
    node = Node.make(folder, port, database)
    node.load(location(number, owner=US) for number in range(locations))
    node.load((token(number, owner=US) for number in range(TOKENS)), "tokens")
    node.serve(workers=workers, core=core)
    for number in range(partners):
        node.register(receiver_port, number)
    node.fill(min(locations, 1000))
    server = node.server(name)
    server.settle(60)
    wait_until_it_answers(server)
    return node, server
