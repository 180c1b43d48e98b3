"""A party as client info describes it, and what we keep beside that (OCPI 2.2.1
§mod_hub_client_info)."""

import msgspec

from voltroam.standard.endpoints import CLIENT_INFO
from voltroam.standard.parties import PartyId, fold
from voltroam.standard.v2_2_1 import ClientInfo, ConnectionStatus, Role
from voltroam.standard.versions import V2_2_1
from voltroam.store.interface import ObjectDraft, ObjectKey, ObjectRow
from voltroam.wire.times import format_datetime, from_micros, to_micros

MILLISECOND = 1_000
UNDATED = MILLISECOND
"""Microseconds since 1970 UTC: before all that a hub tells with a time."""


class Beside(msgspec.Struct, frozen=True, omit_defaults=True):
    """The row's sidecar. `told`, `told_at` (µs): what a hub said, where we say something else."""

    told: ConnectionStatus | None = None
    told_at: int | None = None
    left: bool = False
    """It left us: another hub may bring it back."""


_BESIDE = msgspec.json.Decoder(Beside)


def beside(row: ObjectRow) -> Beside:
    return Beside() if row.sidecar is None else _BESIDE.decode(row.sidecar)


def told(
    party: PartyId,
    role: Role,
    status: ConnectionStatus,
    moment: int,
    *,
    sources: frozenset[str],
    note: Beside,
) -> ObjectDraft:
    """What we say of a party from a moment (µs) on, to the millisecond, as it is written."""
    info = ClientInfo(
        party_id=party.party_id,
        country_code=party.country_code,
        role=role,
        status=status,
        last_updated=from_micros(moment - moment % MILLISECOND),
    )
    members = msgspec.structs.asdict(info) | {"last_updated": format_datetime(info.last_updated)}
    key = ObjectKey(CLIENT_INFO.kind, party.folded, fold(role.value))
    return ObjectDraft(
        key, V2_2_1.number, msgspec.json.encode(members), to_micros(info.last_updated), key.owner,
        sources, sidecar=sidecar(note),
    )  # fmt: skip


def is_undated(row: ObjectRow, *, by_hub: bool) -> bool:
    """Whether no hubclientinfo told of it yet. A hub tells it on with a time of its own, and keeps
    beside it that it was told none."""
    dated = beside(row).told_at if by_hub else row.last_updated
    return dated == UNDATED


def untold(row: ObjectRow, hub: str, *, by_hub: bool) -> ObjectDraft:
    """The row without that hub's word. `by_hub`: we are one, which tells it on."""
    sources = row.sources - {hub}
    gone = by_hub and not sources
    return ObjectDraft(
        row.key, row.version, row.document, row.last_updated, row.audience, sources, row.notes,
        sidecar(Beside(left=True)) if gone else row.sidecar, quiet=True,
    )  # fmt: skip


def sidecar(note: Beside) -> bytes | None:
    return None if note == Beside() else msgspec.json.encode(note)
