"""Every published vector gets the verdict that the reference program gives it."""

import csv
from pathlib import Path

import pytest
from tests.metering.bits import bits, flip

from voltroam.metering import MeteringProblem, Outcome, Signature, Verdict, find, verify
from voltroam.metering.keys import load_key, signed

SHARED = Path(__file__).parents[2].parent / "shared" / "data" / "eichrecht"
TABLE = SHARED / "verdicts.tsv"
ROWS = list(csv.DictReader(TABLE.open(encoding="utf-8"), delimiter="\t")) if TABLE.exists() else []


def holds(verdict: Verdict, expected: str) -> bool:
    states = {value.signature for value in verdict.values}
    rules = all(rule.ok for value in verdict.values for rule in value.rules)
    match expected:
        case "signature VALID":
            return states == {Signature.VALID}
        case "signature VALID, rules hold":
            return states == {Signature.VALID} and rules and verdict.verdict is Outcome.VALID
        case "signature VALID, rules FAIL":
            return states == {Signature.VALID} and verdict.verdict is Outcome.RULES_FAIL
        case "signature INVALID":
            return verdict.verdict is Outcome.INVALID and Signature.INVALID in states
        case "NO KEY":
            return states == {Signature.NO_KEY} and verdict.verdict is Outcome.NO_KEY
        case "clear error, no crash":
            problems = [value.problem for value in verdict.values if value.problem]
            return verdict.verdict is Outcome.MALFORMED and bool(problems)
    raise AssertionError(f"unknown expectation {expected!r}")


@pytest.mark.skipif(not ROWS, reason="the published vectors are not beside the repository")
@pytest.mark.parametrize("row", ROWS, ids=[row["file"] for row in ROWS])
def test_a_published_vector_gets_its_verdict(row: dict[str, str]) -> None:
    """CDR-SIG-01: all of verdicts.tsv, format and verdict."""
    data = (SHARED / row["file"]).read_bytes()
    if row["format"] == "-":
        with pytest.raises(MeteringProblem, match="broken XML"):
            verify(data)
        return
    verdict = verify(data)
    assert verdict.format == row["format"]
    assert holds(verdict, row["expected"]), verdict


@pytest.mark.skipif(not ROWS, reason="the published vectors are not beside the repository")
@pytest.mark.parametrize("name", ["keba_test.xml", "measurements.xml", "keba_test_txn.xml"])
def test_every_value_of_a_file_is_judged_by_itself(name: str) -> None:
    verdict = verify((SHARED / name).read_bytes())
    assert len(verdict.values) == {"measurements.xml": 21}.get(name, 100)
    assert len(verdict.transactions) == len(verdict.values)


SIGNED = [row["file"] for row in ROWS if row["expected"].startswith("signature VALID")]


@pytest.mark.soak("every bit of the signed payload")
@pytest.mark.parametrize("name", SIGNED)
def test_every_flipped_bit_of_a_published_payload_is_refused(name: str) -> None:
    """CDR-SIG-01: the first value of each published vector that is valid."""
    data = (SHARED / name).read_bytes()
    piece = find(data)[0]
    record = piece.record
    assert record is not None
    assert record.numbers is not None
    key = load_key(piece.key or record.key or b"", record.curve)
    assert signed(key, *record.numbers, record.payload)
    for bit in bits(len(record.payload), name, 48):
        assert not signed(key, *record.numbers, flip(record.payload, bit)), bit


ALFEN = {
    "AP;0;3;AMVBBEIORR2RGJLJ6YRZUGACQAXSDFCL66EIP3N7;BJKGK43UIRSXMAAROYYDCMZNUYFACRC2I4ADGAABIAAAA"
    "AAAQ6ACMAD5CH4FWAIAAEEAB7Y6ACJD2AAAAAAAAABRAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAASAAAAAEIAAAAA====;I"
    "GRCBV3TL45XIGPJU7QGD3H4V6ICQ75GLPWEFNEKZX3RTTKJI2FBXHPCWUIWL5OENEHE3SQRVACHG===;": "VALID",
    "AP;1;3;AICIVT423BX3TJGK6QCCVRHQ63LJQUEVZWWTYQUZ;BJKGK43UIRSXMAAROYYDCMZNUYFACRC2I4ADGAABIAAAA"
    "AIAQ6ACMAD5CH4FWAIAAEEAB7Y6ACKD2AAAAAAAAABRAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAASAAAAAEQAAAAA====;C"
    "3J3MLA5XLF7QYYHA4RAJV7QLBWU5OB3M3DUKCUTREEQ5QORE45DMUQALYBEI2YOLNX7DYFRWGLYU===;": "VALID",
    "AP;1;3;AICIVT423BX3TJGK6QCCVRHQ63LJQUEVZWWTYQUZ;BJKGK43UIRSXMAAROYYDCMZNUYFACRC2I4ADGCABIAAAA"
    "AEAQ6ACMAD5CH4FWAIAAEEAB7Y6ACKD2AAAAAAAAABRAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAASAAAAAEQAAAAA====;X"
    "VRQMWYJVQHI5GP53EPYUOYLHDAGBUTUIXJVRRZXKD7CIRXO6TYBFG7H43OT2STWBQW6MU7LMOBD2===;": "INVALID",
}


@pytest.mark.parametrize("text", ALFEN)
def test_the_published_records_of_alfen(text: str) -> None:
    assert verify(text).values[0].signature == ALFEN[text]
