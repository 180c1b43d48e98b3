"""Words that identify a driver, found in documents and replaced there; pure.

Only JSON texts are touched, each by itself: numbers, times, spacing and unknown members keep their
bytes, so that what is money stays what it was to the last digit.
"""

import base64
import binascii
import re
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from voltroam.standard.parties import fold
from voltroam.standard.shapes import vocabulary

SHORT = 6
"""A word of fewer characters is replaced only where a member says what it is, and so is one of the
standard itself: a token may be called ENERGY."""
NAMES = frozenset(
    {
        "uid", "token_uid", "contract_id", "visual_number", "token", "fingerprint", "authid",
        "auth_id",
    }
)  # fmt: skip
"""Members that hold such a word and nothing else."""
KEPT = frozenset(
    {
        "id", "evse_id", "location_id", "evse_uid", "connector_id", "session_id", "cdr_id",
        "order_id", "tariff_id", "meter_id", "country_code", "party_id", "party", "partner",
        "platform", "last_updated", "start_date_time", "end_date_time", "credit_reference_id",
        "cdrs", "also", "invoice_id", "confirmation_id", "terminal_id", "booking", "request_id",
        "booking_id", "booking_location_id",
    }
)  # fmt: skip
"""Members that name things: they stay, for money refers to them."""
SIGNED = frozenset({"signed_data", "plain_data"})
"""Members whose text may hold the word Base64-encoded; then it goes whole."""
BESIDE = {"value": b'"access_information"', "eft_data": b'"eft_data"',
          "capture_status_message": b'"capture_status_message"'}  # fmt: skip
"""Members that tell of the driver without such a word (a plate, a line of a card's receipt), and
where: they go whole from a document that has one."""
IN_PARTS = frozenset({"key", "tokens"})
"""Members of several parts, of which one may be the word."""
NESTED = "document"
"""The member that keeps a whole document as a text (`roaming/received.py`)."""
_LITERAL = re.compile(rb'"((?:[^"\\]|\\.)*)"(\s*:)?', re.DOTALL)
_LINKED = ("contract_id", "visual_number")


class Words:
    """What is looked for, folded, and what stands in its place."""

    def __init__(self, words: Iterable[str], instead: str) -> None:
        self.words = frozenset(fold(word) for word in words if word)
        self.instead = instead
        long = sorted((word for word in self.words if _is_telling(word)), key=len, reverse=True)
        pattern = "|".join(re.escape(word) for word in long)
        self._long = re.compile(pattern, re.IGNORECASE) if long else None
        self._upper = tuple(word.upper().encode() for word in self.words)
        self._bytes = tuple(_encoded(long))

    def maybe_in(self, document: bytes) -> bool:
        """Cheap; never False where `rewrite` would change something."""
        upper = document.upper()
        if any(word in upper for word in self._upper):
            return True
        return b"\\" in document or b"SIGNED_DATA" in upper or b"PLAIN_DATA" in upper

    def in_text(self, text: str) -> bool:
        """Of a key or type: as a whole, or a long one within."""
        return fold(text) in self.words or bool(self._long and self._long.search(text))

    def in_parts(self, text: str) -> bool:
        """Of a record's id: one of its parts is the word."""
        parts = re.split(r"[|/>\x1f]", text)
        return any(fold(part) in self.words for part in parts) or self.in_text(text)

    def replaced(self, text: str) -> str:
        """A text that is no JSON, with each word replaced, its parts too."""
        pieces = re.split(r"([|/>\x1f])", text)
        text = "".join(self.instead if fold(one) in self.words else one for one in pieces)
        return self._long.sub(self.instead, text) if self._long else text

    def rewrite(self, document: bytes) -> bytes:
        """The document with every word replaced; itself if there is none."""
        if not self.maybe_in(document):
            return document
        name = ""

        def one(match: re.Match[bytes]) -> bytes:
            nonlocal name
            text = _text(match.group(0).rstrip(b": \t\r\n"))
            if text is None:
                return match.group(0)
            if match.group(2) is not None:
                name = text.lower()
                return match.group(0)
            new = self._value(name, text)
            return match.group(0) if new == text else msgspec.json.encode(new)

        if _is_json(document):
            after = _LITERAL.sub(one, document)
            return document if after == document else self._beside(after)
        return self.replaced(document.decode("utf-8", "surrogateescape")).encode(
            "utf-8", "surrogateescape"
        )

    def _beside(self, document: bytes) -> bytes:
        names = {name for name, mark in BESIDE.items() if mark in document}
        name = ""

        def one(match: re.Match[bytes]) -> bytes:
            nonlocal name
            if match.group(2) is not None:
                name = (_text(match.group(0).rstrip(b": \t\r\n")) or "").lower()
                return match.group(0)
            return msgspec.json.encode(self.instead) if name in names else match.group(0)

        return _LITERAL.sub(one, document) if names else document

    def _value(self, name: str, text: str) -> str:
        if name in KEPT:
            return text
        if name == NESTED and text[:1] in ("{", "["):
            return self.rewrite(text.encode()).decode()
        if fold(text) in self.words and (name in NAMES or _is_telling(text)):
            return self.instead
        if name in IN_PARTS:
            return self.replaced(text)
        if self._long is not None:
            text = self._long.sub(self.instead, text)
        if name in SIGNED and self._holds_encoded(text):
            return self.instead
        return text

    def _holds_encoded(self, text: str) -> bool:
        plain = _unpacked(text)
        return plain is not None and any(word in plain.upper() for word in self._bytes)


def _is_telling(word: str) -> bool:
    """Wherever it stands, it is the driver's."""
    return len(word) >= SHORT and word.upper() not in vocabulary()


def linked_words(document: bytes, uid: str, type_: str | None) -> tuple[set[str], set[str]]:
    """Contract and visual number beside the uid (folded); and those beside other uids."""
    mine: set[str] = set()
    others: set[str] = set()
    for one in _drivers(document):
        words = {fold(one[name]) for name in _LINKED if one.get(name)}
        if fold(one.get("uid", "")) != uid:
            others |= words
        elif type_ is None or one.get("type") in (None, type_):
            mine |= words
    return mine, others


def spellings(document: bytes, uid: str) -> set[str]:
    """How the uid (folded) is written there."""
    return {one["uid"] for one in _drivers(document) if fold(one.get("uid", "")) == uid}


def is_of_type(document: bytes, uid: str, type_: str | None) -> bool:
    """Whether the uid stands there with that type, or with none."""
    if type_ is None:
        return True
    types = {one.get("type") for one in _drivers(document) if fold(one.get("uid", "")) == uid}
    return not types or type_ in types or None in types


def _drivers(document: bytes) -> Iterator[Mapping[str, str]]:
    """Each object within that identifies a driver, its texts only."""
    try:
        value = msgspec.json.decode(document)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, list):
            waiting += one
        elif isinstance(one, dict):
            waiting += one.values()
            if isinstance(one.get("uid"), str) and ("type" in one or "contract_id" in one):
                yield {name: text for name, text in one.items() if isinstance(text, str)}
            if isinstance(one.get("tokens"), list):
                yield from _booked(one["tokens"])


def _booked(tokens: Iterable[object]) -> Iterator[Mapping[str, str]]:
    """Tokens of a living booking, as `DE/MSP/RFID/UID`."""
    for token in tokens:
        parts = token.split("/", 3) if isinstance(token, str) else []
        if len(parts) == 4:
            yield {"type": parts[2], "uid": parts[3]}


def _encoded(words: Iterable[str]) -> Iterator[bytes]:
    """How a word stands in the bytes of a signed value: as text, or as the bytes that it spells."""
    for word in words:
        yield word.upper().encode()
        try:
            raw = bytes.fromhex(word)
        except ValueError:
            continue
        if len(raw) >= SHORT - 2:
            yield raw.upper()


def _unpacked(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def _text(literal: bytes) -> str | None:
    try:
        return msgspec.json.decode(literal, type=str)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None


def _is_json(document: bytes) -> bool:
    try:
        msgspec.json.decode(document)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return True
