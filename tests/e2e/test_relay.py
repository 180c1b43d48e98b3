"""SCSP - eMSP - CPO over real HTTP: an eMSP that passes on what its provider asks (CHP-TOP)."""

import asyncio

import pytest
from tests.e2e import documents as doc
from tests.e2e.conftest import Backing, MakeNode
from tests.e2e.nodes import Served, wait_until
from tests.e2e.test_requirements_profiles import CAPABLE, NOD, limited, with_chargers, with_node

from voltroam.node import Node
from voltroam.roaming.profiling import CallState, ProfileCall
from voltroam.standard.parties import PartyId
from voltroam.standard.v2_2_1 import ChargingProfileResultType


def meet(inviting: Served, registering: Served, *, named: str, as_: str) -> None:
    """Register two nodes: the inviting one calls the other `named` and is called `as_`."""
    invitation = inviting.json("partner", "invite", named)
    registering.json(
        "partner", "register", invitation["versions_url"], invitation["token"], "--name", as_
    )


def test_a_provider_steers_a_session_through_the_emsp(node: MakeNode, backing: Backing) -> None:
    """CHP-TOP-01, CHP-TOP-02, CHP-UPD-01: requests, results and changes by an id of their own."""
    if backing.workers > 1:
        pytest.skip("the chargers of this test live in one process")
    cpo = with_chargers(node("cpo", "NL/NOD/CPO", backing=backing, serve=False)).serve()
    emsp = node("emsp", "DE/MOV/EMSP", backing=backing, serve=False)
    emsp.config.write_text(f"{emsp.config.read_text('utf-8')}\n[profiles]\nrelay = true\n", "utf-8")
    emsp.serve()
    scsp = node("scsp", "NL/SCS/SCSP", backing=backing)
    meet(cpo, emsp, named="movia", as_="noda")
    meet(emsp, scsp, named="steer", as_="movia")
    cpo.load("locations", [doc.location(NOD, "LOC1", evses=[doc.evse(capabilities=CAPABLE)])])
    cpo.load("sessions", [doc.session(NOD, "S1", ("DE", "MOV"))])
    wait_until(lambda: emsp.export("sessions"), what="session")

    async def share(opened: Node) -> str:
        assert opened.profiles.relay is not None
        return await opened.profiles.relay.share("S1", "steer")

    own_id = with_node(emsp, share)
    assert own_id != "S1"

    async def steer(opened: Node) -> list[ProfileCall]:
        async def done(call: ProfileCall) -> ProfileCall:
            return await opened.profiles.await_result(call.id, 15)

        calls = [
            await done(await opened.profiles.set(own_id, limited("12"), partner="movia")),
            await done(await opened.profiles.active(own_id, 600, partner="movia")),
        ]
        async with asyncio.timeout(60):  # the house needs the power for itself
            while (held := await opened.profiles.known(own_id, PartyId("DE", "MOV"))) is None or [
                one.limit for one in held.active.charging_profile.charging_profile_period or ()
            ] != [10]:
                await asyncio.sleep(0.05)
        return [*calls, await done(await opened.profiles.clear(own_id, partner="movia"))]

    calls = with_node(scsp, steer)
    assert [call.state for call in calls] == [CallState.RESULT] * 3
    assert {call.result for call in calls} == {ChargingProfileResultType.ACCEPTED}
    assert calls[1].active is not None
    orders = with_node(cpo, lambda opened: opened.steering.newest(10))
    assert {(order.asked_by, order.session_id) for order in orders} == {
        (PartyId("DE", "MOV"), "S1")
    }
