"""The servers that are measured side by side: how each starts, where its endpoints are."""

import base64
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bench.documents import OWNER, dumps, location
from bench.load import AUTHORIZE

ROOT = Path(__file__).parents[1]
WORK = Path(__file__).with_name(".work")
TOKEN = "Token " + base64.b64encode(b"bench-token").decode()
HEADERS = {
    "Authorization": TOKEN,
    "Content-Type": "application/json",
    "X-Request-ID": "bench",
    "X-Correlation-ID": "bench",
    "OCPI-from-country-code": "BE",
    "OCPI-from-party-id": "NOD",
    "OCPI-to-country-code": "BE",
    "OCPI-to-party-id": "NOD",
}
"""What OCPI asks of a client: all servers are sent the same, read it or not."""
UVICORN = (
    "--host", "127.0.0.1", "--log-level", "warning", "--no-access-log", "--loop", "uvloop",
    "--http", "httptools",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class PeerPackage:
    """A package on PyPI, measured in an environment of its own."""

    name: str
    version: str
    app: str

    @property
    def label(self) -> str:
        return f"{self.name} {self.version}"

    @property
    def python(self) -> Path:
        return WORK / self.name / "bin" / "python"

    def install(self) -> None:
        """Made once, on demand."""
        if self.python.exists():
            return
        subprocess.run([sys.executable, "-m", "venv", WORK / self.name], check=True)
        packages = [f"{self.name}=={self.version}", "uvicorn[standard]==0.54.0"]
        install = [str(self.python), "-m", "pip", "install", "-q", *packages]
        subprocess.run(install, check=True, capture_output=True)


PEERS = (
    PeerPackage("extrawest-ocpi", "2025.7.16", "bench.peers.extrawest_app:app"),
    PeerPackage("py-ocpi", "0.3.1", "bench.peers.pyocpi_app:app"),
)


@dataclass(slots=True)
class Server:
    """One running server and what the load generator must know of it."""

    name: str
    process: subprocess.Popen[bytes]
    sender_url: str
    """Of locations, as is the next."""
    receiver_url: str
    tokens_url: str
    """Of tokens, where our partner asks whether they may charge."""
    sender_headers: Mapping[str, str] = field(default_factory=lambda: dict(HEADERS))
    receiver_headers: Mapping[str, str] = field(default_factory=lambda: dict(HEADERS))
    kind: str = "peer"

    def target(self, interface: str) -> tuple[str, Mapping[str, str]]:
        if interface == "SENDER":
            return self.sender_url, self.sender_headers
        if interface == AUTHORIZE.interface:
            return self.tokens_url, self.receiver_headers
        return self.receiver_url, self.receiver_headers

    def settle(self, seconds: float = 15.0) -> None:
        """Wait until it has finished what a stopped load left queued."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            before = cpu_ticks(self.process.pid)
            time.sleep(0.25)
            if cpu_ticks(self.process.pid) - before <= 1:
                return

    def stop(self) -> None:
        stop(self.process)


def cpu_ticks(group: int) -> int:
    """CPU time of a process group."""
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(fields[2]) == group:
            ticks += int(fields[11]) + int(fields[12])
    return ticks


def launch(
    command: list[str], log: Path, *, core: int | None, env: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """Start in a group of its own, pinned to a core if one is given."""
    if core is not None and shutil.which("taskset"):
        command = ["taskset", "-c", str(core), *command]
    with log.open("wb") as out:
        return subprocess.Popen(
            command, stdout=out, stderr=out, env=os.environ | dict(env or {}),
            start_new_session=True, cwd=ROOT,
        )  # fmt: skip


def stop(process: subprocess.Popen[bytes], *, seconds: float = 10.0) -> None:
    if process.poll() is not None:
        return
    os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def start_peer(peer: PeerPackage, port: int) -> Server:
    peer.install()
    command = [str(peer.python), "-m", "uvicorn", peer.app, "--port", str(port), *UVICORN]
    log = WORK / f"{peer.name}.log"
    process = launch(command, log, core=0, env={"PYTHONPATH": str(ROOT)})
    base = f"http://127.0.0.1:{port}/ocpi"
    return Server(
        peer.label, process, f"{base}/cpo/2.2.1/locations/", f"{base}/emsp/2.2.1/locations",
        f"{base}/emsp/2.2.1/tokens",
    )  # fmt: skip


def start_bare(port: int) -> Server:
    command = [sys.executable, "-m", "uvicorn", "bench.bare:app", "--port", str(port), *UVICORN]
    process = launch(command, WORK / "bare.log", core=0)
    base = f"http://127.0.0.1:{port}/ocpi/2.2.1"
    locations = f"{base}/locations"
    return Server("bare ASGI", process, locations, locations, f"{base}/tokens", kind="bare")


def start_nginx(port: int) -> Server | None:
    """Static bytes: what no server passes. None where nginx is not installed."""
    if shutil.which("nginx") is None:
        return None
    folder = WORK / "nginx"
    (folder / "www").mkdir(parents=True, exist_ok=True)
    page = b",".join(dumps(location(n)) for n in range(50))
    end = b'],"status_code":1000,"timestamp":"2026-01-01T00:00:00Z"}'
    (folder / "www" / "locations").write_bytes(b'{"data":[' + page + end)
    small = '{"status_code":1000,"timestamp":"2026-01-01T00:00:00Z"}'
    temporary = " ".join(
        f"{kind}_temp_path {folder}/{kind};"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;\n"
        "events { worker_connections 512; }\n"
        f"http {{ access_log off; sendfile on; tcp_nopush on; default_type application/json;\n"
        f" keepalive_requests 100000000; client_body_buffer_size 64k; {temporary}\n"
        f" server {{ listen 127.0.0.1:{port}; root {folder}/www;\n"
        "  location = /locations { open_file_cache max=10; }\n"
        f"  location / {{ return 200 '{small}'; }} }} }}\n"
    )
    command = ["nginx", "-c", str(folder / "nginx.conf"), "-p", str(folder)]
    process = launch(command, WORK / "nginx.log", core=0)
    base = f"http://127.0.0.1:{port}"
    return Server("nginx", process, f"{base}/locations", f"{base}/any", f"{base}/any", kind="nginx")


def ask(method: str, url: str, headers: Mapping[str, str], body: bytes | None = None) -> bytes:
    request = urllib.request.Request(url, body, dict(headers), method=method)
    with urllib.request.urlopen(request, timeout=20) as response:
        answer: bytes = response.read()
    return answer


def wait_until_it_answers(server: Server, seconds: float = 30.0) -> None:
    """Every call that will be measured works, or the row would be void."""
    end = time.monotonic() + seconds
    while True:
        try:
            check(server)
        except (OSError, AssertionError):
            if time.monotonic() > end or server.process.poll() is not None:
                raise
            time.sleep(0.2)
        else:
            return


def check(server: Server) -> None:
    url, headers = server.target("SENDER")
    page = json.loads(ask("GET", url + "?offset=0&limit=50", headers))
    assert page["status_code"] == 1000, page
    assert len(page["data"]) == 50, len(page["data"])
    assert len(page["data"][0]["evses"]) == 10
    url, headers = server.target("RECEIVER")
    own = f"{url}/{'/'.join(OWNER)}/LOC1"
    put = json.loads(ask("PUT", own, headers, dumps(location(1))))
    assert put["status_code"] == 1000, put
    body = dumps({"status": "CHARGING", "last_updated": "2026-06-30T10:00:00Z"})
    patch = json.loads(ask("PATCH", own + "/3256", headers, body))
    assert patch["status_code"] == 1000, patch
    url, headers = server.target(AUTHORIZE.interface)
    body = AUTHORIZE.body.replace(b"@N", b"7")
    answer = json.loads(ask("POST", url + AUTHORIZE.path.replace("@N", "7"), headers, body))
    assert answer["status_code"] == 1000, answer
    if server.kind != "nginx":
        info = answer["data"]
        info = info[0] if isinstance(info, list) else info  # so answer the peers
        assert info["allowed"] == "ALLOWED", answer
        assert info["token"]["uid"].upper() == "TOK7", answer
