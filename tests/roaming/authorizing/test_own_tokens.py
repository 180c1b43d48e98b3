"""Own tokens in memory: quick, and never older than a second."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from tests.roaming import objects as doc
from tests.roaming.company import Company

from voltroam.roaming.authorizing import own_tokens
from voltroam.roaming.authorizing.limiting import Bearer, Limiting
from voltroam.roaming.authorizing.limits import Mark
from voltroam.roaming.authorizing.own_tokens import OwnToken, OwnTokens, read_type
from voltroam.standard.parties import PartyId
from voltroam.standard.v2_2_1 import TokenType
from voltroam.store.interface import ObjectKey, Store

UID = "012345678"
RFID = TokenType.RFID


class Counting:
    """A store that counts the objects read; `meanwhile` happens after each read."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.reads = 0
        self.meanwhile: Callable[[], Awaitable[object]] | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def get(self, key: ObjectKey) -> Any:
        self.reads += 1
        row = await self._store.get(key)
        if self.meanwhile is not None:
            work, self.meanwhile = self.meanwhile, None
            await work()
        return row


@pytest.fixture
def counting(emsp: Company) -> Counting:
    return Counting(emsp.store)


@pytest.fixture
def tokens(emsp: Company, counting: Counting) -> OwnTokens:
    store: Any = counting
    return OwnTokens(store, emsp.identity, emsp.vault.hash, clock=emsp.clock.seconds)


async def found(tokens: OwnTokens, uid: str = UID) -> OwnToken:
    own = await tokens.find(uid, RFID)
    assert own is not None
    return own


async def test_a_token_is_read_once_while_nothing_changes(
    emsp: Company, tokens: OwnTokens, counting: Counting
) -> None:
    await emsp.import_("tokens", doc.token())
    for _ in range(5):
        emsp.clock.forward(2)
        assert (await found(tokens)).token.uid == UID
    assert counting.reads == 1
    await emsp.import_("tokens", doc.token(uid="OTHER"))
    emsp.clock.forward(2)
    await found(tokens)
    assert counting.reads == 1


async def test_a_change_is_seen_within_a_second(
    emsp: Company, tokens: OwnTokens, counting: Counting
) -> None:
    await emsp.import_("tokens", doc.token())
    await found(tokens)
    await tokens.find(UID, RFID, PartyId("de", "msp"))
    await emsp.import_("tokens", doc.token(valid=False, last_updated=doc.T2))
    emsp.clock.forward(1)
    assert not (await found(tokens)).token.valid
    by_owner = await tokens.find(UID, RFID, PartyId("de", "msp"))
    assert by_owner is not None
    assert not by_owner.token.valid
    assert counting.reads == 4


async def test_new_limits_are_seen_within_a_second(emsp: Company, tokens: OwnTokens) -> None:
    await emsp.import_("tokens", doc.token(group_id="G"))
    limiting = Limiting(emsp.store, emsp.identity)
    assert (await found(tokens)).limits.mark is None
    for bearer in (Bearer(UID), Bearer("g", None)):
        await limiting.mark(bearer, Mark.EXPIRED)
        emsp.clock.forward(1)
        assert (await found(tokens)).limits.mark is Mark.EXPIRED
        await limiting.mark(bearer, None)
        emsp.clock.forward(1)
        assert (await found(tokens)).limits.mark is None


async def test_after_much_news_everything_is_read_anew(
    emsp: Company, tokens: OwnTokens, counting: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own_tokens, "MOST_NEWS", 2)
    await emsp.import_("tokens", doc.token())
    await found(tokens)
    for number in range(3):
        await emsp.import_("tokens", doc.token(uid=f"N{number}"))
    emsp.clock.forward(1)
    await found(tokens)
    assert counting.reads == 2


async def test_a_token_that_changes_while_it_is_read_is_not_kept(
    emsp: Company, tokens: OwnTokens, counting: Counting
) -> None:
    await emsp.import_("tokens", doc.token())
    await emsp.import_("tokens", doc.token(uid="OTHER"))
    await found(tokens, "OTHER")

    async def change() -> None:
        await emsp.import_("tokens", doc.token(valid=False, last_updated=doc.T2))
        emsp.clock.forward(1)
        await found(tokens, "OTHER")

    counting.meanwhile = change
    assert (await found(tokens)).token.valid
    assert not (await found(tokens)).token.valid


async def test_memory_is_bounded(
    emsp: Company, tokens: OwnTokens, counting: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own_tokens, "KEPT", 2)
    for number in range(3):
        await emsp.import_("tokens", doc.token(uid=f"N{number}"))
    for number in (0, 1, 2, 2):
        await found(tokens, f"N{number}")
    assert counting.reads == 3
    assert await tokens.find("NOBODY", RFID) is None
    await emsp.import_("tokens", doc.token(uid="NOBODY"))
    assert (await found(tokens, "NOBODY")).token.uid == "NOBODY"


def test_the_type_defaults_to_rfid() -> None:
    """TOK-RCV-02"""
    assert read_type(None) is RFID
    assert read_type("app_user") is TokenType.APP_USER
    assert read_type("CARD") is None
