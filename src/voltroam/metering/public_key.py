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


class KeyRegister:
    """Public keys (base64, hex, PEM or DER) by meter id or charging point, folded once.

    Raises MeteringProblem at `$.register[…]` for a key that is none.
    """

    def __init__(self, keys: Mapping[str, str | bytes]) -> None:
        self._keys: dict[str, bytes] = {}
        for name, key in keys.items():
            try:
                self._keys[fold_id(name)] = read_key(key)[0]
            except MeteringProblem as problem:
                raise MeteringProblem(f"$.register[{name}]", problem.reason) from None

    def __len__(self) -> int:
        return len(self._keys)

    def key_of(self, record: Record) -> bytes | None:
        """The key for the record's meter, else for its charging point, else None."""
        for name in (record.meter_id, *record.other_ids, record.place):
            key = self._keys.get(fold_id(name)) if name else None
            if key is not None:
                return key
        return None


def fold_id(text: str) -> str:
    """A meter id without blanks and punctuation, in capitals."""
    return "".join(letter for letter in text if letter.isalnum()).upper()
