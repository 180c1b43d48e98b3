"""Serve on one port with N processes: a parent keeps them alive.

Workers build their own application from an import string, so nothing but options crosses the
process border. A worker stops when told (SIGTERM, SIGINT) or when its parent is gone.
"""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from types import FrameType

import msgspec
import structlog
import uvicorn
from prometheus_client.multiprocess import mark_process_dead

from voltroam.transport.limits import Limits
from voltroam.transport.serving import STARTUP_FAILURE, Listen, authority, bind, run

log = structlog.get_logger("voltroam.transport.workers")

BIND_TIME = 5.0
"""Seconds to wait for the port, as workers of a killed parent need a moment to leave it."""
STEADY = 10.0
"""Seconds after which the death of a worker is an accident, not a habit."""
LONGEST_PAUSE = 30.0


def serve(factory: str, listen: Listen, limits: Limits | None = None) -> int:
    """Serve until a signal says stop; the exit status. `factory` is `module:callable`.

    The callable takes nothing, reads its settings from the environment and gives an ASGI
    application. Raises OSError when the port is taken.
    """
    limits = limits or Limits()
    if listen.workers > 1:
        return _Parent(factory, listen, limits).keep()
    bound = bind(listen.host, listen.port, shared=False, send_time=listen.send_time)
    log.info("serving", address=authority(listen.host, bound.getsockname()[1]), workers=1)
    return run(factory, listen, limits, bound)


def _reserve(listen: Listen) -> socket.socket:
    """Hold the port for all workers. It never listens, so it gets no connection.

    A stranger's listening socket would share the port unseen, hence the first, unshared bind.
    """
    deadline = time.monotonic() + BIND_TIME
    while True:
        try:
            with bind(listen.host, listen.port, shared=False) as probe:
                port = probe.getsockname()[1]
            return bind(listen.host, port, shared=True)
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


class _Order(msgspec.Struct):
    """What a worker is told, as one JSON line on its standard input."""

    factory: str
    listen: Listen
    limits: Limits


def work() -> int:
    """The life of a worker. The end of its standard input means that the parent is gone."""
    order = msgspec.json.decode(sys.stdin.buffer.readline(), type=_Order)
    listen = order.listen

    def watch(server: uvicorn.Server) -> None:
        loop = asyncio.get_running_loop()

        def parent_gone() -> None:
            loop.remove_reader(sys.stdin)
            server.should_exit = True

        loop.add_reader(sys.stdin, parent_gone)

    bound = bind(listen.host, listen.port, shared=True, send_time=listen.send_time)
    return run(order.factory, listen, order.limits, bound, watch)


@dataclass(slots=True)
class _Worker:
    """One of the N places, and the process that fills it."""

    process: subprocess.Popen[bytes]
    started: float
    first: bool = True
    """The parent began with it: if such a one cannot start, none can."""
    pause: float = 0.0
    restart: float | None = None
    """When the place is filled again after a death."""


class _Parent:
    """Replaces workers that die, later and later while they keep dying young."""

    def __init__(self, factory: str, listen: Listen, limits: Limits) -> None:
        self._reserved = _reserve(listen)
        listen = replace(listen, port=self._reserved.getsockname()[1])
        self._address = authority(listen.host, listen.port)
        self._count = listen.workers
        self._stop_time = listen.stop_time
        self._order = msgspec.json.encode(_Order(factory, listen, limits)) + b"\n"
        self._stop = threading.Event()

    def keep(self) -> int:
        """Until a signal says stop. 0, or STARTUP_FAILURE when the application does not start."""
        signals = (signal.SIGINT, signal.SIGTERM)
        before = {number: signal.signal(number, self._told) for number in signals}
        try:
            with tempfile.TemporaryDirectory(prefix="voltroam-metrics-") as metrics:
                log.info("serving", address=self._address, workers=self._count)
                return self._keep(metrics)
        finally:
            self._reserved.close()
            for number, handler in before.items():
                signal.signal(number, handler)

    def _told(self, _number: int, _frame: FrameType | None) -> None:
        self._stop.set()

    def _keep(self, metrics: str) -> int:
        workers = [_Worker(self._start(metrics), time.monotonic()) for _ in range(self._count)]
        try:
            while not self._stop.wait(0.1):
                for worker in workers:
                    if worker.restart is not None:
                        self._refill(worker, metrics)
                        continue
                    status = worker.process.poll()
                    if status == STARTUP_FAILURE and worker.first:
                        log.error("the application does not start")
                        return status
                    if status is not None:
                        _bury(worker, status, metrics)
            return 0
        finally:
            _end(workers, self._stop_time)

    def _refill(self, worker: _Worker, metrics: str) -> None:
        if worker.restart is None or time.monotonic() < worker.restart:
            return
        worker.process, worker.started = self._start(metrics), time.monotonic()
        worker.first, worker.restart = False, None

    def _start(self, metrics: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-c", "from voltroam.transport.workers import work; exit(work())"],
            stdin=subprocess.PIPE,
            env=os.environ | {"PROMETHEUS_MULTIPROC_DIR": metrics},
        )
        if process.stdin is not None:
            with suppress(BrokenPipeError):  # it died at once; the loop finds it
                process.stdin.write(self._order)
                process.stdin.flush()
        return process


def _bury(worker: _Worker, status: int, metrics: str) -> None:
    """Note a death; its figures of the moment count no more.

    The place is filled again, later and later while its workers die young.
    """
    now = time.monotonic()
    log.error("a worker died", pid=worker.process.pid, status=status)
    mark_process_dead(worker.process.pid, metrics)  # type: ignore[no-untyped-call]  # as in metrics
    if worker.process.stdin is not None:
        worker.process.stdin.close()
    young = now - worker.started < STEADY
    worker.pause = min(LONGEST_PAUSE, worker.pause * 2 or 0.1) if young else 0.0
    worker.restart = now + worker.pause


def _end(workers: list[_Worker], stop_time: float) -> None:
    """Ask all to stop, wait for what is in flight, then use force."""
    for worker in workers:
        worker.process.terminate()
    deadline = time.monotonic() + stop_time + 5.0
    for worker in workers:
        try:
            worker.process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            log.error("a worker did not stop in time", pid=worker.process.pid)
            worker.process.kill()
            worker.process.wait()
        if worker.process.stdin is not None:
            worker.process.stdin.close()
