"""The parties that a hub lists as roles of its credentials (OCPI 2.3.0 §credentials).

They are known as if its hubclientinfo had told of them, as CONNECTED. A list says neither when nor
how a party is, so that whatever hubclientinfo tells of it stands over the list.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from msgspec import structs

from voltroam.roaming.described import (
    MILLISECOND,
    UNDATED,
    Beside,
    beside,
    is_undated,
    told,
    untold,
)
from voltroam.roaming.directory import client_info_key
from voltroam.roaming.platforms import Identity
from voltroam.roaming.settle import event
from voltroam.roaming.weigh import with_source
from voltroam.standard.parties import PartyId
from voltroam.standard.v2_2_1 import ConnectionStatus, CredentialsRole
from voltroam.store.interface import HELD, Decision, Held, ObjectDraft, ObjectKey, ObjectRow


@dataclass(frozen=True, slots=True)
class Listing:
    """What a hub's credentials say of those behind it.

    `formerly`: the parties of which we know by this hub so far.
    """

    hub: str
    """The id of its platform."""
    roles: Sequence[CredentialsRole]
    formerly: Sequence[ObjectKey]
    identity: Identity

    @property
    def objects(self) -> Sequence[ObjectKey]:
        """What `decide` wants to find in `Held`."""
        return tuple({**dict.fromkeys(self.formerly), **self._listed()})

    def decide(self, held: Held) -> Decision[None]:
        """Whom it lists is known; who was known by its list alone and is not on it, no more."""
        listed = self._listed()
        drafts: list[ObjectDraft] = []
        for key, role in listed.items():
            drafts += self._learnt(role, held.objects.get(key), held.now)
        for key in self.formerly:
            row = held.objects.get(key)
            if key not in listed and row is not None and self._is_known_by_list(row):
                drafts.append(untold(row, self.hub, by_hub=self.identity.is_hub))
        events = (event(draft.key, "changed") for draft in drafts if not draft.quiet)
        return Decision(None, objects=tuple(drafts), events=tuple(events))

    def _listed(self) -> dict[ObjectKey, CredentialsRole]:
        """Parties of ours are not behind it, whoever says so."""
        found = {}
        for role in self.roles:
            party = PartyId(role.country_code, role.party_id)
            if not self.identity.holds(party):
                found[client_info_key(party, role.role)] = role
        return found

    def _learnt(
        self, role: CredentialsRole, row: ObjectRow | None, now: int
    ) -> tuple[ObjectDraft, ...]:
        party, status = PartyId(role.country_code, role.party_id), ConnectionStatus.CONNECTED
        ways = frozenset({self.hub})
        if row is not None and not row.deleted and row.sources:
            return with_source(row, self.hub)
        if not self.identity.is_hub:
            draft = told(party, role.role, status, UNDATED, sources=ways, note=Beside())
            return (structs.replace(draft, audience=HELD),)
        if row is not None and not row.deleted and not beside(row).left:
            return ()  # it is a platform's of ours, which we describe ourselves
        moment = now if row is None else max(now, row.last_updated + MILLISECOND)
        note = Beside(status, UNDATED)
        return (told(party, role.role, status, moment, sources=ways, note=note),)

    def _is_known_by_list(self, row: ObjectRow) -> bool:
        told = not row.deleted and self.hub in row.sources
        return told and is_undated(row, by_hub=self.identity.is_hub)
