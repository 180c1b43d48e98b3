"""Real processes: several workers on one port, deaths, and graceful stops."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from voltroam.transport.serving import Listen

ROOT = Path(__file__).parents[2]
RUN = (
    "import sys, msgspec;"
    "from voltroam.transport.workers import serve;"
    "from voltroam.transport.serving import Listen;"
    "listen = msgspec.json.decode(sys.argv[1], type=Listen);"
    "sys.exit(serve('tests.transport.worker_app:make', listen))"
)


class Started:
    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self.process = process
        self.port = port

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(20)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def started(workers: int, **env: str) -> Iterator[Started]:
    listen = Listen(port=free_port(), workers=workers, stop_time=5)
    process = subprocess.Popen(
        [sys.executable, "-c", RUN, msgspec.json.encode(listen).decode()],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        yield Started(process, listen.port)
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(20)
        if process.stdout is not None:
            process.stdout.close()


async def ask(port: int, query: str = "") -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    path = f"/ocpi/2.2.1/sender/locations{query}"
    writer.write(f"GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n".encode())
    try:
        return await reader.read()
    finally:
        writer.close()


async def pid(port: int, query: str = "") -> int:
    answer = await ask(port, query)
    return int(json.loads(answer.partition(b"\r\n\r\n")[2])["data"])


async def pids(port: int, count: int) -> set[int]:
    """Ask until so many different processes have answered."""
    found: set[int] = set()
    async with asyncio.timeout(60):
        while len(found) < count:
            try:
                found.add(await pid(port))
            except (OSError, ValueError):
                await asyncio.sleep(0.05)
    return found


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_stops_all_after_what_is_in_flight(workers: int, number: int) -> None:
    with started(workers) as node:
        await pids(node.port, workers)
        flying = [asyncio.create_task(pid(node.port, "?date_from=0.7")) for _ in range(4)]
        await asyncio.sleep(0.3)
        status = await asyncio.to_thread(node.stop, number)
        assert status == 0
        assert all(await asyncio.gather(*flying))
        with pytest.raises(OSError):
            await ask(node.port)


async def test_a_worker_that_dies_is_replaced() -> None:
    with started(2) as node:
        before = await pids(node.port, 2)
        os.kill(min(before), signal.SIGKILL)
        async with asyncio.timeout(60):
            while True:
                after = await pids(node.port, 2)
                if after - before:
                    break
        assert await asyncio.to_thread(node.stop) == 0


async def test_workers_do_not_outlive_a_killed_parent() -> None:
    with started(2) as node:
        workers = await pids(node.port, 2)
        node.process.kill()
        node.process.wait()
        async with asyncio.timeout(60):
            while any(Path(f"/proc/{worker}/cmdline").exists() for worker in workers):
                await asyncio.sleep(0.05)


async def test_metrics_are_those_of_all_workers() -> None:
    with started(2) as node:
        await pids(node.port, 2)
        for _ in range(20):
            await ask(node.port)
        pages = set()
        for _ in range(6):
            reader, writer = await asyncio.open_connection("127.0.0.1", node.port)
            writer.write(b"GET /metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
            page = await reader.read()
            writer.close()
            pages.add(
                next(
                    line
                    for line in page.split(b"\n")
                    if line.startswith(b"voltroam_requests_total{")
                )
            )
    assert len(pages) == 1
    assert float(pages.pop().rpartition(b" ")[2]) >= 22


@pytest.mark.parametrize("workers", [1, 2])
async def test_an_application_that_cannot_start_ends_the_program(workers: int) -> None:
    with started(workers, WORKER_APP_BROKEN="1") as node:
        assert await asyncio.to_thread(node.process.wait, 20) == 3


async def test_a_port_in_use_is_an_error_and_not_shared() -> None:
    with started(2) as first:
        await pids(first.port, 2)
        listen = Listen(port=first.port, workers=2)
        began = time.monotonic()
        second = await asyncio.create_subprocess_exec(
            sys.executable, "-c", RUN, msgspec.json.encode(listen).decode(),
            cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)},
            stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        _, errors = await second.communicate()
        assert second.returncode == 1
        assert b"Address already in use" in errors
        assert time.monotonic() - began < 20
        assert len(await pids(first.port, 2)) == 2


async def test_logs_of_requests_hold_no_paths() -> None:
    """Paths hold token uids: no access log."""
    with started(1) as node:
        await pids(node.port, 1)
        await ask(node.port, "?offset=31337")
        await asyncio.to_thread(node.stop)
        assert node.process.stdout is not None
        assert b"31337" not in node.process.stdout.read()
