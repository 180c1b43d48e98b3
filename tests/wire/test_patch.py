"""PATCH merges top-level members (OCPI 2.2.1 §transport, §mod_sessions)."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voltroam.standard.errors import CallerError, InvalidBody, OcpiError
from voltroam.wire.patch import merge

NONE: frozenset[str] = frozenset()
PERIODS = frozenset({"charging_periods"})


def period(start: str, volume: str = "1.0") -> str:
    return f'{{"start_date_time":"{start}","dimensions":[{{"type":"ENERGY","volume":{volume}}}]}}'


def session(*starts: str) -> bytes:
    return f'{{"id":"S","charging_periods":[{",".join(map(period, starts))}]}}'.encode()


def starts_of(document: bytes) -> list[str]:
    return [one["start_date_time"] for one in json.loads(document).get("charging_periods", [])]


A, B, C = (f"2020-01-01T10:0{minute}:00Z" for minute in range(3))


def test_members_not_named_keep_their_bytes() -> None:
    """CORE-MUT-03, CORE-TYPE-11, GEN-PATCH-01"""
    document = b'{"id":"1","kwh":1.50,"x_own":{ "a" : [1,  2.0] },"name":"\\u00fc","n":1e2}'
    merged = merge(document, b'{"kwh":2.25,"new":true}', appends=NONE)
    assert merged == (
        b'{"id":"1","kwh":2.25,"x_own":{ "a" : [1,  2.0] },"name":"\\u00fc","n":1e2,"new":true}'
    )


def test_a_list_and_an_object_are_replaced_whole() -> None:
    """LOC-PATCH-06"""
    document = b'{"tariff_ids":["12","14"],"coordinates":{"latitude":"1","longitude":"2"}}'
    merged = merge(document, b'{"tariff_ids":["15"],"coordinates":{"latitude":"3"}}', appends=NONE)
    assert merged == b'{"tariff_ids":["15"],"coordinates":{"latitude":"3"}}'


def test_null_removes_a_member() -> None:
    """CORE-MUT-10"""
    assert merge(b'{"a":1,"b":2}', b'{"a":null,"c": null }', appends=NONE) == b'{"b":2}'


def test_charging_periods_are_appended_in_order() -> None:
    """SES-PATCH-01"""
    merged = merge(session(A, B), session(C), appends=PERIODS)
    assert starts_of(merged) == [A, B, C]
    assert starts_of(merge(b'{"id":"S"}', session(A), appends=PERIODS)) == [A]
    assert starts_of(merge(b'{"charging_periods":null}', session(A), appends=PERIODS)) == [A]


@pytest.mark.parametrize("patch", [b"{}", b'{"charging_periods":[]}', b'{"charging_periods":null}'])
def test_no_charging_periods_leave_the_stored_ones_alone(patch: bytes) -> None:
    """SES-PATCH-02"""
    assert merge(session(A), patch, appends=PERIODS) == session(A)


def test_a_repeated_patch_does_not_double_a_period() -> None:
    """SES-PATCH-06"""
    once = merge(session(A), session(B), appends=PERIODS)
    assert merge(once, session(B), appends=PERIODS) == once
    spelled = session(B.replace("Z", ".000"), C, C)
    assert starts_of(merge(once, spelled, appends=PERIODS)) == [A, B, C]


def test_a_list_that_does_not_append_is_replaced_though_it_has_starts() -> None:
    assert merge(session(A), session(B), appends=NONE) == session(B)


@pytest.mark.parametrize("patch", [b"[]", b"1", b"null", b'[{"op":"replace"}]'])
def test_a_patch_that_is_no_object_gives_2001(patch: bytes) -> None:
    """CORE-MUT-05"""
    with pytest.raises(CallerError) as caught:
        merge(b"{}", patch, appends=NONE)
    assert (caught.value.status_code, caught.value.http_status) == (2001, 200)


@pytest.mark.parametrize("patch", [b"", b"{", b'{"a":}', b'{"a":' + b"[" * 200_000])
def test_a_patch_that_is_no_json_is_an_invalid_body(patch: bytes) -> None:
    with pytest.raises(InvalidBody):
        merge(b"{}", patch, appends=NONE)


def test_periods_that_are_no_list_give_2001() -> None:
    with pytest.raises(CallerError):
        merge(session(A), b'{"charging_periods":{"a":1}}', appends=PERIODS)


numbers = st.sampled_from(["0", "-0.0", "1.50", "1e2", "12345678901234567890.123456789", "1E-7"])
texts = st.text(max_size=5).map(json.dumps)
leaves = st.one_of(numbers, texts, st.sampled_from(["null", "true", "false"]))
trees = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]"),
        st.dictionaries(texts, inner, max_size=3).map(
            lambda pairs: "{" + " , ".join(f"{k} :{v}" for k, v in pairs.items()) + "}"
        ),
    ),
    max_leaves=8,
)
names = st.sampled_from(["a", "b", "ü", "charging_periods", "x"]).map(json.dumps)
objects = st.dictionaries(names, trees, max_size=5).map(
    lambda pairs: ("{" + ",".join(f"{k}:{v}" for k, v in pairs.items()) + "}").encode()
)


def exact(document: bytes) -> Any:
    return json.loads(document, parse_float=Decimal, parse_int=Decimal)


@settings(derandomize=True, max_examples=400)
@given(objects, objects)
def test_merging_is_what_a_naive_merge_gives_and_twice_is_once(
    document: bytes, patch: bytes
) -> None:
    """CORE-MUT-03, GEN-PATCH-01"""
    merged = merge(document, patch, appends=NONE)
    expected = exact(document)
    for name, value in exact(patch).items():
        if value is None:
            expected.pop(name, None)
        else:
            expected[name] = value
    assert exact(merged) == expected
    assert merge(merged, patch, appends=NONE) == merged


periods = st.lists(st.sampled_from([A, B, C, "2020-01-01T10:00:00", "x"]), max_size=4)


@settings(derandomize=True, max_examples=200)
@given(periods, periods)
def test_appending_twice_is_appending_once(held: list[str], added: list[str]) -> None:
    """SES-PATCH-06"""
    once = merge(session(*held), session(*added), appends=PERIODS)
    assert merge(once, session(*added), appends=PERIODS) == once
    assert starts_of(once)[: len(held)] == held


@settings(derandomize=True, max_examples=200)
@given(st.binary(max_size=20), st.binary(max_size=20))
def test_only_faults_come_of_any_bytes(document: bytes, patch: bytes) -> None:
    for pair in ((document, patch), (b"{}", patch), (session(A), b'{"charging_periods":' + patch)):
        try:
            merged = merge(*pair, appends=PERIODS)
        except OcpiError:
            continue
        assert isinstance(json.loads(merged), dict)
