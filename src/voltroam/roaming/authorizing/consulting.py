"""What the eMSPs say of a token: by the list that they gave us, or asked now.

First the tokens that we hold, by the table of `whitelist.py`; for a token that nobody gave us every
eMSP that may own it is asked at once.
"""

from collections.abc import Sequence
from contextlib import aclosing
from typing import NamedTuple

from voltroam.roaming.authorizing.asking import Answer, Ask, Asking, Question, Silence
from voltroam.roaming.authorizing.held_tokens import HeldToken, HeldTokens
from voltroam.roaming.authorizing.knobs import AuthorizationKnobs
from voltroam.roaming.authorizing.whitelist import Rule, rule_for
from voltroam.roaming.directory import Directory
from voltroam.standard.parties import PartyId
from voltroam.standard.v2_2_1 import (
    AllowedType,
    AuthMethod,
    AuthorizationInfo,
    DisplayText,
    LocationReferences,
    Role,
    Token,
)


class Found(NamedTuple):
    """What an authorization will say, before it is logged."""

    allowed: AllowedType
    by: str
    token: Token | None = None
    partner: str | None = None
    reference: str | None = None
    location: LocationReferences | None = None
    info: DisplayText | None = None
    method: AuthMethod = AuthMethod.AUTH_REQUEST


UNKNOWN = Found(AllowedType.NOT_ALLOWED, "unknown")
UNREACHABLE = Found(AllowedType.NOT_ALLOWED, "unreachable")


class _Weighed(NamedTuple):
    held: HeldToken
    rule: Rule


class Consulting:
    """Consults list and eMSPs."""

    def __init__(
        self,
        directory: Directory,
        held: HeldTokens,
        asking: Asking,
        knobs: AuthorizationKnobs,
    ) -> None:
        self._directory = directory
        self._held = held
        self._asking = asking
        self._knobs = knobs

    async def consult(self, question: Question, contract_party: PartyId | None) -> Found:
        """`contract_party` narrows to one eMSP."""
        held = await self._held.find(question.uid, question.type, contract_party)
        if held:
            return await self._by_held(question, held)
        return await self._by_candidates(question, contract_party)

    async def _by_held(self, question: Question, held: Sequence[HeldToken]) -> Found:
        """Nobody is asked if one of them is good by the list alone."""
        prefer = self._knobs.prefer_asking
        weighed = [_Weighed(it, rule_for(it.token, prefer_asking=prefer)) for it in held]
        for one in weighed:
            if not one.rule.asks and one.rule.otherwise is AllowedType.ALLOWED:
                return await self._listed(one, "list")
        asks: list[Ask] = []
        silent: list[_Weighed] = []
        for one in weighed:
            if one.rule.asks:
                ask = await self._ask_owner(one.held.owner)
                if ask is None:
                    silent.append(one)
                else:
                    asks.append(ask)
        allowed, answers = await self._ask(asks, question)
        if allowed is not None:
            return allowed
        gone = {ask.to for ask, said in answers if said is Silence.UNREACHABLE}
        silent += [one for one in weighed if one.held.owner in gone]
        return await self._not_allowed(weighed, silent, answers)

    async def _not_allowed(
        self,
        weighed: Sequence[_Weighed],
        silent: Sequence[_Weighed],
        answers: Sequence[tuple[Ask, Answer]],
    ) -> Found:
        """No eMSP allows it; `silent`: the tokens whose eMSP could not be reached."""
        for one in silent:
            if one.rule.otherwise is AllowedType.ALLOWED:
                return await self._listed(one, "offline")
        refused = _refused(answers, [one.held for one in weighed])
        if refused is not None:
            return refused
        if silent:
            return await self._listed(silent[0], "unreachable")
        for one in weighed:
            if not one.rule.asks:
                return await self._listed(one, "list")
        return UNKNOWN

    async def _listed(self, one: _Weighed, by: str) -> Found:
        platform = await self._directory.route_to(one.held.owner, (Role.EMSP,))
        return Found(
            one.rule.otherwise, by, one.held.token, platform.id if platform else None,
            method=AuthMethod.WHITELIST,
        )  # fmt: skip

    async def _by_candidates(self, question: Question, contract_party: PartyId | None) -> Found:
        """No eMSP is known to have given us all that it has, so each is asked (TOK-WL-07)."""
        allowed, answers = await self._ask(await self._candidates(contract_party), question)
        if allowed is not None:
            return allowed
        refused = _refused(answers, ())
        if refused is not None:
            return refused
        if any(said is Silence.UNREACHABLE for _, said in answers):
            return UNREACHABLE
        return UNKNOWN

    async def _candidates(self, contract_party: PartyId | None) -> Sequence[Ask]:
        """Each eMSP party once; a hub finds the owner itself."""
        if contract_party is not None:
            ask = await self._ask_owner(contract_party)
            return [] if ask is None else [ask]
        found: dict[tuple[str, str], Ask] = {}
        for platform in await self._held.platforms():
            if not self._asking.can(platform):
                continue
            for party in platform.parties(Role.EMSP):
                found.setdefault((platform.id, party.folded), Ask(platform, party))
            if platform.is_hub:
                found[platform.id, ""] = Ask(platform, None)
        return list(found.values())

    async def _ask_owner(self, owner: PartyId) -> Ask | None:
        """None: there is no way to it now."""
        platform = await self._directory.route_to(owner, (Role.EMSP,))
        if platform is None or platform.paused or not self._asking.can(platform):
            return None
        return Ask(platform, owner)

    async def _ask(
        self, asks: Sequence[Ask], question: Question
    ) -> tuple[Found | None, list[tuple[Ask, Answer]]]:
        """The first ALLOWED ends it; else all answers."""
        answers: list[tuple[Ask, Answer]] = []
        if not asks:
            return None, answers
        coming = self._asking.answers(asks, question, self._knobs.partner_deadline)
        async with aclosing(coming) as arriving:
            async for ask, said in arriving:
                if isinstance(said, AuthorizationInfo) and said.allowed is AllowedType.ALLOWED:
                    return _told(ask, said), answers
                answers.append((ask, said))
        return None, answers


def _told(ask: Ask, info: AuthorizationInfo) -> Found:
    return Found(
        info.allowed, "emsp", info.token, ask.platform.id, info.authorization_reference,
        info.location, info.info,
    )  # fmt: skip


def _refused(answers: Sequence[tuple[Ask, Answer]], held: Sequence[HeldToken]) -> Found | None:
    """What an eMSP that knows the token said, before one that would not decide."""
    for ask, said in answers:
        if isinstance(said, AuthorizationInfo):
            return _told(ask, said)
    for ask, said in answers:
        if said is Silence.REFUSED:
            token = next((it.token for it in held if it.owner == ask.to), None)
            return Found(AllowedType.NOT_ALLOWED, "emsp", token, ask.platform.id)
    return None
