"""The events of a running node as lines: read from its database, in order, none left out."""

import time
from collections.abc import AsyncIterator
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

import msgspec
import typer

from voltroam.cli.operating import node_url
from voltroam.cli.outcome import Exit, Stop, write_now
from voltroam.cli.run import settings_of, with_opened
from voltroam.delivery.telling import Telling
from voltroam.holdings import Holdings
from voltroam.standard.parties import fold
from voltroam.store.interface import ObjectKey

PIECE = 200
PAUSE = 1.0
"""Seconds after which the database is looked at although nothing woke us."""
OVER = ("COMPLETED", "INVALID")


def show(
    context: typer.Context,
    session: str | None,
    partner: str | None,
    seconds: float | None,
    *,
    json: bool,
) -> None:
    """Until the session's CDR is there, time is up, or Ctrl-C."""

    async def work(holdings: Holdings) -> bool:
        if not _serves(node_url(holdings.settings)):
            raise Stop(
                f"The node does not answer at {node_url(holdings.settings)}: is `voltroam serve`"
                " running?",
                Exit.UNREACHABLE,
            )
        parties = await _parties(holdings, partner)
        told = _told(holdings, parties, seconds)
        if session is None:
            async for event in told:
                _line(event, json)
            return True
        return await _follow(holdings, session, told, json)

    settings_of(context)
    if not with_opened(context, Holdings.open, work, as_json=json):
        raise typer.Exit(int(Exit.FAILED))


async def _parties(holdings: Holdings, partner: str | None) -> tuple[str, ...]:
    if partner is None:
        return ()
    platform = await holdings.partner(partner)
    return tuple(party.folded for party in platform.parties())


async def _told(
    holdings: Holdings, parties: tuple[str, ...], seconds: float | None
) -> AsyncIterator[dict[str, Any]]:
    """What is told of each event from now on."""
    store = holdings.store
    telling = Telling(store, holdings.table)
    after, head = await store.newest_event(), await store.head()
    deadline = None if seconds is None else time.monotonic() + seconds
    while deadline is None or time.monotonic() < deadline:
        events = await store.events(after, PIECE)
        for event in events:
            body = await telling.tell(event, parties)
            if body is not None:
                yield msgspec.json.decode(body)
        if events:
            after = events[-1].sequence
            continue
        yield {}
        left = PAUSE if deadline is None else min(PAUSE, deadline - time.monotonic())
        head = await store.wait_for_change(head, max(left, 0.0))


async def _follow(
    holdings: Holdings, session: str, told: AsyncIterator[dict[str, Any]], json: bool
) -> bool:
    """One session until its CDR; what is known of it already comes first."""
    known = await _held(holdings, session)
    if known is not None:
        _line({"type": "sessions.changed", "data": {"kind": "sessions", "object": known}}, json)
    over = known is not None and known.get("status") == "INVALID"
    if over or (known is not None and await _billed(holdings, session, json)):
        return True
    async for event in told:
        document = event.get("data", {}).get("object") or {}
        kind = event.get("data", {}).get("kind")
        if kind == "sessions" and fold(str(document.get("id", ""))) == fold(session):
            _line(event, json)
            if document.get("status") == "INVALID":
                return True
        if kind == "cdrs" and fold(str(document.get("session_id", ""))) == fold(session):
            _line(event, json)
            return True
    return False


async def _held(holdings: Holdings, session: str) -> dict[str, Any] | None:
    for platform in await holdings.partners():
        for party in platform.parties():
            found = await _object(holdings, ObjectKey("sessions", party.folded, fold(session)))
            if found is not None:
                return found
    for party in holdings.identity.parties():
        found = await _object(holdings, ObjectKey("sessions", party.folded, fold(session)))
        if found is not None:
            return found
    return None


async def _object(holdings: Holdings, key: ObjectKey) -> dict[str, Any] | None:
    row = await holdings.store.get(key)
    if row is None or row.deleted:
        return None
    found: dict[str, Any] = msgspec.json.decode(row.document)
    return found


async def _billed(holdings: Holdings, session: str, json: bool) -> bool:
    """Whether the CDR is there already; it is shown then."""
    async for row in holdings.store.scan("cdrs"):
        document = msgspec.json.decode(row.document)
        if fold(str(document.get("session_id", ""))) == fold(session):
            data = {"kind": "cdrs", "object": document}
            _line({"type": "cdrs.changed", "data": data}, json)
            return True
    return False


def _line(event: dict[str, Any], json: bool) -> None:
    if not event:
        return
    if json:
        write_now(msgspec.json.encode(event).decode())
        return
    data = event.get("data", {})
    at = str(event.get("timestamp", ""))[11:19]
    write_now(f"{at:8} {event['type']:18} {_words(data)}".rstrip())


def _words(data: dict[str, Any]) -> str:
    document = data.get("object") or {}
    match data.get("kind"):
        case "sessions":
            return (
                f"{document.get('id')} {document.get('status')} {document.get('kwh')} kWh"
                f" {_price(document)} at {document.get('evse_uid')}"
            )
        case "cdrs":
            signed = ", signed" if document.get("signed_data") else ""
            return (
                f"{document.get('id')} of {document.get('session_id')}:"
                f" {document.get('total_energy')} kWh {_price(document)}{signed}"
            )
        case kind:
            return f"{kind or ''} {data.get('id', '')}".strip()


def _price(document: dict[str, Any]) -> str:
    total = document.get("total_cost") or {}
    return f"{total.get('excl_vat', '-')} {document.get('currency', '')}".strip()


def _serves(url: str) -> bool:
    parts = urlsplit(url)
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = kind(parts.netloc, timeout=5)
    try:
        connection.request("GET", f"{parts.path}/health")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
