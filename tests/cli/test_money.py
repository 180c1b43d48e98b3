"""Prices, quotes, signatures and tariffs from the command line, without a node or a database."""

import csv
import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.e2e.nodes import Ran, command
from tests.pricing.cases import FILE, cases

from voltroam.pricing.components import TOTALS

EICHRECHT = Path(__file__).parents[2].parent / "shared" / "data" / "eichrecht"
TABLE = EICHRECHT / "verdicts.tsv"
ROWS = list(csv.DictReader(TABLE.open(encoding="utf-8"), delimiter="\t")) if TABLE.exists() else []
_ENCODER = msgspec.json.Encoder(decimal_format="number")
TARIFF: dict[str, Any] = {
    "country_code": "NL", "party_id": "AAA", "id": "T", "currency": "EUR",
    "elements": [
        {"price_components": [{"type": "ENERGY", "price": 0.20, "vat": 21, "step_size": 1}],
         "restrictions": {"start_time": "22:00", "end_time": "06:00"}},
        {"price_components": [{"type": "ENERGY", "price": 0.40, "vat": 21, "step_size": 1},
                              {"type": "PARKING_TIME", "price": 3, "vat": 21, "step_size": 60}]},
    ],
    "last_updated": "2026-01-01T00:00:00Z",
}  # fmt: skip


def encoded(plain: object) -> str:
    return _ENCODER.encode(plain).decode()


def exactly(ran: Ran) -> Any:
    """The one JSON value of a command that must succeed, numbers as decimals."""
    assert ran.code == 0, ran.err
    return json.loads(ran.out, parse_float=Decimal, parse_int=Decimal)


@pytest.mark.skipif(not cases(), reason=f"{FILE} is not here")
@pytest.mark.parametrize("many", [False, True], ids=["tariff", "tariffs"])
@pytest.mark.parametrize("one", cases(), ids=[one["name"] for one in cases()])
def test_a_worked_case_costs_the_same_on_the_command_line(one: dict[str, Any], many: bool) -> None:
    """CDR-FLOW-05, TAR-OBJ-12: exact decimals, and no member for what is not priced."""
    given = {"tariffs": [one["tariff"]]} if many else {"tariff": one["tariff"]}
    found = exactly(command("price", "-", "--json", stdin=encoded({**given, **one["cdr"]})))
    assert found["currency"] == one["cdr"]["currency"]
    for name in ("total_cost", *TOTALS.values()):
        assert (name in found) == (name in one["expect"]), name
        if name in found:
            assert found[name] == one["expect"][name], name
    assert all(line["why"] for line in found["lines"])
    assert isinstance(found["warnings"], list)


def test_people_see_the_lines_their_reasons_and_the_total(tmp_path: Path) -> None:
    session = {
        "start_date_time": "2026-06-03T08:00:00Z",
        "end_date_time": "2026-06-03T09:30:00Z",
        "time_zone": "Europe/Amsterdam",
        "currency": "EUR",
        "charging_periods": [
            {"start_date_time": "2026-06-03T08:00:00Z", "tariff_id": "T",
             "dimensions": [{"type": "ENERGY", "volume": 10}, {"type": "TIME", "volume": 1}]},
            {"start_date_time": "2026-06-03T09:00:00Z", "tariff_id": "T",
             "dimensions": [{"type": "PARKING_TIME", "volume": 0.5}]},
        ],
    }  # fmt: skip
    file, tariff = tmp_path / "session.json", tmp_path / "tariff.json"
    file.write_text(json.dumps(session))
    tariff.write_text(json.dumps(TARIFF))
    ran = command("price", file, "--tariff", tariff)
    assert ran.code == 0, ran.err
    assert "element 2 of tariff T is the first with ENERGY" in ran.out
    assert "total\t5.50\t6.66" in ran.out  # 4.00 + 1.50, 6.655 with VAT
    sold = exactly(command("price", file, "--tariff", tariff, "--zone", "Asia/Tokyo", "--json"))
    assert sold["total_cost"]["excl_vat"] == Decimal("5.5")  # 17:00 in Tokyo: the same element


def test_a_policy_changes_the_reading_and_unknown_ones_are_refused(tmp_path: Path) -> None:
    """CDR-PER-05, SES-OBJ-06: without tariff_id nothing is owed, or what the only tariff says."""
    periods = [
        {"start_date_time": "2026-06-03T08:00:00Z", "dimensions": [{"type": "ENERGY", "volume": 5}]}
    ]
    file = tmp_path / "plain.json"
    file.write_text(
        json.dumps({"tariff": TARIFF, "time_zone": "Europe/Amsterdam", "charging_periods": periods})
    )
    strict = exactly(command("price", file, "--json"))
    assert strict["total_cost"]["excl_vat"] == 0
    assert [warning["code"] for warning in strict["warnings"]] == ["A13"]
    for setting in ("A13=only", "missing_tariff=only"):
        lenient = exactly(command("price", file, "--json", "--policy", setting))
        assert lenient["total_cost"] == {"excl_vat": 2, "incl_vat": Decimal("2.42")}
    for setting in ("A99=only", "A13=perhaps", "A13"):
        refused = command("price", file, "--json", "--policy", setting)
        assert (refused.code, refused.json["path"].split(".")[1]) == (2, "policy")


def holds(found: dict[str, Any], expected: str) -> bool:
    states = {value["signature"] for value in found["values"]}
    rules = all(rule["ok"] for value in found["values"] for rule in value["rules"])
    held: dict[str, bool] = {
        "signature VALID": states == {"VALID"},
        "signature VALID, rules hold": states == {"VALID"} and rules,
        "signature VALID, rules FAIL": states == {"VALID"} and not rules,
        "signature INVALID": "INVALID" in states and found["verdict"] == "INVALID",
        "NO KEY": states == {"NO_KEY"} and found["verdict"] == "NO_KEY",
        "clear error, no crash": found["verdict"] == "MALFORMED",
    }
    return held[expected]


@pytest.mark.skipif(not ROWS, reason="the published vectors are not beside the repository")
@pytest.mark.parametrize("row", ROWS, ids=[row["file"] for row in ROWS])
def test_a_published_signature_gets_its_verdict_on_the_command_line(row: dict[str, str]) -> None:
    ran = command("verify", EICHRECHT / row["file"], "--json")
    if row["format"] == "-":
        assert (ran.code, ran.json["path"]) == (2, "$")
        assert "broken XML" in ran.json["reason"]
        return
    assert ran.json["format"] == row["format"]
    assert holds(ran.json, row["expected"])
    codes = {"VALID": 0, "MALFORMED": 2}
    assert ran.code == codes.get(ran.json["verdict"], 1)


@pytest.mark.skipif(not ROWS, reason="the published vectors are not beside the repository")
def test_the_safe_xml_that_is_written_verifies_as_what_it_was_made_of(tmp_path: Path) -> None:
    out = tmp_path / "safe.xml"
    source = EICHRECHT / "test_ocmf_transaction_two_values.xml"
    first = command("verify", source, "--safe-xml", out, "--json").json
    second = command("verify", out, "--json").json
    assert [v["signature"] for v in second["values"]] == ["VALID", "VALID"]
    assert second["verdict"] == first["verdict"]
    shown = command("verify", out)
    assert "not a certified" in shown.out
    assert shown.out.count("\tVALID\t") == 2


@pytest.mark.skipif(not ROWS, reason="the published vectors are not beside the repository")
def test_a_key_is_given_as_text_or_as_a_file(tmp_path: Path) -> None:
    text = (EICHRECHT / "test_ocmf_keba_kcp30.xml").read_text()
    found = re.search(r"<publicKey[^>]*>([^<]+)<", text)
    assert found is not None
    key = found.group(1).strip()
    file = tmp_path / "key.txt"
    file.write_text(key)
    source = EICHRECHT / "test_ocmf_keba_kcp30.xml"
    for given in (key, str(file)):
        ran = command("verify", source, "--public-key", given, "--json")
        assert (ran.json["verdict"], ran.json["key_trust"]) == ("VALID", "CALLER")
    refused = command("verify", source, "--public-key", "!!!", "--json")
    assert (refused.code, refused.json["path"]) == (2, "$.public_key")


def quote(tmp_path: Path, *arguments: str | Path, tariffs: object = TARIFF) -> Ran:
    file = tmp_path / "tariffs.json"
    file.write_text(json.dumps(tariffs))
    return command("quote", file, *arguments)


def test_a_quote_says_what_a_stay_will_cost(tmp_path: Path) -> None:
    """11 kWh at 11 kW from 10:00 local are 4.40, then an hour of parking at 3.00."""
    ran = quote(
        tmp_path, "--energy", "11", "--power", "11", "--start", "2026-06-03T08:00:00Z",
        "--stay", "2h", "--zone", "Europe/Amsterdam", "--json",
    )  # fmt: skip
    found = exactly(ran)
    assert found["total_energy_cost"]["excl_vat"] == Decimal("4.4")
    assert found["total_parking_cost"]["excl_vat"] == 3
    assert found["total_cost"]["excl_vat"] == Decimal("7.4")
    assert found["charged_until"] == "2026-06-03T09:00:00Z"
    assert found["end_date_time"] == "2026-06-03T10:00:00Z"


def test_a_quote_chooses_among_the_tariffs_of_a_connector(tmp_path: Path) -> None:
    """TAR-OBJ-11: the tariff of the type that is asked for comes before one without type."""
    cheap = TARIFF | {"id": "C", "type": "PROFILE_CHEAP"}
    connector = tmp_path / "connector.json"
    connector.write_text(
        json.dumps(
            {
                "id": "1", "standard": "IEC_62196_T2", "format": "SOCKET",
                "power_type": "AC_3_PHASE", "max_voltage": 230, "max_amperage": 16,
                "tariff_ids": ["T", "C"], "last_updated": "2026-01-01T00:00:00Z",
            }
        )
    )  # fmt: skip
    asked = ("--energy", "1", "--zone", "Europe/Amsterdam", "--connector", connector, "--json")
    found = exactly(quote(tmp_path, *asked, tariffs=[TARIFF, cheap]))
    assert (found["tariff_id"], found["power"]) == ("T", Decimal("11.04"))
    found = exactly(quote(tmp_path, *asked, "--preference", "cheap", tariffs=[TARIFF, cheap]))
    assert found["tariff_id"] == "C"
    paid = TARIFF | {"id": "C", "type": "AD_HOC_PAYMENT"}
    refused = quote(tmp_path, *asked, tariffs=[paid, TARIFF | {"id": "other"}])
    assert refused.code == 1
    assert "T is unknown" in refused.json["error"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["--energy", "x", "--power", "11"],
        ["--energy", "NaN", "--power", "11"],
        ["--energy", "1e400", "--power", "11"],
        ["--energy", "10"],
        ["--energy", "10", "--power", "0"],
        ["--energy", "10", "--power", "11", "--stay", "soon"],
        ["--energy", "10", "--power", "11", "--stay", "99999999999h"],
        ["--energy", "10", "--power", "11", "--start", "tomorrow"],
        ["--energy", "10", "--power", "11", "--zone", "Mars/Olympus"],
        ["--energy", "10", "--power", "11", "--zone", "../etc/passwd"],
    ],
)
def test_words_that_make_no_question_are_named(tmp_path: Path, arguments: list[str]) -> None:
    zone = [] if "--zone" in arguments else ["--zone", "UTC"]
    ran = quote(tmp_path, *arguments, *zone, "--json")
    assert ran.code == 2
    assert ran.json["error"]


def test_a_tariff_is_linted_told_and_drawn(tmp_path: Path) -> None:
    last = {"price_components": [{"type": "ENERGY", "price": 9, "step_size": 1}]}
    file = tmp_path / "tariff.json"
    file.write_text(json.dumps(TARIFF | {"elements": [*TARIFF["elements"], last]}))
    ran = command("tariff", "lint", file, "--json")
    places = {finding["path"] for finding in ran.json["findings"]}
    assert any(place.startswith("$.elements[2]") for place in places)
    file.write_text(json.dumps(TARIFF))
    assert "0,20 EUR" in command("tariff", "text", file, "--language", "de").out
    assert command("tariff", "text", file, "--language", "xx", "--json").code == 2
    hours = exactly(
        command("tariff", "grid", file, "--zone", "Europe/Amsterdam", "--week", "2026-06-03",
                "--json")
    )["hours"]  # fmt: skip
    assert len(hours) == 168
    assert {hour["energy"]["excl_vat"] for hour in hours if 6 <= hour["hour"] < 22} == {
        Decimal("0.4")
    }
    drawn = command("tariff", "grid", file, "--zone", "Europe/Amsterdam", "--week", "2026-06-03")
    assert "05:00" + "\t0.20" * 7 in drawn.out
    assert command("tariff", "grid", file, "--json").json["path"] == "$.time_zone"
