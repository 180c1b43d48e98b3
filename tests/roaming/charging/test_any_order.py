"""Whatever a host reports, in whatever order, with a crash wherever: it ends in a right CDR."""

import asyncio
import shutil
import tempfile
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.counts import times
from tests.roaming.charging.chargers import (
    START,
    Clock,
    Operator,
    component,
    element,
    energy,
    tariff,
)

from voltroam.billing.findings import Verdict
from voltroam.roaming.charging import ChargingProblem
from voltroam.roaming.host import Reading
from voltroam.store.migrations import migrate
from voltroam.store.open import open_store

MIXED = tariff(
    "MIXED",
    element(component("FLAT", "1.00"), component("ENERGY", "0.25", 100), max_kwh=4),
    element(component("ENERGY", "0.40", 100), component("PARKING_TIME", "5.00", 300)),
    element(component("TIME", "3.00"), reservation="RESERVATION"),
)


@dataclass(frozen=True)
class Told:
    """One report: `seconds` since the last, `wh` more, and what goes wrong with it."""

    seconds: int
    wh: int
    state: str
    fate: str


tolds = st.builds(
    Told,
    st.integers(0, 2400),
    st.integers(0, 4000),
    st.sampled_from(["CHARGING", "CHARGING", "PARKING"]),
    st.sampled_from(["once", "once", "twice", "lost", "late", "crash", "authorized"]),
)


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("empty") / "node.db"
    asyncio.run(migrate(f"sqlite:///{file}"))
    return file


async def live(file: Path, reserved: int, story: list[Told], *, signed_off: int) -> None:
    """A whole session over one database; after a crash another process goes on."""
    clock = Clock()
    store = await open_store(f"sqlite:///{file}", now=clock)
    operator = Operator(store, clock)
    await operator.open(MIXED)
    at, kwh = START, Decimal(1000)
    if reserved:
        await operator.reserve(evse_uid="E1", until=START + timedelta(hours=9))
        at += timedelta(seconds=reserved)
    name = await operator.begin(at=at, reading=Reading(at=at, kwh=kwh), order_id="O")
    for told in story:
        at += timedelta(seconds=told.seconds)
        kwh += Decimal(told.wh if told.state == "CHARGING" and told.seconds else 0).scaleb(-3)
        clock.at = at
        reading = Reading(at=at, kwh=kwh, state=told.state)
        if told.fate == "crash":
            await store.close()
            store = await open_store(f"sqlite:///{file}", now=clock)
            operator = Operator(store, clock)
        if told.fate == "late" and told.seconds:
            early = Reading(at=START - timedelta(seconds=1), kwh=kwh)
            with pytest.raises(ChargingProblem):
                await operator.charging.read(name, early)
        if told.fate == "authorized":
            await operator.begin(at=at, order_id="O")
        if told.fate != "lost":
            for _ in range(1 + (told.fate == "twice")):
                await operator.charging.read(name, reading)
    clock.at = at + timedelta(hours=1)
    end = at + timedelta(seconds=signed_off)
    cdr_id = await operator.charging.end(name, end, Reading(at=end, kwh=kwh, state="PARKING"))
    assert await operator.charging.end(name, end) == cdr_id
    assert cdr_id is not None, (await operator.charging.progress(name)).fault
    cdr, session = await operator.cdr(cdr_id), await operator.session(name)
    assert energy(cdr["charging_periods"]) == cdr["total_energy"] == kwh - 1000
    assert energy(session["charging_periods"]) == session["kwh"] == kwh - 1000
    starts = [one["start_date_time"] for one in session["charging_periods"]]
    assert starts == [one["start_date_time"] for one in cdr["charging_periods"]]
    assert session["total_cost"] == cdr["total_cost"]
    found = await operator.audited(cdr_id, name)
    assert found.verdict is Verdict.OK, found.findings
    await store.close()


@settings(max_examples=times(25, full=1500), derandomize=True, deadline=None)
@given(
    st.one_of(st.just(0), st.integers(1, 3600)),
    st.lists(tolds, max_size=8),
    st.integers(0, 1200),
)
def test_any_story_ends_in_a_right_cdr(
    empty: Path, reserved: int, story: list[Told], signed_off: int
) -> None:
    """CDR-FLOW-05, CDR-OBJ-08, CDR-PER-04, SES-FLOW-04: periods, kWh and cost of both agree."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(shutil.copy(empty, folder))
        asyncio.run(live(file, reserved, story, signed_off=signed_off))
