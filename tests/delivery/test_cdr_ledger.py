"""CDRs reach the one platform of their party once, and every doubt is on record."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs
from tests.delivery.fakes import Mode, cdr, contract, platform, role
from tests.delivery.node import Node, node, until

from voltroam.delivery.records import LEDGER, CdrEntry, CdrState, draft, read, write
from voltroam.roaming.platforms import Phase, Profile
from voltroam.standard.endpoints import CDR
from voltroam.standard.errors import Refused, Unreachable
from voltroam.standard.v2_2_1 import Role

HERE = "https://p1.example/cdrs/xC1"


async def entry(ours: Node) -> dict[str, Any]:
    (found,) = await ours.delivery.cdrs(platform("p1"))
    return found


async def state_is(ours: Node, *states: str) -> dict[str, Any]:
    async with asyncio.timeout(60):
        while True:
            found = await ours.delivery.cdrs(platform("p1"))
            if found and found[0]["state"] in states:
                return found[0]
            await asyncio.sleep(0.01)


async def test_a_cdr_is_posted_once_and_its_location_is_kept(tmp_path: Path) -> None:
    """CDR-FLOW-02, CDR-FLOW-04, CDR-POST-01, CDR-POST-06, CDR-GET-02"""
    async with node(tmp_path) as ours:
        partner = await ours.join(platform("p1", role(Role.EMSP, "DE", "MSP")))
        other = await ours.join(platform("p2", role(Role.EMSP, "FR", "OTH")))
        ours.start()
        await ours.rest()
        await ours.put(CDR, cdr("C1"))
        found = await state_is(ours, "ACCEPTED")
        assert found["url"] == HERE
        assert [(s.method, s.path, s.body) for s in partner.sent] == [("POST", "cdrs", cdr("C1"))]
        await ours.put(CDR, cdr("C1"))
        await ours.restart()
        await ours.rest()
        await asyncio.sleep(0.1)
        assert len(partner.sent) == 1
        assert other.sent == []


async def test_a_cdr_of_before_the_registration_is_not_pushed(tmp_path: Path) -> None:
    """CDR-LIST-03: it can be pulled; a new partner is not billed for the past."""
    async with node(tmp_path) as ours:
        await ours.put(CDR, cdr("OLD", to=contract()))
        partner = await ours.join(platform("p1"))
        ours.start()
        await ours.rest()
        await asyncio.sleep(0.1)
        assert partner.sent == []


async def test_a_cdr_of_the_moment_between_registration_and_lane_is_pushed(
    tmp_path: Path,
) -> None:
    """CDR-FLOW-02: also when nobody delivered at that time, and nothing of before."""
    async with node(tmp_path) as ours:
        for number in range(5):
            await ours.put(CDR, cdr(f"OLD{number}"))
        partner = await ours.join(platform("p1", registered_at=ours.now()))
        for number in range(5):
            await ours.put(CDR, cdr(f"NEW{number}"))
        ours.start()
        await ours.rest()
        await until(lambda: len(partner.cdrs) == 5)
        assert all("NEW" in url for url in partner.cdrs)


async def test_a_cdr_that_came_before_its_party_was_known_is_pushed_once_it_is(
    tmp_path: Path,
) -> None:
    """CDR-FLOW-02: of a party behind a hub we are told later, of a new role too."""
    async with node(tmp_path) as ours:
        first = platform("p1", role(Role.EMSP, "DE", "OTH"), registered_at=ours.now())
        partner = await ours.join(first)
        ours.start()
        await ours.rest()
        for number in range(3):
            await ours.put(CDR, cdr(f"C{number}"))
        await ours.rest()
        assert partner.cdrs == {}
        both = platform("p1", role(Role.EMSP, "DE", "OTH"), role(Role.EMSP, "DE", "MSP"))
        await ours.join(structs.replace(both, registered_at=first.registered_at))
        await until(lambda: len(partner.cdrs) == 3, 30)
        await ours.delivery.resync(first)
        await asyncio.sleep(0.1)
        await ours.rest()
        assert len(partner.of("POST")) == 3


async def test_a_refused_cdr_is_not_sent_again(tmp_path: Path) -> None:
    """CDR-POST-04"""
    async with node(tmp_path) as ours:
        partner = await ours.join(platform("p1"))
        partner.refuse = lambda sent: Refused("$.id: known", http=200, code=2001)
        ours.start()
        await ours.rest()
        await ours.put(CDR, cdr("C1"))
        found = await state_is(ours, "REFUSED")
        assert (found["code"], found["reason"]) == (2001, "$.id: known")
        await asyncio.sleep(0.1)
        assert len(partner.sent) == 1


async def test_what_surely_did_not_leave_is_sent_until_it_does(tmp_path: Path) -> None:
    """No connection is no attempt: it stays READY, however long."""
    async with node(tmp_path) as ours:
        partner = await ours.join(platform("p1"))
        ours.start()
        await ours.rest()
        partner.mode = Mode.DOWN
        await ours.put(CDR, cdr("C1"))
        await state_is(ours, "READY", "ATTEMPTED")
        for _ in range(20):  # ATTEMPTED while a try is on its way, and back again
            assert (await entry(ours))["state"] in ("READY", "ATTEMPTED")
            await asyncio.sleep(0.02)
        await state_is(ours, "READY")
        partner.mode = Mode.UP
        await state_is(ours, "ACCEPTED")
        assert len(partner.sent) == 1


async def test_an_uncertain_cdr_leaves_once_more_with_the_same_bytes(tmp_path: Path) -> None:
    """The answer was lost: identical bytes again, and the receiver says 1000."""
    async with node(tmp_path) as ours:
        partner = await ours.join(platform("p1"))
        ours.start()
        await ours.rest()
        partner.mode = Mode.LOST
        await ours.put(CDR, cdr("C1"))
        await until(lambda: len(partner.sent) == 1)
        partner.mode = Mode.UP
        await state_is(ours, "ACCEPTED")
        assert [s.body for s in partner.sent] == [cdr("C1"), cdr("C1")]
        assert len(partner.cdrs) == 1


async def test_after_two_uncertain_attempts_a_person_is_asked(tmp_path: Path) -> None:
    """And the person's word sends it again."""
    async with node(tmp_path) as ours:
        partner = await ours.join(platform("p1"))
        ours.start()
        await ours.rest()
        partner.mode = Mode.LOST
        await ours.put(CDR, cdr("C1"))
        found = await state_is(ours, "NEEDS_PERSON")
        assert found["sends"] == 2
        await asyncio.sleep(0.2)
        assert len(partner.sent) == 2
        partner.mode = Mode.UP
        assert await ours.delivery.retry_cdr(ours.key(CDR, id="C1"))
        await state_is(ours, "ACCEPTED")
        assert not await ours.delivery.retry_cdr(ours.key(CDR, id="C1"))


@pytest.mark.parametrize(("exists", "state"), [(True, "ACCEPTED"), (False, "REFUSED")])
async def test_exists_already_counts_where_the_profile_says_so(
    tmp_path: Path, exists: bool, state: str
) -> None:
    """CDR-POST-04: a 2xxx on the repeat of an uncertain CDR; never on a first attempt."""
    async with node(tmp_path) as ours:
        partner = await ours.join(platform("p1", profile=Profile(cdr_exists=exists)))
        ours.start()
        await ours.rest()
        answers = [Unreachable("timed out"), Refused("exists", http=200, code=2001)]
        partner.refuse = lambda sent: answers.pop(0)
        await ours.put(CDR, cdr("C1"))
        await state_is(ours, state)
        assert len(partner.sent) == 2


async def test_a_first_refusal_is_a_refusal_whatever_the_profile_says(tmp_path: Path) -> None:
    async with node(tmp_path) as ours:
        partner = await ours.join(platform("p1", profile=Profile(cdr_exists=True)))
        partner.refuse = lambda sent: Refused("exists", http=200, code=2001)
        ours.start()
        await ours.rest()
        await ours.put(CDR, cdr("C1"))
        await state_is(ours, "REFUSED")


async def test_a_cdr_under_way_when_the_process_dies_is_uncertain(tmp_path: Path) -> None:
    """ATTEMPTED is committed before the bytes leave, so that a crash cannot hide them."""
    async with node(tmp_path) as ours:
        partner = await ours.join(platform("p1"))
        ours.start()
        await ours.rest()
        partner.mode = Mode.HANGS
        await ours.put(CDR, cdr("C1"))
        await until(lambda: len(partner.sent) == 1)
        assert (await entry(ours))["state"] == "ATTEMPTED"
        await ours.kill()
        partner.mode = Mode.LOST
        await ours.rise()
        found = await state_is(ours, "NEEDS_PERSON")
        assert found["sends"] == 2
        assert len(partner.sent) == 2


async def test_unaccepted_cdrs_of_a_restored_database_are_uncertain(tmp_path: Path) -> None:
    """Restore: they may have left in the lost time, so "exists already" is an answer."""
    async with node(tmp_path) as ours:
        partner = await ours.join(platform("p1", profile=Profile(cdr_exists=True)))
        ours.start()
        await ours.rest()
        partner.mode = Mode.DOWN
        await ours.put(CDR, cdr("C1"))
        await state_is(ours, "READY")
        await ours.rest()
        await ours.stop()
        partner.mode = Mode.UP
        partner.refuse = lambda sent: Refused("exists", http=200, code=2001)
        await ours.rise("another life")
        await state_is(ours, "ACCEPTED")


async def test_many_cdrs_go_at_once_and_each_once(tmp_path: Path) -> None:
    """CDR-POST-05"""
    async with node(tmp_path) as ours:
        partner = await ours.join(platform("p1"))
        ours.start()
        await ours.rest()
        await asyncio.gather(*(ours.put(CDR, cdr(f"C{n}")) for n in range(100)))
        await until(lambda: len(partner.cdrs) == 100)
        assert len(partner.sent) == 100


async def test_open_cdrs_follow_their_party_to_its_new_platform(tmp_path: Path) -> None:
    """A partner that left and registered anew is still owed what was on its way."""
    async with node(tmp_path) as ours:
        old = await ours.join(platform("p1"))
        ours.start()
        await ours.rest()
        old.mode = Mode.DOWN
        await ours.put(CDR, cdr("C1"))
        await state_is(ours, "READY")
        await ours.join(platform("p1", phase=Phase.REMOVED))
        fresh = await ours.join(platform("p9"))
        await until(lambda: len(fresh.cdrs) == 1)
        assert old.sent == []


async def test_an_uncertain_cdr_with_a_known_location_is_looked_up_there(tmp_path: Path) -> None:
    """CDR-GET-02: at exactly the URL that the partner gave, and not posted again."""
    async with node(tmp_path) as ours:
        partner = await ours.join(platform("p1"))
        ours.start()
        await ours.rest()
        await ours.put(CDR, cdr("C1"))
        await state_is(ours, "ACCEPTED")
        (record,) = await ours.store.records(LEDGER)
        odd = "https://p1.example/odd/place?cdr=7"
        partner.cdrs[odd] = cdr("C1")
        doubtful = structs.replace(read(record, CdrEntry), state=CdrState.UNCERTAIN, url=odd)
        await write(ours.store, draft(record.key, doubtful, parent="p1", due=ours.now()))
        found = await state_is(ours, "ACCEPTED")
        assert found["url"] == odd
        assert [(s.method, s.path) for s in partner.sent] == [("POST", "cdrs"), ("GET", odd)]


async def test_a_reason_does_not_say_who_charged(tmp_path: Path) -> None:
    async with node(tmp_path) as ours:
        partner = await ours.join(platform("p1"))
        partner.refuse = lambda sent: Refused("RFCAFE of DE-MSP-1 is barred", http=200, code=2001)
        ours.start()
        await ours.rest()
        await ours.put(CDR, cdr("C1", to=contract("RFCAFE")))
        found = await state_is(ours, "REFUSED")
        assert found["reason"] == "[hidden] of [hidden] is barred"
