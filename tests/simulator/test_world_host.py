"""The charger world at a node: what it reports becomes sessions and signed, priced CDRs."""

from datetime import timedelta
from pathlib import Path

from tests.simulator.hosted import Clock, hosted

from voltroam.billing.match import match
from voltroam.simulator.world.knobs import WorldKnobs
from voltroam.standard.v2_2_1 import AllowedType, AuthMethod, SessionStatus

BUSY = WorldKnobs(scale=60, faults=0, arrivals=20)


async def test_charges_become_sessions_and_signed_cdrs(tmp_path: Path) -> None:
    """SES-FLOW-01, CDR-SIG-01"""
    async with hosted(tmp_path, BUSY) as it:
        await it.begin()
        assert len(await it.sessions()) > 5
        await it.live(120, step=10)
        cdrs = await it.cdrs()
        assert len(cdrs) > 5
        ended = [one for one in await it.sessions() if one.status is SessionStatus.COMPLETED]
        assert {one.session_id for one in cdrs} == {one.id for one in ended}
        for cdr in cdrs:
            assert cdr.end_date_time <= it.clock.at
            matched = match(cdr)
            assert matched is not None
            assert matched.ok, matched


async def test_nothing_that_is_reported_lies_in_the_future(tmp_path: Path) -> None:
    async with hosted(tmp_path, WorldKnobs(scale=600, catch_up=30, arrivals=20)) as it:
        await it.begin()
        await it.live(60, step=15)
        for session in await it.sessions():
            assert session.start_date_time <= it.clock.at
            assert (session.end_date_time or session.start_date_time) <= it.clock.at
            for period in session.charging_periods or ():
                assert period.start_date_time <= it.clock.at


async def test_drivers_are_authorized_at_the_charger(tmp_path: Path) -> None:
    async with hosted(tmp_path, BUSY) as it:
        await it.begin()
        before = {one.id for one in await it.sessions()}
        await it.live(60, step=10)
        assert it.authorizer.questions
        uid, where = it.authorizer.questions[0]
        assert where is not None
        assert where.evse_uids
        new = [one for one in await it.sessions() if one.id not in before]
        assert {(one.auth_method, one.authorization_reference) for one in new} == {
            (AuthMethod.AUTH_REQUEST, "REF")
        }
        assert uid in {one.cdr_token.uid for one in new}


async def test_who_is_not_allowed_drives_on(tmp_path: Path) -> None:
    async with hosted(tmp_path, BUSY) as it:
        it.authorizer.allowed = AllowedType.BLOCKED
        await it.begin()
        before = len(await it.sessions())
        await it.live(60, step=10)
        assert it.authorizer.questions
        assert len(await it.sessions()) == before


async def test_the_status_of_an_evse_follows_its_charge(tmp_path: Path) -> None:
    async with hosted(tmp_path, BUSY) as it:
        await it.begin()
        charging = {one.spot.uid for one in it.host.world.charges.values()}
        assert charging
        for spot in it.host.world.spots[:20]:
            assert await it.status(spot.uid) == spot.status.value


async def test_what_was_charging_when_the_world_ended_is_closed_by_the_next(
    tmp_path: Path,
) -> None:
    async with hosted(tmp_path, BUSY) as it:
        await it.begin()
        left = {one.id for one in await it.sessions() if one.status is SessionStatus.ACTIVE}
        busy = next(iter(it.host.world.charges.values())).spot.uid
        assert await it.status(busy) == "CHARGING"
    later = Clock(it.clock.at + timedelta(hours=1))
    async with hosted(tmp_path, WorldKnobs(arrivals=0), clock=later) as it:
        await it.begin(drivers=False)
        now = {one.id: one.status for one in await it.sessions()}
        assert {now[session] for session in left} == {SessionStatus.COMPLETED}
        assert {one.session_id for one in await it.cdrs()} >= left
        assert await it.status(busy) == "AVAILABLE"
