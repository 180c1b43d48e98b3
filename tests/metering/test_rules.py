"""A good signature is not enough: the rules of measuring law, one broken at a time."""

from typing import Any

import pytest
from tests.metering import vectors as v

from voltroam.metering import Outcome, Verdict, verify

KEY = v.signer("secp256r1").der


def failed(verdict: Verdict) -> set[str]:
    return {rule.id for value in verdict.values for rule in value.rules if not rule.ok}


def of(*rows: dict[str, Any], **more: Any) -> Verdict:
    return verify(v.ocmf("secp256r1", v.payload_of(*rows, **more)), KEY)


B, E = v.reading("B", "100"), v.reading("E", "110")


@pytest.mark.parametrize(
    ("rows", "rule"),
    [
        ((B,), "end"),
        ((E,), "begin"),
        ((B, B, E), "begin"),
        ((B, E, E), "end"),
        ((v.reading("B", "120"), E), "reading"),
        ((B | {"TM": "2026-03-02T09:10:00,000+0100 S"}, E), "order"),
        ((B | {"ST": "T"}, E), "status"),
        ((B, E | {"ST": "M"}), "status"),
        ((B | {"EF": "E"}, E), "errors"),
        ((B | {"RU": "mOhm"}, E), "unit"),
        ((B | {"TM": "2026-03-01T09:10:00,000+0100 U"}, E), "time-sync"),
        ((B, E | {"TM": "2026-03-01T09:40:00,000+0100 I"}), "time-sync"),
        ((B | {"TM": "2026-03-01T09:10:00,000+0100"}, E), "time-sync"),
        ((B | {"EI": 1}, E | {"EI": 2}), "event-log"),
        ((B | {"RI": "1-0:2.8.0"}, E | {"RI": "1-0:2.8.0"}), "register"),
        ((B | {"RI": "1-0:1.8.0"}, E | {"RI": "1-0:C1.8.0"}), "begin"),
    ],
)
def test_a_broken_rule_is_named(rows: tuple[dict[str, Any], ...], rule: str) -> None:
    verdict = of(*rows)
    assert verdict.verdict is Outcome.RULES_FAIL
    assert rule in failed(verdict)


@pytest.mark.parametrize(
    "rows",
    [
        (B, E),
        (B, v.reading("C", "105"), E),
        (B, E | {"TX": "L"}),
        (B, E | {"TX": "A"}),
        (B | {"EF": "t"}, E | {"EF": "t"}),
        (B, v.reading("E", "100")),
        (B | {"RU": "Wh", "RV": 100000}, E),
        (B, {"TX": "E", "RV": 110, "TM": "2026-03-01T09:40:00,000+0100 S"}),
        (B, E, v.reading("E", "5", RI="1-0:2.8.0"), v.reading("E", "9", RI="1-0:0.8.6")),
        (B | {"TM": "2026-03-01T09:10:00,000+0100 I"}, E),
    ],
)
def test_what_the_law_allows_holds(rows: tuple[dict[str, Any], ...]) -> None:
    assert of(*rows).verdict is Outcome.VALID


def test_a_compensated_register_is_billed_instead_of_the_plain_one() -> None:
    verdict = of(B, E, v.reading("B", "10", RI="1-0:B1.8.0"), v.reading("E", "19", RI="1-0:B1.8.0"))
    assert verdict.transactions[0].energy_kwh == 9
    assert verdict.verdict is Outcome.VALID


@pytest.mark.parametrize("level", ["MISMATCH", "INVALID", "OUTDATED", "UNKNOWN"])
def test_a_user_who_was_not_identified_breaks_a_rule(level: str) -> None:
    assert failed(of(B, E, IL=level)) == {"identification"}


def test_before_ocmf_0_5_the_level_stood_in_is() -> None:
    assert of(B, E, FV="0.2", IS="VERIFIED").verdict is Outcome.VALID
    assert failed(of(B, E, FV="0.2", IS="MISMATCH")) == {"identification"}


@pytest.mark.parametrize(
    "version", ["0.1", "0.4", "0.5", "1.0", "1.1", "1.2", "1.3", "1.4", "1.4.1"]
)
def test_every_version_of_ocmf_is_read(version: str) -> None:
    assert of(B, E, FV=version).verdict is Outcome.VALID


def test_the_default_curve_gives_way_to_the_keys_own() -> None:
    by = v.signer("secp192r1")
    verdict = verify(v.ocmf("secp192r1", SA=None), by.der)
    assert verdict.verdict is Outcome.VALID
    assert "by default" in verdict.values[0].deviations[0]


def pair(begin: dict[str, Any], end: dict[str, Any], *, by: str = "secp256r1") -> Verdict:
    one = v.ocmf(by, v.payload_of(B, **begin))
    two = v.ocmf(by, v.payload_of(E, **end))
    text = v.container(
        ("9", "Transaction.Begin", one), ("9", "Transaction.End", two), key=v.signer(by).der.hex()
    )
    return verify(text)


def test_two_records_of_one_transaction_hold() -> None:
    verdict = pair({"PG": "T7"}, {"PG": "T8"})
    assert verdict.verdict is Outcome.VALID
    assert len(verdict.transactions) == 1
    assert verdict.transactions[0].energy_kwh == 10


@pytest.mark.parametrize(
    ("end", "rule"),
    [
        ({"PG": "T7"}, "pagination"),
        ({"PG": "T6"}, "pagination"),
        ({"PG": "F8"}, "pagination"),
        ({"PG": ""}, "pagination"),
        ({"PG": "T8", "ID": "other"}, "session"),
        ({"PG": "T8", "MS": "METER0002"}, "meter"),
    ],
)
def test_records_that_do_not_belong_together_are_told_apart(end: dict[str, Any], rule: str) -> None:
    verdict = pair({"PG": "T7"}, end)
    assert verdict.verdict is Outcome.RULES_FAIL
    assert failed(verdict) == {rule}


def test_a_container_that_disowns_its_value_is_believed() -> None:
    text = v.container(("1", "Transaction.End - Data not verified", v.ocmf()), key=KEY.hex())
    assert failed(verify(text)) == {"context"}


@pytest.mark.parametrize(
    ("status", "rule"),
    [(1 << 1, "meter-error"), (1 << 16, "adapter-error"), (1 << 26, "start-mismatch")],
)
def test_an_error_in_the_status_of_alfen_breaks_a_rule(status: int, rule: str) -> None:
    begin, end = v.alfen(), v.alfen("1", 18, 3000, status=status)
    key = v.signer("secp192r1").point.hex()
    verdict = verify(v.container(("1", "", begin), ("1", "", end), key=key))
    assert {rule, "status"} <= failed(verdict)


def test_a_status_of_mennekes_that_no_signature_covers_is_refused() -> None:
    verdict = verify(v.mennekes(status=65_800))
    assert verdict.verdict is Outcome.INVALID
    assert "MeterStatus" in verdict.values[0].problem


def test_only_the_list_at_the_end_closes_a_transaction_of_isa() -> None:
    key = v.signer("secp256r1").point
    assert failed(verify(v.isa("8180816200ff"), key)) == {"end"}
    assert failed(verify(v.isa("8180816201ff"), key)) == {"end"}
    assert verify(v.isa(), key).verdict is Outcome.VALID
    assert failed(verify(v.isa(start=5000), key)) == {"reading"}


def test_pcdf_that_is_not_fit_for_billing_breaks_a_rule() -> None:
    assert failed(verify(v.pcdf(billing="0"))) == {"billing"}
