"""The property tables and enums of 2.3.0 where they differ from 2.2.1, copied by hand.

Core edition 2, with what the packages add to its objects: `booking`, `booking_id` and two
dimensions (bookings), `preauthorize_amount` (payments). Objects of the packages' own chapters are
tested beside their modules.
"""

from tests.standard import chapters
from tests.standard.chapters import Member, read
from tests.standard.test_enums import VALUES as OLD_VALUES

DIFFERENT = """
Price
    before_taxes number 1
    taxes TaxAmount *
TaxAmount
    name string 1
    account_number string ?
    percentage number ?
    amount number 1
PriceLimit
    before_taxes number 1
    after_taxes number ?
Credentials
    token string(64) 1
    url URL 1
    hub_party_id CiString(5) ?
    roles CredentialsRole +
Parking
    id CiString(36) 1
    physical_reference string(12) ?
    vehicle_types VehicleType +
    max_vehicle_weight number ?
    max_vehicle_height number ?
    max_vehicle_length number ?
    max_vehicle_width number ?
    parking_space_length number ?
    parking_space_width number ?
    dangerous_goods_allowed boolean ?
    direction ParkingDirection ?
    drive_through boolean ?
    restricted_to_type boolean 1
    reservation_required boolean 1
    time_limit number ?
    roofed boolean ?
    images Image *
    lighting boolean ?
    refrigeration_outlet boolean ?
    standards CiString(36) *
    apds_reference CiString ?
EVSEParking
    parking_id CiString(36) 1
    evse_position EVSEPosition ?
"""

MORE: dict[str, str] = {
    "Location": "parking_places Parking *\n    help_phone CiString(25) ?",
    "EVSE": "parking EVSEParking *\n    accepted_service_providers string(50) *",
    "Connector": "capabilities ConnectorCapability *",
    "CDR": "booking_id CiString(36) ?",
    "TariffRestrictions": "booking BookingRestrictionType ?",
    "Tariff": "tax_included TaxIncluded 1\n    preauthorize_amount number ?",
}
"""Members that an object has beside those of 2.2.1."""

CHANGED = {("Tariff", "min_price"): "PriceLimit", ("Tariff", "max_price"): "PriceLimit"}


def _with_more(name: str, members: list[Member]) -> list[Member]:
    kept = [
        Member(one.owner, one.name, CHANGED.get((name, one.name), one.type), one.cardinality)
        for one in members
    ]
    if name not in MORE:
        return kept
    return kept + read(f"{name}\n    {MORE[name]}")[name]


OBJECTS: dict[str, list[Member]] = {
    **{name: _with_more(name, members) for name, members in chapters.ALL.items()},
    **read(DIFFERENT),
}

VALUES = {
    **OLD_VALUES,
    "Role": "CPO EMSP NAP NSP OTHER PTP SCSP",
    "VersionNumber": "2.0 2.1 2.1.1 2.2 2.2.1 2.3.0",
    "ConnectorCapability": "ISO_15118_2_PLUG_AND_CHARGE ISO_15118_20_PLUG_AND_CHARGE",
    "ConnectorType": OLD_VALUES["ConnectorType"] + " MCS SAE_J3400",
    "EVSEPosition": "LEFT RIGHT CENTER",
    "ParkingDirection": "PARALLEL PERPENDICULAR ANGLE",
    "ParkingRestriction": "CUSTOMERS DISABLED EMPLOYEES EV_ONLY MOTORCYCLES PLUGGED TAXIS TENANTS",
    "VehicleType": "MOTORCYCLE PERSONAL_VEHICLE PERSONAL_VEHICLE_WITH_TRAILER VAN SEMI_TRACTOR"
    " RIGID TRUCK_WITH_TRAILER BUS DISABLED",
    "TokenType": "AD_HOC_USER APP_USER EMAID OTHER RFID",
    "TaxIncluded": "YES NO N/A",
    "CdrDimensionType": OLD_VALUES["CdrDimensionType"]
    + " RESERVATION_EXPIRES RESERVATION_OVERTIME",
    "BookingRestrictionType": "BOOKING BOOKING_EXPIRES BOOKING_CANCELLATION_FEES BOOKING_OVERTIME",
}

OPEN = frozenset(
    {
        "ModuleID", "VersionNumber", "CommandType", "TokenType", "Capability",
        "ConnectorCapability", "ConnectorType", "EnvironmentalImpactCategory", "Facility",
        "ImageCategory", "ParkingRestriction", "ParkingType", "VehicleType",
    }
)  # fmt: skip
"""Enums that the chapters call OpenEnum."""

ALIASES: dict[str, str] = {}
