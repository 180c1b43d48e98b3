"""Where an object lives at a partner: rows, key segments, query and parties of one push."""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from voltroam.roaming.audience import NARROW, bare
from voltroam.roaming.platforms import Platform
from voltroam.standard.endpoints import Endpoint, Interface, Part, Resource, Table
from voltroam.standard.parties import PartyId
from voltroam.standard.versions import VERSIONS
from voltroam.store.interface import ObjectKey, ObjectRow
from voltroam.wire.call import Routing

OWNER = ("country_code", "party_id")
CONTRACT = ">"
"""Stands in an audience class between the owner and the one party that may see the object."""


@dataclass(frozen=True, slots=True)
class Address:
    """Key segments by name and query, spelled as in the document."""

    owner: PartyId
    keys: Mapping[str, str]
    query: Mapping[str, str]


Wanted = tuple[str, str, str | None]
"""Kind, method, member of the nested object or None."""


def owner_in(audience: str) -> str:
    return bare(audience).split(CONTRACT, 1)[0].split(NARROW, 1)[0]


def contract_party(audience: str) -> PartyId | None:
    """The one party that a class names, if it names one: `NL/AAA>DE/MSP`."""
    _, arrow, party = bare(audience).partition(CONTRACT)
    if not arrow:
        return None
    country, _, name = party.partition("/")
    return PartyId(country, name)


class Rows:
    """The RECEIVER rows of the table by kind, method and part, as one partner offers them."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._by_partner: dict[str, tuple[Platform, dict[Wanted, Endpoint]]] = {}

    def find(
        self, platform: Platform, kind: str, method: str, part: Part | None = None
    ) -> Endpoint | None:
        """None if the version has no such row or the partner no such endpoint."""
        known = self._by_partner.get(platform.id)
        if known is None or known[0] is not platform:
            known = self._by_partner[platform.id] = (platform, self._read(platform))
        return known[1].get((kind, method, part.member if part else None))

    def _read(self, platform: Platform) -> dict[Wanted, Endpoint]:
        version = VERSIONS.get(platform.version or "")
        return {
            (row.resource.kind, row.method, row.part.member if row.part else None): row
            for row in (self._table.at(version) if version else ())
            if row.resource is not None
            and row.interface is Interface.RECEIVER
            and row.handler is None
            and not row.alias
            and platform.endpoint(row.module.name, Interface.RECEIVER) is not None
        }


class Addresses:
    """Reads the few members that a URL needs; kept, for all lanes ask for the same objects."""

    def __init__(self, table: Table, keep: int = 20_000) -> None:
        self._decoders = {
            kind: msgspec.json.Decoder(_shape(resource))
            for kind, resource in table.resources.items()
        }
        self._resources = table.resources
        self._modules = {
            kind: table.module_of(resource) for kind, resource in table.resources.items()
        }
        self._receivers: dict[tuple[str, str], tuple[Platform, PartyId | None]] = {}
        self._keep = keep
        self._known: OrderedDict[ObjectKey, Address] = OrderedDict()

    def of(self, row: ObjectRow, endpoint: Endpoint) -> Address:
        found = self._known.get(row.key)
        if found is None:
            found = self._known[row.key] = self._read(row, endpoint)
            if len(self._known) > self._keep:
                self._known.popitem(last=False)
        return found

    def _read(self, row: ObjectRow, endpoint: Endpoint) -> Address:
        resource = self._resources[row.key.kind]
        said = self._decoders[row.key.kind].decode(row.document)
        country, _, party = row.key.owner.partition("/")
        owner = PartyId(country, party)
        if resource.owner_in_body:
            owner = PartyId(said.country_code or country, said.party_id or party)
        keys = dict(zip(OWNER, owner, strict=True))
        plain = [getattr(said, m) for m in resource.key if m not in resource.key_defaults]
        names = [s[1:-1] for s in endpoint.segments if s.startswith("{") and s[1:-1] not in OWNER]
        keys.update(zip(names, plain, strict=False))
        query = {
            member: value
            for member, default in resource.key_defaults.items()
            if (value := getattr(said, member)) and value != default
        }
        return Address(owner, keys, query)

    def routing(self, row: ObjectRow, address: Address, platform: Platform) -> Routing:
        """From the owner to the contract party, else to the partner's first party that receives it.

        A hub's own party as destination means broadcast (OCPI 2.2.1 §transport, broadcast push).
        What was granted to a provider is for the provider, not for the contract party.
        """
        to = contract_party(row.audience)
        if to is not None and platform.is_provider and not platform.holds(to):
            to = None
        return Routing(self._first(platform, row.key.kind) if to is None else to, address.owner)

    def _first(self, platform: Platform, kind: str) -> PartyId | None:
        known = self._receivers.get((platform.id, kind))
        if known is not None and known[0] is platform:
            return known[1]
        roles = self._modules[kind].receiver_roles
        parties = platform.parties(*roles) or platform.parties()
        first = parties[0] if parties else None
        self._receivers[platform.id, kind] = (platform, first)
        return first


def _shape(resource: Resource) -> type[Any]:
    members = [*OWNER, *(m for m in resource.key if m not in OWNER)]
    return msgspec.defstruct(
        f"{resource.kind}_key", [(member, str | None, None) for member in members]
    )
