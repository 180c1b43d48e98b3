"""Tariffs for certain partners only, on both databases: what each partner is sent.

TAR-DEL-01, LOC-CON-01.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
import pytest_asyncio
from tests.delivery.fakes import OUR, TABLE, FakeCalls, Partner, identity, location, platform, role
from tests.delivery.fakes import tariff as tariff_document
from tests.delivery.node import QUICK, Node, until

from voltroam.roaming.marks import MARK, Marks, tariffs_for
from voltroam.roaming.narrowing import Narrowed, Narrowing, parties_named
from voltroam.roaming.platforms import Platform
from voltroam.standard.endpoints import LOCATION, SESSION, TARIFF, TOKEN
from voltroam.standard.errors import CallerError, NotFound
from voltroam.standard.parties import PartyId
from voltroam.standard.v2_2_1 import Role
from voltroam.store.interface import Store

ONE, OTHER = PartyId("DE", "ONE"), PartyId("FR", "OTH")
GOLD, PLACE = "tariffs/NL/OUR/GOLD", "locations/NL/OUR/L"


@pytest_asyncio.fixture
async def node(any_store: Store) -> AsyncIterator[Node]:
    made = Node(any_store, identity(), QUICK, FakeCalls())
    yield made
    await made.stop()


def narrowing(node: Node, wait: float = QUICK.marks_settle) -> Narrowing:
    return Narrowing(node.store, node.identity, TABLE, now=node.now, wait=wait)


async def show(node: Node, *parties: PartyId, name: str = "GOLD") -> Narrowed:
    """To these only; without any to all."""
    done = await narrowing(node).show(TARIFF, OUR, name, parties or None)
    await node.rest()
    return done


def partner(name: str, country: str, party: str) -> Platform:
    return platform(name, role(Role.EMSP, country, party))


async def two(node: Node) -> tuple[Partner, Partner]:
    one = await node.join(partner("one", "DE", "ONE"))
    other = await node.join(partner("other", "FR", "OTH"))
    node.start()
    return one, other


async def fill(node: Node, *names: str) -> None:
    for name in ("GOLD", "DAY"):
        await node.put(TARIFF, tariff_document(name))
    await node.put(LOCATION, location("L", tariffs=names or ("GOLD", "DAY")))


def ids(holder: Partner) -> list[str] | None:
    plug = holder.holds(PLACE)["evses"][0]["connectors"][0]
    found: list[str] | None = plug.get("tariff_ids")
    return found


async def test_who_loses_sight_gets_the_delete_and_the_location_without_the_id(node: Node) -> None:
    one, other = await two(node)
    await fill(node)
    await node.rest()
    before = other.holds(PLACE)["last_updated"]
    done = await show(node, ONE)
    assert (done.held, done.shown_anew, done.parties) == (True, 1, ("DE/ONE",))
    assert GOLD in one.held
    assert ids(one) == ["GOLD", "DAY"]
    assert GOLD not in other.held
    assert ids(other) == ["DAY"]
    assert other.holds(PLACE)["last_updated"] > before
    assert [sent.path for sent in other.of("DELETE")] == [GOLD]
    assert one.of("DELETE") == []


async def test_who_gains_sight_gets_the_tariff_first_and_then_the_location(node: Node) -> None:
    one, other = await two(node)
    await fill(node)
    await show(node, ONE)
    other.sent.clear()
    await show(node)
    assert GOLD in other.held
    assert ids(other) == ["GOLD", "DAY"]
    assert [sent.path.split("/")[0] for sent in other.sent] == ["tariffs", "locations"]
    assert await node.store.records(MARK) == []
    assert GOLD in one.held


async def test_a_tariff_marked_before_it_comes_was_never_seen_by_others(node: Node) -> None:
    one, other = await two(node)
    done = await show(node, ONE)
    assert not done.held
    await fill(node, "GOLD")
    await node.rest()
    assert GOLD in one.held
    assert ids(one) == ["GOLD"]
    assert b"GOLD" not in b"".join(sent.body or b"" for sent in other.sent)
    assert not any("GOLD" in sent.path for sent in other.sent)
    assert ids(other) is None


async def test_a_patch_is_made_of_what_the_partner_was_shown(node: Node) -> None:
    """CORE-MUT-07: a change of what others see only is no more than a new time."""
    one, other = await two(node)
    await show(node, ONE)
    await fill(node, "GOLD", "DAY")
    await node.rest()
    one.sent.clear()
    other.sent.clear()
    await node.put(LOCATION, location("L", at="2026-01-02T00:00:00Z", tariffs=("DAY",), name="new"))
    await node.rest()
    for holder in (one, other):
        assert ids(holder) == ["DAY"]
        assert holder.holds(PLACE)["name"] == "new"
        assert all(b"GOLD" not in (sent.body or b"") for sent in holder.sent)


async def test_a_status_goes_as_a_patch_to_those_who_see_less_too(node: Node) -> None:
    one, other = await two(node)
    await show(node, ONE)
    await fill(node)
    await node.rest()
    await node.put(
        LOCATION,
        location("L", at="2026-01-02T00:00:00Z", status="CHARGING", tariffs=("GOLD", "DAY")),
    )
    await node.rest()
    for holder in (one, other):
        (patch,) = holder.of("PATCH")
        assert patch.json["status"] == "CHARGING"
        assert holder.holds(PLACE)["evses"][0]["status"] == "CHARGING"
    assert ids(other) == ["DAY"]


async def test_a_partner_that_gets_the_party_gets_tariff_and_location(node: Node) -> None:
    """Its roles change, nothing of ours does."""
    _, other = await two(node)
    await show(node, PartyId("FR", "NEW"))
    await fill(node)
    await node.rest()
    assert ids(other) == ["DAY"]
    grown = (role(Role.EMSP, "FR", "OTH"), role(Role.EMSP, "FR", "NEW"))
    await node.directory.update("other", lambda it: msgspec.structs.replace(it, roles=grown))
    await until(lambda: GOLD in other.held and ids(other) == ["GOLD", "DAY"])
    first = grown[:1]
    await node.directory.update("other", lambda it: msgspec.structs.replace(it, roles=first))
    await until(lambda: GOLD not in other.held and ids(other) == ["DAY"])


async def test_a_location_that_is_taken_back_does_not_name_it_either(node: Node) -> None:
    _, other = await two(node)
    await show(node, ONE)
    await fill(node)
    await node.rest()
    other.sent.clear()
    await node.hide(LOCATION, id="L")
    await node.rest()
    (last,) = other.sent
    assert last.json["publish"] is False
    assert b"GOLD" not in (last.body or b"")


async def test_a_withdrawn_tariff_that_comes_again_is_still_for_the_same(node: Node) -> None:
    one, other = await two(node)
    await show(node, ONE)
    await fill(node)
    await node.delete(TARIFF, id="GOLD")
    await node.rest()
    assert GOLD not in one.held
    await node.put(TARIFF, tariff_document("GOLD", at="2027-01-01T00:00:00Z"))
    await node.rest()
    assert GOLD in one.held
    assert GOLD not in other.held


async def test_what_a_dead_process_began_another_one_finishes(node: Node) -> None:
    one, other = await two(node)
    await fill(node)
    await node.rest()
    dying = Narrowing(
        node.store, node.identity, TABLE, now=node.now, wait=0.03, sleep=_die
    )  # fmt: skip
    with pytest.raises(ProcessLookupError):
        await dying.show(TARIFF, OUR, "GOLD", [ONE])
    await asyncio.sleep(0.05)
    assert await narrowing(node).look(0) == 1
    assert await narrowing(node).look(0) == 0
    await node.rest()
    assert ids(one) == ["GOLD", "DAY"]
    assert ids(other) == ["DAY"]


async def _die(_seconds: float) -> None:
    raise ProcessLookupError


async def test_said_twice_it_changes_nothing(node: Node) -> None:
    await fill(node)
    await show_quietly(node, [ONE])
    head = await node.store.head()
    again = await show_quietly(node, [PartyId("de", "one")])
    assert (again.shown_anew, again.parties) == (0, ("DE/ONE",))
    assert await node.store.head() == head


async def show_quietly(node: Node, parties: list[PartyId] | None) -> Narrowed:
    return await narrowing(node).show(TARIFF, OUR, "gold", parties)


@pytest.mark.parametrize(
    ("parties", "why"),
    [([], "1 to 200"), ([PartyId("DE", "A+B")], "no party"), ([PartyId("DEU", "A")], "no party")],
)
async def test_a_list_of_parties_that_cannot_be_is_refused(
    node: Node, parties: list[PartyId], why: str
) -> None:
    with pytest.raises(CallerError, match=why):
        await show_quietly(node, parties)
    assert await node.store.records(MARK) == []


async def test_only_own_tariffs_can_be_for_some(node: Node) -> None:
    for resource in (LOCATION, TOKEN, SESSION):
        with pytest.raises(CallerError, match="never"):
            await narrowing(node).show(resource, OUR, "X", [ONE])
    with pytest.raises(NotFound):
        await narrowing(node).show(TARIFF, ONE, "X", [ONE])


async def test_partners_are_named_by_name_or_party(node: Node) -> None:
    await node.join(partner("one", "DE", "ONE"))
    assert await parties_named(node.directory, ["one", "FR/OTH", "de/one"]) == (
        PartyId("de", "one"), PartyId("FR", "OTH"),
    )  # fmt: skip
    with pytest.raises(NotFound, match="no partner nobody"):
        await parties_named(node.directory, ["nobody"])
    await node.join(platform("new", roles=()))
    with pytest.raises(CallerError, match="CC/PID"):
        await parties_named(node.directory, ["new"])


async def test_a_driver_gets_the_tariffs_of_its_party_before_those_of_all(node: Node) -> None:
    await show_quietly(node, [ONE])
    choose = tariffs_for(Marks(node.store), node.directory)
    named = ("DAY", "Gold", "NIGHT")
    assert await choose(OUR, PartyId("de", "one"), named) == [["Gold"], ["DAY", "NIGHT"]]
    assert await choose(OUR, OTHER, named) == [[], ["DAY", "NIGHT"]]
    assert await choose(PartyId("NL", "TWO"), OTHER, named) == [[], list(named)]


async def test_without_such_tariffs_nothing_is_looked_at(node: Node) -> None:
    """A list stays the very bytes that are stored."""
    documents: list[Any] = [b"not even JSON"]
    marks = Marks(node.store)
    assert await marks.shown(partner("one", "DE", "ONE"), LOCATION, documents) is documents
    assert not marks.last
