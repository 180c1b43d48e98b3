"""Words of 2.1.1's enums, all closed (OCPI 2.1.1 §mod_locations, §mod_cdrs, §mod_tokens)."""

from voltroam.standard import v2_2_1 as new

CAPABILITIES = frozenset(
    {
        "CHARGING_PROFILE_CAPABLE",
        "CREDIT_CARD_PAYABLE",
        "REMOTE_START_STOP_CAPABLE",
        "RESERVABLE",
        "RFID_READER",
        "UNLOCK_CAPABLE",
    }
)
CONNECTOR_TYPES = frozenset[str](new.ConnectorType) - {
    "CHAOJI",
    "DOMESTIC_M",
    "DOMESTIC_N",
    "DOMESTIC_O",
    "GBT_AC",
    "GBT_DC",
    "NEMA_5_20",
    "NEMA_6_30",
    "NEMA_6_50",
    "NEMA_10_30",
    "NEMA_10_50",
    "NEMA_14_30",
    "NEMA_14_50",
    "PANTOGRAPH_BOTTOM_UP",
    "PANTOGRAPH_TOP_DOWN",
}
DIMENSIONS = frozenset({"ENERGY", "FLAT", "MAX_CURRENT", "MIN_CURRENT", "PARKING_TIME", "TIME"})
FACILITIES = frozenset[str](new.Facility) - {
    "BIKE_SHARING",
    "TRAM_STOP",
    "METRO_STATION",
    "PARKING_LOT",
}
IMAGE_CATEGORIES = frozenset[str](new.ImageCategory)
LOCATION_TYPES = frozenset({"ON_STREET", "PARKING_GARAGE", "UNDERGROUND_GARAGE", "PARKING_LOT"})
"""Those that later versions have too; OTHER and UNKNOWN are 2.1.1's own."""
OTHER, UNKNOWN = "OTHER", "UNKNOWN"
PARKING_RESTRICTIONS = frozenset[str](new.ParkingRestriction)
POWER_TYPES = {"AC_1_PHASE": 1, "AC_3_PHASE": 3, "DC": 1}
"""With the number of phases that carry the current."""
STATUSES = frozenset({"ACTIVE", "COMPLETED", "INVALID", "PENDING"})
TOKEN_TYPES = frozenset({"OTHER", "RFID"})
RESULTS = frozenset({"NOT_SUPPORTED", "REJECTED", "ACCEPTED", "TIMEOUT", "UNKNOWN_SESSION"})
MODULES = frozenset(
    {"cdrs", "commands", "credentials", "locations", "sessions", "tariffs", "tokens"}
)
