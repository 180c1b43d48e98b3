"""The seven curves of signed meter values, and ECDSA on the one that OpenSSL left behind.

Every curve hashes with SHA-256; a curve of fewer bits uses the leftmost ones. Six curves are
checked by `cryptography`; secp192k1 is no longer there and is checked in plain integers, which is
safe because verification handles nothing secret.
"""

import hashlib
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric import ec


@dataclass(frozen=True, slots=True)
class Curve:
    """A curve: its OCMF name, DER object identifier, bytes per coordinate, and group order."""

    name: str
    oid: bytes
    size: int
    order: int
    library: type[ec.EllipticCurve] | None


Point = tuple[int, int, int]
"""A point in Jacobian coordinates; z = 0 is the point at infinity."""

K1_FIELD = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEFFFFEE37
K1_B = 3
K1_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFE26F2FC170F69466A74DEFD8D
K1_BASE: Point = (
    0xDB4FF10EC057E9AE26B07D0280B7F4341DA5D1B1EAE06C7D,
    0x9B2F2F6D9C5628A7844163D015BE86344082AA88D95E2F9D,
    1,
)
INFINITY: Point = (0, 1, 0)

SECP192K1 = Curve("secp192k1", bytes.fromhex("06052b8104001f"), 24, K1_ORDER, None)
SECP192R1 = Curve(
    "secp192r1",
    bytes.fromhex("06082a8648ce3d030101"),
    24,
    0xFFFFFFFFFFFFFFFFFFFFFFFF99DEF836146BC9B1B4D22831,
    ec.SECP192R1,
)
SECP256K1 = Curve(
    "secp256k1",
    bytes.fromhex("06052b8104000a"),
    32,
    0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141,
    ec.SECP256K1,
)
SECP256R1 = Curve(
    "secp256r1",
    bytes.fromhex("06082a8648ce3d030107"),
    32,
    0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    ec.SECP256R1,
)
SECP384R1 = Curve(
    "secp384r1",
    bytes.fromhex("06052b81040022"),
    48,
    0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973,
    ec.SECP384R1,
)
BRAINPOOL256R1 = Curve(
    "brainpool256r1",
    bytes.fromhex("06092b2403030208010107"),
    32,
    0xA9FB57DBA1EEA9BC3E660A909D838D718C397AA3B561A6F7901E0E82974856A7,
    ec.BrainpoolP256R1,
)
BRAINPOOL384R1 = Curve(
    "brainpool384r1",
    bytes.fromhex("06092b240303020801010b"),
    48,
    0x8CB91E82A3386D280F5D6F7E50E641DF152F7109ED5456B31F166E6CAC0425A7CF3AB6AF6B7FC3103B883202E9046565,
    ec.BrainpoolP384R1,
)

CURVES = (
    SECP256R1,
    SECP192R1,
    SECP192K1,
    SECP256K1,
    SECP384R1,
    BRAINPOOL256R1,
    BRAINPOOL384R1,
)

_SYNONYMS = {
    "prime256v1": SECP256R1,
    "nistp256": SECP256R1,
    "prime192v1": SECP192R1,
    "nistp192": SECP192R1,
    "nistp384": SECP384R1,
    "prime384v1": SECP384R1,
    "brainpoolp256r1": BRAINPOOL256R1,
    "brainpoolp384r1": BRAINPOOL384R1,
    **{curve.name: curve for curve in CURVES},
}


def curve_named(name: str) -> Curve | None:
    """The curve of an OCMF name or a synonym (`NIST P-256`, `brainpoolP256r1`), else None."""
    plain = "".join(letter for letter in name.casefold() if letter.isalnum())
    return _SYNONYMS.get(plain)


def on_k1(x: int, y: int) -> bool:
    """Whether the affine point lies on secp192k1."""
    in_field = 0 <= x < K1_FIELD and 0 <= y < K1_FIELD
    return in_field and (y * y - x * x * x - K1_B) % K1_FIELD == 0


def k1_y(x: int, *, odd: bool) -> int | None:
    """The y of a compressed secp192k1 point; None when x is on no point."""
    if not 0 <= x < K1_FIELD:
        return None
    y = pow((x * x * x + K1_B) % K1_FIELD, (K1_FIELD + 1) // 4, K1_FIELD)
    if not on_k1(x, y):
        return None
    return y if (y & 1) == odd else K1_FIELD - y


def _double(p: Point) -> Point:
    x, y, z = p
    if z == 0 or y == 0:
        return INFINITY
    square = y * y % K1_FIELD
    s = 4 * x * square % K1_FIELD
    m = 3 * x * x % K1_FIELD
    new_x = (m * m - 2 * s) % K1_FIELD
    new_y = (m * (s - new_x) - 8 * square * square) % K1_FIELD
    return new_x, new_y, 2 * y * z % K1_FIELD


def _add(p: Point, q: Point) -> Point:
    if p[2] == 0:
        return q
    if q[2] == 0:
        return p
    z1, z2 = p[2] * p[2] % K1_FIELD, q[2] * q[2] % K1_FIELD
    u1, u2 = p[0] * z2 % K1_FIELD, q[0] * z1 % K1_FIELD
    s1, s2 = p[1] * z2 * q[2] % K1_FIELD, q[1] * z1 * p[2] % K1_FIELD
    if u1 == u2:
        return _double(p) if s1 == s2 else INFINITY
    h, r = (u2 - u1) % K1_FIELD, (s2 - s1) % K1_FIELD
    h2 = h * h % K1_FIELD
    h3, v = h * h2 % K1_FIELD, u1 * h2 % K1_FIELD
    x = (r * r - h3 - 2 * v) % K1_FIELD
    return x, (r * (v - x) - s1 * h3) % K1_FIELD, h * p[2] * q[2] % K1_FIELD


def k1_signed(x: int, y: int, r: int, s: int, payload: bytes) -> bool:
    """ECDSA on secp192k1 with SHA-256: whether (r, s) signs the payload for the key (x, y)."""
    if not (on_k1(x, y) and 0 < r < K1_ORDER and 0 < s < K1_ORDER):
        return False
    digest = int.from_bytes(hashlib.sha256(payload).digest()[:24], "big")
    inverse = pow(s, -1, K1_ORDER)
    u1, u2 = digest * inverse % K1_ORDER, r * inverse % K1_ORDER
    key: Point = (x, y, 1)
    steps = (INFINITY, K1_BASE, key, _add(K1_BASE, key))
    total = INFINITY
    for bit in range(max(u1.bit_length(), u2.bit_length()) - 1, -1, -1):
        total = _double(total)
        total = _add(total, steps[(u1 >> bit & 1) | (u2 >> bit & 1) << 1])
    if total[2] == 0:
        return False
    affine = total[0] * pow(total[2] * total[2], -1, K1_FIELD) % K1_FIELD
    return affine % K1_ORDER == r
