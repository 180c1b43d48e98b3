"""Public keys as people and programs write them, and the register that they are kept in."""

import re
from collections.abc import Mapping

from voltroam.metering.problem import KEY, MeteringProblem
from voltroam.metering.record import Record
from voltroam.metering.texts import from_base64, from_hex

LONGEST = 8_192
_PEM = re.compile(r"-----BEGIN PUBLIC KEY-----(.+?)-----END PUBLIC KEY-----", re.DOTALL)


def read_key(key: str | bytes) -> tuple[bytes, str]:
    """A public key and how it was written: `base64`, `hex`, `PEM` or `bytes`.

    Raises MeteringProblem at `$.public_key` when it is none of these.
    """
    if isinstance(key, bytes):
        text = _ascii(key)
        if text is None:
            return key, "bytes"
        key = text
    if len(key) > LONGEST:
        raise MeteringProblem(KEY, f"{len(key)} characters are no public key")
    armoured = _PEM.search(key)
    if armoured is not None:
        inside = from_base64(armoured[1])
        if inside is not None:
            return inside, "PEM"
    for name, decode in (("hex", from_hex), ("base64", from_base64)):
        data = decode(key)
        if data is not None:
            return data, name
    raise MeteringProblem(KEY, "neither base64 nor hex nor PEM")


def _ascii(data: bytes) -> str | None:
    try:
        text = data.decode("ascii")
    except UnicodeDecodeError:
        return None
    return text if text.isprintable() or "\n" in text else None


def key_in(register: Mapping[str, str | bytes], record: Record) -> bytes | None:
    """The key of the register for the record's meter or charging point, else None."""
    names = {fold_id(name) for name in (record.meter_id, *record.other_ids, record.place) if name}
    for name, key in register.items():
        if fold_id(name) in names:
            return read_key(key)[0]
    return None


def fold_id(text: str) -> str:
    """A meter id without blanks and punctuation, in capitals."""
    return "".join(letter for letter in text if letter.isalnum()).upper()
