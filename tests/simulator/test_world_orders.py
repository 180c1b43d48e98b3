"""What the charger world makes of commands, profiles and wishes."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
import pytest_asyncio
from msgspec import structs
from tests.simulator import worlds
from tests.simulator.hosted import Hosted, driver, hosted, order

from voltroam.billing.match import match
from voltroam.roaming.host import ProfileOrder, Wish
from voltroam.simulator.world.faults import Fault
from voltroam.simulator.world.knobs import WorldKnobs
from voltroam.simulator.world.spots import Spot
from voltroam.standard.v2_2_1 import (
    AuthMethod,
    CancelReservation,
    ChargingPreferences,
    ChargingPreferencesResponse,
    ChargingProfile,
    ChargingProfilePeriod,
    ChargingProfileResponseType,
    ChargingProfileResultType,
    ChargingRateUnit,
    CommandResponseType,
    CommandResultType,
    ProfileType,
    ReserveNow,
    Session,
    SessionStatus,
    StartSession,
    StopSession,
    UnlockConnector,
)

URL = "https://emsp.example/ocpi/2.2.1/sender/commands/START_SESSION/1"
QUIET = WorldKnobs(arrivals=0, faults=0)


@pytest_asyncio.fixture
async def it(tmp_path: Path) -> AsyncIterator[Hosted]:
    async with hosted(tmp_path, QUIET) as made:
        await made.begin()
        yield made


def spot(it: Hosted, *, dc: bool = False) -> Spot:
    return next(one for one in it.host.world.spots if one.free and one.is_dc is dc)


def start(at: Spot, token: int = 0) -> StartSession:
    return StartSession(
        response_url=URL, token=driver(token), location_id=at.location_id, evse_uid=at.uid,
        authorization_reference="A1",
    )  # fmt: skip


def reserve(it: Hosted, at: Spot, token: int = 0, minutes: int = 15) -> ReserveNow:
    return ReserveNow(
        response_url=URL, token=driver(token), expiry_date=it.clock.at + timedelta(minutes=minutes),
        reservation_id="R1", location_id=at.location_id, evse_uid=at.uid,
    )  # fmt: skip


async def result(it: Hosted, body: object, **more: object) -> CommandResultType:
    outcome = await it.host.carry_out(order(it, body, **more))  # type: ignore[arg-type]
    assert outcome is not None
    return outcome.result


async def running(it: Hosted, at: Spot) -> Session:
    """A charge that was started from afar."""
    assert await result(it, start(at)) is CommandResultType.ACCEPTED
    await it.live(30, step=5)
    (session,) = await it.sessions()
    assert session.status is SessionStatus.ACTIVE
    return session


async def test_a_start_waits_for_the_cable_and_a_stop_ends_it_with_a_cdr(it: Hosted) -> None:
    """SES-FLOW-11, CMD-START-06"""
    at = spot(it)
    assert await it.host.consider(order(it, start(at))) is None
    assert await result(it, start(at)) is CommandResultType.ACCEPTED
    await it.live(1)
    (session,) = await it.sessions()
    assert session.status is SessionStatus.PENDING
    await it.live(30, step=5)
    (session,) = await it.sessions()
    assert session.status is SessionStatus.ACTIVE
    assert session.cdr_token.uid == driver().uid
    assert (session.auth_method, session.authorization_reference) == (AuthMethod.COMMAND, "A1")
    assert await it.status(at.uid) == "CHARGING"
    await it.live(1800, step=300)
    stop = StopSession(response_url=URL, session_id=session.id)
    assert await it.host.consider(order(it, stop, session_id=session.id)) is None
    assert await result(it, stop, session_id=session.id) is CommandResultType.ACCEPTED
    await it.live(1)
    (cdr,) = await it.cdrs()
    assert cdr.session_id == session.id
    assert cdr.total_energy > 1
    matched = match(cdr)
    assert matched is not None
    assert matched.ok
    assert await it.status(at.uid) == "BLOCKED"
    await it.live(900)
    assert await it.status(at.uid) == "AVAILABLE"


async def test_without_evse_the_first_free_one_is_taken(it: Hosted) -> None:
    at = spot(it)
    body = StartSession(response_url=URL, token=driver(), location_id=at.location_id)
    assert await result(it, body) is CommandResultType.ACCEPTED
    await it.live(30)
    (session,) = await it.sessions()
    assert session.location_id == at.location_id


async def test_a_start_to_which_nobody_plugs_in_is_invalid_in_the_end(tmp_path: Path) -> None:
    """CMD-START-09, SES-FLOW-12"""
    async with hosted(tmp_path, WorldKnobs(arrivals=0, faults=0)) as it:
        await it.begin()
        at = spot(it)
    forced = WorldKnobs(arrivals=0, faults=0, forced={at.uid: Fault.NO_CABLE})
    async with hosted(tmp_path, forced) as it:
        await it.begin()
        assert await result(it, start(at)) is CommandResultType.ACCEPTED
        await it.live(90)
        (session,) = await it.sessions()
        assert session.status is SessionStatus.INVALID
        assert await it.cdrs() == []
        assert await it.status(at.uid) == "AVAILABLE"


@pytest.mark.parametrize(
    ("fault", "answer"),
    [
        (Fault.OFFLINE, CommandResultType.TIMEOUT),
        (Fault.REFUSED, CommandResultType.REJECTED),
        (Fault.INOPERATIVE, CommandResultType.EVSE_INOPERATIVE),
        (Fault.OCCUPIED, CommandResultType.EVSE_OCCUPIED),
    ],
)
async def test_a_fault_has_its_result(
    tmp_path: Path, fault: Fault, answer: CommandResultType
) -> None:
    """CMD-START-10, CMD-RSP-09"""
    uid = next(one.uid for one in worlds.quiet().spots if one.free)
    knobs = WorldKnobs(arrivals=0, faults=0, forced={uid.lower(): fault})
    async with hosted(tmp_path, knobs) as it:
        await it.begin()
        at = next(one for one in it.host.world.spots if one.uid == uid)
        assert await result(it, start(at), seconds=0.6) is answer
        await it.live(60)
        assert await it.sessions() == []


async def test_an_evse_in_use_is_occupied(it: Hosted) -> None:
    at = spot(it)
    await running(it, at)
    assert await result(it, start(at, 1), id="2") is CommandResultType.EVSE_OCCUPIED


async def stopped(it: Hosted, at: Spot) -> Session:
    """A charge that was stopped from afar; the car still stands there."""
    session = await running(it, at)
    stop = StopSession(response_url=URL, session_id=session.id)
    assert await result(it, stop, session_id=session.id) is CommandResultType.ACCEPTED
    await it.live(1)
    return session


async def test_a_car_that_was_stopped_may_charge_on_in_another_session(it: Hosted) -> None:
    """CMD-START-06: nothing is active there, and the plug is still in."""
    at = spot(it)
    first = await stopped(it, at)
    car = it.host.world.charges[at.charge or ""].car
    assert await result(it, start(at, 1), id="2") is CommandResultType.EVSE_OCCUPIED
    assert await result(it, reserve(it, at), reservation=7) is CommandResultType.EVSE_OCCUPIED
    assert await result(it, start(at), id="3") is CommandResultType.ACCEPTED
    await it.live(900, step=30)  # by then the car would have driven off
    second = next(one for one in await it.sessions() if one.id != first.id)
    assert second.status is SessionStatus.ACTIVE
    assert (await it.status(at.uid), len(await it.cdrs())) == ("CHARGING", 1)
    assert it.host.world.charges[at.charge or ""].car == car


async def test_the_cable_stays_in_the_plug_where_it_was(it: Hosted) -> None:
    at = next(one for one in it.host.world.spots if one.free)
    at.plugs = (at.plugs[0], replace(at.plugs[0], id="other"))
    await stopped(it, at)
    used = it.host.world.charges[at.charge or ""].plug.id
    body = structs.replace(
        start(at), connector_id=next(one.id for one in at.plugs if one.id != used)
    )
    assert await result(it, body, id="2") is CommandResultType.EVSE_OCCUPIED
    body = structs.replace(body, connector_id=used)
    assert await result(it, body, id="3") is CommandResultType.ACCEPTED


async def test_who_gives_a_second_charge_up_leaves_the_evse_free(it: Hosted) -> None:
    at = spot(it)
    first = await stopped(it, at)
    assert await result(it, start(at), id="2") is CommandResultType.ACCEPTED
    await it.live(1)
    second = next(one for one in await it.sessions() if one.id != first.id)
    stop = StopSession(response_url=URL, session_id=second.id)
    assert await result(it, stop, session_id=second.id) is CommandResultType.ACCEPTED
    await it.live(1)
    assert await it.status(at.uid) == "AVAILABLE"


async def test_a_charger_that_the_world_lacks_is_refused_at_once(it: Hosted) -> None:
    body = StartSession(response_url=URL, token=driver(), location_id="NONE")
    considered = await it.host.consider(order(it, body))
    assert considered is not None
    assert considered.result is CommandResponseType.REJECTED


async def test_a_reservation_keeps_the_evse_for_its_driver(it: Hosted) -> None:
    at = spot(it)
    assert await result(it, reserve(it, at), reservation=7) is CommandResultType.ACCEPTED
    await it.live(1)
    assert await it.status(at.uid) == "RESERVED"
    assert await result(it, start(at, 1), id="2") is CommandResultType.EVSE_OCCUPIED
    await running(it, at)
    assert at.reservation is None


async def test_a_reservation_that_nobody_uses_expires(it: Hosted) -> None:
    at = spot(it)
    await result(it, reserve(it, at, minutes=5), reservation=7)
    await it.live(240)
    assert await it.status(at.uid) == "RESERVED"
    again = reserve(it, at, minutes=5)
    assert await result(it, again, id="2", reservation=7) is CommandResultType.ACCEPTED
    await it.live(240)
    assert await it.status(at.uid) == "RESERVED"
    await it.live(70)
    assert await it.status(at.uid) == "AVAILABLE"


async def test_a_cancelled_reservation_frees_the_evse(it: Hosted) -> None:
    at = spot(it)
    await result(it, reserve(it, at), reservation=7)
    cancel = CancelReservation(response_url=URL, reservation_id="R1")
    assert await result(it, cancel, reservation=8) is CommandResultType.UNKNOWN_RESERVATION
    assert await result(it, cancel, reservation=7) is CommandResultType.ACCEPTED
    await it.live(1)
    assert await it.status(at.uid) == "AVAILABLE"


async def test_unlocking_ends_the_charge(it: Hosted) -> None:
    at = spot(it)
    await running(it, at)
    unlock = UnlockConnector(
        response_url=URL, location_id=at.location_id, evse_uid=at.uid, connector_id="1"
    )
    assert await result(it, unlock, id="2") is CommandResultType.ACCEPTED
    await it.live(1)
    (session,) = await it.sessions()
    assert session.status is SessionStatus.COMPLETED


def profile_order(
    it: Hosted, session: Session, profile: ChargingProfile | None, duration: int | None = None
) -> ProfileOrder:
    return ProfileOrder(
        id="p", session_id=session.id, partner="movia", asked_by=worlds.EMSP,
        operator=worlds.CPO, deadline=it.clock.at + timedelta(seconds=30), profile=profile,
        duration=duration,
    )  # fmt: skip


def amperes(*steps: tuple[int, int], duration: int | None = None) -> ChargingProfile:
    return ChargingProfile(
        charging_rate_unit=ChargingRateUnit.A,
        duration=duration,
        charging_profile_period=[
            ChargingProfilePeriod(start_period=at, limit=Decimal(limit)) for at, limit in steps
        ],
    )


def watts(it: Hosted, at: Spot) -> float:
    return it.host.world.charges[at.charge or ""].watts


async def test_a_profile_is_kept_to_and_told_of(it: Hosted) -> None:
    """CHP-SEM-02, CHP-SEM-04, CHP-SEM-05"""
    at = spot(it)
    session = await running(it, at)
    free = watts(it, at)
    profile = amperes((0, 6), (600, 0), (900, 32))
    asked = profile_order(it, session, profile)
    assert await it.host.consider_profile(asked) is None
    outcome = await it.host.carry_out_profile(asked)
    assert outcome.result is ChargingProfileResultType.ACCEPTED
    phases = min(it.host.world.charges[at.charge or ""].car.phases, at.plugs[0].phases)
    assert watts(it, at) == 6 * 230 * phases
    active = await it.host.carry_out_profile(profile_order(it, session, None, duration=3600))
    assert active.active is not None
    told = active.active.charging_profile
    assert told.charging_rate_unit is ChargingRateUnit.A
    limits = [int(period.limit) for period in told.charging_profile_period or ()]
    assert limits[:2] == [6, 0]
    await it.live(700, step=50)
    assert watts(it, at) == 0
    await it.live(300, step=50)
    assert watts(it, at) == free
    await it.host.carry_out_profile(profile_order(it, session, amperes((0, 0))))
    assert watts(it, at) == 0
    await it.host.carry_out_profile(profile_order(it, session, None))
    assert watts(it, at) == free


async def test_a_profile_ends_with_its_duration(it: Hosted) -> None:
    """CHP-SEM-03"""
    at = spot(it)
    session = await running(it, at)
    free = watts(it, at)
    await it.host.carry_out_profile(profile_order(it, session, amperes((0, 0), duration=120)))
    assert watts(it, at) == 0
    await it.live(150, step=50)
    assert watts(it, at) == free


async def test_a_session_of_another_life_takes_no_profile(it: Hosted) -> None:
    at = spot(it)
    session = await running(it, at)
    gone = ProfileOrder(
        id="p", session_id="other", partner="movia", asked_by=worlds.EMSP, operator=worlds.CPO,
        deadline=it.clock.at, profile=amperes((0, 6)),
    )  # fmt: skip
    assert session.id != "other"
    assert await it.host.consider_profile(gone) is ChargingProfileResponseType.REJECTED
    done = await it.host.carry_out_profile(gone)
    assert done.result is ChargingProfileResultType.REJECTED


async def test_a_wish_spreads_the_energy_and_partners_are_told(it: Hosted) -> None:
    """SES-PREF-06"""
    at = spot(it)
    session = await running(it, at)
    free = watts(it, at)

    def wish(**wanted: object) -> Wish:
        return Wish(
            session_id=session.id, partner="movia", operator=worlds.CPO,
            preferences=ChargingPreferences(**wanted),  # type: ignore[arg-type]
        )  # fmt: skip

    later = it.clock.at + timedelta(hours=10)
    cheap = ProfileType.CHEAP
    needed = ChargingPreferencesResponse.DEPARTURE_REQUIRED
    assert await it.host.prefer(wish(profile_type=cheap)) is needed
    needed = ChargingPreferencesResponse.ENERGY_NEED_REQUIRED
    assert await it.host.prefer(wish(profile_type=cheap, departure_time=later)) is needed
    accepted = await it.host.prefer(
        wish(profile_type=cheap, departure_time=later, energy_need=Decimal(5))
    )
    assert accepted is ChargingPreferencesResponse.ACCEPTED
    assert 0 < watts(it, at) < free
    await it.live(1)
    ((told, active),) = it.steering.changes
    assert told == session.id
    assert active.charging_profile.charging_profile_period
    await it.host.prefer(wish(profile_type=ProfileType.FAST))
    assert watts(it, at) == free
