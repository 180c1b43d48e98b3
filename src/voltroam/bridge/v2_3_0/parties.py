"""Credentials and the parties of a hub between 2.2.1 and 2.3.0."""

from typing import Any

from voltroam.bridge.crossing import Crossing
from voltroam.bridge.members import each, listed, part, text
from voltroam.bridge.terms import Document
from voltroam.bridge.v2_3_0.words import ROLES

HUB, OTHER = "HUB", "OTHER"
LISTED = ("CONNECTED", "OFFLINE")
"""States in which a hub's client is one of its parties."""


def credentials_up(credentials: Document, at: str, crossing: Crossing) -> Document:
    """The role HUB becomes `hub_party_id`, and its clients roles (OCPI 2.3.0 §credentials)."""
    roles = listed(credentials, "roles")
    hubs = [one for one in roles if isinstance(one, dict) and one.get("role") == HUB]
    if not hubs:
        return credentials
    raised = dict(credentials)
    hub = hubs[0]
    raised["hub_party_id"] = f"{hub.get('country_code', '')}{hub.get('party_id', '')}"
    crossing.note("hub-as-party-id", f"{at}/roles/{roles.index(hub)}")
    clients = [
        _role_of(client)
        for client in crossing.terms.hub_clients
        if client.get("status") in LISTED and client.get("role") != HUB
    ]
    if clients:
        crossing.note("hub-clients-listed", f"{at}/roles")
    raised["roles"] = [one for one in roles if one not in hubs] + clients
    return raised


def _role_of(client: Any) -> Document:
    party, country = client.get("party_id"), client.get("country_code")
    return {
        "role": client.get("role"),
        "business_details": client.get("business_details") or {"name": f"{country}{party}"},
        "party_id": party,
        "country_code": country,
    }


def credentials_down(credentials: Document, at: str, crossing: Crossing) -> Document:
    """A hub reports the role HUB alone: its clients are in HubClientInfo (OCPI 2.2.1 §credentials).

    The list of 2.3.0 would break a rule of 2.2.1 and lead traffic round the hub.
    """
    hub = text(credentials, "hub_party_id")
    lowered = {name: value for name, value in credentials.items() if name != "hub_party_id"}
    if hub is not None:
        crossing.note("hub-as-role", f"{at}/hub_party_id")
        crossing.note("hub-clients-hidden", f"{at}/roles")
        lowered["roles"] = [_hub_role(credentials, hub, crossing)]
        return lowered
    each(lowered, "roles", at, lambda one, where: role_down(one, where, crossing))
    return lowered


def _hub_role(credentials: Document, hub: str, crossing: Crossing) -> Document:
    """By the hub's own details if they are known: as it said them in 2.2.1, or in a role of it."""
    country, party = hub[:2], hub[2:]
    for source in (crossing.terms.memory or {}, credentials):
        for role in listed(source, "roles"):
            named = isinstance(role, dict) and (
                f"{role.get('country_code')}{role.get('party_id')}".upper() == hub.upper()
            )
            details = part(role, "business_details") if named else None
            if details is not None:
                return _role(country, party, details)
    return _role(country, party, {"name": hub})


def _role(country: str, party: str, details: Document) -> Document:
    return {
        "role": HUB,
        "business_details": details,
        "party_id": party,
        "country_code": country,
    }


def client_info_up(client: Document, at: str, crossing: Crossing) -> Document | None:
    """A hub behind a hub has no word in 2.3.0 (OCPI 2.3.0 §types, Role)."""
    if client.get("role") == HUB:
        crossing.note("hub-client", f"{at}/role")
        return None
    return client


def role_down(party: Document, at: str, crossing: Crossing) -> Document:
    """A role that a package brought is OTHER (OCPI 2.2.1 §types, Role)."""
    role = text(party, "role")
    if role is None or role in ROLES:
        return party
    crossing.note("role-as-other", f"{at}/role")
    return party | {"role": OTHER}


def without_packages(kind: str, document: Document, crossing: Crossing) -> Document:
    """For a partner of 2.3.0 that knows no PTP, which no list of roles names."""
    if kind == "ClientInfo":
        return role_down(document, "", crossing)
    lowered = dict(document)
    if kind == "Credentials":
        each(lowered, "roles", "", lambda one, where: role_down(one, where, crossing))
    return lowered
