"""One small object of every kind in every version, made by hand from the field tables."""

from decimal import Decimal
from typing import Any

MOMENT = "2026-06-01T18:00:00Z"
PARTY = {"country_code": "NL", "party_id": "AAA"}
DETAILS = {"name": "Noda Charging"}

CONNECTOR_211: dict[str, Any] = {
    "id": "1", "standard": "IEC_62196_T2", "format": "SOCKET", "power_type": "AC_3_PHASE",
    "voltage": 230, "amperage": 16, "tariff_id": "T1", "last_updated": MOMENT,
}  # fmt: skip
EVSE_211: dict[str, Any] = {
    "uid": "E1", "evse_id": "NL*AAA*E1", "status": "AVAILABLE",
    "capabilities": ["RESERVABLE", "RFID_READER"], "connectors": [CONNECTOR_211],
    "last_updated": MOMENT,
}  # fmt: skip
LOCATION_211: dict[str, Any] = {
    "id": "L1", "type": "ON_STREET", "name": "Market", "address": "Market 1", "city": "Gent",
    "postal_code": "9000", "country": "BEL",
    "coordinates": {"latitude": "51.047599", "longitude": "3.729944"},
    "evses": [EVSE_211], "time_zone": "Europe/Brussels",
    "opening_times": {"twentyfourseven": True},
    "energy_mix": {
        "is_green_energy": False,
        "environ_impact": [{"source": "CARBON_DIOXIDE", "amount": 372}],
    },
    "last_updated": MOMENT,
}  # fmt: skip
CONNECTOR_221: dict[str, Any] = {
    "id": "1", "standard": "IEC_62196_T2", "format": "SOCKET", "power_type": "AC_3_PHASE",
    "max_voltage": 230, "max_amperage": 16, "tariff_ids": ["T1"], "last_updated": MOMENT,
}  # fmt: skip
EVSE_221: dict[str, Any] = {**EVSE_211, "connectors": [CONNECTOR_221]}
LOCATION_221: dict[str, Any] = {
    **PARTY, "id": "L1", "publish": True, "name": "Market", "address": "Market 1",
    "city": "Gent", "postal_code": "9000", "country": "BEL",
    "coordinates": {"latitude": "51.047599", "longitude": "3.729944"},
    "parking_type": "ON_STREET", "evses": [EVSE_221], "time_zone": "Europe/Brussels",
    "opening_times": {"twentyfourseven": True},
    "energy_mix": {
        "is_green_energy": False,
        "environ_impact": [{"category": "CARBON_DIOXIDE", "amount": 372}],
    },
    "last_updated": MOMENT,
}  # fmt: skip
LOCATION_230: dict[str, Any] = {
    **LOCATION_221, "help_phone": "+31201234567",
    "parking_places": [
        {"id": "P1", "vehicle_types": ["DISABLED"], "restricted_to_type": True,
         "reservation_required": False}
    ],
    "evses": [{**EVSE_221, "parking": [{"parking_id": "P1", "evse_position": "LEFT"}]}],
}  # fmt: skip

TARIFF_211: dict[str, Any] = {
    "id": "T1", "currency": "EUR",
    "elements": [
        {"price_components": [{"type": "ENERGY", "price": Decimal("0.30"), "step_size": 1}],
         "restrictions": {"start_time": "08:00", "end_time": "20:00"}},
        {"price_components": [{"type": "ENERGY", "price": Decimal("0.20"), "step_size": 1}]},
    ],
    "last_updated": MOMENT,
}  # fmt: skip
TARIFF_221: dict[str, Any] = {**PARTY, **TARIFF_211}
TARIFF_230: dict[str, Any] = {**TARIFF_221, "tax_included": "NO"}
RESERVING: dict[str, Any] = {
    "price_components": [{"type": "TIME", "price": Decimal("5.00"), "step_size": 60}],
    "restrictions": {"reservation": "RESERVATION"},
}
BOOKING: dict[str, Any] = {
    "price_components": [{"type": "FLAT", "price": Decimal("2.00"), "step_size": 1}],
    "restrictions": {"booking": "BOOKING"},
}

TOKEN_211: dict[str, Any] = {
    "uid": "04A1B2C3", "type": "RFID", "auth_id": "DE-MOV-C12345678-X", "issuer": "Movia",
    "valid": True, "whitelist": "ALLOWED", "last_updated": MOMENT,
}  # fmt: skip
TOKEN_221: dict[str, Any] = {
    "country_code": "DE", "party_id": "MOV", "uid": "04A1B2C3", "type": "RFID",
    "contract_id": "DE-MOV-C12345678-X", "issuer": "Movia", "valid": True,
    "whitelist": "ALLOWED", "last_updated": MOMENT,
}  # fmt: skip
CDR_TOKEN = {
    "country_code": "DE", "party_id": "MOV", "uid": "04A1B2C3", "type": "RFID",
    "contract_id": "DE-MOV-C12345678-X",
}  # fmt: skip
PERIOD = {
    "start_date_time": "2026-06-01T16:00:00Z",
    "dimensions": [{"type": "ENERGY", "volume": Decimal("10.5")}],
}
SESSION_211: dict[str, Any] = {
    "id": "S1", "start_datetime": "2026-06-01T16:00:00Z", "kwh": Decimal("10.5"),
    "auth_id": "DE-MOV-C12345678-X", "auth_method": "WHITELIST", "location": LOCATION_211,
    "currency": "EUR", "charging_periods": [PERIOD], "total_cost": Decimal("3.15"),
    "status": "ACTIVE", "last_updated": MOMENT,
}  # fmt: skip
SESSION_221: dict[str, Any] = {
    **PARTY, "id": "S1", "start_date_time": "2026-06-01T16:00:00Z", "kwh": Decimal("10.5"),
    "cdr_token": CDR_TOKEN, "auth_method": "WHITELIST", "location_id": "L1", "evse_uid": "E1",
    "connector_id": "1", "currency": "EUR", "charging_periods": [PERIOD],
    "total_cost": {"excl_vat": Decimal("3.15")}, "status": "ACTIVE", "last_updated": MOMENT,
}  # fmt: skip
SESSION_230: dict[str, Any] = {**SESSION_221, "total_cost": {"before_taxes": Decimal("3.15")}}
CDR_211: dict[str, Any] = {
    "id": "C1", "start_date_time": "2026-06-01T16:00:00Z",
    "stop_date_time": "2026-06-01T17:30:00Z", "auth_id": "DE-MOV-C12345678-X",
    "auth_method": "WHITELIST", "location": LOCATION_211, "currency": "EUR",
    "tariffs": [TARIFF_211], "charging_periods": [PERIOD], "total_cost": Decimal("3.15"),
    "total_energy": Decimal("10.5"), "total_time": Decimal("1.5"), "last_updated": MOMENT,
}  # fmt: skip
CDR_LOCATION = {
    "id": "L1", "name": "Market", "address": "Market 1", "city": "Gent", "postal_code": "9000",
    "country": "BEL", "coordinates": {"latitude": "51.047599", "longitude": "3.729944"},
    "evse_uid": "E1", "evse_id": "NL*AAA*E1", "connector_id": "1",
    "connector_standard": "IEC_62196_T2", "connector_format": "SOCKET",
    "connector_power_type": "AC_3_PHASE",
}  # fmt: skip
CDR_221: dict[str, Any] = {
    **PARTY, "id": "C1", "start_date_time": "2026-06-01T16:00:00Z",
    "end_date_time": "2026-06-01T17:30:00Z", "cdr_token": CDR_TOKEN,
    "auth_method": "WHITELIST", "cdr_location": CDR_LOCATION, "currency": "EUR",
    "tariffs": [TARIFF_221], "charging_periods": [PERIOD],
    "total_cost": {"excl_vat": Decimal("3.15"), "incl_vat": Decimal("3.81")},
    "total_energy": Decimal("10.5"), "total_time": Decimal("1.5"), "last_updated": MOMENT,
}  # fmt: skip
CDR_230: dict[str, Any] = {
    **CDR_221, "tariffs": [TARIFF_230],
    "total_cost": {
        "before_taxes": Decimal("3.15"),
        "taxes": [{"name": "VAT", "amount": Decimal("0.66")}],
    },
}  # fmt: skip

URL = "https://emsp.example/ocpi/results/1"
START_211: dict[str, Any] = {
    "response_url": URL, "token": TOKEN_211, "location_id": "L1", "evse_uid": "E1",
}  # fmt: skip
START_221: dict[str, Any] = {
    **START_211, "token": TOKEN_221, "connector_id": "1", "authorization_reference": "A1",
}  # fmt: skip
RESERVE_211: dict[str, Any] = {
    **START_211, "expiry_date": "2026-06-01T19:00:00Z", "reservation_id": 7,
}  # fmt: skip
RESERVE_221: dict[str, Any] = {
    "response_url": URL, "token": TOKEN_221, "expiry_date": "2026-06-01T19:00:00Z",
    "reservation_id": "7", "location_id": "L1", "evse_uid": "E1",
}  # fmt: skip
STOP: dict[str, Any] = {"response_url": URL, "session_id": "S1"}
UNLOCK: dict[str, Any] = {
    "response_url": URL, "location_id": "L1", "evse_uid": "E1", "connector_id": "1",
}  # fmt: skip
CANCEL: dict[str, Any] = {"response_url": URL, "reservation_id": "7"}
CREDENTIALS_211: dict[str, Any] = {
    "token": "not-a-secret", "url": "https://cpo.example/ocpi/cpo/versions",
    "business_details": DETAILS, **PARTY,
}  # fmt: skip
CREDENTIALS_221: dict[str, Any] = {
    "token": "not-a-secret", "url": "https://cpo.example/ocpi/versions",
    "roles": [{"role": "CPO", "business_details": DETAILS, **PARTY}],
}  # fmt: skip
HUB_221: dict[str, Any] = {
    "token": "not-a-secret", "url": "https://hub.example/ocpi/versions",
    "roles": [
        {"role": "HUB", "business_details": {"name": "Hub"}, "party_id": "HUB",
         "country_code": "NL"},
    ],
}  # fmt: skip
HUB_230: dict[str, Any] = {
    "token": "not-a-secret", "url": "https://hub.example/ocpi/versions",
    "hub_party_id": "NLHUB",
    "roles": [{"role": "CPO", "business_details": DETAILS, **PARTY}],
}  # fmt: skip
DETAILS_211: dict[str, Any] = {
    "version": "2.1.1",
    "endpoints": [
        {"identifier": "credentials", "url": "https://cpo.example/cpo/2.1.1/credentials"},
        {"identifier": "locations", "url": "https://cpo.example/cpo/2.1.1/locations"},
        {"identifier": "tokens", "url": "https://cpo.example/cpo/2.1.1/tokens"},
    ],
}  # fmt: skip
DETAILS_221: dict[str, Any] = {
    "version": "2.2.1",
    "endpoints": [
        {"identifier": "locations", "role": "SENDER", "url": "https://cpo.example/locations"},
        {"identifier": "hubclientinfo", "role": "RECEIVER", "url": "https://cpo.example/h"},
    ],
}  # fmt: skip
CLIENT: dict[str, Any] = {
    **PARTY, "role": "CPO", "status": "CONNECTED", "last_updated": MOMENT,
}  # fmt: skip
REFERENCES_211: dict[str, Any] = {
    "location_id": "L1", "evse_uids": ["E1"], "connector_ids": ["1"],
}  # fmt: skip
REFERENCES_221: dict[str, Any] = {"location_id": "L1", "evse_uids": ["E1"]}
AUTHORIZATION_211: dict[str, Any] = {"allowed": "ALLOWED", "location": REFERENCES_221}
AUTHORIZATION_221: dict[str, Any] = {
    "allowed": "ALLOWED", "token": TOKEN_221, "location": REFERENCES_221,
    "authorization_reference": "A1",
}  # fmt: skip
RESPONSE_211: dict[str, Any] = {"result": "ACCEPTED"}
RESPONSE_221: dict[str, Any] = {
    "result": "ACCEPTED", "timeout": 30, "message": [{"language": "en", "text": "Wait"}],
}  # fmt: skip
PREFERENCES: dict[str, Any] = {"profile_type": "GREEN", "energy_need": 20}
PROFILE: dict[str, Any] = {
    "charging_profile": {"charging_rate_unit": "W"}, "response_url": URL,
}  # fmt: skip

SAMPLES: dict[str, dict[str, Any]] = {
    "Location": {"2.1.1": LOCATION_211, "2.2.1": LOCATION_221, "2.3.0": LOCATION_230},
    "EVSE": {"2.1.1": EVSE_211, "2.2.1": EVSE_221, "2.3.0": LOCATION_230["evses"][0]},
    "Connector": {
        "2.1.1": CONNECTOR_211,
        "2.2.1": CONNECTOR_221,
        "2.3.0": {**CONNECTOR_221, "capabilities": ["ISO_15118_2_PLUG_AND_CHARGE"]},
    },
    "Session": {"2.1.1": SESSION_211, "2.2.1": SESSION_221, "2.3.0": SESSION_230},
    "CDR": {"2.1.1": CDR_211, "2.2.1": CDR_221, "2.3.0": CDR_230},
    "Tariff": {"2.1.1": TARIFF_211, "2.2.1": TARIFF_221, "2.3.0": TARIFF_230},
    "Token": {"2.1.1": TOKEN_211, "2.2.1": TOKEN_221, "2.3.0": {**TOKEN_221, "type": "EMAID"}},
    "LocationReferences": {
        "2.1.1": REFERENCES_211, "2.2.1": REFERENCES_221, "2.3.0": REFERENCES_221,
    },
    "AuthorizationInfo": {
        "2.1.1": AUTHORIZATION_211, "2.2.1": AUTHORIZATION_221, "2.3.0": AUTHORIZATION_221,
    },
    "StartSession": {"2.1.1": START_211, "2.2.1": START_221, "2.3.0": START_221},
    "StopSession": {"2.1.1": STOP, "2.2.1": STOP, "2.3.0": STOP},
    "ReserveNow": {"2.1.1": RESERVE_211, "2.2.1": RESERVE_221, "2.3.0": RESERVE_221},
    "UnlockConnector": {"2.1.1": UNLOCK, "2.2.1": UNLOCK, "2.3.0": UNLOCK},
    "CancelReservation": {"2.2.1": CANCEL, "2.3.0": CANCEL},
    "CommandResponse": {"2.1.1": RESPONSE_211, "2.2.1": RESPONSE_221, "2.3.0": RESPONSE_221},
    "CommandResult": {
        "2.1.1": {"result": "UNKNOWN_SESSION"},
        "2.2.1": {"result": "CANCELED_RESERVATION"},
        "2.3.0": {"result": "EVSE_OCCUPIED"},
    },
    "Credentials": {"2.1.1": CREDENTIALS_211, "2.2.1": CREDENTIALS_221, "2.3.0": HUB_230},
    "VersionDetails": {"2.1.1": DETAILS_211, "2.2.1": DETAILS_221, "2.3.0": DETAILS_221},
    "ClientInfo": {"2.2.1": CLIENT, "2.3.0": {**CLIENT, "role": "PTP"}},
    "ChargingPreferences": {"2.2.1": PREFERENCES, "2.3.0": PREFERENCES},
    "SetChargingProfile": {"2.2.1": PROFILE, "2.3.0": PROFILE},
}  # fmt: skip
"""By object and version."""
