"""One hub between parties whose platforms speak 2.1.1, 2.2.1 and 2.3.0.

| platform | version | parties |
|---|---|---|
| `old` | 2.1.1 | NL/OLD as CPO |
| `older` | 2.1.1 | FR/OLM as eMSP |
| `msp` | 2.2.1 | DE/MSP as eMSP |
| `new` | 2.3.0 | BE/NEW as CPO, BE/NWM as eMSP |
"""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest
from tests.e2e import documents as doc
from tests.e2e.hub.city import Asked, answers, ask, ends, make_hub, routing
from tests.e2e.mock_http import Recorded, status, text
from tests.e2e.mock_partner import Json, MockPartner
from tests.e2e.nodes import Served, wait_until
from tests.e2e.speaker import PLACE, Speaker, old_cdr, old_location, old_session
from tests.e2e.stage import wait_for_pull
from tests.e2e.story import speaking

from voltroam.standard.versions import VERSIONS

OLD, OLM, MSP = ("NL", "OLD"), ("FR", "OLM"), ("DE", "MSP")
NEW, NWM = ("BE", "NEW"), ("BE", "NWM")


@dataclass(frozen=True)
class Town:
    hub: Served
    old: Speaker
    older: Speaker
    msp: Speaker
    new: Speaker

    def hop(self, asked: Asked) -> Json:
        """Of the trace, which is written behind the answer."""

        def met() -> Any:
            ran = self.hub.run("trace", asked.correlation, "--json")
            return ran.json if ran.code == 0 else None

        hop: Json = wait_until(met, what="the trace")[0]
        return hop


@pytest.fixture
def town(whole_town: Town) -> Iterator[Town]:
    """Its platforms are well-behaved when a test begins."""
    yield whole_town
    for partner in (whole_town.old, whole_town.older, whole_town.msp, whole_town.new):
        partner.http.behave()


@pytest.fixture(scope="module")
def whole_town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with ExitStack() as stack:
        hub = make_hub(tmp_path_factory.mktemp("versions") / "hub", VOLTROAM_HUB__TIMEOUT="15")
        speaking(hub, *VERSIONS)
        stack.callback(hub.kill)
        hub.serve()

        def join(version: str, name: str, *roles: tuple[str, str, str]) -> Speaker:
            speaker = Speaker(version, *roles, name=name)
            stack.enter_context(speaker)
            return speaker.join(hub)

        made = Town(
            hub,
            join("2.1.1", "old", (*OLD, "CPO")),
            join("2.1.1", "older", (*OLM, "EMSP")),
            join("2.2.1", "msp", (*MSP, "EMSP")),
            join("2.3.0", "new", (*NEW, "CPO"), (*NWM, "EMSP")),
        )
        for name in ("old", "older", "msp", "new"):
            wait_for_pull(hub, name)
        place(made)
        yield made


def place(town: Town) -> None:
    """NL/OLD shares where it charges, DE/MSP the token that charges there."""
    path = f"RECEIVER/locations/NL/OLD/{PLACE}"
    assert ask(town.old, "PUT", path, body=old_location(PLACE)).answer.code == 1000
    token = doc.token(MSP, "012345678", contract_id="DE8ACC12E46L89")
    path = "RECEIVER/tokens/DE/MSP/012345678"
    assert ask(town.msp, "PUT", path, to=("DE", "HUB"), body=token).answer.code == 1000


def copy_at(partner: MockPartner, *parts: str) -> Recorded:
    """The copy of a broadcast."""

    def met() -> list[Recorded]:
        return [
            one for one in partner.http.recorded
            if one.method == "PUT" and all(part in one.target for part in parts)
        ]  # fmt: skip

    found = wait_until(met, seconds=60, what=f"{parts} at {partner.name}")
    request: Recorded = found[0]
    return request


def test_a_location_of_2_1_1_reaches_all_who_may_have_it(town: Town) -> None:
    """A broadcast, for 2.1.1 names no receiver; each gets it in its version. Who speaks 2.1.1 may
    refuse a path of a party that is not its partner's (R211-017), and its partner is the hub."""
    for partner, connected in ((town.msp, True), (town.new, True), (town.older, False)):
        owner = "NL/OLD" if connected else "DE/HUB"
        request = copy_at(partner, f"/locations/{owner}/{PLACE}")
        connector = request.json["evses"][0]["connectors"][0]
        assert ("max_voltage" in connector) is connected, connector
        assert ("party_id" in request.json) is connected
    assert request.headers["authorization"] == f"Token B-{town.older.name}"
    assert "ocpi-to-party-id" not in request.headers


def test_a_location_of_2_3_0_reaches_2_2_1_and_2_1_1(town: Town) -> None:
    name = doc.fresh("L")
    body = doc.location(NEW, name, postal_code="1000", parking_type="ON_STREET")
    body["evses"][0]["parking"] = [{"parking_id": "P1"}]
    asked = ask(town.new, "PUT", f"RECEIVER/locations/BE/NEW/{name}", to=("DE", "HUB"), body=body)
    assert asked.answer.code == 1000, asked.answer.json
    assert copy_at(town.msp, f"/locations/BE/NEW/{name}").json["publish"] is True
    seen = copy_at(town.older, f"/locations/DE/HUB/{name}").json
    assert seen["type"] == "ON_STREET"
    assert "publish" not in seen


def test_a_list_of_all_is_in_the_askers_version(town: Town) -> None:
    """A platform of 2.1.1 sees one partner, the hub, with what all of them gave."""
    old = ask(town.older, "GET", "SENDER/locations").answer
    mine = next(one for one in old.data if one["id"] == PLACE)
    assert mine["evses"][0]["connectors"][0]["voltage"] == 230
    new = ask(town.new, "GET", "SENDER/locations", to=("DE", "HUB"), sender=NWM).answer
    its = next(one for one in new.data if one["id"] == PLACE)
    assert (its["country_code"], its["party_id"]) == OLD
    back = ask(town.old, "GET", f"RECEIVER/locations/NL/OLD/{PLACE}").answer
    assert (back.code, back.data["id"]) == (1000, PLACE)


def test_a_list_of_all_is_filtered_before_it_is_paged(town: Town) -> None:
    """Each page is full and every total right: who may be shown what is settled before."""
    shown, hidden = doc.fresh("L"), doc.fresh("L")
    for name, more in ((hidden, {}), (shown, {"postal_code": "1000"})):
        body = doc.location(NEW, name, **more)
        path = f"RECEIVER/locations/BE/NEW/{name}"
        assert ask(town.new, "PUT", path, to=("DE", "HUB"), body=body).answer.code == 1000
    found: list[str] = []
    page = ask(town.older, "GET", "SENDER/locations", limit=1).answer
    total = int(page.headers["x-total-count"])
    while True:
        assert (len(page.data), int(page.headers["x-total-count"])) == (1, total)
        found.append(page.data[0]["id"])
        if page.next is None:
            break
        page = town.older.send("GET", page.next)
    assert len(found) == total
    assert (shown in found, hidden in found) == (True, False)
    whole = ask(town.msp, "GET", "SENDER/locations", to=("DE", "HUB")).answer
    assert len(whole.data) == int(whole.headers["x-total-count"])
    assert {shown, hidden} <= {one["id"] for one in whole.data}


def test_a_session_goes_from_2_1_1_to_2_2_1_and_changes_there(town: Town) -> None:
    name = doc.fresh("S")
    asked = ask(
        town.old, "PUT", f"RECEIVER/sessions/NL/OLD/{name}",
        body=old_session(name, "DE8ACC12E46L89"),
    )  # fmt: skip
    assert asked.answer.code == 1000, asked.answer.json
    (request,) = asked.at(town.msp)
    assert request.json["cdr_token"]["uid"] == "012345678"
    assert request.json["total_cost"] == {"excl_vat": 4.0}
    assert ends(request.headers) == (MSP, OLD)
    assert town.hop(asked)["bridged"] == "2.1.1 to 2.2.1"
    assert "cdr-token-found" in town.hop(asked)["notes"]
    change = {"kwh": 2.5, "total_cost": 6.0, "last_updated": doc.moment()}
    asked = ask(town.old, "PATCH", f"RECEIVER/sessions/NL/OLD/{name}", body=change)
    assert asked.answer.code == 1000, asked.answer.json
    patched = next(one for one in asked.at(town.msp) if one.method == "PATCH")
    assert patched.json == {
        "kwh": 2.5, "total_cost": {"excl_vat": 6.0}, "last_updated": change["last_updated"],
    }  # fmt: skip


def test_a_cdr_goes_from_2_1_1_to_2_2_1_and_is_read_back(town: Town) -> None:
    name = doc.fresh("C")
    asked = ask(town.old, "POST", "RECEIVER/cdrs", body=old_cdr(name, "DE8ACC12E46L89"))
    assert asked.answer.code == 1000, asked.answer.json
    (request,) = asked.at(town.msp)
    assert request.json["cdr_location"]["evse_uid"] == "E1"
    assert request.json["total_cost"] == {"excl_vat": 4.0}
    given = asked.answer.headers["location"]
    assert given.startswith(f"{town.hub.url}/ocpi/emsp/2.1.1/cdrs/")
    back = town.old.send("GET", given)
    assert back.code == 1000, back.json
    assert (back.data["stop_date_time"], back.data["total_cost"]) == ("2026-01-01T11:00:00Z", 4.0)


def test_a_session_and_a_cdr_go_from_2_3_0_to_2_2_1(town: Town) -> None:
    name = doc.fresh("S")
    cost = {"before_taxes": 4.0, "taxes": [{"name": "VAT", "amount": 0.84}]}
    body = doc.session(NEW, name, MSP, total_cost=cost)
    asked = ask(town.new, "PUT", f"RECEIVER/sessions/BE/NEW/{name}", to=MSP, body=body)
    assert asked.answer.code == 1000, asked.answer.json
    (request,) = asked.at(town.msp)
    assert request.json["total_cost"] == {"excl_vat": 4.0, "incl_vat": 4.84}
    body = doc.cdr(NEW, doc.fresh("C"), MSP, total_cost=cost)
    asked = ask(town.new, "POST", "RECEIVER/cdrs", to=MSP, body=body)
    assert asked.answer.code == 1000, asked.answer.json
    (request,) = asked.at(town.msp)
    assert request.json["total_cost"] == {"excl_vat": 4.0, "incl_vat": 4.84}
    back = town.new.send("GET", asked.answer.headers["location"], headers=routing(MSP, NEW))
    assert back.data["total_cost"]["before_taxes"] == 4.0


def test_a_session_goes_from_2_3_0_to_2_1_1(town: Town) -> None:
    """With the location spelled out, which the hub has from its owner; the hub is all that its
    partner knows (R211-016, R211-017)."""
    spot = doc.fresh("L")
    body = doc.location(NEW, spot, postal_code="1000")
    path = f"RECEIVER/locations/BE/NEW/{spot}"
    assert ask(town.new, "PUT", path, to=("DE", "HUB"), body=body).answer.code == 1000
    name = doc.fresh("S")
    body = doc.session(NEW, name, OLM, location_id=spot, total_cost={"before_taxes": 4.0})
    asked = ask(town.new, "PUT", f"RECEIVER/sessions/BE/NEW/{name}", to=OLM, body=body)
    assert asked.answer.code == 1000, asked.answer.json
    (request,) = asked.at(town.older)
    assert request.segments[-3:] == ("DE", "HUB", name)
    assert (request.json["location"]["id"], request.json["total_cost"]) == (spot, 4.0)
    assert request.json["auth_id"] == "DE8ACC12E46L89"
    back = ask(town.new, "GET", f"RECEIVER/sessions/BE/NEW/{name}", to=OLM).answer
    assert (back.data["location_id"], back.data["total_cost"]) == (spot, {"before_taxes": 4.0})


def test_what_passes_within_2_1_1_is_the_hubs_too(town: Town) -> None:
    """R211-016, R211-017"""
    name = doc.fresh("S")
    path = f"RECEIVER/sessions/NL/OLD/{name}"
    asked = ask(town.old, "PUT", path, body=old_session(name, "FROLM12E46L89"))
    assert asked.answer.code == 1000, asked.answer.json
    (request,) = asked.at(town.older)
    assert request.segments[-3:] == ("DE", "HUB", name)
    assert request.json == old_session(name, "FROLM12E46L89")


def test_two_parties_things_of_one_name_never_become_one_in_2_1_1(town: Town) -> None:
    """There both stand under the hub's party: who comes first has the name, in pushes, lists and
    what is passed on alike; the other's is not carried, for a reason."""
    name = doc.fresh("L")
    first = old_location(name) | {"name": "First"}
    assert ask(town.old, "PUT", f"RECEIVER/locations/NL/OLD/{name}", body=first).answer.code == 1000
    copy_at(town.older, f"/locations/DE/HUB/{name}")
    other = doc.location(NEW, name, postal_code="1000", name="Second")
    path = f"RECEIVER/locations/BE/NEW/{name}"
    assert ask(town.new, "PUT", path, to=("DE", "HUB"), body=other).answer.code == 1000
    assert copy_at(town.msp, f"/locations/BE/NEW/{name}").json["name"] == "Second"

    def parked() -> Any:
        waiting = town.hub.json("partner", "parked", "older")
        return [one for one in waiting if "called so" in str(one)]

    assert wait_until(parked, what="the reason")
    pushed = [
        one.json["name"] for one in town.older.http.recorded
        if one.method == "PUT" and f"/locations/DE/HUB/{name}" in one.target
    ]  # fmt: skip
    listed = ask(town.older, "GET", "SENDER/locations").answer.data
    assert pushed == [one["name"] for one in listed if one["id"] == name] == ["First"]

    session = doc.fresh("S")
    path = f"RECEIVER/sessions/NL/OLD/{session}"
    asked = ask(town.old, "PUT", path, body=old_session(session, "FROLM12E46L89"))
    assert asked.answer.code == 1000, asked.answer.json
    body = doc.session(NEW, session, OLM, location_id=name)
    asked = ask(town.new, "PUT", f"RECEIVER/sessions/BE/NEW/{session}", to=OLM, body=body)
    assert asked.answer.code == 2000, asked.answer.json
    assert "called so" in asked.answer.json["status_message"]
    assert not asked.at(town.older)


def test_a_driver_of_2_2_1_is_authorized_for_2_1_1(town: Town) -> None:
    """Found by its token; the answer of 2.1.1 does not name it."""
    token = doc.token(MSP, "012345678")
    town.msp.http.on(
        "POST", "/s/tokens/", answers(allowed="ALLOWED", token=token, authorization_reference="R")
    )
    body = {"location_id": PLACE, "evse_uids": ["E1"], "connector_ids": ["1"]}
    asked = ask(town.old, "POST", "SENDER/tokens/012345678/authorize", body=body)
    assert asked.answer.code == 1000, asked.answer.json
    assert asked.answer.data == {"allowed": "ALLOWED"}
    (request,) = asked.at(town.msp)
    assert request.json == {"location_id": PLACE, "evse_uids": ["E1"]}


def test_a_list_of_one_party_comes_page_by_page_in_the_askers_version(town: Town) -> None:
    town.new.page = 2
    town.new.objects["tariffs"] = [
        doc.tariff(NEW, f"T{number}", tax_included="NO") for number in range(3)
    ]
    first = ask(town.msp, "GET", "SENDER/tariffs", to=NEW).answer
    assert (first.code, len(first.data), first.headers["x-total-count"]) == (1000, 2, "3")
    (element,) = first.data[0]["elements"]
    assert element["price_components"][0]["vat"] == 21.0
    assert first.next is not None
    last = town.msp.send("GET", first.next, headers=routing(NEW, MSP))
    assert [one["id"] for one in last.data] == ["T2"]
    assert "tax_included" not in last.data[0]


def test_the_list_of_one_party_keeps_its_own_count(town: Town) -> None:
    """What has no words is left out of its page; offset and total are those of the owner's list,
    which nobody but the owner has whole: by them nothing is passed over."""
    town.new.page = 2
    town.new.objects["tariffs"] = [
        doc.tariff(NEW, f"T{number}", tax_included="N/A" if number else "UNHEARD-OF")
        for number in range(3)
    ]
    first = ask(town.msp, "GET", "SENDER/tariffs", to=NEW).answer
    assert [one["id"] for one in first.data] == ["T1"]
    assert first.headers["x-total-count"] == "3"
    assert first.next is not None
    last = town.msp.send("GET", first.next, headers=routing(NEW, MSP))
    assert [one["id"] for one in last.data] == ["T2"]


def test_a_long_name_of_2_1_1_has_another_one_beyond(town: Town) -> None:
    """39 characters there, 36 since: the path and the body say the same one."""
    name = "S" * 39
    path = f"RECEIVER/sessions/NL/OLD/{name}"
    asked = ask(town.old, "PUT", path, body=old_session(name, "DE8ACC12E46L89"))
    assert asked.answer.code == 1000, asked.answer.json
    (request,) = asked.at(town.msp)
    assert request.segments[-1] == request.json["id"]
    assert len(request.json["id"]) == 36
    back = ask(town.old, "GET", path).answer
    assert back.code == 1000, back.json
    assert back.data["id"] == name


def test_a_patch_of_what_the_receiver_has_not_is_told_so(town: Town) -> None:
    """It is applied to what the receiver holds, which is asked for first."""
    path = f"RECEIVER/sessions/BE/NEW/{doc.fresh('S')}"
    change = {"kwh": 2, "last_updated": doc.moment()}
    asked = ask(town.new, "PATCH", path, to=MSP, body=change)
    assert (asked.answer.status, asked.answer.code) == (404, 2000)
    town.msp.http.on("GET", "/r/sessions/", status(401))
    asked = ask(town.new, "PATCH", path, to=MSP, body=change)
    assert (asked.answer.status, asked.answer.code) == (200, 4000)
    assert all(one.method == "GET" for one in asked.at(town.msp))


def test_what_is_no_json_is_told_to_its_sender(town: Town) -> None:
    asked = ask(town.new, "PUT", "RECEIVER/sessions/BE/NEW/S1", to=MSP, body=b"{")
    assert (asked.answer.status, asked.answer.code) == (400, 2001)
    town.msp.http.on("GET", "/r/sessions/", text(b"<html>"))
    asked = ask(town.new, "GET", "RECEIVER/sessions/BE/NEW/S1", to=MSP)
    assert asked.answer.code == 4000


@pytest.mark.parametrize("version", ["2.2.1", "2.3.0"])
def test_a_start_and_its_result_pass_between_versions(town: Town, version: str) -> None:
    asker, party = (town.msp, MSP) if version == "2.2.1" else (town.new, NWM)
    town.old.http.on("POST", "/r/commands/", answers(result="ACCEPTED"))
    asker.http.on("POST", "/result/", answers())
    mine = f"{asker.base}/result/{doc.fresh('R')}"
    body: Json = {
        "response_url": mine, "token": doc.token(party, "T77"), "location_id": PLACE,
        "evse_uid": "E1", "connector_id": "1",
    }  # fmt: skip
    asked = ask(asker, "POST", "RECEIVER/commands/START_SESSION", to=OLD, sender=party, body=body)
    assert asked.answer.data["result"] == "ACCEPTED", asked.answer.json
    assert "timeout" in asked.answer.data
    (request,) = asked.at(town.old)
    assert request.json["token"]["auth_id"] == body["token"]["contract_id"]
    assert "connector_id" not in request.json
    given = request.json["response_url"]
    assert given.startswith(f"{town.hub.url}/ocpi/emsp/2.1.1/commands/START_SESSION/")
    told = town.old.send("POST", given, body={"result": "TIMEOUT"})
    assert told.code == 1000, told.json
    result = next(one for one in asker.http.recorded if one.target in mine)
    assert result.json["result"] == "TIMEOUT"


def test_what_2_1_1_does_not_know_is_not_supported(town: Town) -> None:
    """A reservation is not cancelled there, and no profile is set; nothing is sent."""
    url = f"{town.msp.base}/result/1"
    body = {"response_url": url, "reservation_id": "R1"}
    asked = ask(town.msp, "POST", "RECEIVER/commands/CANCEL_RESERVATION", to=OLD, body=body)
    assert (asked.answer.code, asked.answer.data["result"]) == (1000, "NOT_SUPPORTED")
    profile = {"response_url": url, "charging_profile": {"charging_rate_unit": "W"}}
    other = ask(town.msp, "PUT", "RECEIVER/chargingprofiles/S1", to=OLD, body=profile)
    assert (other.answer.code, other.answer.data["result"]) == (1000, "NOT_SUPPORTED")
    assert not asked.at(town.old)
    assert not other.at(town.old)


def test_what_cannot_pass_is_refused_with_the_reason(town: Town) -> None:
    """A credit would be booked as a charge in 2.1.1."""
    body = doc.cdr(NEW, doc.fresh("C"), OLM, credit=True, credit_reference_id="C0")
    body["total_cost"] = {"before_taxes": -4.0}
    asked = ask(town.new, "POST", "RECEIVER/cdrs", to=OLM, body=body)
    assert (asked.answer.status, asked.answer.code) == (200, 2000)
    assert "credit" in asked.answer.json["status_message"]
    assert not asked.at(town.older)
    assert town.hop(asked)["bridged"] == "2.3.0 to 2.1.1"
    assert "credit-refused" in town.hop(asked)["notes"]


def test_2_1_1_is_told_a_code_that_it_has(town: Town) -> None:
    """4001 came later: nobody is known for that contract."""
    asked = ask(town.old, "POST", "RECEIVER/cdrs", body=old_cdr(doc.fresh("C"), "XX"))
    assert (asked.answer.status, asked.answer.code) == (200, 3000)
    assert "no receiver" in asked.answer.json["status_message"]
