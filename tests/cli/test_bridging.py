"""`convert` and `validate`: what people and programs see."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.bridge.samples import (
    LOCATION_211,
    LOCATION_221,
    SESSION_211,
    SESSION_221,
    TARIFF_211,
    TARIFF_221,
    TARIFF_230,
    TOKEN_221,
)
from tests.e2e.nodes import Ran, command

from voltroam.wire.encode import encode


def text(value: object) -> str:
    return encode(value).decode()


def objects(ran: Ran, code: int = 0) -> list[dict[str, Any]]:
    assert ran.code == code, ran.err
    found = json.loads(ran.out, parse_float=Decimal)
    assert list(found) == ["objects"]
    return list(found["objects"])


def convert(
    value: object, module: str, source: str, target: str, *more: str, code: int = 0
) -> list[dict[str, Any]]:
    ran = command(
        "convert", module, "-", "--from", source, "--to", target, "--json", *more,
        stdin=text(value),
    )  # fmt: skip
    return objects(ran, code)


@pytest.mark.parametrize(
    "given", [TARIFF_211, [TARIFF_211], {"status_code": 1000, "data": [TARIFF_211]}]
)
def test_an_object_a_list_and_an_envelope_are_converted(given: object) -> None:
    (one,) = convert(given, "tariffs", "2.1.1", "2.3.0", "--owner", "NL/AAA")
    assert one["object"] == TARIFF_230
    assert [set(note) for note in one["notes"]] == [{"code", "pointer", "severity", "text"}] * 3
    assert {note["severity"] for note in one["notes"]} == {"lossless", "inferred"}


def test_a_refused_object_is_null_and_the_exit_code_tells() -> None:
    """R211-054"""
    hidden = {**LOCATION_221, "publish": False}
    first, second, third = convert([hidden, LOCATION_221, 7], "locations", "2.2.1", "2.1.1", code=1)
    assert first["object"] is None
    assert [note["code"] for note in first["notes"]] == ["not-published"]
    assert second["object"] == LOCATION_211
    assert (third["object"], third["notes"][0]["code"]) == (None, "no-object")


def test_files_beside_tell_what_is_referred_to(tmp_path: Path) -> None:
    """R211-058"""
    (tmp_path / "locations.json").write_text(text([LOCATION_221]))
    (tmp_path / "tokens.json").write_text(text([TOKEN_221]))
    (down,) = convert(SESSION_221, "sessions", "2.2.1", "2.1.1",
                      "--locations", str(tmp_path / "locations.json"))  # fmt: skip
    assert down["object"] == SESSION_211
    (up,) = convert(SESSION_211, "Session", "2.1.1", "2.2.1", "--owner", "NL/AAA",
                    "--tokens", str(tmp_path / "tokens.json"))  # fmt: skip
    assert up["object"] == SESSION_221


def test_relaxations_and_defaults_are_options() -> None:
    """R211-076"""
    limited = {**TARIFF_221, "max_price": {"excl_vat": Decimal("5.00")}}
    assert convert(limited, "tariff", "2.2.1", "2.1.1", code=1)[0]["object"] is None
    (relaxed,) = convert(limited, "tariff", "2.2.1", "2.1.1", "--relax", "price-limits-dropped")
    assert relaxed["object"] == TARIFF_211
    bare = {name: value for name, value in LOCATION_221.items() if name != "postal_code"}
    (filled,) = convert(bare, "locations", "2.2.1", "2.1.1", "--postal-code", "-")
    assert filled["object"]["postal_code"] == "-"
    long = {**LOCATION_221, "address": "A" * 50}
    (cut,) = convert(long, "locations", "2.3.0", "2.3.0", "--edition", "1")
    assert cut["object"]["address"] == "A" * 45


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("tariffs", "--from", "2.0", "--to", "2.1.1"), "--from '2.0' is none of"),
        (("cars", "--from", "2.1.1", "--to", "2.2.1"), "'cars' is no module"),
        (("tariffs", "--from", "2.1.1", "--to", "2.2.1", "--relax", "all"), "--relax 'all'"),
        (("tariffs", "--from", "2.1.1", "--to", "2.2.1", "--owner", "me"), "--owner 'me'"),
        (("tariffs", "--from", "2.1.1", "--to", "2.2.1", "--edition", "3"), "--edition '3'"),
    ],
)
def test_wrong_words_are_told(words: tuple[str, ...], said: str) -> None:
    module, *options = words
    ran = command("convert", module, "-", *options, stdin="{}")
    assert ran.code == 2
    assert said in ran.err


def test_people_see_what_happened_and_get_a_file(tmp_path: Path) -> None:
    out = tmp_path / "old.json"
    ran = command("convert", "tariffs", "-", "--from", "2.3.0", "--to", "2.1.1",
                  "--out", str(out), stdin=text(TARIFF_230))  # fmt: skip
    assert ran.code == 0
    assert "T1\tlossless\towner-in-url\t/country_code\t" in ran.out
    assert f"1 of 1 objects pass to 2.1.1, written to {out}" in ran.out
    assert json.loads(out.read_text(), parse_float=Decimal) == [TARIFF_211]
    same = command("convert", "tariffs", "-", "--from", "2.2.1", "--to", "2.2.1", stdin="{}")
    assert "There is nothing to say about it." in same.out


def validate(value: object, module: str, version: str, *more: str, code: int = 0) -> Any:
    ran = command("validate", module, "-", "--version", version, "--json", *more,
                  stdin=value if isinstance(value, str) else text(value))  # fmt: skip
    return objects(ran, code)


def test_a_problem_has_rule_severity_pointer_section_and_hint() -> None:
    """R211-047, R230-024"""
    wrong = {**LOCATION_221, "city": "C" * 46, "evses": [{**LOCATION_221["evses"][0]}]}
    del wrong["evses"][0]["status"]
    (one,) = validate(wrong, "locations", "2.2.1", code=1)
    assert (one["id"], one["valid"]) == ("L1", False)
    found = {problem["pointer"]: problem for problem in one["problems"]}
    assert set(found["/city"]) == {"rule", "severity", "pointer", "section", "text", "hint"}
    assert found["/city"]["rule"] == "CORE-TYPE-02"
    assert found["/city"]["severity"] == "error"
    assert found["/city"]["section"] == "OCPI 2.2.1 §types"
    assert found["/evses/0/status"]["severity"] == "fatal"
    assert found["/evses/0/status"]["hint"] == "Add the member: it is required."


def test_each_version_has_its_own_members() -> None:
    """R211-047, R211-048, R230-024"""
    assert validate(LOCATION_211, "locations", "2.1.1")[0]["problems"] == []
    untyped = {name: value for name, value in LOCATION_211.items() if name != "type"}
    (old,) = validate(untyped, "locations", "2.1.1", code=1)
    assert [problem["pointer"] for problem in old["problems"]] == ["/type"]
    (new,) = validate(TARIFF_221, "tariffs", "2.3.0", code=1)
    assert [problem["pointer"] for problem in new["problems"]] == ["/tax_included"]


def test_profiles_ask_for_more() -> None:
    (one,) = validate(LOCATION_221, "locations", "2.2.1", "--profile", "ndw", code=1)
    assert {problem["rule"] for problem in one["problems"]} == {"NDW-3", "NDW-4"}
    assert all(problem["hint"] for problem in one["problems"])
    ran = command("validate", "locations", "-", "--version", "2.2.1", "--profile", "mars",
                  stdin="[]")  # fmt: skip
    assert ran.code == 2
    assert "there are 2.3.0-ed1, afir, ndw" in ran.err


def test_what_is_no_object_is_told_by_its_place() -> None:
    (broken,) = validate('[{"id": "1"}, 5]', "tokens", "2.2.1", code=1)[1:]
    assert broken["problems"][0]["severity"] == "fatal"
    ran = command("validate", "bookings", "-", "--version", "2.1.1", stdin="[]")
    assert ran.code == 2
    assert "2.1.1 has no Booking" in ran.err


def test_people_see_the_problems_in_a_table() -> None:
    ran = command("validate", "tariffs", "-", "--version", "2.3.0", stdin=text(TARIFF_221))
    assert ran.code == 1
    assert "T1\tfatal\tCORE-MUT-01\t/tax_included\t" in ran.out
    assert "0 of 1 objects are valid" in ran.out
