"""Pushes to the hub itself: kept, acknowledged at once, and copied to all who may have them."""

import asyncio
import threading
from typing import Any

import pytest
from tests.e2e import documents as doc
from tests.e2e.hub.city import (
    CPO,
    FAR_HUB,
    HUB,
    MANY_CPO,
    MANY_MSP,
    MSP,
    NSP,
    OTHER,
    TWIN,
    Asked,
    City,
    Party,
    ask,
    ends,
    guest,
    send,
)
from tests.e2e.mock_http import Answer, Recorded, Reply, status
from tests.e2e.mock_partner import MockPartner
from tests.e2e.nodes import wait_until
from tests.e2e.stage import pushed


def broadcast(
    city: City, partner: MockPartner, module: str, identifier: str, body: Any, method: str = "PUT"
) -> Asked:
    path = f"RECEIVER/{module}/{'/'.join(partner.party)}/{identifier}"
    return ask(partner, method, path, to=HUB, body=body)


def told(partner: MockPartner, party: Party) -> list[Recorded]:
    """What it was told of the status of a party."""
    return pushed(partner, "PUT", f"/r/hubclientinfo/{party[0]}/{party[1]}")


def copies(asked: Asked, partner: MockPartner, count: int) -> dict[Party | None, Recorded]:
    """By receiving party, when so many came."""
    what = f"{count} copies at {partner.name}"
    wait_until(lambda: len(asked.at(partner)) >= count, seconds=60, what=what)
    found = asked.at(partner)
    by_party = {ends(request.headers)[0]: request for request in found}
    assert len(by_party) == len(found) == count
    return by_party


def test_a_location_is_copied_to_all_who_show_chargers(city: City) -> None:
    """CORE-BCAST-02, CORE-BCAST-03, CORE-BCAST-05, CORE-BCAST-07, CORE-BCAST-11, CORE-MSGID-10,
    GEN-HUB-01, GEN-HUB-02, CORE-HUB-22: row 6."""
    body = doc.location(CPO, doc.fresh("B"))
    asked = broadcast(city, city.cpo, "locations", body["id"], body)
    assert (asked.answer.status, asked.answer.code) == (201, 1000)
    assert ends(asked.answer.headers) == (CPO, HUB)
    got = {
        **copies(asked, city.msp, 1), **copies(asked, city.second, 1),
        **copies(asked, city.many, 1),
        **copies(asked, city.others, 2), **copies(asked, city.far, 1),
    }  # fmt: skip
    assert set(got) == {MSP, TWIN, MANY_MSP, OTHER, NSP, FAR_HUB}
    for request in got.values():
        assert ends(request.headers)[1] == HUB
        assert request.target.endswith(f"/r/locations/NL/CPO/{body['id']}")
        assert request.json == body
    assert len({request.headers["x-request-id"] for request in got.values()}) == len(got)
    assert asked.headers["X-Request-ID"] not in {it.headers["x-request-id"] for it in got.values()}
    assert not asked.at(city.cpo)
    assert not asked.at(city.first)


@pytest.mark.parametrize("who", ["msp", "others"])
def test_a_token_is_copied_to_operators_only(city: City, who: str) -> None:
    """CORE-BCAST-08, CORE-BCAST-09"""
    partner: MockPartner = getattr(city, who)
    body = doc.token(partner.party, doc.fresh("B"))
    asked = broadcast(city, partner, "tokens", body["uid"], body)
    assert asked.answer.code == 1000
    for operator, party in ((city.cpo, CPO), (city.many, MANY_CPO), (city.first, TWIN)):
        assert ends(asked.one_at(operator).headers) == (party, HUB)
    asked.one_at(city.far)
    assert not any(asked.at(it) for it in (city.msp, city.second, city.others))


def test_a_patch_of_a_part_is_copied_too(city: City) -> None:
    """CORE-BCAST-03, CORE-BCAST-05"""
    body = doc.location(CPO, doc.fresh("B"))
    broadcast(city, city.cpo, "locations", body["id"], body).one_at(city.msp)
    change = {"status": "CHARGING", "last_updated": doc.moment()}
    asked = broadcast(city, city.cpo, "locations", f"{body['id']}/E1", change, "PATCH")
    assert asked.answer.code == 1000
    request = asked.one_at(city.msp)
    assert (request.method, ends(request.headers)) == ("PATCH", (MSP, HUB))
    held = city.msp.held["locations", *CPO, body["id"]]
    assert (held["evses"][0]["status"], held["last_updated"]) == (
        "CHARGING", change["last_updated"],
    )  # fmt: skip


def test_a_deleted_tariff_is_deleted_everywhere(city: City) -> None:
    """CORE-BCAST-17: row 6, DELETE."""
    body = doc.tariff(CPO, doc.fresh("B"))
    asked = broadcast(city, city.cpo, "tariffs", body["id"], body)
    for partner in (city.msp, city.second):
        asked.one_at(partner)
    asked = broadcast(city, city.cpo, "tariffs", body["id"], None, "DELETE")
    assert ends(asked.answer.headers) == (CPO, HUB)
    for partner in (city.msp, city.second):
        assert asked.one_at(partner).method == "DELETE"


def test_only_who_takes_a_module_gets_its_copies(city: City) -> None:
    """CORE-BCAST-10"""
    with guest(city, ("AT", "NOL", "EMSP"), hidden=("locations",)) as partner:
        body = doc.location(CPO, doc.fresh("B"))
        asked = broadcast(city, city.cpo, "locations", body["id"], body)
        tariff = doc.tariff(CPO, doc.fresh("B"))
        later = broadcast(city, city.cpo, "tariffs", tariff["id"], tariff)
        later.one_at(partner)
        asked.one_at(city.msp)
        assert not asked.at(partner)


def test_the_sender_hears_nothing_of_the_receivers(city: City) -> None:
    """CORE-BCAST-12, CORE-BCAST-13: one answers 401, one nothing while the sender has its reply."""
    over = threading.Event()

    async def silent(request: Recorded, answer: Answer) -> Reply:
        while not over.is_set():
            await asyncio.sleep(0.02)
        return await answer(request)

    with (
        guest(city, ("AT", "BAD", "EMSP")) as bad,
        guest(city, ("AT", "SLO", "EMSP")) as slow,
    ):
        bad.http.on("PUT", "/r/locations/", status(401))
        slow.http.on("PUT", "/r/locations/", silent)
        try:
            body = doc.location(CPO, doc.fresh("B"))
            asked = broadcast(city, city.cpo, "locations", body["id"], body)
            assert asked.answer.code == 1000
            asked.one_at(city.msp)
        finally:
            over.set()
        bad.http.behave()
        slow.http.behave()


def filled(city: City, partner: MockPartner) -> bool:
    """It has all that was shared before it came."""
    delivery = city.hub.json("partner", "show", partner.name)["delivery"]
    return delivery is not None and not delivery["filling"]


def test_who_does_not_want_it_gets_nothing_late(city: City) -> None:
    """CORE-BCAST-18: whoever pulls after it was away gets no copy of what was shared meanwhile."""
    with guest(city, ("AT", "LAT", "EMSP"), catch_up="wait_for_pull") as late:
        first = doc.location(CPO, doc.fresh("B"))
        broadcast(city, city.cpo, "locations", first["id"], first).one_at(late)
        wait_until(lambda: filled(city, late), seconds=60, what="the first fill")
        late.http.pause()
        path = f"RECEIVER/locations/NL/CPO/{first['id']}"
        assert ask(city.cpo, "PUT", path, to=("AT", "LAT"), body=first).answer.code == 4003
        wait_until(
            lambda: any(it.json["status"] == "OFFLINE" for it in told(city.msp, ("AT", "LAT"))),
            seconds=60, what="the word that it is away",
        )  # fmt: skip
        missed = [doc.location(CPO, doc.fresh("B")) for _ in range(5)]
        flows = [broadcast(city, city.cpo, "locations", it["id"], it) for it in missed]
        for flow in flows:
            flow.one_at(city.msp)
        late.http.resume()
        assert late.peer is not None
        late.send("GET", late.peer.versions_url)

        def reached() -> bool:
            again = doc.location(CPO, doc.fresh("B"))
            broadcast(city, city.cpo, "locations", again["id"], again)
            return any(again["id"] in it.target for it in late.http.recorded)

        wait_until(reached, seconds=60, every=0.1, what="a copy after it was away")
        assert not any(flow.at(late) for flow in flows)


def test_who_was_away_gets_what_is_so_now(city: City) -> None:
    """CORE-BCAST-18: no copy of what was shared meanwhile is sent late, but the state of now, each
    object once, as a request of its own."""
    with guest(city, ("AT", "AWY", "EMSP")) as away:
        first = doc.location(CPO, doc.fresh("B"))
        broadcast(city, city.cpo, "locations", first["id"], first).one_at(away)
        wait_until(lambda: filled(city, away), seconds=60, what="the first fill")
        away.http.pause()
        path = f"RECEIVER/locations/NL/CPO/{first['id']}"
        assert ask(city.cpo, "PUT", path, to=("AT", "AWY"), body=first).answer.code == 4003
        names = [f"name {number}" for number in range(4)]
        for name in names:
            body = first | {"name": name, "last_updated": doc.moment()}
            flow = broadcast(city, city.cpo, "locations", first["id"], body)
            flow.one_at(city.msp)
        before = len(away.http.recorded)
        away.http.resume()
        assert away.peer is not None
        away.send("GET", away.peer.versions_url)
        key = ("locations", *CPO, first["id"])
        wait_until(lambda: away.held[key]["name"] == names[-1], seconds=60, what="the newest state")
        late = [it for it in away.http.recorded[before:] if first["id"] in it.target]
        assert len([it for it in late if it.method != "GET"]) == 1


def test_what_is_meant_for_nobody_in_particular_is_shared(city: City) -> None:
    """CORE-OPEN-06: row 10; a push that names no receiver and for which none can be found."""
    body = doc.location(CPO, doc.fresh("B"))
    asked = ask(city.cpo, "PUT", f"RECEIVER/locations/NL/CPO/{body['id']}", body=body)
    assert asked.answer.code == 1000
    assert ends(asked.answer.headers) == (CPO, HUB)
    assert ends(asked.one_at(city.msp).headers) == (MSP, HUB)


def test_nobody_shares_what_is_anothers(city: City) -> None:
    """GEN-HUB-03: also no body that says so."""
    body = doc.location(MANY_CPO, doc.fresh("B"))
    asked = ask(city.cpo, "PUT", f"RECEIVER/locations/BE/MAN/{body['id']}", to=HUB, body=body)
    assert asked.answer.code != 1000
    assert asked.nowhere(city)


def shared(city: City, *identifiers: str) -> list[doc.Json]:
    """Of three operators, the same ids each."""
    made = []
    for partner in (city.cpo, city.many, city.first):
        for identifier in identifiers:
            body = doc.location(partner.party, identifier)
            assert broadcast(city, partner, "locations", identifier, body).answer.code == 1000
            made.append(body)
    return made


def crawl(partner: MockPartner, first: Asked) -> tuple[list[doc.Json], list[Asked]]:
    pages = [first]
    while (link := pages[-1].answer.next) is not None:
        pages.append(send(partner, "GET", link, to=HUB, sender=partner.party))
    return [item for page in pages for item in page.answer.data], pages


def test_a_list_of_all_is_one_list(city: City) -> None:
    """CORE-ALL-02, CORE-ALL-03, CORE-ALL-04, CORE-ALL-05, CORE-HUB-22: row 4."""
    made = shared(city, doc.fresh("A"), doc.fresh("A"))
    found, pages = crawl(city.msp, ask(city.msp, "GET", "SENDER/locations", to=HUB, limit=2))
    assert len(found) == int(pages[0].answer.headers["x-total-count"])
    assert all(len(page.answer.data) <= 2 for page in pages)
    keys = [(it["country_code"], it["party_id"], it["id"]) for it in found]
    assert len(set(keys)) == len(keys)
    by_key = dict(zip(keys, found, strict=True))
    for body in made:
        assert by_key[body["country_code"], body["party_id"], body["id"]] == body
    for page in pages:
        assert ends(page.answer.headers) == (MSP, HUB)
        assert page.nowhere(city)
    none = ask(city.msp, "GET", "SENDER/locations", to=HUB, date_from=doc.moment(3600))
    assert (none.answer.data, none.answer.headers["x-total-count"]) == ([], "0")


def test_a_list_of_all_shows_each_party_what_it_may_see(city: City) -> None:
    """CORE-ALL-06: two eMSPs see their own CDRs only, an operator none, and no locations."""
    owner = ("AT", "CDR")
    ours, theirs = doc.fresh("C"), doc.fresh("C")
    cdrs = [doc.cdr(owner, ours, MSP), doc.cdr(owner, theirs, TWIN)]
    with guest(city, (*owner, "CPO"), objects={"cdrs": cdrs}):

        def seen(partner: MockPartner) -> list[str]:
            asked = ask(partner, "GET", "SENDER/cdrs", to=HUB)
            assert asked.answer.code == 1000
            return [it["id"] for it in asked.answer.data]

        wait_until(lambda: ours in seen(city.msp), seconds=60, what="CDRs that the hub pulls")
        wait_until(lambda: theirs in seen(city.second), seconds=60, what="the other's CDRs")
        assert theirs not in seen(city.msp)
        assert ours not in seen(city.second)
        assert seen(city.cpo) == []
        shared(city, doc.fresh("A"))
        assert ask(city.cpo, "GET", "SENDER/locations", to=HUB).answer.data == []
