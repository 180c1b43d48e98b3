"""Calls without receiver: the hub finds it from what it knows (rows 9 and 10)."""

from typing import Any

import pytest
from tests.e2e import documents as doc
from tests.e2e.hub.city import (
    CPO,
    HUB,
    MANY_CPO,
    MSP,
    TWIN,
    City,
    answers,
    ask,
    ends,
    everywhere,
)
from tests.e2e.mock_partner import MockPartner

ACCEPTED = {"result": "ACCEPTED", "timeout": 30}


def pushed(city: City, identifier: str, *, by: MockPartner, owner: tuple[str, str]) -> None:
    """A location that went through the hub to one party."""
    path = f"RECEIVER/locations/{owner[0]}/{owner[1]}/{identifier}"
    body = doc.location(owner, identifier)
    assert ask(by, "PUT", path, to=MSP, sender=owner, body=body).answer.code == 1000


def test_an_object_is_read_at_its_owner(city: City) -> None:
    """CORE-OPEN-02, CORE-OPEN-03: row 9."""
    identifier = doc.fresh("O")
    pushed(city, identifier, by=city.cpo, owner=CPO)
    everywhere(city)
    city.cpo.objects["locations"] = [doc.location(CPO, identifier)]
    asked = ask(city.msp, "GET", f"SENDER/locations/{identifier.lower()}")
    city.cpo.objects["locations"] = []
    (request,) = asked.at(city.cpo)
    assert ends(request.headers) == (CPO, MSP)
    assert ends(asked.answer.headers) == (MSP, CPO)
    assert asked.answer.data["id"] == identifier


def test_an_id_of_two_owners_says_too_little(city: City) -> None:
    """CORE-OPEN-07"""
    identifier = doc.fresh("O")
    pushed(city, identifier, by=city.cpo, owner=CPO)
    pushed(city, identifier, by=city.many, owner=MANY_CPO)
    everywhere(city)
    asked = ask(city.msp, "GET", f"SENDER/locations/{identifier}")
    assert (asked.answer.status, asked.answer.code) == (200, 4001)
    assert asked.nowhere(city)


@pytest.mark.parametrize("kind", ["sessions", "cdrs"])
def test_a_contract_names_the_receiver(city: City, kind: str) -> None:
    """CORE-OPEN-02, CORE-OPEN-08, CORE-OPEN-04: row 9; POST and PUT."""
    identifier = doc.fresh("O")
    body = getattr(doc, kind[:-1])(CPO, identifier, MSP)
    if kind == "cdrs":
        asked = ask(city.cpo, "POST", "RECEIVER/cdrs", body=body)
    else:
        asked = ask(city.cpo, "PUT", f"RECEIVER/sessions/NL/CPO/{identifier}", body=body)
    (request,) = asked.at(city.msp)
    assert asked.answer.code == 1000
    assert ends(request.headers) == (MSP, CPO)
    assert request.json == body
    assert not asked.at(city.second)


@pytest.mark.parametrize(("who", "method", "path", "body"), [
    ("cpo", "PATCH", "RECEIVER/sessions/NL/CPO/{id}", {"kwh": 3, "last_updated": doc.LONG_AGO}),
    ("cpo", "GET", "RECEIVER/sessions/NL/CPO/{id}", None),
    ("msp", "PUT", "SENDER/sessions/{id}/charging_preferences", {"profile_type": "CHEAP"}),
    ("msp", "PUT", "RECEIVER/chargingprofiles/{id}", {"charging_profile": {}}),
])  # fmt: skip
def test_a_session_is_between_two_parties(
    city: City, who: str, method: str, path: str, body: Any
) -> None:
    """CORE-OPEN-02, CORE-OPEN-04: learnt from the key of a call that named its receiver."""
    identifier = doc.fresh("O")
    session = doc.session(CPO, identifier, MSP)
    first = ask(
        city.cpo, "PUT", f"RECEIVER/sessions/NL/CPO/{identifier}", to=MSP, body=session
    )  # fmt: skip
    assert first.answer.code == 1000
    everywhere(city)
    asked = ask(getattr(city, who), method, path.format(id=identifier), body=body)
    there, party = (city.msp, MSP) if who == "cpo" else (city.cpo, CPO)
    (request,) = asked.at(there)
    assert ends(request.headers)[0] == party
    assert ends(asked.answer.headers)[1] == party


def test_the_same_session_id_of_others_does_not_matter(city: City) -> None:
    """CORE-OPEN-08"""
    identifier = doc.fresh("O")
    for by, owner, contract in ((city.cpo, CPO, MSP), (city.many, MANY_CPO, TWIN)):
        path = f"RECEIVER/sessions/{owner[0]}/{owner[1]}/{identifier}"
        body = doc.session(owner, identifier, contract)
        assert ask(by, "PUT", path, to=contract, sender=owner, body=body).answer.code == 1000
    everywhere(city)
    asked = ask(city.msp, "PUT", f"SENDER/sessions/{identifier}/charging_preferences", body={})
    assert len(asked.at(city.cpo)) == 1
    asked = ask(city.second, "PUT", f"SENDER/sessions/{identifier}/charging_preferences", body={})
    assert len(asked.at(city.many)) == 1


def test_a_command_goes_to_the_owner_of_its_location_or_session(city: City) -> None:
    """CORE-OPEN-02, CORE-OPEN-04, CORE-HUB-21"""
    city.many.http.on("POST", "/r/commands/", answers(**ACCEPTED))
    location, session, reservation = doc.fresh("O"), doc.fresh("O"), doc.fresh("O")
    pushed(city, location, by=city.many, owner=MANY_CPO)
    path = f"RECEIVER/sessions/BE/MAN/{session}"
    body = doc.session(MANY_CPO, session, MSP)
    ask(city.many, "PUT", path, to=MSP, sender=MANY_CPO, body=body)
    everywhere(city)
    token, url = doc.token(MSP, "T1"), f"{city.msp.base}/2.2.1/s/commands/x"
    for command, named in (
        ("START_SESSION", {"location_id": location, "token": token}),
        ("UNLOCK_CONNECTOR", {"location_id": location, "evse_uid": "E1", "connector_id": "1"}),
        ("STOP_SESSION", {"session_id": session}),
        ("RESERVE_NOW", {"location_id": location, "reservation_id": reservation}),
        ("CANCEL_RESERVATION", {"reservation_id": reservation}),
    ):
        if command == "CANCEL_RESERVATION":
            everywhere(city)
        asked = ask(
            city.msp, "POST", f"RECEIVER/commands/{command}", body={"response_url": url, **named}
        )
        assert asked.answer.data == ACCEPTED, command
        assert ends(asked.at(city.many)[0].headers) == (MANY_CPO, MSP)


def test_an_authorization_goes_to_the_tokens_owner(city: City) -> None:
    """CORE-OPEN-02, CORE-OPEN-03, TOK-AUTH-14: a token that its eMSP pushed to somebody."""
    city.msp.http.on("POST", "/s/tokens/", answers(allowed="ALLOWED"))
    uid = doc.fresh("0FAB")
    path = f"RECEIVER/tokens/DE/MSP/{uid}"
    assert ask(city.msp, "PUT", path, to=CPO, body=doc.token(MSP, uid)).answer.code == 1000
    everywhere(city)
    asked = ask(city.many, "POST", f"SENDER/tokens/{uid}/authorize", sender=MANY_CPO)
    assert asked.answer.data == {"allowed": "ALLOWED"}
    assert ends(asked.at(city.msp)[0].headers) == (MSP, MANY_CPO)
    assert ends(asked.answer.headers) == (MANY_CPO, MSP)
    assert uid not in city.hub.log


@pytest.mark.parametrize("who", ["cpo", "msp"])
def test_what_is_not_known_is_4001(city: City, who: str) -> None:
    """CORE-OPEN-07"""
    path = "SENDER/tokens/NOBODYS/authorize" if who == "cpo" else "RECEIVER/commands/STOP_SESSION"
    body = None if who == "cpo" else {"session_id": "NOBODYS", "response_url": city.msp.base}
    asked = ask(getattr(city, who), "POST", path, body=body)
    assert (asked.answer.status, asked.answer.code) == (200, 4001)
    assert ends(asked.answer.headers)[1] == HUB
    assert asked.nowhere(city)
