"""Lists and single objects of the SENDER side: pages, filters, and who sees what."""

import itertools
import re
from typing import Any

import pytest
from tests.roaming import objects
from tests.roaming.company import Answer, Company, Pair, meet, role
from tests.roaming.conftest import Found

from voltroam.standard.parties import PartyId
from voltroam.standard.v2_2_1 import Role

FROM = "date_from=2020-01-01T00:00:00Z"
LISTS = ["sender/locations", "sender/tariffs", f"sender/sessions?{FROM}", "sender/cdrs"]
TIMES = [objects.T0, objects.T1, objects.T2]


def ids(answer: Answer) -> list[str]:
    assert answer.code == 1000, answer.message
    return [one["id"] for one in answer.data]


def next_url(answer: Answer) -> str | None:
    link = answer.headers.get("link")
    if link is None:
        return None
    match = re.fullmatch(r'<(https://[^>]+)>; rel="next"', link)
    assert match is not None
    return match[1]


async def crawl(pair: Pair, path: str) -> list[Answer]:
    answers = [await pair.ask("GET", path)]
    while (url := next_url(answers[-1])) is not None:
        answers.append(await pair.ask("GET", url))
    return answers


async def fill(company: Company, count: int, kind: str = "locations", **changes: Any) -> None:
    """Objects `O0`, `O1`, … an hour apart."""
    make = getattr(objects, kind.removesuffix("s"))
    for number in range(count):
        stamp = f"2026-11-20T{number:02}:00:00Z"
        if kind == "locations":
            plug = objects.connector(last_updated=stamp)
            changes = {"evses": [objects.evse(connectors=[plug], last_updated=stamp)]}
        await company.import_(kind, make(id=f"O{number}", last_updated=stamp, **changes))


@pytest.mark.parametrize("path", LISTS)
async def test_an_empty_list_is_an_empty_array_with_both_headers(to_cpo: Pair, path: str) -> None:
    """CORE-PAG-11, CORE-PAG-26, GEN-PAGE-01"""
    answer = await to_cpo.ask("GET", path)
    assert (answer.http, answer.code, answer.data) == (200, 1000, [])
    assert answer.headers["x-total-count"] == "0"
    assert answer.headers["x-limit"] == "1000"
    assert "link" not in answer.headers


@pytest.mark.parametrize("kind", ["locations", "tariffs", "sessions", "cdrs"])
async def test_every_list_gives_whole_objects_and_takes_any_parameters(
    to_cpo: Pair, kind: str
) -> None:
    """CORE-PAG-01, GEN-PAGE-01, LOC-LIST-01, SES-LIST-01, CDR-LIST-01, TAR-LIST-01"""
    await fill(to_cpo.receiver, 2, kind)
    parameters = [FROM, "date_to=2030-01-01T00:00:00Z", "offset=0", "limit=10"]
    for count in range(5):
        for chosen in itertools.combinations(parameters, count):
            if kind == "sessions" and FROM not in chosen:
                continue
            answer = await to_cpo.ask("GET", f"sender/{kind}?{'&'.join(chosen)}")
            assert ids(answer) == ["O0", "O1"]
            assert answer.headers["x-total-count"] == "2"
    [whole] = (await to_cpo.ask("GET", f"sender/{kind}?{FROM}&offset=1")).data
    make = getattr(objects, kind.removesuffix("s"))
    assert whole.keys() == make().keys()
    assert whole["last_updated"] == "2026-11-20T01:00:00Z"


async def test_tokens_are_listed_to_operators(to_emsp: Pair) -> None:
    """TOK-LIST-01"""
    await to_emsp.receiver.import_("tokens", objects.token())
    await to_emsp.receiver.import_("tokens", objects.token(uid="2", last_updated=objects.T2))
    assert [one["uid"] for one in (await to_emsp.ask("GET", "sender/tokens")).data] == [
        "012345678",
        "2",
    ]
    window = f"date_from={objects.T1}&date_to={objects.T2}&offset=0&limit=9"
    answer = await to_emsp.ask("GET", f"sender/tokens?{window}")
    assert (answer.data, answer.headers["x-total-count"]) == ([objects.token()], "1")
    for method in ("PUT", "PATCH", "DELETE", "GET"):
        assert (await to_emsp.ask(method, "sender/tokens/012345678", {})).http in {404, 405}


async def test_sessions_need_date_from(to_cpo: Pair) -> None:
    """SES-LIST-02, CORE-PAG-01"""
    answer = await to_cpo.ask("GET", "sender/sessions")
    assert (answer.http, answer.code) == (200, 2001)
    assert "date_from" in answer.message


@pytest.mark.parametrize("kind", ["locations", "sessions", "cdrs", "tariffs"])
async def test_date_from_is_inclusive_and_date_to_exclusive(to_cpo: Pair, kind: str) -> None:
    """CORE-PAG-02/03, GEN-PAGE-04, GEN-TIME-01, LOC-LIST-02, SES-LIST-01, CDR-LIST-01,
    TAR-LIST-01"""
    await fill(to_cpo.receiver, 4, kind)
    window = "date_from=2026-11-20T01:00:00&date_to=2026-11-20T03:00:00.000Z"
    answer = await to_cpo.ask("GET", f"sender/{kind}?{window}")
    assert ids(answer) == ["O1", "O2"]


async def test_adjacent_windows_hold_every_object_once(to_cpo: Pair) -> None:
    """CORE-PAG-04, GEN-PAGE-04"""
    await fill(to_cpo.receiver, 9)
    edges = [f"2026-11-20T{hour:02}:00:00Z" for hour in (0, 3, 4, 9)]
    found = []
    for begin, end in itertools.pairwise(edges):
        answer = await to_cpo.ask("GET", f"sender/locations?date_from={begin}&date_to={end}")
        found += ids(answer)
    assert found == [f"O{number}" for number in range(9)]


async def test_offset_counts_objects_and_starts_at_none(to_cpo: Pair) -> None:
    """CORE-PAG-05, CORE-PAG-06, LOC-LIST-07, CORE-PAG-19"""
    await fill(to_cpo.receiver, 5)
    assert ids(await to_cpo.ask("GET", "sender/locations?limit=2")) == ["O0", "O1"]
    assert ids(await to_cpo.ask("GET", "sender/locations?limit=2&offset=0")) == ["O0", "O1"]
    assert ids(await to_cpo.ask("GET", "sender/locations?offset=3")) == ["O3", "O4"]
    past = await to_cpo.ask("GET", "sender/locations?offset=9")
    assert (past.data, past.headers["x-total-count"]) == ([], "5")
    assert "link" not in past.headers


async def test_all_pages_follow_by_link_and_only_the_last_has_none(to_cpo: Pair) -> None:
    """CORE-PAG-10, CORE-PAG-11, CORE-PAG-12, CORE-PAG-15, CORE-PAG-16, GEN-PAGE-02"""
    await fill(to_cpo.receiver, 5)
    answers = await crawl(to_cpo, "sender/locations?limit=2")
    assert [ids(answer) for answer in answers] == [["O0", "O1"], ["O2", "O3"], ["O4"]]
    assert {answer.headers["x-total-count"] for answer in answers} == {"5"}
    assert {answer.headers["x-limit"] for answer in answers} == {"1000"}
    url = next_url(answers[0])
    assert url is not None
    assert url.startswith(to_cpo.receiver.url("sender/locations?"))


async def test_a_page_that_ends_at_the_total_has_no_link(to_cpo: Pair) -> None:
    """CORE-PAG-13"""
    await fill(to_cpo.receiver, 4)
    assert len(await crawl(to_cpo, "sender/locations?limit=2")) == 2


async def test_the_link_repeats_the_filters_and_nothing_else(to_cpo: Pair) -> None:
    """CORE-PAG-14, GEN-PAGE-02, CORE-PAG-10"""
    await fill(to_cpo.receiver, 5)
    begin = "date_from=2026-11-20T02%3A00%3A00Z"
    answers = await crawl(to_cpo, f"sender/locations?limit=1&{begin}")
    assert [ids(answer) for answer in answers] == [["O2"], ["O3"], ["O4"]]
    for answer in answers[:-1]:
        url = next_url(answer) or ""
        assert begin in url
        assert "limit=1" in url
        assert not re.search(r"date_to|None|null", url)
        assert answer.headers["x-total-count"] == "3"


async def test_a_limit_above_ours_becomes_ours(found: Found, emsp: Company) -> None:
    """CORE-PAG-07, CORE-PAG-08, CORE-PAG-09, GEN-PAGE-03, LOC-LIST-07"""
    small = await found("small.example", role("NL/AAA", Role.CPO), page_maximum=3)
    pair = await meet(small, emsp)
    await fill(small, 4)
    answer = await pair.ask("GET", "sender/locations?limit=2000")
    assert ids(answer) == ["O0", "O1", "O2"]
    assert answer.headers["x-limit"] == "3"
    assert "limit=3" in (next_url(answer) or "")
    one = await pair.ask("GET", "sender/locations?limit=1")
    assert one.headers["x-limit"] == "3"


async def test_the_order_is_that_of_creation_and_stays(to_cpo: Pair) -> None:
    """CORE-PAG-17, CORE-PAG-18"""
    await fill(to_cpo.receiver, 4)
    first = await to_cpo.ask("GET", "sender/locations?limit=2")
    repeat = await to_cpo.ask("GET", "sender/locations?limit=2")
    assert first.data == repeat.data
    newer = objects.location(id="O0", last_updated="2026-11-21T00:00:00Z")
    await to_cpo.receiver.import_("locations", newer)
    rest = await to_cpo.ask("GET", next_url(first) or "")
    assert ids(rest) == ["O2", "O3"]
    assert ids(await to_cpo.ask("GET", "sender/locations")) == ["O0", "O1", "O2", "O3"]


async def test_a_crawl_survives_writes_in_between(to_cpo: Pair) -> None:
    """CORE-PAG-17, CORE-PAG-18"""
    await fill(to_cpo.receiver, 3, "tariffs")
    first = await to_cpo.ask("GET", "sender/tariffs?limit=1")
    await to_cpo.receiver.import_("tariffs", objects.tariff(id="NEW"))
    rest = await crawl(to_cpo, next_url(first) or "")
    assert [ids(answer) for answer in rest] == [["O1"], ["O2"], ["NEW"]]


@pytest.mark.parametrize(
    "query",
    ["offset=-1", "limit=0", "limit=x", "offset=1.5", "date_from=yesterday", "cursor=xx",
     "date_to=2026-01-01T00:00:00%2B01:00"],
)  # fmt: skip
async def test_parameters_that_are_none_are_2001(to_cpo: Pair, query: str) -> None:
    """CORE-PAG-20, GEN-TIME-01"""
    answer = await to_cpo.ask("GET", f"sender/locations?{query}")
    assert (answer.http, answer.code) == (200, 2001)


async def test_a_cursor_of_another_life_of_the_database_is_refused(to_cpo: Pair) -> None:
    await fill(to_cpo.receiver, 2)
    url = next_url(await to_cpo.ask("GET", "sender/locations?limit=1"))
    to_cpo.receiver.store.epoch = "another"
    answer = await to_cpo.ask("GET", url or "")
    assert (answer.http, answer.code) == (200, 2001)
    assert "again" in answer.message


async def test_single_objects_have_urls_without_an_owner(to_cpo: Pair) -> None:
    """LOC-OBJ-01, LOC-OBJ-02"""
    await to_cpo.receiver.import_("locations", objects.location())
    assert (await to_cpo.ask("GET", "sender/locations/loc1")).data == objects.location()
    assert (await to_cpo.ask("GET", "sender/locations/LOC1/E1")).data == objects.evse()
    assert (await to_cpo.ask("GET", "sender/locations/LOC1/E1/1")).data == objects.connector()
    for absent in ("LOC9", "LOC1/E9", "LOC1/E1/9"):
        assert (await to_cpo.ask("GET", f"sender/locations/{absent}")).http == 404


async def test_a_change_of_an_evse_is_found_by_date(to_cpo: Pair) -> None:
    """LOC-LIST-03, LOC-LIST-04"""
    from voltroam.roaming import amend
    from voltroam.roaming.settle import Writer
    from voltroam.standard.endpoints import LOCATION
    from voltroam.standard.versions import V2_2_1

    cpo = to_cpo.receiver
    await cpo.import_("locations", objects.location())
    writer, owner = Writer(cpo.identity, V2_2_1, strict=True), PartyId("NL", "AAA")
    body = b'{"tariff_ids":["T1"],"last_updated":"2026-11-20T13:00:00Z"}'
    change = amend.patch(LOCATION, owner, {"id": "LOC1"}, ("E1", "1"), body, writer=writer)
    await cpo.store.apply(change)
    answer = await to_cpo.ask("GET", f"sender/locations?date_from={objects.T3}")
    [held] = answer.data
    assert held["last_updated"] == objects.T3
    assert held["evses"][0]["last_updated"] == objects.T3
    assert held["evses"][0]["connectors"][0]["last_updated"] == objects.T3


async def test_an_unpublished_location_is_sent_like_others(to_cpo: Pair) -> None:
    await to_cpo.receiver.import_("locations", objects.location(publish=False))
    assert ids(await to_cpo.ask("GET", "sender/locations")) == ["LOC1"]


async def test_a_private_location_never_leaves(to_cpo: Pair) -> None:
    """LOC-FLOW-06, LOC-FLOW-07, CORE-PAG-10"""
    cpo, aaa = to_cpo.receiver, PartyId("NL", "AAA")
    await cpo.import_("locations", objects.location(), private=True)
    await cpo.import_("locations", objects.location(id="LOC2"))
    answer = await to_cpo.ask("GET", "sender/locations")
    assert (ids(answer), answer.headers["x-total-count"]) == (["LOC2"], "1")
    assert (await to_cpo.ask("GET", "sender/locations/LOC1")).http == 404
    await cpo.import_("locations", objects.location(name="Still private", last_updated=objects.T2))
    assert ids(await to_cpo.ask("GET", "sender/locations")) == ["LOC2"]
    assert await cpo.mark_private("locations", aaa, "LOC1", private=False)
    assert set(ids(await to_cpo.ask("GET", "sender/locations"))) == {"LOC1", "LOC2"}
    assert await cpo.mark_private("locations", aaa, "LOC1", private=True)
    assert ids(await to_cpo.ask("GET", "sender/locations")) == ["LOC2"]
    assert not await cpo.mark_private("locations", aaa, "NONE", private=True)


async def test_sessions_and_cdrs_go_to_the_party_of_their_token_only(
    cpo: Company, emsp: Company, found: Found
) -> None:
    """SES-LIST-04, CORE-AUTH-08, CORE-PAG-10"""
    other = await found("other.example", role("FR/OTH", Role.EMSP))
    mine, theirs = await meet(cpo, emsp), await meet(cpo, other)
    foreign = objects.cdr_token(country_code="FR", party_id="OTH")
    for make, kind in ((objects.session, "sessions"), (objects.cdr, "cdrs")):
        await cpo.import_(kind, make(id="MINE"))
        await cpo.import_(kind, make(id="THEIRS", cdr_token=foreign))
        for pair, expected in ((mine, "MINE"), (theirs, "THEIRS")):
            answer = await pair.ask("GET", f"sender/{kind}?{FROM}")
            assert (ids(answer), answer.headers["x-total-count"]) == ([expected], "1")


async def test_what_others_own_is_not_on_our_lists(to_emsp: Pair, found: Found) -> None:
    """CORE-AUTH-08"""
    both = await found("both.example", role("NL/BBB", Role.CPO), role("NL/BBB", Role.EMSP))
    pushing = await meet(both, to_emsp.sender)
    reading = await meet(both, to_emsp.receiver)
    assert (
        await pushing.ask("PUT", "receiver/locations/NL/AAA/LOC1", objects.location())
    ).http == 201
    await both.import_("locations", objects.location(party_id="BBB", id="OWN"))
    assert ids(await reading.ask("GET", "sender/locations")) == ["OWN"]


async def test_the_party_addressed_narrows_the_list(found: Found, emsp: Company) -> None:
    """CORE-ROUTE-11, CORE-ROUTE-07"""
    two = await found("two.example", role("NL/AAA", Role.CPO), role("NL/BBB", Role.CPO))
    pair = await meet(two, emsp)
    await two.import_("locations", objects.location())
    await two.import_("locations", objects.location(party_id="BBB", id="B"))
    assert ids(await pair.ask("GET", "sender/locations")) == ["LOC1", "B"]
    to_bbb = {"ocpi-to-country-code": "nl", "ocpi-to-party-id": "bbb"}
    answer = await pair.ask("GET", "sender/locations", headers=to_bbb)
    assert (ids(answer), answer.headers["x-total-count"]) == (["B"], "1")
    one = await pair.ask("GET", "sender/locations/LOC1", headers=to_bbb)
    assert one.http == 404


async def test_only_own_parties_in_a_fitting_role_can_be_imported(cpo: Company) -> None:
    from voltroam.standard.errors import CallerError

    with pytest.raises(CallerError, match="not one of our parties"):
        await cpo.import_("locations", objects.location(party_id="BBB"))
    with pytest.raises(CallerError, match="not one of our parties"):
        await cpo.import_("tokens", objects.token(country_code="NL", party_id="AAA"))


async def test_a_strict_import_names_every_problem(cpo: Company) -> None:
    from voltroam.standard.errors import CallerError

    odd = objects.location(coordinates={"latitude": "52.37", "longitude": "4.89"})
    with pytest.raises(CallerError, match=r"latitude.*longitude"):
        await cpo.import_("locations", odd, strict=True)
    accepted = await cpo.import_("locations", odd)
    assert [problem.path for problem in accepted.problems] == [
        "$.coordinates.latitude",
        "$.coordinates.longitude",
    ]


async def test_own_cdrs_never_change_either(cpo: Company) -> None:
    """CDR-FLOW-01"""
    assert (await cpo.import_("cdrs", objects.cdr())).refusal is None
    changed = await cpo.import_("cdrs", objects.cdr(total_time=2))
    assert changed.refusal is not None
