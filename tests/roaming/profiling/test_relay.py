"""SCSP - eMSP - CPO: three nodes, each leg with a response URL of its own (CHP-TOP)."""

import asyncio
import json
from dataclasses import dataclass
from typing import Any

import pytest
from tests.roaming.company import meet, role
from tests.roaming.profiling.cast import ACCEPTED, Actor, Charger, Stage, active, profile, until
from tests.roaming.profiling.conftest import MakeActor, MakeStage

from voltroam.roaming.profiling import CallState, OnwardState, ProfileKnobs
from voltroam.standard.errors import CallerError
from voltroam.standard.v2_2_1 import ChargingProfileResponseType, Role

RELAYING = ProfileKnobs(head_start=0, relay=True)


@dataclass
class Chain:
    stage: Stage
    provider: Actor
    own_id: str

    @property
    def cpo(self) -> Actor:
        return self.stage.cpo

    @property
    def emsp(self) -> Actor:
        return self.stage.emsp


async def chain(stage: MakeStage, actor: MakeActor, behind: Charger | None = None) -> Chain:
    it = await stage(knobs=RELAYING, behind=behind)
    provider = await actor("scsp.example", role("NL/SCS", Role.SCSP))
    await meet(it.emsp.company, provider.company)
    assert it.emsp.profiles.relay is not None
    own_id = await it.emsp.profiles.relay.share("S1", "scsp.example")
    return Chain(it, provider, own_id)


async def steer(it: Chain, **more: Any) -> Any:
    call = await it.provider.profiles.set(
        it.own_id, profile((0, 12)), partner="emsp.example", **more
    )
    return await it.provider.profiles.await_result(call.id, 5)


async def test_a_profile_goes_up_and_its_result_comes_down(
    stage: MakeStage, actor: MakeActor
) -> None:
    """CHP-TOP-01, CHP-TOP-02: the operator does not know of the provider."""
    it = await chain(stage, actor)
    done = await steer(it)
    assert (done.state, done.result) == (CallState.RESULT, ACCEPTED)
    assert it.own_id != "S1"
    network = it.cpo.company.network
    lower, upper = [
        json.loads(one.body)["response_url"]
        for one in network.sent("PUT", "receiver/chargingprofiles")
    ]
    assert lower.startswith("https://scsp.example/")
    assert upper.startswith("https://emsp.example/")
    first, second = network.sent("POST", "sender/chargingprofiles")
    assert (first.url, second.url) == (upper, lower)
    (order,) = it.cpo.charger.orders
    assert (order.session_id, order.asked_by.party_id) == ("S1", "MSP")
    await until(lambda: it.cpo.charger.orders)
    (call,) = await it.emsp.profiles.newest(10)
    assert call.onward is not None


async def test_questions_and_clears_are_relayed_too(stage: MakeStage, actor: MakeActor) -> None:
    """CHP-TOP-01: the profile arrives as the charger told it."""
    it = await chain(stage, actor, Charger(shows=active((0, 12))))
    await steer(it)
    asked = await it.provider.profiles.active(it.own_id, 600, partner="emsp.example")
    told = await it.provider.profiles.await_result(asked.id, 5)
    assert told.active == active((0, 12))
    call = await it.provider.profiles.clear(it.own_id, partner="emsp.example")
    assert (await it.provider.profiles.await_result(call.id, 5)).result is ACCEPTED
    assert it.cpo.charger.orders[1].duration == 600
    assert it.cpo.charger.orders[2].profile is None


async def test_changes_reach_the_provider_by_its_own_id(stage: MakeStage, actor: MakeActor) -> None:
    """CHP-TOP-02, CHP-UPD-01, CHP-UPD-02: once it has set a profile, and not before."""
    it = await chain(stage, actor)
    own = await it.emsp.profiles.set("S1", profile((0, 16)))
    await it.emsp.profiles.await_result(own.id, 5)
    network = it.cpo.company.network
    await it.cpo.steering.changed("S1", active((0, 9)))
    await until(lambda: network.sent("PUT", "emsp.example/ocpi/2.2.1/sender/chargingprofiles"))
    await asyncio.sleep(0.05)
    assert network.sent("PUT", "scsp.example") == []
    await steer(it)
    await it.cpo.steering.changed("S1", active((0, 8)))
    (request,) = await until(lambda: network.sent("PUT", "scsp.example"))
    assert request.url.endswith(f"/sender/chargingprofiles/{it.own_id}")
    limits = json.loads(request.body)["charging_profile"]["charging_profile_period"]
    assert limits == [{"start_period": 0, "limit": 8}]


async def test_the_operators_refusal_is_the_answer(stage: MakeStage, actor: MakeActor) -> None:
    """CHP-TOP-01, CHP-RSP-06: and no result follows."""
    refusing = Charger(consider=ChargingProfileResponseType.TOO_OFTEN)
    it = await chain(stage, actor, refusing)
    done = await steer(it)
    assert done.state is CallState.REFUSED
    assert done.response is not None
    assert done.response.result is ChargingProfileResponseType.TOO_OFTEN
    assert it.cpo.company.network.sent("POST", "sender/chargingprofiles") == []


async def test_an_operator_that_is_away_is_a_fault_of_the_relay(
    stage: MakeStage, actor: MakeActor
) -> None:
    """CHP-TOP-01"""
    it = await chain(stage, actor)
    it.cpo.company.network.down.add("cpo.example")
    call = await it.provider.profiles.set(it.own_id, profile((0, 12)), partner="emsp.example")
    assert call.response is None
    assert call.state is not CallState.ANSWERED
    assert it.cpo.charger.orders == []


async def test_a_session_that_is_not_shared_does_not_exist_for_the_provider(
    stage: MakeStage, actor: MakeActor
) -> None:
    """CHP-TOP-04: neither by the operator's id nor after sharing has ended."""
    it = await chain(stage, actor)
    call = await it.provider.profiles.set("S1", profile((0, 12)), partner="emsp.example")
    assert call.response is not None
    assert call.response.result is ChargingProfileResponseType.UNKNOWN_SESSION
    assert it.emsp.profiles.relay is not None
    await it.emsp.profiles.relay.unshare(it.own_id, "scsp.example")
    done = await steer(it)
    assert done.response is not None
    assert done.response.result is ChargingProfileResponseType.UNKNOWN_SESSION
    assert it.cpo.charger.orders == []


async def test_only_providers_and_held_sessions_can_be_shared(
    stage: MakeStage, actor: MakeActor
) -> None:
    """CHP-TOP-04"""
    it = await chain(stage, actor)
    relay = it.emsp.profiles.relay
    assert relay is not None
    with pytest.raises(CallerError, match="SCSP"):
        await relay.share("S1", "cpo.example")
    with pytest.raises(CallerError, match="S99"):
        await relay.share("S99", "scsp.example")


async def test_a_result_that_a_dead_relay_left_is_passed_on_once(
    stage: MakeStage, actor: MakeActor
) -> None:
    """CHP-TOP-01"""
    it = await chain(stage, actor)
    it.cpo.charger.gate = asyncio.Event()
    sent = await it.provider.profiles.set(it.own_id, profile((0, 12)), partner="emsp.example")
    assert it.emsp.profiles.relay is not None

    left = asyncio.Event()

    def nothing(work: Any) -> None:
        work.close()
        left.set()

    it.emsp.profiles.relay.start = nothing  # type: ignore[method-assign]  # dies here
    it.cpo.charger.gate.set()
    await asyncio.wait_for(left.wait(), 30)
    await it.emsp.restart()
    await asyncio.gather(it.emsp.look(), it.emsp.look())
    assert len(it.cpo.company.network.sent("POST", "scsp.example")) == 1
    done = await it.provider.profiles.await_result(sent.id, 5)
    assert done.result is ACCEPTED
    (call,) = await it.emsp.profiles.newest(10)
    assert call.onward is not None
    assert call.onward.state is OnwardState.POSTED


async def test_an_emsp_that_does_not_relay_has_no_receiver_side(stage: MakeStage) -> None:
    """CHP-TOP-01: it is not advertised."""
    it = await stage()
    held = await it.cpo.company.partner("emsp.example")
    sides = [one.role for one in held.endpoints if one.identifier == "chargingprofiles"]
    assert sides == ["SENDER"]
