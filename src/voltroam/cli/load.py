"""Own objects into the database, in order where it matters and side by side where it does not."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from voltroam.node import Node
from voltroam.standard.errors import CallerError, NodeError, Overloaded

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


_PEEK = msgspec.json.Decoder(_Peek)


async def load(
    node: Node,
    module: str,
    documents: Iterable[bytes],
    *,
    strict: bool,
    private: bool = False,
    progress: Callable[[int], None] = lambda done: None,
) -> Report:
    """Write every document through the node's one way in; a refused one stops no other.

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
        write = _write(node, module, index, document, report, strict=strict, private=private)
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
    return str((peek.location_id or peek.id or peek.uid, peek.type)).upper()


async def _write(
    node: Node,
    module: str,
    index: int,
    document: bytes,
    report: Report,
    *,
    strict: bool,
    private: bool,
) -> None:
    while True:
        try:
            if module == STATUS_LINES:
                await node.set_status(document)
            else:
                await node.keep_own(module, document, strict=strict, private=private)
        except Overloaded as full:
            await asyncio.sleep(full.retry_after)
        except NodeError:
            raise
        except CallerError as error:
            report.refused.append({"index": index, "problems": problems(error)})
            return
        else:
            report.accepted += 1
            return


def problems(error: CallerError) -> list[dict[str, str]]:
    """The problems that an error carries, or itself as one."""
    found = getattr(error, "problems", ())
    if found:
        listed: list[dict[str, str]] = msgspec.to_builtins(list(found))
        return listed
    return [{"path": "$", "severity": "fatal", "rule": "accept", "message": error.message}]
