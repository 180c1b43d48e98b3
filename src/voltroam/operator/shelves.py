"""Objects as one key sees them: found by what a path names, hidden where the key does not reach."""

from collections.abc import Mapping
from typing import Any

import msgspec

from voltroam.operator.asked import Asked, Who
from voltroam.operator.faults import forbidden, not_found
from voltroam.operator.masks import masked
from voltroam.operator.ports import Ports
from voltroam.roaming.audience import party_in
from voltroam.roaming.keys import object_key
from voltroam.roaming.platforms import Platform
from voltroam.standard.endpoints import Audience, Resource
from voltroam.standard.errors import CallerError
from voltroam.standard.parties import PartyId
from voltroam.store.interface import HELD, ObjectRow


def contract_of(resource: Resource, document: bytes) -> PartyId | None:
    """Whose driver a session or CDR is about."""
    if resource.audience is not Audience.CONTRACT:
        return None
    try:
        return party_in(resource, document)
    except msgspec.DecodeError:
        return None


def party_of(owner: str) -> PartyId:
    country, _, party = owner.partition("/")
    return PartyId(country, party)


class Shelves:
    """Reads objects on behalf of a key."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports

    def sees(self, who: Who, resource: Resource, row: ObjectRow) -> bool:
        """Its owner's, or of its own drivers."""
        if not who.is_limited or who.may(row.key.owner):
            return True
        return who.may(contract_of(resource, row.document))

    async def row(self, asked: Asked, resource: Resource) -> ObjectRow:
        """What the path names. Raises Fault 404."""
        ids = ids_of(resource, asked)
        try:
            found = await self._ports.store.get(object_key(resource, asked.owner, ids))
        except CallerError:
            found = None
        if found is None or found.deleted or not self.sees(asked.who, resource, found):
            raise not_found(f"object {resource.kind} of that owner and id")
        return found

    def shown(self, who: Who, resource: Resource, row: ObjectRow) -> bytes:
        """The document as the key may see it."""
        if who.sees_drivers:
            return row.document
        return masked(resource, row.document, self._ports.fingerprint)

    def id_shown(self, who: Who, resource: Resource, row: ObjectRow) -> str:
        """The id for people; of a token a fingerprint where drivers are not shown."""
        first = resource.key[0]
        members = msgspec.json.decode(row.document)
        text = str(members.get(first, row.key.id))
        if first in resource.secrets and not who.sees_drivers:
            return self._ports.fingerprint(text)
        return text

    def is_own(self, row: ObjectRow) -> bool:
        return row.audience != HELD

    async def partner(self, asked: Asked) -> Platform:
        """The partner that the path names. Raises Fault 404."""
        return await self.partner_named(asked.who, asked.ids["partner"])

    async def whole_partner(self, asked: Asked) -> Platform:
        """The same, for an act that concerns all who share the partner. Raises Fault 403, 404."""
        platform = await self.partner(asked)
        if not asked.who.has_whole(platform, self._ports.identity.parties()):
            raise forbidden(f"{platform.name} is a partner of other parties too")
        return platform

    async def partner_named(self, who: Who, name: str) -> Platform:
        platform = await self._ports.directory.by_name(name)
        if platform is None or platform.phase == "REMOVED" or not who.knows(platform):
            raise not_found("partner of that name")
        return platform


def ids_of(resource: Resource, asked: Asked) -> Mapping[str, str]:
    """The object's identifying members as path and query name them."""
    segments = [
        value for name, value in asked.ids.items() if name not in ("country_code", "party_id")
    ]
    kind: Any = getattr(asked.query, "type", None)
    more = {} if kind is None else {"type": str(kind.value)}
    return {resource.key[0]: segments[0], **more}
