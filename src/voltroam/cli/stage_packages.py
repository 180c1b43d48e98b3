"""What the demo does in 2.3.0: drivers book and pay by card, and invoices are compared."""

import asyncio
import contextlib
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import msgspec

from voltroam.holdings import micros
from voltroam.node import Node
from voltroam.roaming.paying import Capture, PaymentState, TerminalState
from voltroam.roaming.reconciling import Match, Told
from voltroam.standard.endpoints import CDR
from voltroam.standard.errors import OcpiError
from voltroam.standard.parties import PartyId
from voltroam.standard.v2_3_0.bookings import (
    Booking,
    BookingLocation,
    BookingToken,
    CanceledReason,
    Period,
)
from voltroam.standard.v2_3_0.payments import CaptureStatusCode
from voltroam.store.interface import HELD, ObjectRow
from voltroam.wire.times import from_micros

BOOK_EVERY, PAY_EVERY, SETTLE_EVERY, BILL_EVERY = 1.5, 2.0, 0.5, 4.0
"""Seconds."""
SLOT = timedelta(minutes=15)
SOON, LATER = timedelta(seconds=2), timedelta(hours=1)
AT_ONCE = 20
"""CDRs of one invoice."""


class Deals:
    """Of an operator, and of a company that is eMSP and payment terminal provider."""

    def __init__(
        self, cpo: Node, emsp: Node, tokens: list[Any], *, seed: int, operator: PartyId
    ) -> None:
        self._cpo = cpo
        self._emsp = emsp
        self._operator = operator
        self._dice = random.Random(f"{seed} deals")  # noqa: S311
        self._cards = [one for one in tokens if one["type"] == "RFID" and one["valid"]]
        self._billed: set[str] = set()
        self.refused: list[str] = []

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as group:
            for act, pause in (
                (self._book, BOOK_EVERY), (self._pay, PAY_EVERY), (self._settle, SETTLE_EVERY),
                (self._bill, BILL_EVERY), (self._compare, SETTLE_EVERY),
            ):  # fmt: skip
                group.create_task(self._again(act, pause))

    async def _again(self, act: Callable[[], Awaitable[None]], pause: float) -> None:
        while True:
            await asyncio.sleep(pause)
            try:
                await act()
            except OcpiError as error:
                self.refused.append(error.message)

    async def seen(self) -> dict[str, dict[str, int]]:
        """How many bookings, payments, confirmations and invoices there are, by state."""
        parts, theirs = self._emsp.packaged, self._cpo.packaged
        bookings = [one async for one in parts.bookings.all()] if parts.bookings else []
        payments = await parts.paying.payments() if parts.paying else []
        advice = await theirs.paying.advice() if theirs.paying else []
        invoices = await parts.reconciling.all("", 1000) if parts.reconciling else []
        return {
            "bookings": dict(Counter(_status(one) for one in bookings)),
            "payments": dict(Counter(one.state.value for _, one in payments)),
            "confirmations": dict(Counter(one.match.value for _, one in advice)),
            "invoices": dict(Counter(one.match.value for _, one in invoices)),
        }

    async def _book(self) -> None:
        """A slot for a driver who comes at once, or one that is given up again."""
        bookings = self._emsp.packaged.bookings
        if bookings is None or not self._cards:
            return
        places = [
            msgspec.json.decode(row.document, type=BookingLocation)
            async for row in bookings.places()
            if row.audience == HELD
        ]
        if not places:
            return
        place, card = self._dice.choice(places), self._dice.choice(self._cards)
        comes = self._dice.random() < 0.7
        start = from_micros(micros()) + (SOON if comes else LATER)
        token = BookingToken(
            country_code=card["country_code"], party_id=card["party_id"], uid=card["uid"],
            type=card["type"], contract_id=card["contract_id"],
        )  # fmt: skip
        made = await bookings.request(
            PartyId(place.country_code, place.party_id), place.id,
            Period(start_date_time=start, end_date_time=start + SLOT),
            as_party=PartyId(card["country_code"], card["party_id"]), tokens=[token],
        )  # fmt: skip
        if not comes and made.reservation_status == "RESERVED":
            owner = PartyId(made.country_code, made.party_id)
            await bookings.cancel(owner, made.id, CanceledReason.TRAFFIC)

    async def _pay(self) -> None:
        """Somebody holds a bank card to the terminal."""
        parts = self._emsp.packaged
        if parts.terminals is None or parts.paying is None:
            return
        ready = [
            one
            for _, one, state in await parts.terminals.all()
            if state is TerminalState.ASSIGNED and one.location_ids
        ]
        if not ready:
            return
        terminal = self._dice.choice(ready)
        await parts.paying.start(
            "noda", terminal_id=terminal.terminal_id, operator=self._operator,
            location_id=self._dice.choice(terminal.location_ids or [""]),
        )  # fmt: skip

    async def _settle(self) -> None:
        """Drivers at terminals are in a hurry; what a charge cost is captured."""
        paying = self._emsp.packaged.paying
        if paying is None:
            return
        for _, payment in await paying.payments():
            if payment.state is PaymentState.SESSION_ACTIVE and payment.session_id:
                with contextlib.suppress(OcpiError):  # it ended by itself
                    await self._emsp.commands.stop_session(
                        payment.partner, payment.session_id, as_party=payment.provider,
                        operator=payment.operator,
                    )  # fmt: skip
            elif payment.state is PaymentState.CDR_RECEIVED:
                cost = payment.cost_with_taxes or payment.cost or Decimal(0)
                paid = Capture(
                    status=CaptureStatusCode.SUCCESS, amount=cost, eft_data=("Card ***1234",)
                )
                await paying.capture(payment.reference, paid)

    async def _bill(self) -> None:
        """The operator's bookkeeping: an invoice for the charges that are on none."""
        reconciling = self._cpo.packaged.reconciling
        if reconciling is None:
            return
        at, to = self._operator, self._emsp.holdings.identity.parties()[0]
        new: list[str] = []
        async for row in self._cpo.store.scan(CDR.kind):
            if row.audience.endswith(f">{to.folded}") and row.key.id not in self._billed:
                new.append(row.key.id)
        if new:
            part = new[:AT_ONCE]
            self._billed.update(part)
            name = f"DEMO-{len(self._billed):05d}"
            await reconciling.issue(name, part, owner=at, to=to)

    async def _compare(self) -> None:
        """The eMSP's bookkeeping gets the paper, which says what the CDRs say."""
        reconciling = self._emsp.packaged.reconciling
        if reconciling is None:
            return
        for _, one in await reconciling.all("", 1000):
            total = one.total
            if one.match is not Match.UNMATCHED or one.issued or total is None:
                continue
            said = total.after if total.after is not None else total.before
            told = Told(said, total.currency, with_taxes=total.after is not None)
            await reconciling.tell(one.owner, one.id, told)


def _status(row: ObjectRow) -> str:
    return msgspec.json.decode(row.document, type=Booking).reservation_status.value
