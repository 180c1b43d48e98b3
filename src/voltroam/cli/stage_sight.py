"""What is seen of the demo's play: counts, pushes, and how long a change is on its way."""

import asyncio
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

import msgspec

from voltroam.node import Node
from voltroam.standard.parties import PartyId
from voltroam.store.interface import ObjectKey

MODULES = ("tariffs", "locations", "tokens", "sessions", "cdrs")
WATCHED_AT_MOST = 20.0
"""Seconds after which a change that the other side does not show was overtaken by a newer one."""


@dataclass(slots=True)
class Play:
    """What is seen of the play so far."""

    urls: dict[str, str] = field(default_factory=dict)
    curl: str = ""
    tries: list[str] = field(default_factory=list)
    """Command lines for the eMSP's side, while the demo runs."""
    objects: dict[str, dict[str, int]] = field(default_factory=dict)
    changes: int = 0
    pushes: int = 0
    errors: int = 0
    commands: dict[str, int] = field(default_factory=lambda: {"sent": 0, "accepted": 0})
    """Charges that drivers started in the eMSP's app."""
    deals: dict[str, dict[str, int]] = field(default_factory=dict)
    """In 2.3.0: bookings, payments, confirmations and invoices by state, as the eMSP has them."""
    declined: list[str] = field(default_factory=list)
    """Why the last of those that came to nothing did."""
    lags: deque[float] = field(default_factory=lambda: deque(maxlen=200))
    """Seconds from a committed change until the other side holds it."""
    refused: list[str] = field(default_factory=list)
    started: float = field(default_factory=time.monotonic)
    rates: deque[tuple[float, int]] = field(default_factory=lambda: deque(maxlen=10))

    @property
    def rate(self) -> float:
        """Pushes per second over the last moments."""
        if len(self.rates) < 2:
            return 0.0
        (before, few), (now, many) = self.rates[0], self.rates[-1]
        return (many - few) / max(now - before, 0.001)

    @property
    def lag(self) -> float | None:
        return sorted(self.lags)[len(self.lags) // 2] if self.lags else None

    def summary(self, equal: bool) -> dict[str, Any]:
        took = time.monotonic() - self.started
        return {
            "equal": equal,
            "seconds": round(took, 1),
            "objects": self.objects,
            "changes": self.changes,
            "pushes": self.pushes,
            "pushes_per_second": round(self.pushes / took, 1),
            "lag_seconds": None if self.lag is None else round(self.lag, 3),
            "commands": self.commands,
            **self.deals,
            **({"declined": self.declined} if self.deals else {}),
            "errors": self.errors,
            "refused": self.refused[:5],
            "urls": self.urls,
            "curl": self.curl,
            "try": self.tries,
        }


async def look(seen: Play, cpo: Node, emsp: Node) -> None:
    """Count what both sides hold and what went between them."""
    for module in MODULES:
        seen.objects[module] = {
            "cpo": await count(cpo, module),
            "emsp": await count(emsp, module),
        }
    received = seen.objects["tokens"]["cpo"]
    seen.changes = await cpo.store.head() - received + seen.objects["tokens"]["emsp"]
    counts = [await _pushes(node) for node in (cpo, emsp)]
    seen.pushes = sum(good for good, _ in counts)
    seen.errors = sum(bad for _, bad in counts) + len(seen.refused)
    seen.rates.append((time.monotonic(), seen.pushes))


async def watch_one(seen: Play, cpo: Node, emsp: Node, owner: PartyId) -> None:
    """Watch the newest session until the other side holds it as it is, or something newer."""
    head = await cpo.store.head()
    newest = None
    for row in await cpo.store.feed(max(head - 50, 0), 50):
        if row.key.kind == "sessions" and row.key.owner == owner.folded:
            newest = row
    if newest is None:
        await asyncio.sleep(0.2)
        return
    deadline = time.monotonic() + WATCHED_AT_MOST
    while time.monotonic() < deadline:
        held = await emsp.store.get(newest.key)
        if held is not None and held.last_updated >= newest.last_updated:
            seen.lags.append(max(held.stored_at - newest.stored_at, 0) / 1e6)
            return
        await asyncio.sleep(0.02)


async def count(node: Node, module: str) -> int:
    return len([1 async for _ in node.store.scan(module)])


async def equal(cpo: Node, emsp: Node) -> bool:
    """Whether both sides hold the same documents."""
    for module in MODULES:
        if await documents(cpo, module) != await documents(emsp, module):
            return False
    return True


async def documents(node: Node, module: str) -> dict[ObjectKey, Any]:
    """All that a node holds of a module, decoded."""
    return {row.key: msgspec.json.decode(row.document) async for row in node.store.scan(module)}


async def _http(host: str, port: int, path: str) -> tuple[int, bytes]:
    """A bare GET on loopback: the demo looks from outside, as an operator's monitor would."""
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        head, _, body = (await reader.read(-1)).partition(b"\r\n\r\n")
        return int(head.split(b" ", 2)[1]), body
    finally:
        writer.close()


async def healthy(host: str, port: int) -> bool:
    try:
        status, _ = await _http(host, port, "/health")
    except (OSError, ValueError, IndexError):
        return False
    return status == 200


async def _pushes(node: Node) -> tuple[int, int]:
    """Writes that a node answered with 1000, and those that it did not, from its /metrics."""
    try:
        _, page = await _http(*node.holdings.settings.address, "/metrics")
    except (OSError, ValueError, IndexError):
        return 0, 0
    good = bad = 0
    for line in page.decode().splitlines():
        name, _, rest = line.partition("{")
        if name != "voltroam_requests_total" or 'interface="RECEIVER"' not in rest:
            continue
        if 'method="GET"' in rest:
            continue
        number = int(float(rest.rsplit(" ", 1)[1]))
        if 'code="1000"' in rest:
            good += number
        else:
            bad += number
    return good, bad
