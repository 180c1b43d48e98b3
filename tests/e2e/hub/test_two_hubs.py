"""Real companies connected by real hubs, two in a row: from a broadcast location to a bill.

| node | at | is |
|---|---|---|
| `cpo` | `one` | NL/NOD, a CPO with simulated chargers |
| `near` | `one` | BE/NEA, an eMSP |
| `far` | `two` | DE/MOV, an eMSP |
| `seller`, a scripted one | `one` | FR/SEL, a CPO |
| `buyer`, a scripted one | `two` | FR/BUY, an eMSP |

The hubs `one` (EU/ONE) and `two` (EU/TWO) are each the other's platform.
"""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from tests.e2e import documents as doc
from tests.e2e.hub.city import Party, answers, ask, ends, platform, send
from tests.e2e.mock_partner import MockPartner
from tests.e2e.nodes import Served, make_node, wait_until
from tests.e2e.stage import joined
from tests.e2e.story import encoded, quiet_world

from voltroam.simulator import city
from voltroam.standard.parties import PartyId

CPO, NEAR, FAR = PartyId("NL", "NOD"), PartyId("BE", "NEA"), PartyId("DE", "MOV")
SELLER, BUYER = ("FR", "SEL"), ("FR", "BUY")
SECONDS = 90


@dataclass(frozen=True, slots=True)
class Row:
    cpo: Served
    near: Served
    far: Served
    one: Served
    two: Served
    seller: MockPartner
    buyer: MockPartner


@pytest.fixture(scope="module")
def row(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Row]:
    folder = tmp_path_factory.mktemp("row")
    with ExitStack() as stack:

        def made(name: str, party: str) -> Served:
            served = make_node(folder / name, party, name=name)
            stack.callback(served.kill)
            return served

        cpo = quiet_world(made("cpo", f"{CPO}/CPO"), scale=150)
        near, far = made("near", f"{NEAR}/EMSP"), made("far", f"{FAR}/EMSP")
        one, two = made("one", "EU/ONE/HUB"), made("two", "EU/TWO/HUB")
        _fill(cpo, near, far)
        for served in (one, two, cpo, near, far):
            served.serve()
        _introduce(one, two, "two", "one")
        _introduce(one, cpo, "cpo", "hub")
        _introduce(one, near, "near", "hub")
        _introduce(two, far, "far", "hub")
        seller = stack.enter_context(platform((*SELLER, "CPO"), name="seller"))
        buyer = stack.enter_context(platform((*BUYER, "EMSP"), name="buyer"))
        joined(one, seller, "seller")
        joined(two, buyer, "buyer")
        yield Row(cpo, near, far, one, two, seller, buyer)


def _introduce(inviting: Served, registering: Served, them: str, us: str) -> None:
    made = inviting.json("partner", "invite", them)
    registering.json("partner", "register", made["versions_url"], made["token"], "--name", us)


def _fill(cpo: Served, *emsps: Served) -> None:
    now = datetime.now(UTC)
    cpo.load("tariffs", encoded(city.tariffs(CPO, now=now)))
    cpo.load("locations", encoded(city.locations(CPO, count=3, seed=7, now=now)))
    for number, (emsp, party) in enumerate(zip(emsps, (NEAR, FAR), strict=True)):
        emsp.load("tokens", encoded(city.tokens(party, count=3, seed=number, now=now)))


def same(one: list[Any], other: list[Any]) -> bool:
    def ordered(documents: list[Any]) -> list[str]:
        return sorted(json.dumps(it, sort_keys=True) for it in documents)

    return ordered(one) == ordered(other)


def equal(one: Served, other: Served, module: str) -> bool:
    return same(one.export(module), other.export(module))


def place(emsp: Served) -> tuple[str, str]:
    for location in emsp.export("locations"):
        for evse in location["evses"]:
            able = "REMOTE_START_STOP_CAPABLE" in evse.get("capabilities", ())
            if able and evse["status"] == "AVAILABLE":
                return location["id"], evse["uid"]
    raise AssertionError("no EVSE of the city can be started")


@pytest.mark.parametrize("who", ["near", "far"])
def test_a_charge_through_one_hub_and_through_two(row: Row, who: str) -> None:
    """CORE-HUB-08, CORE-HUB-20, CORE-HUB-21, CORE-BCAST-03, CMD-RSP-13, CDR-POST-03: locations and
    tariffs by broadcast, a command with its result, the session, and a CDR with its Location."""
    cpo, emsp = row.cpo, getattr(row, who)
    for module in ("tariffs", "locations"):
        wait_until(
            partial(equal, emsp, cpo, module), seconds=SECONDS, every=0.2,
            what=f"the {module} at {who}",
        )  # fmt: skip
    uids = {it["uid"] for it in emsp.export("tokens")}
    wait_until(
        lambda: uids <= {it["uid"] for it in cpo.export("tokens")}, seconds=SECONDS, every=0.2,
        what=f"the tokens of {who} at the CPO",
    )  # fmt: skip
    location, evse = place(emsp)
    token = next(it["uid"] for it in emsp.export("tokens") if it["valid"] and it["type"] == "RFID")
    started = emsp.run(
        "command", "start", "--partner", "hub", "--location", location, "--evse", evse,
        "--token", token, "--json",
    )  # fmt: skip
    assert started.code == 0, started.out + started.err

    def session() -> Any:
        held = [it for it in emsp.export("sessions") if it["cdr_token"]["uid"] == token]
        return held[0] if held and held[0]["status"] == "ACTIVE" and held[0]["kwh"] > 0 else None

    running = wait_until(session, seconds=SECONDS, every=0.2, what="the session")
    stopped = emsp.run("command", "stop", "--partner", "hub", "--session", running["id"], "--json")
    assert stopped.code == 0, stopped.out + stopped.err

    def bill() -> Any:
        return [it for it in emsp.export("cdrs") if it["session_id"] == running["id"]]

    (cdr,) = wait_until(bill, seconds=SECONDS, every=0.2, what="the CDR")
    assert cdr["cdr_token"]["uid"] == token
    (own,) = [it for it in cpo.export("cdrs") if it["id"] == cdr["id"]]
    assert same([own], [cdr])
    wait_until(
        lambda: set(_cdrs(cpo)) == {"ACCEPTED"}, seconds=SECONDS, every=0.2,
        what="the Location at the CPO",
    )  # fmt: skip


def _cdrs(cpo: Served) -> Any:
    return cpo.json("partner", "show", "hub")["delivery"]["cdrs"]


def known(row: Row) -> None:
    """Each hub has told the other of the party at its end."""
    for partner, party, module in (
        (row.buyer, SELLER, "SENDER/locations"), (row.seller, BUYER, "SENDER/tokens"),
    ):  # fmt: skip
        wait_until(
            partial(reached, partner, party, module), seconds=SECONDS, what=f"the way to {party}"
        )


def reached(partner: MockPartner, party: Party, path: str) -> bool:
    return ask(partner, "GET", path, to=party).answer.code == 1000


def test_a_list_is_read_page_by_page_across_both(row: Row) -> None:
    """CORE-HUB-19, CORE-HUB-08"""
    known(row)
    made = [doc.location(SELLER, f"L{number}") for number in range(5)]
    row.seller.objects["locations"] = made
    first = ask(row.buyer, "GET", "SENDER/locations", to=SELLER)
    assert first.answer.headers["x-total-count"] == "5"
    found, link = list(first.answer.data), first.answer.next
    while link is not None:
        assert link.startswith(row.two.url)
        page = send(row.buyer, "GET", link, to=SELLER, sender=BUYER)
        assert ends(page.at(row.seller)[0].headers) == (SELLER, BUYER)
        assert ends(page.answer.headers) == (BUYER, SELLER)
        found, link = found + page.answer.data, page.answer.next
    assert found == made


def test_a_commands_result_crosses_both(row: Row) -> None:
    """CORE-HUB-21, CORE-HUB-08, CMD-RSP-13"""
    known(row)
    row.seller.http.on("POST", "/r/commands/", answers(result="ACCEPTED", timeout=30))
    row.buyer.http.on("POST", "/s/commands/", answers())
    mine = f"{row.buyer.base}/2.2.1/s/commands/mine/1?x=1"
    body = {"response_url": mine, "token": doc.token(BUYER, "T1"), "location_id": "L1"}
    asked = ask(row.buyer, "POST", "RECEIVER/commands/START_SESSION", to=SELLER, body=body)
    assert asked.answer.data == {"result": "ACCEPTED", "timeout": 30}
    (request,) = asked.at(row.seller)
    url = request.json["response_url"]
    assert url.startswith(row.one.url)
    told = send(row.seller, "POST", url, to=BUYER, sender=SELLER, body={"result": "ACCEPTED"})
    assert told.answer.code == 1000
    (posted,) = told.at(row.buyer)
    assert f"http://{posted.headers['host']}{posted.target}" == mine
    assert ends(posted.headers) == (BUYER, SELLER)


def test_a_cdr_is_read_back_across_both(row: Row) -> None:
    """CORE-HUB-20, CORE-HUB-08, CDR-POST-03"""
    known(row)
    body = doc.cdr(SELLER, doc.fresh("C"), BUYER)
    asked = ask(row.seller, "POST", "RECEIVER/cdrs", to=BUYER, body=body)
    assert asked.answer.code == 1000
    url = asked.answer.headers["location"]
    assert url.startswith(row.one.url)
    read = send(row.seller, "GET", url, to=BUYER, sender=SELLER)
    assert read.answer.data == body
    assert ends(read.at(row.buyer)[0].headers) == (BUYER, SELLER)


def test_a_party_that_neither_knows_is_asked_for_once_and_refused(row: Row) -> None:
    """CORE-HUB-09, CORE-HUB-11: no call goes round between the two."""
    for partner, path in (
        (row.buyer, "SENDER/locations/L1"), (row.seller, "SENDER/tokens"),
    ):  # fmt: skip
        asked = ask(partner, "GET", path, to=("XX", "XXX"))
        assert (asked.answer.status, asked.answer.code) == (200, 4001)
