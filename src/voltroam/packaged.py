"""The modules that 2.3.0 brings, joined: invoice reconciliation, bookings, payments."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from uuid import uuid4

from voltroam.delivery.jobs import supervise
from voltroam.delivery.knobs import Knobs
from voltroam.holdings import Holdings, micros
from voltroam.roaming.booking import Bookings, Books, Desk
from voltroam.roaming.booking.ports import nobody_decides
from voltroam.roaming.charging.ports import BookedFor, Coming
from voltroam.roaming.commanding import Commands
from voltroam.roaming.exchange import Exchange
from voltroam.roaming.paying import Paying, Terminals
from voltroam.roaming.reconciling import Reconciling
from voltroam.roaming.serving import Answering
from voltroam.standard.packages import BOOKING, INVOICE_RECORD, TERMINAL
from voltroam.standard.parties import PartyId
from voltroam.standard.v2_2_1 import TokenType

LOOK = 0.5
"""Seconds between two looks at what changed or is due."""


class Packaged:
    """What is None belongs to a module that this node's versions do not have."""

    def __init__(
        self, holdings: Holdings, exchange: Exchange, *, books: Books = nobody_decides
    ) -> None:
        store, directory, identity = holdings.store, holdings.directory, holdings.identity
        kinds = holdings.table.resources
        self._store, self._holder = store, uuid4().hex
        self.reconciling: Reconciling | None = None
        if INVOICE_RECORD.kind in kinds:
            self.reconciling = Reconciling(store, directory, identity, now=micros)
        self.desk: Desk | None = None
        self.bookings: Bookings | None = None
        if BOOKING.kind in kinds:
            self.desk = Desk(store, identity, now=micros, books=books)
            self.bookings = Bookings(
                store, directory, exchange, identity=identity, table=holdings.table, now=micros
            )
        self._identity = identity
        self.terminals: Terminals | None = None
        self.paying: Paying | None = None
        if TERMINAL.kind in kinds:
            self.terminals = Terminals(
                store, directory, exchange, identity=identity, table=holdings.table, now=micros
            )
        self._jobs: list[asyncio.Task[None]] = []

    def handlers(self) -> Mapping[str, Answering]:
        """By the names that the table gives them."""
        found: dict[str, Answering] = {}
        if self.desk is not None:
            found |= self.desk.handlers()
        if self.terminals is not None:
            found |= self.terminals.handlers()
        return found

    def with_commands(self, commands: Commands) -> None:
        """Payments start and stop charges."""
        if self.terminals is not None:
            self.paying = Paying(self._store, self._identity, commands, now=micros)

    async def booked(self, coming: Coming) -> BookedFor | None:
        """The booking that a driver comes for."""
        if self.desk is None:
            return None
        found = await self.desk.booked_for(
            coming.owner, location_id=coming.location_id, evse_uid=coming.evse_uid,
            token=coming.token, at=coming.at, reference=coming.reference,
        )  # fmt: skip
        if found is None:
            return None
        end = found.period.end_date_time
        return BookedFor(found.id, found.authorization_reference, end)

    async def invoiced(self, coming: Coming) -> str | None:
        """The reference of the payment, where the terminals of a place leave the invoice to us."""
        token, reference = coming.token, coming.reference
        if self.terminals is None or token.type is not TokenType.AD_HOC_USER or reference is None:
            return None
        provider = PartyId(token.country_code, token.party_id)
        ours = await self.terminals.we_invoice(provider, coming.location_id, coming.evse_uid)
        return reference if ours else None

    def start(self) -> None:
        """Begin to do what becomes due, in one process at a time."""
        looks: dict[str, Callable[[], Awaitable[object]]] = {}
        if self.reconciling is not None:
            looks["reconciling"] = self.reconciling.look
        if self.desk is not None:
            looks["bookings"] = self.desk.look
        if self.paying is not None:
            looks["payments"] = self.paying.look
        for name, look in looks.items():
            run = supervise(name, self._alone(name, look), Knobs())
            self._jobs.append(asyncio.create_task(run, name=name))

    async def close(self) -> None:
        for job in self._jobs:
            job.cancel()
        await asyncio.gather(*self._jobs, return_exceptions=True)

    def _alone(
        self, name: str, look: Callable[[], Awaitable[object]]
    ) -> Callable[[], Awaitable[None]]:
        async def for_ever() -> None:
            while True:
                if await self._store.lease(name, self._holder, 20 * LOOK):
                    await look()
                await asyncio.sleep(LOOK)

        return for_ever
