"""Right objects for the rules to be broken on, one change at a time."""

from typing import Any

import msgspec

from voltroam.standard import v2_2_1 as v
from voltroam.wire import rules

WHEN = "2024-05-01T10:00:00Z"
LATER = "2024-05-01T11:00:00Z"

TOKEN: dict[str, Any] = {
    "country_code": "DE", "party_id": "MSP", "uid": "04A1", "type": "RFID",
    "contract_id": "DEMSPC0001", "issuer": "MSP", "valid": True, "whitelist": "ALWAYS",
    "last_updated": WHEN,
}  # fmt: skip
CONNECTOR: dict[str, Any] = {
    "id": "1", "standard": "IEC_62196_T2", "format": "SOCKET", "power_type": "AC_3_PHASE",
    "max_voltage": 230, "max_amperage": 32, "last_updated": WHEN,
}  # fmt: skip
EVSE: dict[str, Any] = {
    "uid": "E1", "status": "AVAILABLE", "connectors": [CONNECTOR], "last_updated": WHEN,
}  # fmt: skip
LOCATION: dict[str, Any] = {
    "country_code": "NL", "party_id": "CPO", "id": "L1", "publish": True, "address": "Dam 1",
    "city": "Amsterdam", "country": "NLD", "time_zone": "Europe/Amsterdam",
    "coordinates": {"latitude": "52.37310", "longitude": "4.89260"},
    "evses": [EVSE], "last_updated": WHEN,
}  # fmt: skip
CDR_TOKEN: dict[str, Any] = {
    "country_code": "DE", "party_id": "MSP", "uid": "04A1", "type": "RFID",
    "contract_id": "DEMSPC0001",
}  # fmt: skip
PERIOD: dict[str, Any] = {
    "start_date_time": WHEN, "dimensions": [{"type": "ENERGY", "volume": 12.5}],
}  # fmt: skip
SESSION: dict[str, Any] = {
    "country_code": "NL", "party_id": "CPO", "id": "S1", "start_date_time": WHEN, "kwh": 12.5,
    "cdr_token": CDR_TOKEN, "auth_method": "WHITELIST", "location_id": "L1", "evse_uid": "E1",
    "connector_id": "1", "currency": "EUR", "status": "ACTIVE", "charging_periods": [PERIOD],
    "last_updated": WHEN,
}  # fmt: skip
CDR: dict[str, Any] = {
    "country_code": "NL", "party_id": "CPO", "id": "C1", "start_date_time": WHEN,
    "end_date_time": LATER, "session_id": "S1", "cdr_token": CDR_TOKEN,
    "auth_method": "WHITELIST",
    "cdr_location": {
        "id": "L1", "address": "Dam 1", "city": "Amsterdam", "country": "NLD",
        "coordinates": {"latitude": "52.37310", "longitude": "4.89260"},
        "evse_uid": "E1", "evse_id": "NL*CPO*E1", "connector_id": "1",
        "connector_standard": "IEC_62196_T2", "connector_format": "SOCKET",
        "connector_power_type": "AC_3_PHASE",
    },
    "currency": "EUR", "charging_periods": [PERIOD], "total_cost": {"excl_vat": 5.00},
    "total_energy": 12.5, "total_time": 1.0, "last_updated": LATER,
}  # fmt: skip
TARIFF: dict[str, Any] = {
    "country_code": "NL", "party_id": "CPO", "id": "T1", "currency": "EUR",
    "elements": [{"price_components": [{"type": "ENERGY", "price": 0.25, "step_size": 1}]}],
    "last_updated": WHEN,
}  # fmt: skip
ROLE: dict[str, Any] = {
    "role": "CPO", "party_id": "CPO", "country_code": "NL", "business_details": {"name": "C"},
}  # fmt: skip
CREDENTIALS: dict[str, Any] = {
    "token": "abcDEF123", "url": "https://cpo.example/ocpi/versions", "roles": [ROLE],
}  # fmt: skip
START: dict[str, Any] = {
    "response_url": "https://emsp.example/1", "token": TOKEN, "location_id": "L1",
}  # fmt: skip
PROFILE: dict[str, Any] = {
    "charging_rate_unit": "A",
    "charging_profile_period": [
        {"start_period": 0, "limit": 16}, {"start_period": 900, "limit": 8.1},
    ],
}  # fmt: skip

RIGHT: dict[type, dict[str, Any]] = {
    v.Location: LOCATION, v.Session: SESSION, v.CDR: CDR, v.Tariff: TARIFF, v.Token: TOKEN,
    v.Credentials: CREDENTIALS, v.StartSession: START, v.ChargingProfile: PROFILE,
}  # fmt: skip


def breaches(shape: type, document: dict[str, Any]) -> dict[str, bool]:
    """Path → whether it is only a warning, of every breach in a document."""
    value: object = msgspec.json.decode(msgspec.json.encode(document), type=shape)
    return {breach.path: breach.warning for breach in rules.check(value)}


def errors(shape: type, document: dict[str, Any]) -> list[str]:
    return [path for path, warning in breaches(shape, document).items() if not warning]


def warnings(shape: type, document: dict[str, Any]) -> list[str]:
    return [path for path, warning in breaches(shape, document).items() if warning]
