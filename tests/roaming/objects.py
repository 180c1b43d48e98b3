"""Small valid objects as plain JSON, changed by keyword."""

from typing import Any

T0 = "2026-11-20T10:00:00Z"
T1 = "2026-11-20T11:00:00Z"
T2 = "2026-11-20T12:00:00Z"
T3 = "2026-11-20T13:00:00Z"

Json = dict[str, Any]


def connector(**changes: Any) -> Json:
    return {
        "id": "1",
        "standard": "IEC_62196_T2",
        "format": "SOCKET",
        "power_type": "AC_3_PHASE",
        "max_voltage": 230,
        "max_amperage": 16,
        "last_updated": T1,
    } | changes


def evse(**changes: Any) -> Json:
    return {
        "uid": "E1",
        "status": "AVAILABLE",
        "connectors": [connector()],
        "last_updated": T1,
    } | changes


def location(**changes: Any) -> Json:
    return {
        "country_code": "NL",
        "party_id": "AAA",
        "id": "LOC1",
        "publish": True,
        "name": "Dam",
        "address": "Dam 1",
        "city": "Amsterdam",
        "country": "NLD",
        "coordinates": {"latitude": "52.373100", "longitude": "4.892200"},
        "time_zone": "Europe/Amsterdam",
        "evses": [evse()],
        "last_updated": T1,
    } | changes


def cdr_token(**changes: Any) -> Json:
    return {
        "country_code": "DE",
        "party_id": "MSP",
        "uid": "012345678",
        "type": "RFID",
        "contract_id": "DE8ACC12E46L89",
    } | changes


def period(start: str, **changes: Any) -> Json:
    return {"start_date_time": start, "dimensions": [{"type": "ENERGY", "volume": 1.5}]} | changes


def session(**changes: Any) -> Json:
    return {
        "country_code": "NL",
        "party_id": "AAA",
        "id": "S1",
        "start_date_time": T0,
        "kwh": 1.5,
        "cdr_token": cdr_token(),
        "auth_method": "WHITELIST",
        "location_id": "LOC1",
        "evse_uid": "E1",
        "connector_id": "1",
        "currency": "EUR",
        "status": "ACTIVE",
        "last_updated": T1,
    } | changes


def cdr(**changes: Any) -> Json:
    return {
        "country_code": "NL",
        "party_id": "AAA",
        "id": "C1",
        "start_date_time": T0,
        "end_date_time": T1,
        "session_id": "S1",
        "cdr_token": cdr_token(),
        "auth_method": "WHITELIST",
        "cdr_location": {
            "id": "LOC1",
            "address": "Dam 1",
            "city": "Amsterdam",
            "country": "NLD",
            "coordinates": {"latitude": "52.373100", "longitude": "4.892200"},
            "evse_uid": "E1",
            "evse_id": "NL*AAA*E1",
            "connector_id": "1",
            "connector_standard": "IEC_62196_T2",
            "connector_format": "SOCKET",
            "connector_power_type": "AC_3_PHASE",
        },
        "currency": "EUR",
        "charging_periods": [period(T0)],
        "total_cost": {"excl_vat": 4.0, "incl_vat": 4.84},
        "total_energy": 1.5,
        "total_time": 1.0,
        "last_updated": T1,
    } | changes


def tariff(**changes: Any) -> Json:
    return {
        "country_code": "NL",
        "party_id": "AAA",
        "id": "T1",
        "currency": "EUR",
        "elements": [{"price_components": [{"type": "ENERGY", "price": 0.25, "step_size": 1}]}],
        "last_updated": T1,
    } | changes


def token(**changes: Any) -> Json:
    return {
        "country_code": "DE",
        "party_id": "MSP",
        "uid": "012345678",
        "type": "RFID",
        "contract_id": "DE8ACC12E46L89",
        "issuer": "MSP",
        "valid": True,
        "whitelist": "ALWAYS",
        "last_updated": T1,
    } | changes


def client_info(**changes: Any) -> Json:
    return {
        "country_code": "NL",
        "party_id": "AAA",
        "role": "CPO",
        "status": "CONNECTED",
        "last_updated": T1,
    } | changes
