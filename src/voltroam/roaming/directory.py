"""The partners we know, and whose token that is.

Platforms are records, read at most once a second. Inbound tokens are records of their own, found by
keyed hash: one token identifies exactly one platform (OCPI 2.2.1 §transport, authorization header).
"""

import time
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import msgspec

from voltroam.roaming.platforms import PLATFORM, Caller, Letter, Platform, Status
from voltroam.roaming.vault import Vault
from voltroam.standard.endpoints import CLIENT_INFO
from voltroam.standard.errors import CallerError
from voltroam.standard.parties import PartyId, fold
from voltroam.standard.v2_2_1 import Role
from voltroam.standard.versions import HOME, VERSIONS, Version
from voltroam.store.interface import (
    Change,
    Decision,
    EventDraft,
    Held,
    ObjectKey,
    RecordDraft,
    RecordKey,
    Store,
)
from voltroam.wire.headers import Presented

TOKEN = "credentials_token"  # noqa: S105  (a record kind)
"""Record kind of `TokenRecord`; the record's id is the token's hash, its parent the platform."""
NAME = "platform_name"
"""Record kind that keeps names unique: id is the folded name, document the platform's id."""
ROSTER = "hub_roster"
"""Record kind: this hub has told us whom it connects; the id is the hub's platform id."""
FRESH = 1.0
"""Seconds for which what was read may be used again."""


class TokenRecord(msgspec.Struct, frozen=True):
    platform: str
    letter: Letter
    valid_until: int | None = None
    """Microseconds since 1970 UTC."""


class _Read(NamedTuple):
    at: float
    platform: Platform


class _Seen(NamedTuple):
    at: float
    record: TokenRecord


class _Called(NamedTuple):
    until: float
    caller: Caller
    valid_until: int | None


_Found = tuple[TokenRecord | None, Platform | None]


def platform_draft(platform: Platform) -> RecordDraft:
    return RecordDraft(RecordKey(PLATFORM, platform.id), msgspec.json.encode(platform))


def token_draft(hashed: str, record: TokenRecord) -> RecordDraft:
    return RecordDraft(RecordKey(TOKEN, hashed), msgspec.json.encode(record), record.platform)


def token_gone(hashed: str) -> RecordDraft:
    return RecordDraft(RecordKey(TOKEN, hashed), None)


def name_key(name: str) -> RecordKey:
    return RecordKey(NAME, fold(name.strip()))


def read_platform(document: bytes) -> Platform:
    return _PLATFORM.decode(document)


_PLATFORM = msgspec.json.Decoder(Platform)
_TOKEN = msgspec.json.Decoder(TokenRecord)


class Directory:
    """All partners. `now` gives microseconds since 1970 UTC, `clock` monotonic seconds."""

    def __init__(
        self,
        store: Store,
        vault: Vault,
        *,
        now: Callable[[], int] = lambda: time.time_ns() // 1000,
        clock: Callable[[], float] = time.monotonic,
        spoken: Iterable[Version] = (HOME,),
    ) -> None:
        self._store = store
        self._vault = vault
        self._now = now
        self._clock = clock
        self._tokens: dict[str, _Seen] = {}
        self._platforms: dict[str, _Read] = {}
        self._callers: dict[str, _Called] = {}
        """By token, for the many calls within one second; emptied when one outlived it."""
        self._all: tuple[float, tuple[Platform, ...]] | None = None
        self._operators: tuple[float, tuple[PartyId, ...]] | None = None
        self._decoded: dict[str, tuple[bytes, Platform]] = {}
        """By id, with the document it was decoded from: of many platforms few move."""
        self._contacts: dict[str, int] = {}
        self._raw_first = any(not version.base64_token for version in spoken)
        """Who registers may speak a version that sends its token as it is."""
        self._age = 0
        """Grows with each `forget`, so that a read under way does not bring back what was."""

    async def platform(self, platform_id: str) -> Platform | None:
        """As it stands, or as it stood at most a second ago."""
        read = self._platforms.get(platform_id)
        if read is not None and self._clock() - read.at < FRESH:
            return read.platform
        return await self._look_up(platform_id)

    async def by_token(self, presented: Presented) -> Caller | None:
        """The platform that this token belongs to; None is a 401 (CORE-AUTH-06).

        A raw token counts only where the platform's profile or version allows it (CORE-AUTH-11).
        """
        if presented.decoded is not None:
            caller = await self._caller(presented.decoded)
            if caller is not None:
                return caller
        caller = await self._caller(presented.raw)
        return caller if caller is not None and self._comes_raw(caller) else None

    def recall(self, presented: Presented) -> Caller | None:
        """`by_token` for who is known by heart; None: ask it. Only of a decoded token."""
        called = self._callers.get(presented.decoded or "")
        if called is None or self._clock() >= called.until or self._is_over(called.valid_until):
            return None
        return called.caller

    def _comes_raw(self, caller: Platform) -> bool:
        if caller.profile.raw_token:
            return True
        version = VERSIONS.get(caller.version or "")
        return self._raw_first if version is None else not version.base64_token

    async def by_name(self, name: str) -> Platform | None:
        """Names compare without case."""
        record = await self._store.record(name_key(name))
        return await self.platform(record.document.decode()) if record else None

    async def all(self) -> tuple[Platform, ...]:
        """Every platform, removed ones too, by id. One that did not move is the same object."""
        if self._all is not None and self._clock() - self._all[0] < FRESH:
            return self._all[1]
        at, age = self._clock(), self._age
        decoded: dict[str, tuple[bytes, Platform]] = {}
        after = ""
        while page := await self._store.records(PLATFORM, after=after):
            for record in page:
                known = self._decoded.get(record.key.id)
                if known is None or known[0] != record.document:
                    known = (record.document, read_platform(record.document))
                decoded[record.key.id] = known
            after = page[-1].key.id
        self._decoded = decoded
        found = tuple(platform for _, platform in decoded.values())
        if self._all is not None and found == self._all[1]:
            found = self._all[1]
        if age == self._age:
            self._all = (at, found)
        return found

    async def save(self, platform: Platform) -> None:
        """Write it whole. CallerError 2001 if its name is another platform's."""

        def decide(held: Held) -> Decision[None]:
            return Decision(None, records=(platform_draft(platform), claim_name(held, platform)))

        await self._store.apply(Change(decide, records=(name_key(platform.name),)))
        self.forget(platform.id)

    async def update(
        self, platform_id: str, change: Callable[[Platform], Platform]
    ) -> Platform | None:
        """Change it as it stands inside the transaction; None if there is no such platform.

        `change` may run more than once and must not rename. What it leaves equal writes nothing.
        """
        key = RecordKey(PLATFORM, platform_id)

        def decide(held: Held) -> Decision[Platform | None]:
            record = held.records.get(key)
            if record is None:
                return Decision(None)
            before = read_platform(record.document)
            after = change(before)
            if after == before:
                return Decision(before)
            return Decision(after, records=(platform_draft(after),), events=_noted(before, after))

        platform = await self._store.apply(Change(decide, records=(key,)))
        self.forget(platform_id)
        return platform

    async def route_to(self, party: PartyId, roles: Iterable[Role] = ()) -> Platform | None:
        """The one platform that a party is reached by: direct before hub (design: one route).

        `roles` narrows to the party in one of these roles, for one pair may be two companies' roles
        on two platforms.
        """
        wanted = tuple(roles)
        platforms = [platform for platform in await self.all() if platform.is_registered]
        for platform in platforms:
            if any(own.same(party) for own in platform.parties(*wanted)):
                return platform
        hubs = {platform.id: platform for platform in platforms if platform.is_hub}
        if not hubs:
            return None
        for role in wanted or tuple(Role):
            known = await self._store.get(client_info_key(party, role))
            if known is not None and not known.deleted:
                for hub in sorted(known.sources & hubs.keys()):
                    return hubs[hub]
        return None

    async def behind(self, hub: Platform, roles: Iterable[Role]) -> tuple[PartyId, ...]:
        """The parties, of these roles, that have their route through this hub."""
        wanted = frozenset(roles)
        parties: dict[str, PartyId] = {}
        async for row in self._store.scan(CLIENT_INFO.kind):
            if hub.id in row.sources and Role(row.key.id) in wanted:
                country, _, code = row.key.owner.partition("/")
                parties[row.key.owner] = PartyId(country, code)
        routed = []
        for party in parties.values():
            route = await self.route_to(party, wanted)
            if route is not None and route.id == hub.id:
                routed.append(party)
        return tuple(routed)

    async def operators(self) -> tuple[PartyId, ...]:
        """The CPOs that we exchange with, each once: partners' own, and those behind hubs."""
        if self._operators is not None and self._clock() - self._operators[0] < FRESH:
            return self._operators[1]
        at, age = self._clock(), self._age
        found: dict[str, PartyId] = {}
        for platform in await self.all():
            if platform.is_registered:
                met = platform.parties(Role.CPO)
                if platform.is_hub:
                    met += await self.behind(platform, (Role.CPO,))
                found |= {party.folded: party for party in met}
        operators = tuple(found.values())
        if age == self._age:
            self._operators = (at, operators)
        return operators

    async def told_by(self, hub_id: str) -> tuple[ObjectKey, ...]:
        """The client info of the parties that a hub told of, or lists."""
        rows = self._store.scan(CLIENT_INFO.kind)
        return tuple([row.key async for row in rows if hub_id in row.sources])

    def contact(self, platform_id: str) -> None:
        """Note that it called us, or answered."""
        self._contacts[platform_id] = self._now()

    def last_contact(self, platform_id: str) -> int | None:
        """Microseconds since 1970 UTC; None: not since this process started."""
        return self._contacts.get(platform_id)

    def forget(self, platform_id: str) -> None:
        """What was read of it is no longer true."""
        self._age += 1
        self._platforms.pop(platform_id, None)
        self._all = self._operators = None
        self._callers.clear()
        self._tokens = {
            hashed: seen
            for hashed, seen in self._tokens.items()
            if seen.record.platform != platform_id
        }

    async def _caller(self, token: str) -> Caller | None:
        called = self._callers.get(token)
        if called is not None:
            if self._clock() < called.until and not self._is_over(called.valid_until):
                return called.caller
            self._callers.clear()
        for hashed in self._vault.hashes(token):
            seen = self._tokens.get(hashed)
            if seen is not None and self._clock() - seen.at < FRESH:
                found: _Found = seen.record, await self.platform(seen.record.platform)
            else:
                found = await self._look_up_token(hashed)
            record, platform = found
            if record is None or platform is None or self._is_over(record.valid_until):
                continue
            caller = Caller.of(platform, token, record.letter)
            self._remember(hashed, caller, record, platform)
            return caller
        return None

    def _remember(
        self, hashed: str, caller: Caller, record: TokenRecord, platform: Platform
    ) -> None:
        """For as long as both the token and its platform are fresh."""
        seen, read = self._tokens.get(hashed), self._platforms.get(record.platform)
        if seen is not None and read is not None and read.platform is platform:
            until = min(seen.at, read.at) + FRESH
            self._callers[caller.token] = _Called(until, caller, record.valid_until)

    def _is_over(self, valid_until: int | None) -> bool:
        return valid_until is not None and valid_until <= self._now()

    async def _look_up_token(self, hashed: str) -> _Found:
        """Only known tokens are remembered: an unknown one is looked up each time.

        With a token that is new here the platform is read anew as well: TOKEN_C works at once in
        every process (CORE-REG-10).
        """
        self._tokens.pop(hashed, None)
        at, age = self._clock(), self._age
        record = await self._store.record(RecordKey(TOKEN, hashed))
        if record is None:
            return None, None
        found = _TOKEN.decode(record.document)
        if age == self._age:
            self._tokens[hashed] = _Seen(at, found)
        return found, await self._look_up(found.platform)

    async def _look_up(self, platform_id: str) -> Platform | None:
        at, age = self._clock(), self._age
        record = await self._store.record(RecordKey(PLATFORM, platform_id))
        if record is None:
            self._platforms.pop(platform_id, None)
            return None
        platform = read_platform(record.document)
        if age == self._age:
            self._platforms[platform_id] = _Read(at, platform)
        return platform


def claim_name(held: Held, platform: Platform) -> RecordDraft:
    """The record that makes a name this platform's; CallerError 2001 if it is another's.

    The change must name `name_key(platform.name)` among its records.
    """
    key = name_key(platform.name)
    taken = held.records.get(key)
    if taken is not None and taken.document.decode() != platform.id:
        raise CallerError(f"There is a partner named {platform.name} already")
    return RecordDraft(key, platform.id.encode())


def client_info_key(party: PartyId, role: Role) -> ObjectKey:
    """Hub client info is kept by the triple, for one party may have two roles (CORE-HCI-12)."""
    return ObjectKey(CLIENT_INFO.kind, party.folded, fold(role.value))


def _noted(before: Platform, after: Platform) -> Sequence[EventDraft]:
    if before.status is after.status:
        return ()
    word = msgspec.json.encode({"status": Status(after.status).value, "name": after.name})
    return (EventDraft("partner.changed", f"partner/{after.id}", word),)
