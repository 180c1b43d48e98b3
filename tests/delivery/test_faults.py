"""Partners that are away, slow, busy or refuse: nobody else suffers, nothing stale is replayed."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from tests.delivery.fakes import Mode, Sent, location, platform, role, session, tariff
from tests.delivery.node import node, until

from voltroam.roaming.platforms import Profile, Status
from voltroam.standard.endpoints import LOCATION, SESSION, TARIFF
from voltroam.standard.errors import PartnerError, Refused, Unreachable, Unusable
from voltroam.standard.v2_2_1 import Role

L1, E1 = "locations/NL/OUR/L1", "locations/NL/OUR/L1/L1-E1"
T1, T2 = "2026-01-01T00:01:00Z", "2026-01-01T00:02:00Z"
Fails = Callable[[Sent], PartnerError | None]


def once(method: str, error: PartnerError) -> Fails:
    """The first request of a method meets this fault."""
    left = [error]

    def fails(sent: Sent) -> PartnerError | None:
        return left.pop() if sent.method == method and left else None

    return fails


async def test_a_failed_patch_is_followed_by_a_get_of_the_same_url(tmp_path: Path) -> None:
    """CORE-MUT-07: the partner's copy differs, so the whole object is put."""
    async with node(tmp_path) as ours:
        partner = await ours.join(platform("p1"))
        ours.start()
        await ours.put(LOCATION, location("L1"))
        await ours.rest()
        partner.refuse = once("PATCH", Refused("no", http=200, code=2001))
        await ours.put(LOCATION, location("L1", status="CHARGING", at=T1))
        await ours.rest()
        assert [(s.method, s.path) for s in partner.sent[1:]] == [
            ("PATCH", E1),
            ("GET", E1),
            ("PUT", L1),
        ]
        assert partner.holds(L1)["evses"][0]["status"] == "CHARGING"


async def test_a_get_that_finds_the_object_unknown_is_followed_by_a_put(tmp_path: Path) -> None:
    """CORE-MUT-08"""
    async with node(tmp_path) as ours:
        partner = await ours.join(platform("p1"))
        ours.start()
        await ours.put(SESSION, session("S"))
        await ours.rest()
        partner.held.clear()
        partner.refuse = once("PATCH", Refused("no", http=200, code=2000))
        await ours.put(SESSION, session("S", kwh=2, at=T1))
        await ours.rest()
        assert [s.method for s in partner.sent[1:]] == ["PATCH", "GET", "PUT"]
        assert partner.holds("sessions/NL/OUR/S")["kwh"] == 2


async def test_a_patch_of_an_unknown_object_becomes_a_put(tmp_path: Path) -> None:
    """LOC-PUT-09: 404 or 2003 says all that a GET would say."""
    async with node(tmp_path) as ours:
        partner = await ours.join(platform("p1"))
        ours.start()
        await ours.put(LOCATION, location("L1"))
        await ours.rest()
        partner.held.clear()
        await ours.put(LOCATION, location("L1", status="CHARGING", at=T1))
        await ours.rest()
        assert [s.method for s in partner.sent[1:]] == ["PATCH", "PUT"]


async def test_a_patch_whose_answer_was_lost_but_arrived_is_not_repeated(tmp_path: Path) -> None:
    """CORE-MUT-07, CORE-OFF-01: the GET shows that it arrived."""
    async with node(tmp_path) as ours:
        partner = await ours.join(platform("p1"))
        ours.start()
        await ours.put(SESSION, session("S"))
        await ours.rest()
        partner.after = once("PATCH", Unreachable("timed out"))
        await ours.put(SESSION, session("S", kwh=2, at=T1))
        await ours.rest()
        assert [s.method for s in partner.sent[1:]] == ["PATCH", "GET"]
        assert partner.holds("sessions/NL/OUR/S")["kwh"] == 2


async def test_after_an_outage_only_the_newest_state_is_sent(tmp_path: Path) -> None:
    """CORE-OFF-01: nothing of what happened meanwhile is replayed."""
    async with node(tmp_path) as ours:
        partner = await ours.join(platform("p1"))
        ours.start()
        await ours.put(LOCATION, location("L1"))
        await ours.rest()
        partner.mode = Mode.DOWN
        for minute in range(1, 9):
            await ours.put(
                LOCATION, location("L1", name=f"n{minute}", at=f"2026-01-01T00:0{minute}:00Z")
            )
            await asyncio.sleep(0.01)
        count = len(partner.sent)
        partner.mode = Mode.UP
        await ours.rest()
        assert [s.json["name"] for s in partner.sent[count:]] == ["n8"]


async def test_a_partner_that_prefers_to_pull_gets_no_push_of_the_outage(tmp_path: Path) -> None:
    """CORE-OFF-01 with profile catch_up=wait_for_pull: no late duplicate arrives."""
    profile = Profile(catch_up="wait_for_pull")
    async with node(tmp_path, backoff_first=0.2, backoff_limit=0.3) as ours:
        partner = await ours.join(platform("p1", profile=profile))
        ours.start()
        await ours.put(LOCATION, location("L1"))
        await ours.rest()
        partner.mode = Mode.DOWN
        await ours.put(LOCATION, location("L1", name="lost", at=T1))
        await ours.put(LOCATION, location("L2"))
        await ours.rest()
        partner.mode = Mode.UP
        await asyncio.sleep(0.4)
        assert [s.path for s in partner.sent] == [L1]
        await ours.put(LOCATION, location("L3"))
        await ours.rest()
        assert [s.path for s in partner.sent] == [L1, "locations/NL/OUR/L3"]


async def test_a_partner_that_cannot_be_reached_is_offline_and_wakes_when_it_calls(
    tmp_path: Path,
) -> None:
    """CORE-OFF-02: OFFLINE after repeated faults; its call delivers at once."""
    async with node(tmp_path, backoff_limit=60.0, backoff_first=0.01) as ours:
        partner = await ours.join(platform("p1"))
        partner.mode = Mode.DOWN
        ours.start()
        await ours.put(LOCATION, location("L1"))

        async def status() -> Status:
            ours.directory.forget("p1")
            found = await ours.directory.platform("p1")
            assert found is not None
            return found.status

        async with asyncio.timeout(60):
            while await status() is not Status.OFFLINE:
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.3)
        partner.mode = Mode.UP
        await ours.delivery.contact("p1")
        await until(lambda: L1 in partner.held, 0.5)
        assert await status() is Status.CONNECTED


async def test_a_hanging_partner_holds_up_nobody(tmp_path: Path) -> None:
    """CORE-OFF-03"""
    async with node(tmp_path) as ours:
        hanging = await ours.join(platform("p1", role(Role.EMSP, "DE", "MSP")))
        healthy = await ours.join(platform("p2", role(Role.EMSP, "FR", "OTH")))
        hanging.mode = Mode.HANGS
        ours.start()
        for n in range(50):
            await ours.put(LOCATION, location(f"L{n}"))
        await until(lambda: len(healthy.held) == 50, 1.0)
        assert len(hanging.sent) <= Profile().concurrency


async def test_one_request_at_a_time_for_each_object(tmp_path: Path) -> None:
    """CORE-OFF-01: the states of one object never overtake each other."""
    async with node(tmp_path) as ours:
        partner = await ours.join(platform("p1"))
        partner.delay = 0.05
        ours.start()
        await ours.rest()
        for n in range(5):
            await ours.put(LOCATION, location("L1", name=f"n{n}", at=f"2026-01-01T00:00:0{n}Z"))
            await asyncio.sleep(0.03)
        await ours.rest()
        gaps = [b.at - a.at for a, b in zip(partner.sent, partner.sent[1:], strict=False)]
        assert min(gaps) >= 0.05
        assert partner.holds(L1)["name"] == "n4"


async def test_a_refused_object_is_parked_and_stops_nobody(tmp_path: Path) -> None:
    """CORE-OFF-04: visible with its reason; it goes when it changes."""
    async with node(tmp_path) as ours:
        partner = await ours.join(platform("p1"))
        partner.refuse = lambda sent: (
            Refused("$.address: too long", http=200, code=2001)
            if sent.json.get("address") == "bad"
            else None
        )
        ours.start()
        await ours.put(LOCATION, location("L1", address="bad"))
        await ours.put(LOCATION, location("L2"))
        await ours.rest()
        assert list(partner.held) == ["locations/NL/OUR/L2"]
        (parked,) = await ours.delivery.parked(platform("p1"))
        assert parked["object"] == "locations/NL/OUR/L1"
        assert (parked["reason"], parked["code"]) == ("$.address: too long", 2001)
        await ours.put(LOCATION, location("L1", at=T1))
        await ours.rest()
        assert L1 in partner.held
        assert await ours.delivery.parked(platform("p1")) == []


async def test_a_parked_object_goes_again_when_the_operator_says_so(tmp_path: Path) -> None:
    """CORE-OFF-04: also after a restart."""
    async with node(tmp_path) as ours:
        partner = await ours.join(platform("p1"))
        partner.refuse = once("PUT", Refused("no", http=400, code=2000))
        ours.start()
        await ours.put(LOCATION, location("L1"))
        await ours.rest()
        await ours.restart()
        await ours.rest()
        assert partner.held == {}
        assert await ours.delivery.retry_parked(platform("p1")) == 1
        await until(lambda: L1 in partner.held, 1.0)
        await ours.rest()
        assert await ours.delivery.parked(platform("p1")) == []


async def test_an_object_at_which_the_server_fails_is_set_aside(tmp_path: Path) -> None:
    """A poisonous object must not keep the others back; it is tried again later by itself."""
    async with node(tmp_path) as ours:
        partner = await ours.join(platform("p1"))
        partner.refuse = lambda sent: Refused("boom", http=500) if sent.path == L1 else None
        ours.start()
        await ours.put(LOCATION, location("L1"))
        await ours.put(LOCATION, location("L2"))
        await ours.put(TARIFF, tariff("T"))
        await ours.rest()
        assert partner.held.keys() == {"locations/NL/OUR/L2", "tariffs/NL/OUR/T"}
        (parked,) = await ours.delivery.parked(platform("p1"))
        assert parked["http"] == 500
        assert parked["later"] is not None
        partner.refuse = lambda sent: None
        ours.shift = 601 * 1_000_000
        await until(lambda: L1 in partner.held, 2.0)


@pytest.mark.parametrize(
    "error",
    [
        Refused("later", http=429, retry_after=0.2),
        Refused("down", http=503),
        Refused("down", http=503, retry_after=0.2),
        Refused("server error", http=200, code=3000),
        Unusable("no JSON"),
        Unreachable("timed out"),
    ],
)
async def test_a_fault_of_the_partner_is_waited_out(tmp_path: Path, error: PartnerError) -> None:
    """CORE-OFF-01: the object is not parked, its state goes after the delay."""
    async with node(tmp_path) as ours:
        partner = await ours.join(platform("p1"))
        partner.refuse = once("PUT", error)
        ours.start()
        await ours.put(LOCATION, location("L1"))
        await ours.rest()
        assert len(partner.of("PUT")) == 2
        assert partner.held[L1] == location("L1")
        if isinstance(error, Refused) and error.retry_after:
            assert partner.sent[1].at - partner.sent[0].at >= 0.2


async def test_a_partner_that_says_when_to_come_back_has_nothing_set_aside(tmp_path: Path) -> None:
    """CORE-OFF-01: however often its server rests; 503 with Retry-After."""
    async with node(tmp_path, backoff_first=30.0) as ours:
        partner = await ours.join(platform("p1"))
        partner.refuse = lambda sent: Refused("down", http=503, retry_after=0.01)
        ours.start()
        await ours.put(LOCATION, location("L1"))
        await until(lambda: len(partner.sent) > 6)
        partner.refuse = lambda sent: None
        await until(lambda: L1 in partner.held)
        assert await ours.delivery.parked(platform("p1")) == []


async def test_a_partner_that_denies_us_stops_its_lane_visibly(tmp_path: Path) -> None:
    """CORE-OFF-04: 401 gives a reason; it is tried again slowly, or at once when it calls."""
    async with node(tmp_path, stopped_retry=30.0) as ours:
        partner = await ours.join(platform("p1"))
        partner.refuse = lambda sent: Refused("unknown token", http=401, code=2000)
        ours.start()
        await ours.put(LOCATION, location("L1"))
        await ours.put(LOCATION, location("L2"))
        await until(lambda: [s.state for s in ours.delivery.stats()] == ["stopped"])
        await asyncio.sleep(0.2)
        assert len(partner.sent) <= 2
        async with asyncio.timeout(60):  # it is noted a moment later
            while (await ours.delivery.facts(platform("p1")))["stopped"] != "unknown token":
                await asyncio.sleep(0.02)
        partner.refuse = lambda sent: None
        await ours.delivery.contact("p1")
        await ours.rest()
        assert len(partner.held) == 2


async def test_a_rate_is_kept(tmp_path: Path) -> None:
    """The profile's rate bounds what one partner gets per second."""
    async with node(tmp_path) as ours:
        partner = await ours.join(platform("p1", profile=Profile(rate=50.0)))
        ours.start()
        for n in range(10):
            await ours.put(LOCATION, location(f"L{n}"))
        await ours.rest()
        assert partner.sent[-1].at - partner.sent[0].at >= 0.17


async def test_a_restored_database_sends_everything_whole(tmp_path: Path) -> None:
    """Restore: another epoch means that we do not know what the partner has."""
    async with node(tmp_path) as ours:
        partner = await ours.join(platform("p1"))
        ours.start()
        await ours.put(LOCATION, location("L1"))
        await ours.rest()
        await ours.stop()
        partner.held[L1] = location("L1", name="of the lost time", at=T2)
        await ours.rise("another life")
        await ours.rest()
        assert partner.held[L1] == location("L1")
        assert partner.of("PATCH") == []


async def test_a_lane_below_the_purge_horizon_is_filled_anew(tmp_path: Path) -> None:
    """The feed: a lane that slept through a purge of tombstones cannot rely on the feed alone."""
    async with node(tmp_path) as ours:
        partner = await ours.join(platform("p1"))
        ours.start()
        await ours.put(LOCATION, location("L1"))
        await ours.rest()
        await ours.stop()
        await ours.put(LOCATION, location("L2"))
        await ours.put(TARIFF, tariff("T"))
        await ours.delete(TARIFF, id="T")
        ours.shift = 15 * 86_400 * 1_000_000
        await ours.delivery.retention.purge()
        assert await ours.store.get(ours.key(TARIFF, id="T")) is None
        partner.sent.clear()
        await ours.rise()
        await ours.rest()
        assert {s.path for s in partner.of("PUT")} == {L1, "locations/NL/OUR/L2"}
        assert msgspec.json.decode(partner.held[L1])["id"] == "L1"


async def test_what_became_private_in_an_outage_is_taken_back_all_the_same(
    tmp_path: Path,
) -> None:
    """LOC-FLOW-06 with wait_for_pull: what became private meanwhile is still taken back."""
    profile = Profile(catch_up="wait_for_pull")
    async with node(tmp_path) as ours:
        partner = await ours.join(platform("p1", profile=profile))
        ours.start()
        await ours.put(LOCATION, location("L1"))
        await ours.rest()
        partner.mode = Mode.DOWN
        await ours.put(LOCATION, location("L2"))
        await ours.hide(LOCATION, id="L1")
        await asyncio.sleep(0.1)
        partner.mode = Mode.UP
        await ours.rest()
        assert partner.holds(L1)["publish"] is False
        assert list(partner.held) == [L1]


async def test_a_call_of_the_partner_does_not_cut_short_the_time_it_asked_for(
    tmp_path: Path,
) -> None:
    """429: Retry-After is obeyed, whoever wakes the lane."""
    async with node(tmp_path) as ours:
        partner = await ours.join(platform("p1"))
        partner.refuse = once("PUT", Refused("later", http=429, retry_after=0.4))
        ours.start()
        await ours.put(LOCATION, location("L1"))
        await until(lambda: len(partner.sent) == 1)
        await ours.delivery.contact("p1")
        await ours.rest()
        assert partner.sent[1].at - partner.sent[0].at >= 0.4


async def test_a_partner_that_sees_nothing_of_ours_has_a_quiet_lane(tmp_path: Path) -> None:
    async with node(tmp_path) as ours:
        partner = await ours.join(platform("p1", role(Role.CPO, "DE", "CPO")))
        ours.start()
        await ours.put(LOCATION, location("L1"))
        await ours.rest()
        assert partner.sent == []


async def test_a_partner_whose_server_failed_is_tried_when_it_calls_us(tmp_path: Path) -> None:
    """CORE-OFF-02: not with each of its calls, though."""
    async with node(tmp_path, backoff_first=30.0, backoff_limit=30.0, wake_every=0.3) as ours:
        partner = await ours.join(platform("p1"))
        broken = Refused("broken", http=503)
        partner.refuse = lambda sent: broken
        ours.start()
        await ours.put(LOCATION, location("L1"))
        await until(lambda: len(partner.sent) == 1)
        for _ in range(20):
            ours.delivery.heard("p1")
            await asyncio.sleep(0.01)
        assert len(partner.sent) == 2
        partner.refuse = lambda sent: None
        await asyncio.sleep(0.3)
        ours.delivery.heard("p1")
        await until(lambda: L1 in partner.held, 0.5)
