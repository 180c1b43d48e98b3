"""Public keys and signatures: read strictly, loaded once, checked."""

from dataclasses import dataclass
from functools import lru_cache

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from voltroam.metering.curves import CURVES, SECP192K1, Curve, k1_signed, k1_y, on_k1
from voltroam.metering.problem import KEY, SIGNATURE, MeteringProblem

KEYS_KEPT = 4096
LONGEST_KEY = 2048
EC_PUBLIC_KEY = bytes.fromhex("06072a8648ce3d0201")
RSA_PUBLIC_KEY = bytes.fromhex("06092a864886f70d010101")
UNCOMPRESSED, EVEN, ODD = 4, 2, 3
SHA256 = ec.ECDSA(hashes.SHA256())


@dataclass(frozen=True, slots=True)
class Key:
    """A public key that lies on its curve; `point` is x and y, `library` the loaded one."""

    curve: Curve
    point: bytes
    library: ec.EllipticCurvePublicKey | None

    @property
    def x(self) -> int:
        return int.from_bytes(self.point[: self.curve.size], "big")

    @property
    def y(self) -> int:
        return int.from_bytes(self.point[self.curve.size :], "big")

    @property
    def prefixed(self) -> bytes:
        """04, x and y."""
        return bytes([UNCOMPRESSED]) + self.point

    @property
    def compressed(self) -> bytes:
        """02 or 03, and x."""
        return bytes([ODD if self.y & 1 else EVEN]) + self.point[: self.curve.size]

    @property
    def der(self) -> bytes:
        """DER SubjectPublicKeyInfo."""
        return _wrapping(self.curve, compressed=False) + self.prefixed


def _tlv(tag: int, content: bytes) -> bytes:
    length = len(content)
    size = bytes([length]) if length < 0x80 else bytes([0x81, length])
    return bytes([tag]) + size + content


def _wrapping(curve: Curve, compressed: bool) -> bytes:
    """What stands before the point in a DER SubjectPublicKeyInfo of this curve."""
    point = bytes(1 + curve.size * (1 if compressed else 2))
    algorithm = _tlv(0x30, EC_PUBLIC_KEY + curve.oid)
    whole = _tlv(0x30, algorithm + _tlv(0x03, b"\0" + point))
    return whole[: -len(point)]


_WRAPPINGS = tuple((curve, _wrapping(curve, short)) for curve in CURVES for short in (False, True))


def _unwrap(data: bytes) -> tuple[Curve, bytes] | None:
    """Curve and encoded point of a DER SubjectPublicKeyInfo; None when the key is a bare point."""
    for curve, wrapping in _WRAPPINGS:
        lengths = (len(wrapping) + curve.size + 1, len(wrapping) + 2 * curve.size + 1)
        if data.startswith(wrapping) and len(data) in lengths:
            return curve, data[len(wrapping) :]
    if RSA_PUBLIC_KEY in data:
        raise MeteringProblem(KEY, "an RSA key, but meter values are signed with ECDSA")
    if EC_PUBLIC_KEY in data:
        raise MeteringProblem(KEY, "no canonical DER key of a curve that meter values may use")
    return None


def _point(curve: Curve, encoded: bytes) -> tuple[int, bytes]:
    """Form and coordinates of an encoded point of the right length for the curve."""
    size = curve.size
    if len(encoded) == 2 * size:
        return UNCOMPRESSED, encoded
    if len(encoded) == 2 * size + 1 and encoded[0] == UNCOMPRESSED:
        return UNCOMPRESSED, encoded[1:]
    if len(encoded) == size + 1 and encoded[0] in {EVEN, ODD}:
        return encoded[0], encoded[1:]
    raise MeteringProblem(KEY, f"{len(encoded)} bytes are no point of {curve.name}")


def _load_k1(form: int, coordinates: bytes) -> Key:
    size = SECP192K1.size
    x = int.from_bytes(coordinates[:size], "big")
    if form == UNCOMPRESSED:
        y: int | None = int.from_bytes(coordinates[size:], "big")
    else:
        y = k1_y(x, odd=form == ODD)
    if y is None or not on_k1(x, y):
        raise MeteringProblem(KEY, "the point is not on secp192k1")
    return Key(SECP192K1, x.to_bytes(size, "big") + y.to_bytes(size, "big"), None)


@lru_cache(maxsize=KEYS_KEPT)
def _load(data: bytes, fallback: Curve) -> Key:
    curve, encoded = _unwrap(data) or (fallback, data)
    form, coordinates = _point(curve, encoded)
    if curve.library is None:
        return _load_k1(form, coordinates)
    try:
        loaded = ec.EllipticCurvePublicKey.from_encoded_point(
            curve.library(), bytes([form]) + coordinates
        )
    except (ValueError, UnsupportedAlgorithm):
        raise MeteringProblem(KEY, f"the point is not on {curve.name}") from None
    numbers = loaded.public_numbers()
    point = numbers.x.to_bytes(curve.size, "big") + numbers.y.to_bytes(curve.size, "big")
    return Key(curve, point, loaded)


def load_key(data: bytes, fallback: Curve) -> Key:
    """A key from DER SubjectPublicKeyInfo or a bare point of `fallback`; kept once loaded.

    Raises MeteringProblem at `$.public_key`: another algorithm or curve, a wrong length, a DER
    that is not canonical, a point that is not on its curve.
    """
    if not 0 < len(data) <= LONGEST_KEY:
        raise MeteringProblem(KEY, f"{len(data)} bytes are no public key")
    return _load(data, fallback)


def _integer(data: bytes, at: int) -> tuple[int, int]:
    """A positive DER integer in its one canonical form, and where the next thing starts."""
    if at + 2 > len(data) or data[at] != 0x02:
        raise MeteringProblem(SIGNATURE, f"no DER integer at byte {at}")
    length, start = data[at + 1], at + 2
    body = data[start : start + length]
    if length >= 0x80 or not body or len(body) != length:
        raise MeteringProblem(SIGNATURE, f"the DER integer at byte {at} has a wrong length")
    if body[0] >= 0x80:
        raise MeteringProblem(SIGNATURE, f"the DER integer at byte {at} is negative")
    if len(body) > 1 and body[0] == 0 and body[1] < 0x80:
        raise MeteringProblem(SIGNATURE, f"the DER integer at byte {at} has needless zeros")
    return int.from_bytes(body, "big"), start + length


def read_der(signature: bytes) -> tuple[int, int]:
    """r and s of a canonical DER signature; MeteringProblem at `$.signature` for anything else."""
    if len(signature) < 2 or signature[0] != 0x30:
        raise MeteringProblem(SIGNATURE, "no DER sequence")
    if signature[1] >= 0x80 or signature[1] != len(signature) - 2:
        raise MeteringProblem(SIGNATURE, "the DER sequence does not span the signature exactly")
    r, at = _integer(signature, 2)
    s, end = _integer(signature, at)
    if end != len(signature):
        raise MeteringProblem(SIGNATURE, "bytes after s")
    return r, s


def read_raw(signature: bytes, curve: Curve) -> tuple[int, int]:
    """r and s of a signature that is both numbers side by side."""
    if len(signature) != 2 * curve.size:
        reason = f"{len(signature)} bytes, but r and s of {curve.name} take {2 * curve.size}"
        raise MeteringProblem(SIGNATURE, reason)
    half = curve.size
    return int.from_bytes(signature[:half], "big"), int.from_bytes(signature[half:], "big")


def signed(key: Key, r: int, s: int, payload: bytes) -> bool:
    """ECDSA with SHA-256: whether the key's owner signed exactly these bytes.

    Raises MeteringProblem when r or s is zero or not below the order of the curve: no signer
    makes such numbers.
    """
    if not (0 < r < key.curve.order and 0 < s < key.curve.order):
        raise MeteringProblem(SIGNATURE, f"r or s is outside 1..n-1 of {key.curve.name}")
    if key.library is None:
        return k1_signed(key.x, key.y, r, s, payload)
    try:
        key.library.verify(encode_dss_signature(r, s), payload, SHA256)
    except InvalidSignature:
        return False
    return True
