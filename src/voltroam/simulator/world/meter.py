"""A meter with a key of its own: its register only grows, its signed values are OCMF 1.0.

The key comes from the seed, so that the same seed gives the same signatures. Nobody is charged by
this meter: it shows what signed values look like and lets the whole way of them be tested.
"""

import base64
import hashlib
import json
from datetime import UTC, datetime
from decimal import Decimal
from functools import cached_property

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from voltroam.roaming.host import SignedReading

SHA256 = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""Of secp256r1: a private key is below it and not zero."""
REGISTER = "1-b:1.8.0"
NATURES = {"B": "Start", "C": "Intermediate", "E": "End"}
"""OCMF's word for why it was read, and OCPI's `nature`."""


class Meter:
    """One meter: `serial` names it, `wh` is its register, `page` its last signed page."""

    def __init__(self, seed: int, evse: str, *, evse_id: str | None, dc: bool) -> None:
        self._secret = int.from_bytes(hashlib.sha256(f"{seed} meter {evse}".encode()).digest())
        self._evse_id = evse_id
        self._current = "DC" if dc else "AC"
        self.serial = f"VRM{self._secret % 10**9:09d}"
        self.wh = self._secret % 9_000_000
        self.page = self._secret % 10_000

    @cached_property
    def _key(self) -> ec.EllipticCurvePrivateKey:
        return ec.derive_private_key(self._secret % (ORDER - 1) + 1, ec.SECP256R1())

    @cached_property
    def public_key(self) -> str:
        """DER SubjectPublicKeyInfo in Base64, as `signed_data.public_key` carries it."""
        der = self._key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return base64.b64encode(der).decode()

    @property
    def kwh(self) -> Decimal:
        return Decimal(self.wh).scaleb(-3)

    def sign(self, reason: str, at: datetime, transaction: str) -> SignedReading:
        """The register now, signed: `reason` is B (begin), C (during) or E (end).

        The driver stands in it as the charge's own number, never as card or contract: signed bytes
        cannot be erased.
        """
        self.page += 1
        payload = self._payload(reason, at, transaction)
        signature = self._key.sign(payload.encode(), SHA256).hex()
        tail = json.dumps({"SA": "ECDSA-secp256r1-SHA256", "SD": signature}, separators=(",", ":"))
        record = f"OCMF|{payload}|{tail}"
        return SignedReading(
            nature=NATURES[reason],
            plain_data=record,
            signed_data=base64.b64encode(record.encode()).decode(),
            public_key=self.public_key,
        )

    def _payload(self, reason: str, at: datetime, transaction: str) -> str:
        members: dict[str, object] = {
            "FV": "1.0",
            "GI": "voltroam charger world",
            "GS": f"G{self.serial}",
            "PG": f"T{self.page}",
            "MV": "voltroam",
            "MM": "simulated",
            "MS": self.serial,
            "IS": True,
            "IL": "TRUSTED",
            "IF": ["RFID_RELATED"],
            "IT": "LOCAL",
            "ID": transaction,
        }
        if self._evse_id:
            members |= {"CT": "EVSEID", "CI": self._evse_id}
        reading = {
            "TM": f"{_moment(at)} S",
            "TX": reason,
            "RV": "@",
            "RI": REGISTER,
            "RU": "kWh",
            "RT": self._current,
            "EF": "",
            "ST": "G",
        }
        text = json.dumps(members | {"RD": [reading]}, separators=(",", ":"))
        return text.replace('"@"', f"{self.kwh:.3f}")


def _moment(at: datetime) -> str:
    text = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text},{at.microsecond // 1000:03d}+0000"
