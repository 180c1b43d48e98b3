"""Objects full of what other versions say otherwise or not at all; made by hand."""

from decimal import Decimal
from typing import Any

from tests.bridge.samples import (
    BOOKING,
    CDR_221,
    CDR_230,
    CLIENT,
    CONNECTOR_221,
    EVSE_211,
    EVSE_221,
    HUB_221,
    LOCATION_211,
    LOCATION_221,
    MOMENT,
    RESERVING,
    SESSION_221,
    TARIFF_221,
    TARIFF_230,
    TOKEN_221,
)

IMAGE = {"url": "https://a.example/1", "category": "MAP", "type": "png"}
HOURS = {
    "twentyfourseven": False,
    "regular_hours": [{"weekday": 1, "period_begin": "08:00", "period_end": "20:00"}],
}
MCS = {**CONNECTOR_221, "id": "2", "standard": "MCS", "capabilities": ["ISO_15118_20"]}
TWO_PHASES = {**CONNECTOR_221, "id": "3", "power_type": "AC_2_PHASE", "tariff_ids": []}
SEVERAL = {**CONNECTOR_221, "id": "4", "tariff_ids": ["T1", "T2"], "max_electric_power": 3700}
FLAT = {"type": "FLAT", "volume": 1}
POWER = {"type": "POWER", "volume": 11}
TAXES = [{"name": "GST", "percentage": 5, "amount": Decimal("0.16")}]
PRICED = {"type": "ENERGY", "price": Decimal("0.363"), "vat": 21, "step_size": 1}

RICH: dict[str, tuple[str, str, dict[str, Any]]] = {
    "location-2.3.0": ("Location", "2.3.0", {
        **LOCATION_221, "parking_type": "ROOFTOP", "facilities": ["TRAM_STOP", "SAUNA"],
        "state": "Flanders", "address": "A" * 50, "images": [IMAGE], "opening_times": HOURS,
        "publish_allowed_to": [{"type": "EMAID"}],
        "coordinates": {"latitude": "51.0475991", "longitude": "3.72994"},
        "energy_mix": {
            "is_green_energy": True, "environ_impact": [{"category": "METHANE", "amount": 1}],
        },
        "evses": [
            {**EVSE_221, "capabilities": ["START_SESSION_CONNECTOR_REQUIRED", "V2G",
                                          "REMOTE_START_STOP_CAPABLE"],
             "connectors": [SEVERAL, MCS, TWO_PHASES]},
            {**EVSE_221, "uid": "E2", "connectors": [MCS]},
            {**EVSE_221, "uid": "E3", "parking_restrictions": ["TAXIS"]},
        ],
    }),
    "location-2.1.1": ("Location", "2.1.1", {
        **LOCATION_211, "id": "X" * 39, "type": "OTHER", "country": "BE", "time_zone": None,
        "opening_times": {"exceptional_closings": []}, "last_updated": "2026-06-01T18:00:00",
        "evses": [{**EVSE_211, "last_updated": "2026-06-01T18:00:00+00:00"}],
    }),
    "location-unpublished": ("Location", "2.2.1", {**LOCATION_221, "publish": False}),
    "tariff-2.3.0": ("Tariff", "2.3.0", {
        **TARIFF_230, "tax_included": "YES", "type": "REGULAR", "preauthorize_amount": 50,
        "elements": [{"price_components": [PRICED]}, RESERVING, BOOKING],
    }),
    "tariff-gross": ("Tariff", "2.3.0", {**TARIFF_230, "tax_included": "YES"}),
    "tariff-dollars": ("Tariff", "2.3.0", {**TARIFF_230, "currency": "USD"}),
    "tariff-unclear": ("Tariff", "2.3.0", {**TARIFF_230, "tax_included": "PERHAPS"}),
    "tariff-vat": ("Tariff", "2.2.1", {
        **TARIFF_221, "elements": [{"price_components": [PRICED]}],
    }),
    "tariff-limits": ("Tariff", "2.2.1", {
        **TARIFF_221, "max_price": {"excl_vat": 5, "incl_vat": 6},
    }),
    "tariff-dated": ("Tariff", "2.2.1", {**TARIFF_221, "end_date_time": MOMENT}),
    "session-2.2.1": ("Session", "2.2.1", {
        **SESSION_221, "status": "RESERVATION", "auth_method": "COMMAND", "evse_uid": "#NA",
        "connector_id": "#NA", "authorization_reference": "A1",
        "charging_periods": [
            {"start_date_time": "2026-06-01T16:00:00.500Z", "dimensions": [POWER],
             "tariff_id": "T1"},
        ],
    }),
    "cdr-2.3.0": ("CDR", "2.3.0", {
        **CDR_230, "booking_id": "B1", "total_cost": {"before_taxes": 3, "taxes": TAXES},
        "total_time_cost": {"before_taxes": 1, "taxes": []},
        "signed_data": {"encoding_method": "OCMF", "signed_values": []},
        "tariffs": [{**TARIFF_230, "tax_included": "YES"}], "session_id": "S1", "credit": False,
    }),
    "cdr-credit": ("CDR", "2.2.1", {**CDR_221, "credit": True, "credit_reference_id": "C0"}),
    "token-app": ("Token", "2.2.1", {**TOKEN_221, "type": "APP_USER", "group_id": "G"}),
    "hub": ("Credentials", "2.2.1", HUB_221),
    "hub-client": ("ClientInfo", "2.2.1", {**CLIENT, "role": "HUB"}),
    "response-timeout": ("CommandResponse", "2.1.1", {"result": "TIMEOUT"}),
}  # fmt: skip
"""By the name of its golden file: kind, version, document."""
