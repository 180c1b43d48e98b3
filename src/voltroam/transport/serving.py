"""Run the server in one process, until told to stop.

A stop takes no new connection, finishes what is in flight within `stop_time`, then ends.
"""

import asyncio
import gc
import resource
import signal
import socket
import ssl
import threading
from collections.abc import AsyncIterator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from uvicorn.importer import import_from_string

from voltroam.transport.limits import Limits
from voltroam.transport.protocol import bounded

FILES = 65_536
"""Open files and connections of a process, where the system allows as many."""
STARTUP_FAILURE = 3
"""Exit status of a process whose application did not start."""


@dataclass(frozen=True, slots=True)
class Listen:
    """Where and how to serve. Times in seconds."""

    host: str = "127.0.0.1"
    port: int = 8000
    """0: any free one."""
    workers: int = 1
    certfile: str | None = None
    keyfile: str | None = None
    key_password: str | None = field(default=None, repr=False)
    client_ca: str | None = None
    """PEM of the authorities whose client certificates we accept; None: none are asked for."""
    client_certificate_required: bool = False
    keep_alive: int = 75
    stop_time: int = 30
    """How long a graceful stop may take before what still runs is cancelled."""
    connections: int = 8192
    """Of one process, after which strangers get 503."""
    backlog: int = 2048
    send_time: int = 60
    """How long a client may leave our bytes unread."""


def tls_context(listen: Listen) -> ssl.SSLContext | None:
    """TLS 1.2 or newer; None without a certificate. Raises OSError or ssl.SSLError on bad files."""
    if listen.certfile is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(listen.certfile, listen.keyfile, listen.key_password)
    if listen.client_ca is not None:
        context.load_verify_locations(listen.client_ca)
        required = listen.client_certificate_required
        context.verify_mode = ssl.CERT_REQUIRED if required else ssl.CERT_OPTIONAL
    context.set_alpn_protocols(["http/1.1"])
    return context


def _config(app: Any, listen: Listen, limits: Limits) -> uvicorn.Config:
    tls = tls_context(listen)
    return uvicorn.Config(
        app,
        http=bounded(limits),
        ws="none",
        lifespan="on",
        interface="asgi3",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        backlog=listen.backlog,
        limit_concurrency=listen.connections,
        timeout_keep_alive=listen.keep_alive,
        timeout_graceful_shutdown=listen.stop_time,
        ssl_context_factory=None if tls is None else lambda _config, _default: tls,
    )


class _Server(uvicorn.Server):
    """A stop asked for by a signal is a good end: uvicorn's own would raise the signal again.

    A start that fails is told by `failed`, not by an exit from inside the event loop.
    """

    failed = False

    def __init__(self, config: uvicorn.Config, started_up: Callable[[], None] | None = None):
        super().__init__(config)
        self._started_up = started_up

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        try:
            await super().startup(sockets)
        except SystemExit:
            self.failed = True
            self.should_exit = True
            return
        if self._started_up is not None:
            self._started_up()

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {
            number: signal.signal(number, self.handle_exit)
            for number in (signal.SIGINT, signal.SIGTERM)
        }
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _collect_rarely() -> None:
    """For a process that does nothing but serve: what is loaded stays, and documents hold no cycle.

    Each document read makes as many objects as start a collection, which would find nothing.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def _open_many_files() -> None:
    """Hundreds of partners are thousands of connections, and many systems begin at 1,024."""
    now, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES if most == resource.RLIM_INFINITY else min(FILES, most)
    if now != resource.RLIM_INFINITY and now < wanted:
        with suppress(OSError, ValueError):  # where the system does not let us, its limit stays
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


def bind(host: str, port: int, *, shared: bool, send_time: int = 60) -> socket.socket:
    """A bound socket, not yet listening. `shared`: several processes may bind the same port."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):  # inherited by what it accepts
            bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, send_time * 1000)
        bound.bind((host, port))
    except BaseException:
        bound.close()
        raise
    return bound


@asynccontextmanager
async def running(
    app: Any, listen: Listen | None = None, limits: Limits | None = None
) -> AsyncIterator[str]:
    """Serve in this event loop until the block ends; gives the base URL."""
    listen = listen or Listen(port=0)
    bound = bind(listen.host, listen.port, shared=False, send_time=listen.send_time)
    port = bound.getsockname()[1]
    server = _Server(_config(app, listen, limits or Limits()))
    task = asyncio.create_task(server._serve([bound]))
    try:
        while not server.started:
            if server.failed or task.done():
                raise RuntimeError("the application does not start")
            await asyncio.sleep(0.005)
        yield f"{'https' if listen.certfile else 'http'}://{authority(listen.host, port)}"
    finally:
        server.should_exit = True
        await task
        bound.close()


def authority(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def run(
    factory: str,
    listen: Listen,
    limits: Limits,
    bound: socket.socket,
    watch: Callable[[uvicorn.Server], None] | None = None,
) -> int:
    """Serve on a bound socket until told to stop; 0, or STARTUP_FAILURE."""
    _open_many_files()
    config = _config(import_from_string(factory)(), listen, limits)
    server = _Server(config, _collect_rarely)

    async def main() -> None:
        if watch is not None:
            watch(server)
        await server.serve([bound])

    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        runner.run(main())
    return STARTUP_FAILURE if server.failed else 0
