"""The CPO's side: a driver holds something to a charger, may it charge? (OCPI 2.2.1 §mod_tokens)

The order: a command's word, a token of our own eMSP, the tokens that we hold by the table of
`whitelist.py`, and for a token that nobody gave us every eMSP that may own it.
"""

import time
from collections.abc import Callable
from datetime import datetime

import msgspec

from voltroam.roaming.authorizing.askers import Asker
from voltroam.roaming.authorizing.asking import Asking, Question
from voltroam.roaming.authorizing.consulting import UNKNOWN, Consulting, Found
from voltroam.roaming.authorizing.deciding import Deciding
from voltroam.roaming.authorizing.exempt import Exemptions, exemption
from voltroam.roaming.authorizing.held_tokens import HeldTokens
from voltroam.roaming.authorizing.knobs import AuthorizationKnobs
from voltroam.roaming.authorizing.log import UNKNOWN_TOKEN, AuthorizationLog, Entry, Side
from voltroam.roaming.authorizing.whitelist import work_as_one
from voltroam.roaming.directory import Directory
from voltroam.roaming.exchange import Exchange
from voltroam.roaming.platforms import Identity
from voltroam.roaming.vault import Vault
from voltroam.standard.endpoints import Endpoint, Table
from voltroam.standard.errors import CallerError
from voltroam.standard.parties import PartyId, fold
from voltroam.standard.v2_2_1 import (
    AllowedType,
    AuthMethod,
    CdrToken,
    DisplayText,
    LocationReferences,
    Role,
    Token,
    TokenType,
)
from voltroam.store.interface import Store
from voltroam.wire.times import from_micros


class Authorization(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Whether a driver may charge, and what a Session needs to know of it.

    `by`: `command` (its eMSP has just vouched for it), `own` (our own eMSP), `list` (the token that
    we hold), `emsp` (asked), `offline` (the list, for the eMSP could not be reached), `unreachable`
    (nobody answered), `unknown` (nobody knows the token; `token` is then None).
    """

    id: str
    allowed: AllowedType
    by: str
    auth_method: AuthMethod
    token: Token | None = None
    partner: str | None = None
    """The platform that vouches for it or refused it."""
    authorization_reference: str | None = None
    location: LocationReferences | None = None
    """Which EVSEs are permitted, where the eMSP narrowed them."""
    info: DisplayText | None = None
    """For the driver."""
    ms: float = 0.0

    @property
    def is_allowed(self) -> bool:
        return self.allowed is AllowedType.ALLOWED


class Authorizer:
    """Authorizes at our chargers. `deciding`: our own eMSP side, where the node has one.

    `clock` gives monotonic seconds.
    """

    def __init__(
        self,
        store: Store,
        directory: Directory,
        exchange: Exchange,
        *,
        table: Table,
        identity: Identity,
        vault: Vault,
        log: AuthorizationLog,
        deciding: Deciding | None = None,
        knobs: AuthorizationKnobs | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self._identity = identity
        self._log = log
        self._deciding = deciding
        self._clock = clock
        self._held = HeldTokens(store, directory, identity, clock=clock)
        self._exemptions = Exemptions(store, vault)
        self._consulting = Consulting(
            directory, self._held, Asking(exchange, _row(table)), knobs or AuthorizationKnobs()
        )

    async def authorize(
        self,
        token_uid: str,
        *,
        type: TokenType = TokenType.RFID,  # noqa: A002 (the standard's own word)
        location: LocationReferences | None = None,
        operator: PartyId | None = None,
        contract_party: PartyId | None = None,
    ) -> Authorization:
        """May this driver charge?

        `operator`: which of our CPO parties asks, by default the first. `contract_party` narrows
        to one eMSP, where the charger knows it. Refusals are answers; CallerError 2001 only for
        what is no token uid, or an operator that is not ours.
        """
        _check_uid(token_uid)
        operator = self._operator(operator)
        begun = self._clock()
        id_ = self._log.new_id()
        question = Question(token_uid, type, location, operator)
        found = await self._find(question, contract_party)
        took = round((self._clock() - begun) * 1000, 3)
        unknown = found.by == UNKNOWN.by
        self._log.note(
            Entry(
                id=id_, at=self._log.now(), side=Side.TAKEN, by=found.by, ms=took,
                answer=UNKNOWN_TOKEN if unknown else found.allowed.value,
                token=self._log.fingerprint(token_uid), type=type.value,
                partner=found.partner, asked_by=operator.folded,
                location_id=location.location_id if location else None,
                evse_uids=tuple(location.evse_uids or ()) if location else (),
                authorization_reference=found.reference,
            )
        )  # fmt: skip
        return Authorization(
            id=id_, allowed=found.allowed, by=found.by, auth_method=found.method,
            token=found.token, partner=found.partner, authorization_reference=found.reference,
            location=found.location, info=found.info, ms=took,
        )  # fmt: skip

    async def exempt(
        self,
        token: Token,
        *,
        partner: str,
        operator: PartyId | None = None,
        location_id: str | None = None,
        evse_uid: str | None = None,
        authorization_reference: str | None = None,
        until: datetime | None = None,
        id: str | None = None,  # noqa: A002
    ) -> None:
        """Nobody is asked about this token for a while: a command of its eMSP came.

        Durable. `until` None: 15 minutes at that place for a card, a day everywhere for an app
        user. The same `id` (the order's) is noted once.
        """
        now = self._log.now()
        note = exemption(
            token, at=from_micros(now), partner=partner, operator=operator,
            location_id=location_id, evse_uid=evse_uid,
            authorization_reference=authorization_reference, until=until,
        )  # fmt: skip
        await self._exemptions.add(note, id, now=now)

    async def may_stop(
        self,
        session_token: Token | CdrToken,
        presented_uid: str,
        *,
        type: TokenType = TokenType.RFID,  # noqa: A002 (the standard's own word)
        group_capable: bool = True,
    ) -> bool:
        """May what is held to the charger stop a session that the other token started?

        The same token may; so may a valid one of the same eMSP and group, where the EVSE is
        TOKEN_GROUP_CAPABLE (OCPI 2.2.1 §mod_tokens, group_id).
        """
        owner = PartyId(session_token.country_code, session_token.party_id)
        if type is session_token.type and fold(presented_uid) == fold(session_token.uid):
            return True
        if not group_capable:
            return False
        started = await self._whole(session_token, owner)
        presented = await self._presented(presented_uid, type, owner)
        return started is not None and presented is not None and work_as_one(started, presented)

    async def _whole(self, token: Token | CdrToken, owner: PartyId) -> Token | None:
        """With its group, which a CdrToken lacks."""
        if isinstance(token, Token):
            return token
        return await self._known(token.uid, token.type, owner)

    async def _presented(self, uid: str, type_: TokenType, owner: PartyId) -> Token | None:
        """A valid token of that eMSP; one that was never pushed is asked for."""
        known = await self._known(uid, type_, owner)
        if known is not None:
            return known if known.valid else None
        found = await self.authorize(uid, type=type_, contract_party=owner)
        return found.token if found.is_allowed else None

    async def _known(self, uid: str, type_: TokenType, owner: PartyId) -> Token | None:
        held = await self._held.find(uid, type_, owner)
        return held[0].token if held else None

    async def _find(self, question: Question, contract_party: PartyId | None) -> Found:
        vouched = await self._by_command(question, contract_party)
        if vouched is not None:
            return vouched
        own = await self._by_own(question, contract_party)
        if own is not None:
            return own
        return await self._consulting.consult(question, contract_party)

    async def _by_command(self, question: Question, contract_party: PartyId | None) -> Found | None:
        for note in await self._exemptions.of(question.uid, now=self._log.now()):
            owner = PartyId(note.token.country_code, note.token.party_id)
            if contract_party is not None and not contract_party.same(owner):
                continue
            if note.covers(question.type, question.location, question.operator):
                return Found(
                    AllowedType.ALLOWED, "command", note.token, note.partner,
                    note.authorization_reference, method=AuthMethod.COMMAND,
                )  # fmt: skip
        return None

    async def _by_own(self, question: Question, contract_party: PartyId | None) -> Found | None:
        """Two parties of one node deal with each other in process, by the same rules."""
        deciding = self._deciding
        if deciding is None:
            return None
        if not await deciding.knows(question.uid, question.type, contract_party):
            return None
        asker = Asker("", question.operator, (question.operator,))
        try:
            verdict = await deciding.decide(
                question.uid, question.type, question.location, asker, owner=contract_party
            )
        except CallerError:
            return Found(AllowedType.NOT_ALLOWED, "own")
        return Found(
            verdict.allowed, "own", verdict.own.token, None, verdict.authorization_reference,
            verdict.location, verdict.info,
        )  # fmt: skip

    def _operator(self, operator: PartyId | None) -> PartyId:
        ours = self._identity.parties(Role.CPO)
        if operator is None and ours:
            return ours[0]
        for party in ours:
            if party.same(operator):
                return party
        raise CallerError("The operator is not one of our CPO parties")


def _row(table: Table) -> Endpoint:
    return next(row for row in table.rows if row.handler == "authorize")


def _check_uid(uid: str) -> None:
    if not 0 < len(uid) <= 36 or not (uid.isascii() and uid.isprintable()):
        raise CallerError("A token uid has 1 to 36 printable ASCII characters")
