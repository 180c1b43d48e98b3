"""Malformed input of the money commands: a named problem with its place, exit code 2, in time."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.cli.test_money import EICHRECHT, ROWS, TARIFF
from tests.counts import times
from tests.e2e.nodes import Ran, command

SESSION: dict[str, Any] = {
    "tariff": TARIFF,
    "time_zone": "Europe/Amsterdam",
    "start_date_time": "2026-06-03T08:00:00Z",
    "end_date_time": "2026-06-03T09:00:00Z",
    "currency": "EUR",
    "charging_periods": [
        {
            "start_date_time": "2026-06-03T08:00:00Z",
            "tariff_id": "T",
            "dimensions": [{"type": "ENERGY", "volume": 10}, {"type": "TIME", "volume": 1}],
        }
    ],
}
LONGEST = 10.0
"""Seconds of this process; other programs run meanwhile."""


def timed(*arguments: str | Path, stdin: str | None = None) -> Ran:
    before = time.process_time()
    ran = command(*arguments, stdin=stdin)
    assert time.process_time() - before < LONGEST
    return ran


def changed(path: str, value: object) -> str:
    """The session with another value at `tariff.elements.0`; None takes the member away."""
    document = json.loads(json.dumps(SESSION))
    *way, last = path.split(".")
    inner: Any = document
    for step in way:
        inner = inner[int(step) if step.isdigit() else step]
    name = int(last) if last.isdigit() else last
    if value is None:
        del inner[name]
    else:
        inner[name] = value
    return json.dumps(document)


COMPONENT = "tariff.elements.1.price_components.0"


@pytest.mark.parametrize(
    ("path", "value", "place"),
    [
        ("charging_periods", None, "$.charging_periods"),
        ("charging_periods", [], "$.charging_periods"),
        ("charging_periods", "x", "$.charging_periods"),
        ("charging_periods.0.dimensions.0.volume", "10", "$.charging_periods[0].dimensions[0]"),
        ("charging_periods.0.dimensions.0.volume", 1e300, "$.charging_periods[0].dimensions[0]"),
        ("charging_periods.0.dimensions.0.type", "WATER", "$.charging_periods[0].dimensions[0]"),
        ("charging_periods.0.dimensions.1.volume", -1, "$.charging_periods[0].dimensions"),
        ("charging_periods.0.tariff_id", "other", "$.charging_periods[0].tariff_id"),
        ("charging_periods.0.start_date_time", "soon", "$.charging_periods[0].start_date_time"),
        ("charging_periods.0.start_date_time", "2026-06-03T10:00:00Z", "$.end_date_time"),
        ("end_date_time", "2026-06-03T07:00:00Z", "$.end_date_time"),
        ("time_zone", "Nowhere/Land", "$.time_zone"),
        ("time_zone", "../../etc/passwd", "$.time_zone"),
        ("time_zone", "", "$.time_zone"),
        ("time_zone", None, "$.time_zone"),
        ("currency", "CHF", "$.tariffs[0].currency"),
        ("reservation_outcome", "LOST", "$.reservation_outcome"),
        ("tariff.elements", [], "$.tariff.elements"),
        ("tariff.elements.0.restrictions.start_time", "25:99", "$.tariffs[0].elements[0]"),
        ("tariff.elements.0.restrictions.day_of_week", ["FUNDAY"], "$.tariff.elements[0]"),
        (f"{COMPONENT}.price", None, "$.tariff.elements[1].price_components[0].price"),
        (f"{COMPONENT}.price", "0.40", "$.tariff.elements[1].price_components[0].price"),
        (f"{COMPONENT}.step_size", -5, "$.tariffs[0].elements[1].price_components[0].step_size"),
        (f"{COMPONENT}.step_size", 1.5, "$.tariff.elements[1].price_components[0].step_size"),
        (f"{COMPONENT}.vat", -200, "$.tariffs[0].elements[1].price_components[0].vat"),
    ],
)
def test_a_malformed_session_is_named_by_its_place(path: str, value: object, place: str) -> None:
    """CDR-PER-04, SES-OBJ-06: periods out of order, and tariffs that are not there."""
    ran = timed("price", "-", "--json", stdin=changed(path, value))
    assert ran.code == 2, ran.out
    assert ran.json["path"].startswith(place), ran.json
    assert ran.json["reason"]
    assert ran.json["error"] == f"{ran.json['path']}: {ran.json['reason']}"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "nonsense",
        "null",
        "5",
        "[]",
        "[" * 300_000,
        '{"a":' * 300_000,
        '{"charging_periods": NaN}',
        '{"charging_periods": [], "charging_periods": []}',
        '{"charging_periods":[{"start_date_time":"2026-06-03T08:00:00Z","dimensions":'
        '[{"type":"ENERGY","volume":1' + "0" * 100_000 + "}]}]}",
        '{"tariff":{"id":"\ud800"}}'.encode("utf-8", "replace").decode(),
        '{"items": 5}',
        '{"status_code": 1000, "data": null}',
    ],
)
@pytest.mark.parametrize(
    "arguments",
    [["price"], ["tariff", "lint"], ["tariff", "text"], ["cdr", "audit"], ["verify"]],
    ids=" ".join,
)
def test_what_is_no_object_ends_in_one_sentence(arguments: list[str], text: str) -> None:
    ran = timed(*arguments, "-", "--json", stdin=text)
    if arguments == ["cdr", "audit"] and text in ("", "[]"):
        assert (ran.code, ran.json["cdrs"]) == (0, [])  # no CDR is no fault
        return
    assert ran.code == 2, ran.out
    assert ran.json["path"].startswith("$")
    assert ran.err.strip()


@pytest.mark.parametrize("arguments", [["price"], ["tariff", "lint"], ["cdr", "audit"], ["verify"]])
def test_a_file_that_is_not_there_is_wrong_usage(arguments: list[str], tmp_path: Path) -> None:
    for file in (tmp_path / "absent.json", tmp_path):
        ran = command(*arguments, file, "--json")
        assert ran.code == 2
        assert "cannot be read" in ran.json["error"]


BILLION = (
    '<?xml version="1.0"?><!DOCTYPE v [<!ENTITY a "aaaaaaaaaa">'
    + "".join(
        f'<!ENTITY {chr(98 + n)} "{"&" + chr(97 + n) + ";" + "&" + chr(97 + n) + ";"}">'
        for n in range(20)
    )
    + "]><values><value><signedData>&u;</signedData></value></values>"
)
OUTSIDE = (
    '<?xml version="1.0"?><!DOCTYPE v [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    "<values><value><signedData>&x;</signedData></value></values>"
)


@pytest.mark.parametrize("text", [BILLION, OUTSIDE, "OCMF|{}", "OCMF|{|{}", "AP;0;3;X", "<a/>"])
def test_signed_values_that_cannot_be_read_are_refused(text: str) -> None:
    ran = timed("verify", "-", "--json", stdin=text)
    assert ran.code == 2
    assert "root:" not in ran.out
    assert ran.json.get("error") or ran.json["verdict"] == "MALFORMED"


@pytest.mark.skipif(not ROWS, reason="the published vectors are not beside the repository")
def test_one_changed_digit_of_a_signed_value_is_no_longer_valid() -> None:
    """A forgery is never accepted: the reading raised by one in the text that was signed."""
    text = (EICHRECHT / "test_ocmf_keba_kcp30.xml").read_text()
    assert command("verify", "-", "--json", stdin=text).code == 0
    at = text.index("RV")
    digit = next(i for i in range(at, len(text)) if text[i].isdigit())
    forged = text[:digit] + str((int(text[digit]) + 1) % 10) + text[digit + 1 :]
    assert command("verify", "-", "--json", stdin=forged).json["verdict"] == "INVALID"


PLACES = [
    "tariff", "tariff.elements.0", "tariff.elements.0.restrictions", COMPONENT,
    f"{COMPONENT}.type", f"{COMPONENT}.price", f"{COMPONENT}.step_size", f"{COMPONENT}.vat",
    "tariff.elements.0.restrictions.start_time", "tariff.currency", "charging_periods.0",
    "charging_periods.0.dimensions", "charging_periods.0.dimensions.0.volume",
    "charging_periods.0.start_date_time", "end_date_time", "currency", "time_zone",
]  # fmt: skip
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@pytest.mark.soak("3,000 sessions with any value in any place")
@settings(
    max_examples=times(150, full=3_000),
    derandomize=True,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(st.sampled_from(PLACES), VALUES)
def test_any_value_anywhere_is_priced_or_named(path: str, value: object) -> None:
    ran = timed("price", "-", "--json", stdin=changed(path, value))
    assert ran.code in (0, 2), ran.err
    assert ("total_cost" in ran.json) == (ran.code == 0)
    if ran.code:
        assert ran.json["path"].startswith("$")
