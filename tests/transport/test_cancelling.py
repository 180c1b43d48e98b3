"""A cancellation is never lost, for deadlines are made of them."""

import asyncio
import contextlib

from tests.transport.conftest import Library, guarded, ok, raw_server, read_head

from voltroam.wire.call import Request


async def test_a_task_that_is_cancelled_between_request_and_answer_ends(library: Library) -> None:
    """At each moment of an exchange, for each of many that follow on each other."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                await read_head(reader)
                writer.write(ok(b"{}"))

    async with raw_server(talk) as port, guarded(library) as sender:

        async def asking() -> None:
            while True:
                await sender.send(Request("GET", f"http://127.0.0.1:{port}/"), timeout=5)

        for _ in range(10):
            tasks = [asyncio.create_task(asking()) for _ in range(16)]
            await asyncio.sleep(0.03)
            for task in tasks:
                task.cancel()
            done, lost = await asyncio.wait(tasks, timeout=5)
            for task in lost:
                task.cancel()
            assert not lost
            assert all(task.cancelled() for task in done)
