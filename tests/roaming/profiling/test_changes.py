"""Who set a profile hears of each change of the active one."""

import asyncio
import json
from typing import Any

import pytest
from tests.roaming import objects
from tests.roaming.profiling.cast import REJECTED, Charger, Stage, active, until
from tests.roaming.profiling.conftest import MakeStage
from tests.roaming.profiling.test_steering import HERE, posted

from voltroam.standard.errors import CallerError
from voltroam.standard.parties import PartyId
from voltroam.wire.call import Request, Response

CHANGES = "sender/chargingprofiles/"


def pushed(it: Stage) -> list[Request]:
    return it.cpo.company.network.sent("PUT", CHANGES)


def limits(request: Request) -> list[float]:
    periods = json.loads(request.body)["charging_profile"]["charging_profile_period"]
    return [period["limit"] for period in periods]


async def set_up(stage: MakeStage, **options: Any) -> Stage:
    """The eMSP has set a profile on S1, by its own node."""
    it = await stage(**options)
    call = await it.emsp.profiles.set("S1", active((0, 16)).charging_profile)
    done = await it.emsp.profiles.await_result(call.id, 5)
    assert done.succeeded
    return it


async def test_each_change_is_pushed_to_the_sender_that_set_a_profile(stage: MakeStage) -> None:
    """CHP-UPD-01, CHP-UPD-05: the answer has no data; the host of the sender hears of it."""
    it = await set_up(stage)
    await it.cpo.steering.changed("S1", active((0, 8), duration=60))
    (request,) = await until(lambda: pushed(it))
    assert request.url == "https://emsp.example/ocpi/2.2.1/sender/chargingprofiles/S1"
    assert limits(request) == [8]
    assert json.loads(request.body)["charging_profile"]["duration"] == 300
    async with asyncio.timeout(60):
        while (known := await it.emsp.profiles.known("S1", PartyId("NL", "AAA"))) is None:
            await asyncio.sleep(0.005)
    events = await it.emsp.company.store.events(0, 1000)
    assert [one.key for one in events if one.type == "profile.active"] == ["sessions/NL/AAA/S1"]
    assert (known.partner, known.active.charging_profile.duration) == ("cpo.example", 300)


async def test_without_a_profile_that_was_set_nothing_is_pushed(stage: MakeStage) -> None:
    """CHP-UPD-02: nor after one that the charger refused, nor to one that only asked."""
    it = await stage(behind=Charger(REJECTED, shows=active((0, 16))))
    await it.cpo.steering.changed("S1", active((0, 8)))
    await it.put(HERE, (0, 16))
    await it.pair.ask("GET", it.path(duration=900, response_url=HERE))
    await posted(it, 2)
    await it.cpo.steering.changed("S1", active((0, 6)))
    await asyncio.sleep(0.05)
    await it.cpo.look()
    assert pushed(it) == []


async def test_after_a_clear_the_push_shows_the_capacity_of_the_evse(stage: MakeStage) -> None:
    """CHP-UPD-04"""
    it = await set_up(stage)
    call = await it.emsp.profiles.clear("S1")
    assert (await it.emsp.profiles.await_result(call.id, 5)).succeeded
    (request,) = await until(lambda: pushed(it))
    body = json.loads(request.body)
    assert limits(request) == [16]
    assert body["charging_profile"]["charging_rate_unit"] == "A"
    assert 300 <= body["charging_profile"]["duration"] <= 3600


async def test_a_profile_that_the_operator_removes_is_told(stage: MakeStage) -> None:
    """CHP-UPD-06: and the session is free for others."""
    it = await set_up(stage)
    await it.cpo.steering.removed("S1")
    (request,) = await until(lambda: pushed(it))
    assert limits(request) == [16]


async def test_only_the_newest_state_is_sent_to_a_partner_that_was_away(stage: MakeStage) -> None:
    """CHP-UPD-01: nothing is queued."""
    it = await set_up(stage)
    network = it.cpo.company.network
    network.down.add("emsp.example")
    for amperes in (14, 12, 10):
        await it.cpo.steering.changed("S1", active((0, amperes)))
    await until(lambda: pushed(it))
    await asyncio.sleep(0.05)
    network.down.clear()
    network.log.clear()
    it.cpo.company.clock.forward(120)
    await asyncio.gather(it.cpo.look(), it.cpo.look())
    assert [limits(one) for one in pushed(it)] == [[10]]
    await it.cpo.look()
    assert len(pushed(it)) == 1


async def test_a_partner_that_stays_away_is_left_in_peace_until_the_next_change(
    stage: MakeStage,
) -> None:
    it = await set_up(stage)
    network = it.cpo.company.network
    network.down.add("emsp.example")
    await it.cpo.steering.changed("S1", active((0, 10)))
    for _ in range(20):
        await asyncio.sleep(0.01)
        it.cpo.company.clock.forward(90)
        await it.cpo.look()
    assert len(pushed(it)) == it.cpo.knobs.push_attempts
    network.down.clear()
    network.log.clear()
    await it.cpo.steering.changed("S1", active((0, 9)))
    assert [limits(one) for one in await until(lambda: pushed(it))] == [[9]]


async def test_a_partner_that_is_busy_says_when_to_come_back(stage: MakeStage) -> None:
    """CHP-UPD-01: 429 and 503 are no refusals, and their Retry-After counts."""
    it = await set_up(stage)
    network = it.cpo.company.network
    serve = network.hosts["emsp.example"]
    busy = [Response(429, {"retry-after": "40"}, b""), Response(503, {"retry-after": "40"}, b"")]

    async def answer(request: Request) -> Response:
        return busy.pop(0) if busy else await serve(request)

    network.hosts["emsp.example"] = answer
    await it.cpo.steering.changed("S1", active((0, 10)))
    await until(lambda: len(pushed(it)) == 1)
    for at in (1, 2, 3):
        await asyncio.sleep(0.02)
        it.cpo.company.clock.forward(39)
        await it.cpo.look()
        assert len(pushed(it)) == min(at, 3)
        it.cpo.company.clock.forward(2)
        await it.cpo.look()
    assert [limits(one) for one in pushed(it)] == [[10]] * 3


async def test_pushes_stop_when_the_session_ends(stage: MakeStage) -> None:
    """CHP-UPD-01: for an ongoing session."""
    it = await set_up(stage)
    over = objects.session(status="COMPLETED", end_date_time=objects.T2, last_updated=objects.T2)
    await it.hold("sessions", over, "S1")
    await it.cpo.steering.changed("S1", active((0, 10)))
    await asyncio.sleep(0.05)
    it.cpo.company.clock.forward(2000)
    await it.cpo.look()
    assert pushed(it) == []
    for kind in ("profile_push", "steered_session"):
        assert await it.cpo.company.store.records(kind) == []


async def test_a_change_of_a_session_that_is_not_ours_is_refused(stage: MakeStage) -> None:
    it = await stage()
    with pytest.raises(CallerError, match="S99"):
        await it.cpo.steering.changed("S99", active((0, 10)))


async def test_a_push_about_a_session_that_we_do_not_know_is_not_found(stage: MakeStage) -> None:
    """CHP-UPD-05: nor from a partner that is not its operator."""
    it = await stage()
    back = await it.cpo.company.partner("emsp.example")
    token = it.cpo.company.vault.open(back.token_sealed or "")
    shown = {
        "start_date_time": objects.T1,
        "charging_profile": {"charging_rate_unit": "W"},
    }
    fine = await it.emsp.company.ask(token, "PUT", CHANGES + "S1", shown)
    assert (fine.http, fine.code) == (200, 1000)
    assert b'"data"' not in fine.text
    strange = await it.emsp.company.ask(token, "PUT", CHANGES + "S2", shown)
    assert (strange.http, strange.code) == (404, 2000)
    bad = await it.emsp.company.ask(token, "PUT", CHANGES + "S1", {"charging_profile": {}})
    assert (bad.http, bad.code) == (200, 2001)
