"""Pages of a list on SQLite: joined documents and totals, nothing decoded."""

import heapq
import sqlite3
from collections.abc import Sequence
from itertools import islice
from typing import Any

from voltroam.store import sqlite_sql as sql
from voltroam.store.interface import Page, PageQuery
from voltroam.store.pages import cut_page, is_dated, is_rare, offset, window

UNION_LIMIT = 50
"""More audiences than this are merged here, not by one statement."""


def counts(connection: sqlite3.Connection, query: PageQuery) -> dict[str, int]:
    """The kept totals of those asked audiences that hold anything."""
    if len(query.audiences) == 1:
        values = (query.kind, query.audiences[0])
        row = connection.execute(sql.COUNT_ONE, values).fetchone()
        return {query.audiences[0]: row[0]} if row else {}
    asked = set(query.audiences)
    rows = connection.execute(sql.COUNTS, (query.kind,)).fetchall()
    return {audience: n for audience, n in rows if audience in asked}


def page(connection: sqlite3.Connection, query: PageQuery, held: dict[str, int]) -> Page:
    """`held` is what `counts` gave."""
    if is_dated(query):
        return _page_of_dates(connection, query, held)
    total = sum(held.values())
    if len(held) == 1:
        values = (query.kind, *held, query.cursor or 0, query.limit + 1, offset(query))
        return cut_page(connection.execute(sql.PAGE_ONE, values).fetchall(), query.limit, total)
    rows = _rows(connection, query, list(held), rare=False)
    return cut_page(rows, query.limit, total)


def _page_of_dates(connection: sqlite3.Connection, query: PageQuery, held: dict[str, int]) -> Page:
    total = 0
    for audience in held:
        values = {**_values(query), "audience": audience}
        total += connection.execute(sql.COUNT_DATES, values).fetchone()[0]
    rare = is_rare(total, sum(held.values()))
    rows = _rows(connection, query, list(held), rare=rare)
    return cut_page(rows, query.limit, total)


def _rows(
    connection: sqlite3.Connection, query: PageQuery, audiences: Sequence[str], *, rare: bool
) -> list[Any]:
    dates = is_dated(query)
    if not audiences:
        return []
    if len(audiences) <= UNION_LIMIT:
        text = sql.page(len(audiences), dates=dates, rare=rare)
        return connection.execute(text, _values(query, audiences)).fetchall()
    text = sql.numbers(1, dates=dates, rare=rare)
    lists = [connection.execute(text, _values(query, [one])) for one in audiences]
    first = offset(query)
    chosen = islice(heapq.merge(*lists), first, first + query.limit + 1)
    return [connection.execute(sql.DOCUMENT, number).fetchone() for number in list(chosen)]


def _values(query: PageQuery, audiences: Sequence[str] = ()) -> dict[str, Any]:
    start, end = window(query)
    return {
        "kind": query.kind,
        "cursor": query.cursor or 0,
        "limit": query.limit + 1,
        "offset": offset(query),
        "from": start,
        "to": end,
        **{f"a{place}": audience for place, audience in enumerate(audiences)},
    }
