"""A payment terminal for a charger world: its operator has one set up by each provider that it
knows, and says for which chargers it works (OCPI 2.3.0 §mod_payments)."""

from voltroam.delivery.log import Log
from voltroam.roaming.directory import Directory
from voltroam.roaming.paying import Terminals, TerminalState
from voltroam.roaming.platforms import Phase, Platform
from voltroam.simulator.world.world import World
from voltroam.standard.errors import OcpiError
from voltroam.standard.parties import PartyId
from voltroam.standard.v2_2_1 import Capability, Role
from voltroam.store.interface import HELD

MOST = 50
"""Locations of one terminal."""
INVOICES = "https://noda.example/invoices/"
log = Log("voltroam.world")


class Till:
    """`look` again and again: each step is one call, and what fails is tried at the next look."""

    def __init__(
        self, terminals: Terminals, directory: Directory, world: World, reference: str
    ) -> None:
        self._terminals = terminals
        self._directory = directory
        self._world = world
        self._reference = reference
        self._asked: set[str] = set()

    async def look(self) -> None:
        operator = next((spot.operator for spot in self._world.spots), None)
        if operator is None:
            return
        for partner in await self._directory.all():
            if partner.phase is not Phase.REGISTERED:
                continue
            for provider in partner.parties(Role.PTP)[:1]:
                try:
                    await self._next(partner, provider, operator)
                except OcpiError as error:
                    log.warning("no_terminal", partner=partner.name, reason=error.message)

    async def _next(self, partner: Platform, provider: PartyId, operator: PartyId) -> None:
        mine = [
            (terminal, state)
            for row, terminal, state in await self._terminals.all()
            if row.audience == HELD
            and row.key.owner == provider.folded
            and terminal.reference == self._reference
        ]
        if not mine and partner.id not in self._asked:
            await self._terminals.activate(partner.name, self._wanted(operator))
            self._asked.add(partner.id)
        for terminal, state in mine:
            if state is TerminalState.CREATED:
                places = self._places(operator)
                await self._terminals.assign(terminal.terminal_id, places, None)

    def _wanted(self, operator: PartyId) -> dict[str, str]:
        return {
            "reference": self._reference,
            "country_code": operator.country_code,
            "party_id": operator.party_id,
            "city": "Utrecht",
            "country": "NLD",
            "invoice_creator": "CPO",
            "invoice_base_url": INVOICES,
        }

    def _places(self, operator: PartyId) -> list[str]:
        """Where cards are taken; where no charger says so, the first location."""
        ours = [spot for spot in self._world.spots if spot.operator.same(operator)]
        paying = [one for one in ours if Capability.CREDIT_CARD_PAYABLE in one.capabilities]
        return list(dict.fromkeys(one.location_id for one in paying or ours[:1]))[:MOST]
