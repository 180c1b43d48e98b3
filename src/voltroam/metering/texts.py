"""Bytes written as text: hex, base32, base64, told apart by what they hold."""

import base64
import binascii
import re

_HEX = re.compile(r"(?:[0-9A-Fa-f]{2})+")
_BASE32 = re.compile(r"[A-Z2-7]+={0,6}")
_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")
_URLSAFE = str.maketrans("-_", "+/")
_LOOSE = str.maketrans("", "", " \t\r\n:")
_SPACE = str.maketrans("", "", " \t\r\n")


def from_hex(text: str) -> bytes | None:
    """Bytes of a hex text (blanks, colons and 0x tolerated), or None."""
    bare = text.translate(_LOOSE).removeprefix("0x")
    return bytes.fromhex(bare) if _HEX.fullmatch(bare) else None


def from_base64(text: str) -> bytes | None:
    """Bytes of a base64 text (line breaks, URL alphabet and missing padding tolerated)."""
    bare = text.translate(_SPACE).translate(_URLSAFE)
    if not _BASE64.fullmatch(bare):
        return None
    bare = bare.rstrip("=")
    if len(bare) % 4 == 1:
        return None
    try:
        return base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True)
    except binascii.Error:
        return None


def from_base32(text: str) -> bytes | None:
    """Bytes of a base32 text (blanks and missing padding tolerated), or None."""
    bare = text.translate(_SPACE).upper()
    if not _BASE32.fullmatch(bare):
        return None
    bare = bare.rstrip("=")
    try:
        return base64.b32decode(bare + "=" * (-len(bare) % 8))
    except binascii.Error:
        return None
