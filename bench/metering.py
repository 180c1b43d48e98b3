"""`python -m bench.metering`: signatures per second on one core, by curve and by whole record."""

import hashlib
import json
import time
from collections.abc import Callable

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from voltroam.metering import Outcome, verify
from voltroam.metering.curves import CURVES
from voltroam.metering.keys import load_key, read_der, signed

GOAL = 3_000
RECORDS = 200
SECONDS = 2.0
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


def rate(act: Callable[[], None]) -> float:
    """Calls per second, over `SECONDS` of them."""
    act()
    count, start = 0, time.perf_counter()
    while time.perf_counter() - start < SECONDS:
        act()
        count += 1
    return count / (time.perf_counter() - start)


def record(key: ec.EllipticCurvePrivateKey, number: int) -> str:
    payload = PAYLOAD.replace("T7", f"T{number + 1}")
    made = key.sign(payload.encode(), ec.ECDSA(hashes.SHA256()))
    return f'OCMF|{payload}|{{"SD":"{made.hex()}"}}'


def main() -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    public = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    records = [record(private, number) for number in range(RECORDS)]
    turn = iter(range(1 << 62))

    def whole() -> None:
        verdict = verify(records[next(turn) % RECORDS], public)
        assert verdict.verdict is Outcome.VALID

    for curve in CURVES:
        if curve.library is None:
            continue
        own = ec.generate_private_key(curve.library())
        key = load_key(
            own.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo), curve
        )
        payload = PAYLOAD.encode()
        r, s = read_der(own.sign(payload, ec.ECDSA(hashes.SHA256())))

        def one(key: object = key, r: int = r, s: int = s, payload: bytes = payload) -> None:
            assert signed(key, r, s, payload)  # type: ignore[arg-type]

        found = rate(one)
        goal = f"  (goal {GOAL})" if curve.name == "secp256r1" else ""
        print(f"{curve.name:16} {found:9.0f} signatures/s{goal}")
    print(f"{'secp192k1':16} {rate(plain_k1):9.0f} signatures/s in plain integers")
    print(f"{'OCMF, whole':16} {rate(whole):9.0f} records/s on secp256r1")


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
    main()
