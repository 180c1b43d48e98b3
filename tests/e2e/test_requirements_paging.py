"""Lists of a real node: limits, links, filters and totals."""

import itertools
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.e2e import documents as doc
from tests.e2e.mock_partner import Answered
from tests.e2e.stage import NODE, Stage

YEAR = itertools.count(1971)
AT = (
    "-01-01T11:59:59Z",
    "-01-01T12:00:00Z",
    "-01-01T12:00:01Z",
    "-06-01T00:00:00Z",
    "-12-01T00:00:00Z",
)


@pytest.fixture(scope="module")
def year(stage: Stage) -> str:
    """Five tariffs of their own year, so that a window shows them alone."""
    year = str(next(YEAR))
    stage.load("tariffs", *(doc.tariff(NODE, doc.fresh("P"), last_updated=year + at) for at in AT))
    return year


def lists(stage: Stage, year: str, **query: object) -> Answered:
    window = {"date_from": f"{year}-01-01T00:00:00Z", "date_to": f"{year}-12-31T00:00:00Z"}
    url = stage.partner.url("tariffs", "SENDER", **(window | query))
    return stage.partner.send("GET", url, headers=stage.partner.routing())


def follow(stage: Stage, url: str) -> Answered:
    return stage.partner.send("GET", url, headers=stage.partner.routing())


def stamps(answer: Answered) -> list[str]:
    return [item["last_updated"] for item in answer.data]


@pytest.mark.parametrize("module", ["locations", "tariffs", "cdrs", "tokens", "sessions"])
def test_every_list_takes_all_combinations_of_parameters(stage: Stage, module: str) -> None:
    """CORE-PAG-01, GEN-PAGE-01, LOC-LIST-01, CDR-LIST-01, TAR-LIST-01, TOK-LIST-01, SES-LIST-01"""
    given = {
        "date_from": "2020-01-01T00:00:00Z",
        "date_to": "2030-01-01T00:00:00Z",
        "offset": "0",
        "limit": "10",
    }
    for size in range(5):
        for names in itertools.combinations(given, size):
            if module == "sessions" and "date_from" not in names:
                continue
            url = stage.partner.url(module, "SENDER", **{name: given[name] for name in names})
            answer = follow(stage, url)
            assert answer.code == 1000, (names, answer)
            assert int(answer.headers["x-total-count"]) >= len(answer.data)
            assert int(answer.headers["x-limit"]) > 0


def test_date_from_is_inclusive_and_date_to_exclusive(stage: Stage, year: str) -> None:
    """CORE-PAG-02, CORE-PAG-03, GEN-PAGE-04, LOC-LIST-02"""
    noon = f"{year}-01-01T12:00:00Z"
    assert stamps(lists(stage, year, date_from=noon))[0] == noon
    assert stamps(lists(stage, year, date_to=noon)) == [f"{year}-01-01T11:59:59Z"]


def test_adjacent_windows_have_no_gap_and_no_overlap(stage: Stage, year: str) -> None:
    """CORE-PAG-04"""
    cuts = [year + at for at in ("-01-01T00:00:00Z", AT[1], AT[3], "-12-31T00:00:00Z")]
    found = [
        item["id"]
        for start, end in itertools.pairwise(cuts)
        for item in lists(stage, year, date_from=start, date_to=end).data
    ]
    assert sorted(found) == sorted(item["id"] for item in lists(stage, year).data)


def test_a_time_without_z_is_utc(stage: Stage, year: str) -> None:
    """GEN-TIME-01, CORE-TYPE-07"""
    for spelling in (f"{year}-01-01T12:00:00", f"{year}-01-01T12:00:00.000Z"):
        assert len(lists(stage, year, date_from=spelling).data) == 4


def test_offset_counts_objects_from_0(stage: Stage, year: str) -> None:
    """CORE-PAG-05, LOC-LIST-07"""
    whole = lists(stage, year).data
    assert lists(stage, year, offset=0).data == whole
    assert lists(stage, year, offset=3).data == whole[3:]


def test_no_more_than_limit_and_total_whatever_the_page(stage: Stage, year: str) -> None:
    """CORE-PAG-06, CORE-PAG-10"""
    for offset in range(5):
        answer = lists(stage, year, limit=2, offset=offset)
        assert len(answer.data) == min(2, 5 - offset)
        assert answer.headers["x-total-count"] == "5"
    noon = f"{year}-01-01T12:00:00Z"
    assert lists(stage, year, date_from=noon, limit=1).headers["x-total-count"] == "4"


def test_x_limit_is_the_bound_and_not_the_count(stage: Stage, year: str) -> None:
    """CORE-PAG-07, CORE-PAG-08, CORE-PAG-09, GEN-PAGE-03"""
    assert int(lists(stage, year).headers["x-limit"]) > 5
    answer = lists(stage, year, limit=1_000_000)
    assert int(answer.headers["x-limit"]) == 1000
    assert answer.next is None


def test_the_bound_of_the_server_stands_in_the_link(stage: Stage) -> None:
    """CORE-PAG-09: more objects than the largest page."""
    year = str(next(YEAR))
    at = f"{year}-02-01T00:00:00Z"
    stage.load("tariffs", *(doc.tariff(NODE, doc.fresh("P"), last_updated=at) for _ in range(1001)))
    answer = lists(stage, year, limit=2000)
    assert answer.headers["x-limit"] == "1000"
    assert len(answer.data) == 1000
    assert answer.next is not None
    assert parse_qs(urlsplit(answer.next).query)["limit"] == ["1000"]
    assert len(follow(stage, answer.next).data) == 1


def test_headers_are_on_the_last_and_the_empty_page(stage: Stage, year: str) -> None:
    """CORE-PAG-11, CORE-PAG-12, CORE-PAG-19, CORE-PAG-26"""
    last = lists(stage, year, offset=4)
    beyond = lists(stage, year, offset=9999)
    empty = lists(stage, "1969")
    assert [page.headers["x-total-count"] for page in (last, beyond, empty)] == ["5", "5", "0"]
    far = lists(stage, year, offset="9" * 40)
    assert (far.status, far.data) == (200, [])
    for page in (last, beyond, empty):
        assert int(page.headers["x-limit"]) > 0
        assert "link" not in page.headers
    assert (beyond.status, beyond.code, beyond.data) == (200, 1000, [])
    assert (empty.status, empty.code, empty.data) == (200, 1000, [])


def test_links_lead_through_all_pages_and_end(stage: Stage, year: str) -> None:
    """CORE-PAG-12, CORE-PAG-15, GEN-PAGE-02"""
    pages = [lists(stage, year, limit=2)]
    while (url := pages[-1].next) is not None:
        assert url.startswith(stage.partner.url("tariffs", "SENDER"))
        pages.append(follow(stage, url))
    assert [len(page.data) for page in pages] == [2, 2, 1]
    found = [item for page in pages for item in page.data]
    assert found == lists(stage, year).data
    assert {page.headers["x-total-count"] for page in pages} == {"5"}


def test_no_link_when_the_page_ends_at_the_total(stage: Stage, year: str) -> None:
    """CORE-PAG-13"""
    assert "link" not in lists(stage, year, limit=5).headers
    first = lists(stage, year, limit=2, date_to=year + AT[4])
    assert first.next is not None
    assert "link" not in follow(stage, first.next).headers


def test_the_link_repeats_the_filters_and_no_others(stage: Stage, year: str) -> None:
    """CORE-PAG-14, GEN-PAGE-02"""
    start = f"{year}-01-01T00:00:00Z"
    answer = stage.partner.send(
        "GET", stage.partner.url("tariffs", "SENDER", date_from=start, limit=1)
    )
    assert answer.next is not None
    query = parse_qs(urlsplit(answer.next).query)
    assert query["date_from"] == [start]
    assert query["limit"] == ["1"]
    assert "date_to" not in query
    assert "None" not in answer.next
    assert "null" not in answer.next


def test_the_order_is_stable_while_objects_come(stage: Stage) -> None:
    """CORE-PAG-17, CORE-PAG-18, GEN-PAGE-05: oldest created first, also after a change."""
    year = str(next(YEAR))
    ids = [doc.fresh("P") for _ in range(4)]
    at = f"{year}-03-01T00:00:00Z"
    stage.load("tariffs", *(doc.tariff(NODE, name, last_updated=at) for name in ids[:3]))
    assert lists(stage, year).data == lists(stage, year).data
    page = lists(stage, year, limit=1)
    stage.load("tariffs", doc.tariff(NODE, ids[3], last_updated=at))
    changed = doc.tariff(NODE, ids[0], currency="SEK", last_updated=f"{year}-04-01T00:00:00Z")
    stage.load("tariffs", changed)
    found = [page.data[0]["id"]]
    while page.next is not None:
        page = follow(stage, page.next)
        found += [item["id"] for item in page.data]
    assert found == ids


@pytest.mark.parametrize(
    "query",
    [
        {"offset": "-1"},
        {"offset": "x"},
        {"limit": "abc"},
        {"limit": "-5"},
        {"date_from": "foo"},
        {"date_to": "2020-13-45T00:00:00Z"},
    ],
)
def test_nonsense_parameters_are_2001(stage: Stage, query: dict[str, str]) -> None:
    """CORE-PAG-20"""
    answer = follow(stage, stage.partner.url("tariffs", "SENDER", **query))
    assert (answer.status, answer.code) == (200, 2001)


def test_a_session_list_needs_date_from(stage: Stage) -> None:
    """SES-LIST-02"""
    answer = follow(stage, stage.partner.url("sessions", "SENDER"))
    assert (answer.status, answer.code) == (200, 2001)
