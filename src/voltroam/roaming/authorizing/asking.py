"""Asking eMSPs about a token: all candidates at once, within one deadline.

An answer that is late, no OCPI, a fault of the far end, or about another token is no answer: that
eMSP counts as unreachable. 404 or 2004 says that it does not know the token.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from enum import Enum
from typing import NamedTuple

import msgspec

from voltroam.roaming.exchange import Exchange
from voltroam.roaming.platforms import Platform
from voltroam.standard.endpoints import Endpoint
from voltroam.standard.errors import OcpiError, Refused
from voltroam.standard.parties import PartyId, fold
from voltroam.standard.status import StatusCode
from voltroam.standard.v2_2_1 import (
    AllowedType,
    AuthorizationInfo,
    LocationReferences,
    Role,
    TokenType,
)
from voltroam.wire.call import Routing
from voltroam.wire.decode import read
from voltroam.wire.encode import encode


class Silence(Enum):
    """What an eMSP can say besides an AuthorizationInfo."""

    UNKNOWN = "unknown"
    """It does not know the token."""
    REFUSED = "refused"
    """It answered, but would not decide, for instance without a location (2002)."""
    UNREACHABLE = "unreachable"


Answer = AuthorizationInfo | Silence


class Ask(NamedTuple):
    """One eMSP to ask: by which platform, and as which party (None: the hub finds it)."""

    platform: Platform
    to: PartyId | None


class Question(NamedTuple):
    uid: str
    type: TokenType
    location: LocationReferences | None
    operator: PartyId


class Asking:
    """Puts one question to many. `row` is the table's row of authorize."""

    def __init__(self, exchange: Exchange, row: Endpoint) -> None:
        self._exchange = exchange
        self._row = row

    def can(self, platform: Platform) -> bool:
        """Whether it has the endpoint at all."""
        interface = self._row.interface
        name = self._row.module.name
        return interface is not None and platform.endpoint(name, interface) is not None

    async def answers(
        self, asks: Sequence[Ask], question: Question, deadline: float
    ) -> AsyncGenerator[tuple[Ask, Answer], None]:
        """As they come; those that are late come last, as unreachable.

        Whoever stops early must close the iterator: what is still under way is then given up.
        """
        tasks = {asyncio.create_task(self._ask(ask, question)): ask for ask in asks}
        end = asyncio.get_running_loop().time() + deadline
        pending = set(tasks)
        try:
            while pending:
                left = max(0.0, end - asyncio.get_running_loop().time())
                done, pending = await asyncio.wait(
                    pending, timeout=left, return_when=asyncio.FIRST_COMPLETED
                )
                for task in done:
                    yield tasks[task], task.result()
                if not done:
                    break
            for task in pending:
                yield tasks[task], Silence.UNREACHABLE
        finally:
            for task in pending:
                task.cancel()
            await asyncio.gather(*pending, return_exceptions=True)

    async def _ask(self, ask: Ask, question: Question) -> Answer:
        try:
            reply = await self._exchange.call(
                ask.platform, self._row, keys={"token_uid": question.uid},
                query={} if question.type is TokenType.RFID else {"type": question.type.value},
                body=None if question.location is None else encode(question.location),
                routing=Routing(to=ask.to, sender=question.operator),
            )  # fmt: skip
        except Refused as fault:
            return _refusal(fault)
        except OcpiError:
            return Silence.UNREACHABLE
        if reply.data is None:
            return Silence.UNREACHABLE
        try:
            reading = read(AuthorizationInfo, reply.data)
        except OcpiError:
            return Silence.UNREACHABLE
        info = reading.value
        if info is None or not reading.usable(strict=False) or not _fits(info, ask, question):
            return Silence.UNREACHABLE
        return _at_place(info, question.location)


def _refusal(fault: Refused) -> Silence:
    if fault.code == StatusCode.UNKNOWN_TOKEN or fault.http == 404:
        return Silence.UNKNOWN
    if fault.http == 200 and fault.code is not None and 2000 <= fault.code < 3000:
        return Silence.REFUSED
    return Silence.UNREACHABLE


def _fits(info: AuthorizationInfo, ask: Ask, question: Question) -> bool:
    """The token that was asked for, of a party that may speak for it."""
    token = info.token
    if fold(token.uid) != fold(question.uid) or token.type is not question.type:
        return False
    owner = PartyId(token.country_code, token.party_id)
    if ask.to is not None:
        return owner.same(ask.to)
    return ask.platform.is_hub or any(
        owner.same(party) for party in ask.platform.parties(Role.EMSP)
    )


def _at_place(info: AuthorizationInfo, asked: LocationReferences | None) -> AuthorizationInfo:
    """ALLOWED, but for EVSEs that were not asked for, is NOT_ALLOWED here."""
    there = info.location
    if info.allowed is not AllowedType.ALLOWED or asked is None or there is None:
        return info
    elsewhere = fold(there.location_id) != fold(asked.location_id)
    wanted = {fold(uid) for uid in asked.evse_uids or ()}
    given = {fold(uid) for uid in there.evse_uids or ()}
    if elsewhere or (wanted and given and not wanted & given):
        return msgspec.structs.replace(
            info, allowed=AllowedType.NOT_ALLOWED, location=None, authorization_reference=None
        )
    return info
