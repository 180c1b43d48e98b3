"""Charging profiles and preferences over real HTTP: an operator with chargers, and two nodes."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeVar

import pytest
from tests.e2e import documents as doc
from tests.e2e.conftest import Backing, MakeNode
from tests.e2e.mock_http import Answer, Recorded, Reply
from tests.e2e.mock_partner import MODULES, Answered, MockPartner, envelope
from tests.e2e.nodes import Served, introduce, make_node, wait_until
from tests.e2e.stage import EMSP, OTHER, Stage, joined, pushed, wait_for_push

from voltroam import open_node
from voltroam.node import Node
from voltroam.roaming.profiling import CallState, Grant, ProfileCall
from voltroam.standard.parties import PartyId
from voltroam.standard.v2_2_1 import (
    ChargingPreferences,
    ChargingPreferencesResponse,
    ChargingProfile,
    ChargingProfilePeriod,
    ChargingProfileResultType,
    ChargingRateUnit,
    ProfileType,
)

T = TypeVar("T")
NOD = ("NL", "NOD")
CAPABLE = ["CHARGING_PROFILE_CAPABLE", "CHARGING_PREFERENCES_CAPABLE"]
CHARGERS = '''
"""Chargers that do what they are told; half a second later the house needs 6 A for itself."""

import asyncio
from datetime import UTC, datetime
from decimal import Decimal

from voltroam.roaming.host import ProfileOutcome, Unattended
from voltroam.standard import v2_2_1 as v


def showing(amperes):
    period = v.ChargingProfilePeriod(start_period=0, limit=Decimal(amperes))
    profile = v.ChargingProfile(
        charging_rate_unit=v.ChargingRateUnit.A, duration=900, charging_profile_period=[period]
    )
    return v.ActiveChargingProfile(
        start_date_time=datetime.now(UTC).replace(microsecond=0), charging_profile=profile
    )


class Chargers(Unattended):
    def __init__(self):
        self.node = None
        self.later = []

    async def run(self, node):
        self.node = node
        await asyncio.Event().wait()

    async def consider_profile(self, order):
        return None

    async def carry_out_profile(self, order):
        if order.session_id.startswith("REFUSES"):
            return ProfileOutcome(result=v.ChargingProfileResultType.REJECTED)
        self.later.append(asyncio.create_task(self.limit(order.session_id)))
        asked = order.duration is not None
        active = showing(16) if asked else None
        return ProfileOutcome(result=v.ChargingProfileResultType.ACCEPTED, active=active)

    async def limit(self, session_id):
        await asyncio.sleep(0.5)
        await self.node.steering.changed(session_id, showing(10))

    async def prefer(self, wish):
        return v.ChargingPreferencesResponse.ACCEPTED


HOST = Chargers()
'''


def with_chargers(node: Served) -> Served:
    (node.folder / "chargers.py").write_text(CHARGERS, "utf-8")
    text = node.config.read_text("utf-8")
    node.config.write_text(f'host = "chargers:HOST"\n{text}', "utf-8")
    return node


@dataclass
class Place:
    node: Served
    partner: MockPartner
    """DE/TNM, the eMSP of the drivers."""
    other: MockPartner

    def session(self, prefix: str = "S", capabilities: list[str] = CAPABLE, **changes: Any) -> str:
        """A session at an EVSE with these capabilities; its id."""
        name = doc.fresh(prefix)
        evse = doc.evse(capabilities=capabilities)
        self.load("locations", doc.location(NOD, f"L{name}", evses=[evse]))
        self.load("sessions", doc.session(NOD, name, EMSP, location_id=f"L{name}", **changes))
        return name

    def load(self, module: str, item: Any) -> None:
        report = self.node.load(module, [item])
        assert report == {"accepted": 1, "refused": []}, report

    def url(self, name: str) -> str:
        """A response URL with two query parameters of its own."""
        return f"{self.partner.base}/2.2.1/s/chargingprofiles/results?for={name}&then=%26"

    def put(self, name: str, *, partner: MockPartner | None = None, **changes: Any) -> Answered:
        asking = partner or self.partner
        period = [{"start_period": 0, "limit": 16.0}]
        body = {
            "charging_profile": {"charging_rate_unit": "A", "charging_profile_period": period},
            "response_url": self.url(name).replace(self.partner.base, asking.base),
        } | changes
        return asking.call("PUT", "chargingprofiles", "RECEIVER", name, body=body)

    def results(self, name: str) -> list[Recorded]:
        wanted = f"for={name}&"
        return [
            one for one in self.partner.http.recorded
            if one.method == "POST" and wanted in one.target
        ]  # fmt: skip

    def result(self, name: str, number: int = 1) -> Recorded:
        found = wait_until(
            lambda: self.results(name)[number - 1 :], seconds=10, what=f"result of {name}"
        )
        assert isinstance(found[0], Recorded)
        return found[0]

    def pushes(self, name: str) -> list[Recorded]:
        end = f"/s/chargingprofiles/{name}"
        return [
            one for one in self.partner.http.recorded
            if one.method == "PUT" and one.path.endswith(end)
        ]  # fmt: skip


async def takes(_request: Recorded, _answer: Answer) -> Reply:
    return envelope()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with ExitStack() as stack:
        folder = tmp_path_factory.mktemp("profiles") / "node"
        node = with_chargers(make_node(folder, "NL/NOD/CPO", name="node"))
        stack.callback(node.kill)
        node.serve()
        modules = (*MODULES, "chargingprofiles")
        partner = stack.enter_context(MockPartner((*EMSP, "EMSP"), name="E", modules=modules))
        other = stack.enter_context(MockPartner((*OTHER, "EMSP"), name="O", modules=modules))
        for one in (partner, other):
            one.http.on("POST", "/s/chargingprofiles/", takes)
            one.http.on("PUT", "/s/chargingprofiles/", takes)
        joined(node, partner, "partner")
        joined(node, other, "other")
        yield Place(node, partner, other)


def test_the_module_is_one_word_on_the_receiver_side(place: Place) -> None:
    """CHP-EP-01: an operator that relays for nobody is no sender."""
    assert place.partner.peer is not None
    sides = [side for name, side in place.partner.peer.endpoints if name == "chargingprofiles"]
    assert sides == ["RECEIVER"]


def test_a_profile_is_set_followed_and_cleared(place: Place) -> None:
    """CHP-PUT-01, CHP-PUT-02, CHP-RSP-01, CHP-RSP-08, CHP-UPD-01, CHP-UPD-03, CHP-UPD-04,
    CHP-DEL-01, CHP-DEL-02"""
    name = place.session()
    answer = place.put(name)
    assert (answer.status, answer.code) == (200, 1000)
    assert answer.data == {"result": "ACCEPTED", "timeout": 30}
    posted = place.result(name)
    assert f"http://127.0.0.1:{place.partner.http.port}{posted.target}" == place.url(name)
    assert posted.json == {"result": "ACCEPTED"}
    assert posted.headers["authorization"].startswith("Token ")
    assert posted.headers["x-request-id"]
    assert posted.headers["ocpi-from-party-id"] == "NOD"
    assert posted.headers["ocpi-to-party-id"] == "TNM"
    pushed = wait_until(lambda: place.pushes(name), what="push")[0].json
    assert 300 <= pushed["charging_profile"]["duration"] <= 3600
    assert pushed["charging_profile"]["charging_profile_period"][0]["limit"] == 10
    url = place.url(name)
    cleared = place.partner.call("DELETE", "chargingprofiles", "RECEIVER", name, response_url=url)
    assert cleared.data["result"] == "ACCEPTED"
    assert place.result(name, 2).json == {"result": "ACCEPTED"}
    capacity = wait_until(
        lambda: [
            one for one in place.pushes(name)
            if one.json["charging_profile"]["charging_profile_period"][0]["limit"] == 16
        ],
        what="push of the capacity",
    )  # fmt: skip
    assert capacity[0].json["charging_profile"]["charging_rate_unit"] == "A"


def test_clearing_what_was_never_set_finds_nothing(place: Place) -> None:
    """CHP-DEL-02"""
    name = place.session()
    url = place.url(name)
    place.partner.call("DELETE", "chargingprofiles", "RECEIVER", name, response_url=url)
    assert place.result(name).json == {"result": "UNKNOWN"}


def test_the_active_profile_is_posted_and_nothing_pushed(place: Place) -> None:
    """CHP-GET-01, CHP-GET-02, CHP-GET-03, CHP-UPD-02"""
    name = place.session()
    query = {"duration": 900, "response_url": place.url(name)}
    answer = place.partner.call("GET", "chargingprofiles", "RECEIVER", name, **query)
    assert answer.data == {"result": "ACCEPTED", "timeout": 30}
    posted = place.result(name).json
    assert posted["result"] == "ACCEPTED"
    assert posted["profile"]["charging_profile"]["duration"] == 900
    time.sleep(1)
    assert place.pushes(name) == []
    for missing in query:
        rest = {key: value for key, value in query.items() if key != missing}
        refused = place.partner.call("GET", "chargingprofiles", "RECEIVER", name, **rest)
        assert (refused.status, refused.code) == (200, 2001)


def test_a_refusal_of_the_charger_has_no_profile(place: Place) -> None:
    """CHP-GET-03, CHP-UPD-02"""
    name = place.session("REFUSES")
    query = {"duration": 900, "response_url": place.url(name)}
    place.partner.call("GET", "chargingprofiles", "RECEIVER", name, **query)
    assert place.result(name).json == {"result": "REJECTED"}


def test_what_is_not_accepted_gets_no_result(place: Place) -> None:
    """CHP-RSP-02, CHP-RSP-04, CHP-RSP-05, CHP-RSP-06"""
    mine, incapable = place.session(), place.session(capabilities=["RFID_READER"])
    over = place.session(status="COMPLETED", end_date_time="2026-01-01T11:00:00Z")
    answers = [
        place.put("NOSUCH"),
        place.put(incapable),
        place.put(over),
        place.put(mine, partner=place.other),
    ]
    assert [(one.status, one.code) for one in answers] == [(200, 1000)] * 4
    said = [one.data["result"] for one in answers]
    assert said == ["UNKNOWN_SESSION", "NOT_SUPPORTED", "REJECTED", "REJECTED"]
    time.sleep(1)
    for name in ("NOSUCH", incapable, over, mine):
        assert place.results(name) == []


def test_a_burst_is_answered_too_often(place: Place) -> None:
    """CHP-RSP-03"""
    name = place.session("REFUSES")
    said = [place.put(name).data["result"] for _ in range(22)]
    assert said[:20] == ["ACCEPTED"] * 20
    assert said[20:] == ["TOO_OFTEN"] * 2


def test_a_url_elsewhere_is_refused(place: Place) -> None:
    """CHP-RSP-08: results go nowhere but to the partner that registered."""
    name = place.session()
    foreign = f"http://127.0.0.1:{place.other.http.port}/s/chargingprofiles/x"
    answer = place.put(name, response_url=foreign)
    assert (answer.status, answer.code) == (200, 2001)


def test_without_chargers_nothing_is_supported(stage: Stage) -> None:
    """CHP-RSP-05, CHP-RSP-06"""
    name = doc.fresh("S")
    evse = doc.evse(capabilities=CAPABLE)
    stage.load("locations", doc.location(NOD, f"L{name}", evses=[evse]))
    # Its first party stands in the routing headers: the eMSP asks under its own name.
    stage.load("sessions", doc.session(NOD, name, EMSP, location_id=f"L{name}"))
    assert stage.partner.peer is not None
    country, party = EMSP
    headers = stage.partner.routing() | {
        "OCPI-from-country-code": country,
        "OCPI-from-party-id": party,
    }
    period = [{"start_period": 0, "limit": 16.0}]
    body = {
        "charging_profile": {"charging_rate_unit": "A", "charging_profile_period": period},
        "response_url": f"{stage.partner.base}/2.2.1/s/chargingprofiles/{name}",
    }
    stage.partner.read_details(stage.partner.peer)
    url = stage.partner.url("chargingprofiles", "RECEIVER", name)
    answer = stage.partner.send("PUT", url, body=body, headers=headers)
    assert answer.data == {"result": "NOT_SUPPORTED", "timeout": 30}
    time.sleep(0.5)
    assert [one for one in stage.partner.http.recorded if name in one.target and
            one.method == "POST"] == []  # fmt: skip


def test_a_provider_gets_and_steers_only_the_sessions_that_were_granted(
    place: Place,
) -> None:
    """CHP-TOP-03, CHP-TOP-04"""
    with MockPartner(("NL", "SCS", "SCSP"), name="SCSP", modules=place.partner.modules) as scsp:
        scsp.http.on("POST", "/s/chargingprofiles/", takes)
        joined(place.node, scsp, "scsp")
        before = place.session()
        wait_until(lambda: pushed(place.partner, "PUT", before), what="push to the eMSP")
        time.sleep(1)
        assert pushed(scsp, "PUT", "/sessions/") == []
        listed = scsp.url("sessions", "SENDER", date_from=doc.LONG_AGO)
        assert scsp.crawl(listed) == []
        assert place.put(before, partner=scsp).data["result"] == "REJECTED"

        grant = Grant(
            operator=PartyId(*NOD), provider=PartyId("NL", "SCS"), contract=PartyId(*EMSP)
        )
        with_node(place.node, lambda node: node.steering.grants.grant(grant))
        name = place.session()
        request = wait_for_push(scsp, "PUT", f"/sessions/NL/NOD/{name}")
        assert request.headers["ocpi-to-party-id"] == "SCS"
        assert name in [session["id"] for session in scsp.crawl(listed)]
        assert place.put(name, partner=scsp).data["result"] == "ACCEPTED"
        assert place.put(name).data["result"] == "REJECTED"

        with_node(place.node, lambda node: node.steering.grants.revoke(grant))
        assert scsp.crawl(listed) == []


# --- preferences ---


def prefer(place: Place, name: str, partner: MockPartner | None = None, **wanted: Any) -> Answered:
    body = {"profile_type": "REGULAR"} | wanted
    asking = partner or place.partner
    return asking.call("PUT", "sessions", "SENDER", name, "charging_preferences", body=body)


def test_preferences_are_answered_by_a_bare_word(place: Place) -> None:
    """SES-PREF-01, SES-PREF-02, SES-PREF-03, SES-PREF-05, SES-PREF-07, SES-PREF-11"""
    name = place.session()
    answer = prefer(place, name)
    assert (answer.status, answer.code, answer.data) == (200, 1000, "ACCEPTED")
    assert prefer(place, name, profile_type="GREEN").data == "PROFILE_TYPE_NOT_SUPPORTED"
    soon = doc.moment(600)
    assert prefer(place, name, departure_time=soon, energy_need=500).data == "NOT_POSSIBLE"
    bare = place.partner.call("PUT", "sessions", "SENDER", name, body={"profile_type": "REGULAR"})
    assert bare.status in (404, 405)


def test_a_profile_with_a_tariff_of_its_own_is_offered(place: Place) -> None:
    """SES-PREF-05, SES-PREF-09"""
    tariff, name = doc.fresh("T"), doc.fresh("S")
    connector = doc.connector(tariff_ids=[tariff])
    evse = doc.evse(capabilities=CAPABLE, connectors=[connector])
    place.load("tariffs", doc.tariff(NOD, tariff, type="PROFILE_GREEN"))
    place.load("locations", doc.location(NOD, f"L{name}", evses=[evse]))
    place.load("sessions", doc.session(NOD, name, EMSP, location_id=f"L{name}"))
    assert prefer(place, name, profile_type="GREEN").data == "ACCEPTED"
    assert prefer(place, name, profile_type="FAST").data == "PROFILE_TYPE_NOT_SUPPORTED"


def test_preferences_need_a_capable_evse_an_ongoing_session_and_its_own_party(
    place: Place,
) -> None:
    """SES-PREF-04, SES-PREF-08, SES-PREF-12"""
    incapable = prefer(place, place.session(capabilities=["RFID_READER"]))
    assert (incapable.status, incapable.code) == (404, 2001)
    over = place.session(status="COMPLETED", end_date_time="2026-01-01T11:00:00Z")
    assert 2000 <= prefer(place, over).code < 3000
    assert prefer(place, "NOSUCH").status == 404
    assert prefer(place, place.session(), partner=place.other).status == 404


# --- two real nodes ---


def with_node(node: Served, work: Callable[[Node], Awaitable[T]]) -> T:
    """A further process of the node, embedded in this one."""

    async def run() -> T:
        async with open_node(node.config, work=False) as opened:
            return await work(opened)

    return asyncio.run(run())


def limited(amperes: str) -> ChargingProfile:
    return ChargingProfile(
        charging_rate_unit=ChargingRateUnit.A,
        charging_profile_period=[ChargingProfilePeriod(start_period=0, limit=Decimal(amperes))],
    )


def test_two_nodes_steer_a_session_from_end_to_end(node: MakeNode, backing: Backing) -> None:
    """CHP-RSP-07, CHP-RSP-09, CHP-RSP-10, CHP-UPD-05, CHP-GET-04, SES-PREF-10"""
    if backing.workers > 1:
        pytest.skip("the chargers of this test live in one process")
    cpo = with_chargers(node("cpo", "NL/NOD/CPO", backing=backing, serve=False)).serve()
    emsp = node("emsp", "DE/MOV/EMSP", backing=backing)
    introduce(cpo, emsp)
    evse = doc.evse(capabilities=CAPABLE)
    cpo.load("locations", [doc.location(NOD, "LOC1", evses=[evse])])
    cpo.load("sessions", [doc.session(NOD, "S1", ("DE", "MOV"))])
    wait_until(lambda: emsp.export("locations") and emsp.export("sessions"), what="session")

    async def steer(opened: Node) -> list[ProfileCall]:
        calls = [
            await opened.profiles.set("S1", limited("12")),
            await opened.profiles.active("S1", 600),
        ]
        calls = [await opened.profiles.await_result(call.id, 15) for call in calls]
        for _ in range(100):
            held = await opened.profiles.known("S1", PartyId(*NOD))
            periods = (held and held.active.charging_profile.charging_profile_period) or []
            if periods and periods[0].limit == 10:
                break
            await asyncio.sleep(0.1)
        else:
            raise AssertionError("the change was not pushed")
        cleared = await opened.profiles.clear("S1")
        return [*calls, await opened.profiles.await_result(cleared.id, 15)]

    calls = with_node(emsp, steer)
    assert [call.state for call in calls] == [CallState.RESULT] * 3
    assert {call.result for call in calls} == {ChargingProfileResultType.ACCEPTED}
    assert calls[1].active is not None

    wish = ChargingPreferences(profile_type=ProfileType.REGULAR)
    said = with_node(emsp, lambda opened: opened.preferences.prefer("S1", wish))
    assert said is ChargingPreferencesResponse.ACCEPTED
