"""The headers that every OCPI call carries: credentials token, message ids, routing."""

import base64
import binascii
import os
import random
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from voltroam.standard.errors import CallerError, Unauthorized
from voltroam.standard.parties import PartyId
from voltroam.wire.call import Routing

REQUEST_ID = "x-request-id"
CORRELATION_ID = "x-correlation-id"

_TO = ("ocpi-to-country-code", "ocpi-to-party-id")
_FROM = ("ocpi-from-country-code", "ocpi-from-party-id")
_AUTHORIZATION = re.compile(r"token +([\x21-\x7e]+) *", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Presented:
    """The credentials token as it came: both readings, for the far end's profile decides which."""

    decoded: str | None = field(repr=False)
    """The Base64-decoded token; None if the value is no Base64 of a token."""
    raw: str = field(repr=False)
    """The value itself: the token of an old platform that does not encode it."""


class Ids(NamedTuple):
    """The two message ids of a request, echoed in its response (OCPI 2.2.1 §transport)."""

    request_id: str
    correlation_id: str


_CHANCE = random.Random()  # noqa: S311  (an id is unlike all others, and no secret)
os.register_at_fork(after_in_child=_CHANCE.seed)


def new_id() -> str:
    """A fresh message id: a UUID, version 4 (OCPI 2.2.1 §transport, message ids).

    Drawn without asking the system each time: that is dear where there are thousands a second.
    """
    drawn = f"{_CHANCE.getrandbits(128):032x}"
    variant = "89ab"[int(drawn[16], 16) & 3]
    return f"{drawn[:8]}-{drawn[8:12]}-4{drawn[13:16]}-{variant}{drawn[17:20]}-{drawn[20:]}"


def read_ids(headers: Mapping[str, str]) -> Ids:
    """The ids of a request as they came, whatever their form; made up where they lack."""
    return Ids(headers.get(REQUEST_ID) or new_id(), headers.get(CORRELATION_ID) or new_id())


def write_authorization(token: str, *, base64: bool) -> str:
    """`Token `, then the token in standard padded Base64, or raw for old platforms."""
    return f"Token {_encode(token)}" if base64 else f"Token {token}"


@lru_cache(maxsize=2048)
def _encode(token: str) -> str:
    return base64.b64encode(token.encode()).decode("ascii")


def read_authorization(value: str | None) -> Presented:
    """Read the Authorization header; Unauthorized if it holds no credentials token at all.

    A newline at the end of the decoded token is ignored: the standard's own samples encode one
    (OCPI 2.2.1 §transport, authorization header).
    """
    presented = _presented(value) if value else None
    if presented is None:
        raise Unauthorized("Authorization header with a credentials token needed")
    return presented


@lru_cache(maxsize=256)
def _presented(value: str) -> Presented | None:
    """A partner sends the same header with each of its calls."""
    match = _AUTHORIZATION.fullmatch(value.strip())
    return Presented(decoded=_decode(match[1]), raw=match[1]) if match else None


def _decode(raw: str) -> str | None:
    try:
        token = base64.b64decode(raw, validate=True).decode().rstrip("\r\n")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return token if token and token.isprintable() else None


def read_routing(headers: Mapping[str, str]) -> Routing:
    """The four routing headers; 2001 when one half lacks or is no code (OCPI 2.2.1 §transport)."""
    return Routing(to=_party(headers, _TO), sender=_party(headers, _FROM))


def _party(headers: Mapping[str, str], names: tuple[str, str]) -> PartyId | None:
    country, party = headers.get(names[0]), headers.get(names[1])
    if country is None and party is None:
        return None
    if country is None or party is None:
        missing = names[0] if country is None else names[1]
        raise CallerError(f"header {missing} is missing beside its other half")
    return _named(country, party, names)


@lru_cache(maxsize=1024)
def _named(country: str, party: str, names: tuple[str, str]) -> PartyId:
    return PartyId(_code(country, names[0], 2), _code(party, names[1], 3))


def _code(value: str, name: str, longest: int) -> str:
    text = value.strip()
    if not 0 < len(text) <= longest or not (text.isascii() and text.isprintable()):
        raise CallerError(f"header {name} must hold 1 to {longest} printable ASCII characters")
    return text


def write_routing(routing: Routing) -> dict[str, str]:
    """The headers of the parties that are known."""
    headers: dict[str, str] = {}
    for party, names in ((routing.to, _TO), (routing.sender, _FROM)):
        if party is not None:
            headers[names[0]], headers[names[1]] = party
    return headers
