"""Pull: what partners list comes in, bad objects are set aside, vanished ones end."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import structs
from tests.delivery.fakes import (
    Partner,
    cdr,
    identity,
    location,
    platform,
    role,
    session,
    tariff,
    token,
)
from tests.delivery.node import QUICK, Node, node, until

from voltroam.delivery.sync import PullReport
from voltroam.delivery.vanished import Vanished
from voltroam.roaming.accept import accept
from voltroam.roaming.names import NameTables
from voltroam.roaming.platforms import Platform
from voltroam.standard.endpoints import CDR, LOCATION, SESSION, TARIFF, TOKEN, Resource
from voltroam.standard.errors import PartnerError
from voltroam.standard.v2_2_1 import Role
from voltroam.standard.versions import V2_2_1
from voltroam.store.interface import Change, Store
from voltroam.wire.times import parse_datetime, to_micros

EMSP = identity(role(Role.EMSP, "DE", "MSP"))
CPO = platform("p1", role(Role.CPO, "NL", "OUR"))
"""The partner is the CPO whose objects the fakes make."""
T1 = "2026-01-01T00:01:00Z"


async def partner_of(ours: Node, known: Platform = CPO, **lists: list[bytes]) -> Partner:
    partner = await ours.join(known)
    partner.offers.update(lists)
    return partner


async def held(ours: Node, resource: Resource) -> dict[str, bytes]:
    return {row.key.id: row.document async for row in ours.store.scan(resource.kind)}


async def test_a_full_pull_takes_every_page(tmp_path: Path) -> None:
    """CORE-HTTP-20, LOC-PUT-01: objects come in as received."""
    async with node(tmp_path, ident=EMSP) as ours:
        await partner_of(ours, locations=[location(f"L{n}", x_custom=n) for n in range(5)])
        told: list[int] = []
        report = await ours.delivery.pull(
            CPO, "locations", full=True, progress=lambda r: told.append(r.received)
        )
        assert (report.received, report.refused, report.changed) == (5, 0, 5)
        assert told[:3] == [2, 4, 5]
        assert (await held(ours, LOCATION))["L3"] == location("L3", x_custom=3)
        again = await ours.delivery.pull(CPO, "locations", full=True)
        assert (again.received, again.changed, again.unchanged) == (5, 0, 5)


async def test_a_bad_object_is_set_aside_and_the_good_ones_are_kept(tmp_path: Path) -> None:
    """CORE-HTTP-18: with its reasons, until a good one comes."""
    bad = location("L2").replace(b'"city":"Town",', b"")
    async with node(tmp_path, ident=EMSP) as ours:
        partner = await partner_of(ours, locations=[location("L1"), bad, location("L3")])
        report = await ours.delivery.pull(CPO, "locations", full=True)
        assert (report.received, report.refused) == (2, 1)
        assert (await held(ours, LOCATION)).keys() == {"L1", "L3"}
        (entry,) = await ours.delivery.quarantine.all()
        assert (entry["partner"], entry["module"], entry["key"]) == (
            "p1", "locations", "locations/NL/OUR/L2",
        )  # fmt: skip
        assert [problem["path"] for problem in entry["problems"]] == ["$.city"]
        shown = await ours.delivery.quarantine.show(entry["id"])
        assert shown["document"] == msgspec.json.decode(bad)
        assert await ours.delivery.quarantine.retry() == {"accepted": 0, "refused": 1}
        await ours.delivery.pull(CPO, "locations", full=True)
        aside = [it for it in await ours.store.events(0, 100) if it.type == "quarantine.added"]
        assert [it.key for it in aside] == [f"quarantine/{entry['id']}"], "told once"
        assert b'"path":"$.city"' in aside[0].document
        partner.offers["locations"][1] = location("L2")
        await ours.delivery.pull(CPO, "locations", full=True)
        assert await ours.delivery.quarantine.all() == []


async def test_a_good_push_ends_a_quarantine(tmp_path: Path) -> None:
    """CORE-HTTP-18"""
    bad = location("L2").replace(b'"city":"Town",', b"")
    async with node(tmp_path, ident=EMSP) as ours:
        await partner_of(ours, locations=[bad])
        await ours.delivery.pull(CPO, "locations", full=True)
        await ours.put(LOCATION, location("L2"), source=CPO)
        assert await ours.delivery.quarantine.all() == []


async def test_what_is_no_object_at_all_is_set_aside_too(tmp_path: Path) -> None:
    """CORE-HTTP-18, CORE-HTTP-19"""
    async with node(tmp_path, ident=EMSP) as ours:
        await partner_of(ours, tariffs=[b"17", b'{"id":1}', tariff("T")])
        report = await ours.delivery.pull(CPO, "tariffs", full=True)
        assert (report.received, report.refused) == (1, 2)
        assert {entry["key"] for entry in await ours.delivery.quarantine.all()} == {None}


async def test_an_object_of_a_party_that_is_not_theirs_is_refused(tmp_path: Path) -> None:
    """CORE-HTTP-18: objects of strangers are ignored, and said so."""
    async with node(tmp_path, ident=EMSP) as ours:
        foreign = location("L1").replace(b'"party_id":"OUR"', b'"party_id":"XXX"')
        await partner_of(ours, locations=[foreign])
        report = await ours.delivery.pull(CPO, "locations", full=True)
        assert (report.received, report.refused) == (0, 1)
        assert await held(ours, LOCATION) == {}


async def test_a_list_that_breaks_off_keeps_what_came_and_removes_nothing(tmp_path: Path) -> None:
    """CORE-HTTP-19: only a complete list is the new truth."""
    async with node(tmp_path, ident=EMSP) as ours:
        partner = await partner_of(ours, tariffs=[tariff(f"T{n}") for n in range(4)])
        await ours.delivery.pull(CPO, "tariffs", full=True)
        partner.offers["tariffs"] = [tariff("T0"), tariff("T9"), tariff("T3")]
        ours.calls.pages_cut.add("tariffs")
        with pytest.raises(PartnerError):
            await ours.delivery.pull(CPO, "tariffs", full=True)
        assert (await held(ours, TARIFF)).keys() == {"T0", "T1", "T2", "T3", "T9"}


async def test_a_pull_by_date_starts_before_the_newest_time_seen(tmp_path: Path) -> None:
    """CORE-OFF-02, CDR-LIST-03: 15 minutes of overlap."""
    async with node(tmp_path, ident=EMSP) as ours:
        await partner_of(ours, cdrs=[cdr("C1", at="2026-01-01T02:00:00Z")])
        await ours.delivery.pull(CPO, "cdrs", full=True)
        await ours.delivery.pull(CPO, "cdrs")
        assert [query for _, _, query in ours.calls.asked] == [
            {},
            {"date_from": "2026-01-01T01:45:00Z"},
        ]


async def test_sessions_are_always_pulled_with_date_from(tmp_path: Path) -> None:
    """SES-LIST-03, SES-LIST-05"""
    async with node(tmp_path, ident=EMSP) as ours:
        await partner_of(ours, sessions=[session("S")])
        await ours.delivery.pull(CPO, "sessions")
        await ours.delivery.pull(CPO, "sessions", full=True)
        assert all("date_from" in query for _, _, query in ours.calls.asked)


async def test_vanished_tariffs_are_gone_and_vanished_tokens_invalid(tmp_path: Path) -> None:
    """TAR-FLOW-05, TOK-FLOW-05, LOC-FLOW-04"""
    both = platform("p1", role(Role.CPO, "NL", "OUR"), role(Role.EMSP, "NL", "OUR"))
    me = identity(role(Role.EMSP, "DE", "MSP"), role(Role.CPO, "DE", "MSP"))
    async with node(tmp_path, ident=me) as ours:
        partner = await partner_of(
            ours,
            both,
            tariffs=[tariff("T1"), tariff("T2")],
            tokens=[token("K1"), token("K2")],
            locations=[location("L1"), location("L2")],
        )
        for module in ("tariffs", "tokens", "locations"):
            await ours.delivery.pull(both, module, full=True)
            partner.offers[module].pop()
            report = await ours.delivery.pull(both, module, full=True)
            assert report.removed == 1
        assert (await held(ours, TARIFF)).keys() == {"T1"}
        gone = await ours.store.get(ours.key(TARIFF, id="T2"))
        assert gone is not None
        assert gone.deleted
        tokens = {k: msgspec.json.decode(d)["valid"] for k, d in (await held(ours, TOKEN)).items()}
        assert sorted(tokens.values()) == [False, True]
        ended = msgspec.json.decode((await held(ours, LOCATION))["L2"])
        assert ended["evses"][0]["status"] == "REMOVED"
        again = await ours.delivery.pull(both, "locations", full=True)
        assert again.removed == 0


class _Meanwhile:
    """A store in which something happens just before the next write."""

    def __init__(self, store: Store, happens: Callable[[], Awaitable[object]]) -> None:
        self._store = store
        self._happens: Callable[[], Awaitable[object]] | None = happens

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def apply(self, change: Change[Any]) -> Any:
        happens, self._happens = self._happens, None
        if happens is not None:
            await happens()
        return await self._store.apply(change)


@pytest.mark.parametrize(("kind", "made"), [(LOCATION, location), (TARIFF, tariff), (TOKEN, token)])
async def test_what_is_pushed_while_it_is_found_missing_has_not_vanished(
    tmp_path: Path, kind: Resource, made: Callable[..., bytes]
) -> None:
    """Nothing that was acknowledged is lost."""
    both = platform("p1", role(Role.CPO, "NL", "OUR"), role(Role.EMSP, "NL", "OUR"))
    me = identity(role(Role.EMSP, "DE", "MSP"), role(Role.CPO, "DE", "MSP"))
    async with node(tmp_path, ident=me) as ours:

        async def push(moment: str) -> None:
            document = made("X", at=moment)
            taken = await ours.store.apply(
                accept(kind, document, version=V2_2_1, source=both, identity=me, strict=False)
            )
            assert taken.refusal is None

        await push("2026-01-01T00:00:00Z")
        store: Any = _Meanwhile(ours.store, partial(push, T1))
        vanished = Vanished(store, me, QUICK, lambda: 0)
        report = PullReport(kind.kind, full=True)
        # The first write is that of the question to an operator, which there is none of.
        before = await ours.store.head()
        await vanished.sweep(both, kind, set(), report, before=before)
        (kept,) = (await held(ours, kind)).values()
        assert kept == made("X", at=T1)
        assert report.removed == 0


def client_info(party: str, at: str = T1) -> bytes:
    members = {"country_code": "NL", "party_id": party, "role": "CPO", "status": "CONNECTED"}
    return msgspec.json.encode(members | {"last_updated": at})


async def test_whom_a_hub_lists_no_more_is_not_reached_through_it(tmp_path: Path) -> None:
    """CORE-HCI-14: after a complete list; one that names nobody says nothing."""
    hub = platform("hub", role(Role.HUB, "EU", "HUB"), modules=("hubclientinfo", "locations"))
    async with node(tmp_path, ident=EMSP) as ours:
        partner = await partner_of(ours, hub)
        await ours.put(LOCATION, location("L1"), source=hub)

        async def behind() -> set[str]:
            rows = [row async for row in ours.store.scan("hubclientinfo")]
            return {row.key.owner for row in rows if hub.id in row.sources}

        async def pulled(*listed: str, full: bool = True) -> PullReport:
            partner.offers["hubclientinfo"] = [client_info(party) for party in listed]
            return await ours.delivery.pull(hub, "hubclientinfo", full=full)

        await pulled("AAA", "BBB")
        assert await behind() == {"NL/AAA", "NL/BBB", "NL/OUR"}
        assert (await pulled("BBB", full=False)).removed == 0
        assert (await pulled()).removed == 0
        assert await behind() == {"NL/AAA", "NL/BBB", "NL/OUR"}
        assert (await pulled("BBB")).removed == 1
        assert await behind() == {"NL/BBB", "NL/OUR"}, "of what it only gave it told nothing"
        assert (await pulled("AAA", "BBB")).removed == 0
        assert await behind() == {"NL/AAA", "NL/BBB", "NL/OUR"}


async def test_a_refused_object_has_not_vanished(tmp_path: Path) -> None:
    """Vanished: refused ids count as present."""
    async with node(tmp_path, ident=EMSP) as ours:
        partner = await partner_of(ours, locations=[location("L1"), location("L2")])
        await ours.delivery.pull(CPO, "locations", full=True)
        partner.offers["locations"][1] = location("L2", at=T1).replace(b'"city":"Town",', b"")
        report = await ours.delivery.pull(CPO, "locations", full=True)
        assert (report.refused, report.removed) == (1, 0)
        partner.offers["locations"][1] = b"{}"
        report = await ours.delivery.pull(CPO, "locations", full=True)
        assert (report.refused, report.removed) == (1, 0)


async def test_when_too_much_vanishes_an_operator_decides(tmp_path: Path) -> None:
    """Vanished: more than 20 % at once is more likely a fault than the truth."""
    async with node(tmp_path, ident=EMSP) as ours:
        partner = await partner_of(ours, tariffs=[tariff(f"T{n}") for n in range(20)])
        await ours.delivery.pull(CPO, "tariffs", full=True)
        del partner.offers["tariffs"][10:]
        report = await ours.delivery.pull(CPO, "tariffs", full=True)
        assert (report.removed, report.questioned) == (0, 10)
        (question,) = await ours.delivery.questions()
        assert (question["partner"], question["vanished"], question["held"]) == ("p1", 10, 20)
        report = await ours.delivery.pull(CPO, "tariffs", full=True, force=True)
        assert report.removed == 10
        assert await ours.delivery.questions() == []


async def test_cdrs_and_sessions_never_vanish(tmp_path: Path) -> None:
    """CDR-FLOW-01, SES-FLOW-03"""
    async with node(tmp_path, ident=EMSP) as ours:
        partner = await partner_of(ours, cdrs=[cdr("C1")], sessions=[session("S1")])
        for module in ("cdrs", "sessions"):
            await ours.delivery.pull(CPO, module, full=True)
            partner.offers[module] = []
            report = await ours.delivery.pull(CPO, module, full=True)
            assert report.removed == 0
        assert len(await held(ours, CDR)) == len(await held(ours, SESSION)) == 1


async def test_a_changed_cdr_is_set_aside(tmp_path: Path) -> None:
    """CDR-FLOW-01, CDR-POST-04"""
    async with node(tmp_path, ident=EMSP) as ours:
        partner = await partner_of(ours, cdrs=[cdr("C1")])
        await ours.delivery.pull(CPO, "cdrs", full=True)
        partner.offers["cdrs"] = [cdr("C1", energy=11.0)]
        report = await ours.delivery.pull(CPO, "cdrs", full=True)
        assert report.refused == 1
        assert (await held(ours, CDR))["C1"] == cdr("C1")


async def test_a_complete_full_pull_wins_over_stored_times(tmp_path: Path) -> None:
    """Staleness: the owner's own list is the truth, even if it is older than ours."""
    async with node(tmp_path, ident=EMSP) as ours:
        await partner_of(ours, locations=[location("L1")])
        await ours.put(LOCATION, location("L1", at=T1, name="newer"), source=CPO)
        await ours.delivery.pull(CPO, "locations")
        assert b"newer" in (await held(ours, LOCATION))["L1"]
        await ours.delivery.pull(CPO, "locations", full=True)
        assert (await held(ours, LOCATION))["L1"] == location("L1")


async def test_registration_pulls_everything_and_an_outage_by_date(tmp_path: Path) -> None:
    """CORE-HTTP-20, CORE-HTTP-21, CORE-OFF-02"""
    async with node(tmp_path, ident=EMSP) as ours:
        await partner_of(ours, locations=[location("L1")], tariffs=[tariff("T")],
                         sessions=[session("S")], cdrs=[cdr("C")])  # fmt: skip
        ours.delivery = ours.make(sync=True)
        ours.start()
        async with asyncio.timeout(60):
            while len(ours.calls.asked) < 4:
                await asyncio.sleep(0.01)
        assert {module for _, module, _ in ours.calls.asked} == {
            "locations", "tariffs", "sessions", "cdrs",
        }  # fmt: skip
        await asyncio.sleep(0.2)
        assert len(ours.calls.asked) == 4
        facts = await ours.delivery.facts(CPO)
        assert set(facts["pulled"]) == {"locations", "tariffs", "sessions", "cdrs"}
        await ours.delivery.timetable.returned("p1")
        async with asyncio.timeout(60):
            while len(ours.calls.asked) < 8:
                await asyncio.sleep(0.01)
        assert all("date_from" in query for _, _, query in ours.calls.asked[4:])


async def test_a_full_pull_does_not_win_over_what_arrived_since_it_began(tmp_path: Path) -> None:
    """A page that was read before a push must not take the push back."""
    async with node(tmp_path, ident=EMSP) as ours:
        older, newer = location("L1"), location("L1", at=T1)

        async def take(document: bytes, began: int | None = None) -> None:
            change = accept(
                LOCATION, document, version=V2_2_1, source=CPO, identity=EMSP, strict=False,
                authoritative=began is not None, began=began,
            )  # fmt: skip
            await ours.store.apply(change)

        await take(newer)
        (row,) = [row async for row in ours.store.scan("locations")]
        await take(older, began=row.stored_at)
        assert (await held(ours, LOCATION))["L1"] == newer
        await take(older, began=row.stored_at + 1)
        assert (await held(ours, LOCATION))["L1"] == older


async def test_a_partner_that_sends_its_credentials_again_is_pulled_in_full(
    tmp_path: Path,
) -> None:
    """Its database may have been restored: what it lists counts, not what we remember of it."""
    async with node(tmp_path, ident=EMSP) as ours:
        partner = await partner_of(ours, locations=[location("L1", at=T1), location("L2")])
        ours.delivery = ours.make(sync=True)
        ours.start()
        await until(lambda: len(ours.calls.asked) >= 4)
        partner.offers["locations"] = [location("L1")]
        await ours.directory.update("p1", lambda it: structs.replace(it, introduced_at=ours.now()))
        await until(lambda: len(ours.calls.asked) >= 8)
        assert ("p1", "locations", {}) in ours.calls.asked[4:]
        async with asyncio.timeout(60):
            while (await held(ours, LOCATION))["L2"] == location("L2"):
                await asyncio.sleep(0.01)
        assert (await held(ours, LOCATION))["L1"] == location("L1")
        await asyncio.sleep(0.2)
        assert len(ours.calls.asked) == 8


async def test_the_next_pull_is_hours_away_and_never_in_step(tmp_path: Path) -> None:
    """CORE-HTTP-21"""
    async with node(tmp_path, ident=EMSP) as ours:
        await partner_of(ours)
        due: set[int] = set()
        for _ in range(3):
            await ours.delivery.pull(CPO, "tariffs")
            (record,) = await ours.store.records("sync", parent="p1")
            assert record.due is not None
            due.add((record.due - ours.now()) // 1_000_000)
        assert len(due) == 3
        assert all(0.75 * QUICK.daily <= seconds <= QUICK.daily for seconds in due)


async def test_a_clock_that_is_ahead_does_not_hide_what_comes_later(tmp_path: Path) -> None:
    async with node(tmp_path, ident=EMSP) as ours:
        await partner_of(ours, tariffs=[tariff("T", at="2099-01-01T00:00:00Z")])
        report: PullReport = await ours.delivery.pull(CPO, "tariffs", full=True)
        assert report.newest is not None
        assert report.newest < to_micros(parse_datetime("2090-01-01T00:00:00Z"))


async def test_each_party_of_the_partner_is_asked_for(tmp_path: Path) -> None:
    """Routing: a platform of two operators has two lists."""
    two = platform("p1", role(Role.CPO, "NL", "OUR"), role(Role.CPO, "NL", "TWO"))
    async with node(tmp_path, ident=EMSP) as ours:
        await partner_of(ours, two, locations=[location("L1")])
        await ours.delivery.pull(two, "locations", full=True)
        assert len(ours.calls.asked) == 2


async def test_a_module_that_the_partner_does_not_list_cannot_be_pulled(tmp_path: Path) -> None:
    bare: Any = platform("p1", role(Role.CPO, "NL", "OUR"), modules=("locations",))
    async with node(tmp_path, ident=EMSP) as ours:
        await partner_of(ours, bare)
        assert ours.delivery.modules(bare) == ["locations"]
        with pytest.raises(PartnerError):
            await ours.delivery.pull(bare, "tariffs")


async def test_the_lists_of_a_new_partner_are_pulled_without_a_pause(tmp_path: Path) -> None:
    """One after the other, and no turn of the timer lies between them."""
    async with node(tmp_path, ident=EMSP, poll=3600.0) as ours:
        await partner_of(ours, locations=[location("L1")], tariffs=[tariff("T")])
        ours.delivery = ours.make(sync=True)
        ours.start()
        await until(lambda: len(ours.calls.asked) == 4, seconds=60)
        assert {module for _, module, _ in ours.calls.asked} == {
            "locations", "tariffs", "sessions", "cdrs",
        }  # fmt: skip


async def test_ids_of_2_1_1_that_differ_by_case_or_are_long_vanish_only_when_they_do(
    tmp_path: Path,
) -> None:
    """R211-049, R211-050: they have other names with us, whose tables are kept."""
    old = platform("p1", role(Role.CPO, "NL", "OUR"), version="2.1.1")
    both = structs.replace(EMSP, versions=("2.1.1", "2.2.1"))
    names = ("DAY", "day", "Day")
    async with node(tmp_path, ident=both) as ours:
        offered = [
            msgspec.json.encode(
                {
                    name: value
                    for name, value in msgspec.json.decode(tariff(one)).items()
                    if name not in ("country_code", "party_id")
                }
            )
            for one in names
        ]
        partner = await partner_of(ours, old, tariffs=offered)
        for changed in (3, 0):
            report = await ours.delivery.pull(old, "tariffs", full=True)
            assert (report.received, report.changed, report.removed) == (3, changed, 0)
        assert len(await held(ours, TARIFF)) == 3
        read = await NameTables(ours.store).of("p1")
        ours_of_it = [read.home("Tariff", one) for one in names]
        assert ours_of_it.count(None) == 1
        partner.offers["tariffs"] = [
            one for one, known in zip(offered, ours_of_it, strict=True) if known is None
        ]
        report = await ours.delivery.pull(old, "tariffs", full=True)
        assert (report.received, report.removed) == (1, 2)
