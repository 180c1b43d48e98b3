"""Credentials and version details between 2.1.1 and 2.2.1: one role each, told by the URL tree."""

from typing import Any

from voltroam.bridge.crossing import Crossing
from voltroam.bridge.members import each, listed, text
from voltroam.bridge.terms import Document
from voltroam.bridge.v2_1_1.words import MODULES, OTHER

PARTY = ("business_details", "party_id", "country_code")
OWNED_BY = {
    "cdrs": "CPO",
    "locations": "CPO",
    "sessions": "CPO",
    "tariffs": "CPO",
    "tokens": "EMSP",
    "commands": "EMSP",
}
"""Which tree sends a module's objects."""
SENDER, RECEIVER = "SENDER", "RECEIVER"


def credentials_up(credentials: Document, at: str, crossing: Crossing) -> Document:
    """The party becomes the only role, which the URL tree tells (OCPI 2.2.1 §credentials)."""
    raised = {name: value for name, value in credentials.items() if name not in (*PARTY, "roles")}
    role = crossing.terms.role
    crossing.note("role-unknown" if role is None else "role-by-tree", at)
    party = {name: credentials[name] for name in PARTY if name in credentials}
    raised["roles"] = [{"role": role or OTHER, **party}]
    return raised


def credentials_down(credentials: Document, at: str, crossing: Crossing) -> Document | None:
    """One party at the top level: that of the tree's role (OCPI 2.1.1 §credentials)."""
    roles = [one for one in listed(credentials, "roles") if isinstance(one, dict)]
    if not roles:
        return credentials
    wanted = crossing.terms.role
    fitting = [one for one in roles if wanted is None or one.get("role") == wanted] or [
        one for one in roles if one.get("role") == "HUB"
    ]
    if not fitting:
        crossing.note("role-not-there", f"{at}/roles")
        return None
    for index, role in enumerate(roles):
        code = "role-to-tree" if role is fitting[0] else "role-left-out"
        crossing.note(code, f"{at}/roles/{index}")
    lowered = {
        name: value for name, value in credentials.items() if name not in ("roles", "hub_party_id")
    }
    return lowered | {name: fitting[0][name] for name in PARTY if name in fitting[0]}


def details_up(details: Document, at: str, crossing: Crossing) -> Document:
    """Each endpoint gets the interface that its tree serves (OCPI 2.2.1, Endpoint)."""
    raised = dict(details)

    def endpoint(one: Document, where: str) -> Document:
        if "role" in one:
            return one
        crossing.note("endpoint-role-put-in", f"{where}/role")
        found = _interface(text(one, "identifier"), crossing.terms.role)
        return {"identifier": one.get("identifier"), "role": found, **one}

    each(raised, "endpoints", at, endpoint)
    return raised


def details_down(details: Document, at: str, crossing: Crossing) -> Document:
    """The endpoints of the tree, without their interface (OCPI 2.1.1, Endpoint)."""
    lowered = dict(details)

    def endpoint(one: Document, where: str) -> Document | None:
        module = text(one, "identifier")
        role = crossing.terms.role
        other_side = (
            role is not None
            and module in OWNED_BY
            and one.get("role") not in (None, _interface(module, role))
        )
        if module not in MODULES or other_side:
            crossing.note("endpoint-left-out", where)
            return None
        plain: dict[str, Any] = {name: value for name, value in one.items() if name != "role"}
        if "role" in one:
            crossing.note("endpoint-role-dropped", f"{where}/role")
        return plain

    each(lowered, "endpoints", at, endpoint)
    return lowered


def _interface(module: str | None, role: str | None) -> str:
    """`role` is that of the tree that serves the module."""
    owner = OWNED_BY.get(module or "")
    return SENDER if owner is None or role is None or owner == role else RECEIVER
