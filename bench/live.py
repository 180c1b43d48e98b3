"""`python -m bench.live`: how long an authorize takes while 500 sessions a second are updated.

One served node (SQLite), pinned to core 0; a partner that is an operator sends PATCHes of its
sessions at a fixed rate and asks about tokens beside them, from core 1. Prints what was reached.
"""

import argparse
import asyncio
import os
import tempfile
import time
from pathlib import Path

import aiohttp
from bench import node, servers
from bench.documents import OWNER, dumps
from bench.run import free_port

SESSIONS = 1_000
ASKS = 50
"""Authorize requests a second."""


def session(number: int, kwh: float, moment: str) -> bytes:
    country, party = OWNER
    return dumps(
        {
            "country_code": country, "party_id": party, "id": f"S{number}",
            "start_date_time": "2026-06-01T08:00:00Z", "kwh": kwh, "auth_method": "WHITELIST",
            "cdr_token": {
                "country_code": node.US[0], "party_id": node.US[1], "uid": f"TOK{number}",
                "type": "RFID", "contract_id": f"BE-NOD-C{number:07d}",
            },
            "location_id": f"LOC{number}", "evse_uid": "3256", "connector_id": "1",
            "currency": "EUR", "status": "ACTIVE", "last_updated": moment,
        }
    )  # fmt: skip


def moment() -> str:
    now = time.time()
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + f".{int(now % 1 * 1000):03d}Z"


class Load:
    """Requests at a steady rate, whatever the answers take."""

    def __init__(self, http: aiohttp.ClientSession, server: servers.Server) -> None:
        self._http = http
        url, headers = server.target("RECEIVER")
        self._headers = dict(headers)
        self._sessions = f"{url.rsplit('/', 1)[0]}/sessions/{'/'.join(OWNER)}"
        self._tokens = server.target("TOKENS")[0]
        self.took: dict[str, list[float]] = {"session": [], "authorize": []}
        self.failed = 0

    async def put(self, number: int) -> None:
        url = f"{self._sessions}/S{number}"
        await self._send("PUT", url, session(number, 0.0, moment()), None)

    async def patch(self, number: int) -> None:
        body = dumps({"kwh": time.time() % 1000, "last_updated": moment()})
        await self._send("PATCH", f"{self._sessions}/S{number % SESSIONS}", body, "session")

    async def ask(self, number: int) -> None:
        url = f"{self._tokens}/TOK{number % SESSIONS}/authorize"
        await self._send("POST", url, b"", "authorize")

    async def _send(self, method: str, url: str, body: bytes, kind: str | None) -> None:
        began = time.perf_counter()
        async with self._http.request(method, url, data=body, headers=self._headers) as answer:
            good = b'"status_code":1000' in await answer.read()
        self.failed += not good
        if kind is not None:
            self.took[kind].append(time.perf_counter() - began)


async def steadily(each: object, rate: float, seconds: float) -> None:
    began, tasks = time.perf_counter(), set()
    for number in range(int(rate * seconds)):
        pause = began + number / rate - time.perf_counter()
        if pause > 0:
            await asyncio.sleep(pause)
        task = asyncio.create_task(each(number))  # type: ignore[operator]
        tasks.add(task)
        task.add_done_callback(tasks.discard)
    await asyncio.gather(*tasks)


async def measured(server: servers.Server, rate: float, seconds: float) -> Load:
    connector = aiohttp.TCPConnector(limit=200)
    async with aiohttp.ClientSession(connector=connector) as http:
        load = Load(http, server)
        for first in range(0, SESSIONS, 50):
            await asyncio.gather(*(load.put(number) for number in range(first, first + 50)))
        await asyncio.gather(steadily(load.patch, rate, seconds), steadily(load.ask, ASKS, seconds))
        return load


def at(times: list[float], share: float) -> float:
    ordered = sorted(times)
    return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=float, default=500.0, help="session updates a second")
    parser.add_argument("--seconds", type=float, default=20.0)
    options = parser.parse_args()
    os.sched_setaffinity(0, {1} if len(os.sched_getaffinity(0)) > 1 else {0})
    with tempfile.TemporaryDirectory(prefix="voltroam-bench-") as folder:
        port = free_port()
        receivers = node.start_receivers(port, 1, Path(folder))
        made, server = node.prepared(
            Path(folder) / "node", free_port(), port, "voltroam", locations=SESSIONS
        )
        try:
            began = time.perf_counter()
            load = asyncio.run(measured(server, options.rate, options.seconds))
            spent = time.perf_counter() - began
        finally:
            made.stop()
            servers.stop(receivers)
    print(
        f"{len(load.took['session'])} session updates and {len(load.took['authorize'])} authorize"
    )
    print(f"requests in {spent:.1f} s, {load.failed} failed")
    for kind, times in load.took.items():
        print(f"{kind}: p50 {at(times, 0.5):.1f} ms, p99 {at(times, 0.99):.1f} ms")


if __name__ == "__main__":
    main()
