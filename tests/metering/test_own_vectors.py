"""Own vectors of every format and curve are accepted; every flipped bit of them is refused."""

import base64
from dataclasses import replace

import pytest
from tests.metering import vectors as v
from tests.metering.bits import bits, flip, record_of

from voltroam.metering import Format, MeteringProblem, Outcome, Phase, Signature, verify
from voltroam.metering.keys import load_key, signed

ALL = v.vectors()
IDS = [vector.name for vector in ALL]


@pytest.mark.parametrize("vector", ALL, ids=IDS)
def test_an_own_vector_is_valid(vector: v.Vector) -> None:
    verdict = verify(vector.data, vector.key)
    assert {value.signature for value in verdict.values} == {Signature.VALID}, verdict


@pytest.mark.parametrize("vector", ALL, ids=IDS)
def test_the_key_of_another_meter_is_refused(vector: v.Vector) -> None:
    record = record_of(vector.data)
    other = v.signer(record.curve.name, 2)
    verdict = verify(vector.data, other.point)
    assert {value.signature for value in verdict.values} == {Signature.INVALID}


@pytest.mark.soak("every bit of the signed payload")
@pytest.mark.parametrize("vector", ALL, ids=IDS)
def test_every_flipped_bit_of_a_signed_payload_is_refused(vector: v.Vector) -> None:
    """CDR-SIG-01: fifteen vectors; a sample of the bits, all of them in the soak."""
    record = record_of(vector.data)
    assert record.numbers is not None
    key = load_key(vector.key, record.curve)
    assert signed(key, *record.numbers, record.payload)
    for bit in bits(len(record.payload), vector.name, 48):
        assert not signed(key, *record.numbers, flip(record.payload, bit)), bit


@pytest.mark.soak("every bit of the file")
@pytest.mark.parametrize("vector", ALL, ids=IDS)
def test_a_flipped_bit_of_the_file_never_changes_what_is_accepted(vector: v.Vector) -> None:
    """A file may hold bytes that are not signed; readings, meter, session and page are.

    Only Alfen's mark of begin or end stands outside: pages and readings tell them apart.
    """
    data = vector.data.encode() if isinstance(vector.data, str) else vector.data
    true = record_of(vector.data)
    for bit in bits(len(data), vector.name + "file", 160):
        try:
            verdict = verify(flip(data, bit), vector.key)
        except MeteringProblem:
            continue
        value = verdict.values[0]
        if value.signature is Signature.VALID:
            assert (value.meter_id, value.session, value.pagination) == (
                true.meter_id,
                true.session,
                true.pagination,
            ), bit
            readings = tuple(
                replace(shown, phase=meant.phase) if value.format is Format.ALFEN else shown
                for shown, meant in zip(value.readings, true.readings, strict=True)
            )
            assert readings == true.readings, bit


@pytest.mark.parametrize("curve", v.CURVES)
@pytest.mark.parametrize("form", ["der", "point", "prefixed", "compressed", "short-der"])
def test_a_key_in_every_form(curve: str, form: str) -> None:
    by = v.signer(curve)
    short = bytearray(by.der[: -len(by.point) - 1])
    size = v.SIZES[curve]
    at = len(short) - (4 if short[-3] == 0x81 else 3)
    short = bytearray(by.der[:at])
    bits_of = bytes([0x03, size + 2, 0]) + by.compressed
    inner = bytes(short[3 if short[1] == 0x81 else 2 :]) + bits_of
    forms = {
        "der": by.der,
        "point": by.point,
        "prefixed": b"\x04" + by.point,
        "compressed": by.compressed,
        "short-der": bytes([0x30, len(inner)]) + inner,
    }
    verdict = verify(v.ocmf(curve), base64.b64encode(forms[form]).decode())
    assert verdict.verdict is Outcome.VALID, verdict.values[0].problem


def test_the_emoc_folds_its_status_word_into_a_byte() -> None:
    record = record_of(v.edl40("secp256r1"))
    assert record.payload == record_of(v.signed_meter_value(
        record.payload, "secp256r1")).payload  # fmt: skip
    assert record.payload[14] == 0x88


@pytest.mark.parametrize(
    ("data", "kind", "kwh"),
    [
        (v.ocmf(), Format.OCMF, "12.25"),
        (v.isa(), Format.ISA_EDL40, "0.15"),
        (v.mennekes(), Format.MENNEKES, "0.0005"),
        (v.mennekes(trailing_log=True), Format.MENNEKES, "0.0005"),
        (v.pcdf(), Format.PCDF, "12.25"),
        (v.pcdf(start="\x02128.8.0"), Format.PCDF, "12.25"),
        (v.pcdf(start="01-00:128.8.0"), Format.PCDF, "12.25"),
    ],
)
def test_begin_and_end_give_the_energy(data: str | bytes, kind: Format, kwh: str) -> None:
    verdict = verify(data, v.signer("secp256r1").point if kind is not Format.MENNEKES else None)
    assert verdict.format is kind
    assert str(verdict.transactions[0].energy_kwh).rstrip("0") == kwh
    assert verdict.verdict is Outcome.VALID


@pytest.mark.parametrize("form", ["sml", "xml", "alfen"])
def test_two_records_make_a_transaction(form: str) -> None:
    if form == "alfen":
        begin, end = v.alfen(), v.alfen("1", 18, 3000)
    elif form == "xml":
        begin = v.signed_meter_value(v.block(5, 1000), "secp192r1")
        end = v.signed_meter_value(v.block(6, 21000, when=2000), "secp192r1")
    else:
        begin, end = v.edl40(page=5, value=1000).hex(), v.edl40(page=6, value=21000).hex()
    key = v.signer("secp192r1").point.hex()
    whole = v.container(("1", "Transaction.Begin", begin), ("1", "Transaction.End", end), key=key)
    verdict = verify(whole)
    assert verdict.verdict is Outcome.VALID, verdict
    assert verdict.transactions[0].energy_kwh == 2


def test_pages_tell_begin_from_end_where_nobody_else_does() -> None:
    begin, end = v.edl40(page=5, value=1000).hex(), v.edl40(page=6, value=21000).hex()
    key = v.signer("secp192r1").point.hex()
    verdict = verify(v.container(("1", "", end), ("1", "", begin), key=key))
    assert [value.readings[0].phase for value in verdict.values] == [Phase.END, Phase.BEGIN]
    assert verdict.verdict is Outcome.VALID


def test_begin_and_end_that_were_swapped_are_found_out() -> None:
    """What tells begin from end in Alfen and EDL40 is not signed, the pages and readings are."""
    key = v.signer("secp192r1").point.hex()
    alfen = v.alfen("1", 17, 1000), v.alfen("0", 18, 3000)
    edl40 = v.edl40(page=6, value=21000).hex(), v.edl40(page=5, value=1000).hex()
    wrong = {"pagination", "reading"}
    for (one, two), expected in ((alfen, wrong | {"order"}), (edl40, wrong)):
        marked = ("1", "Transaction.Begin", one), ("1", "Transaction.End", two)
        verdict = verify(v.container(*marked, key=key))
        assert {rule.id for rule in verdict.transactions[0].rules if not rule.ok} == expected
