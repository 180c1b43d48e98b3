"""An event in the words in which webhooks and the event stream tell it.

`{"type", "timestamp", "data": {"kind", "owner", "id", …}}`: an event about an object carries the
object as it stands when it is told, so that nobody acts on what is out of date.
"""

from collections.abc import Collection
from typing import Any

import msgspec

from voltroam.delivery.webhook_records import NOTHING, details_of
from voltroam.roaming.keys import JOINT
from voltroam.standard.endpoints import Resource, Table
from voltroam.standard.parties import PartyId
from voltroam.store.interface import Event, ObjectKey, ObjectRow, Store
from voltroam.wire.times import format_datetime, from_micros

PING = "webhook.ping"
LOST = "events.lost"
"""Told in place of events that were purged before they could be told."""
_PARTIES = ("operator", "asked_by", "as_party", "contract_party", "party", "owner", "to")
"""Members of an event's own document that name a party."""


class _Token(msgspec.Struct, frozen=True):
    country_code: str = ""
    party_id: str = ""


class _Session(msgspec.Struct, frozen=True):
    """The contract party of a session or CDR."""

    cdr_token: _Token = _Token()


_CONTRACT = msgspec.json.Decoder(_Session)


class Telling:
    """Makes the body of a webhook or of a stream's message."""

    def __init__(self, store: Store, table: Table) -> None:
        self._store = store
        self._resources = table.resources

    async def tell(self, event: Event, parties: Collection[str] = ()) -> bytes | None:
        """The body; None if the event concerns none of the parties (`NL/AAA`), if any are given."""
        kind, _, rest = event.key.partition("/")
        details = details_of(event)
        resource = self._resources.get(kind)
        row: ObjectRow | None = None
        if resource is not None and (key := object_key_of(resource, rest)) is not None:
            row = await self._store.get(key)
            data = _object_data(resource, rest, row)
        else:
            data = {"kind": kind, "id": rest}
        if parties and not _concerns(row, data, details, parties):
            return None
        if bytes(details) != bytes(NOTHING):
            data["details"] = details
        return message(event.type, event.at, data)


def message(type_: str, at: int, data: dict[str, Any]) -> bytes:
    """`at` in microseconds since 1970 UTC."""
    return msgspec.json.encode(
        {"type": type_, "timestamp": format_datetime(from_micros(at)), "data": data}
    )


def object_key_of(resource: Resource, rest: str) -> ObjectKey | None:
    """`NL/AAA/ID` or `NL/AAA/UID/RFID`, as events spell keys; an id may hold slashes itself."""
    pieces = rest.split("/", 2)
    if len(pieces) != 3:
        return None
    ids = pieces[2].rsplit("/", len(resource.key) - 1)
    return ObjectKey(resource.kind, f"{pieces[0]}/{pieces[1]}", JOINT.join(ids))


def _object_data(resource: Resource, rest: str, row: ObjectRow | None) -> dict[str, Any]:
    country, party, identifier = rest.split("/", 2)
    data: dict[str, Any] = {
        "kind": resource.kind,
        "owner": f"{country}/{party}",
        "id": identifier,
    }
    if row is None or row.deleted:
        return data | {"deleted": True, "object": None}
    return data | {
        "version": row.version,
        "revision": row.revision,
        "object": msgspec.Raw(row.document),
    }


def _concerns(
    row: ObjectRow | None, data: dict[str, Any], details: msgspec.Raw, parties: Collection[str]
) -> bool:
    if data.get("owner") in parties:
        return True
    if row is not None and _contract_party(row) in parties:
        return True
    named = msgspec.json.decode(details)
    if not isinstance(named, dict):
        return False
    return any(_party(named.get(member)) in parties for member in _PARTIES)


def _contract_party(row: ObjectRow) -> str:
    """Of a session or CDR; empty for all else."""
    try:
        token = _CONTRACT.decode(row.document).cdr_token
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""
    return PartyId(token.country_code, token.party_id).folded


def _party(value: object) -> str:
    """A party as records spell it: a text, a pair, or an object."""
    if isinstance(value, str):
        return value.upper()
    if isinstance(value, dict):
        value = [value.get("country_code"), value.get("party_id")]
    if isinstance(value, list) and len(value) == 2:
        return PartyId(str(value[0]), str(value[1])).folded
    return ""
