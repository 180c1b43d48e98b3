"""Readings of running sessions per second: many sessions on one node, one reading at a time.

`python -m bench.charging [sessions] [readings]` prints updates per second and the processor time of
one, on SQLite in a temporary folder.
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TypeVar

from voltroam.roaming.accept import accept
from voltroam.roaming.charging import Charging
from voltroam.roaming.host import Reading
from voltroam.roaming.platforms import Identity
from voltroam.standard import v2_2_1 as v
from voltroam.standard.endpoints import LOCATION, TARIFF, Resource
from voltroam.standard.versions import V2_2_1
from voltroam.store.interface import Store
from voltroam.store.migrations import migrate
from voltroam.store.open import open_store

START = datetime(2026, 11, 23, 9, tzinfo=UTC)
AT_ONCE = 64
T = TypeVar("T")
LOCATION_TEXT = b"""{"country_code":"NL","party_id":"AAA","id":"L","publish":true,
"address":"Kade 1","city":"Utrecht","country":"NLD","coordinates":
{"latitude":"52.100000","longitude":"5.100000"},
"time_zone":"Europe/Amsterdam","last_updated":"2026-01-01T00:00:00Z","evses":[{"uid":"E","status":
"AVAILABLE","last_updated":"2026-01-01T00:00:00Z","connectors":[{"id":"1","standard":
"IEC_62196_T2","format":"SOCKET","power_type":"AC_3_PHASE","max_voltage":230,"max_amperage":32,
"tariff_ids":["T"],"last_updated":"2026-01-01T00:00:00Z"}]}]}"""
TARIFF_TEXT = b"""{"country_code":"NL","party_id":"AAA","id":"T","currency":"EUR","elements":[
{"price_components":[{"type":"ENERGY","price":0.25,"vat":21,"step_size":1}],"restrictions":
{"start_time":"06:00","end_time":"12:00"}},{"price_components":[{"type":"ENERGY","price":0.30,
"vat":21,"step_size":1},{"type":"PARKING_TIME","price":6,"vat":21,"step_size":300}]}],
"last_updated":"2026-01-01T00:00:00Z"}"""


def groups(items: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), AT_ONCE):
        yield items[start : start + AT_ONCE]


def identity() -> Identity:
    business = v.BusinessDetails(name="A")
    role = v.CredentialsRole(
        role=v.Role.CPO, business_details=business, party_id="AAA", country_code="NL"
    )
    return Identity(name="A", url="https://a.example", roles=(role,))


async def hold(store: Store, resource: Resource, document: bytes) -> None:
    await store.apply(
        accept(resource, document, version=V2_2_1, source=None, identity=identity(), strict=True)
    )


async def begin(charging: Charging, number: int) -> str:
    token = v.CdrToken(
        country_code="DE", party_id="MSP", uid=f"U{number}", type=v.TokenType.RFID,
        contract_id="C",
    )  # fmt: skip
    return await charging.begin(
        location_id="L", evse_uid="E", connector_id="1", token=token,
        auth_method=v.AuthMethod.WHITELIST, at=START, session_id=f"S{number}",
        reading=Reading(at=START, kwh=Decimal(100)),
    )  # fmt: skip


async def read(charging: Charging, name: str, number: int) -> None:
    moment = START + timedelta(minutes=3 * (number + 1))
    kwh = Decimal(100) + Decimal(number + 1) / 2
    await charging.read(name, Reading(at=moment, kwh=kwh, power=Decimal("10.2")))


async def main(sessions: int, readings: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/node.db"
        await migrate(url)
        store = await open_store(url)
        await hold(store, TARIFF, TARIFF_TEXT)
        await hold(store, LOCATION, LOCATION_TEXT)
        charging = Charging(store, identity(), lambda: time.time_ns() // 1000)
        names = []
        for group in groups(range(sessions)):
            names += await asyncio.gather(*(begin(charging, one) for one in group))
        for number in range(readings):
            before, busy = time.perf_counter(), time.process_time()
            for part in groups(names):
                await asyncio.gather(*(read(charging, name, number) for name in part))
            passed, used = time.perf_counter() - before, time.process_time() - busy
            if number % 10 == 9 or number == 0:
                print(
                    f"reading {number + 1:3}: {sessions / passed:7.0f} updates/s,"
                    f" {used / sessions * 1e6:6.0f} µs of processor time each"
                )
        await store.close()


if __name__ == "__main__":
    count, each = (int(one) for one in (*sys.argv[1:], *("300", "50")[len(sys.argv) - 1 :]))
    asyncio.run(main(count, each))
