"""How signed values travel: encodings, the S.A.F.E. container, `CDR.signed_data`, keys."""

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import msgspec
import pytest
from tests.metering import vectors as v

from voltroam.metering import (
    NOT_CERTIFIED,
    Format,
    KeyRegister,
    MeteringProblem,
    Outcome,
    Signature,
    Trust,
    find,
    match_cdr,
    verify,
    verify_signed_data,
    write,
)
from voltroam.standard.v2_2_1 import SignedData, SignedValue

BY = v.signer("secp256r1")
KEY = base64.b64encode(BY.der).decode()
PEM = f"-----BEGIN PUBLIC KEY-----\n{KEY[:64]}\n{KEY[64:]}\n-----END PUBLIC KEY-----\n"


def encoded(data: bytes, way: str) -> str:
    match way:
        case "hex":
            return data.hex()
        case "spaced hex":
            return data.hex(" ")
        case "base32":
            return base64.b32encode(data).decode()
        case "base64":
            return base64.b64encode(data).decode()
        case "urlsafe":
            return base64.urlsafe_b64encode(data).decode().rstrip("=")
    return base64.b64encode(base64.b64encode(data)).decode()


@pytest.mark.parametrize(
    "way", ["hex", "spaced hex", "base32", "base64", "urlsafe", "twice base64"]
)
@pytest.mark.parametrize("vector", v.vectors(), ids=lambda vector: vector.name)
def test_every_format_is_recognised_in_every_encoding(vector: v.Vector, way: str) -> None:
    data = vector.data.encode() if isinstance(vector.data, str) else vector.data
    verdict = verify(encoded(data, way), vector.key)
    assert {value.signature for value in verdict.values} == {Signature.VALID}
    assert verdict.format is verify(vector.data, vector.key).format


@pytest.mark.parametrize("vector", v.vectors(), ids=lambda vector: vector.name)
def test_a_written_container_says_the_same_when_read_again(vector: v.Vector) -> None:
    """CDR-SIG-01: what was signed leaves as it came, byte for byte."""
    pieces = find(vector.data)
    text = write(pieces)
    again = find(text)
    assert [p.record.payload for p in again if p.record] == [
        p.record.payload for p in pieces if p.record
    ]
    assert verify(text, vector.key).values[0].signature is Signature.VALID


def test_a_written_container_carries_key_context_and_format() -> None:
    one = v.ocmf(payload=v.payload_of(v.reading("B", "1"), ID="a <&> \\u0007"))
    two = v.ocmf(payload=v.payload_of(v.reading("E", "2"), PG="T8", ID="a <&> \\u0007"))
    text = write(find(v.container(("x", "", one), ("x", "", two), key=BY.der.hex())))
    assert 'transactionId="1" context="Transaction.Begin"' in text
    assert 'transactionId="1" context="Transaction.End"' in text
    assert text.count('format="OCMF" encoding="plain"') == 2
    assert text.count(BY.der.hex()) == 2
    assert verify(text).verdict is Outcome.VALID


@pytest.mark.parametrize("vector", v.vectors(), ids=lambda vector: vector.name)
def test_a_key_is_written_as_the_official_program_reads_it(vector: v.Vector) -> None:
    """DER for OCMF, 04‖x‖y for PCDF, compressed for Alfen, x‖y for what stems from EDL40."""
    pieces = [replace(piece, key=vector.key) for piece in find(vector.data)]
    curve = vector.name.partition("-")[2]
    by = v.signer(curve) if vector.name.startswith("ocmf") else None
    p192, p256 = v.signer("secp192r1"), v.signer("secp256r1")
    expected = {"alfen": p192.compressed, "pcdf": b"\x04" + p256.point, "isa": p256.point}
    key = by.der if by else expected.get(vector.name, vector.key)
    assert f">{key.hex()}</publicKey>" in write(pieces)
    assert verify(write(pieces)).values[0].signature is Signature.VALID


def test_a_charging_process_of_mennekes_is_written_by_itself() -> None:
    text = write(find(v.mennekes()))
    assert text.count("<value ") == 1
    assert "&lt;ChargingProcess&gt;" in text
    assert "Billing" not in text
    assert verify(text).verdict is Outcome.VALID


def test_no_verdict_claims_to_be_certified() -> None:
    verdict = verify(v.ocmf(), KEY)
    assert verdict.notice == NOT_CERTIFIED
    assert "not a certified" in json.loads(msgspec.json.encode(verdict))["notice"]


def signed_data(*values: SignedValue, key: str | None = KEY) -> SignedData:
    return SignedData(encoding_method="OCMF", public_key=key, signed_values=list(values))


def value(signed: str, plain: str = "", nature: str = "Start") -> SignedValue:
    return SignedValue(nature=nature, plain_data=plain, signed_data=signed)


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def test_signed_data_as_ocpi_wants_it_has_no_deviation() -> None:
    verdict = verify_signed_data(signed_data(value(b64(v.ocmf()), v.ocmf())))
    assert verdict.verdict is Outcome.VALID
    assert verdict.key_trust is Trust.SENDER
    assert verdict.values[0].deviations == ()


@pytest.mark.parametrize(
    ("data", "deviation"),
    [
        (signed_data(value(v.ocmf())), "signed_data is not base64"),
        (signed_data(value(v.ocmf().encode().hex())), "signed_data is hex, not base64"),
        (signed_data(value("-", v.ocmf())), "the record is in plain_data, signed_data holds none"),
        (signed_data(value(b64(v.ocmf())), key=BY.der.hex()), "public_key is hex, not base64"),
        (signed_data(value(b64(v.ocmf())), key=PEM), "public_key is PEM, not base64"),
        (
            signed_data(value(b64(v.ocmf())), value(b64(v.ocmf()), nature="End")),
            "$.signed_values[1] is the same record again",
        ),
        (
            signed_data(value(BY.sign(v.payload_of().encode()).hex(), v.payload_of())),
            "payload in plain_data and signature in signed_data, not one OCMF record",
        ),
        (
            signed_data(value(v.ocmf().split("|")[2], v.payload_of())),
            "payload in plain_data and signature in signed_data, not one OCMF record",
        ),
    ],
)
def test_the_forms_of_the_field_are_read_and_reported(data: SignedData, deviation: str) -> None:
    verdict = verify_signed_data(data)
    assert verdict.verdict is Outcome.VALID, verdict
    assert deviation in verdict.values[0].deviations


def test_start_and_end_of_signed_data_make_one_transaction() -> None:
    begin, end = v.edl40(page=5, value=1000), v.edl40(page=6, value=21000)
    found = verify_signed_data(
        SignedData(
            encoding_method="EDL40",
            public_key=base64.b64encode(v.signer("secp192r1").point).decode(),
            signed_values=[
                value(base64.b64encode(begin).decode()),
                value(base64.b64encode(end).decode(), nature="End"),
            ],
        )
    )
    assert found.verdict is Outcome.VALID
    assert found.transactions[0].energy_kwh == 2


@pytest.mark.parametrize("wrap", ["{}", '{{"signed_data":{}}}', '{{"data":{{"signed_data":{}}}}}'])
def test_the_json_of_a_cdr_is_read_too(wrap: str) -> None:
    text = wrap.format(msgspec.json.encode(signed_data(value(b64(v.ocmf())))).decode())
    assert verify(text).verdict is Outcome.VALID
    assert verify(text.encode()).verdict is Outcome.VALID


def test_a_registers_key_counts_before_all_others() -> None:
    data = signed_data(value(b64(v.ocmf())))
    assert verify_signed_data(data, register={"meter-0001": BY.der}).key_trust is Trust.REGISTER
    place = verify_signed_data(data, register={"DE*ABC*E0001*1": KEY})
    assert place.key_trust is Trust.REGISTER
    assert place.verdict is Outcome.VALID
    assert verify_signed_data(data, register={"other": KEY}).key_trust is Trust.SENDER
    assert verify_signed_data(data, KEY).key_trust is Trust.CALLER


def test_a_register_is_folded_once_and_its_faults_are_named() -> None:
    register = KeyRegister({"Meter 0001": PEM, "x": BY.der})
    assert len(register) == 2
    assert verify(v.ocmf(), register=register).key_trust is Trust.REGISTER
    with pytest.raises(MeteringProblem, match=r"register\[bad\]"):
        KeyRegister({"bad": "!"})


def test_a_forged_record_with_the_forgers_key_is_caught_by_the_register() -> None:
    forger = v.signer("secp256r1", 2)
    data = signed_data(value(b64(v.ocmf(by=forger))), key=base64.b64encode(forger.der).decode())
    assert verify_signed_data(data).verdict is Outcome.VALID
    verdict = verify_signed_data(data, register={"METER0001": BY.der})
    assert verdict.verdict is Outcome.INVALID
    assert {rule.id for rule in verdict.values[0].rules if not rule.ok} == {"key"}


def test_the_same_key_in_another_form_is_the_same_key() -> None:
    data = signed_data(value(b64(v.ocmf())), key=BY.point.hex())
    assert verify_signed_data(data, register={"METER0001": BY.der}).verdict is Outcome.VALID


def test_a_fourth_section_of_ocmf_is_a_key() -> None:
    verdict = verify(f"{v.ocmf()}|{BY.der.hex()}")
    assert verdict.verdict is Outcome.VALID
    assert verdict.key_trust is Trust.SENDER


def test_without_a_key_nothing_is_known() -> None:
    verdict = verify(v.ocmf())
    assert verdict.verdict is Outcome.NO_KEY
    assert verdict.key_trust is Trust.NONE


START, END = datetime(2026, 3, 1, 8, 9, tzinfo=UTC), datetime(2026, 3, 1, 8, 41, tzinfo=UTC)


def matched(
    energy: str, start: datetime = START, end: datetime = END, meter: str | None = None
) -> dict[str, bool]:
    rules = match_cdr(verify(v.ocmf(), KEY), Decimal(energy), start, end, meter)
    return {rule.id: rule.ok for rule in rules}


@pytest.mark.parametrize(
    ("energy", "ok"),
    [
        ("12.25", True),
        ("12.250", True),
        ("12.2", False),
        ("12.255", False),
        ("12.24", False),
        ("12", False),
        ("13.25", False),
        ("NaN", False),
    ],
)
def test_the_energy_of_a_cdr_is_that_of_the_meter(energy: str, ok: bool) -> None:
    assert matched(energy)["cdr-energy"] is ok


def test_energy_rounded_to_the_digits_of_the_cdr_matches() -> None:
    text = v.ocmf(payload=v.payload_of(v.reading("B", "0"), v.reading("E", "1.304")))
    verdict = verify(text, KEY)
    for energy, ok in (("1.3", True), ("1.30", True), ("1.31", True), ("1.303", False)):
        rule = match_cdr(verdict, Decimal(energy), START, END)[0]
        assert rule.ok is ok, energy


def test_signed_times_lie_within_the_cdr() -> None:
    assert matched("12.25")["cdr-times"]
    late, early = START.replace(minute=20), END.replace(minute=30)
    assert not matched("12.25", start=late)["cdr-times"]
    assert not matched("12.25", end=early)["cdr-times"]


def test_a_meters_wall_clock_may_be_of_any_zone() -> None:
    verdict = verify(v.mennekes())
    start = datetime(2026, 3, 1, 9, 17, tzinfo=UTC)
    rules = match_cdr(verdict, Decimal("0.0005"), start, start.replace(minute=20))
    assert [rule.ok for rule in rules] == [True, True]
    start = start.replace(minute=25)
    rules = match_cdr(verdict, Decimal("0.0005"), start, start.replace(second=5))
    assert not rules[1].ok


@pytest.mark.parametrize(
    ("meter", "ok"),
    [("METER0001", True), ("meter-0001", True), ("METER0002", False), ("0001", False)],
)
def test_the_meter_of_the_cdr_is_the_one_that_signed(meter: str, ok: bool) -> None:
    assert matched("12.25", meter=meter)["cdr-meter"] is ok


def test_a_server_id_is_known_by_the_name_on_the_meter() -> None:
    rules = match_cdr(verify(v.mennekes()), Decimal(0), START, END, "1EMH0012191156")
    assert rules[2].ok
    assert verify(v.mennekes()).format is Format.MENNEKES


def test_the_evse_of_the_cdr_is_the_one_that_signed() -> None:
    verdict = verify(v.ocmf(), KEY)
    for evse, ok in (("DE*ABC*E0001*1", True), ("DEABCE00011", True), ("DE*ABC*E2", False)):
        rules = match_cdr(verdict, Decimal("12.25"), START, END, evse_id=evse)
        assert {rule.id: rule.ok for rule in rules}["cdr-evse"] is ok


def test_a_cdr_is_about_one_transaction() -> None:
    text = v.container(("1", "", v.ocmf()), ("2", "", v.ocmf("secp256k1")))
    (rule,) = match_cdr(verify(text), Decimal(1), START, END)
    assert rule.id == "cdr-transaction"
    assert not rule.ok
