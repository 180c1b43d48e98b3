"""An event in the words in which webhooks and the event stream tell it.

`{"type", "timestamp", "data": {"kind", "owner", "id", …}}`: an event about an object carries the
object as it stands when it is told, so that nobody acts on what is out of date; one about a record
that has all there is to say tells that.
"""

from collections.abc import Callable, Collection
from decimal import Decimal
from typing import Any

import msgspec

from voltroam.delivery.webhook_records import NOTHING, details_of
from voltroam.roaming.authorizing.log import ASKED
from voltroam.roaming.keys import JOINT
from voltroam.standard.endpoints import Resource, Table
from voltroam.standard.parties import PartyId
from voltroam.store.interface import Event, ObjectKey, ObjectRow, RecordKey, Store
from voltroam.wire.times import format_datetime, from_micros

PING = "webhook.ping"
LOST = "events.lost"
"""Told in place of events that were purged before they could be told."""
_TOLD_BY_RECORD = frozenset({ASKED})
"""Types of events whose key names the record that is told; they have no document of their own."""
_PARTIES = ("operator", "asked_by", "as_party", "contract_party", "party", "owner", "to")
"""Members of an event's own document that name a party."""


_DRIVER = frozenset({"uid", "token_uid", "contract_id", "visual_number", "group_id"})
_PLAIN = msgspec.json.Decoder(float_hook=Decimal)
_ENCODER = msgspec.json.Encoder(decimal_format="number")
Mask = Callable[[str], str]


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

    async def tell(
        self, event: Event, parties: Collection[str] = (), mask: Mask | None = None
    ) -> bytes | None:
        """The body; None if the event concerns none of the parties (`NL/AAA`), if any are given.

        `mask` gives what stands in the place of what identifies a driver.
        """
        kind, _, rest = event.key.partition("/")
        details = details_of(event)
        resource = self._resources.get(kind)
        row: ObjectRow | None = None
        if resource is not None and (key := object_key_of(resource, rest)) is not None:
            row = await self._store.get(key)
            data = _object_data(resource, rest, row)
        else:
            data = {"kind": kind, "id": rest}
            if event.type in _TOLD_BY_RECORD:
                record = await self._store.record(RecordKey(kind, rest))
                details = details if record is None else msgspec.Raw(record.document)
        if parties and not _concerns(row, data, details, parties):
            return None
        if bytes(details) != bytes(NOTHING):
            data["details"] = details
        if mask is not None:
            data = _masked_data(data, resource, mask)
        return message(event.type, event.at, data)


def _masked_data(data: dict[str, Any], resource: Resource | None, mask: Mask) -> dict[str, Any]:
    """No uid in the id, the object or the details."""
    if resource is not None and set(resource.key) & set(resource.secrets):
        secret, *rest = data["id"].rsplit("/", len(resource.key) - 1)
        data = data | {"id": "/".join((mask(secret), *rest))}
    for name in ("object", "details"):
        raw = data.get(name)
        if raw is not None:
            data[name] = _masked(_PLAIN.decode(raw), mask)
    return data


def _masked(value: Any, mask: Mask) -> Any:
    """With each member that identifies a driver replaced, however deep; an EVSE's uid stays."""
    if isinstance(value, list):
        return [_masked(one, mask) for one in value]
    if not isinstance(value, dict):
        return value
    hidden = _DRIVER if "type" in value or "contract_id" in value else _DRIVER - {"uid"}
    return {
        name: mask(one) if name in hidden and isinstance(one, str) else _masked(one, mask)
        for name, one in value.items()
    }


def message(type_: str, at: int, data: dict[str, Any]) -> bytes:
    """`at` in microseconds since 1970 UTC."""
    return _ENCODER.encode(
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
