"""Short hands for tariffs and sessions of one test."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec

from voltroam.pricing import Bill, Policy, price
from voltroam.standard.v2_3_0 import ChargingPeriod, Tariff

ZONE = "Europe/Amsterdam"
NAMES = {
    "E": "ENERGY",
    "T": "TIME",
    "P": "PARKING_TIME",
    "R": "RESERVATION_TIME",
    "O": "RESERVATION_OVERTIME",
    "MINA": "MIN_CURRENT",
    "MAXA": "MAX_CURRENT",
    "MINP": "MIN_POWER",
    "MAXP": "MAX_POWER",
    "A": "CURRENT",
    "KW": "POWER",
    "F": "FLAT",
}


Part = tuple[float, Mapping[str, object]]
"""Minutes, and volumes by short name."""


def at(text: str) -> datetime:
    """`2026-06-03 08:00`, UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


MORNING = at("2026-06-03 08:00")
"""A Wednesday, 10:00 in Amsterdam."""


def component(kind: str, amount: str, step: int = 1, vat: str | None = None) -> dict[str, Any]:
    found = {"type": NAMES.get(kind, kind), "price": Decimal(amount), "step_size": step}
    return found if vat is None else {**found, "vat": Decimal(vat)}


def element(*components: dict[str, Any], **restrictions: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"price_components": list(components)}
    if restrictions:
        found["restrictions"] = restrictions
    return found


def tariff(*elements: dict[str, Any], **members: Any) -> Tariff:
    return msgspec.convert(
        {
            "country_code": "NL",
            "party_id": "TST",
            "id": "T",
            "currency": "EUR",
            "tax_included": "NO",
            "elements": list(elements),
            "last_updated": "2026-01-01T00:00:00Z",
            **members,
        },
        Tariff,
    )


def limit(net: str, gross: str | None = None) -> dict[str, Any]:
    found = {"before_taxes": Decimal(net)}
    return found if gross is None else {**found, "after_taxes": Decimal(gross)}


def period(start: datetime, *, of: str | None = "T", **volumes: object) -> ChargingPeriod:
    """`period(MORNING, T=1, E=10, of="T")`: hours, kWh, and the id of its tariff."""
    dimensions = [
        {"type": NAMES[name], "volume": Decimal(str(volume))} for name, volume in volumes.items()
    ]
    plain = {"start_date_time": start, "dimensions": dimensions, "tariff_id": of}
    return msgspec.convert(plain, ChargingPeriod)


def session(start: datetime, *parts: Part) -> list[ChargingPeriod]:
    """Periods one after the other: `(minutes, {"T": ..})`; T, P, R, O of None take the minutes."""
    found = []
    for minutes, volumes in parts:
        hours = round(Decimal(minutes) / 60, 4)
        filled = {
            name: hours if value is None else value
            for name, value in volumes.items()
            if name != "of"
        }
        name = volumes.get("of", "T")
        found.append(period(start, of=name if isinstance(name, str) else None, **filled))
        start += timedelta(minutes=minutes)
    return found


def bill(
    tariffs: Tariff | Sequence[Tariff],
    *parts: Part,
    start: datetime = MORNING,
    outcome: str | None = None,
    **policy: Any,
) -> Bill:
    """Price parts as `session` takes them; keywords are fields of the policy."""
    many = [tariffs] if isinstance(tariffs, Tariff) else list(tariffs)
    end = start + timedelta(minutes=float(sum(minutes for minutes, _ in parts)))
    return price(
        many,
        session(start, *parts),
        start=start,
        end=end,
        zone=ZONE,
        policy=Policy(**policy),
        reservation_outcome=outcome,
    )


def cost(found: Bill) -> tuple[Decimal, Decimal | None]:
    return found.total_cost.rounded(4)


def of(excl: str, incl: str | None = None) -> tuple[Decimal, Decimal | None]:
    return Decimal(excl), None if incl is None else Decimal(incl)


def codes(found: Bill) -> set[str]:
    return {warning.code for warning in found.warnings}
