"""Lists that are read from where the cursor says: a page costs the same in a long history."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, TypeVar

from voltroam.operator.asked import Asked
from voltroam.operator.cursors import read_cursor, read_number, write_cursor, write_number
from voltroam.operator.operation import Page
from voltroam.store.interface import ObjectRow

E = TypeVar("E")
F = TypeVar("F")
LOOKED_AT = 5_000
"""Rows that one request reads at most, whoever asks."""
PIECES = 20
"""Pieces of records that one request reads at most."""


async def created_page(
    asked: Asked,
    epoch: str,
    rows: Callable[[int], AsyncIterator[ObjectRow]],
    shown: Callable[[ObjectRow], Awaitable[F | None]],
) -> Page[F]:
    """Objects in the order of their creation; `shown` gives None for what the key does not see."""
    query: Any = asked.query
    place = read_number(query.cursor, epoch)
    items: list[F] = []
    seen = 0
    async for row in rows(place):
        if len(items) == query.limit or seen == LOOKED_AT:
            return Page(items=items, next=write_number(epoch, place))
        place, seen = row.created, seen + 1
        item = await shown(row)
        if item is not None:
            items.append(item)
    return Page(items=items)


async def named_page(
    asked: Asked,
    found: Callable[[str, int], Awaitable[Sequence[tuple[str, E]]]],
    shown: Callable[[E], F | None],
) -> Page[F]:
    """Records by name, from the one in the cursor on."""
    query: Any = asked.query
    after = read_cursor(query.cursor)
    items: list[F] = []
    for _ in range(PIECES):
        piece = await found(after, query.limit)
        for at, (name, one) in enumerate(piece):
            after = name
            item = shown(one)
            if item is not None:
                items.append(item)
            if len(items) == query.limit and at + 1 < len(piece):
                return Page(items=items, next=write_cursor(after))
        if len(piece) < query.limit:
            return Page(items=items)
        if len(items) == query.limit:
            break
    return Page(items=items, next=write_cursor(after))
