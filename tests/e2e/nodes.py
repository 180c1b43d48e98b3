"""Real nodes for tests: made with the command line, served as real processes on loopback."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from typer.main import get_command
from typer.testing import CliRunner

from voltroam.cli.app import app

START_TIME = 90.0
"""Seconds a node may need until /health answers, on a busy machine."""


def free_port() -> int:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]
    assert isinstance(port, int)
    return port


def wait_until(
    met: Callable[[], Any], *, seconds: float = 60.0, every: float = 0.05, what: str = "it"
) -> Any:
    """The first truthy answer; fails when time is up, with the last one."""
    deadline = time.monotonic() + seconds
    while True:
        found = met()
        if found:
            return found
        assert time.monotonic() < deadline, f"{what} did not happen in {seconds} s, last: {found!r}"
        time.sleep(every)


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command ended with."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def lines(self) -> list[Any]:
        """NDJSON."""
        return [json.loads(line) for line in self.out.splitlines()]


@cache
def tree() -> Any:
    """All commands: built once, for that takes twenty times as long as most of them."""
    return get_command(app)


def command(*arguments: str | Path, stdin: str | None = None, timeout: float = 120) -> Ran:
    """Run `voltroam` in this process, which saves its start; inside a running loop in its own."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return _here([str(piece) for piece in arguments], stdin)
    return process(*arguments, stdin=stdin, timeout=timeout)


def _here(arguments: list[str], stdin: str | None) -> Ran:
    code: object = None
    with CliRunner().isolation(input=stdin) as (out, err, _):
        try:
            tree().main(args=arguments, prog_name="voltroam")
        except SystemExit as ended:
            code = ended.code
        sys.stdout.flush()
        sys.stderr.flush()
        assert code is None or isinstance(code, int), code
        return Ran(code or 0, _text(out), _text(err))


def _text(written: BytesIO) -> str:
    return written.getvalue().decode().replace("\r\n", "\n")


def process(*arguments: str | Path, stdin: str | None = None, timeout: float = 120) -> Ran:
    """Run `voltroam` in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "voltroam", *map(str, arguments)],
        input=stdin, capture_output=True, text=True, timeout=timeout, check=False,
    )  # fmt: skip
    return Ran(done.returncode, done.stdout, done.stderr)


@dataclass(slots=True)
class Served:
    """One node: its folder, its address, and its server while it runs."""

    folder: Path
    url: str
    parties: tuple[str, ...]
    workers: int = 1
    process: subprocess.Popen[bytes] | None = None
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def config(self) -> Path:
        return self.folder / "voltroam.toml"

    @property
    def versions_url(self) -> str:
        return f"{self.url}/ocpi/versions"

    @property
    def log(self) -> str:
        return (self.folder / "serve.log").read_text("utf-8")

    def run(self, *arguments: str | Path, stdin: str | None = None, timeout: float = 120) -> Ran:
        return command("-c", self.config, *arguments, stdin=stdin, timeout=timeout)

    def json(self, *arguments: str | Path, stdin: str | None = None) -> Any:
        """The one JSON value of a command that must succeed."""
        ran = self.run(*arguments, "--json", stdin=stdin)
        assert ran.code == 0, f"{arguments}: exit {ran.code}\n{ran.out}\n{ran.err}"
        return ran.json

    def export(self, module: str) -> list[Any]:
        ran = self.run("export", module, "--json")
        assert ran.code == 0, ran.err
        return ran.lines

    def load(self, module: str, objects: Sequence[Any], *flags: str) -> Any:
        """Import objects from memory; the report, refused ones included."""
        ran = self.run("import", module, "-", "--json", *flags, stdin=json.dumps(objects))
        return ran.json

    def serve(self) -> "Served":
        with (self.folder / "serve.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "voltroam", "-c", str(self.config), "serve",
                 "--workers", str(self.workers)],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True,
                env=os.environ | self.environment,
            )  # fmt: skip
        try:
            wait_until(self._healthy, seconds=START_TIME, what=f"/health of {self.url}")
        except AssertionError:
            self.kill()
            raise AssertionError(f"the node did not start:\n{self.log}") from None
        return self

    def _healthy(self) -> bool:
        assert self.process is not None
        if self.process.poll() is not None:
            raise AssertionError
        try:
            with urlopen(f"{self.url}/health", timeout=2) as response:
                return bool(response.status == 200)
        except (HTTPError, URLError, OSError):
            return False

    def stop(self) -> int | None:
        """Ask it to end and wait for it; its exit code."""
        if self.process is None:
            return None
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(90)
        except subprocess.TimeoutExpired:
            self.kill()
            raise
        self.process = None
        return code

    def kill(self) -> None:
        """End it and all its workers at once, as a crash would."""
        if self.process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.process = None

    def call(
        self, path: str, token: str | None = None, *, method: str = "GET", body: Any = None
    ) -> tuple[int, Any]:
        """A bare HTTP call to the node; `token` as it stands in the header after `Token `."""
        headers = {"content-type": "application/json"}
        if token:
            headers["authorization"] = f"Token {token}"
        data = None if body is None else json.dumps(body).encode()
        request = Request(f"{self.url}{path}", data, headers, method=method)
        try:
            with urlopen(request, timeout=30) as response:
                return response.status, json.loads(response.read() or b"null")
        except HTTPError as error:
            with error:
                return error.code, json.loads(error.read() or b"null")


def make_node(
    folder: Path, *parties: str, name: str, database: str | None = None, workers: int = 1
) -> Served:
    """`voltroam init` on a free port."""
    url = f"http://127.0.0.1:{free_port()}"
    flags: list[str] = []
    for party in parties:
        flags += ["--party", party]
    if database:
        flags += ["--db", database]
    ran = command("init", folder, *flags, "--name", name, "--url", url, "--json")
    assert ran.code == 0, ran.err
    return Served(folder, url, parties, workers)


def introduce(inviting: Served, registering: Served) -> Any:
    """Register two running nodes with each other; what the second one's command printed."""
    invitation = inviting.json("partner", "invite", "them")
    return registering.json(
        "partner", "register", invitation["versions_url"], invitation["token"], "--name", "them"
    )
