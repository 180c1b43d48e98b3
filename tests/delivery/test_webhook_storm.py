"""A storm of events over real sockets: all of them arrive, in order for each object."""

import asyncio
import time
from collections import Counter, defaultdict

import pytest
from tests.counts import times
from tests.delivery.fakes import TABLE
from tests.delivery.receivers import happen, now, vault

from voltroam.delivery.records import load
from voltroam.delivery.webhook_knobs import WebhookKnobs
from voltroam.delivery.webhook_records import Cursor, cursor_key
from voltroam.delivery.webhooks import Webhooks
from voltroam.store.interface import Store
from voltroam.transport.addresses import Reach
from voltroam.transport.client import GuardedSender
from voltroam.transport.curl_sender import CurlSender
from voltroam.transport.guard import GuardSettings, UrlGuard

EVENTS = times(2_000, full=50_000)
OBJECTS = 500
KNOBS = WebhookKnobs(backoff_first=0.05)


class Counting:
    """A receiver that is as fast as one can be: it reads the id of each message and says 200."""

    def __init__(self) -> None:
        self.numbers: list[int] = []
        self.refused: Counter[int] = Counter()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                lines = dict(
                    line.split(": ", 1) for line in head.decode().lower().splitlines()[1:] if line
                )
                await reader.readexactly(int(lines["content-length"]))
                number = int(lines["webhook-id"].rsplit("_", 1)[1])
                good = number % 97 != 0 or self.refused[number] == 2
                if good:
                    self.numbers.append(number)
                else:
                    self.refused[number] += 1
                status = b"200 OK" if good else b"503 Busy"
                writer.write(b"HTTP/1.1 %s\r\ncontent-length: 0\r\n\r\n" % status)
                await writer.drain()
        except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            pass
        finally:
            writer.close()


@pytest.mark.soak("50,000 events")
async def test_a_storm_is_delivered_with_none_lost(any_store: Store) -> None:
    """Some are refused at first, and the process that delivers is ended in the midst of it."""
    receiver = Counting()
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    guard = UrlGuard(GuardSettings(http=True, reach=Reach(loopback=True)))
    sender = GuardedSender(guard, CurlSender())
    hooks = Webhooks(any_store, vault(), TABLE, sender.send, now=now, knobs=KNOBS)
    made, _ = await hooks.subscriptions.add(f"http://127.0.0.1:{port}/hook")
    began = time.monotonic()
    task = asyncio.create_task(hooks.run())
    for start in range(0, EVENTS, 500):
        await happen(any_store, *(f"k/{n % OBJECTS}" for n in range(start, start + 500)))
        if start == EVENTS // 2 // 500 * 500:
            await _ended(task)
            hooks = Webhooks(any_store, vault(), TABLE, sender.send, now=now, knobs=KNOBS)
            task = asyncio.create_task(hooks.run())
    try:
        async with asyncio.timeout(20 + EVENTS / 100):
            while len(set(receiver.numbers)) < EVENTS:
                await asyncio.sleep(0.05)
            took = time.monotonic() - began
            while await _place(any_store, made.id) < EVENTS:
                await asyncio.sleep(0.05)
    finally:
        await _ended(task)
        await sender.close()
        server.close()
    assert set(receiver.numbers) == set(range(1, EVENTS + 1))
    first: dict[int, list[int]] = defaultdict(list)
    seen: set[int] = set()
    for number in receiver.numbers:
        if number not in seen:
            seen.add(number)
            first[(number - 1) % OBJECTS].append(number)
    assert all(numbers == sorted(numbers) for numbers in first.values())
    assert len(receiver.numbers) - EVENTS < 2 * KNOBS.ahead + 200, (
        "only what was on its way comes twice"
    )
    print(f"{EVENTS / took:.0f} events/s")


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def _place(store: Store, identifier: str) -> int:
    place = await load(store, cursor_key(identifier), Cursor)
    return 0 if place is None else place.sequence
