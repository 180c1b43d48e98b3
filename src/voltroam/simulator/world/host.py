"""The charger world as a node's host: it lives by the clock, reports, and does as it is told."""

import asyncio
import random
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import ClassVar

from voltroam.roaming.host import (
    BookingOrder,
    Considered,
    Order,
    Outcome,
    ProfileOrder,
    ProfileOutcome,
    Unattended,
    Wish,
)
from voltroam.simulator.world.active import active_profile
from voltroam.simulator.world.charge import Charge
from voltroam.simulator.world.clock import Clock
from voltroam.simulator.world.diary import Diary
from voltroam.simulator.world.faults import Luck
from voltroam.simulator.world.knobs import WorldKnobs
from voltroam.simulator.world.limits import NO_STEPS, steps_of
from voltroam.simulator.world.ordered import Answer
from voltroam.simulator.world.reporter import NodePorts, Reporter, log
from voltroam.simulator.world.sources import Sources
from voltroam.simulator.world.standstill import stands_still
from voltroam.simulator.world.till import Till
from voltroam.simulator.world.wishes import judged, steps_for
from voltroam.simulator.world.world import World
from voltroam.standard.errors import OcpiError
from voltroam.standard.v2_2_1 import (
    ActiveChargingProfile,
    CancelReservation,
    Capability,
    ChargingPreferencesResponse,
    ChargingProfileResponseType,
    ChargingProfileResultType,
    ChargingRateUnit,
    CommandResponseType,
    CommandResultType,
    ReserveNow,
    StartSession,
    StopSession,
    UnlockConnector,
)

TICK = 0.25
"""Seconds between two looks at the world."""
ASK_EVERY = 1.0
"""Seconds between two looks for locations and drivers that are new."""
READ_EVERY = timedelta(minutes=5)
"""Between two readings of a meter, in the world; in a fast one at least ten real seconds."""
LEAST_PAUSE = 10.0
LATENCY = (0.2, 1.0)
SLOW = 5.0
"""Seconds that a charger takes to answer."""
SILENCE = 8.0
"""Seconds after which the back end gives up on a charger that does not answer."""
ACTIVE_FOR = 3600
"""Seconds of an active profile that nobody asked for a length of."""


def _utc_now() -> datetime:
    return datetime.now(UTC)


class WorldHost(Unattended):
    """`run` lives until it is cancelled; everything else answers the node.

    One process only: the cars stand in its memory. What was charging when it ended is closed at
    its last reading when it starts again.
    """

    one_process: ClassVar[bool] = True

    def __init__(
        self,
        knobs: WorldKnobs,
        *,
        now: Callable[[], datetime] = _utc_now,
        latency: tuple[float, float] = LATENCY,
    ) -> None:
        """`latency`: how long a charger takes to answer, seconds."""
        self._answers_in = latency
        self._knobs = knobs
        self._now = now
        self._latency = random.Random(f"{knobs.seed} latency")  # noqa: S311
        self.clock = Clock(now(), knobs.scale, knobs.catch_up)
        self.world = World(
            seed=knobs.seed,
            begins=self.clock.begins,
            arrivals=knobs.arrivals,
            luck=Luck(knobs.faults, {uid.upper(): it for uid, it in knobs.forced.items()}),
            interval=READ_EVERY,
        )
        self.reporter: Reporter | None = None
        self.diary: Diary | None = None
        self._units: dict[str, ChargingRateUnit] = {}

    async def run(self, node: NodePorts) -> None:
        """Until cancelled."""
        reporter = Reporter(node, self.world, self._now, self.steered)
        self.reporter = reporter
        trade = asyncio.create_task(self._trade(node))
        try:
            await self._live(node, reporter)
        finally:
            trade.cancel()
            await asyncio.gather(trade, return_exceptions=True)

    async def _live(self, node: NodePorts, reporter: Reporter) -> None:
        sources = Sources(node.store)
        looked = 0.0
        loop = asyncio.get_running_loop()
        while True:
            if loop.time() - looked >= ASK_EVERY:
                looked = loop.time()
                locations = await sources.locations()
                await reporter.take_over(locations)
                self.world.learn_locations(locations)
                drivers = await sources.drivers()
                if drivers is not None:
                    self.world.learn_drivers(drivers)
            if not await stands_still(node.store):
                await self.live(reporter)
            await asyncio.sleep(TICK)

    async def _trade(self, node: NodePorts) -> None:
        """Bookings and payment terminals, where the node has them: for ever."""
        parts = node.packaged
        if parts.desk is not None and parts.bookings is not None:
            self.diary = Diary(node.store, parts.desk, parts.bookings, self.world, self.clock)
        till = None
        if parts.terminals is not None:
            name = f"WORLD-{self._knobs.seed}"
            till = Till(parts.terminals, node.directory, self.world, name)
        while True:
            try:
                if self.diary is not None:
                    await self.diary.look(self._now())
                if till is not None:
                    await till.look()
            except OcpiError as error:
                log.warning("no_trade", reason=error.message)
            await asyncio.sleep(ASK_EVERY)

    def moment(self) -> datetime:
        """What the world's clock shows: what the node notes of a session here is told by it."""
        return self.clock.world(self._now())

    async def live(self, reporter: Reporter) -> None:
        """Bring the world up to now and report what happened."""
        now = self._now()
        self.world.interval = max(READ_EVERY, timedelta(seconds=LEAST_PAUSE * self.clock.pace(now)))
        await reporter.report(self.world.step(self.clock.world(now)))

    # -- orders -----------------------------------------------------------------------------------

    async def consider(self, order: Order) -> Considered | None:
        """The back end passes on whatever is about a charger that it has."""
        body = order.body
        if isinstance(body, StartSession | ReserveNow | UnlockConnector):
            if not self.world.find(order.operator, body.location_id, body.evse_uid):
                return Considered(
                    result=CommandResponseType.REJECTED, message="No such charger is connected."
                )
        elif isinstance(body, StopSession) and self._charge_of(order.session_id) is None:
            return Considered(
                result=CommandResponseType.REJECTED, message="Nothing charges there any more."
            )
        return None

    async def carry_out(self, order: Order) -> Outcome:
        """The charger's answer, after the time that it takes; a silent one ends in TIMEOUT."""
        answer = self._obey(order)
        if answer.result is None:
            patience = self._now() + timedelta(seconds=SILENCE)
            await self._until(min(order.deadline - timedelta(seconds=0.5), patience))
            return Outcome(result=CommandResultType.TIMEOUT, message="The charger does not answer.")
        await self._take_time(order.deadline, slow=answer.slow)
        return Outcome(result=answer.result, message=answer.message)

    def _obey(self, order: Order) -> Answer:
        world, body = self.world, order.body
        match body:
            case StartSession():
                return world.start(
                    order.id, body.token, order.operator, body.location_id,
                    evse_uid=body.evse_uid, connector_id=body.connector_id,
                    reference=body.authorization_reference,
                )  # fmt: skip
            case StopSession():
                return world.stop(self._charge_of(order.session_id) or "")
            case ReserveNow():
                until = self.clock.world(body.expiry_date)
                return world.reserve(
                    _reservation(order), body.token, until, order.operator, body.location_id,
                    evse_uid=body.evse_uid,
                )  # fmt: skip
            case CancelReservation():
                return world.cancel(_reservation(order))
            case UnlockConnector():
                return world.unlock(
                    order.operator, body.location_id, body.evse_uid, body.connector_id
                )

    async def _take_time(self, deadline: datetime, *, slow: bool) -> None:
        seconds = SLOW if slow else self._latency.uniform(*self._answers_in)
        await self._until(min(self._now() + timedelta(seconds=seconds), deadline))

    async def _until(self, moment: datetime) -> None:
        await asyncio.sleep(max((moment - self._now()).total_seconds(), 0.0))

    # -- profiles ---------------------------------------------------------------------------------

    async def consider_profile(self, order: ProfileOrder) -> ChargingProfileResponseType | None:
        charge = self._running(order.session_id)
        if charge is None:
            return ChargingProfileResponseType.REJECTED
        if Capability.CHARGING_PROFILE_CAPABLE not in charge.spot.capabilities:
            return ChargingProfileResponseType.NOT_SUPPORTED
        return None

    async def carry_out_profile(self, order: ProfileOrder) -> ProfileOutcome:
        charge = self._running(order.session_id)
        if charge is None:
            return ProfileOutcome(result=ChargingProfileResultType.REJECTED)
        if order.duration is not None:
            active = self._active(charge, order.duration)
            return ProfileOutcome(result=ChargingProfileResultType.ACCEPTED, active=active)
        steps = NO_STEPS
        if order.profile is None:
            self._units.pop(charge.id, None)
        else:
            self._units[charge.id] = order.profile.charging_rate_unit
            began = self.clock.real(charge.began or self.world.now)
            steps = steps_of(order.profile, began, self.clock.world)
        if not self.world.steer(charge.id, steps):
            return ProfileOutcome(result=ChargingProfileResultType.REJECTED)
        await self._take_time(order.deadline, slow=False)
        active = self._active(charge, ACTIVE_FOR)
        return ProfileOutcome(result=ChargingProfileResultType.ACCEPTED, active=active)

    async def prefer(self, wish: Wish) -> ChargingPreferencesResponse:
        charge = self._running(wish.session_id)
        if charge is None:
            return ChargingPreferencesResponse.NOT_POSSIBLE
        answer = judged(charge, wish.preferences)
        if answer is ChargingPreferencesResponse.ACCEPTED:
            departure = self.clock.world(wish.preferences.departure_time or self._now())
            self.world.wish(
                charge.id, steps_for(charge, wish.preferences, self.world.now, departure)
            )
        return answer

    async def book(self, order: BookingOrder) -> bool | None:
        """Granted where a charger of the world can keep it."""
        if self.diary is not None:
            return await self.diary.take(
                order.operator, order.booking, order.request.period, self._now()
            )
        option = order.booking.booking_option
        evse = option.evse_uid if option is not None and option.evse_uid != "#NA" else None
        return bool(self.world.find(order.operator, order.booking.location_id, evse))

    def _active(self, charge: Charge, seconds: int) -> ActiveChargingProfile:
        return active_profile(
            charge,
            now=self._now(),
            seconds=seconds,
            unit=self._units.get(charge.id, ChargingRateUnit.W),
            world=self.clock.world,
            real=self.clock.real,
        )

    def steered(self, charge_id: str) -> ActiveChargingProfile | None:
        """What to tell partners after a change of the charger's own."""
        charge = self.world.charges.get(charge_id)
        return None if charge is None else self._active(charge, ACTIVE_FOR)

    def _charge_of(self, session_id: str | None) -> str | None:
        sessions: Mapping[str, str] = self.reporter.charges if self.reporter else {}
        return sessions.get((session_id or "").upper())

    def _running(self, session_id: str) -> Charge | None:
        charge = self.world.charges.get(self._charge_of(session_id) or "")
        return charge if charge is not None and charge.runs else None


def _reservation(order: Order) -> str:
    return str(order.charger_reservation)
