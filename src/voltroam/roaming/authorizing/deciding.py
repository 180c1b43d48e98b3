"""The eMSP's side: may a token of ours charge there? (OCPI 2.2.1 §mod_tokens, POST authorize)

The company's own system decides within a deadline; where it does not, our own tokens and their
limits do. Nothing is said of tokens that are not ours, and nothing to platforms without operators.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import lru_cache
from typing import NamedTuple

import msgspec

from voltroam.roaming.authorizing.askers import Asker, Askers
from voltroam.roaming.authorizing.judging import Judgement, judge, narrowed
from voltroam.roaming.authorizing.knobs import AuthorizationKnobs
from voltroam.roaming.authorizing.log import (
    NEEDS_LOCATION,
    UNANSWERED,
    UNKNOWN_TOKEN,
    AuthorizationLog,
    Entry,
    Side,
)
from voltroam.roaming.authorizing.own_tokens import OwnToken, OwnTokens, read_type
from voltroam.roaming.authorizing.texts import info_for
from voltroam.roaming.host import AuthorizationDecision, AuthorizationQuestion, Host, Unattended
from voltroam.roaming.platforms import Identity, Platform
from voltroam.roaming.serving import Answering, Prompt
from voltroam.standard.errors import CallerError, NotFound
from voltroam.standard.parties import PartyId
from voltroam.standard.status import StatusCode
from voltroam.standard.v2_2_1 import (
    AllowedType,
    DisplayText,
    LocationReferences,
    Token,
    TokenType,
)
from voltroam.store.interface import Store
from voltroam.wire.call import Call, Reply
from voltroam.wire.decode import Reading, read

_LONGEST_REFERENCE = 36
_SMALL = 256
"""Bytes of a body that is remembered."""
_SURE = AllowedType.ALLOWED
_ENCODER = msgspec.json.Encoder()


class UnknownToken(NotFound):
    """HTTP 404 with 2004 and no data, also for tokens that are not the caller's to ask about."""

    status_code = StatusCode.UNKNOWN_TOKEN

    def __init__(self) -> None:
        super().__init__("Unknown token")


class NeedsLocation(CallerError):
    """The contract is good at some places only, and none was named."""

    status_code = StatusCode.NOT_ENOUGH_INFORMATION

    def __init__(self) -> None:
        super().__init__("The location is needed to decide about this token")


class _Judged(NamedTuple):
    judgement: Judgement
    by: str
    decision: AuthorizationDecision | None = None


class _Asked(NamedTuple):
    """A question as the log knows it. `begun` in monotonic seconds."""

    id: str
    begun: float
    type: TokenType
    asker: Asker
    location: LocationReferences | None


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What we say of a token of ours.

    `by`: `host`, `tokens` (the host left it to us) or `default` (it did not decide in time).
    """

    id: str
    own: OwnToken
    allowed: AllowedType
    by: str
    location: LocationReferences | None = None
    authorization_reference: str | None = None
    info: DisplayText | None = None

    def __repr__(self) -> str:
        return f"Verdict({self.allowed.value}, by {self.by})"

    @property
    def document(self) -> bytes:
        """The AuthorizationInfo, the token in it as its owner wrote it."""
        data = b'{"allowed":"%b","token":%b' % (self.allowed.value.encode(), self.own.document)
        if self.location is not None:
            data += b',"location":' + _ENCODER.encode(self.location)
        if self.authorization_reference is not None:
            data += b',"authorization_reference":' + _ENCODER.encode(self.authorization_reference)
        if self.info is not None:
            data += b',"info":' + _ENCODER.encode(self.info)
        return data + b"}"


async def _yes() -> bool:
    return True


class Deciding:
    """Answers `authorize`. `clock` gives monotonic seconds.

    `decides` tells whether the host would decide at all just now: else it is not asked.
    `nobody_decides`: it is known by heart that it would not.
    """

    def __init__(
        self,
        store: Store,
        identity: Identity,
        host: Host,
        log: AuthorizationLog,
        *,
        knobs: AuthorizationKnobs | None = None,
        decides: Callable[[], Awaitable[bool]] = _yes,
        nobody_decides: Callable[[], bool] = lambda: False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._identity = identity
        self._host = host
        self._log = log
        self._knobs = knobs or AuthorizationKnobs()
        self._clock = clock
        self._askers = Askers(identity)
        self._tokens = OwnTokens(store, identity, log.fingerprint, clock=clock)
        self._is_alone = type(host) is Unattended
        self._decides = decides
        self._nobody_decides = nobody_decides

    def handlers(self) -> Mapping[str, Answering]:
        return {"authorize": self.answer}

    def prompt(self) -> Mapping[str, Prompt]:
        return {"authorize": self.at_once}

    def at_once(self, call: Call, caller: Platform) -> Reply | None:
        """`answer` for a token that is known by heart and that nobody else decides about.

        None, before anything was done: ask `answer`, for it is another case.
        """
        if not (self._is_alone or self._nobody_decides()):
            return None
        type_, owner = read_type(call.query.get("type")), call.routing.to
        asker = self._askers.of(caller, call.routing)
        if type_ is None or asker is None:
            return None
        begun = self._clock()
        own = self._tokens.known(call.keys["token_uid"], type_, owner)
        if own is None or (own.private and asker.partner):
            return None
        location = _read_location(call, caller)
        proposed = judge(own.token, own.limits, location, asker.operators)
        if proposed is None:
            return None
        asked = _Asked(self._log.new_id(), begun, type_, asker, location)
        verdict = _verdict(asked.id, own, location, _Judged(proposed, "tokens"))
        self._note(asked, own.fingerprint, verdict)
        return Reply(data=verdict.document)

    async def answer(self, call: Call, caller: Platform) -> Reply:
        """The reply to a POST of a registered platform."""
        type_ = read_type(call.query.get("type"))
        if type_ is None:
            raise CallerError("query parameter type: no such TokenType")
        location = _read_location(call, caller)
        asker = self._askers.of(caller, call.routing)
        if asker is None:
            raise UnknownToken
        verdict = await self.decide(
            call.keys["token_uid"], type_, location, asker, owner=call.routing.to
        )
        return Reply(data=verdict.document)

    async def decide(
        self,
        uid: str,
        type_: TokenType,
        location: LocationReferences | None,
        asker: Asker,
        *,
        owner: PartyId | None = None,
    ) -> Verdict:
        """The same without HTTP, for an operator of this very node.

        `owner` narrows to one of our parties. Raises UnknownToken, NeedsLocation.
        """
        id_ = self._log.new_id()
        asked = _Asked(id_, self._clock(), type_, asker, location)
        answer, own, verdict = UNANSWERED, None, None
        try:
            own = await self._tokens.find(uid, type_, owner)
            if own is None or (own.private and asker.partner):
                answer = UNKNOWN_TOKEN
                raise UnknownToken
            proposed = judge(own.token, own.limits, location, asker.operators)
            if proposed is None:
                answer = NEEDS_LOCATION
                raise NeedsLocation
            judged = _Judged(proposed, "tokens")
            if not self._is_alone:
                question = AuthorizationQuestion(
                    id=id_, token=own.token, asked_by=asker.party, partner=asker.partner,
                    location=location, proposed=proposed.allowed,
                )  # fmt: skip
                judged = await self._ask_host(question, proposed)
            verdict = _verdict(id_, own, location, judged)
            return verdict
        finally:
            token = own.fingerprint if own else self._log.fingerprint(uid)
            self._note(asked, token, verdict or answer)

    def _note(self, asked: _Asked, token: str, answer: Verdict | str) -> None:
        """What was answered: a verdict, or why there is none."""
        asker, location = asked.asker, asked.location
        said = answer if isinstance(answer, Verdict) else None
        self._log.note(
            Entry(
                id=asked.id, at=self._log.now(), side=Side.GIVEN,
                answer=said.allowed.value if said else str(answer),
                by=said.by if said else "tokens",
                ms=round((self._clock() - asked.begun) * 1000, 3),
                token=token, type=asked.type.value,
                partner=asker.partner or None, asked_by=asker.party.folded,
                location_id=location.location_id if location else None,
                evse_uids=tuple(location.evse_uids or ()) if location else (),
                authorization_reference=said.authorization_reference if said else None,
            )
        )  # fmt: skip

    async def knows(self, uid: str, type_: TokenType, owner: PartyId | None = None) -> bool:
        """Whether it is a token of ours."""
        return await self._tokens.find(uid, type_, owner) is not None

    async def vouch(self, uid: str, type_: TokenType, owner: PartyId | None = None) -> Token:
        """The token, for a command in the driver's name: only our own ones start a session, and
        only while nothing speaks against them (OCPI 2.2.1 §mod_commands, StartSession).

        CallerError 2004 for a token that is not ours, 2001 for one that may not charge. Seeing a
        location is no right to charge with somebody else's token (LOC-PUB-07).
        """
        own = await self._tokens.find(uid, type_, owner)
        if own is None:
            raise CallerError("The token is not one of ours", status_code=StatusCode.UNKNOWN_TOKEN)
        found = judge(own.token, own.limits, None, ())
        if found is not None and found.allowed is not _SURE:
            raise CallerError(f"The token may not charge: {found.allowed.value}")
        return own.token

    async def _ask_host(self, question: AuthorizationQuestion, proposed: Judgement) -> _Judged:
        """What our own system says, or what stands in for it."""
        try:
            if not await self._decides():
                return _Judged(proposed, "tokens")
            async with asyncio.timeout(self._knobs.host_deadline):
                decision = await self._host.authorize(question)
            if decision is None:
                return _Judged(proposed, "tokens")
            return _Judged(_decided(decision, question.location), "host", decision)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
        except Exception:  # noqa: S110  (late, broken or wrong: the answer below is legal)
            pass
        return _Judged(self._when_late(proposed), "default")

    def _when_late(self, proposed: Judgement) -> Judgement:
        if self._knobs.when_late == "by_tokens":
            return proposed
        if self._knobs.when_late == "refuse":
            return Judgement(AllowedType.NOT_ALLOWED)
        return Judgement(_SURE)


def _decided(decision: AuthorizationDecision, location: LocationReferences | None) -> Judgement:
    """A host that permits none of the EVSEs asked for refuses."""
    allowed = AllowedType(decision.allowed)
    if allowed is not _SURE or decision.evse_uids is None or location is None:
        return Judgement(allowed)
    evse_uids = narrowed(location.evse_uids, decision.evse_uids)
    return Judgement(_SURE, evse_uids) if evse_uids else Judgement(AllowedType.NOT_ALLOWED)


def _verdict(
    id_: str, own: OwnToken, location: LocationReferences | None, judged: _Judged
) -> Verdict:
    (allowed, evse_uids), by = judged.judgement, judged.by
    said = judged.decision.info if judged.decision is not None else None
    info = info_for(own.token, allowed, said)
    if allowed is not _SURE:
        return Verdict(id=id_, own=own, allowed=allowed, by=by, info=info)
    if location is not None and evse_uids is not None:
        location = LocationReferences(location_id=location.location_id, evse_uids=list(evse_uids))
    return Verdict(
        id=id_, own=own, allowed=allowed, by=by, info=info, location=location,
        authorization_reference=_reference(judged.decision) or id_,
    )  # fmt: skip


def _reference(decision: AuthorizationDecision | None) -> str | None:
    """The host's if it fits a CiString(36). Else it is the id of the authorization in our log, so
    that it leads there from Session and CDR."""
    given = decision.authorization_reference if decision is not None else None
    if given and len(given) <= _LONGEST_REFERENCE and given.isascii() and given.isprintable():
        return given
    return None


def _read_location(call: Call, caller: Platform) -> LocationReferences | None:
    """The body is optional. CallerError 2001 if it is no LocationReferences."""
    if call.body is None or not call.body.strip() or call.body.strip() == b"null":
        return None
    small = len(call.body) <= _SMALL
    reading = _read_place(call.body) if small else read(LocationReferences, call.body)
    if reading.value is None or not reading.usable(caller.profile.strict):
        raise CallerError(reading.message)
    return reading.value


@lru_cache(maxsize=4096)
def _read_place(body: bytes) -> Reading[LocationReferences]:
    """Each charger asks in the same words again and again."""
    return read(LocationReferences, body)
