"""Reading documents: what is wrong, where, and how much it matters (OCPI 2.2.1 §types)."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from tests.wire.documents import AT, dump, evse, location, session, tariff, token

from voltroam.standard import v2_2_1 as v
from voltroam.standard.errors import InvalidBody
from voltroam.wire.decode import Problem, Reading, Severity, read, read_patch
from voltroam.wire.encode import encode

FATAL, ERROR, WARNING = Severity.FATAL, Severity.ERROR, Severity.WARNING


def found(shape: type[Any], document: object) -> dict[str, Severity]:
    return {one.path: one.severity for one in read(shape, dump(document)).problems}


def with_value(document: dict[str, Any], **changed: object) -> dict[str, Any]:
    return {**document, **changed}


@pytest.mark.parametrize(
    ("shape", "document"),
    [(v.Location, location()), (v.Session, session()), (v.Tariff, tariff()), (v.Token, token())],
)
def test_a_valid_document_has_no_problems_and_round_trips(
    shape: type[Any], document: dict[str, Any]
) -> None:
    reading = read(shape, dump(document))
    assert reading.problems == ()
    assert reading.usable(strict=True)
    assert json.loads(encode(reading.value)) == document


def test_numbers_are_read_exactly() -> None:
    """CORE-TYPE-11"""
    reading = read(v.Session, dump(session()).replace(b"1.25", b"0.12345678901234567890", 1))
    assert reading.value is not None
    assert reading.value.kwh == Decimal("0.12345678901234567890")
    assert found(v.Session, with_value(session(), kwh="0.1234")) == {"$.kwh": FATAL}


def test_every_problem_is_listed_with_its_path() -> None:
    """CORE-HTTP-06, CORE-HTTP-07"""
    document = location()
    del document["city"]
    document["publish"] = "yes"
    document["evses"][1]["status"] = "available"
    document["evses"][1]["connectors"][0]["max_voltage"] = "400"
    document["coordinates"]["latitude"] = "52.1234"
    document["evses"][0]["directions"][0]["language"] = "EN"
    assert found(v.Location, document) == {
        "$.city": FATAL,
        "$.publish": FATAL,
        "$.evses[1].status": FATAL,
        "$.evses[1].connectors[0].max_voltage": FATAL,
        "$.coordinates.latitude": ERROR,
        "$.evses[0].directions[0].language": WARNING,
    }
    message = read(v.Location, dump(document)).message
    assert "$.city: is missing" in message
    assert message.endswith("and 1 more")


@pytest.mark.parametrize(
    ("member", "value", "severity"),
    [
        ("id", "x" * 36, None),
        ("id", "x" * 37, FATAL),
        ("id", "", FATAL),
        ("id", "a\tb", FATAL),
        ("id", "a\nb", FATAL),
        ("id", "ä", FATAL),
        ("id", "a\x00", FATAL),
        ("id", 5, FATAL),
        ("id", None, FATAL),
        ("party_id", "ABCD", FATAL),
        ("country_code", "N", FATAL),
        ("name", "x" * 255, None),
        ("name", "x" * 256, ERROR),
        ("name", "Größe 東京 🚗", None),
        ("name", "a\nb", ERROR),
        ("name", "a\tb", ERROR),
        ("name", "a\x7f", ERROR),
        ("name", "a\x85b", ERROR),
        ("name", "", WARNING),
        ("name", None, None),
        ("name", 5, FATAL),
        ("address", "ü" * 255, None),
        ("address", "ü" * 256, ERROR),
        ("country", "deu", WARNING),
        ("country", "DE", ERROR),
        ("parking_type", "on_street", FATAL),
        ("parking_type", "NOWHERE", FATAL),
        ("facilities", ["HOTEL", "hotel"], FATAL),
        ("charging_when_closed", 1, FATAL),
        ("last_updated", "2020-01-01T10:00:00", None),
        ("last_updated", "2020-01-01T10:00:00.123Z", None),
        ("last_updated", "2020-01-01T10:00:00.123456Z", ERROR),
        ("last_updated", "2020-01-01T10:00:00+00:00", FATAL),
        ("last_updated", "2020-01-01T10:00:00+02:00", FATAL),
        ("last_updated", "2020-01-01 10:00:00Z", FATAL),
        ("last_updated", "2020-01-01", FATAL),
        ("last_updated", 1577836800, FATAL),
        ("evses", {}, FATAL),
        ("time_zone", "CET+1", ERROR),
    ],
)
def test_each_kind_of_fault_has_its_severity(
    member: str, value: object, severity: Severity | None
) -> None:
    """CORE-HTTP-07, CORE-MUT-01, CORE-TYPE-01, CORE-TYPE-02, CORE-TYPE-03, CORE-TYPE-04,
    CORE-TYPE-05, CORE-TYPE-06, CORE-TYPE-08, CORE-TYPE-10, LOC-TXT-03"""
    problems = read(v.Location, dump(with_value(location(), **{member: value}))).problems
    assert [one.severity for one in problems] == ([severity] if severity else [])
    assert all(one.path.startswith(f"$.{member}") for one in problems)


@pytest.mark.parametrize("member", ["id", "publish", "address", "coordinates", "last_updated"])
def test_a_required_member_missing_or_null_is_fatal(member: str) -> None:
    """CORE-MUT-01, CORE-STAT-04"""
    document = location()
    document[member] = None
    assert found(v.Location, document) == {f"$.{member}": FATAL}
    del document[member]
    reading = read(v.Location, dump(document))
    assert reading.problems == (Problem(f"$.{member}", FATAL, "CORE-MUT-01", "is missing"),)
    assert reading.value is None
    assert not reading.usable(strict=False)


def test_absent_null_and_empty_lists_mean_the_same() -> None:
    """CORE-RESP-11, CORE-RESP-12"""
    bare = location()
    del bare["evses"], bare["name"]
    forms: list[dict[str, object]] = [{}, {"evses": None, "name": None}, {"evses": []}]
    for changed in forms:
        reading = read(v.Location, dump(with_value(bare, **changed)))
        assert reading.usable(strict=True)
        assert reading.value is not None
        assert not reading.value.evses
        assert reading.value.name is None


def test_a_list_that_needs_an_entry_is_not_empty() -> None:
    """CORE-RESP-13"""
    document = {"token": "t", "url": "https://x.example/", "roles": []}
    assert found(v.Credentials, document) == {"$.roles": FATAL}
    del document["roles"]
    assert found(v.Credentials, document) == {"$.roles": FATAL}
    assert found(v.EVSE, with_value(evse(1), connectors=[])) == {"$.connectors": FATAL}


def test_unknown_members_are_ignored() -> None:
    """CORE-HTTP-23"""
    document = with_value(location(), x_own={"a": [1, {"b": None}]}, floor="1")
    assert read(v.Location, dump(document)) == read(v.Location, dump(location()))


def test_display_text_has_a_short_language_a_limited_text_and_no_markup() -> None:
    """CORE-TYPE-12, CORE-TYPE-13"""

    def text(language: str, words: str) -> dict[str, Severity]:
        return found(v.DisplayText, {"language": language, "text": words})

    assert text("en", "x" * 512) == {}
    assert text("en", "x" * 513) == {"$.text": ERROR}
    assert text("eng", "x") == {"$.language": ERROR}
    assert text("En", "x") == {"$.language": WARNING}
    assert text("en", "a <b>c</b>") == {"$.text": WARNING}
    assert text("en", "1 < 2 and 3 > 2") == {}


def test_a_price_needs_its_amount_without_vat_only() -> None:
    """CORE-TYPE-14"""
    assert found(v.Price, {"excl_vat": 1}) == {}
    assert found(v.Price, {"incl_vat": 1}) == {"$.excl_vat": FATAL}


def test_a_url_has_at_most_255_characters() -> None:
    """CORE-TYPE-15"""
    url = "https://x.example/"
    document = {"token": "t", "url": url + "x" * (255 - len(url)), "roles": [
        {"role": "CPO", "party_id": "AAA", "country_code": "NL", "business_details": {"name": "A"}}
    ]}  # fmt: skip
    assert found(v.Credentials, document) == {}
    document["url"] = f"{document['url']}x"
    assert found(v.Credentials, document) == {"$.url": ERROR}


def test_not_available_stands_in_required_strings() -> None:
    """CORE-TYPE-16, GEN-NA-01"""
    document = with_value(session(), evse_uid="#NA", connector_id="#NA", status="RESERVATION")
    assert found(v.Session, document) == {}
    point = {"latitude": "#NA", "longitude": "#NA"}
    severities = found(v.GeoLocation, point).values()
    assert ERROR not in severities
    assert FATAL not in severities


def test_an_unknown_currency_is_a_warning() -> None:
    assert found(v.Tariff, with_value(tariff(), currency="EUX")) == {"$.currency": WARNING}
    assert found(v.Tariff, with_value(tariff(), currency="eur")) == {"$.currency": WARNING}
    assert found(v.Tariff, with_value(tariff(), currency="EURO")) == {"$.currency": ERROR}


def test_an_integer_written_with_a_fraction_is_read_if_it_is_whole() -> None:
    document = evse(1)
    document["connectors"][0]["max_voltage"] = 230.0
    reading = read(v.EVSE, dump(document))
    assert [one.severity for one in reading.problems] == [WARNING]
    assert reading.value is not None
    assert reading.value.connectors[0].max_voltage == 230
    document["connectors"][0]["max_voltage"] = 230.5
    assert found(v.EVSE, document) == {"$.connectors[0].max_voltage": FATAL}


@pytest.mark.parametrize("number", [b"1e400", b"1E-400", b"1e99999999999999999999"])
def test_a_number_beyond_reason_is_fatal_and_costs_nothing(number: bytes) -> None:
    data = dump(session()).replace(b"1.25", number, 1)
    assert [(p.path, p.severity) for p in read(v.Session, data).problems] == [("$.kwh", FATAL)]


def test_small_and_large_amounts_may_have_exponents() -> None:
    reading = read(v.Price, b'{"excl_vat":1E-7,"incl_vat":1.5e+2}')
    assert reading.problems == ()
    assert reading.value == v.Price(excl_vat=Decimal("1E-7"), incl_vat=Decimal("150"))


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ('{"excl_vat":1,"excl_vat":2}', "$.excl_vat"),
        ('{"excl_vat":1 , "excl_vat" : 1}', "$.excl_vat"),
        ('{"excl_vat":1,"x":[{"a":1,"a":1}]}', "$.x[0].a"),
        ('{"excl_vat":1,"excl\\u005fvat":2}', "$.excl_vat"),
    ],
)
def test_a_key_that_stands_twice_is_fatal_wherever_it_is(text: str, path: str) -> None:
    reading = read(v.Price, text.encode())
    assert [(one.path, one.severity) for one in reading.problems] == [(path, FATAL)]
    assert not reading.usable(strict=False)


@pytest.mark.parametrize(
    "data",
    [
        b"", b" ", b"{", b'{"excl_vat":1', b'{"excl_vat":1}}', b"{'excl_vat':1}", b"nul",
        b'{"excl_vat":NaN}', b'{"excl_vat":Infinity}', b'{"excl_vat":01}', b'{"excl_vat":1,}',
        b'\xef\xbb\xbf{"excl_vat":1}', b'{"excl_vat":1,"x":"\xff"}', b'{"excl_vat":1,"\xff":1}',
        b'{"excl_vat":1,"x":"\xed\xa0\x80"}', b'{"excl_vat":1,"x":"\\ud800"}',
        b'{"excl_vat":1,"\\udfff":1}', b'{"excl_vat":1,"x":"\n"}', b'{"excl_vat":1,"x":"\\x"}',
        '{"excl_vat":1}'.encode("utf-16"), b"[" * 200_000, b'{"a":' * 200_000,
        b'{"excl_vat":1,"x":' + b"[" * 64 + b"]" * 64 + b"}",
        b'{"excl_vat":1,"x":' + b"[{}," * 64 + b"1" + b"]" * 64 + b"}",
    ],
)  # fmt: skip
def test_what_is_no_json_for_everybody_is_an_invalid_body(data: bytes) -> None:
    """CORE-HTTP-05, CORE-HTTP-19"""
    with pytest.raises(InvalidBody) as caught:
        read(v.Price, data)
    assert (caught.value.http_status, caught.value.status_code) == (400, 2001)


def test_nesting_up_to_the_limit_is_read() -> None:
    data = b'{"excl_vat":1,"x":' + b"[" * 63 + b'"]]]"' + b"]" * 63 + b"}"
    assert read(v.Price, data).problems == ()


@pytest.mark.parametrize("data", [b"null", b"[]", b'"x"', b"1", b"true", b"[{}]"])
def test_json_of_the_wrong_type_is_a_content_fault(data: bytes) -> None:
    """CORE-HTTP-06, CORE-HTTP-07"""
    reading = read(v.Price, data)
    assert [(one.path, one.severity) for one in reading.problems] == [("$", FATAL)]


def test_lists_are_read_with_the_place_of_each_entry() -> None:
    versions = [{"version": "2.2.1", "url": "https://x.example/"}, {"version": 2}]
    reading = read(list[v.VersionInfo], dump(versions))
    assert [one.path for one in reading.problems] == ["$[1].version", "$[1].url"]
    assert reading.value is not None
    assert [one.version for one in reading.value] == ["2.2.1"]


def test_the_view_drops_faulty_optional_members_and_keeps_the_rest() -> None:
    document = location()
    document["parking_type"] = "NOWHERE"
    document["evses"][0]["evse_id"] = 5
    document["evses"][1]["uid"] = 7
    value = read(v.Location, dump(document)).value
    assert value is not None
    assert value.parking_type is None
    assert value.name == "Parkhaus Süd"
    assert value.evses is not None
    assert [one.uid for one in value.evses] == ["EVSE-0000"]
    assert value.evses[0].evse_id is None


def test_lenient_keeps_what_is_against_the_standard_and_strict_does_not() -> None:
    document = location()
    document["coordinates"]["latitude"] = "52.1234"
    reading = read(v.Location, dump(document))
    assert reading.usable(strict=False)
    assert not reading.usable(strict=True)
    assert reading.value is not None
    assert reading.value.coordinates.latitude == "52.1234"
    document["name"] = 1
    assert not read(v.Location, dump(document)).usable(strict=False)


def test_a_warning_alone_refuses_nothing() -> None:
    reading = read(v.Location, dump(with_value(location(), name="")))
    assert [one.severity for one in reading.problems] == [WARNING]
    assert reading.usable(strict=True)


def test_dates_without_zone_are_utc_in_the_view() -> None:
    """CORE-TYPE-07"""
    reading = read(v.Location, dump(with_value(location(), last_updated="2020-01-01T10:00:00.5")))
    assert reading.value is not None
    assert reading.value.last_updated == datetime(2020, 1, 1, 10, 0, 0, 500000, tzinfo=UTC)


def test_escapes_change_nothing() -> None:
    escaped = json.dumps(location(), ensure_ascii=True).replace("/", "\\/").encode()
    assert read(v.Location, escaped) == read(v.Location, dump(location()))


def test_more_problems_than_anybody_reads_end_the_reading() -> None:
    document = with_value(location(), facilities=["x"] * 5000)
    reading = read(v.Location, dump(document))
    assert reading.value is None
    assert len(reading.problems) == 1001
    assert reading.problems[-1].rule == "limits"


def test_problems_never_quote_values() -> None:
    secret = "S3CRET"
    document = with_value(token(), uid=f"{secret}\n", type=secret, contract_id=secret * 9,
                          language=secret, last_updated=secret, visual_number=[secret])  # fmt: skip
    reading = read(v.Token, dump(document))
    assert len(reading.problems) == 6
    assert secret not in str(reading.problems)
    assert secret not in reading.message


def patch(shape: type[Any], document: object) -> Reading[dict[str, object]]:
    return read_patch(shape, dump(document), needs_last_updated=True)


def test_a_patch_is_checked_member_by_member() -> None:
    """CORE-MUT-05, CORE-MUT-11, GEN-PATCH-01"""
    reading = patch(v.EVSE, {"status": "CHARGING", "last_updated": AT, "x_own": 1})
    assert reading.problems == ()
    assert reading.value == {
        "status": v.Status.CHARGING,
        "last_updated": datetime(2020, 1, 1, 10, tzinfo=UTC),
    }
    bad = patch(v.EVSE, {"status": "CHARGING", "connectors": [{"id": 1}], "last_updated": "x"})
    assert bad.problems[0].path == "$.connectors[0].id"
    assert bad.problems[-1].path == "$.last_updated"
    assert not bad.usable(strict=False)


def test_a_patch_without_last_updated_is_refused_where_the_version_demands_it() -> None:
    """CORE-MUT-06, GEN-PATCH-02, LOC-PATCH-02, SES-PATCH-05"""
    reading = patch(v.Session, {"kwh": 2})
    assert [(one.path, one.severity) for one in reading.problems] == [("$.last_updated", FATAL)]
    lenient = read_patch(v.Session, b'{"kwh":2}', needs_last_updated=False)
    assert lenient.usable(strict=True)
    assert patch(v.Session, {"last_updated": None}).problems[0].rule == "CORE-MUT-10"


def test_null_unsets_an_optional_member_and_is_refused_for_a_required_one() -> None:
    """CORE-MUT-10"""
    assert patch(v.Location, {"name": None, "last_updated": AT}).usable(strict=True)
    refused = patch(v.Location, {"city": None, "last_updated": AT})
    assert [(one.path, one.severity) for one in refused.problems] == [("$.city", FATAL)]


@pytest.mark.parametrize(
    "data", [b'[{"op":"replace","path":"/status","value":"X"}]', b"1", b"null"]
)
def test_a_patch_that_is_no_object_is_refused(data: bytes) -> None:
    """CORE-MUT-05"""
    reading = read_patch(v.EVSE, data, needs_last_updated=True)
    assert [(one.path, one.severity) for one in reading.problems] == [("$", FATAL)]


def test_a_patch_with_a_key_twice_is_refused() -> None:
    data = b'{"status":"CHARGING","status":"BLOCKED","last_updated":"2020-01-01T10:00:00Z"}'
    reading = read_patch(v.EVSE, data, needs_last_updated=True)
    assert [(one.path, one.severity) for one in reading.problems] == [("$.status", FATAL)]


def test_a_patch_that_is_no_json_is_an_invalid_body() -> None:
    """CORE-HTTP-05"""
    with pytest.raises(InvalidBody):
        read_patch(v.EVSE, b'{"status":', needs_last_updated=True)
