"""Query parameters of lists, and the headers of their pages (OCPI 2.2.1 §transport, pagination)."""

from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voltroam.standard.errors import CallerError
from voltroam.wire.paging import Cursor, Paging, next_link, page_headers, read_paging
from voltroam.wire.times import to_micros

URL = "https://cpo.example/pre/ocpi/2.2.1/sender/locations"
MOMENT = "2019-01-28T12:00:00.123Z"
MICROS = to_micros(datetime(2019, 1, 28, 12, 0, 0, 123000, tzinfo=UTC))


def ask(**query: str) -> Paging:
    return read_paging(query, default=100, maximum=1000)


def following(query: dict[str, str], *, maximum: int = 1000) -> dict[str, str]:
    paging = read_paging(query, default=100, maximum=maximum)
    return page_headers(URL, query, paging, total=5, following=Cursor("e-1", 42))


def test_every_parameter_may_be_left_out() -> None:
    """CORE-PAG-01, CORE-PAG-05, CORE-PAG-07, GEN-PAGE-01"""
    assert ask() == Paging(limit=100, offset=0, maximum=1000)


@pytest.mark.parametrize("present", range(16))
def test_all_combinations_of_the_parameters_are_read(present: int) -> None:
    """CORE-PAG-01"""
    every = {"date_from": MOMENT, "date_to": MOMENT, "offset": "3", "limit": "7"}
    given = {name: every[name] for place, name in enumerate(every) if present >> place & 1}
    paging = ask(**given)
    assert paging.date_from == (MICROS if "date_from" in given else None)
    assert paging.date_to == (MICROS if "date_to" in given else None)
    assert paging.offset == (3 if "offset" in given else 0)
    assert paging.limit == (7 if "limit" in given else 100)


def test_dates_without_zone_are_utc() -> None:
    """GEN-TIME-01, CORE-TYPE-09"""
    assert ask(date_from="2019-01-28T12:00:00.123").date_from == MICROS


def test_a_limit_over_the_maximum_is_the_maximum() -> None:
    """CORE-PAG-07, CORE-PAG-09"""
    assert ask(limit="2000").limit == 1000
    assert ask(limit="9" * 5000).limit == 1000


@pytest.mark.parametrize(
    "query",
    [
        {"offset": "-1"}, {"offset": "x"}, {"offset": ""}, {"offset": "1.5"}, {"offset": "١"},
        {"limit": "abc"}, {"limit": "0"}, {"limit": "-5"}, {"limit": " 5"},
        {"date_from": "foo"}, {"date_to": "2019-01-28"}, {"date_from": ""},
        {"date_from": "2019-01-28T12:00:00+00:00"}, {"date_from": "2019-01-28T12:00:00 00:00"},
        {"cursor": ""}, {"cursor": "!"}, {"cursor": "YWJj"}, {"cursor": "ü"},
    ],
)  # fmt: skip
def test_numbers_and_dates_that_are_none_give_2001(query: dict[str, str]) -> None:
    """CORE-PAG-20"""
    with pytest.raises(CallerError) as caught:
        ask(**query)
    assert (caught.value.status_code, caught.value.http_status) == (2001, 200)
    assert next(iter(query)) in caught.value.message


def test_the_largest_offset_fits_the_stores() -> None:
    """CORE-PAG-19"""
    assert ask(offset="9" * 400).offset == 2**62


def test_limit_and_total_are_on_every_page_and_a_link_on_all_but_the_last() -> None:
    """CORE-PAG-08, CORE-PAG-10, CORE-PAG-11, CORE-PAG-12, CORE-PAG-13, GEN-PAGE-03"""
    last = page_headers(URL, {}, ask(limit="2"), total=0, following=None)
    assert last == {"x-total-count": "0", "x-limit": "1000"}
    assert following({"limit": "2"}).keys() == {"x-total-count", "x-limit", "link"}


def test_the_link_repeats_the_filters_and_omits_what_was_not_asked() -> None:
    """CORE-PAG-14, CORE-PAG-15, CORE-PAG-16, GEN-PAGE-02"""
    link = next_link(following({"date_from": MOMENT, "limit": "2", "offset": "4"}))
    assert link is not None
    assert link.startswith(f"{URL}?date_from=2019-01-28T12%3A00%3A00.123Z&limit=2&cursor=")
    query = dict(parse_qsl(urlsplit(link).query))
    assert query.keys() == {"date_from", "limit", "cursor"}
    assert "None" not in link
    paging = read_paging(query, default=100, maximum=1000)
    assert (paging.cursor, paging.date_from, paging.limit) == (Cursor("e-1", 42), MICROS, 2)


def test_the_link_of_an_unfiltered_list_carries_only_the_cursor() -> None:
    """CORE-PAG-14"""
    link = next_link(following({}))
    assert link is not None
    assert dict(parse_qsl(urlsplit(link).query)).keys() == {"cursor"}


def test_the_link_shows_the_servers_maximum_for_a_larger_limit() -> None:
    """CORE-PAG-09"""
    headers = following({"limit": "2000"}, maximum=100)
    assert headers["x-limit"] == "100"
    assert "limit=100&" in headers["link"]


def test_what_the_caller_asked_cannot_break_out_of_the_link() -> None:
    """CORE-PAG-15"""
    headers = following({"x": '>; rel="next", <https://evil.example/>\r\nA: b'})
    assert headers["link"].count("<") == headers["link"].count(">") == 1
    assert "\r" not in headers["link"]
    link = next_link(headers)
    assert link is not None
    assert link.startswith(URL)


@settings(derandomize=True, max_examples=200)
@given(st.text(min_size=1), st.integers(0, 2**62))
def test_a_cursor_survives_the_link(epoch: str, created: int) -> None:
    cursor = Cursor(epoch.encode("utf-8", "replace").decode(), created)
    assert Cursor.read(cursor.write()) == cursor


@settings(derandomize=True, max_examples=300)
@given(st.dictionaries(st.sampled_from(["date_from", "date_to", "offset", "limit", "cursor"]),
                       st.text()))  # fmt: skip
def test_any_query_is_read_or_refused_with_2001(query: dict[str, str]) -> None:
    """CORE-PAG-20"""
    try:
        paging = read_paging(query, default=100, maximum=1000)
    except CallerError as fault:
        code, limit = int(fault.status_code), 1
    else:
        code, limit = 2001, paging.limit
    assert code == 2001
    assert 1 <= limit <= 1000


@pytest.mark.parametrize(
    ("header", "url"),
    [
        ('<https://x/?a=1>; rel="next"', "https://x/?a=1"),
        ("<https://x/>; rel=next", "https://x/"),
        ('<https://x/>; title="a, b; c"; rel="next"', "https://x/"),
        ('<https://x/>;rel="next";title="a"', "https://x/"),
        ('<https://x/>; REL="NEXT"', "https://x/"),
        ('<https://x/>; rel="last next"', "https://x/"),
        ('<https://p/>; rel="prev", <https://x/?a=1,2;3>; rel="next"', "https://x/?a=1,2;3"),
        ('<https://x/>; rel="next", <https://y/>; rel="next"', "https://x/"),
        ('<https://x/> ; rel = "next"', "https://x/"),
        ('<https://x/>; rel="prev"; rel="next"', None),
        ('<https://x/>; rel="prev"', None),
        ('<https://x/>; rel="nextish"', None),
        ("<https://x/>", None),
        ('<>; rel="next"', None),
        ("", None),
        ("nonsense", None),
        ('<https://x/; rel="next"', None),
    ],
)
def test_the_next_link_is_found_among_others(header: str, url: str | None) -> None:
    """CORE-PAG-21, CORE-PAG-25"""
    assert next_link({"link": header}) == url


def test_no_link_header_is_the_last_page() -> None:
    """CORE-PAG-21"""
    assert next_link({}) is None


@settings(derandomize=True, max_examples=300)
@given(st.text(alphabet='<>;,="\\ relnxt/:', max_size=60))
def test_no_link_header_makes_the_reader_stumble(header: str) -> None:
    """CORE-PAG-25"""
    link = next_link({"link": header})
    assert link is None or link in header
