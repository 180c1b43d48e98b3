"""Valid documents of 2.1.1 and 2.3.0."""

from typing import Any

from tests.wire.documents import AT, location, session, tariff

LOCATION_2_1_1: dict[str, Any] = {
    "id": "LOC1", "type": "ON_STREET", "name": "Car park south", "address": "Street 1",
    "city": "Cologne", "postal_code": "50667", "country": "DEU",
    "coordinates": {"latitude": "52.123450", "longitude": "-4.123456"},
    "evses": [{
        "uid": "E1", "status": "AVAILABLE", "last_updated": AT,
        "connectors": [{
            "id": "1", "standard": "IEC_62196_T2", "format": "SOCKET", "power_type": "AC_3_PHASE",
            "voltage": 230, "amperage": 32, "tariff_id": "T1", "last_updated": AT,
        }],
    }],
    "opening_times": {
        "regular_hours": [{"weekday": 1, "period_begin": "08:00", "period_end": "18:00"}],
    },
    "energy_mix": {
        "is_green_energy": False,
        "environ_impact": [{"source": "CARBON_DIOXIDE", "amount": 3.5}],
    },
    "time_zone": "Europe/Berlin", "last_updated": AT,
}  # fmt: skip
TARIFF_2_1_1: dict[str, Any] = {
    "id": "T1", "currency": "EUR", "last_updated": AT,
    "elements": [{"price_components": [{"type": "TIME", "price": 2.00, "step_size": 300}]}],
}  # fmt: skip
CDR_2_1_1: dict[str, Any] = {
    "id": "C1", "start_date_time": AT, "stop_date_time": AT, "auth_id": "DE8ACC12E46L89",
    "auth_method": "WHITELIST", "location": LOCATION_2_1_1, "currency": "EUR",
    "tariffs": [TARIFF_2_1_1],
    "charging_periods": [
        {"start_date_time": AT, "dimensions": [{"type": "ENERGY", "volume": 15.342}]}
    ],
    "total_cost": 4.00, "total_energy": 15.342, "total_time": 1.973, "last_updated": AT,
}  # fmt: skip
SESSION_2_1_1: dict[str, Any] = {
    "id": "S1", "start_datetime": AT, "kwh": 1.5, "auth_id": "DE8ACC12E46L89",
    "auth_method": "WHITELIST", "location": LOCATION_2_1_1, "currency": "EUR", "status": "ACTIVE",
    "last_updated": AT,
}  # fmt: skip
TOKEN_2_1_1: dict[str, Any] = {
    "uid": "012345678", "type": "RFID", "auth_id": "DE8ACC12E46L89", "issuer": "Issuer",
    "valid": True, "whitelist": "ALWAYS", "last_updated": AT,
}  # fmt: skip

PLACE: dict[str, Any] = {
    "id": "P1", "vehicle_types": ["PERSONAL_VEHICLE"], "restricted_to_type": False,
    "reservation_required": False, "time_limit": 90, "standards": ["PAS 1899"],
}  # fmt: skip


def location_2_3_0() -> dict[str, Any]:
    whole = location(1)
    evse = whole["evses"][0]
    evse["connectors"][0] |= {"standard": "MCS", "capabilities": ["ISO_15118_2_PLUG_AND_CHARGE"]}
    evse |= {
        "parking": [{"parking_id": "P1", "evse_position": "LEFT"}],
        "parking_restrictions": ["TAXIS", "nltnm-locals"],
        "accepted_service_providers": ["Größte"],
    }
    return {**whole, "parking_places": [PLACE], "help_phone": "+31201234567"}


def tariff_2_3_0() -> dict[str, Any]:
    limit = {"before_taxes": 1.00, "after_taxes": 1.10}
    return {**tariff(), "tax_included": "NO", "min_price": limit, "preauthorize_amount": 50.00}


def session_2_3_0() -> dict[str, Any]:
    taxes = [{"name": "VAT", "amount": 0.40, "percentage": 10}]
    return {**session(), "total_cost": {"before_taxes": 4.00, "taxes": taxes}}
