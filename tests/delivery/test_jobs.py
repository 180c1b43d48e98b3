"""Background work survives its faults; retention waits for the slowest living lane."""

import asyncio
import itertools
from dataclasses import replace
from pathlib import Path

from tests.delivery.fakes import Mode, location, platform, role, tariff
from tests.delivery.node import QUICK, node

from voltroam.delivery.jobs import supervise
from voltroam.delivery.retention import Retention
from voltroam.roaming.platforms import Platform
from voltroam.standard.endpoints import LOCATION, TARIFF
from voltroam.standard.errors import Unusable
from voltroam.standard.v2_2_1 import Role

DAY = 86_400 * 1_000_000


async def test_a_job_that_fails_begins_again() -> None:
    runs: list[int] = []
    third = asyncio.Event()

    async def job() -> None:
        runs.append(1)
        if len(runs) >= 3:
            third.set()
            await asyncio.sleep(60)
        raise RuntimeError("broken")

    task = asyncio.create_task(supervise("test", job, QUICK))
    async with asyncio.timeout(60):
        await third.wait()
    task.cancel()
    await asyncio.wait({task})
    assert len(runs) == 3


async def test_faults_that_come_now_and_then_do_not_add_up() -> None:
    """A job that works longer than it has paused waits as short a time as after its first fault."""
    pauses: list[float] = []
    ended = asyncio.get_running_loop().time()
    enough = asyncio.Event()

    async def job() -> None:
        nonlocal ended
        pauses.append(asyncio.get_running_loop().time() - ended)
        if len(pauses) > 12:
            enough.set()
        await asyncio.sleep(0.025)
        ended = asyncio.get_running_loop().time()
        raise RuntimeError("broken")

    task = asyncio.create_task(supervise("test", job, replace(QUICK, job_restart=0.01)))
    await asyncio.wait_for(enough.wait(), 30)  # else 12 pauses would take 41 seconds
    task.cancel()
    await asyncio.wait({task})


async def test_a_tombstone_stays_until_every_living_lane_has_passed_it(tmp_path: Path) -> None:
    """TAR-FLOW-02: a partner that is away for a day still gets its DELETE."""
    async with node(tmp_path) as ours:
        awake = await ours.join(platform("p1", role(Role.EMSP, "DE", "MSP")))
        away = await ours.join(platform("p2", role(Role.EMSP, "FR", "OTH")))
        ours.start()
        await ours.put(TARIFF, tariff("T"))
        await ours.rest()
        away.mode = Mode.DOWN
        await ours.delete(TARIFF, id="T")
        await asyncio.sleep(0.3)
        assert awake.held == {}
        ours.shift = DAY
        await ours.delivery.retention.purge()
        assert await ours.store.get(ours.key(TARIFF, id="T")) is not None
        away.mode = Mode.UP
        await ours.rest()
        assert away.held == {}
        await asyncio.sleep(0.1)
        await ours.delivery.retention.purge()
        assert await ours.store.get(ours.key(TARIFF, id="T")) is None


async def test_tokens_are_rotated_when_they_are_a_month_old(tmp_path: Path) -> None:
    """One partner that cannot does not keep the others from it."""
    asked: list[str] = []

    async def rotate(one: Platform) -> None:
        asked.append(one.id)
        if one.id == "p1":
            raise Unusable("no")

    async with node(tmp_path) as ours:
        now = ours.now()
        await ours.join(platform("p1", registered_at=now - 31 * DAY))
        await ours.join(platform("p2", registered_at=now - 90 * DAY, rotated_at=now - 2 * DAY))
        await ours.join(platform("p3", registered_at=now - 90 * DAY, rotated_at=now - 40 * DAY))
        keeper = Retention(
            ours.store, ours.directory, knobs=QUICK, now=ours.now, holder="x", rotate=rotate
        )
        await keeper.rotate()
        assert asked == ["p1", "p3"]


async def test_a_rotation_that_fails_is_tried_less_and_less_often(tmp_path: Path) -> None:
    """Each try may leave a token behind that the partner never took."""
    tried: list[int] = []

    async def rotate(_one: Platform) -> None:
        tried.append(ours.shift // 1_000_000)
        raise Unusable("no")

    async with node(tmp_path) as ours:
        await ours.join(platform("p1", registered_at=ours.now() - 31 * DAY))
        keeper = Retention(
            ours.store, ours.directory, knobs=QUICK, now=ours.now, holder="x", rotate=rotate
        )
        for minute in range(0, 3 * 24 * 60, 5):
            ours.shift = minute * 60_000_000
            await keeper.rotate()
        gaps = [later - earlier for earlier, later in itertools.pairwise(tried)]
        assert gaps[0] >= QUICK.retention_every
        assert gaps == sorted(gaps)
        assert len(tried) < 12


async def test_a_lane_that_meets_a_fault_of_our_own_store_starts_again(tmp_path: Path) -> None:
    """Disk full and back: nothing is lost."""
    async with node(tmp_path) as ours:
        partner = await ours.join(platform("p1"))
        ours.start()
        await ours.put(LOCATION, location("L1"))
        await ours.rest()
        ours.mortal.dead = True
        await ours.put(LOCATION, location("L2"))
        await asyncio.sleep(0.2)
        ours.mortal.dead = False
        await ours.put(LOCATION, location("L3"))
        await ours.rest()
        assert len(partner.held) == 3
