"""What both back ends do alike about a page."""

from collections.abc import Sequence

from voltroam.store.interface import Page, PageQuery
from voltroam.store.rows import Row

EARLIEST, LATEST = -(2**63), 2**63 - 1
_WALKED = 300
"""A walk passes about 50 rows times held/matches, each six times as dear as an entry by date."""


def is_rare(matches: int, held: int) -> bool:
    """Whether collecting all matches by date costs less than walking the list until a page is full.

    Following a cursor, walks add up to one pass over the list, so they win unless few match.
    """
    return matches * matches < held * _WALKED


def is_dated(query: PageQuery) -> bool:
    return query.date_from is not None or query.date_to is not None


def window(query: PageQuery) -> tuple[int, int]:
    """From (inclusive) and to (exclusive) on last_updated."""
    return (
        EARLIEST if query.date_from is None else query.date_from,
        LATEST if query.date_to is None else query.date_to,
    )


def offset(query: PageQuery) -> int:
    return 0 if query.cursor is not None else query.offset


def cut_page(rows: Sequence[Row], limit: int, total: int) -> Page:
    """From rows of created, version, document, sidecar: one more than `limit` tells of more."""
    more = len(rows) > limit
    rows = rows[:limit]
    return Page(
        [row[2] for row in rows],
        total,
        rows[-1][0] if more and rows else None,
        tuple([row[1] for row in rows]),
        tuple([row[3] for row in rows]),
    )
