"""CDRs, sessions and locations of one test, as JSON; amounts as strings of decimals."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec

from voltroam.billing.any_version import read_cdr
from voltroam.standard.v2_3_0 import CDR

ZONE = "Europe/Amsterdam"
MORNING = datetime(2026, 6, 3, 8, tzinfo=UTC)
"""A Wednesday, 10:00 in Amsterdam."""
_ENCODER = msgspec.json.Encoder(decimal_format="number")
TOKEN = {
    "country_code": "DE", "party_id": "MOV", "uid": "04A1B2C3", "type": "RFID",
    "contract_id": "DE-MOV-C00000001",
}  # fmt: skip


def component(kind: str, price: str, step: int = 1, vat: str | None = None) -> dict[str, Any]:
    found = {"type": kind, "price": Decimal(price), "step_size": step}
    return found if vat is None else {**found, "vat": Decimal(vat)}


def element(*components: dict[str, Any], **restrictions: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"price_components": list(components)}
    return {**found, "restrictions": restrictions} if restrictions else found


def tariff(*elements: dict[str, Any], **members: Any) -> dict[str, Any]:
    """A tariff of 2.2.1."""
    return {
        "country_code": "NL", "party_id": "AAA", "id": "T", "currency": "EUR",
        "elements": list(elements), "last_updated": "2026-01-01T00:00:00Z", **members,
    }  # fmt: skip


def period(minute: int, tariff_id: str | None = "T", **volumes: str) -> dict[str, Any]:
    """`period(30, TIME="0.5", ENERGY="10")`: begins so many minutes after ten."""
    start = MORNING + timedelta(minutes=minute)
    found: dict[str, Any] = {
        "start_date_time": f"{start:%Y-%m-%dT%H:%M:%SZ}",
        "dimensions": [{"type": kind, "volume": Decimal(v)} for kind, v in volumes.items()],
    }
    return found if tariff_id is None else {**found, "tariff_id": tariff_id}


def money(excl: str, incl: str | None = None) -> dict[str, Decimal]:
    found = {"excl_vat": Decimal(excl)}
    return found if incl is None else {**found, "incl_vat": Decimal(incl)}


def cdr(
    minutes: int,
    tariffs: Sequence[Mapping[str, Any]],
    periods: Sequence[Mapping[str, Any]],
    total: Mapping[str, Decimal],
    **members: Any,
) -> dict[str, Any]:
    """A CDR of 2.2.1; total_energy and total_time are what the periods add up to."""

    def volume(*kinds: str) -> Decimal:
        return sum(
            (one["volume"] for p in periods for one in p["dimensions"] if one["type"] in kinds),
            Decimal(0),
        )

    end = MORNING + timedelta(minutes=minutes)
    return {
        "country_code": "NL", "party_id": "AAA", "id": "CDR1", "session_id": "S1",
        "start_date_time": f"{MORNING:%Y-%m-%dT%H:%M:%SZ}",
        "end_date_time": f"{end:%Y-%m-%dT%H:%M:%SZ}",
        "cdr_token": TOKEN, "auth_method": "WHITELIST",
        "cdr_location": {
            "id": "LOC1", "address": "Kade 1", "city": "Utrecht", "country": "NLD",
            "coordinates": {"latitude": "52.10000", "longitude": "5.10000"},
            "evse_uid": "E1", "evse_id": "NL*AAA*E1", "connector_id": "1",
            "connector_standard": "IEC_62196_T2", "connector_format": "SOCKET",
            "connector_power_type": "AC_3_PHASE",
        },
        "currency": "EUR", "tariffs": list(tariffs), "charging_periods": list(periods),
        "total_cost": dict(total), "total_energy": volume("ENERGY"),
        "total_time": volume("TIME", "PARKING_TIME"), "last_updated": "2026-06-04T00:00:00Z",
        **members,
    }  # fmt: skip


def encoded(plain: object) -> bytes:
    return _ENCODER.encode(plain)


def read(plain: Mapping[str, Any]) -> CDR:
    return read_cdr(encoded(plain))
