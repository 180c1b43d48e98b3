"""`cdr audit`: one CDR, a file of them, and all that a node holds, by partner and month."""

import csv
import json
import sys
import zipfile
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from tests.billing.objects import ZONE, cdr, component, element, encoded, money, period, tariff
from tests.billing.test_build import LOCATION, SESSION
from tests.e2e.nodes import Ran, command

PARKED = tariff(
    element(component("ENERGY", "0.25", 1, "10"), component("PARKING_TIME", "2.00", 900, "20"))
)
"""20 kWh and 40 min of parking: 5.00 and, as 45 min, 1.50; 5.50 and 1.80 with VAT."""
CHARGED = [period(0, ENERGY="20", TIME="2"), period(120, PARKING_TIME="0.6667")]
RIGHT = cdr(160, [PARKED], CHARGED, money("6.50", "7.30"))
WRONG = cdr(
    160, [PARKED], CHARGED, money("6.3333", "7.10"), total_parking_cost=money("1.3333", "1.60")
) | {"id": "CDR2", "session_id": "S2", "start_date_time": "2026-06-03T08:00:00Z"}
NIGHTLY = tariff(element(component("ENERGY", "0.25", 1, "10"), end_time="22:00"), id="N")


def audited(*cdrs: dict[str, Any], arguments: tuple[str | Path, ...] = ()) -> Ran:
    plain: object = cdrs[0] if len(cdrs) == 1 else list(cdrs)
    return command("cdr", "audit", "-", *arguments, stdin=encoded(plain).decode())


def test_one_step_size_error_is_explained_as_exactly_that() -> None:
    """CDR-STEP-01/02/04: 40 min of parking were billed as measured, not as 45."""
    ran = audited(WRONG, arguments=("--json",))
    assert ran.code == 1
    found = json.loads(ran.out, parse_float=Decimal)
    assert found["verdict"] == "DIFFERS"
    findings = found["cdrs"][0]["findings"]
    assert {one["cause"] for one in findings} == {"STEP_NOT_APPLIED"}
    total = next(one for one in findings if one["path"] == "$.total_cost")
    assert (total["claimed"], total["computed"]) == (Decimal("6.3333"), Decimal("6.5000"))
    assert total["difference"] == Decimal("-0.1667")
    assert "step_size 900 s of PARKING_TIME was not applied" in total["text"]
    shown = audited(WRONG)
    assert shown.code == 1
    assert "[STEP_NOT_APPLIED]" in shown.out


def test_right_cdrs_end_with_zero_and_differences_with_one() -> None:
    ran = audited(RIGHT, arguments=("--json",))
    assert (ran.code, ran.json["verdict"], ran.json["cdrs"][0]["findings"]) == (0, "OK", [])
    other = RIGHT | {"id": "CDR2", "session_id": "S2"}
    other["cdr_location"] = {**RIGHT["cdr_location"], "evse_uid": "E2"}
    assert audited(RIGHT, other).code == 0
    assert "OK" in audited(RIGHT, other).out


def test_a_cdr_that_cannot_be_read_is_named_and_spoils_no_other() -> None:
    ran = audited(RIGHT, {**WRONG, "total_cost": "7"}, arguments=("--json",))
    assert ran.code == 2
    assert [one["id"] for one in ran.json["cdrs"]] == ["CDR1"]
    refused = ran.json["refused"]
    assert [(one["index"], one["path"]) for one in refused] == [(1, "$[1].total_cost")]
    alone = audited({**WRONG, "total_cost": "7"}, arguments=("--json",))
    assert (alone.code, alone.json["path"]) == (2, "$.total_cost")


def test_the_zone_is_asked_for_where_local_times_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    no_map: Any = None
    monkeypatch.setitem(sys.modules, "tzfpy", no_map)
    nightly = cdr(60, [NIGHTLY], [period(0, "N", ENERGY="20", TIME="1")], money("5.00", "5.50"))
    ran = audited(nightly, arguments=("--json",))
    assert (ran.code, ran.json["verdict"]) == (1, "CANNOT TELL")
    assert ran.json["cdrs"][0]["findings"][0]["path"] == "$.time_zone"
    assert audited(nightly, arguments=("--zone", ZONE)).code == 0


def test_sessions_and_published_tariffs_are_held_against_it(tmp_path: Path) -> None:
    session, published = tmp_path / "session.json", tmp_path / "tariff.json"
    session.write_bytes(encoded(SESSION | {"kwh": Decimal(19)}))
    cheaper = element(component("ENERGY", "0.20", 1, "10"))
    published.write_bytes(encoded(PARKED | {"elements": [cheaper]}))
    ran = audited(
        RIGHT, arguments=("--session", session, "--tariff", published, "--json")
    )  # 20 kWh at 0.20 are 4.00
    found = {one["code"]: one["difference"] for one in ran.json["cdrs"][0]["findings"]}
    assert found["SESSION_ENERGY"] == 1
    assert found["TARIFF_CHANGED"] == 2.5


def test_the_differences_are_written_as_csv_and_as_a_workbook(tmp_path: Path) -> None:
    out, book = tmp_path / "out.csv", tmp_path / "out.xlsx"
    ran = audited(RIGHT, WRONG, arguments=("--csv", out, "--xlsx", book, "--json"))
    assert ran.code == 1
    rows = list(csv.DictReader(StringIO(out.read_text())))
    causes = {(row["cdr"], row["cause"]) for row in rows}
    assert causes >= {("CDR1", ""), ("CDR2", "STEP_NOT_APPLIED")}
    with zipfile.ZipFile(book) as opened:
        assert opened.testzip() is None
        assert "STEP_NOT_APPLIED" in opened.read("xl/sharedStrings.xml").decode()
    refused = audited(RIGHT, arguments=("--csv", tmp_path, "--json"))
    assert refused.code == 2
    assert "cannot be written" in refused.json["error"]


@pytest.mark.parametrize(
    "arguments", [("--month", "June"), ("--month", "2026-13"), ("--policy", "x=y")]
)
def test_words_that_mean_nothing_are_wrong_usage(arguments: tuple[str, ...]) -> None:
    assert audited(RIGHT, arguments=(*arguments, "--json")).code == 2


@pytest.fixture
def node(tmp_path: Path) -> Path:
    """A CPO with a location, a tariff, a session and two CDRs for two partners' drivers."""
    folder = tmp_path / "cpo"
    made = command(
        "init", folder, "--party", "NL/AAA/CPO", "--name", "Kade", "--url", "http://127.0.0.1:8101"
    )
    assert made.code == 0, made.err
    config = folder / "voltroam.toml"
    other = WRONG | {
        "cdr_token": {**WRONG["cdr_token"], "country_code": "NL", "party_id": "BBB"},
        "cdr_location": {**WRONG["cdr_location"], "evse_uid": "E2"},
        "tariffs": [NIGHTLY], "charging_periods": [period(0, "N", ENERGY="20", TIME="2")],
        "total_cost": money("7.00", "7.70"), "total_time": Decimal(2),
        "end_date_time": "2026-06-03T10:00:00Z",
    }  # fmt: skip
    del other["total_parking_cost"]
    for module, objects in (
        ("locations", [LOCATION]),
        ("tariffs", [PARKED, NIGHTLY]),
        ("sessions", [SESSION | {"kwh": Decimal(21), "evse_uid": "E1"}]),
        ("cdrs", [RIGHT, other]),
    ):
        text = encoded(objects).decode()
        ran = command("-c", config, "import", module, "-", "--lenient", "--json", stdin=text)
        assert ran.code == 0, ran.out
    return config


def test_all_cdrs_of_a_node_are_audited_with_what_it_holds(node: Path) -> None:
    """The zone comes from the location, energy from the session, prices from the tariffs."""
    ran = command("-c", node, "cdr", "audit", "--json")
    assert ran.code == 1, ran.err
    found = {one["id"]: one for one in ran.json["cdrs"]}
    assert {one["code"] for one in found["CDR1"]["findings"]} == {"SESSION_ENERGY"}
    assert found["CDR2"]["computed"] == 5.0
    assert found["CDR2"]["difference"] == 2.0
    groups = [(one["partner"], one["month"], one["cdrs"]) for one in ran.json["summaries"]]
    assert groups == [("DE/MOV", "2026-06", 1), ("NL/BBB", "2026-06", 1)]


def test_tariffs_that_the_node_holds_count_if_they_stood_at_the_start(
    node: Path, tmp_path: Path
) -> None:
    """CDRs that only name their tariff, and one that is taken back: from the shelf to the sheet."""
    later = PARKED | {"id": "LATER", "last_updated": "2026-06-03T09:00:00Z"}
    held, changed, back = (
        {**RIGHT, "id": name, "session_id": name,
         "cdr_location": {**RIGHT["cdr_location"], "evse_uid": name}}
        for name in ("HELD", "CHANGED", "BACK")
    )  # fmt: skip
    for one in (held, changed):
        del one["tariffs"]
    changed["charging_periods"] = [
        one | {"tariff_id": "LATER"} for one in changed["charging_periods"]
    ]
    back |= {
        **{name: held[name] for name in ("session_id", "cdr_location")},
        "credit": True, "credit_reference_id": "HELD", "total_cost": money("-6.50", "-7.30"),
    }  # fmt: skip
    for module, objects in (("tariffs", [later]), ("cdrs", [held, changed, back])):
        text = encoded(objects).decode()
        ran = command("-c", node, "import", module, "-", "--lenient", "--json", stdin=text)
        assert ran.code == 0, ran.out
    sheet, book = tmp_path / "a.csv", tmp_path / "a.xlsx"
    ran = command("-c", node, "cdr", "audit", "--json", "--csv", sheet, "--xlsx", book)
    assert ran.code == 1
    found = {one["id"]: one for one in ran.json["cdrs"]}
    assert (found["HELD"]["verdict"], found["HELD"]["computed"]) == ("OK", 6.5)
    assert [one["code"] for one in found["HELD"]["findings"]] == ["TARIFF_HELD"]
    assert found["CHANGED"]["verdict"] == "CANNOT TELL"
    assert "after the session began" in found["CHANGED"]["findings"][0]["text"]
    assert (found["BACK"]["verdict"], found["BACK"]["claimed"]) == ("OK", -6.5)
    assert [(set(one["cdrs"]), one["claimed"]) for one in ran.json["balances"]] == [
        ({"HELD", "BACK"}, 0)
    ]
    rows = {row["cdr"]: row["verdict"] for row in csv.DictReader(StringIO(sheet.read_text()))}
    assert (rows["HELD"], rows["CHANGED"]) == ("OK", "CANNOT TELL")
    assert zipfile.is_zipfile(book)


def test_cdrs_of_a_node_are_chosen_by_partner_and_month(node: Path) -> None:
    def ids(*arguments: str) -> list[str]:
        found = command("-c", node, "cdr", "audit", *arguments, "--json").json
        return [one["id"] for one in found["cdrs"]]

    assert ids("--partner", "nl/bbb") == ["CDR2"]
    assert ids("--month", "2026-06", "--partner", "DE/MOV") == ["CDR1"]
    assert ids("--month", "2026-07") == []


def test_without_a_node_its_cdrs_cannot_be_audited(tmp_path: Path) -> None:
    ran = command("-c", tmp_path / "voltroam.toml", "cdr", "audit", "--json")
    assert ran.code == 4
    assert ran.json["error"]


PLACES = [
    "start_date_time", "end_date_time", "currency", "charging_periods", "total_cost.excl_vat",
    "total_cost", "total_energy", "total_time", "tariffs", "tariffs.0.currency",
    "tariffs.0.elements", "charging_periods.0.start_date_time", "charging_periods.1.dimensions",
    "charging_periods.0.dimensions.0.volume", "charging_periods.0.tariff_id", "cdr_location",
    "total_parking_cost", "credit", "credit_reference_id", "session_id", "last_updated",
]  # fmt: skip
VALUES: list[object] = [
    None, 0, -1, -5.5, 1e300, 10**60, 0.00001, "", "x", "#NA", "JPY", [], {}, True,
    "1970-01-01T00:00:00Z", "2026-06-03T08:30:00Z", "9999-12-31T23:59:59Z",
]  # fmt: skip


@pytest.mark.parametrize("place", PLACES)
def test_any_value_anywhere_is_audited_or_named(place: str) -> None:
    *way, last = [int(step) if step.isdigit() else step for step in place.split(".")]
    for value in VALUES:
        document = json.loads(encoded(RIGHT))
        inner = document
        for step in way:
            inner = inner[step]
        inner[last] = value
        ran = command("cdr", "audit", "-", "--json", stdin=json.dumps(document))
        assert ran.code in (0, 1, 2), ran.err
        if ran.code == 2:
            assert ran.json["path"].startswith("$")
        else:
            assert ran.json["cdrs"][0]["verdict"] in ("OK", "ROUNDING", "DIFFERS", "CANNOT TELL")
