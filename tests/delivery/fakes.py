"""Partners in memory: what a lane sends them, what they answer, what they then hold."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

import msgspec
from msgspec import structs

from voltroam.roaming.platforms import EndpointAt, Identity, Phase, Platform, Profile, Status
from voltroam.standard.endpoints import (
    CDRS,
    LOCATIONS,
    SESSIONS,
    TARIFFS,
    TOKENS,
    Behaviour,
    Endpoint,
    Interface,
    Table,
)
from voltroam.standard.errors import PartnerError, Refused, Unreachable
from voltroam.standard.parties import PartyId, fold
from voltroam.standard.v2_2_1 import BusinessDetails, CredentialsRole, Role
from voltroam.standard.versions import V2_2_1
from voltroam.wire.call import NOTHING, Reply, Routing
from voltroam.wire.parts import get_part, patch_part
from voltroam.wire.patch import merge
from voltroam.wire.times import parse_datetime

TABLE = Table()
MODULES = (LOCATIONS, SESSIONS, CDRS, TARIFFS, TOKENS)
MODULE_NAMES = tuple(module.name for module in MODULES)
Json = dict[str, Any]


class Mode(Enum):
    UP = auto()
    DOWN = auto()
    """No connection; nothing arrives."""
    LOST = auto()
    """It takes what we send and its answer never comes."""
    HANGS = auto()
    """It never answers within the test."""


@dataclass(frozen=True, slots=True)
class Sent:
    method: str
    path: str
    body: bytes | None
    query: Mapping[str, str]
    routing: Routing
    at: float
    flow: str = ""

    @property
    def json(self) -> Json:
        document: Json = msgspec.json.decode(self.body or b"{}")
        return document


@dataclass
class Partner:
    """A far end that keeps what it is given, by the rules of OCPI 2.2.1."""

    id: str
    mode: Mode = Mode.UP
    delay: float = 0.0
    held: dict[str, bytes] = field(default_factory=dict)
    cdrs: dict[str, bytes] = field(default_factory=dict)
    offers: dict[str, list[bytes]] = field(default_factory=dict)
    """What its SENDER lists hold, by module."""
    sent: list[Sent] = field(default_factory=list)
    refuse: Callable[[Sent], PartnerError | None] = lambda sent: None
    after: Callable[[Sent], PartnerError | None] = lambda sent: None
    """As `refuse`, but what was sent is kept first."""

    def of(self, method: str) -> list[Sent]:
        return [sent for sent in self.sent if sent.method == method]

    def holds(self, path: str) -> Json:
        document: Json = msgspec.json.decode(self.held[path])
        return document


class FakeCalls:
    """`roaming.exchange.Exchange` towards partners in memory."""

    def __init__(self) -> None:
        self.partners: dict[str, Partner] = {}
        self.pages_cut: set[str] = set()
        """Modules whose second page is a fault."""
        self.page_size = 2
        self.asked: list[tuple[str, str, dict[str, str]]] = []

    async def call(
        self,
        platform: Platform,
        endpoint: Endpoint,
        *,
        keys: Mapping[str, str] = NOTHING,
        query: Mapping[str, str] = NOTHING,
        body: bytes | None = None,
        routing: Routing | None = None,
        url: str | None = None,
        correlation_id: str = "",
    ) -> Reply:
        partner = self.partners[platform.id]
        path = url or "/".join(
            [endpoint.module.name, *(keys[s[1:-1]] for s in endpoint.segments)]
            + [value for _, value in sorted(query.items())]
        )
        now = asyncio.get_running_loop().time()
        sent = Sent(
            endpoint.method, path, body, dict(query), routing or Routing(), now, correlation_id
        )
        if partner.mode is Mode.DOWN:
            raise Unreachable("connection refused", sent=False)
        partner.sent.append(sent)
        if partner.mode is Mode.HANGS:
            await asyncio.sleep(3600)
        if partner.delay:
            await asyncio.sleep(partner.delay)
        fault = partner.refuse(sent)
        if fault is not None:
            raise fault
        reply = _answer(partner, endpoint, sent, keys)
        fault = partner.after(sent)
        if fault is not None:
            raise fault
        if partner.mode is Mode.LOST:
            raise Unreachable("timed out")
        return reply

    async def pages(
        self,
        platform: Platform,
        endpoint: Endpoint,
        *,
        query: Mapping[str, str] = NOTHING,
        routing: Routing | None = None,
    ) -> AsyncIterator[list[bytes]]:
        partner = self.partners[platform.id]
        self.asked.append((platform.id, endpoint.module.name, dict(query)))
        if partner.mode is not Mode.UP:
            raise Unreachable("connection refused", sent=False)
        offered = partner.offers.get(endpoint.module.name, [])
        for start in range(0, len(offered) or 1, self.page_size):
            if start and endpoint.module.name in self.pages_cut:
                raise Refused("no second page", http=500)
            yield offered[start : start + self.page_size]


def _answer(partner: Partner, endpoint: Endpoint, sent: Sent, keys: Mapping[str, str]) -> Reply:
    ids = _part_ids(endpoint, keys)
    parts = endpoint.resource.parts[: len(ids)] if endpoint.resource else ()
    whole = "/".join(sent.path.split("/")[: -len(ids)]) if ids else sent.path
    if endpoint.behaviour is Behaviour.CREATE:
        return _create(partner, sent)
    if endpoint.behaviour is Behaviour.GET and whole.startswith("https://"):
        return Reply(data=partner.cdrs[whole])
    if endpoint.behaviour is Behaviour.PUT:
        partner.held[whole] = sent.body or b""
        return Reply()
    if whole not in partner.held:
        raise Refused("unknown", http=404, code=2003)
    if endpoint.behaviour is Behaviour.DELETE:
        del partner.held[whole]
        return Reply()
    document = partner.held[whole]
    if endpoint.behaviour is Behaviour.GET:
        found = get_part(document, parts, ids) if ids else document
        if found is None:
            raise Refused("unknown", http=404, code=2003)
        return Reply(data=found)
    body = sent.body or b""
    if "last_updated" not in sent.json:
        raise Refused("$.last_updated is missing", http=200, code=2001)
    if ids:
        partner.held[whole] = patch_part(
            document, parts, ids, body, parse_datetime(sent.json["last_updated"])
        )
    else:
        appends = endpoint.resource.appends if endpoint.resource else frozenset()
        partner.held[whole] = merge(document, body, appends=appends)
    return Reply()


def _part_ids(endpoint: Endpoint, keys: Mapping[str, str]) -> tuple[str, ...]:
    if endpoint.part is None:
        return ()
    return tuple(keys[s[1:-1]] for s in endpoint.segments[3:])


def _create(partner: Partner, sent: Sent) -> Reply:
    cdr = sent.json
    url = f"https://{partner.id}.example/cdrs/x{cdr['id']}"
    if url in partner.cdrs and partner.cdrs[url] != sent.body:
        raise Refused("exists already", http=200, code=2001)
    partner.cdrs[url] = sent.body or b""
    return Reply(http_status=201, headers={"location": url})


def role(role: Role, country: str, party: str) -> CredentialsRole:
    return CredentialsRole(
        role=role,
        country_code=country,
        party_id=party,
        business_details=BusinessDetails(name=f"{country}*{party}"),
    )


def identity(*roles: CredentialsRole) -> Identity:
    return Identity(
        name="us", url="https://us.example", roles=roles or (role(Role.CPO, "NL", "OUR"),)
    )


def platform(
    platform_id: str,
    *roles: CredentialsRole,
    modules: tuple[str, ...] = MODULE_NAMES,
    **changes: Any,
) -> Platform:
    sides = [
        EndpointAt(name, side, f"https://{platform_id}.example/{name}/{side.value.lower()}")
        for name in modules
        for side in Interface
    ]
    plain = Platform(
        id=platform_id,
        name=platform_id,
        phase=Phase.REGISTERED,
        status=Status.CONNECTED,
        version=V2_2_1.number,
        roles=roles or (role(Role.EMSP, "DE", "MSP"),),
        endpoints=tuple(sides),
        profile=Profile(),
    )
    return structs.replace(plain, **changes)


OUR = PartyId("NL", "OUR")
T0 = "2026-01-01T00:00:00Z"


def location(
    ident: str,
    *,
    at: str = T0,
    status: str = "AVAILABLE",
    tariffs: tuple[str, ...] = (),
    **more: Any,
) -> bytes:
    named = {"tariff_ids": tariffs} if tariffs else {}
    return msgspec.json.encode(
        {
            "country_code": "NL",
            "party_id": "OUR",
            "id": ident,
            "publish": True,
            "address": "Street 1",
            "city": "Town",
            "country": "NLD",
            "coordinates": {"latitude": "52.123456", "longitude": "4.123456"},
            "time_zone": "Europe/Amsterdam",
            "evses": [
                {
                    "uid": f"{ident}-E1",
                    "status": status,
                    "connectors": [
                        {
                            "id": "1",
                            "standard": "IEC_62196_T2",
                            "format": "SOCKET",
                            "power_type": "AC_3_PHASE",
                            "max_voltage": 230,
                            "max_amperage": 16,
                            "last_updated": T0,
                            **named,
                        }
                    ],
                    "last_updated": at,
                }
            ],
            "last_updated": at,
            **more,
        }
    )


def tariff(ident: str, *, at: str = T0, price: float = 0.25) -> bytes:
    return msgspec.json.encode(
        {
            "country_code": "NL",
            "party_id": "OUR",
            "id": ident,
            "currency": "EUR",
            "elements": [
                {"price_components": [{"type": "ENERGY", "price": price, "step_size": 1}]}
            ],
            "last_updated": at,
        }
    )


def token(ident: str, *, kind: str = "RFID", at: str = T0, valid: bool = True) -> bytes:
    return msgspec.json.encode(
        {
            "country_code": "NL",
            "party_id": "OUR",
            "uid": ident,
            "type": kind,
            "contract_id": f"NL-OUR-{ident}",
            "issuer": "Ours",
            "valid": valid,
            "whitelist": "NEVER",
            "last_updated": at,
        }
    )


def contract(ident: str = "RF1", country: str = "DE", party: str = "MSP") -> Json:
    return {
        "country_code": country,
        "party_id": party,
        "uid": ident,
        "type": "RFID",
        "contract_id": "DE-MSP-1",
    }


def session(
    ident: str, *, at: str = T0, kwh: float = 1.0, to: Json | None = None, **more: Any
) -> bytes:
    return msgspec.json.encode(
        {
            "country_code": "NL",
            "party_id": "OUR",
            "id": ident,
            "start_date_time": T0,
            "kwh": kwh,
            "cdr_token": to or contract(),
            "auth_method": "WHITELIST",
            "location_id": "L1",
            "evse_uid": "L1-E1",
            "connector_id": "1",
            "currency": "EUR",
            "status": "ACTIVE",
            "last_updated": at,
            **more,
        }
    )


def cdr(ident: str, *, at: str = T0, to: Json | None = None, energy: float = 10.0) -> bytes:
    return msgspec.json.encode(
        {
            "country_code": "NL",
            "party_id": "OUR",
            "id": ident,
            "start_date_time": T0,
            "end_date_time": "2026-01-01T01:00:00Z",
            "session_id": f"S-{ident}",
            "cdr_token": to or contract(),
            "auth_method": "WHITELIST",
            "cdr_location": {
                "id": "L1",
                "address": "Street 1",
                "city": "Town",
                "country": "NLD",
                "coordinates": {"latitude": "52.123456", "longitude": "4.123456"},
                "evse_uid": "L1-E1",
                "evse_id": "NL*OUR*E1",
                "connector_id": "1",
                "connector_standard": "IEC_62196_T2",
                "connector_format": "SOCKET",
                "connector_power_type": "AC_3_PHASE",
            },
            "currency": "EUR",
            "charging_periods": [
                {"start_date_time": T0, "dimensions": [{"type": "ENERGY", "volume": energy}]}
            ],
            "total_cost": {"excl_vat": 2.5},
            "total_energy": energy,
            "total_time": 1.0,
            "last_updated": at,
        }
    )


def folded_id(*parts: str) -> str:
    return "\x1f".join(fold(part) for part in parts)
