"""Where one object stands with each partner, from the records: any process may ask."""

from dataclasses import dataclass

from voltroam.delivery.ports import Platforms
from voltroam.delivery.records import (
    CdrEntry,
    Fill,
    LaneNote,
    Parked,
    classes_in,
    lane_key,
    ledger_key,
    load,
    parked_key,
)
from voltroam.roaming.audience import includes
from voltroam.roaming.platforms import Identity, Platform
from voltroam.standard.endpoints import Resource, Table
from voltroam.store.interface import HELD, ObjectRow, Store

NOT_SHOWN = "not shown"
"""The partner is not among those that may see it, or does not take such objects."""
DELIVERED = "delivered"
WAITING = "waiting"
PARKED = "parked"


@dataclass(frozen=True, slots=True)
class Standing:
    """One partner's part. `http`, `code` and `reason` are what it answered; `at` µs."""

    platform: Platform
    state: str
    http: int | None = None
    code: int | None = None
    reason: str | None = None
    attempts: int | None = None
    at: int | None = None
    url: str | None = None


class Standings:
    """Reads the notes of lanes, which are at most some seconds old."""

    def __init__(
        self, store: Store, platforms: Platforms, identity: Identity, table: Table
    ) -> None:
        self._store = store
        self._platforms = platforms
        self._identity = identity
        self._table = table

    async def of(self, row: ObjectRow) -> list[Standing]:
        """Every registered partner's; none of an object that we only hold."""
        if row.audience == HELD:
            return []
        resource = self._table.resources[row.key.kind]
        found = [one for one in await self._platforms.all() if one.is_registered]
        found.sort(key=lambda platform: platform.name.casefold())
        if resource.immutable:
            return [await self._money(platform, row) for platform in found]
        return [await self._one(platform, resource, row) for platform in found]

    async def _money(self, platform: Platform, row: ObjectRow) -> Standing:
        """A CDR has a row of the ledger, with the one partner that gets it."""
        entry = await load(self._store, ledger_key(row.key), CdrEntry)
        if entry is None or entry.platform != platform.id:
            return Standing(platform, NOT_SHOWN)
        return Standing(
            platform,
            entry.state.value,
            code=entry.code,
            reason=entry.reason,
            attempts=entry.sends,
            at=entry.at,
            url=entry.url,
        )

    async def _one(self, platform: Platform, resource: Resource, row: ObjectRow) -> Standing:
        note = await load(self._store, lane_key(platform.id), LaneNote)
        seen = {} if note is None else await classes_in(self._store, platform.id, note)
        if note is None or not includes(seen.get(row.key.kind, ()), row.audience):
            return Standing(platform, NOT_SHOWN)
        parked = await load(self._store, parked_key(platform.id, row.key), Parked)
        if parked is not None:
            return Standing(
                platform,
                PARKED,
                http=parked.http,
                code=parked.code,
                reason=parked.reason,
                attempts=parked.attempts,
                at=parked.at,
            )
        behind = note.cursor < row.changed or (
            note.fill is not None and not self._filled(note.fill, resource, row)
        )
        return Standing(platform, WAITING if behind else DELIVERED)

    def _filled(self, fill: Fill, resource: Resource, row: ObjectRow) -> bool:
        """Whether a first fill under way has passed the object."""
        at = self._table.resources.get(fill.kind)
        if at is None:
            return False
        if at.kind == resource.kind:
            return row.key.owner < fill.owner or (
                row.key.owner == fill.owner and row.created <= fill.created
            )
        return (resource.first_fill or 0) < (at.first_fill or 0)
