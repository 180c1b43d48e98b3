"""Vectors of our own, signed here: every format, every curve, by `cryptography` or by hand."""

import base64
import hashlib
import json
from dataclasses import dataclass
from functools import cache
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

P192K1 = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEFFFFEE37
N192K1 = 0xFFFFFFFFFFFFFFFFFFFFFFFE26F2FC170F69466A74DEFD8D
G192K1 = (
    0xDB4FF10EC057E9AE26B07D0280B7F4341DA5D1B1EAE06C7D,
    0x9B2F2F6D9C5628A7844163D015BE86344082AA88D95E2F9D,
)
LIBRARY: dict[str, type[ec.EllipticCurve]] = {
    "secp256r1": ec.SECP256R1,
    "secp192r1": ec.SECP192R1,
    "secp256k1": ec.SECP256K1,
    "secp384r1": ec.SECP384R1,
    "brainpool256r1": ec.BrainpoolP256R1,
    "brainpool384r1": ec.BrainpoolP384R1,
}
SHA256 = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)
CURVES = (*LIBRARY, "secp192k1")
SIZES = {name: cls().key_size // 8 for name, cls in LIBRARY.items()} | {"secp192k1": 24}
Affine = tuple[int, int] | None


def plus(p: Affine, q: Affine) -> Affine:
    """School-book addition on secp192k1: another way than the one under test."""
    if p is None or q is None:
        return p or q
    if p[0] == q[0] and (p[1] + q[1]) % P192K1 == 0:
        return None
    if p == q:
        slope = 3 * p[0] * p[0] * pow(2 * p[1], -1, P192K1) % P192K1
    else:
        slope = (q[1] - p[1]) * pow(q[0] - p[0], -1, P192K1) % P192K1
    x = (slope * slope - p[0] - q[0]) % P192K1
    return x, (slope * (p[0] - x) - p[1]) % P192K1


def times(factor: int, p: Affine) -> Affine:
    total: Affine = None
    while factor:
        if factor & 1:
            total = plus(total, p)
        p, factor = plus(p, p), factor >> 1
    return total


@dataclass(frozen=True)
class Signer:
    """A private key on a named curve."""

    curve: str
    secret: int

    @property
    def point(self) -> bytes:
        """X and Y without a prefix."""
        size = SIZES[self.curve]
        if self.curve == "secp192k1":
            found = times(self.secret, G192K1)
            assert found is not None
            return found[0].to_bytes(size, "big") + found[1].to_bytes(size, "big")
        return (
            self._library()
            .public_key()
            .public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)[1:]
        )

    @property
    def der(self) -> bytes:
        """SubjectPublicKeyInfo."""
        if self.curve == "secp192k1":
            return bytes.fromhex("3046301006072a8648ce3d020106052b8104001f03320004") + self.point
        return (
            self._library()
            .public_key()
            .public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        )

    @property
    def compressed(self) -> bytes:
        size = SIZES[self.curve]
        return bytes([2 + (self.point[-1] & 1)]) + self.point[:size]

    def numbers(self, payload: bytes) -> tuple[int, int]:
        if self.curve != "secp192k1":
            return decode_dss_signature(
                self._library().sign(payload, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))
            )
        digest = int.from_bytes(hashlib.sha256(payload).digest()[:24], "big")
        nonce = int.from_bytes(hashlib.sha256(b"nonce" + payload).digest()[:24], "big") % N192K1
        point = times(nonce, G192K1)
        assert point is not None
        r = point[0] % N192K1
        return r, pow(nonce, -1, N192K1) * (digest + r * self.secret) % N192K1

    def sign(self, payload: bytes) -> bytes:
        """A DER signature."""
        return encode_dss_signature(*self.numbers(payload))

    def sign_raw(self, payload: bytes) -> bytes:
        """r and s side by side."""
        size = SIZES[self.curve]
        return b"".join(number.to_bytes(size, "big") for number in self.numbers(payload))

    def _library(self) -> ec.EllipticCurvePrivateKey:
        return ec.derive_private_key(self.secret, LIBRARY[self.curve]())


@cache
def signer(curve: str, seed: int = 1) -> Signer:
    number = int.from_bytes(hashlib.sha512(f"{curve}{seed}".encode()).digest()[:23], "big")
    return Signer(curve, number)


def reading(phase: str, value: str, **more: Any) -> dict[str, Any]:
    minute = {"B": "10", "E": "40"}.get(phase, "25")
    return {
        "TM": f"2026-03-01T09:{minute}:00,000+0100 S",
        "TX": phase,
        "RV": float(value),
        "RI": "1-0:1.8.0",
        "RU": "kWh",
        "EF": "",
        "ST": "G",
    } | more


def payload_of(*readings: dict[str, Any], **more: Any) -> str:
    members: dict[str, Any] = {
        "FV": "1.0",
        "GI": "Station",
        "GS": "42",
        "PG": "T7",
        "MS": "METER0001",
        "IS": True,
        "IL": "VERIFIED",
        "IT": "ISO14443",
        "ID": "04A1B2C3",
        "CT": "EVSEID",
        "CI": "DE*ABC*E0001*1",
        "RD": list(readings) or [reading("B", "100.5"), reading("E", "112.75")],
    }
    return json.dumps(members | more, separators=(",", ":"))


def ocmf(
    curve: str = "secp256r1",
    payload: str | None = None,
    *,
    by: Signer | None = None,
    **section: Any,
) -> str:
    text = payload_of() if payload is None else payload
    made = (by or signer(curve)).sign(text.encode()).hex()
    signature = {"SA": f"ECDSA-{curve}-SHA256", "SD": made} | section
    kept = {name: value for name, value in signature.items() if value is not None}
    return f"OCMF|{text}|{json.dumps(kept)}"


SERVER = bytes.fromhex("0a01454d480000ba05b4")


def block(
    page: int = 5, value: int = 123456, *, contract: bytes = b"\x01CONTRACT", when: int = 1000
) -> bytes:
    """320 bytes by the table of places, not by the code under test."""
    data = bytearray(320)
    data[0:10] = SERVER
    data[10:14] = (1_772_000_000 + when).to_bytes(4, "little")
    data[14] = 0x08
    data[15:19] = (5_000 + when).to_bytes(4, "little")
    data[19:23] = page.to_bytes(4, "little")
    data[23:29] = bytes.fromhex("0100011100ff")
    data[29], data[30] = 30, 0xFF
    data[31:39] = value.to_bytes(8, "little")
    data[39:41] = b"\x00\x46"
    data[41 : 41 + len(contract)] = contract
    data[169:173] = (1_772_000_000).to_bytes(4, "little")
    return bytes(data)


def signed_meter_value(data: bytes, curve: str, *, with_key: bool = True) -> str:
    by = signer(curve)
    method = {"secp192r1": "ECDSA192SHA256", "secp256r1": "ECDSA256SHA256"}[curve]
    key = base64.b64encode(by.point).decode() if with_key else ""
    made = base64.b64encode(by.sign_raw(data) + data[39:41]).decode()
    return (
        '<?xml version="1.0" encoding="UTF-8"?><signedMeterValue>'
        f'<publicKey encoding="base64">{key}</publicKey>'
        f'<meterValueSignature encoding="base64">{made}</meterValueSignature>'
        f"<signatureMethod>{method}</signatureMethod><encodingMethod>EDL</encodingMethod>"
        f'<encodedMeterValue encoding="base64">{base64.b64encode(data).decode()}'
        "</encodedMeterValue></signedMeterValue>"
    )


def octets(data: bytes) -> bytes:
    length = len(data) + 1
    if length < 16:
        return bytes([length]) + data
    length += 1
    return bytes([0x80 | length >> 4, length & 15]) + data


def unsigned(number: int, size: int) -> bytes:
    return bytes([0x60 | size + 1]) + number.to_bytes(size, "big")


def signed_number(number: int, size: int) -> bytes:
    return bytes([0x50 | size + 1]) + number.to_bytes(size, "big", signed=True)


def listed(*members: bytes) -> bytes:
    return bytes([0x70 | len(members)]) + b"".join(members)


NOTHING = b"\x01"


def entry(
    name: str,
    value: bytes,
    *,
    status: bytes = NOTHING,
    at: bytes = NOTHING,
    unit: bytes = NOTHING,
    scaler: bytes = NOTHING,
    signature: bytes = NOTHING,
) -> bytes:
    return listed(octets(bytes.fromhex(name)), status, at, unit, scaler, value, signature)


def local_time(seconds: int) -> bytes:
    offsets = signed_number(60, 2), signed_number(0, 2)
    return listed(unsigned(3, 1), listed(unsigned(seconds - 3600, 4), *offsets))


def crc(data: bytes) -> int:
    found = 0xFFFF
    for byte in data:
        for bit in range(8):
            odd = (found ^ byte >> bit) & 1
            found = found >> 1 ^ (0x8408 if odd else 0)
    return found ^ 0xFFFF


def sml_file(server: bytes, name: bytes, entries: list[bytes], signature: bytes) -> bytes:
    values = bytes([0x70 | len(entries)]) + b"".join(entries)
    named = octets(name) if name else NOTHING
    response = listed(NOTHING, octets(server), named, NOTHING, values, octets(signature), NOTHING)
    body = listed(unsigned(0x0701, 2), response)
    message = listed(octets(b"1"), unsigned(0, 1), unsigned(0, 1), body, unsigned(0xABCD, 2), b"\0")
    message = message.replace(b"\x1b\x1b\x1b\x1b", b"\x1b" * 8)
    padding = -len(message) % 4
    whole = bytes.fromhex("1b1b1b1b01010101") + message + bytes(padding)
    whole += b"\x1b\x1b\x1b\x1b\x1a" + bytes([padding])
    return whole + crc(whole).to_bytes(2, "little")


def edl40(curve: str = "secp192r1", page: int = 5, value: int = 123456) -> bytes:
    """An SML file; on secp256r1 it is that of an eMOC, whose status word is folded."""
    data = bytearray(block(page, value))
    word = 0x08
    if curve == "secp256r1":
        word, data[14] = 1 << 31 | 1 << 8, 0x88
    log = bytes(data[39:41])
    contract = bytes(data[41:169]).rstrip(b"\0")
    entries = [
        entry(
            "0100011100ff",
            signed_number(value, 8),
            status=unsigned(word, 4),
            at=local_time(int.from_bytes(data[10:14], "little")),
            unit=unsigned(30, 1),
            scaler=signed_number(-1, 1),
        ),
        entry(
            "810060080001",
            listed(unsigned(1, 1), listed(unsigned(1, 1), unsigned(6000, 4))),
        ),
        entry("8180817101ff", unsigned(page, 4)),
        entry("8182815401ff", octets(contract), at=local_time(1_772_000_000)),
    ]
    signature = signer(curve).sign_raw(bytes(data)) + log
    return sml_file(SERVER, b"", entries, signature)


def isa(list_name: str = "8180816202ff", start: int = 1000, end: int = 2500) -> bytes:
    own, esth = bytes(range(66)), bytes(range(20))
    contract, log = b"CUSTOMER-1".ljust(128, b"\0"), b"\x00\x0a"
    begin_at, end_at = 1_772_000_000, 1_772_003_600

    def register(status: int, obis: str, value: int) -> bytes:
        wide = value.to_bytes(8, "little")
        return bytes([status]) + bytes.fromhex(obis) + bytes([30, 0xFF]) + wide

    data = b"".join(
        (
            SERVER,
            end_at.to_bytes(4, "little"),
            register(0x18, "0100010800ff", end),
            log,
            own,
            contract,
            begin_at.to_bytes(4, "little"),
            esth,
            register(0x18, "010001080080", start),
            bytes.fromhex(list_name),
            (7).to_bytes(4, "little"),
            bytes(42),
        )
    )

    def plain(seconds: int) -> bytes:
        return listed(unsigned(2, 1), unsigned(seconds, 4))

    common = {"unit": unsigned(30, 1), "scaler": signed_number(-1, 1)}
    status = unsigned(0x18, 8)
    entries = [
        entry("8182815401ff", octets(contract)),
        entry("010001080080", signed_number(start, 8), status=status, at=plain(begin_at), **common),
        entry("8180c7f040ff", unsigned(7, 4)),
        entry("8180816101ff", octets(esth)),
        entry(
            "0100010800ff",
            signed_number(end, 8),
            status=status,
            at=plain(end_at),
            signature=octets(own),
            **common,
        ),
    ]
    signature = signer("secp256r1").sign_raw(data) + log
    return sml_file(SERVER, bytes.fromhex(list_name), entries, signature)


def mennekes(end_value: int = 248495, status: int = 136, *, trailing_log: bool = False) -> str:
    by = signer("secp192r1")

    def measured(name: str, clock: str, page: int, value: int) -> str:
        data = bytearray(320)
        data[0:10] = SERVER
        seconds = {"10:17:23": 1772360243, "10:19:42": 1772360382}[clock]
        data[10:14] = seconds.to_bytes(4, "little")
        data[14] = status & 0xFF
        data[15:19] = (page * 10).to_bytes(4, "little")
        data[19:23] = page.to_bytes(4, "little")
        data[23:29] = bytes.fromhex("0100011100ff")
        data[29], data[30] = 30, 0xFF
        data[31:39] = value.to_bytes(8, "little")
        data[39:41] = (377).to_bytes(2, "big")
        data[41:48] = bytes.fromhex("044A34B2DA3F80")
        data[169:173] = (1772360234).to_bytes(4, "little")
        made = by.sign_raw(bytes(data)) + (data[39:41] if trailing_log else b"")
        return (
            f"<{name}><Timestamp>2026-03-01T{clock}+01:00</Timestamp>"
            f"<Signature>{made.hex().upper()}</Signature><EventCounter>377</EventCounter>"
            f"<MeterStatus>{status}</MeterStatus><Value>{value}</Value><Scaler>-1</Scaler>"
            f"<Pagination>{page}</Pagination><SecondIndex>{page * 10}</SecondIndex></{name}>"
        )

    return (
        '<Billing xmlns="http://www.mennekes.de/Mennekes.EdlVerification.xsd"><BillingPeriods>'
        "<BillingPeriod><ChargingProcesses><ChargingProcess>"
        f"<ServerId>{SERVER.hex()}</ServerId><PublicKey>{by.point.hex()}</PublicKey>"
        "<MeteringPoint>DE*MEK*E001000*001</MeteringPoint>"
        "<CustomerIdent>044A34B2DA3F80</CustomerIdent>"
        "<TimestampCustomerIdent>2026-03-01T10:17:14+01:00</TimestampCustomerIdent>"
        + measured("MeasurementStart", "10:17:23", 4392, 248490)
        + measured("MeasurementEnd", "10:19:42", 4393, end_value)
        + "</ChargingProcess></ChargingProcesses></BillingPeriod></BillingPeriods></Billing>"
    )


def alfen(kind: str = "0", page: int = 17, value: int = 1000, *, status: int = 0) -> str:
    by = signer("secp192r1")
    data = b"".join(
        (
            b"ADAPTER-01",
            b"v001",
            b"\x12\x34",
            SERVER,
            status.to_bytes(4, "little"),
            (7000).to_bytes(4, "little"),
            (1_772_000_000 + page).to_bytes(4, "little"),
            bytes.fromhex("0100010800ff"),
            bytes([30, 0]),
            value.to_bytes(8, "little"),
            b"USER-1".ljust(20, b"\0"),
            (99).to_bytes(4, "little"),
            page.to_bytes(4, "little"),
        )
    )

    def text(raw: bytes) -> str:
        return base64.b32encode(raw).decode()

    return f"AP;{kind};3;{text(by.compressed)};{text(data)};{text(by.sign_raw(data))};"


def pcdf(billing: str = "1", start: str = "128.8.0") -> str:
    by = signer("secp256r1")
    head = (
        f"{start}(ST:260301101500)(CT:260301104500)(CD:003000)(TV:1)(BV:{billing})(CSC:1)(SP:1)"
        "(RV:0012.250*kWh)(SI:55*1*session-1)(CS:513f627b)(HW:12345678901)(DT:0)"
        f"(PK:04{by.point.hex()})"
    )
    return f"{head}(SG:{by.sign(head.encode()).hex()})"


def container(*values: tuple[str, str, str], key: str = "") -> str:
    """A S.A.F.E. file of (transaction, context, signed text)."""
    rows = "".join(
        f'<value transactionId="{number}" context="{context}"><signedData>'
        + text.replace("&", "&amp;").replace("<", "&lt;")
        + f"</signedData><publicKey>{key}</publicKey></value>"
        for number, context, text in values
    )
    return f'<?xml version="1.0" encoding="UTF-8"?><values>{rows}</values>'


@dataclass(frozen=True)
class Vector:
    name: str
    data: str | bytes
    key: bytes


def vectors() -> list[Vector]:
    """Seven curves of OCMF, both of EDL40 in SML and as XML, and the four others."""
    found = [Vector(f"ocmf-{name}", ocmf(name), signer(name).der) for name in CURVES]
    p192, p256 = signer("secp192r1").point, signer("secp256r1").point
    found += [
        Vector("edl40-192", edl40(), p192),
        Vector("edl40-emoc", edl40("secp256r1"), p256),
        Vector("edl40-sig-192", signed_meter_value(block(), "secp192r1"), p192),
        Vector("edl40-sig-256", signed_meter_value(block(), "secp256r1"), p256),
        Vector("isa", isa(), p256),
        Vector("mennekes", mennekes(), p192),
        Vector("alfen", alfen(), p192),
        Vector("pcdf", pcdf(), b"\x04" + p256),
    ]
    return found
