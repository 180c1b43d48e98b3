"""What a driver would like: taken by the operator, sent by the eMSP."""

import asyncio
from typing import Any

import pytest
from tests.roaming import objects
from tests.roaming.company import Answer, meet, role
from tests.roaming.profiling.cast import Charger, Stage
from tests.roaming.profiling.conftest import MakeActor, MakeStage

from voltroam.roaming.host import Unattended, Wish
from voltroam.roaming.profiling import ProfileKnobs
from voltroam.standard.errors import CallerError
from voltroam.standard.v2_2_1 import (
    ChargingPreferences,
    ChargingPreferencesResponse,
    ProfileType,
    Role,
)

CAPABLE = ("CHARGING_PREFERENCES_CAPABLE",)
PATH = "sender/sessions/S1/charging_preferences"
REGULAR = {"profile_type": "REGULAR"}
LATER = "2026-11-22T14:00:00Z"
"""Two hours after the clock of the tests."""


async def wish(it: Stage, path: str = PATH, **wanted: object) -> Answer:
    return await it.pair.ask("PUT", path, REGULAR | wanted)


async def with_tariffs(stage: MakeStage, *types: str | None, **options: Any) -> Stage:
    it = await stage(capabilities=CAPABLE, **options)
    for index, type_ in enumerate(types):
        tariff = objects.tariff(id=f"T{index}")
        await it.cpo.company.import_(
            "tariffs", tariff if type_ is None else tariff | {"type": type_}
        )
    ids = [f"T{index}" for index in range(len(types))]
    connector = objects.connector(tariff_ids=ids)
    evse = objects.evse(capabilities=list(CAPABLE), connectors=[connector])
    await it.hold("locations", objects.location(evses=[evse], last_updated=objects.T2), "LOC1")
    return it


async def test_the_answer_is_a_bare_word(stage: MakeStage) -> None:
    """SES-PREF-01, SES-PREF-03"""
    it = await stage(capabilities=CAPABLE)
    answer = await wish(it, departure_time=LATER, energy_need=20)
    assert (answer.http, answer.code, answer.data) == (200, 1000, "ACCEPTED")
    (taken,) = it.cpo.charger.wishes
    assert taken.preferences.energy_need == 20
    kept = await it.cpo.preferences.of("s1")
    assert kept == taken.preferences


async def test_what_is_not_said_about_discharging_is_no(stage: MakeStage) -> None:
    """SES-PREF-11"""
    it = await stage(capabilities=CAPABLE)
    await wish(it)
    await wish(it, discharge_allowed=True)
    assert [one.preferences.discharge_allowed for one in it.cpo.charger.wishes] == [False, True]


@pytest.mark.parametrize("path", ["sender/sessions/S1", "receiver/sessions/S1"])
async def test_the_bare_session_takes_no_preferences(stage: MakeStage, path: str) -> None:
    """SES-PREF-02"""
    it = await stage(capabilities=CAPABLE)
    assert (await wish(it, path)).http in (404, 405)
    assert it.cpo.charger.wishes == []


async def test_an_evse_that_cannot_is_not_found(stage: MakeStage) -> None:
    """SES-PREF-04"""
    it = await stage(capabilities=("CHARGING_PROFILE_CAPABLE",))
    answer = await wish(it)
    assert (answer.http, answer.code) == (404, 2001)


@pytest.mark.parametrize(
    ("types", "wanted", "answer"),
    [
        (("REGULAR",), "GREEN", "PROFILE_TYPE_NOT_SUPPORTED"),
        ((None,), "GREEN", "PROFILE_TYPE_NOT_SUPPORTED"),
        ((), "FAST", "PROFILE_TYPE_NOT_SUPPORTED"),
        (("REGULAR", "PROFILE_GREEN"), "GREEN", "ACCEPTED"),
        (("PROFILE_GREEN",), "CHEAP", "PROFILE_TYPE_NOT_SUPPORTED"),
        (("PROFILE_CHEAP",), "CHEAP", "ACCEPTED"),
        (("PROFILE_FAST",), "FAST", "ACCEPTED"),
        ((), "REGULAR", "ACCEPTED"),
    ],
)
async def test_each_profile_needs_a_tariff_of_its_type(
    stage: MakeStage, types: tuple[str | None, ...], wanted: str, answer: str
) -> None:
    """SES-PREF-05, SES-PREF-09"""
    it = await with_tariffs(stage, *types)
    assert (await wish(it, profile_type=wanted)).data == answer
    assert bool(it.cpo.charger.wishes) == (answer == "ACCEPTED")


async def test_a_scheduler_may_need_departure_and_energy(stage: MakeStage) -> None:
    """SES-PREF-06"""
    knobs = ProfileKnobs(departure_required=True, energy_need_required=True)
    it = await stage(capabilities=CAPABLE, knobs=knobs)
    assert (await wish(it)).data == "DEPARTURE_REQUIRED"
    assert (await wish(it, departure_time=LATER)).data == "ENERGY_NEED_REQUIRED"
    assert (await wish(it, departure_time=LATER, energy_need=5)).data == "ACCEPTED"


@pytest.mark.parametrize(
    ("departure", "need", "answer"),
    [
        ("2026-11-22T12:10:00Z", 500, "NOT_POSSIBLE"),
        ("2026-11-22T11:00:00Z", 1, "NOT_POSSIBLE"),
        (LATER, 23.5, "ACCEPTED"),
        (LATER, 23.7, "NOT_POSSIBLE"),
    ],
)
async def test_what_the_connector_cannot_give_is_not_possible(
    stage: MakeStage, departure: str, need: float, answer: str
) -> None:
    """SES-PREF-07: 11.04 kW for two hours are 22.08 kWh; 1.5 kWh are charged already."""
    it = await stage(capabilities=CAPABLE)
    assert (await wish(it, departure_time=departure, energy_need=need)).data == answer


@pytest.mark.parametrize("status", ["COMPLETED", "INVALID", "RESERVATION"])
async def test_only_an_ongoing_session_has_preferences(stage: MakeStage, status: str) -> None:
    """SES-PREF-08"""
    it = await stage(capabilities=CAPABLE)
    await it.hold("sessions", objects.session(status=status, last_updated=objects.T2), "S1")
    answer = await wish(it)
    assert 2000 <= answer.code < 3000
    unknown = await wish(it, "sender/sessions/S99/charging_preferences")
    assert unknown.http == 404
    assert it.cpo.charger.wishes == []
    assert await it.cpo.preferences.of("S1") is None


async def test_another_partys_session_is_not_found(stage: MakeStage, actor: MakeActor) -> None:
    """SES-PREF-12"""
    it = await stage(capabilities=CAPABLE)
    other = await actor("foreign.example", role("FR/OTH", Role.EMSP))
    token = (await meet(it.cpo.company, other.company)).token
    answer = await it.cpo.company.ask(token, "PUT", PATH, REGULAR)
    assert (answer.http, answer.code) == (404, 2000)
    assert it.cpo.charger.wishes == []


@pytest.mark.parametrize("body", [{}, {"profile_type": "SLOW"}, {"profile_type": None}])
async def test_preferences_that_are_none_are_refused(
    stage: MakeStage, body: dict[str, object]
) -> None:
    """SES-PREF-01"""
    it = await stage(capabilities=CAPABLE)
    answer = await it.pair.ask("PUT", PATH, body)
    assert (answer.http, answer.code) == (200, 2001)
    assert "profile_type" in answer.message


class Slow(Charger):
    async def prefer(self, wish: Wish) -> ChargingPreferencesResponse:
        await asyncio.sleep(60)
        raise AssertionError


class Broken(Charger):
    async def prefer(self, wish: Wish) -> ChargingPreferencesResponse:
        raise RuntimeError("down")


@pytest.mark.parametrize("host", [Slow(), Broken(), Unattended()], ids=["slow", "broken", "none"])
async def test_a_host_that_does_not_say_still_gives_an_answer(
    stage: MakeStage, host: Unattended
) -> None:
    it = await stage(capabilities=CAPABLE, behind=host, knobs=ProfileKnobs(prefer=0.05))
    assert (await wish(it)).data == "NOT_POSSIBLE"
    assert await it.cpo.preferences.of("S1") is None


async def test_an_emsp_sends_what_its_driver_wants(stage: MakeStage) -> None:
    """SES-PREF-01, SES-PREF-03"""
    it = await with_tariffs(stage, "PROFILE_GREEN")
    green = ChargingPreferences(profile_type=ProfileType.GREEN)
    said = await it.emsp.preferences.prefer("S1", green)
    assert said is ChargingPreferencesResponse.ACCEPTED
    fast = ChargingPreferences(profile_type=ProfileType.FAST)
    said = await it.emsp.preferences.prefer("S1", fast)
    assert said is ChargingPreferencesResponse.PROFILE_TYPE_NOT_SUPPORTED


async def test_an_emsp_looks_for_the_capability_first(stage: MakeStage) -> None:
    """SES-PREF-10"""
    it = await stage(capabilities=("CHARGING_PROFILE_CAPABLE",))
    wanted = ChargingPreferences(profile_type=ProfileType.REGULAR)
    with pytest.raises(CallerError, match="preferences"):
        await it.emsp.preferences.prefer("S1", wanted)
    with pytest.raises(CallerError, match="S99"):
        await it.emsp.preferences.prefer("S99", wanted)
    over = objects.session(status="COMPLETED", end_date_time=objects.T2, last_updated=objects.T2)
    await it.hold("sessions", over, "S1")
    with pytest.raises(CallerError, match="ongoing"):
        await it.emsp.preferences.prefer("S1", wanted)
    assert it.cpo.company.network.sent("PUT", "charging_preferences") == []
