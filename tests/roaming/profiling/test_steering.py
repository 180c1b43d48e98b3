"""A partner asks, the operator answers at once and posts what the charger made of it."""

import asyncio
import json

import pytest
from tests.roaming import objects
from tests.roaming.company import meet, role
from tests.roaming.profiling.cast import (
    REJECTED,
    UNKNOWN,
    Actor,
    Charger,
    Stage,
    active,
    until,
)
from tests.roaming.profiling.conftest import MakeActor, MakeStage

from voltroam.roaming.host import ProfileOrder, ProfileOutcome, Unattended
from voltroam.roaming.profiling import Grant, OrderState, ProfileKnobs
from voltroam.standard.parties import PartyId
from voltroam.standard.v2_2_1 import ChargingProfileResponseType, Role
from voltroam.wire.call import Request

HERE = "https://emsp.example/any/where?a=1&b=2"
QUICK = ProfileKnobs(head_start=0, timeout=30)


def results(stage: Stage) -> list[Request]:
    """What the operator posted, whatever became of it."""
    return stage.cpo.company.network.sent("POST", "emsp.example/any")


async def posted(stage: Stage, count: int = 1) -> list[Request]:
    await until(lambda: len(results(stage)) >= count)
    await settled(stage.cpo)
    return results(stage)


async def settled(actor: Actor) -> None:
    """Until every order has its last state."""
    last = {OrderState.POSTED, OrderState.FAILED, OrderState.LOST}
    async with asyncio.timeout(60):
        while {order.state for order in await actor.steering.newest(50)} - last:
            await asyncio.sleep(0.005)


def body(request: Request) -> object:
    return json.loads(request.body)


async def test_an_accepted_profile_reaches_the_charger_and_its_result_the_url(
    stage: MakeStage,
) -> None:
    """CHP-EP-01, CHP-RSP-01, CHP-PUT-02, CHP-RSP-08: exactly the URL, with ordinary headers."""
    it = await stage()
    answer = await it.put(HERE, (0, 16.0), (600, 8.1))
    assert (answer.http, answer.code) == (200, 1000)
    assert answer.data == {"result": "ACCEPTED", "timeout": 30}
    (request,) = await posted(it)
    assert request.url == HERE
    assert body(request) == {"result": "ACCEPTED"}
    assert request.headers["authorization"].startswith("Token ")
    assert request.headers["ocpi-from-party-id"] == "AAA"
    assert request.headers["ocpi-to-party-id"] == "MSP"
    (order,) = it.cpo.charger.orders
    assert order.profile is not None
    assert order.profile.charging_profile_period is not None
    assert [str(one.limit) for one in order.profile.charging_profile_period] == ["16.0", "8.1"]
    assert (order.session_id, order.asked_by) == ("S1", PartyId("DE", "MSP"))


async def test_the_last_profile_put_is_in_force(stage: MakeStage) -> None:
    """CHP-PUT-01: carried out in the order in which they came."""
    it = await stage()
    it.cpo.charger.gate = asyncio.Event()
    await it.put(HERE, (0, 16))
    await until(lambda: it.cpo.charger.orders)
    await it.put(HERE, (0, 8))
    it.cpo.charger.gate.set()
    await posted(it, 2)
    last = it.cpo.charger.orders[-1].profile
    assert last is not None
    assert last.charging_profile_period is not None
    assert int(last.charging_profile_period[0].limit) == 8


async def test_a_profile_that_was_overtaken_before_it_began_is_not_carried_out(
    stage: MakeStage,
) -> None:
    """CHP-PUT-01"""
    it = await stage()
    it.cpo.charger.gate = asyncio.Event()
    await it.put(HERE, (0, 16))
    await until(lambda: it.cpo.charger.orders)
    await it.put(HERE, (0, 12))
    await it.put(HERE, (0, 8))
    it.cpo.charger.gate.set()
    requests = await posted(it, 3)
    assert len(it.cpo.charger.orders) == 2
    assert [body(one) for one in requests].count({"result": "REJECTED"}) == 1


async def test_the_active_profile_follows_by_post(stage: MakeStage) -> None:
    """CHP-GET-01, CHP-GET-02, CHP-GET-03"""
    it = await stage(behind=Charger(shows=active((0, 16))))
    answer = await it.pair.ask("GET", it.path(duration=900, response_url=HERE))
    assert answer.data == {"result": "ACCEPTED", "timeout": 30}
    (request,) = await posted(it)
    assert request.url == HERE
    assert body(request) == {
        "result": "ACCEPTED",
        "profile": {
            "start_date_time": "2026-11-22T12:00:00Z",
            "charging_profile": {
                "charging_rate_unit": "A",
                "duration": 900,
                "charging_profile_period": [{"start_period": 0, "limit": 16}],
            },
        },
    }
    assert it.cpo.charger.orders[0].duration == 900


@pytest.mark.parametrize("shows", [True, False])
async def test_a_rejected_question_has_no_profile(stage: MakeStage, shows: bool) -> None:
    """CHP-GET-03: nor has one that the charger says it took, without telling the profile."""
    host = Charger(REJECTED, shows=active((0, 16))) if shows else Charger()
    it = await stage(behind=host)
    await it.pair.ask("GET", it.path(duration=900, response_url=HERE))
    (request,) = await posted(it)
    assert body(request) == {"result": "REJECTED"}


@pytest.mark.parametrize(
    ("method", "query"),
    [
        ("GET", {"duration": 900}),
        ("GET", {"response_url": HERE}),
        ("GET", {"duration": "soon", "response_url": HERE}),
        ("GET", {"duration": 0, "response_url": HERE}),
        ("DELETE", {}),
        ("DELETE", {"response_url": ""}),
        ("DELETE", {"response_url": "https://emsp.example/" + "x" * 250}),
    ],
)
async def test_the_query_must_be_whole(
    stage: MakeStage, method: str, query: dict[str, object]
) -> None:
    """CHP-GET-01, CHP-DEL-01"""
    it = await stage()
    answer = await it.pair.ask(method, it.path(**query))
    assert (answer.http, answer.code) == (200, 2001)
    assert it.cpo.charger.orders == []


@pytest.mark.parametrize(
    "url",
    [
        "https://elsewhere.example/cb",
        "https://emsp.example:8443/cb",
        "http://emsp.example/cb",
        "https://user:pw@emsp.example/cb",
        "ftp://emsp.example/cb",
    ],
)
async def test_a_url_that_is_not_the_partners_is_refused(stage: MakeStage, url: str) -> None:
    it = await stage()
    for answer in (
        await it.put(url, (0, 16)),
        await it.pair.ask("DELETE", it.path(response_url=url)),
        await it.pair.ask("GET", it.path(duration=900, response_url=url)),
    ):
        assert (answer.http, answer.code) == (200, 2001)
    assert it.cpo.charger.orders == []


async def test_a_profile_is_cleared_and_what_was_never_set_is_unknown(stage: MakeStage) -> None:
    """CHP-DEL-01, CHP-DEL-02: the charger is not asked for a profile that does not exist."""
    it = await stage()
    await it.pair.ask("DELETE", it.path(response_url=HERE))
    assert body((await posted(it))[0]) == {"result": "UNKNOWN"}
    assert it.cpo.charger.orders == []
    await it.put(HERE, (0, 16))
    await posted(it, 2)
    answer = await it.pair.ask("DELETE", it.path(response_url=HERE))
    assert answer.data["result"] == "ACCEPTED"
    assert body((await posted(it, 3))[2]) == {"result": "ACCEPTED"}
    assert it.cpo.charger.orders[-1].profile is None
    await it.pair.ask("DELETE", it.path(response_url=HERE))
    assert body((await posted(it, 4))[3]) == {"result": "UNKNOWN"}


async def test_an_unknown_session_is_said_inside_the_envelope(stage: MakeStage) -> None:
    """CHP-RSP-02, CHP-RSP-06"""
    it = await stage()
    answer = await it.put(HERE, (0, 16), session="S99")
    assert (answer.http, answer.code) == (200, 1000)
    assert answer.data == {"result": "UNKNOWN_SESSION", "timeout": 30}
    await it.cpo.look()
    assert results(it) == []


async def test_a_session_that_is_over_is_rejected(stage: MakeStage) -> None:
    """CHP-PUT-01, CHP-RSP-06"""
    it = await stage()
    over = objects.session(status="COMPLETED", end_date_time=objects.T2, last_updated=objects.T2)
    await it.hold("sessions", over, "S1")
    assert (await it.put(HERE, (0, 16))).data["result"] == "REJECTED"
    assert it.cpo.charger.orders == []
    assert results(it) == []


async def test_an_evse_that_cannot_is_not_supported(stage: MakeStage) -> None:
    """CHP-RSP-05, CHP-RSP-06"""
    it = await stage(capabilities=("RFID_READER",))
    assert (await it.put(HERE, (0, 16))).data["result"] == "NOT_SUPPORTED"
    assert it.cpo.charger.orders == []
    assert results(it) == []


async def test_without_a_host_nothing_is_supported_and_nothing_posted(stage: MakeStage) -> None:
    """CHP-RSP-05, CHP-RSP-06"""
    it = await stage(behind=Unattended())
    assert (await it.put(HERE, (0, 16))).data["result"] == "NOT_SUPPORTED"
    await it.cpo.look()
    assert results(it) == []
    assert await it.cpo.steering.newest(10) == []


async def test_what_the_host_refuses_is_answered_and_not_posted(stage: MakeStage) -> None:
    """CHP-RSP-06"""
    it = await stage(behind=Charger(consider=ChargingProfileResponseType.REJECTED))
    assert (await it.put(HERE, (0, 16))).data["result"] == "REJECTED"
    await it.cpo.look()
    assert it.cpo.charger.orders == []
    assert results(it) == []


class Broken(Charger):
    """Fails at one of its two questions."""

    def __init__(self, *, at: str) -> None:
        super().__init__()
        self.at = at

    async def consider_profile(self, order: ProfileOrder) -> ChargingProfileResponseType | None:
        if self.at == "consider":
            raise RuntimeError("the back end is down")
        if self.at == "consider slowly":
            await asyncio.sleep(60)
        return None

    async def carry_out_profile(self, order: ProfileOrder) -> ProfileOutcome:
        raise RuntimeError("the back end is down")


@pytest.mark.parametrize("at", ["consider", "consider slowly"])
async def test_a_host_that_fails_or_is_late_still_gives_an_answer(
    stage: MakeStage, at: str
) -> None:
    it = await stage(behind=Broken(at=at), knobs=ProfileKnobs(head_start=0, consider=0.05))
    assert (await it.put(HERE, (0, 16))).data["result"] == "REJECTED"
    assert results(it) == []


async def test_a_charger_that_fails_is_reported_as_rejected(stage: MakeStage) -> None:
    it = await stage(behind=Broken(at="carry out"))
    await it.put(HERE, (0, 16))
    assert body((await posted(it))[0]) == {"result": "REJECTED"}


async def test_a_charger_that_is_late_is_rejected_before_the_announced_timeout(
    stage: MakeStage,
) -> None:
    """CHP-RSP-07: our own sender may give up at the timeout."""
    it = await stage(knobs=ProfileKnobs(head_start=0, timeout=31, margin=30))
    it.cpo.charger.gate = asyncio.Event()
    loop = asyncio.get_running_loop()
    began = loop.time()
    assert (await it.put(HERE, (0, 16))).data == {"result": "ACCEPTED", "timeout": 31}
    (request,) = await posted(it)
    assert loop.time() - began < 31
    assert body(request) == {"result": "REJECTED"}


async def test_too_many_requests_are_answered_too_often(stage: MakeStage) -> None:
    """CHP-RSP-03, CHP-RSP-06: none of them is forwarded, and after a while all is well again."""
    it = await stage(knobs=ProfileKnobs(head_start=0, often=3, often_within=60))
    answers = [(await it.put(HERE, (0, 16))).data["result"] for _ in range(5)]
    assert answers == ["ACCEPTED"] * 3 + ["TOO_OFTEN"] * 2
    await posted(it, 3)
    assert len(results(it)) == 3
    it.cpo.company.clock.forward(61)
    await it.cpo.look()
    assert (await it.put(HERE, (0, 16))).data["result"] == "ACCEPTED"


async def test_a_repeated_request_is_carried_out_once(stage: MakeStage) -> None:
    it = await stage()
    sent = {"x-request-id": "one", "x-correlation-id": "one"}
    path, query = it.path(response_url=HERE), {"headers": sent}
    await it.put(HERE, (0, 16))
    await posted(it)
    for _ in range(3):
        assert (await it.pair.ask("DELETE", path, **query)).data["result"] == "ACCEPTED"
    await posted(it, 2)
    await it.cpo.look()
    assert len(results(it)) == 2
    assert len(it.cpo.charger.orders) == 2


async def other(actor: MakeActor, it: Stage, host: str, *roles: object) -> tuple[Actor, str]:
    """Another company that registered with the operator, and its token."""
    one = await actor(host, *roles)
    pair = await meet(it.cpo.company, one.company)
    return one, pair.token


async def put_as(it: Stage, token: str, host: str) -> object:
    period = [{"start_period": 0, "limit": 10}]
    profile = {"charging_rate_unit": "A", "charging_profile_period": period}
    wanted = {"charging_profile": profile, "response_url": f"https://{host}/cb"}
    answer = await it.cpo.company.ask(token, "PUT", it.path(), wanted)
    assert (answer.http, answer.code) == (200, 1000)
    return answer.data["result"]


async def test_a_party_that_does_not_own_the_token_is_rejected(
    stage: MakeStage, actor: MakeActor
) -> None:
    """CHP-RSP-04"""
    it = await stage()
    _, token = await other(actor, it, "foreign.example", role("FR/OTH", Role.EMSP))
    assert await put_as(it, token, "foreign.example") == "REJECTED"
    assert it.cpo.charger.orders == []


async def test_a_provider_steers_only_what_was_granted_to_it(
    stage: MakeStage, actor: MakeActor
) -> None:
    """CHP-RSP-04, CHP-TOP-04: per operator and eMSP, until it is revoked."""
    it = await stage()
    _, token = await other(actor, it, "scsp.example", role("NL/SCS", Role.SCSP))
    assert await put_as(it, token, "scsp.example") == "REJECTED"
    grant = Grant(
        operator=PartyId("NL", "AAA"), provider=PartyId("NL", "SCS"),
        contract=PartyId("FR", "OTH"),
    )  # fmt: skip
    await it.cpo.steering.grants.grant(grant)
    assert await put_as(it, token, "scsp.example") == "REJECTED"
    right = Grant(operator=grant.operator, provider=grant.provider, contract=PartyId("DE", "MSP"))
    await it.cpo.steering.grants.grant(right)
    assert await put_as(it, token, "scsp.example") == "ACCEPTED"
    await settled(it.cpo)
    await it.cpo.steering.grants.revoke(right)
    assert await put_as(it, token, "scsp.example") == "REJECTED"


async def test_only_one_party_steers_a_session(stage: MakeStage, actor: MakeActor) -> None:
    """CHP-TOP-03: the second may once the first has cleared its profile."""
    it = await stage()
    _, token = await other(actor, it, "scsp.example", role("NL/SCS", Role.SCSP))
    await it.cpo.steering.grants.grant(
        Grant(
            operator=PartyId("NL", "AAA"), provider=PartyId("NL", "SCS"),
            contract=PartyId("DE", "MSP"),
        )
    )  # fmt: skip
    await it.put(HERE, (0, 16))
    assert await put_as(it, token, "scsp.example") == "REJECTED"
    await posted(it)
    assert await put_as(it, token, "scsp.example") == "REJECTED"
    await it.pair.ask("DELETE", it.path(response_url=HERE))
    await posted(it, 2)
    assert await put_as(it, token, "scsp.example") == "ACCEPTED"
    assert (await it.put(HERE, (0, 16))).data["result"] == "REJECTED"


async def test_a_profile_that_the_charger_refused_leaves_the_session_free(
    stage: MakeStage, actor: MakeActor
) -> None:
    """CHP-TOP-03"""
    it = await stage(behind=Charger(REJECTED))
    _, token = await other(actor, it, "scsp.example", role("NL/SCS", Role.SCSP))
    await it.cpo.steering.grants.grant(
        Grant(
            operator=PartyId("NL", "AAA"), provider=PartyId("NL", "SCS"),
            contract=PartyId("DE", "MSP"),
        )
    )  # fmt: skip
    await it.put(HERE, (0, 16))
    await posted(it)
    assert await put_as(it, token, "scsp.example") == "ACCEPTED"


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"duration": 0}, "duration"),
        ({"min_charging_rate": -1}, "min_charging_rate"),
        ({"charging_profile_period": [{"start_period": -1, "limit": 6}]}, "start_period"),
        ({"charging_profile_period": [{"start_period": 0, "limit": -6}]}, "limit"),
        ({"charging_profile_period": [{"start_period": 5, "limit": 6}] * 2}, "start_period"),
        ({"charging_rate_unit": "kW"}, "charging_rate_unit"),
        ({"charging_rate_unit": None}, "charging_rate_unit"),
    ],
)
async def test_a_profile_that_no_charger_could_follow_is_refused(
    stage: MakeStage, changes: dict[str, object], path: str
) -> None:
    """CHP-DT-01, CHP-DT-02"""
    it = await stage()
    wanted = {"charging_rate_unit": "A"} | changes
    answer = await it.pair.ask("PUT", it.path(), {"charging_profile": wanted, "response_url": HERE})
    assert (answer.http, answer.code) == (200, 2001)
    assert path in answer.message


async def test_a_second_decimal_is_cut_before_the_charger_sees_it(stage: MakeStage) -> None:
    """CHP-SEM-06: a ceiling is never raised; a strict partner is refused."""
    it = await stage()
    await it.put(HERE, (0, 8.19))
    await until(lambda: it.cpo.charger.orders)
    profile = it.cpo.charger.orders[0].profile
    assert profile is not None
    assert profile.charging_profile_period is not None
    assert str(profile.charging_profile_period[0].limit) == "8.1"


async def test_an_order_that_a_dead_process_left_is_reported_and_not_repeated(
    stage: MakeStage,
) -> None:
    """CHP-PUT-02: after the deadline any process finishes it, once."""
    it = await stage()
    it.cpo.charger.gate = asyncio.Event()
    await it.put(HERE, (0, 16))
    await until(lambda: it.cpo.charger.orders)
    await it.cpo.restart()
    await it.cpo.look()
    assert results(it) == []
    it.cpo.company.clock.forward(27)
    await asyncio.gather(it.cpo.look(), it.cpo.look())
    await it.cpo.look()
    assert [body(one) for one in results(it)] == [{"result": "REJECTED"}]
    assert len(it.cpo.charger.orders) == 1
    (order,) = await it.cpo.steering.newest(10)
    assert order.state is OrderState.POSTED


async def test_a_result_that_does_not_arrive_is_not_repeated(stage: MakeStage) -> None:
    """CHP-RSP-08: no retries; the ledger says why."""
    it = await stage()
    it.cpo.company.network.down.add("emsp.example")
    await it.put(HERE, (0, 16))
    await settled(it.cpo)
    it.cpo.company.network.down.clear()
    it.cpo.company.clock.forward(500)
    await it.cpo.look()
    assert len(results(it)) == 1
    (order,) = await it.cpo.steering.newest(10)
    assert (order.state, order.problem) == (OrderState.FAILED, "nobody at emsp.example")


async def test_an_outcome_may_come_from_elsewhere_and_the_first_counts(stage: MakeStage) -> None:
    """CHP-PUT-02"""
    it = await stage()
    it.cpo.charger.gate = asyncio.Event()
    await it.put(HERE, (0, 16))
    order = await until(lambda: it.cpo.charger.orders[0] if it.cpo.charger.orders else None)
    told = await it.cpo.steering.report(order.id, ProfileOutcome(result=UNKNOWN))
    assert told.state is OrderState.POSTED
    it.cpo.charger.gate.set()
    await posted(it)
    await asyncio.sleep(0.05)
    assert [body(one) for one in results(it)] == [{"result": "UNKNOWN"}]


class OneByOne(Charger):
    """Each order waits for its own word; `most` is how many ever waited together."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[asyncio.Event] = []
        self.busy = self.most = 0

    async def carry_out_profile(self, order: ProfileOrder) -> ProfileOutcome:
        self.words.append(word := asyncio.Event())
        self.busy += 1
        self.most = max(self.most, self.busy)
        await word.wait()
        self.busy -= 1
        return await super().carry_out_profile(order)


async def test_a_charger_gets_one_order_of_a_session_after_the_other(stage: MakeStage) -> None:
    """Also one that comes while the next of two that waited is carried out."""
    charger = OneByOne()
    it = await stage(behind=charger)
    await it.put(HERE, (0, 16))
    await until(lambda: len(charger.words) == 1)
    await it.pair.ask("DELETE", it.path(response_url=HERE))
    await chance()
    charger.words[0].set()
    await until(lambda: len(charger.words) == 2)
    await it.put(HERE, (0, 8))
    await chance()
    assert len(charger.words) == 2
    charger.words[1].set()
    await until(lambda: len(charger.words) == 3)
    charger.words[2].set()
    await posted(it, 3)
    assert charger.most == 1


async def chance() -> None:
    """Many turns of the loop, for what would begin by itself."""
    for _ in range(200):
        await asyncio.sleep(0)
