"""Nobody reaches what is not its own: every row of the table, by path, body, header and cursor."""

import json
from typing import Any

import pytest
import pytest_asyncio
from tests.roaming import objects
from tests.roaming.company import Answer, Company, Pair, meet, role
from tests.roaming.conftest import Found

from voltroam.standard.endpoints import Behaviour, Endpoint, Interface, Table
from voltroam.standard.v2_2_1 import Role
from voltroam.standard.versions import V2_2_1

A, B = ("NL", "AAA"), ("NL", "BBB")
IDS = {"locations": "LOC1", "sessions": "S1", "cdrs": "C1", "tariffs": "T1", "tokens": "012345678"}
MAKE: dict[str, Any] = {
    "locations": objects.location,
    "sessions": objects.session,
    "cdrs": objects.cdr,
    "tariffs": objects.tariff,
    "tokens": objects.token,
}
OWNED = [
    row for row in Table().at(V2_2_1)
    if row.interface is Interface.RECEIVER and row.owner_in_path and row.module.functional
]  # fmt: skip
WRITES = [row for row in OWNED if row.behaviour is Behaviour.PUT and row.part is None]


def name_of(row: Endpoint) -> str:
    return f"{row.method} {row.module.name}/{row.path}"


def of(kind: str, party: tuple[str, str], **changes: Any) -> dict[str, Any]:
    made: dict[str, Any] = MAKE[kind](country_code=party[0], party_id=party[1], **changes)
    return made


def path_of(row: Endpoint, party: tuple[str, str], first: str | None = None) -> str:
    kind = row.module.name
    ids = [first or IDS[kind], "E1", "1"]
    below = len([part for part in row.segments if part.startswith("{")]) - 2
    return "/".join([f"receiver/{kind}", *party, *ids[:below]])


def body_of(row: Endpoint, party: tuple[str, str]) -> Any:
    if row.method == "PATCH":
        return {"last_updated": objects.T3}
    if row.method != "PUT":
        return None
    if row.part is None:
        return of(row.module.name, party, last_updated=objects.T3)
    evse = objects.evse(uid="E1", last_updated=objects.T3)
    connector: Any = evse["connectors"][0] | {"id": "1", "last_updated": objects.T3}
    return evse if row.part.member == "evses" else connector


async def stored(company: Company) -> dict[str, bytes]:
    kinds = company.table.resources
    return {
        f"{row.key}": row.document
        for kind in kinds
        async for row in company.store.scan(kind)
    }  # fmt: skip


def said(answer: Answer) -> tuple[int, int, str, Any]:
    return answer.http, answer.code, answer.message, answer.data


@pytest_asyncio.fixture
async def receiver(found: Found) -> Company:
    return await found("we.example", role("DE/MSP", Role.EMSP), role("DE/MSP", Role.CPO))


@pytest_asyncio.fixture
async def a(receiver: Company, found: Found) -> Pair:
    """Has one object of each kind here."""
    company = await found("a.example", role("NL/AAA", Role.CPO), role("NL/AAA", Role.EMSP))
    pair = await meet(receiver, company)
    for kind, name in IDS.items():
        if kind == "cdrs":
            answer = await pair.ask("POST", "receiver/cdrs", of(kind, A))
        else:
            answer = await pair.ask("PUT", f"receiver/{kind}/NL/AAA/{name}", of(kind, A))
        assert answer.code == 1000, answer
    return pair


@pytest_asyncio.fixture
async def b(receiver: Company, found: Found) -> Pair:
    """The stranger: a partner with the same roles."""
    company = await found("b.example", role("NL/BBB", Role.CPO), role("NL/BBB", Role.EMSP))
    return await meet(receiver, company)


@pytest.mark.parametrize("row", OWNED, ids=name_of)
async def test_anothers_object_is_answered_like_one_that_is_not_there(
    a: Pair, b: Pair, row: Endpoint
) -> None:
    """CORE-COO-04, GEN-OWN-03, CORE-AUTH-08: by path; nothing is written, nothing is learnt."""
    before = await stored(a.receiver)
    body = body_of(row, A)
    theirs = await b.ask(row.method, path_of(row, A), body)
    nobodys = await b.ask(row.method, path_of(row, ("NL", "ZZZ")), body_of(row, ("NL", "ZZZ")))
    assert said(theirs) == said(nobodys)
    assert theirs.http == 404
    if row.method != "PUT" or row.part is not None:
        absent = await b.ask(row.method, path_of(row, B, "NONE"), body)
        assert said(theirs) == said(absent)
    assert await stored(a.receiver) == before


@pytest.mark.parametrize("row", WRITES, ids=name_of)
async def test_anothers_name_in_the_body_is_refused(a: Pair, b: Pair, row: Endpoint) -> None:
    """SES-PUT-03, TAR-PUT-02, TOK-PUT-02, LOC-PUT-07, GEN-OWN-02: URL and body must agree."""
    before = await stored(a.receiver)
    answer = await b.ask("PUT", path_of(row, B), body_of(row, A))
    assert (answer.http, answer.code) == (200, 2001)
    assert "party_id" in answer.message
    assert await stored(a.receiver) == before


async def test_a_cdr_in_anothers_name_is_refused(a: Pair, b: Pair) -> None:
    """CDR-POST-05, CORE-COO-04: a repeat of the other's CDR as well as a new one."""
    before = await stored(a.receiver)
    for body in (of("cdrs", A), of("cdrs", A, id="C2")):
        answer = await b.ask("POST", "receiver/cdrs", body)
        assert (answer.http, answer.code) == (200, 2001)
        assert "location" not in answer.headers
    assert await stored(a.receiver) == before


@pytest.mark.parametrize("row", OWNED, ids=name_of)
async def test_anothers_name_in_the_from_headers_is_refused(
    a: Pair, b: Pair, row: Endpoint
) -> None:
    """CORE-ROUTE-10: a token speaks for its own parties only."""
    before = await stored(a.receiver)
    headers = {
        "ocpi-from-country-code": A[0], "ocpi-from-party-id": A[1],
        "ocpi-to-country-code": "DE", "ocpi-to-party-id": "MSP",
    }  # fmt: skip
    for party in (A, B):
        body = body_of(row, party)
        answer = await b.ask(row.method, path_of(row, party), body, headers=headers)
        assert (answer.http, answer.code) == (200, 2001)
        assert answer.data is None
    assert await stored(a.receiver) == before


# --- what we own and show to one party only ---

KINDS = ("sessions", "cdrs")
SINCE = "date_from=2026-01-01T00:00:00Z"


async def fill(receiver: Company, kind: str) -> None:
    """Ours, in turn for a driver of A and one of B: X0, X2 … and X1, X3 …"""
    for number in range(8):
        country, party = (A, B)[number % 2]
        driver = objects.cdr_token(country_code=country, party_id=party)
        whole = of(kind, ("DE", "MSP"), id=f"X{number}", cdr_token=driver)
        await receiver.import_(kind, whole)


async def listed(pair: Pair, url: str) -> tuple[list[str], str, str | None]:
    """Ids of a page, the total, and the URL of the next page."""
    answer = await pair.ask("GET", url)
    assert answer.code == 1000, answer
    link = answer.headers.get("link")
    following = link.partition("<")[2].partition(">")[0] if link else None
    return [item["id"] for item in answer.data], answer.headers["x-total-count"], following


@pytest.mark.parametrize("kind", KINDS)
async def test_two_partners_never_see_each_others_money(a: Pair, b: Pair, kind: str) -> None:
    """CDR-LIST-02, CORE-PAG-10: by filters, offsets, totals, and with the cursor of the other."""
    await fill(a.receiver, kind)
    mine, theirs = ["X0", "X2", "X4", "X6"], ["X1", "X3", "X5", "X7"]
    for pair, own in ((a, mine), (b, theirs)):
        for query in (SINCE, f"{SINCE}&date_to=2030-01-01T00:00:00Z", f"{SINCE}&limit=1000"):
            ids, total, following = await listed(pair, f"sender/{kind}?{query}")
            assert (ids, total, following) == (own, "4", None)
        ids, total, _ = await listed(pair, f"sender/{kind}?{SINCE}&offset=3")
        assert (ids, total) == (own[3:], "4")
    _, _, cursor = await listed(a, f"sender/{kind}?{SINCE}&limit=2")
    assert cursor is not None
    ids, total, _ = await listed(b, cursor)
    assert total == "4"
    assert set(ids) <= set(theirs)
    for name in mine:
        assert (await b.ask("GET", f"sender/{kind}/{name}")).http in (404, 405)


@pytest.mark.parametrize("kind", KINDS)
async def test_addressing_another_party_shows_no_more(a: Pair, b: Pair, kind: str) -> None:
    """CORE-ROUTE-11: `to` narrows to one of our parties, and never to one of others."""
    await fill(a.receiver, kind)
    for country, party in (A, ("NL", "ZZZ")):
        headers = {
            "ocpi-from-country-code": "NL", "ocpi-from-party-id": "BBB",
            "ocpi-to-country-code": country, "ocpi-to-party-id": party,
        }  # fmt: skip
        answer = await b.ask("GET", f"sender/{kind}?{SINCE}", headers=headers)
        assert (answer.http, answer.code, answer.data) == (200, 2001, None)


async def test_what_one_partner_gave_us_is_on_no_list(a: Pair, b: Pair) -> None:
    for kind in IDS:
        for pair in (a, b):
            answer = await pair.ask("GET", f"sender/{kind}?{SINCE}")
            assert json.loads(answer.text)["data"] == []
            assert answer.headers["x-total-count"] == "0"
