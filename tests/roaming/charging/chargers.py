"""A small operator with one location, and a host that reports what its meter shows."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec

from voltroam.billing.any_version import read_cdr, read_session
from voltroam.billing.audit import Context, audit
from voltroam.billing.findings import Audit
from voltroam.pricing import Outcome
from voltroam.roaming.accept import accept
from voltroam.roaming.charging import Charging, ChargingKnobs
from voltroam.roaming.host import Reading
from voltroam.roaming.keys import object_key
from voltroam.roaming.platforms import Identity
from voltroam.standard import v2_2_1 as v
from voltroam.standard.endpoints import CORE, Resource, Table
from voltroam.standard.parties import PartyId
from voltroam.standard.v2_2_1 import AuthMethod, BusinessDetails, CredentialsRole, Role
from voltroam.standard.versions import V2_2_1
from voltroam.store.interface import Event, Store
from voltroam.wire.times import to_micros

Json = dict[str, Any]

START = datetime(2026, 11, 23, 9, tzinfo=UTC)
"""A Monday, 10:00 in Amsterdam."""
CPO = PartyId("NL", "AAA")
ZONE = "Europe/Amsterdam"
RESOURCES = Table(CORE).resources
DRIVER = v.CdrToken(
    country_code="DE", party_id="MSP", uid="04A1B2C3", type=v.TokenType.RFID,
    contract_id="DE-MSP-C00000001",
)  # fmt: skip
OTHER_DRIVER = msgspec.structs.replace(DRIVER, uid="04FFFFFF")


class Clock:
    """Stands until it is moved."""

    def __init__(self) -> None:
        self.at = START

    def __call__(self) -> int:
        return to_micros(self.at)

    def forward(self, **span: float) -> None:
        self.at += timedelta(**span)


def minute(number: float) -> datetime:
    """So many minutes after the start."""
    return START + timedelta(minutes=number)


def meter(number: float, kwh: str, **members: Any) -> Reading:
    """The register so many minutes after the start."""
    return Reading(at=minute(number), kwh=Decimal(kwh), **members)


def component(kind: str, price: str, step: int = 1) -> Json:
    return {"type": kind, "price": float(price), "step_size": step, "vat": 21}


def element(*components: Json, **restrictions: Any) -> Json:
    found: Json = {"price_components": list(components)}
    return found | {"restrictions": restrictions} if restrictions else found


def tariff(name: str, *elements: Json, **members: Any) -> Json:
    return {
        "country_code": "NL", "party_id": "AAA", "id": name, "currency": "EUR",
        "elements": list(elements), "last_updated": "2026-01-01T00:00:00Z", **members,
    }  # fmt: skip


PLAIN = tariff("PLAIN", element(component("ENERGY", "0.30"), component("PARKING_TIME", "6.00")))
OLDER = tariff("OLDER", element(component("ENERGY", "0.10")), end_date_time="2026-01-01T00:00:00Z")
"""Not valid any more."""
BOOKED = tariff(
    "BOOKED",
    element(component("TIME", "3.00"), reservation="RESERVATION"),
    element(component("FLAT", "2.00"), reservation="RESERVATION_EXPIRES"),
    element(component("ENERGY", "0.30")),
)


def connector(name: str, tariffs: Sequence[str]) -> Json:
    return {
        "id": name, "standard": "IEC_62196_T2", "format": "SOCKET", "power_type": "AC_3_PHASE",
        "max_voltage": 230, "max_amperage": 32, "last_updated": "2026-01-01T00:00:00Z",
        "tariff_ids": list(tariffs),
    }  # fmt: skip


def location(*tariffs: str, **members: Any) -> Json:
    evses = [
        {
            "uid": uid, "evse_id": f"NL*AAA*{uid}", "status": "AVAILABLE",
            "connectors": [connector("1", tariffs)], "last_updated": "2026-01-01T00:00:00Z",
        }
        for uid in ("E1", "E2")
    ]  # fmt: skip
    return {
        "country_code": "NL", "party_id": "AAA", "id": "LOC1", "publish": True,
        "address": "Kade 1", "city": "Utrecht", "country": "NLD",
        "coordinates": {"latitude": "52.100000", "longitude": "5.100000"},
        "time_zone": ZONE, "evses": evses, "last_updated": "2026-01-01T00:00:00Z", **members,
    }  # fmt: skip


class Operator:
    """Our company: its store, its objects, and the part under test."""

    def __init__(self, store: Store, clock: Clock, **options: Any) -> None:
        role = CredentialsRole(
            role=Role.CPO, business_details=BusinessDetails(name="A"), party_id="AAA",
            country_code="NL",
        )  # fmt: skip
        self.store = store
        self.clock = clock
        self.identity = Identity(name="A", url="https://a.example", roles=(role,))
        self.charging = Charging(store, self.identity, clock, **options)

    def restarted(self, **knobs: Any) -> "Operator":
        """Another process on the same database."""
        return Operator(self.store, self.clock, knobs=ChargingKnobs(**knobs))

    async def hold(self, kind: str, *documents: Mapping[str, Any]) -> None:
        for document in documents:
            await self.store.apply(
                accept(
                    RESOURCES[kind], json.dumps(document).encode(), version=V2_2_1, source=None,
                    identity=self.identity, strict=True,
                )
            )  # fmt: skip

    async def open(self, *tariffs: Json, **members: Any) -> None:
        """One location with these tariffs at each connector."""
        await self.hold("tariffs", *tariffs)
        await self.hold("locations", location(*(one["id"] for one in tariffs), **members))

    async def begin(self, **changes: Any) -> str:
        asked: Json = {
            "location_id": "LOC1", "evse_uid": "E1", "connector_id": "1", "token": DRIVER,
            "auth_method": AuthMethod.WHITELIST, "at": START,
        }  # fmt: skip
        return await self.charging.begin(**asked | changes)

    async def reserve(self, **changes: Any) -> str:
        asked: Json = {
            "location_id": "LOC1", "token": DRIVER, "at": START, "until": minute(30),
            "authorization_reference": "REF-A",
        }  # fmt: skip
        return await self.charging.reserved(**asked | changes)

    async def document(self, kind: str, name: str) -> bytes | None:
        row = await self.store.get(object_key(RESOURCES[kind], CPO, {"id": name}))
        return None if row is None else row.document

    async def json(self, kind: str, name: str) -> Json:
        found = await self.document(kind, name)
        assert found is not None, f"no {kind} {name}"
        plain: Json = json.loads(found, parse_float=Decimal)
        return plain

    async def session(self, name: str) -> Json:
        return await self.json("sessions", name)

    async def cdr(self, name: str) -> Json:
        return await self.json("cdrs", name)

    async def audited(self, cdr_id: str, session_id: str, outcome: str | None = None) -> Audit:
        """The node's own audit of a CDR, beside its session."""
        cdr, session = (
            await self.document("cdrs", cdr_id),
            await self.document("sessions", session_id),
        )
        assert cdr is not None
        assert session is not None
        return audit(
            read_cdr(cdr),
            Context(
                zone=ZONE, session=read_session(session),
                reservation_outcome=None if outcome is None else Outcome(outcome),
            ),
        )  # fmt: skip

    async def events(self, kind: str) -> list[Event]:
        return [one for one in await self.store.events(0, 1000) if one.type == kind]


def resource(kind: str) -> Resource:
    return RESOURCES[kind]


def energy(periods: Sequence[Json]) -> Decimal:
    """What periods add up to."""
    return sum(
        (
            Decimal(one["volume"])
            for period in periods
            for one in period["dimensions"]
            if one["type"] == "ENERGY"
        ),
        Decimal(0),
    )


def dimensions(period: Json) -> dict[str, Decimal]:
    return {one["type"]: Decimal(one["volume"]) for one in period["dimensions"]}
