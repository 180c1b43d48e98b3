"""Classes of stored objects when settings, a profile or the clock change them, on both stores."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
import pytest_asyncio
from msgspec import structs
from tests.delivery.fakes import OUR, TABLE, FakeCalls, Partner, identity, location, platform, role
from tests.delivery.fakes import tariff as plain_tariff
from tests.delivery.hub_node import HubNode, party
from tests.delivery.node import QUICK, Node, until

from voltroam.delivery.reclassing import PIECE, Reclassing
from voltroam.roaming.accept import accept
from voltroam.roaming.audience import at_version
from voltroam.roaming.bridging import Bridging
from voltroam.roaming.platforms import Identity, Profile
from voltroam.roaming.reclass import basis_of, formerly
from voltroam.roaming.turns import TURN
from voltroam.standard.endpoints import LOCATION, TARIFF, Resource
from voltroam.standard.v2_2_1 import Role
from voltroam.standard.versions import V2_3_0, VERSIONS
from voltroam.store.interface import ObjectRow, PageQuery, Store
from voltroam.store.migrations import migrate
from voltroam.store.open import open_store

START = datetime(2026, 6, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
GOLD, PLACE = "tariffs/NL/OUR/GOLD", "locations/NL/OUR/L"
BOTH, HOME_ONLY = ("2.1.1", "2.2.1"), ("2.2.1",)


class Clock:
    def __init__(self) -> None:
        self.at = START

    def __call__(self) -> int:
        return round(self.at.timestamp() * 1e6)


class Dated(Node):
    """A node by a clock that the test sets, the store's too."""

    clock: Clock

    def now(self) -> int:
        return self.clock()


@pytest_asyncio.fixture
async def clock() -> Clock:
    return Clock()


@pytest_asyncio.fixture
async def store(any_url: str, clock: Clock) -> AsyncIterator[Store]:
    await migrate(any_url)
    opened = await open_store(any_url, now=clock)
    yield opened
    await opened.close()


def speaking(*versions: str, formerly: tuple[str, ...] = ()) -> Identity:
    return structs.replace(identity(), versions=versions, formerly=formerly)


def node_on(store: Store, clock: Clock, ident: Identity) -> Dated:
    Dated.clock = clock
    return Dated(store, ident, replace(QUICK, turns_every=0.02), FakeCalls())


def reclassing(node: Node) -> Reclassing:
    return Reclassing(
        node.store, node.directory, node.identity, TABLE,
        knobs=node.knobs, now=node.now, holder="test",
    )  # fmt: skip


def tariff(ident: str, **more: Any) -> bytes:
    return msgspec.json.encode(msgspec.json.decode(plain_tariff(ident)) | more)


def limited(ident: str) -> bytes:
    return tariff(ident, max_price={"excl_vat": 5})


def written(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def scheduled(ident: str) -> bytes:
    """In force from one hour after START to two hours after it."""
    return tariff(
        ident, start_date_time=written(START + HOUR), end_date_time=written(START + 2 * HOUR)
    )


async def row(node: Node, resource: Resource, ident: str) -> ObjectRow:
    found = await node.store.get(node.key(resource, id=ident))
    assert found is not None
    return found


async def listed(node: Node, version: str, resource: Resource, profile: Profile) -> list[str]:
    """What a partner of that version and profile finds in our list."""
    classes = at_version(["NL/OUR"], VERSIONS[version], node.identity, resource, profile)
    page = await node.store.page(PageQuery(resource.kind, classes, limit=1000))
    assert page.total == len(page.documents)
    return [msgspec.json.decode(one)["id"] for one in page.documents]


async def old_and_new(node: Node) -> tuple[Partner, Partner]:
    """A partner that speaks 2.1.1 and one of 2.2.1."""
    old = await node.join(platform("old", role(Role.EMSP, "DE", "OLD"), version="2.1.1"))
    new = await node.join(platform("new", role(Role.EMSP, "DE", "NEW")))
    return old, new


async def test_a_version_that_is_spoken_from_now_on_lists_only_what_it_may_be_shown(
    store: Store, clock: Clock
) -> None:
    """R211-054, R211-075: what was stored before is judged anew, and nobody is told of it."""
    before = node_on(store, clock, speaking(*HOME_ONLY))
    assert await reclassing(before).judge() == 0
    await before.put(TARIFF, plain_tariff("ALL"))
    await before.put(TARIFF, limited("LIMITED"))
    await before.put(LOCATION, location("L"))
    after = node_on(store, clock, speaking(*BOTH))
    assert len(await listed(after, "2.1.1", TARIFF, Profile())) == 2
    head = await store.head()
    assert await reclassing(after).judge() == 2
    assert await listed(after, "2.1.1", TARIFF, Profile()) == ["ALL"]
    assert await listed(after, "2.2.1", TARIFF, Profile()) == ["ALL", "LIMITED"]
    assert await listed(after, "2.1.1", LOCATION, Profile()) == []
    assert await listed(after, "2.2.1", LOCATION, Profile()) == ["L"]
    assert await store.head() == head
    assert await reclassing(after).judge() == 0


async def test_a_version_that_is_spoken_no_more_hides_nothing(store: Store, clock: Clock) -> None:
    before = node_on(store, clock, speaking(*BOTH))
    await reclassing(before).judge()
    await before.put(TARIFF, limited("LIMITED"))
    new = await before.join(platform("new", role(Role.EMSP, "DE", "NEW")))
    before.start()
    await before.rest()
    await before.stop()
    known = await formerly(store, HOME_ONLY)
    assert known == ("2.1.1",)
    after = node_on(store, clock, speaking(*HOME_ONLY, formerly=known))
    after.calls = before.calls
    after.delivery = after.make()
    assert await listed(after, "2.2.1", TARIFF, Profile()) == ["LIMITED"]
    after.start()
    await until_judged(store, HOME_ONLY)
    await after.rest()
    await after.stop()
    assert (await row(after, TARIFF, "LIMITED")).audience == "NL/OUR"
    assert await formerly(store, HOME_ONLY) == ()
    assert await listed(node_on(store, clock, speaking(*HOME_ONLY)), "2.2.1", TARIFF, Profile())
    assert [sent.method for sent in new.sent if sent.method != "GET"] == ["PUT"]


async def until_judged(store: Store, versions: tuple[str, ...]) -> None:
    async with asyncio.timeout(60):
        while (held := await basis_of(store)) is None or held.versions != versions:
            await asyncio.sleep(0.02)


async def test_a_pass_that_was_cut_off_goes_on_where_it_was(store: Store, clock: Clock) -> None:
    before = node_on(store, clock, speaking(*HOME_ONLY))
    await reclassing(before).judge()
    for number in range(PIECE + 10):
        await before.put(TARIFF, limited(f"T{number}"))
    after = node_on(store, clock, speaking(*BOTH))
    job = reclassing(after)
    assert await store.lease("classes", "another process", 60)
    assert await job.judge() == PIECE
    half = await basis_of(store)
    assert half is not None
    assert (half.next_versions, list(half.done)) == (BOTH, ["tariffs"])
    assert await formerly(store, BOTH) == ()
    await store.release("classes", "another process")
    assert await job.judge() == 10
    assert await listed(after, "2.1.1", TARIFF, Profile()) == []


async def test_a_profile_that_allows_more_brings_the_object_and_takes_it_back(
    store: Store, clock: Clock
) -> None:
    """R211-077: nothing is judged anew for it, so it does not matter when the object came."""
    node = node_on(store, clock, speaking(*BOTH))
    await node.put(TARIFF, limited("GOLD"))
    await node.put(LOCATION, location("L"))
    old, new = await old_and_new(node)
    node.start()
    await node.rest()
    assert (set(old.held), set(new.held)) == (set(), {GOLD, PLACE})
    there = await node.directory.platform("old")
    assert there is not None
    allowing = Profile(relaxations=("price-limits-dropped",), postal_code="0000")
    await node.directory.save(structs.replace(there, profile=allowing))
    await until(lambda: set(old.held) == {GOLD, PLACE})
    assert "max_price" not in old.holds(GOLD)
    assert await listed(node, "2.1.1", TARIFF, allowing) == ["GOLD"]
    assert await listed(node, "2.1.1", LOCATION, allowing) == ["L"]
    assert await listed(node, "2.1.1", TARIFF, Profile()) == []
    await node.directory.save(structs.replace(there, profile=Profile(postal_code="0000")))
    await until(lambda: set(old.held) == {PLACE})
    await node.stop()


async def test_the_same_holds_for_what_came_in_2_3_0_and_a_partner_of_2_2_1(
    store: Store, clock: Clock
) -> None:
    """A price that includes its tax, and has no end without it: rounded for who takes it so."""
    node = node_on(store, clock, speaking("2.1.1", "2.2.1", "2.3.0"))
    priced = {"type": "ENERGY", "price": 0.35, "vat": 19, "step_size": 1}
    document = tariff("GOLD", tax_included="YES", elements=[{"price_components": [priced]}])
    bridging = Bridging(store, node.identity, now=node.now)
    inward = await bridging.inward(TARIFF, V2_3_0, None, [document])
    change = accept(
        TARIFF, document, version=V2_3_0, source=None, identity=node.identity, strict=True,
        inward=inward,
    )  # fmt: skip
    await store.apply(change)
    old, new = await old_and_new(node)
    node.start()
    await node.rest()
    assert (old.held, new.held) == ({}, {})
    for partner in (old, new):
        there = await node.directory.platform(partner.id)
        assert there is not None
        allowing = Profile(relaxations=("rounded-net-prices",))
        await node.directory.save(structs.replace(there, profile=allowing))
        await until(lambda partner=partner: set(partner.held) == {GOLD})
        shown = partner.holds(GOLD)
        assert shown["elements"][0]["price_components"][0]["price"] == 0.294118
        assert "tax_included" not in shown
        await node.directory.save(there)
        await until(lambda partner=partner: not partner.held)
    await node.stop()


async def test_all_that_a_tariff_needs_must_be_allowed(store: Store, clock: Clock) -> None:
    node = node_on(store, clock, speaking("2.1.1", "2.2.1", "2.3.0"))
    await node.put(TARIFF, tariff("T", max_price={"excl_vat": 5}, type="AD_HOC_PAYMENT"))
    one = Profile(relaxations=("price-limits-dropped",))
    both = Profile(relaxations=("price-limits-dropped", "tariff-types-dropped", "unknown-words"))
    assert (await row(node, TARIFF, "T")).audience == "NL/OUR~2.2.1!lt"
    assert await listed(node, "2.1.1", TARIFF, one) == []
    assert await listed(node, "2.1.1", TARIFF, both) == ["T"]
    for version in ("2.2.1", "2.3.0"):
        assert await listed(node, version, TARIFF, Profile()) == ["T"]


async def test_a_tariff_goes_to_2_1_1_when_it_begins_and_is_taken_back_when_it_ends(
    store: Store, clock: Clock
) -> None:
    """R211-077: PUT at its start, DELETE at its end; the connector names it meanwhile."""
    node = node_on(store, clock, speaking(*BOTH))
    old, new = await old_and_new(node)
    await node.put(TARIFF, scheduled("GOLD"))
    await node.put(LOCATION, location("L", tariffs=("GOLD",), postal_code="1000AA"))
    node.start()
    await node.rest()
    assert set(old.held) == {PLACE}
    assert "tariff_id" not in _plug(old)
    assert GOLD in new.held

    clock.at = START + HOUR
    await until(lambda: GOLD in old.held and _plug(old).get("tariff_id") == "GOLD")
    assert "start_date_time" not in old.holds(GOLD)
    assert old.holds(GOLD)["last_updated"] == written(START + HOUR)
    assert await listed(node, "2.1.1", TARIFF, Profile()) == ["GOLD"]

    clock.at = START + 2 * HOUR
    await until(lambda: GOLD not in old.held and "tariff_id" not in _plug(old))
    assert await listed(node, "2.1.1", TARIFF, Profile()) == []
    await node.rest()
    assert {GOLD, PLACE} <= set(new.held)
    assert await store.records(TURN) == []
    await node.stop()


def _plug(holder: Partner) -> dict[str, Any]:
    plug: dict[str, Any] = holder.holds(PLACE)["evses"][0]["connectors"][0]
    return plug


async def test_what_became_of_a_dated_tariff_meanwhile_counts(store: Store, clock: Clock) -> None:
    node = node_on(store, clock, speaking(*BOTH))
    for ident in ("GONE", "FREE", "LATER", "HIDDEN"):
        await node.put(TARIFF, scheduled(ident))
    await node.delete(TARIFF, id="GONE")
    at = written(START + timedelta(minutes=1))
    await node.put(TARIFF, tariff("FREE", last_updated=at))
    later = {"start_date_time": written(START + 3 * HOUR), "last_updated": at}
    await node.put(TARIFF, tariff("LATER", **later))
    await node.hide(TARIFF, id="HIDDEN")
    clock.at = START + HOUR
    job = reclassing(node)
    assert await job.turn() == 0
    assert await listed(node, "2.1.1", TARIFF, Profile()) == ["FREE"]
    assert len(await store.records(TURN)) == 2
    await node.hide(TARIFF, private=False, id="HIDDEN")
    assert await listed(node, "2.1.1", TARIFF, Profile()) == ["FREE", "HIDDEN"]
    clock.at = START + 3 * HOUR
    assert await job.turn() == 2
    assert await listed(node, "2.1.1", TARIFF, Profile()) == ["FREE", "LATER"]


async def test_a_tariff_that_ends_while_it_is_shown_is_not_forgotten(
    store: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = node_on(store, clock, speaking(*BOTH))
    await node.put(TARIFF, scheduled("GOLD"))
    await node.join(platform("old", role(Role.EMSP, "DE", "OLD"), version="2.1.1"))

    async def slow(*_: object, **_how: object) -> int:
        clock.at = START + 2 * HOUR
        return 0

    monkeypatch.setattr("voltroam.delivery.reclassing.show_anew", slow)
    clock.at = START + HOUR
    job = reclassing(node)
    assert [await job.turn(), await job.turn(), await job.turn()] == [1, 1, 0]
    assert await listed(node, "2.1.1", TARIFF, Profile()) == []
    assert await store.records(TURN) == []


async def test_a_dated_tariff_that_was_stored_before_turns_too(store: Store, clock: Clock) -> None:
    before = node_on(store, clock, speaking(*HOME_ONLY))
    await before.put(TARIFF, scheduled("GOLD"))
    assert await store.records(TURN) == []
    after = node_on(store, clock, speaking(*BOTH))
    await reclassing(after).judge()
    clock.at = START + HOUR
    assert await reclassing(after).turn() == 1
    assert await listed(after, "2.1.1", TARIFF, Profile()) == ["GOLD"]


async def test_another_owners_tariff_keeps_its_time_when_a_hub_shows_it(
    store: Store, clock: Clock
) -> None:
    hub = structs.replace(identity(role(Role.HUB, "DE", "HUB")), versions=BOTH)
    node = node_on(store, clock, hub)
    cpo = platform("cpo", role(Role.CPO, OUR.country_code, OUR.party_id))
    await node.join(cpo)
    await node.put(TARIFF, scheduled("GOLD"), source=cpo)
    held = await row(node, TARIFF, "GOLD")
    clock.at = START + HOUR
    assert await reclassing(node).turn() == 1
    shown = await row(node, TARIFF, "GOLD")
    assert (held.audience, shown.audience) == ("NL/OUR~2.2.1!s", "NL/OUR")
    assert (shown.document, shown.last_updated) == (held.document, held.last_updated)
    assert shown.changed > held.changed


class DatedHub(HubNode):
    """A hub by a clock that the test sets."""

    at: Clock
    versions = BOTH

    def now(self) -> int:
        return self.at()


async def test_a_hub_tells_2_1_1_anew_what_names_a_tariff_that_begins_or_ends(
    store: Store, clock: Clock
) -> None:
    """R211-077: the location is its owner's and keeps its time; who speaks 2.2.1 hears nothing,
    for there it is the same."""
    DatedHub.at = clock
    begin, end = START + timedelta(seconds=20), START + timedelta(seconds=40)
    hub = DatedHub(store, FakeCalls(), replace(QUICK, turns_every=0.02), "open", 300.0)
    cpo = party("cpo", (Role.CPO, "NL/OUR"))
    await hub.join(cpo)
    old = await hub.join(party("old", (Role.EMSP, "DE/OLD"), version="2.1.1"))
    new = await hub.join(party("new", (Role.EMSP, "DE/NEW")))
    await hub.share(
        TARIFF, tariff("GOLD", start_date_time=written(begin), end_date_time=written(end)), cpo
    )
    place = location("L", tariffs=("GOLD",), postal_code="1000AA")
    await hub.share(LOCATION, place, cpo)
    hub.start()
    await hub.settle()
    [at_old], [at_new] = ([one for one in it.held if "locations/" in one] for it in (old, new))
    told = len([one for one in new.sent if one.path == at_new])

    def shown() -> Any:
        return old.holds(at_old)["evses"][0]["connectors"][0].get("tariff_id")

    assert shown() is None
    clock.at = begin
    await until(lambda: shown() == "GOLD")
    assert old.holds(at_old)["last_updated"] == msgspec.json.decode(place)["last_updated"]
    clock.at = end
    await until(lambda: shown() is None)
    await hub.settle()
    assert new.holds(at_new) == msgspec.json.decode(place)
    assert len([one for one in new.sent if one.path == at_new]) == told
    await hub.stop()
