"""The documents that every benchmark sends: a location of 10 EVSEs with 2 connectors each, 8 kB.

The shape follows the examples of the specification, widened. All are generated: nothing is read.
"""

import json
from typing import Any

Json = dict[str, Any]

LAST_UPDATED = "2026-06-29T20:39:09Z"
OWNER = ("BE", "BEC")
"""The CPO that the load generator plays."""


def dumps(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def connector(number: int) -> Json:
    alternating = number == 1
    return {
        "id": str(number),
        "standard": "IEC_62196_T2" if alternating else "IEC_62196_T2_COMBO",
        "format": "SOCKET" if alternating else "CABLE",
        "power_type": "AC_3_PHASE" if alternating else "DC",
        "max_voltage": 400 if alternating else 920,
        "max_amperage": 32 if alternating else 500,
        "max_electric_power": 22000 if alternating else 300000,
        "tariff_ids": ["11", "13"],
        "last_updated": LAST_UPDATED,
    }


def evse(number: int) -> Json:
    return {
        "uid": f"{3256 + number}",
        "evse_id": f"BE*BEC*E0415030{number:02d}",
        "status": "AVAILABLE",
        "capabilities": ["RESERVABLE", "RFID_READER", "REMOTE_START_STOP_CAPABLE"],
        "connectors": [connector(1), connector(2)],
        "physical_reference": str(number + 1),
        "floor_level": "-1",
        "coordinates": {"latitude": "51.047599", "longitude": "3.729944"},
        "last_updated": LAST_UPDATED,
    }


def location(number: int, *, owner: tuple[str, str] = OWNER, evses: int = 10) -> Json:
    return {
        "country_code": owner[0],
        "party_id": owner[1],
        "id": f"LOC{number}",
        "publish": True,
        "name": "Gent Zuid",
        "address": "F.Rooseveltlaan 3A",
        "city": "Gent",
        "postal_code": "9000",
        "country": "BEL",
        "coordinates": {"latitude": "51.047599", "longitude": "3.729944"},
        "parking_type": "ON_STREET",
        "evses": [evse(index) for index in range(evses)],
        "directions": [
            {"language": "en", "text": "Second exit after the station, level -1."},
            {"language": "nl", "text": "Tweede afrit na het station, niveau -1."},
        ],
        "operator": {"name": "BeCharged", "website": "https://becharged.example.com"},
        "facilities": ["SUPERMARKET", "TRAIN_STATION"],
        "time_zone": "Europe/Brussels",
        "opening_times": {
            "twentyfourseven": False,
            "regular_hours": [
                {"weekday": day, "period_begin": "06:00", "period_end": "23:30"}
                for day in range(1, 8)
            ],
        },
        "charging_when_closed": True,
        "last_updated": LAST_UPDATED,
    }


def small_location(number: int, *, owner: tuple[str, str] = OWNER) -> Json:
    """0.8 kB: for a million of them."""
    whole = location(number, owner=owner, evses=1)
    whole["evses"][0]["connectors"].pop()
    for member in ("directions", "opening_times", "operator", "facilities"):
        del whole[member]
    return whole


def token(number: int, *, owner: tuple[str, str]) -> Json:
    """A card whose eMSP wants to be asked."""
    return {
        "country_code": owner[0],
        "party_id": owner[1],
        "uid": f"TOK{number}",
        "type": "RFID",
        "contract_id": f"{owner[0]}{owner[1]}C{number:08d}",
        "visual_number": f"{owner[1]}-{number:06d}",
        "issuer": "Bench Mobility",
        "group_id": f"FLEET{number % 50}",
        "valid": True,
        "whitelist": "NEVER",
        "language": "nl",
        "last_updated": LAST_UPDATED,
    }


def padded(whole: Json) -> Json:
    """With absent optional members as null, which some peers demand."""
    return whole | {
        "state": None,
        "suboperator": None,
        "owner": None,
        "energy_mix": None,
        "operator": whole["operator"] | {"logo": None},
        "evses": [
            one
            | {
                "status_schedule": None,
                "connectors": [c | {"terms_and_conditions": None} for c in one["connectors"]],
            }
            for one in whole["evses"]
        ],
    }
