"""Whatever a stranger sends ends in a named problem: no crash, no hang, no accepted forgery."""

import base64
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.counts import times
from tests.metering import vectors as v

from voltroam.metering import (
    MeteringProblem,
    Outcome,
    Signature,
    Verdict,
    alfen,
    edl40,
    ocmf,
    pcdf,
    safe_xml,
    sml,
    verify,
)
from voltroam.metering.curves import CURVES, SECP192K1, SECP256R1, Curve, curve_named
from voltroam.metering.keys import load_key, read_der
from voltroam.metering.piece import Piece
from voltroam.metering.public_key import read_key
from voltroam.metering.tree import read_tree

EXAMPLES = 10_000
soak = pytest.mark.soak(f"{EXAMPLES:,} inputs")
fuzz = settings(
    max_examples=times(150, full=EXAMPLES),
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
KEY = v.signer("secp256r1").der
VECTORS = v.vectors()
RSA = (
    rsa.generate_private_key(65537, 2048)
    .public_key()
    .public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
)


def reason(act: Callable[[], object]) -> MeteringProblem:
    with pytest.raises(MeteringProblem) as caught:
        act()
    return caught.value


def survives(act: Callable[[], object]) -> object:
    """What came of it; None when it was refused with a place and a reason."""
    problem = None
    try:
        return act()
    except MeteringProblem as caught:
        problem = caught
    assert problem.path.startswith("$")
    assert problem.reason
    return None


def payload(**more: object) -> str:
    return v.payload_of(**more)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("OCMF|", "$"),
        ("OCMF|{}", "$"),
        ("OCMF|{}|{}|a|b", "$"),
        ("OCMF|[]|{}", "$.payload"),
        ("OCMF|{|{}", "$.payload"),
        ('OCMF|{"FV":"1.0","FV":"1.0"}|{}', "$.payload"),
        ("OCMF|" + "[" * 100_000 + '|{"SD":"00"}', "$.payload"),
        ('OCMF|{"FV":NaN}|{}', "$.payload"),
        ('OCMF|{"FV":1e99999999}|{}', "$.payload"),
        (f'OCMF|{{"FV":{"9" * 100_000}}}|{{}}', "$.payload"),
        (f"OCMF|{payload(FV='2.0')}|{{}}", "$.payload.FV"),
        (f"OCMF|{payload(FV='0.0')}|{{}}", "$.payload.FV"),
        (f"OCMF|{payload(FV='x')}|{{}}", "$.payload.FV"),
        (f"OCMF|{payload(PG='7')}|{{}}", "$.payload.PG"),
        (f"OCMF|{payload(MS=[])}|{{}}", "$.payload.MS"),
        (f"OCMF|{payload(RD=[])}|{{}}", "$.payload.RD"),
        (f"OCMF|{payload(RD=[1])}|{{}}", "$.payload.RD[0]"),
        (f"OCMF|{payload(RD=[{'RV': {}}])}|{{}}", "$.payload.RD[0].RV"),
        (f"OCMF|{payload(RD=[{'RV': 1e30}])}|{{}}", "$.payload.RD[0].RV"),
        (f"OCMF|{payload(RD=[{'RV': '1e9'}])}|{{}}", "$.payload.RD[0].RV"),
        (f"OCMF|{payload(RD=[{'RV': 1, 'TM': 'now'}])}|{{}}", "$.payload.RD[0].TM"),
        (
            f"OCMF|{payload(RD=[{'RV': 1, 'TM': '2026-13-01T00:00:00,000+0100 S'}])}|{{}}",
            "$.payload.RD[0].TM",
        ),
        (f"OCMF|{payload(RD=[{'RV': 1, 'TX': 5}])}|{{}}", "$.payload.RD[0].TX"),
        (f"OCMF|{payload(RD=[{'RV': 1}] * 1001)}|{{}}", "$.payload.RD"),
        (f'OCMF|{payload()}|{{"SA":"RSA-SHA256"}}', "$.signature.SA"),
        (f'OCMF|{payload()}|{{"SA":"ECDSA-secp521r1-SHA256"}}', "$.signature.SA"),
        (f'OCMF|{payload()}|{{"SA":"ECDSA-secp256r1-MD5"}}', "$.signature.SA"),
        (f'OCMF|{payload()}|{{"SA":5}}', "$.signature.SA"),
        (f"OCMF|{payload()}|{{}}|zz!", "$.public_key"),
        ("OCMF|" + "x" * 300_000 + "|{}", "$"),
        ('OCMF|{"FV":"1.0","X":"\ud800"}|{}', "$.payload.RD"),
    ],
)
def test_a_malformed_ocmf_record_names_its_place(text: str, path: str) -> None:
    assert reason(lambda: ocmf.read(text)).path == path


@pytest.mark.parametrize(
    ("section", "why"),
    [
        ({"SD": None}, "SD: is missing"),
        ({"SD": "xyz"}, "SD: not hex"),
        ({"SD": "!", "SE": "base64"}, "SD: not base64"),
        ({"SE": "ascii85"}, "SE: neither"),
        ({"SE": []}, "SE: neither"),
        ({"SM": "text/plain"}, "SM: not"),
        ({"SD": "3000"}, "no DER integer"),
    ],
)
def test_a_malformed_signature_of_ocmf_is_malformed(section: dict[str, Any], why: str) -> None:
    value = verify(v.ocmf(**section), KEY).values[0]
    assert value.signature is Signature.MALFORMED
    assert why in value.problem
    assert value.problem.startswith("$.signature")


def der(r: int, s: int) -> bytes:
    def whole(number: int) -> bytes:
        body = number.to_bytes(number.bit_length() // 8 + 1, "big")
        return bytes([2, len(body)]) + body

    body = whole(r) + whole(s)
    return bytes([0x30, len(body)]) + body


@pytest.mark.parametrize("name", v.CURVES)
def test_r_and_s_must_lie_within_the_order(name: str) -> None:
    """Zero, the order itself and more: each refused before any curve arithmetic."""
    curve = curve_named(name)
    assert curve is not None
    text = v.payload_of()
    r, s = v.signer(name).numbers(text.encode())
    top = curve.order
    for bad in ((0, s), (r, 0), (0, 0), (top, s), (r, top), (r + top, s), (r, s + top)):
        value = verify(v.ocmf(name, text, SD=der(*bad).hex()), v.signer(name).der).values[0]
        assert value.signature is Signature.MALFORMED, bad
    for bad in ((1, 1), (top - 1, s), (s, r)):
        value = verify(v.ocmf(name, text, SD=der(*bad).hex()), v.signer(name).der).values[0]
        assert value.signature is Signature.INVALID, bad


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d + b"\0",
        lambda d: d[:-1],
        lambda d: b"\x30\x81" + d[1:],
        lambda d: bytes([0x30, d[1] + 1, 2, d[3] + 1, 0]) + d[4:],
        lambda d: bytes([0x30, d[1] + 2]) + d[2:] + b"\x05\0",
        lambda d: b"\x31" + d[1:],
        lambda d: b"",
        lambda d: bytes([0x30, 0x80]) + d[2:] + b"\0\0",
    ],
)
def test_a_signature_that_is_not_canonical_der_is_refused(change: Callable[[bytes], bytes]) -> None:
    good = der(1 << 200, 1 << 201)
    assert read_der(good) == (1 << 200, 1 << 201)
    assert reason(lambda: read_der(change(good))).path == "$.signature"


def test_a_negative_integer_is_refused() -> None:
    assert "negative" in reason(lambda: read_der(bytes.fromhex("3006020180020101"))).reason


@pytest.mark.parametrize(
    ("key", "why"),
    [
        (RSA, "RSA"),
        (b"", "no public key"),
        (b"\x04" * 5000, "no public key"),
        (KEY + b"\0", "no canonical"),
        (KEY[:-1], "no canonical"),
        (KEY[:-1] + bytes([KEY[-1] ^ 1]), "not on"),
        (b"\0" * 64, "not on"),
        (b"\xff" * 64, "not on"),
        (b"\x02" + b"\xff" * 32, "not on"),
        (b"\x05" + KEY[-64:], "no point"),
        (b"\0", "no point"),
        (b"\x06" + KEY[-64:], "no point"),
    ],
)
def test_a_malformed_key_is_named(key: bytes, why: str) -> None:
    assert why in reason(lambda: load_key(key, SECP256R1)).reason


@pytest.mark.parametrize("curve", CURVES, ids=lambda curve: curve.name)
def test_points_off_the_curve_are_refused(curve: Curve) -> None:
    point = bytearray(v.signer(curve.name).point)
    point[-1] ^= 1
    for bad in (bytes(point), bytes(2 * curve.size), b"\xff" * (2 * curve.size)):
        assert "not on" in reason(partial(load_key, bad, curve)).reason


def test_a_compressed_point_without_a_y_is_refused() -> None:
    refused = 0
    for x in range(1, 40):
        try:
            load_key(b"\x02" + x.to_bytes(24, "big"), SECP192K1)
        except MeteringProblem as problem:
            refused += "not on" in problem.reason
    assert 5 < refused < 35


def test_the_key_of_another_curve_is_no_key_for_the_signature() -> None:
    value = verify(v.ocmf("secp256k1"), KEY).values[0]
    assert value.signature is Signature.INVALID
    assert "secp256r1" in value.problem


def deep(levels: int) -> bytes:
    body = b"\x71" * levels + b"\x01"
    padding = -len(body) % 4
    whole = sml.OPENING + body + bytes(padding) + sml.ESCAPE + bytes([0x1A, padding])
    return whole + sml.crc16(whole).to_bytes(2, "little")


GOOD_SML = v.edl40()


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "opening"),
        (sml.OPENING, "end mark"),
        (deep(200), "nested deeper"),
        (deep(12_000), "nested deeper"),
        (deep(20_000), "longer than"),
        (GOOD_SML + b"\0", "after the SML end mark"),
        (GOOD_SML[:-3], "escape"),
        (GOOD_SML[:-8], "end mark"),
        (sml.OPENING + b"\x7f\xff\xff" + GOOD_SML[-8:], "length"),
        (sml.OPENING + b"\x8f\x8f\x8f\x8f\x8f\x01" + GOOD_SML[-8:], "length"),
        (sml.OPENING + b"\x3f\x01" + GOOD_SML[-8:], "padding"),
        (sml.OPENING + b"\x62\x01\0\0" + GOOD_SML[-8:], "padding"),
        (sml.OPENING + GOOD_SML[-8:-3] + b"\0\0\0", "0 GetList"),
        (GOOD_SML[:-8] + GOOD_SML[8:], "2 GetList"),
    ],
)
def test_malformed_sml_names_its_place(data: bytes, why: str) -> None:
    problem = reason(lambda: sml.read(data))
    assert why in problem.reason or "padding" in problem.reason, problem
    assert problem.path.startswith("$")


def test_the_same_register_twice_in_a_list_is_refused() -> None:
    twice = v.entry("8180817101ff", v.unsigned(5, 4))
    data = v.sml_file(v.SERVER, b"", [twice, twice], bytes(50))
    assert "twice" in reason(lambda: sml.read(data)).reason


@pytest.mark.parametrize("missing", range(4))
def test_an_sml_list_that_lacks_what_is_signed_is_refused(missing: int) -> None:
    whole = sml.read(GOOD_SML)
    kept = {name: e for i, (name, e) in enumerate(whole.entries.items()) if i != missing}
    lacking = sml.Listing(whole.server, whole.name, kept, whole.signature, ())
    assert reason(lambda: edl40.from_listing(lacking)).path.startswith("$.")


def test_a_wrong_checksum_is_a_deviation_not_a_verdict() -> None:
    broken = GOOD_SML[:-1] + bytes([GOOD_SML[-1] ^ 1])
    value = verify(broken, v.signer("secp192r1").point).values[0]
    assert value.signature is Signature.VALID
    assert "checksum" in value.deviations[0]


BOMB = (
    '<!DOCTYPE values [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY {chr(98 + i)} "{f"&{chr(97 + i)};" * 10}">' for i in range(9))
    + "]><values>&j;</values>"
)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (BOMB, "document type"),
        ('<!DOCTYPE v SYSTEM "file:///etc/passwd"><values/>', "document type"),
        ('<!DOCTYPE v [<!ENTITY x SYSTEM "file:///etc/passwd">]><values>&x;</values>', "document"),
        ("<values>&undefined;</values>", "undefined entity"),
        ("<values>" * 40, "nested deeper"),
        ("<values>" + "<value/>" * 60_000, "elements"),
        ("<values>", "no element found"),
        ("<values/>", "without a <value>"),
        ("<values>" + "<value/>" * 201 + "</values>", "more than 200"),
        ("<html/>", "holds no signed"),
        ("<", "broken XML"),
        ("<a b='1' b='2'/>", "duplicate attribute"),
        ('<?xml version="1.0" encoding="martian"?><values/>', "encoding"),
        ("<Billing/>", "holds no signed"),
        ("<signedMeterValue/>", "not known"),
        ("<ChargingProcess/>", "is missing"),
    ],
)
def test_malformed_or_dangerous_xml_is_refused(text: str, why: str) -> None:
    assert why in str(reason(lambda: verify(text.encode())))


def test_a_container_names_the_value_that_is_wrong() -> None:
    text = v.container(("1", "", v.ocmf()), ("2", "", "nonsense"), key=KEY.hex())
    verdict = verify(text)
    assert verdict.verdict is Outcome.MALFORMED
    assert verdict.values[0].signature is Signature.VALID
    assert verdict.values[1].problem.startswith("$.value[1]")


def test_a_container_within_a_container_is_refused() -> None:
    inner = v.container(("1", "", v.ocmf()))
    value = verify(v.container(("1", "", inner))).values[0]
    assert value.signature is Signature.MALFORMED
    assert "within a container" in value.problem


def test_too_many_processes_in_one_container_are_refused() -> None:
    process = v.mennekes().split("<ChargingProcesses>")[1].split("</ChargingProcesses>")[0]
    many = v.mennekes().replace(process, process * 150)
    text = v.container(("1", "", many), ("2", "", many))
    assert "more than 200" in reason(lambda: verify(text)).reason


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("AP;0;3", "$"),
        ("AP;9;3;A;A;A;", "$.type"),
        ("AP;0;33;A;A;A;", "$.version"),
        ("AP;0;3;AA;!!;AA;", "$.data"),
        ("AP;0;3;AA;AAAAAAAA;AAAAAAAA;", "$.data"),
        (v.alfen().rsplit(";", 2)[0] + ";AAAAAAAA;", "$.signature"),
    ],
)
def test_a_malformed_record_of_alfen_names_its_place(text: str, path: str) -> None:
    assert reason(lambda: alfen.read(text)).path == path


@pytest.mark.parametrize(
    ("change", "path"),
    [
        (("(RV:0012.250*kWh)", "(RV:9e9*kWh)"), "$.RV"),
        (("(RV:0012.250*kWh)", ""), "$.RV"),
        (("(ST:260301101500)", "(ST:261301101500)"), "$.ST"),
        (("(ST:260301101500)", "(ST:now)"), "$.ST"),
        (("(BV:1)", "(BV:1)(BV:0)"), "$.BV"),
        (("(BV:1)", "(BV:1"), "$["),
        (("(PK:04", "(PK:zz"), "$.public_key"),
        (("(BV:1)", "(BV:\u0661)"), "$"),
    ],
)
def test_a_malformed_pcdf_record_names_its_place(change: tuple[str, str], path: str) -> None:
    text = v.pcdf()
    assert change[0] in text
    assert reason(lambda: pcdf.read(text.replace(*change))).path.startswith(path)


def test_pcdf_after_its_signature_holds_nothing() -> None:
    assert reason(lambda: pcdf.read(v.pcdf() + "(RV:0099.000*kWh)"))
    assert reason(lambda: pcdf.read(v.pcdf() + "x"))


@pytest.mark.parametrize(
    "data",
    [
        "",
        " ",
        "\0",
        "hello",
        "{}",
        '{"signed_data":5}',
        '{"signed_values":[]}',
        '{"signed_values":[{"signed_data":"x"}]}',
        "{" * 100_000,
        "A" * 3_999_999,
        "30" * 1_900_000,
        "=" * 1_000_000,
        "OCMF|" * 500_000,
        "(" * 1_000_000,
        "128.8.0" + "(AA:" * 2_000,
        "<" * 1_000_000,
        b"\xff\xfe<\0",
        b"\x80",
        b"\x1b\x1b\x1b\x1b\x01\x01\x01\x01" * 2_000,
        "x" * 5_000_000,
        base64.b64encode(base64.b64encode(base64.b64encode(v.ocmf().encode() * 2))),
    ],
    ids=range(21),
)
def test_nothing_known_is_told_soon(data: str | bytes) -> None:
    start = time.process_time()
    found = survives(lambda: verify(data))
    assert found is None or (isinstance(found, Verdict) and found.verdict is Outcome.MALFORMED)
    assert time.process_time() - start < 10


TEXTS = st.one_of(
    st.text(max_size=200),
    st.sampled_from([x.data for x in VECTORS if isinstance(x.data, str)]),
)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A good vector with a few of its bytes replaced, dropped or put in twice."""
    good = draw(st.sampled_from([x.data for x in VECTORS]))
    data = bytearray(good.encode() if isinstance(good, str) else good)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data) - 1))
        size = draw(st.integers(0, 6))
        data[at : at + size] = draw(st.binary(max_size=6))
    return bytes(data)


@soak
@fuzz
@given(damaged())
def test_damaged_vectors_are_read_or_refused(data: bytes) -> None:
    survives(lambda: verify(data, KEY))
    survives(lambda: verify(data))


@soak
@fuzz
@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    survives(lambda: verify(data, KEY))
    survives(lambda: sml.read(data))
    survives(lambda: sml.read(sml.OPENING + data + GOOD_SML[-8:]))
    survives(lambda: load_key(data, SECP256R1))
    survives(lambda: load_key(data, SECP192K1))
    survives(lambda: read_der(data))
    survives(lambda: read_key(data))
    survives(lambda: read_tree(data))


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=6,
)
NAMES = st.sampled_from(["FV", "PG", "MS", "ID", "IL", "CI", "RD", "IS"])
MEMBERS = st.sampled_from(["TM", "TX", "RV", "RI", "RU", "EF", "ST", "EI"])


@soak
@fuzz
@given(
    st.dictionaries(NAMES, JSON, max_size=2),
    st.dictionaries(MEMBERS, JSON, max_size=3),
    st.dictionaries(st.sampled_from(["SA", "SE", "SD", "SM"]), JSON, max_size=2),
)
def test_ocmf_of_any_members_is_read_or_refused(
    top: dict[str, Any], row: dict[str, Any], section: dict[str, Any]
) -> None:
    text = v.payload_of(v.reading("B", "1", **row), v.reading("E", "2"), **top)
    survives(lambda: verify(v.ocmf("secp256r1", text.replace("|", "/"), **section), KEY))


@soak
@fuzz
@given(TEXTS, TEXTS)
def test_any_text_is_read_or_refused(one: str, other: str) -> None:
    for text in (one, one + other, f"<values><value>{one}</value></values>"):
        survives(partial(verify, text))
    for read in (ocmf.read, alfen.read, pcdf.read):
        survives(partial(read, one))


def test_a_text_that_xml_cannot_carry_is_not_written() -> None:
    record = ocmf.read(v.ocmf())
    assert reason(lambda: safe_xml.write([Piece("$", "\x02", record)])).path == "$"
