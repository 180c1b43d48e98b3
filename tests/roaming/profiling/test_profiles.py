"""The side that steers: each request has a URL of its own, only its partner tells its result."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.roaming import objects
from tests.roaming.company import meet, role
from tests.roaming.profiling.cast import ACCEPTED, Charger, Stage, active, profile, until
from tests.roaming.profiling.conftest import MakeActor, MakeStage

from voltroam.roaming.profiling import CallState, ProfileCall
from voltroam.standard.errors import CallerError, NotFound
from voltroam.standard.parties import PartyId
from voltroam.standard.v2_2_1 import ChargingProfileResponseType, Role
from voltroam.wire.call import Request, Response


async def operator_token(it: Stage) -> str:
    """What the operator presents to the eMSP."""
    back = await it.cpo.company.partner("emsp.example")
    return it.cpo.company.vault.open(back.token_sealed or "")


async def open_call(stage: MakeStage) -> tuple[Stage, ProfileCall]:
    """A profile that the charger has not answered yet."""
    it = await stage()
    it.cpo.charger.gate = asyncio.Event()
    call = await it.emsp.profiles.set("S1", profile((0, 16)))
    assert call.state is CallState.ANSWERED
    return it, call


async def test_a_profile_is_set_asked_for_and_cleared(stage: MakeStage) -> None:
    """CHP-RSP-09, CHP-GET-03: each result is known by its own URL."""
    it = await stage(behind=Charger(shows=active((0, 16))))
    done = []
    asked: list[Callable[[], Awaitable[ProfileCall]]] = [
        partial(it.emsp.profiles.set, "s1", profile((0, 16))),
        partial(it.emsp.profiles.active, "S1"),
        partial(it.emsp.profiles.clear, "S1"),
    ]
    for ask in asked:
        it.cpo.company.clock.forward(1)
        call = await ask()
        assert call.response is not None
        assert call.response.result is ChargingProfileResponseType.ACCEPTED
        done.append(await it.emsp.profiles.await_result(call.id, 5))
    assert [call.state for call in done] == [CallState.RESULT] * 3
    assert [call.result for call in done] == [ACCEPTED] * 3
    assert done[1].active == active((0, 16))
    assert [call.id for call in await it.emsp.profiles.newest(10)] == [c.id for c in done[::-1]]
    urls = [one.url for one in it.cpo.company.network.sent("POST", "sender/chargingprofiles")]
    assert len(set(urls)) == 3


async def test_the_response_url_is_percent_encoded_in_a_query(stage: MakeStage) -> None:
    """CHP-GET-04, CHP-GET-05: the default duration is bounded."""
    it = await stage(behind=Charger(shows=active((0, 16))))
    call = await it.emsp.profiles.active("S1")
    await it.emsp.profiles.clear("S1")
    for method in ("GET", "DELETE"):
        (request,) = it.cpo.company.network.sent(method, "receiver/chargingprofiles")
        query = urlsplit(request.url).query
        assert "response_url=https%3A%2F%2Femsp.example%2F" in query
        assert request.body == b""
    asked = it.cpo.company.network.sent("GET", "receiver/chargingprofiles")[0]
    assert parse_qs(urlsplit(asked.url).query)["duration"] == ["900"]
    assert call.duration == 900
    with pytest.raises(CallerError, match="duration"):
        await it.emsp.profiles.active("S1", 90_000)


async def test_a_url_with_a_query_of_its_own_arrives_whole(stage: MakeStage) -> None:
    """CHP-GET-04"""
    it = await stage(behind=Charger(shows=active((0, 16))))
    url = "https://emsp.example/any/where?request_id=5678&other=%3F%26"
    await it.pair.ask("GET", it.path(duration=900, response_url=url))
    (request,) = await until(lambda: it.cpo.company.network.sent("POST", "/any/"))
    assert request.url == url


async def test_without_a_result_the_call_times_out_and_a_late_one_is_kept(
    stage: MakeStage,
) -> None:
    """CHP-RSP-07: after the timeout that the operator announced; nothing is repeated."""
    it, call = await open_call(stage)
    it.cpo.company.clock.forward(29)
    await it.emsp.profiles.look()
    assert (await it.emsp.profiles.await_result(call.id, 0)).state is CallState.ANSWERED
    it.cpo.company.clock.forward(2)
    await it.emsp.profiles.look()
    assert (await it.emsp.profiles.await_result(call.id, 5)).state is CallState.TIMED_OUT
    it.cpo.charger.gate.set()  # type: ignore[union-attr]  # open_call has set it
    await until(lambda: it.cpo.company.network.sent("POST", call.id))
    await asyncio.sleep(0.05)
    late = await it.emsp.profiles.get(call.id)
    assert late is not None
    assert (late.state, late.result) == (CallState.LATE, ACCEPTED)


async def test_a_result_is_answered_without_data(stage: MakeStage) -> None:
    """CHP-RSP-10: a repeat as well; another result is refused."""
    it, call = await open_call(stage)
    token = await operator_token(it)
    path = f"sender/chargingprofiles/chargingprofile/{call.id}"
    for _ in range(2):
        answer = await it.emsp.company.ask(token, "POST", path, {"result": "ACCEPTED"})
        assert (answer.http, answer.code) == (200, 1000)
        assert b'"data"' not in answer.text
    answer = await it.emsp.company.ask(token, "POST", path, {"result": "REJECTED"})
    assert (answer.http, answer.code) == (200, 2001)


async def test_a_result_counts_at_its_own_url_and_from_the_partner_only(
    stage: MakeStage, actor: MakeActor
) -> None:
    """CHP-RSP-09: the results of PUT and DELETE look alike."""
    it, call = await open_call(stage)
    token = await operator_token(it)
    stranger = await actor("strange.example", role("BE/STR", Role.CPO))
    strange = (await meet(it.emsp.company, stranger.company)).token
    path = "sender/chargingprofiles"
    for who, where in (
        (token, f"{path}/clearprofile/{call.id}"),
        (token, f"{path}/chargingprofile/{call.id[:-1]}x"),
        (token, f"{path}/chargingprofile/guess"),
        (strange, f"{path}/chargingprofile/{call.id}"),
    ):
        answer = await it.emsp.company.ask(who, "POST", where, {"result": "ACCEPTED"})
        assert (answer.http, answer.code) == (404, 2000)
    held = await it.emsp.profiles.get(call.id)
    assert held is not None
    assert held.result is None


async def test_a_result_may_overtake_the_answer(stage: MakeStage) -> None:
    """CHP-RSP-09: the operator posts before its own answer has arrived."""
    it = await stage()
    network = it.cpo.company.network
    serve = network.hosts["cpo.example"]

    async def slowly(request: object) -> object:
        response = await serve(request)  # type: ignore[arg-type]  # the request is passed on
        await until(lambda: network.sent("POST", "sender/chargingprofiles"))
        await asyncio.sleep(0.02)
        return response

    network.hosts["cpo.example"] = slowly  # type: ignore[assignment]  # as above
    call = await it.emsp.profiles.set("S1", profile((0, 16)))
    assert (call.state, call.result) == (CallState.RESULT, ACCEPTED)
    assert call.response is not None


@pytest.mark.parametrize(
    ("verdict", "state"),
    [("TOO_OFTEN", CallState.REFUSED), ("NOT_SUPPORTED", CallState.REFUSED)],
)
async def test_what_the_operator_refuses_is_settled_at_once(
    stage: MakeStage, verdict: str, state: CallState
) -> None:
    """CHP-RSP-07"""
    it = await stage(behind=Charger(consider=ChargingProfileResponseType(verdict)))
    call = await it.emsp.profiles.set("S1", profile((0, 16)))
    assert call.state is state
    assert call.response is not None
    assert call.response.result == verdict


async def test_an_operator_that_is_away_leaves_a_trace_and_gets_no_second_call(
    stage: MakeStage,
) -> None:
    it = await stage()
    network = it.cpo.company.network
    network.down.add("cpo.example")
    call = await it.emsp.profiles.set("S1", profile((0, 16)))
    assert (call.state, call.reason) == (CallState.REFUSED, "nobody at cpo.example")
    network.down.clear()
    network.lose = lambda request: request.method == "PUT"
    doubtful = await it.emsp.profiles.set("S1", profile((0, 16)))
    assert doubtful.state in (CallState.UNCERTAIN, CallState.RESULT)
    network.lose = lambda _request: False
    settled = await it.emsp.profiles.await_result(doubtful.id, 5)
    assert settled.result is ACCEPTED
    assert len(network.sent("PUT", "receiver/chargingprofiles")) == 2


async def test_what_cannot_be_sent_is_refused_and_leaves_no_trace(stage: MakeStage) -> None:
    """CHP-SEM-06, CHP-PUT-01"""
    it = await stage()
    profiles = it.emsp.profiles
    with pytest.raises(CallerError, match="decimal"):
        await profiles.set("S1", profile((0, 8.15)))
    with pytest.raises(CallerError, match="start_period"):
        await profiles.set("S1", profile((-1, 8)))
    with pytest.raises(CallerError, match="S99"):
        await profiles.set("S99", profile((0, 8)))
    with pytest.raises(CallerError, match="no party of ours"):
        await profiles.set("S1", profile((0, 8)), as_party=PartyId("FR", "OTH"))
    over = objects.session(status="COMPLETED", end_date_time=objects.T2, last_updated=objects.T2)
    await it.hold("sessions", over, "S1")
    with pytest.raises(CallerError, match="ongoing"):
        await profiles.clear("S1")
    assert await profiles.newest(10) == []
    with pytest.raises(NotFound):
        await profiles.await_result("none")


async def test_a_call_that_a_dead_process_left_becomes_uncertain(stage: MakeStage) -> None:
    it = await stage()
    network = it.cpo.company.network
    serve = network.hosts["cpo.example"]

    async def never(_request: object) -> object:
        await asyncio.sleep(60)
        raise AssertionError

    network.hosts["cpo.example"] = never  # type: ignore[assignment]  # it never answers
    task = asyncio.create_task(it.emsp.profiles.set("S1", profile((0, 16))))
    await until(lambda: network.sent("PUT", "receiver/chargingprofiles"))
    task.cancel()
    network.hosts["cpo.example"] = serve
    it.cpo.company.clock.forward(80)
    await it.emsp.profiles.look()
    (call,) = await it.emsp.profiles.newest(10)
    assert call.state is CallState.UNCERTAIN
    it.cpo.company.clock.forward(61)
    await it.emsp.profiles.look()
    (call,) = await it.emsp.profiles.newest(10)
    assert call.state is CallState.TIMED_OUT
    assert len(network.sent("PUT", "receiver/chargingprofiles")) == 1


async def test_a_partner_that_is_busy_did_nothing(stage: MakeStage) -> None:
    """CHP-RSP-07: 503 means that; nobody waits for a result."""
    it = await stage()

    async def busy(_request: Request) -> Response:
        return Response(503, {}, b"<html>")

    it.cpo.company.network.hosts["cpo.example"] = busy
    call = await it.emsp.profiles.set("S1", profile((0, 16)))
    assert call.state is CallState.REFUSED
