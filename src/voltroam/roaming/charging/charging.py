"""From what a host reports to Session and CDR: the operator's side of charging.

A host says when a session begins, what the meter shows and when it ends; the node builds charging
periods, tells the driver's party what it costs so far, and makes the CDR together with the end
(OCPI 2.2.1 §mod_sessions, §mod_cdrs). Everything may be said twice.
"""

from collections.abc import Callable, Sequence
from datetime import datetime

from msgspec.structs import replace

from voltroam.pricing.reservation import Outcome
from voltroam.roaming.charging import course
from voltroam.roaming.charging.charge import CHARGE, Charge, parent_of, read_charge
from voltroam.roaming.charging.correcting import Corrected, Correcting, Correction
from voltroam.roaming.charging.course import tidy
from voltroam.roaming.charging.knobs import ChargingKnobs
from voltroam.roaming.charging.opening import (
    Driver,
    Opening,
    arrived,
    card_of,
    first_terms,
    for_slot,
    id_for,
    same_card,
    under,
    wish_of,
)
from voltroam.roaming.charging.papers import bill_of, session_of
from voltroam.roaming.charging.ports import (
    Booked,
    Coming,
    Invoiced,
    OnArrival,
    nobody_books,
    nobody_invoices,
    nobody_waits,
)
from voltroam.roaming.charging.problem import ChargingProblem, UnknownSession
from voltroam.roaming.charging.steps import TRIES, Steps, busy
from voltroam.roaming.charging.terms import (
    Footing,
    Footings,
    Site,
    only_owner,
    site_of,
)
from voltroam.roaming.charging.watch import Overdue, Watch, overdue
from voltroam.roaming.charging.writing import Progress, Step, Writing, batch_of, progress
from voltroam.roaming.host import Reading, SignedReading
from voltroam.roaming.marks import TariffFor, all_of_them
from voltroam.roaming.platforms import Identity
from voltroam.standard.endpoints import SESSION
from voltroam.standard.errors import CallerError
from voltroam.standard.parties import PartyId, fold
from voltroam.standard.types import NOT_AVAILABLE
from voltroam.standard.v2_2_1 import AuthMethod, CdrToken, ProfileType, SessionStatus, Token
from voltroam.store.interface import Held, Store


class _Late(ChargingProblem):
    """There are readings that are earlier than the newest one."""

    def __init__(self) -> None:
        super().__init__("LATE", "earlier than the newest reading, which is counted already")


class _Grown(Exception):
    """More was signed since it was read."""


class Charging:
    """Sessions of our own chargers, from the host's reports to their CDRs.

    Raises ChargingProblem (with a `code`) for a report that cannot be true, UnknownSession for a
    session that was not begun here.
    """

    def __init__(
        self,
        store: Store,
        identity: Identity,
        now: Callable[[], int],
        *,
        knobs: ChargingKnobs | None = None,
        tariff_for: TariffFor = all_of_them,
        on_arrival: OnArrival = nobody_waits,
        booked: Booked = nobody_books,
        invoiced: Invoiced = nobody_invoices,
    ) -> None:
        self._store = store
        self._on_arrival = on_arrival
        self._booked = booked
        self._invoiced = invoiced
        self._identity = identity
        self._now = now
        self._knobs = knobs or ChargingKnobs()
        self._opening = Opening(store, self._knobs, now, tariff_for)
        self._footings = Footings(store, self._knobs.policy)
        self._watch = Watch(store, now, self._knobs.cdr_after)
        self._steps = Steps(store, self._footings, Writing(identity, self._knobs))
        self._correcting = Correcting(store, identity, self._steps, self._footings, self._knobs)

    # -- the beginning

    async def begin(
        self,
        *,
        location_id: str,
        evse_uid: str,
        token: CdrToken | Token,
        auth_method: AuthMethod,
        at: datetime,
        connector_id: str | None = None,
        authorization_reference: str | None = None,
        order_id: str | None = None,
        meter_id: str | None = None,
        session_id: str | None = None,
        pending: bool = False,
        operator: PartyId | None = None,
        reading: Reading | None = None,
        preference: ProfileType | None = None,
        home_charging_compensation: bool | None = None,
    ) -> str:
        """A session begins, or is about to (`pending`); its id.

        `reading` is the meter at the start. A reservation of the same token at this EVSE, or at
        this location without EVSE, becomes this session (SES-FLOW-08); until it charges it stays a
        RESERVATION. The same `session_id` or `order_id` again gives the same session; one that was
        pending becomes ACTIVE.
        """
        owner = self._owner(operator)
        site = await site_of(self._store, owner, location_id, evse_uid, connector_id)
        card = card_of(token)
        coming = Coming(owner, site.location.id, site.evse_uid, card, at, authorization_reference)
        booked = await self._booked(coming)
        reference, booking, until = authorization_reference, None, None
        if booked is not None:
            reference, booking = reference or booked.authorization_reference, booked.booking_id
            until = None if booked.until is None else tidy(booked.until)
        invoice = await self._invoiced(coming._replace(reference=reference))
        wish = wish_of(token, preference)
        driver = Driver(card, auth_method, reference, wish, booking, until, invoice)
        name, moment = session_id or id_for(order_id), tidy(at)
        existing = None if name is None else await self.find(name)
        if existing is None:
            existing = await self._kept_for(owner, site, driver.token)
        if existing is not None:
            await self._go_on(
                existing, site, driver,
                at=moment, pending=pending, reading=reading, meter_id=meter_id,
            )  # fmt: skip
            if existing.was_reserved and not (pending or existing.is_over):
                await self._on_arrival(existing)
            return existing.id
        prices = await self._opening.prices(owner, site, driver.token, moment, driver.preference)
        charge = replace(
            self._opening.charge(name, owner, site, driver, at=moment, prices=prices),
            order_id=order_id,
            meter_id=meter_id,
            home_charging_compensation=home_charging_compensation,
        )
        footing = self._footings.on(first_terms(owner, site, prices, moment, until))
        step = Step(charge, terms=footing.terms)
        if not pending:
            begun = course.activated(charge, moment, footing.marks, self._knobs.pace, reading)
            step = _with(replace(step, charge=begun), reading)
        return (await self._steps.open(step, footing)).session_id

    async def reserved(
        self,
        *,
        location_id: str,
        token: CdrToken | Token,
        at: datetime,
        until: datetime,
        evse_uid: str | None = None,
        connector_id: str | None = None,
        auth_method: AuthMethod = AuthMethod.COMMAND,
        authorization_reference: str | None = None,
        order_id: str | None = None,
        session_id: str | None = None,
        operator: PartyId | None = None,
    ) -> str:
        """A place is kept for a driver: the id of the RESERVATION session (SES-FLOW-06).

        The same `session_id` or `order_id` again moves its end.
        """
        owner = self._owner(operator)
        site = await site_of(
            self._store, owner, location_id, evse_uid, connector_id, reserving=True
        )
        driver = Driver(card_of(token), auth_method, authorization_reference, wish_of(token, None))
        name, moment = session_id or id_for(order_id), tidy(at)
        existing = None if name is None else await self.find(name)
        if existing is not None:
            await self._prolong(existing, site, driver, tidy(until))
            return existing.id
        prices = await self._opening.prices(owner, site, driver.token, moment, driver.preference)
        charge = replace(
            self._opening.charge(name, owner, site, driver, at=moment, prices=prices),
            order_id=order_id,
        )
        footing = self._footings.on(first_terms(owner, site, prices, moment))
        step = Step(course.reserved(charge, moment, tidy(until)), terms=footing.terms)
        return (await self._steps.open(step, footing)).session_id

    async def activate(
        self, session_id: str, at: datetime, *, reading: Reading | None = None
    ) -> Progress:
        """A session that was PENDING begins (SES-FLOW-11)."""

        def act(charge: Charge, footing: Footing, _held: Held) -> Step:
            if charge.status is not SessionStatus.PENDING:
                course.running(charge)
                return Step(charge)
            after = course.activated(charge, tidy(at), footing.marks, self._knobs.pace, reading)
            return _with(Step(after), reading)

        return await self._steps.take(session_id, act, () if reading is None else (reading,))

    async def authorized(
        self, session_id: str, auth_method: AuthMethod, authorization_reference: str | None = None
    ) -> Progress:
        """The driver was authorised once more: that counts from now on (SES-OBJ-01, SES-OBJ-05)."""

        def act(charge: Charge, _footing: Footing, _held: Held) -> Step:
            after = course.authorized(charge, auth_method, authorization_reference)
            return Step(charge if after == charge else after)

        return await self._steps.take(session_id, act)

    async def prefer(self, session_id: str, preference: ProfileType, at: datetime) -> bool:
        """The driver prefers another profile: its tariff counts from now on. False: there is none.

        The tariff is one that the connector has for that profile (OCPI 2.2.1 §mod_tariffs).
        """
        charge = await self.charge(session_id)
        site = await self._site(charge)
        prices = await self._opening.prices(
            charge.owner, site, charge.token, tidy(at), preference, only=True
        )
        document = prices.document
        if document is None:
            return False

        def act(charge: Charge, footing: Footing, _held: Held) -> Step:
            since = max(tidy(at), course.running(charge).last.at)
            terms = under(footing.terms, document, since)
            if terms is footing.terms:
                return Step(charge)
            after = replace(charge, terms=terms.generation, priced=True)
            return Step(after, terms=terms, footing=self._footings.on(terms))

        await self._steps.take(session_id, act)
        return True

    # -- while it runs

    async def read(self, session_id: str, reading: Reading) -> Progress:
        """The meter at one moment."""
        return await self.read_many(session_id, (reading,))

    async def read_many(self, session_id: str, readings: Sequence[Reading]) -> Progress:
        """The meter at several moments, in any order.

        What is known already is counted as `repeated`. Codes of ChargingProblem: LATE (earlier
        than the newest reading: its period is closed), SAME_MOMENT, FALLING (the register fell
        without feeding back), NOT_ACTIVE, OVER, STATE, NUMBER, SIGNED.
        """
        if not readings:
            return await self.progress(session_id)
        batch, _ = batch_of(session_id, readings)
        rest, known = readings, 0

        def act(charge: Charge, footing: Footing, _held: Held) -> Step:
            taken = course.take(charge, footing.marks, self._knobs.pace, rest)
            if taken.late:
                raise _Late
            return Step(taken.charge, taken.kept, known + taken.repeated, batch=batch)

        try:
            return await self._steps.take(session_id, act, readings)
        except ChargingProblem as problem:
            rest = await self._steps.unknown(session_id, readings)
            known = len(readings) - len(rest)
            if problem.code not in ("LATE", "OVER") or not known:
                raise
            if rest:
                return await self._steps.take(session_id, act, readings)
            return replace(await self.progress(session_id), repeated=known)

    async def replace_meter(
        self, session_id: str, last: Reading, first: Reading, *, meter_id: str | None = None
    ) -> Progress:
        """Another meter from now on: the old one's last reading and the new one's first."""
        readings = (last, first)
        batch, _ = batch_of(session_id, readings)

        def act(charge: Charge, footing: Footing, _held: Held) -> Step:
            taken = course.other_meter(
                charge, footing.marks, self._knobs.pace, last, first, meter_id=meter_id
            )
            return Step(taken.charge, taken.kept, taken.repeated, batch=batch)

        return await self._steps.take(session_id, act, readings)

    # -- the end

    async def end(
        self, session_id: str, at: datetime, reading: Reading | None = None
    ) -> str | None:
        """The session is over: COMPLETED and its CDR in one transaction; the id of the CDR.

        None: nothing is billed (it never began, or it is INVALID), or something hinders the CDR:
        then `progress` tells the `fault`, and `overdue` lists it.
        """
        last = reading
        for _ in range(TRIES):
            signed = await self._steps.signed(session_id)

            def act(charge: Charge, footing: Footing, _held: Held) -> Step:
                return self._ended(charge, footing, tidy(at), last, signed)  # noqa: B023

            try:
                found = await self._steps.take(session_id, act, () if last is None else (last,))
            except _Grown:
                continue
            except _Late:
                if last is None or await self._steps.unknown(session_id, (last,)):
                    raise
                last = None
                continue
            return found.cdr_id
        raise busy()

    def _ended(
        self,
        charge: Charge,
        footing: Footing,
        at: datetime,
        reading: Reading | None,
        signed: Sequence[SignedReading],
    ) -> Step:
        if charge.is_over:
            return Step(charge)
        if charge.status is SessionStatus.PENDING:
            return Step(course.invalid(charge, "it never began", at))
        if charge.status is SessionStatus.RESERVATION:
            raise ChargingProblem("NOT_ACTIVE", "a reservation ends by `reservation_over`")
        if charge.signed != len(signed):
            raise _Grown
        taken = course.Taken(charge)
        if reading is not None:
            taken = course.take(charge, footing.marks, self._knobs.pace, (reading,))
            if taken.late:
                raise _Late
        after = course.over(taken.charge, at, footing.marks)
        step = Step(after, taken.kept, taken.repeated, bill=True, signed=signed)
        return _with(step, reading) if taken.kept else step

    async def reservation_over(
        self, session_id: str, outcome: Outcome | str, at: datetime
    ) -> str | None:
        """Nobody came (EXPIRED) or it was given up (CANCELLED): COMPLETED (SES-FLOW-09).

        The id of the CDR if the tariff has a price for that.
        """

        def act(charge: Charge, footing: Footing, _held: Held) -> Step:
            if charge.is_over:
                return Step(charge)
            after = course.unused(charge, tidy(at), Outcome(outcome), footing.marks)
            return Step(after, bill=True)

        return (await self._steps.take(session_id, act)).cdr_id

    async def invalidate(self, session_id: str, why: str) -> Progress:
        """The session is never billed (SES-FLOW-12)."""

        def act(charge: Charge, _footing: Footing, held: Held) -> Step:
            return Step(course.invalid(charge, why, charge.heard))

        return await self._steps.take(session_id, act)

    async def bill(self, session_id: str, *, tariff: bytes | None = None) -> str | None:
        """Make the CDR that a fault hindered; by `tariff`, a document of 2.2.1, if it is given."""
        return await self._correcting.bill(session_id, tariff)

    async def correct(
        self, cdr_id: str, facts: Correction, operator: PartyId | None = None
    ) -> Corrected:
        """Take a CDR back with a Credit CDR and put a right one in its place (CDR-CRED-01..04).

        Both are written together, once: the same facts again give the same ids. Other facts raise
        ChargingProblem CORRECTED: correct the new CDR then.
        """
        return await self._correcting.correct(self._owner(operator), cdr_id, facts)

    # -- what nobody tells

    async def look(self) -> None:
        """Do what is due: reservations that expired, and sessions that are overdue.

        To be called every few seconds by one process at a time; more do no harm.
        """
        for record in await self._store.records(CHARGE, due_before=self._now(), limit=1000):
            charge = read_charge(record)
            try:
                await self._look_at(charge)
            except CallerError:  # one that cannot be ended never hides the others
                await self._store.apply(self._steps.told(charge.id))
        await self._watch.look()

    async def _look_at(self, charge: Charge) -> None:
        reservation = charge.reservation
        if charge.status is SessionStatus.RESERVATION and reservation is not None:
            await self.reservation_over(charge.id, Outcome.EXPIRED, reservation.until)
        else:
            await self._store.apply(self._steps.told(charge.id))

    async def overdue(self) -> list[Overdue]:
        """Sessions to look at, ours and our partners': over without CDR, or silent."""
        return await overdue(self._store)

    # -- questions

    async def find(self, session_id: str) -> Charge | None:
        return await self._steps.find(session_id)

    async def charge(self, session_id: str) -> Charge:
        """All that is kept of a session but its readings. Raises UnknownSession."""
        found = await self.find(session_id)
        if found is None:
            raise UnknownSession
        return found

    async def progress(self, session_id: str) -> Progress:
        charge = await self.charge(session_id)
        footing = await self._footings.of(session_id, anew=True)
        if footing is None:
            raise UnknownSession
        session = session_of(charge, footing, bill_of(charge, footing))
        return progress(charge, session, 0, 0)

    async def readings(self, session_id: str) -> list[Reading]:
        """All that counted, in order, without what was signed."""
        return await self._steps.readings(session_id)

    async def open_at(self, location_id: str, operator: PartyId | None = None) -> list[Charge]:
        """The sessions of a location that are not over."""
        parent = parent_of(self._owner(operator), location_id)
        return [read_charge(one) for one in await self._steps.all(CHARGE, parent)]

    # -- inside

    def _owner(self, named: PartyId | None) -> PartyId:
        return only_owner(self._identity.parties(*SESSION.owner_roles), named)

    async def _site(self, charge: Charge) -> Site:
        return await site_of(
            self._store, charge.owner, charge.location_id, charge.evse_uid, charge.connector_id
        )

    async def _kept_for(self, owner: PartyId, site: Site, token: CdrToken) -> Charge | None:
        """The reservation of this token that this EVSE fulfils; one for the EVSE comes first."""
        found = [
            one
            for one in await self.open_at(site.location.id, owner)
            if one.status is SessionStatus.RESERVATION
            and same_card(one.token, token)
            and fold(one.evse_uid) in (fold(site.evse_uid), NOT_AVAILABLE)
        ]
        found.sort(key=lambda one: (one.evse_uid == NOT_AVAILABLE, one.started))
        return found[0] if found else None

    async def _go_on(
        self,
        existing: Charge,
        site: Site,
        driver: Driver,
        *,
        at: datetime,
        pending: bool,
        reading: Reading | None,
        meter_id: str | None,
    ) -> None:
        """A session that is known begins: it was PENDING, a RESERVATION, or is told of again."""
        _check_same(existing, site, driver.token)
        if existing.is_over or pending or existing.status is SessionStatus.ACTIVE:
            return
        prices = await self._opening.prices(
            existing.owner, site, driver.token, at, driver.preference
        )

        def act(charge: Charge, footing: Footing, _held: Held) -> Step:
            if charge.status not in (SessionStatus.PENDING, SessionStatus.RESERVATION):
                return Step(charge)
            after = replace(
                course.authorized(charge, driver.method, driver.reference),
                evse_uid=site.evse_uid,
                connector_id=site.connector_id,
                meter_id=meter_id or charge.meter_id,
                booking_id=driver.booking or charge.booking_id,
            )
            on, terms = footing, for_slot(footing.terms, driver.booked_until)
            if charge.status is SessionStatus.RESERVATION:
                terms = arrived(terms, site, prices, at)
                after = replace(after, priced=prices.known)
            if terms is not footing.terms:
                on = self._footings.on(terms)
                after = replace(after, terms=terms.generation)
            after = course.activated(after, at, on.marks, self._knobs.pace, reading)
            new = None if on is footing else terms
            return _with(Step(after, terms=new, footing=on), reading)

        await self._steps.take(existing.id, act, () if reading is None else (reading,))

    async def _prolong(self, existing: Charge, site: Site, driver: Driver, until: datetime) -> None:
        if not same_card(existing.token, driver.token):
            raise ChargingProblem("TAKEN", "there is a session of this id for another token")

        def act(charge: Charge, footing: Footing, _held: Held) -> Step:
            if charge.status is not SessionStatus.RESERVATION or charge.reservation is None:
                raise ChargingProblem("NO_RESERVATION", f"the session is {charge.status}")
            after = replace(
                course.authorized(charge, driver.method, driver.reference),
                location_id=site.location.id,
                evse_uid=site.evse_uid,
                connector_id=site.connector_id,
                reservation=replace(charge.reservation, until=until),
            )
            if after == charge:
                return Step(charge)
            terms = replace(
                footing.terms, generation=footing.terms.generation + 1, place=site.place
            )
            after = replace(after, terms=terms.generation)
            return Step(after, terms=terms, footing=self._footings.on(terms))

        await self._steps.take(existing.id, act)


def _check_same(existing: Charge, site: Site, token: CdrToken) -> None:
    """An id names one session; a driver in the same place is no other one."""
    if fold(existing.location_id) != fold(site.location.id):
        raise ChargingProblem("TAKEN", "there is a session of this id at another location")
    if not same_card(existing.token, token):
        raise ChargingProblem("TAKEN", "there is a session of this id for another token")


def _with(step: Step, reading: Reading | None) -> Step:
    """The reading of a start or an end is kept like every other."""
    if reading is None:
        return step
    return replace(step, readings=(reading,), batch=tidy(reading.at))
