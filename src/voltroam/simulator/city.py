"""A city of charging locations, its tariffs and the drivers' tokens, from one seed.

Everything here is pure: the same seed, party and moment give the same documents, and every document
is valid by the strict reading of OCPI 2.2.1 (§mod_locations, §mod_tariffs, §mod_tokens).
"""

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from voltroam.standard.parties import PartyId
from voltroam.wire.times import format_datetime

Document = dict[str, Any]

CENTRE = (52.0907, 5.1214)
"""Utrecht, the Dom tower; latitude and longitude in degrees."""
RADIUS = 0.045
"""Of the built-up area, in degrees of latitude."""

DISTRICTS = (
    ("Binnenstad", "3511"), ("Wittevrouwen", "3572"), ("Lombok", "3531"), ("Oog in Al", "3533"),
    ("Tuindorp", "3571"), ("Lunetten", "3525"), ("Kanaleneiland", "3526"), ("Zuilen", "3553"),
    ("Overvecht", "3562"), ("Hoograven", "3523"), ("Leidsche Rijn", "3541"), ("Rijnsweerd", "3584"),
)  # fmt: skip
STREETS = (
    "Amsterdamsestraatweg", "Biltstraat", "Burgemeester Reigerstraat", "Croeselaan", "Damstraat",
    "Domplein", "Europalaan", "Gansstraat", "Goylaan", "Graadt van Roggenweg", "Griftstraat",
    "Heidelberglaan", "Kanaalstraat", "Kardinaal de Jongweg", "Koningsweg", "Laan van Nieuw-Guinea",
    "Ledig Erf", "Leidseweg", "Maliebaan", "Marnixlaan", "Nachtegaalstraat", "Oudenoord",
    "Pijperlaan", "Prins Bernhardlaan", "Rijnkade", "Ruimteweg", "Savannahweg", "Stadionlaan",
    "Talmalaan", "Thomas à Kempisweg", "Troelstralaan", "Vleutenseweg", "Vondellaan",
    "Waterlinieweg", "Weg der Verenigde Naties", "Wilhelminapark", "Zamenhofdreef",
)  # fmt: skip
GARAGES = (
    "Croeselaan",
    "Springweg",
    "Vaartsche Rijn",
    "Berlijnplein",
    "Kop Vredenburg",
    "De Uithof",
)
LETTERS = "ABCEGHJKLNPRSTVW"
HUBS = ("Fast Charge", "Power Plaza", "Charge Park")


@dataclass(frozen=True, slots=True)
class Hardware:
    """One kind of charging station; volts, amperes and watts as a connector states them."""

    name: str
    standard: str
    form: str
    power_type: str
    volts: int
    amperes: int
    watts: int
    tariff: str
    capabilities: tuple[str, ...]


REMOTE = ("RFID_READER", "REMOTE_START_STOP_CAPABLE", "CHARGING_PROFILE_CAPABLE")
SOCKET = (*REMOTE, "CHARGING_PREFERENCES_CAPABLE", "RESERVABLE", "UNLOCK_CAPABLE")
KERB = Hardware("kerb", "IEC_62196_T2", "SOCKET", "AC_3_PHASE", 230, 16, 11_000, "AC", SOCKET)
GARAGE = Hardware("garage", "IEC_62196_T2", "SOCKET", "AC_3_PHASE", 230, 32, 22_000, "AC", SOCKET)
FAST = Hardware("fast", "IEC_62196_T2_COMBO", "CABLE", "DC", 400, 375, 150_000, "DC",
                (*REMOTE, "CREDIT_CARD_PAYABLE", "RESERVABLE"))  # fmt: skip
ULTRA = Hardware("ultra", "IEC_62196_T2_COMBO", "CABLE", "DC", 920, 380, 350_000, "DC",
                 FAST.capabilities)  # fmt: skip
CHADEMO = Hardware("chademo", "CHADEMO", "CABLE", "DC", 400, 125, 50_000, "DC", FAST.capabilities)

ENERGY_PRICE = {"AC": Decimal("0.4132"), "AC-CHEAP": Decimal("0.3306"), "DC": Decimal("0.6529")}
"""Euro per kWh without VAT."""
START_FEE = {"AC": Decimal("0"), "AC-CHEAP": Decimal("0"), "DC": Decimal("0.50")}
TARIFFS_OF = {"AC": ("AC", "AC-CHEAP"), "DC": ("DC",)}
"""On AC there is time: who lets the car charge when power is cheap pays less."""
PROFILES = {"AC-CHEAP": "PROFILE_CHEAP"}
VAT = Decimal("21.0")
CARD = "CARD"
CARD_PRICE = Decimal("0.847")
"""Euro per kWh with VAT: 0.70 without."""


def locations(
    party: PartyId, *, count: int, seed: int, now: datetime, cards: bool = False
) -> Iterator[Document]:
    """`count` locations of one operator, with 2 to 8 EVSEs each. `cards`: who pays by card has a
    tariff of his own everywhere."""
    dice = random.Random(f"{seed} locations {party.folded}")  # noqa: S311
    number = 0
    for index in range(count):
        kind = dice.choices((KERB, GARAGE, FAST), weights=(70, 20, 10))[0]
        size = {"kerb": 2, "garage": dice.choice((4, 6, 8)), "fast": dice.choice((2, 4, 6))}[
            kind.name
        ]
        changed = format_datetime(now - timedelta(minutes=dice.randint(20, 60 * 24 * 30)))
        latitude, longitude = _somewhere(dice)
        district, postal = dice.choice(DISTRICTS)
        street = dice.choice(STREETS)
        evses = []
        for place in range(size):
            number += 1
            hardware = dice.choice((FAST, ULTRA)) if kind is FAST else kind
            evse = _evse(party, number, place, hardware, dice=dice, changed=changed)
            for connector in evse["connectors"] if cards else ():
                connector["tariff_ids"].append(tariff_id(party, CARD))
            evses.append(evse)
        yield {
            "country_code": party.country_code,
            "party_id": party.party_id,
            "id": f"UTR-{index + 1:04d}",
            "publish": True,
            "name": _name(kind, street, district, dice),
            "address": f"{street} {dice.randint(1, 240)}",
            "city": "Utrecht",
            "postal_code": f"{postal} {dice.choice(LETTERS)}{dice.choice(LETTERS)}",
            "country": "NLD",
            "coordinates": {"latitude": latitude, "longitude": longitude},
            "parking_type": {"kerb": "ON_STREET", "garage": "PARKING_GARAGE"}.get(
                kind.name, "PARKING_LOT"
            ),
            "evses": evses,
            "operator": {"name": "Noda Charging", "website": "https://noda.example"},
            "facilities": _facilities(kind, dice),
            "time_zone": "Europe/Amsterdam",
            "opening_times": {"twentyfourseven": True},
            "charging_when_closed": True,
            "energy_mix": {
                "is_green_energy": True,
                "energy_sources": [
                    {"source": "WIND", "percentage": 70},
                    {"source": "SOLAR", "percentage": 30},
                ],
                "supplier_name": "Stadsstroom",
            },
            "last_updated": changed,
        }


def _somewhere(dice: random.Random) -> tuple[str, str]:
    """A point in the city, denser in the middle; 6 decimals, about 10 cm."""
    distance = RADIUS * dice.random() ** 0.7
    angle = dice.uniform(0, 2 * math.pi)
    stretch = math.cos(math.radians(CENTRE[0]))
    latitude = CENTRE[0] + distance * math.sin(angle)
    longitude = CENTRE[1] + distance * math.cos(angle) / stretch
    return f"{latitude:.6f}", f"{longitude:.6f}"


def _name(kind: Hardware, street: str, district: str, dice: random.Random) -> str:
    if kind is GARAGE:
        return f"P {dice.choice(GARAGES)}"
    if kind is FAST:
        return f"{dice.choice(HUBS)} {district}"
    return f"{street}, {district}"


def _facilities(kind: Hardware, dice: random.Random) -> list[str]:
    if kind is KERB:
        return ["PARKING_LOT"]
    return dice.sample(["CAFE", "RESTAURANT", "SUPERMARKET", "WIFI", "BUS_STOP", "SHOPPING"][:5], 2)


def _evse(
    party: PartyId,
    number: int,
    place: int,
    hardware: Hardware,
    *,
    dice: random.Random,
    changed: str,
) -> Document:
    plugs = [hardware]
    if hardware is FAST and dice.random() < 0.3:
        plugs.append(CHADEMO)
    return {
        "uid": f"{party.party_id}-{number:05d}",
        "evse_id": f"{party.country_code}*{party.party_id}*E{number:05d}",
        "status": dice.choices(("AVAILABLE", "OUTOFORDER"), weights=(97, 3))[0],
        "capabilities": list(hardware.capabilities),
        "connectors": [
            _connector(party, str(index + 1), plug, changed) for index, plug in enumerate(plugs)
        ],
        "physical_reference": str(place + 1),
        "last_updated": changed,
    }


def _connector(party: PartyId, identifier: str, plug: Hardware, changed: str) -> Document:
    return {
        "id": identifier,
        "standard": plug.standard,
        "format": plug.form,
        "power_type": plug.power_type,
        "max_voltage": plug.volts,
        "max_amperage": plug.amperes,
        "max_electric_power": plug.watts,
        "tariff_ids": [tariff_id(party, group) for group in TARIFFS_OF[plug.tariff]],
        "last_updated": changed,
    }


def tariff_id(party: PartyId, group: str) -> str:
    return f"{party.party_id}-{group}"


def tariffs(party: PartyId, *, now: datetime) -> Iterator[Document]:
    """Tariffs for AC, for AC in no hurry, and for DC: whole kWh prices with VAT stated."""
    for group, price in ENERGY_PRICE.items():
        components = [_component("ENERGY", price)]
        if START_FEE[group]:
            components.append(_component("FLAT", START_FEE[group]))
        gross = (price * (1 + VAT / 100)).quantize(Decimal("0.01"))
        yield {
            "country_code": party.country_code,
            "party_id": party.party_id,
            "id": tariff_id(party, group),
            "currency": "EUR",
            "type": PROFILES.get(group, "REGULAR"),
            "tariff_alt_text": [
                {"language": "en", "text": f"{gross} euro per kWh, VAT included"},
                {"language": "nl", "text": f"{gross} euro per kWh, inclusief btw"},
            ],
            "elements": [{"price_components": components}],
            "last_updated": format_datetime(now - timedelta(days=30)),
        }


def card_tariff(party: PartyId, *, now: datetime) -> Document:
    """For who pays by card at a terminal: a tariff of 2.3.0, with the VAT in its prices."""
    return {
        "country_code": party.country_code,
        "party_id": party.party_id,
        "id": tariff_id(party, CARD),
        "currency": "EUR",
        "type": "AD_HOC_PAYMENT",
        "tax_included": "YES",
        "preauthorize_amount": 60,
        "tariff_alt_text": [{"language": "en", "text": "0.847 euro per kWh, VAT included"}],
        "elements": [{"price_components": [_component("ENERGY", CARD_PRICE)]}],
        "last_updated": format_datetime(now - timedelta(days=30)),
    }


def _component(dimension: str, price: Decimal) -> Document:
    return {"type": dimension, "price": price, "vat": VAT, "step_size": 1}


def tokens(party: PartyId, *, count: int, seed: int, now: datetime) -> Iterator[Document]:
    """Cards and app users of one provider; a few are blocked."""
    dice = random.Random(f"{seed} tokens {party.folded}")  # noqa: S311
    for index in range(count):
        app = dice.random() < 0.3
        yield {
            "country_code": party.country_code,
            "party_id": party.party_id,
            "uid": f"{party.party_id}-APP-{index:06d}" if app else f"{dice.getrandbits(56):014X}",
            "type": "APP_USER" if app else "RFID",
            "contract_id": f"{party.country_code}-{party.party_id}-C{index + 1:08d}",
            "visual_number": f"{party.country_code}-{party.party_id}-{index + 1:08d}",
            "issuer": "Movia",
            "valid": dice.random() > 0.03,
            "whitelist": "NEVER" if app else "ALLOWED",
            "language": dice.choice(("de", "nl", "en")),
            "last_updated": format_datetime(
                now - timedelta(minutes=dice.randint(30, 60 * 24 * 90))
            ),
        }
