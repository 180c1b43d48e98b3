"""The signed meter values of a CDR, held against what the CDR says."""

import base64
import json
from decimal import Decimal
from typing import Any

import pytest
from tests.billing.objects import cdr, component, element, encoded, money, period, read, tariff
from tests.e2e.nodes import command
from tests.metering import vectors as v

from voltroam.billing.match import match
from voltroam.metering import MeteringProblem, Outcome

PRICED = tariff(element(component("ENERGY", "0.25", 1, "20")))


def signed(begin: str = "100.0", end: str = "120.0") -> dict[str, Any]:
    """20 kWh from 10:00 to 11:00 in Amsterdam, with the key beside them."""
    payload = v.payload_of(
        v.reading("B", begin, TM="2026-06-03T10:00:00,000+0200 S"),
        v.reading("E", end, TM="2026-06-03T11:00:00,000+0200 S"),
        CI="NL*AAA*E1",
    )
    text = v.ocmf(payload=payload)
    return {
        "encoding_method": "OCMF",
        "public_key": base64.b64encode(v.signer("secp256r1").der).decode(),
        "signed_values": [
            {"nature": "End", "plain_data": text,
             "signed_data": base64.b64encode(text.encode()).decode()}
        ],
    }  # fmt: skip


def charged(**members: Any) -> dict[str, Any]:
    plain = cdr(60, [PRICED], [period(0, ENERGY="20", TIME="1")], money("5.00", "6.00"))
    return plain | {"meter_id": "METER0001", "signed_data": signed()} | members


def failed(plain: dict[str, Any]) -> set[str]:
    found = match(read(plain))
    assert found is not None
    return {rule.id for rule in found.rules if not rule.ok}


def test_a_cdr_that_says_what_the_meter_signed_matches() -> None:
    found = match(read(charged()))
    assert found is not None
    assert found.verdict.verdict is Outcome.VALID
    assert {rule.id for rule in found.rules} >= {"cdr-energy", "cdr-times", "cdr-meter"}
    assert found.ok


@pytest.mark.parametrize(
    ("members", "rule"),
    [
        ({"total_energy": Decimal("20.5")}, "cdr-energy"),
        ({"end_date_time": "2026-06-03T08:30:00Z"}, "cdr-times"),
        ({"meter_id": "OTHER123"}, "cdr-meter"),
    ],
)
def test_a_cdr_that_says_otherwise_does_not(members: dict[str, Any], rule: str) -> None:
    assert failed(charged(**members)) == {rule}


def test_a_forged_reading_is_no_match_though_the_cdr_agrees_with_it() -> None:
    data = signed()
    text = data["signed_values"][0]["plain_data"].replace('"RV":120.0', '"RV":130.0')
    data["signed_values"][0] |= {
        "plain_data": text,
        "signed_data": base64.b64encode(text.encode()).decode(),
    }
    found = match(read(charged(signed_data=data, total_energy=Decimal(30))))
    assert found is not None
    assert found.verdict.verdict is Outcome.INVALID
    assert not found.ok


def test_a_cdr_without_signed_data_has_nothing_to_match() -> None:
    plain = charged()
    del plain["signed_data"]
    assert match(read(plain)) is None


def test_a_key_that_is_none_is_named() -> None:
    with pytest.raises(MeteringProblem, match=r"\$\.public_key"):
        match(read(charged()), public_key="!!!")


def test_verify_takes_a_whole_cdr_and_tells_whether_it_fits() -> None:
    right = command("verify", "-", "--json", stdin=encoded(charged()).decode())
    assert (right.code, right.json["verdict"]) == (0, "VALID")
    assert all(rule["ok"] for rule in right.json["cdr"])
    wrong = charged(total_energy=Decimal(21))
    ran = command("verify", "-", "--json", stdin=encoded(wrong).decode())
    assert (ran.code, ran.json["verdict"]) == (1, "VALID")
    assert [rule["id"] for rule in ran.json["cdr"] if not rule["ok"]] == ["cdr-energy"]
    shown = command("verify", "-", stdin=encoded(wrong).decode())
    assert "the CDR says 21 kWh, the meter signed 20.0 kWh" in shown.out
    assert json.dumps(right.json)
