"""Own tariffs that are for certain partners only."""

from voltroam.operator.asked import Answers, Asked
from voltroam.operator.faults import not_found
from voltroam.operator.ports import Ports
from voltroam.operator.rows.objects import SHOW_TARIFF, TARIFF_SHOWN, OnlyFor, Shown
from voltroam.operator.shelves import Shelves, ids_of
from voltroam.roaming.keys import object_key
from voltroam.roaming.narrowing import Narrowing, parties_named
from voltroam.standard.endpoints import TARIFF
from voltroam.standard.parties import PartyId


class ShownTariffs:
    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self._shelves = Shelves(ports)
        self._narrowing = Narrowing(ports.store, ports.identity, ports.table, now=ports.now)

    def answers(self) -> Answers:
        return {SHOW_TARIFF.name: self._show, TARIFF_SHOWN.name: self._shown}

    async def _show(self, asked: Asked) -> Shown:
        wanted: OnlyFor = asked.body
        parties = None if wanted.to is None else await self._parties(asked, wanted.to)
        owner = self._owner(asked)
        done = await self._narrowing.show(TARIFF, owner, asked.ids["tariff_id"], parties)
        return Shown(
            parties=None if done.parties is None else list(done.parties),
            held=done.held,
            locations=done.shown_anew,
        )

    async def _shown(self, asked: Asked) -> Shown:
        owner = self._owner(asked)
        parties = await self._narrowing.parties(TARIFF, owner, asked.ids["tariff_id"])
        row = await self._ports.store.get(object_key(TARIFF, owner, ids_of(TARIFF, asked)))
        held = row is not None and not row.deleted
        if parties is None and not held:
            raise not_found("tariff of that party and id")
        return Shown(parties=None if parties is None else list(parties), held=held)

    async def _parties(self, asked: Asked, names: list[str]) -> tuple[PartyId, ...]:
        for name in names:
            if "/" not in name:
                await self._shelves.partner_named(asked.who, name)
        return await parties_named(self._ports.directory, names)

    def _owner(self, asked: Asked) -> PartyId:
        """A party that is not ours, or not the key's, is not there."""
        ours = self._ports.identity.parties(*TARIFF.owner_roles)
        if not any(party.same(asked.owner) for party in ours) or not asked.who.may(asked.owner):
            raise not_found("party of ours with that name that owns tariffs")
        return asked.owner
