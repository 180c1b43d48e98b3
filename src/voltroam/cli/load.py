"""Own objects into the database, in order where it matters and side by side where it does not."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import msgspec

from voltroam.holdings import Holdings, Refusal
from voltroam.standard.errors import Overloaded
from voltroam.standard.versions import Version

SIDE_BY_SIDE = 256
"""Writes that wait for one commit together."""
STATUS_LINES = "evse-status"


@dataclass(slots=True)
class Report:
    accepted: int = 0
    refused: list[dict[str, Any]] = field(default_factory=list)

    def plain(self) -> dict[str, Any]:
        self.refused.sort(key=lambda refusal: int(refusal["index"]))
        return {"accepted": self.accepted, "refused": self.refused}


class _Peek(msgspec.Struct):
    """What tells two objects of one file apart; a wrong type there is found by the real reading."""

    id: Any = None
    uid: Any = None
    type: Any = None
    location_id: Any = None
    evse_uid: Any = None


_PEEK = msgspec.json.Decoder(_Peek)


async def load(
    holdings: Holdings,
    module: str,
    documents: Iterable[bytes],
    *,
    strict: bool,
    private: bool = False,
    version: Version | None = None,
    progress: Callable[[int], None] = lambda done: None,
) -> Report:
    """Write every document through the one way in; a refused one stops no other.

    `progress` gets the number of documents done. Raises NodeError when the database fails.
    """
    report = Report()
    waiting: dict[Any, asyncio.Task[None]] = {}
    for index, document in enumerate(documents):
        key = _key(document)
        earlier = waiting.pop(key, None)
        if earlier is not None:
            await earlier
        elif len(waiting) >= SIDE_BY_SIDE:
            await _some(waiting)
        keep = partial(holdings.keep, strict=strict, private=private, version=version)
        write = _write(holdings, module, index, document, report, keep)
        waiting[key] = asyncio.create_task(write)
        progress(index + 1)
    await asyncio.gather(*waiting.values())
    return report


async def _some(waiting: dict[Any, asyncio.Task[None]]) -> None:
    """Until at least one write is done; what failed is raised here."""
    await asyncio.wait(waiting.values(), return_when=asyncio.FIRST_COMPLETED)
    for key in [key for key, task in waiting.items() if task.done()]:
        waiting.pop(key).result()


def _key(document: bytes) -> Any:
    """Equal for documents that may touch the same object."""
    try:
        peek = _PEEK.decode(document)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return str((peek.location_id, peek.evse_uid, peek.id, peek.uid, peek.type)).upper()


async def _write(
    holdings: Holdings,
    module: str,
    index: int,
    document: bytes,
    report: Report,
    keep: Callable[[str, bytes], Awaitable[None]],
) -> None:
    while True:
        try:
            if module == STATUS_LINES:
                await holdings.keep_status(document)
            else:
                await keep(module, document)
        except Overloaded as full:
            await asyncio.sleep(full.retry_after)
        except Refusal as refusal:
            report.refused.append({"index": index, "problems": refusal.problems})
            return
        else:
            report.accepted += 1
            return
