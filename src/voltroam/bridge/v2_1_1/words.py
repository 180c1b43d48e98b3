"""Words of 2.1.1's enums, all closed (OCPI 2.1.1 §mod_locations, §mod_cdrs, §mod_tokens)."""

from voltroam.standard import v2_1_1 as old

CAPABILITIES = frozenset[str](old.Capability)
CONNECTOR_TYPES = frozenset[str](old.ConnectorType)
DIMENSIONS = frozenset[str](old.CdrDimensionType)
FACILITIES = frozenset[str](old.Facility)
OTHER, UNKNOWN = "OTHER", "UNKNOWN"
LOCATION_TYPES = frozenset[str](old.ParkingType) - {OTHER, UNKNOWN}
"""Those that later versions have too."""
POWER_TYPES = {"AC_1_PHASE": 1, "AC_3_PHASE": 3, "DC": 1}
"""With the number of phases that carry the current."""
STATUSES = frozenset[str](old.SessionStatus)
TOKEN_TYPES = frozenset[str](old.TokenType)
RESULTS = frozenset[str](old.CommandResponseType)
LATER_MODULES = frozenset(
    {
        "chargingprofiles",
        "hubclientinfo",
        "invoicereconciliation",
        "booking",
        "bookings",
        "payments",
    }
)
"""Modules that later versions brought; custom ones are as good here as there."""
