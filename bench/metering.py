"""`python -m bench.metering`: signatures per second on one core, by curve and by whole record."""

import hashlib
import json

from bench.rates import Rate, measured, show
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from voltroam.metering import Outcome, verify
from voltroam.metering.curves import CURVES, Curve
from voltroam.metering.keys import load_key, read_der, signed

GOAL = 3_000
RECORDS = 200
PAYLOAD = json.dumps(
    {
        "FV": "1.0",
        "GI": "Station",
        "GS": "42",
        "PG": "T7",
        "MS": "METER0001",
        "IS": True,
        "IL": "VERIFIED",
        "IT": "ISO14443",
        "ID": "04A1B2C3",
        "RD": [
            {
                "TM": f"2026-03-01T09:{minute}:00,000+0100 S",
                "TX": phase,
                "RV": value,
                "RI": "1-0:1.8.0",
                "RU": "kWh",
                "ST": "G",
            }
            for minute, phase, value in ((10, "B", 100.5), (40, "E", 112.75))
        ],
    }
)


def record(key: ec.EllipticCurvePrivateKey, number: int) -> str:
    payload = PAYLOAD.replace("T7", f"T{number + 1}")
    made = key.sign(payload.encode(), ec.ECDSA(hashes.SHA256()))
    return f'OCMF|{payload}|{{"SD":"{made.hex()}"}}'


def rates() -> list[Rate]:
    private = ec.generate_private_key(ec.SECP256R1())
    public = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    records = [record(private, number) for number in range(RECORDS)]
    turn = iter(range(1 << 62))

    def whole() -> None:
        verdict = verify(records[next(turn) % RECORDS], public)
        assert verdict.verdict is Outcome.VALID

    found = [of_curve(curve) for curve in CURVES if curve.library is not None]
    found.append(measured("signatures, secp192k1, in plain integers", plain_k1))
    found.append(measured("whole OCMF records, secp256r1", whole))
    return found


def of_curve(curve: Curve) -> Rate:
    assert curve.library is not None
    own = ec.generate_private_key(curve.library())
    public = own.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    key, payload = load_key(public, curve), PAYLOAD.encode()
    r, s = read_der(own.sign(payload, ec.ECDSA(hashes.SHA256())))

    def one() -> None:
        assert signed(key, r, s, payload)

    goal = GOAL if curve.name == "secp256r1" else None
    return measured(f"signatures, {curve.name}", one, goal)


def plain_k1() -> None:
    """A published key and any numbers: what counts is the time of a full check."""
    point = bytes.fromhex(
        "3046301006072a8648ce3d020106052b8104001f03320004c2006542218bb27f5e0b945c5f9d158867b666b3bb44"
        "14abc6569489a8f7985020c77f0f32a4b4e183a3056127c34869"
    )
    key = load_key(point, CURVES[2])
    digest = int.from_bytes(hashlib.sha256(b"r and s").digest()[:23], "big")
    assert not signed(key, digest, digest + 1, b"payload")


if __name__ == "__main__":
    raise SystemExit(show(rates()))
