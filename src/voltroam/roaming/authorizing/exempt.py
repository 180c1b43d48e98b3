"""Tokens of which nobody is asked, because their eMSP has just vouched for them by a command.

No real-time authorization follows a START_SESSION or RESERVE_NOW: for app users nowhere, for a card
not at that EVSE within 15 minutes (OCPI 2.2.1 §mod_commands, StartSession). Notes are durable, for
the tap may come after a restart or in another process.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from voltroam.roaming.timed import timed_id
from voltroam.roaming.vault import Vault
from voltroam.standard.parties import PartyId, fold
from voltroam.standard.v2_2_1 import LocationReferences, Token, TokenType
from voltroam.store.interface import (
    Change,
    Decision,
    Held,
    Record,
    RecordDraft,
    RecordKey,
    Store,
)
from voltroam.wire.times import from_micros, to_micros

EXEMPT = "exempt"
"""Record kind of `Exemption`; the parent is the keyed fingerprint of the uid, due when it ends."""
CARD = timedelta(minutes=15)
APP = timedelta(days=1)
"""The ban on asking has no end for app users; a note that nobody used in a day is of no use."""
APP_USERS = frozenset({TokenType.APP_USER, TokenType.AD_HOC_USER})
_SWEPT = 100
"""Notes that are over and go with each new one."""


class Exemption(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A command's word for a token: its data and reference go into Session and CDR.

    `location_id` None: everywhere; `evse_uid` None: at the whole location.
    """

    token: Token
    until: datetime
    partner: str
    operator: str | None = None
    location_id: str | None = None
    evse_uid: str | None = None
    authorization_reference: str | None = None

    def covers(
        self, type_: TokenType, location: LocationReferences | None, operator: PartyId | None
    ) -> bool:
        """A tap that names no place is not covered by the note of one."""
        if self.token.type is not type_:
            return False
        if operator is not None and self.operator not in (None, operator.folded):
            return False
        if self.location_id is None:
            return True
        if location is None or fold(location.location_id) != fold(self.location_id):
            return False
        asked = location.evse_uids
        return (
            self.evse_uid is None
            or not asked
            or fold(self.evse_uid) in {fold(uid) for uid in asked}
        )


_EXEMPTION = msgspec.json.Decoder(Exemption)


def exemption(
    token: Token,
    *,
    at: datetime,
    partner: str,
    operator: PartyId | None = None,
    location_id: str | None = None,
    evse_uid: str | None = None,
    authorization_reference: str | None = None,
    until: datetime | None = None,
) -> Exemption:
    """The note that a command at that time leaves; `until` None: as long as the standard has it."""
    anywhere = token.type in APP_USERS
    return Exemption(
        token=token, partner=partner, operator=operator.folded if operator else None,
        until=until or at + (APP if anywhere else CARD),
        location_id=None if anywhere else location_id,
        evse_uid=None if anywhere else evse_uid,
        authorization_reference=authorization_reference,
    )  # fmt: skip


class Exemptions:
    """The notes of one node."""

    def __init__(self, store: Store, vault: Vault) -> None:
        self._store = store
        self._vault = vault

    def draft(self, note: Exemption, id_: str) -> RecordDraft:
        """For whoever writes it together with what it follows from; the same id is one note."""
        return RecordDraft(
            RecordKey(EXEMPT, id_), msgspec.json.encode(note),
            self._vault.hash(fold(note.token.uid)), to_micros(note.until),
        )  # fmt: skip

    async def add(self, note: Exemption, id_: str | None, *, now: int) -> None:
        """Keep it, and drop some that are over."""
        draft = self.draft(note, id_ or timed_id(now))
        over = await self._store.records(EXEMPT, due_before=now, limit=_SWEPT)
        drafts = [draft, *(RecordDraft(it.key, None) for it in over if it.key != draft.key)]

        def decide(_held: Held) -> Decision[None]:
            return Decision(None, records=drafts)

        await self._store.apply(Change(decide, records=[it.key for it in drafts]))

    async def of(self, uid: str, *, now: int) -> Sequence[Exemption]:
        """What is in force for a uid, the newest first."""
        found: list[Record] = []
        for fingerprint in self._vault.hashes(fold(uid)):
            found += await self._store.records(EXEMPT, parent=fingerprint)
        notes = [_EXEMPTION.decode(record.document) for record in found]
        moment = from_micros(now)
        wanted = fold(uid)
        return [note for note in notes if note.until > moment and fold(note.token.uid) == wanted]
