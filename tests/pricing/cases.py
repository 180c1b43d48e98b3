"""The worked cases beside the repository: tariff and session, with the cost by hand."""

from datetime import datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest

from voltroam.bridge.tariffs import tariff_up
from voltroam.pricing import Bill, Policy, price
from voltroam.standard import v2_2_1 as old
from voltroam.standard.v2_3_0 import ChargingPeriod

FILE = Path(__file__).parents[2].parent / "shared" / "data" / "pricing-cases.json"
_NUMBERS = msgspec.json.Decoder(float_hook=Decimal)


@cache
def cases() -> list[dict[str, Any]]:
    """Every case; none where the file is absent."""
    return _NUMBERS.decode(FILE.read_bytes()) if FILE.exists() else []


def case(name: str) -> dict[str, Any]:
    """The case whose name starts so; skips where the file is absent."""
    if not cases():
        pytest.skip(f"{FILE} is not here")
    return next(one for one in cases() if one["name"].split()[0] == name)


def run(one: dict[str, Any], policy: Policy | None = None) -> Bill:
    session = one["cdr"]
    tariff = tariff_up(msgspec.convert(one["tariff"], old.Tariff)).value
    return price(
        [tariff],
        msgspec.convert(session["charging_periods"], list[ChargingPeriod]),
        start=msgspec.convert(session["start_date_time"], type=datetime),
        end=msgspec.convert(session["end_date_time"], type=datetime),
        zone=session["time_zone"],
        policy=policy,
        reservation_outcome=session.get("reservation_outcome"),
        currency=session["currency"],
    )
