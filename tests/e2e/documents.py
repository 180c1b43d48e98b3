"""Small valid documents of every kind, written by hand from the chapters of OCPI 2.2.1."""

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

Json = dict[str, Any]
LONG_AGO = "2026-01-01T00:00:00Z"
_numbers = itertools.count(1)


def fresh(prefix: str = "X") -> str:
    """An id that no other test of this run uses."""
    return f"{prefix}{next(_numbers)}"


def moment(seconds: float = 0) -> str:
    """Now and so many seconds later, in milliseconds, as the node writes it: a whole second has
    no fraction."""
    text = (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z").replace(".000Z", "Z")


def owned(party: tuple[str, str], identifier: str, changes: Json, members: Json) -> Json:
    country, party_id = party
    head = {"country_code": country, "party_id": party_id, "id": identifier}
    return head | members | {"last_updated": LONG_AGO} | changes


def connector(identifier: str = "1", **changes: Any) -> Json:
    return {
        "id": identifier,
        "standard": "IEC_62196_T2",
        "format": "SOCKET",
        "power_type": "AC_3_PHASE",
        "max_voltage": 230,
        "max_amperage": 16,
        "last_updated": LONG_AGO,
    } | changes


def evse(uid: str = "E1", **changes: Any) -> Json:
    return {
        "uid": uid,
        "evse_id": "NL*NOD*E1",
        "status": "AVAILABLE",
        "connectors": [connector()],
        "last_updated": LONG_AGO,
    } | changes


def location(party: tuple[str, str], identifier: str, **changes: Any) -> Json:
    members = {
        "publish": True,
        "name": "Dom",
        "address": "Domplein 29",
        "city": "Utrecht",
        "country": "NLD",
        "coordinates": {"latitude": "52.090700", "longitude": "5.121400"},
        "time_zone": "Europe/Amsterdam",
        "evses": [evse()],
    }
    return owned(party, identifier, changes, members)


def tariff(party: tuple[str, str], identifier: str, **changes: Any) -> Json:
    price = {"type": "ENERGY", "price": 0.25, "vat": 21.0, "step_size": 1}
    members = {"currency": "EUR", "elements": [{"price_components": [price]}]}
    return owned(party, identifier, changes, members)


def token(party: tuple[str, str], uid: str, **changes: Any) -> Json:
    members: Json = {
        "uid": uid,
        "type": "RFID",
        "contract_id": f"NL-NOD-{uid}",
        "issuer": "Noda",
        "valid": True,
        "whitelist": "ALLOWED",
    }
    whole = owned(party, uid, {}, members)
    del whole["id"]
    return whole | changes


def cdr_token(party: tuple[str, str]) -> Json:
    return {
        "country_code": party[0],
        "party_id": party[1],
        "uid": "012345678",
        "type": "RFID",
        "contract_id": "DE8ACC12E46L89",
    }


def period(start: str = "2026-01-01T10:00:00Z", kwh: float = 1.5) -> Json:
    return {"start_date_time": start, "dimensions": [{"type": "ENERGY", "volume": kwh}]}


def session(
    party: tuple[str, str], identifier: str, contract: tuple[str, str], **changes: Any
) -> Json:
    members = {
        "start_date_time": "2026-01-01T10:00:00Z",
        "kwh": 1.5,
        "cdr_token": cdr_token(contract),
        "auth_method": "WHITELIST",
        "location_id": "LOC1",
        "evse_uid": "E1",
        "connector_id": "1",
        "currency": "EUR",
        "charging_periods": [period()],
        "status": "ACTIVE",
    }
    return owned(party, identifier, changes, members)


def cdr(party: tuple[str, str], identifier: str, contract: tuple[str, str], **changes: Any) -> Json:
    members = {
        "start_date_time": "2026-01-01T10:00:00Z",
        "end_date_time": "2026-01-01T11:00:00Z",
        "session_id": f"S-{identifier}"[:36],
        "cdr_token": cdr_token(contract),
        "auth_method": "WHITELIST",
        "cdr_location": {
            "id": "LOC1",
            "address": "Domplein 29",
            "city": "Utrecht",
            "country": "NLD",
            "coordinates": {"latitude": "52.090700", "longitude": "5.121400"},
            "evse_uid": "E1",
            "evse_id": "NL*NOD*E1",
            "connector_id": "1",
            "connector_standard": "IEC_62196_T2",
            "connector_format": "SOCKET",
            "connector_power_type": "AC_3_PHASE",
        },
        "currency": "EUR",
        "charging_periods": [period()],
        "total_cost": {"excl_vat": 4.0, "incl_vat": 4.84},
        "total_energy": 1.5,
        "total_time": 1,
    }
    return owned(party, identifier, changes, members)


def client_info(party: tuple[str, str], **changes: Any) -> Json:
    return {
        "country_code": party[0],
        "party_id": party[1],
        "role": "CPO",
        "status": "CONNECTED",
        "last_updated": LONG_AGO,
    } | changes
