"""What documents of the house, or of a partner, name: contracts, tokens, tariffs.

Read with patience: what has another shape than expected names nothing.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from voltroam.bridge.members import listed
from voltroam.bridge.passage import read_plain
from voltroam.bridge.terms import Document


def contract_in(document: bytes) -> str | None:
    """The contract that a body of 2.1.1 names; what is no JSON is refused where it is read."""
    try:
        members = read_plain(document)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    contract = members.get("auth_id") if isinstance(members, dict) else None
    return contract if isinstance(contract, str) else None


def token_in(document: bytes) -> Document | None:
    """The token of a Session, unless it was made of the contract."""
    token = read_plain(document).get("cdr_token")
    named = isinstance(token, dict) and isinstance(token.get("contract_id"), str)
    return token if named and token.get("uid") != token["contract_id"] else None


def tariffs_under(kind: str, members: Mapping[str, Any]) -> set[str]:
    """Those that a session's periods name; a CDR has them in it."""
    periods = listed(members, "charging_periods") if kind == "Session" else []
    named = (one.get("tariff_id") for one in periods if isinstance(one, dict))
    return {one for one in named if isinstance(one, str)}


def tariffs_in(members: Mapping[str, Any]) -> set[str]:
    """The ids that connectors name, at whatever depth."""
    found: set[str] = set()
    parts = [members]
    while parts:
        one = parts.pop()
        ids = one.get("tariff_ids")
        if isinstance(ids, list):
            found.update(name for name in ids if isinstance(name, str))
        for name in ("evses", "connectors"):
            below = one.get(name)
            if isinstance(below, list):
                parts += [inner for inner in below if isinstance(inner, dict)]
    return found
