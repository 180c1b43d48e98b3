"""Whom an operator lets steer: smart charging service providers, per eMSP (CHP-TOP-04).

A grant says that this provider may see and steer the sessions of that eMSP's drivers at this
operator. Contracts and privacy law stand behind it; without one a provider sees no session.
"""

from collections.abc import Sequence

import msgspec

from voltroam.roaming.audience import contract_class
from voltroam.roaming.platforms import Platform
from voltroam.standard.endpoints import Resource
from voltroam.standard.parties import PartyId
from voltroam.standard.v2_2_1 import Role
from voltroam.store.interface import Change, Decision, Held, RecordDraft, RecordKey, Store

GRANT = "scsp_grant"
"""Record kind; the parent is the provider's folded party."""


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    operator: PartyId
    """One of our parties, the CPO of the sessions."""
    provider: PartyId
    """The SCSP."""
    contract: PartyId
    """The eMSP whose drivers' sessions are meant."""


_GRANT = msgspec.json.Decoder(Grant)


class Grants:
    """What operators granted, as it stands in the store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def grant(self, grant: Grant) -> None:
        await self._write(grant, msgspec.json.encode(grant))

    async def revoke(self, grant: Grant) -> None:
        await self._write(grant, None)

    async def all(self, provider: PartyId | None = None) -> list[Grant]:
        parent = None if provider is None else provider.folded
        found: list[Grant] = []
        after = ""
        while records := await self._store.records(GRANT, parent=parent, after=after):
            found += [_GRANT.decode(record.document) for record in records]
            after = records[-1].key.id
        return found

    async def permits(self, operator: PartyId, contract: PartyId, provider: PartyId) -> bool:
        grant = Grant(operator=operator, provider=provider, contract=contract)
        return await self._store.record(_key(grant)) is not None

    async def _write(self, grant: Grant, document: bytes | None) -> None:
        draft = RecordDraft(_key(grant), document, grant.provider.folded)

        def decide(_held: Held) -> Decision[None]:
            return Decision(None, records=(draft,))

        await self._store.apply(Change(decide))


async def granted_to(store: Store, platform: Platform, resource: Resource) -> tuple[str, ...]:
    """The audience classes that a platform sees by grants alone; none of what is no session."""
    if not platform.is_provider or Role.SCSP not in resource.readers:
        return ()
    grants = Grants(store)
    found = [grant for party in platform.parties(Role.SCSP) for grant in await grants.all(party)]
    return tuple(contract_class(grant.operator, grant.contract) for grant in found)


def _key(grant: Grant) -> RecordKey:
    parts: Sequence[PartyId] = (grant.operator, grant.provider, grant.contract)
    return RecordKey(GRANT, ">".join(party.folded for party in parts))
