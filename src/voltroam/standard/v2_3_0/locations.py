"""Locations, where 2.3.0 differs from 2.2.1: parking, open enums (OCPI 2.3.0 §mod_locations)."""

from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from voltroam.standard.types import (
    URL,
    CiString,
    CiString4,
    CiString25,
    CiString36,
    CiString48,
    Country,
    CountryCode,
    DateTime,
    Id36,
    Number,
    OpenEnum,
    PartyCode,
    Pixels,
    String4,
    String10,
    String12,
    String16,
    String45,
    String50,
    String64,
    String100,
    String255,
    TimeZone,
)
from voltroam.standard.v2_2_1.locations import (
    AdditionalGeoLocation,
    ConnectorFormat,
    EnergySource,
    EnergySourceCategory,
    ExceptionalPeriod,
    GeoLocation,
    Hours,
    PowerType,
    RegularHours,
    Status,
    StatusSchedule,
)
from voltroam.standard.v2_2_1.types import DisplayText
from voltroam.standard.v2_3_0.tokens import TokenType

__all__ = [
    "EVSE",
    "AdditionalGeoLocation",
    "BusinessDetails",
    "Capability",
    "Connector",
    "ConnectorCapability",
    "ConnectorFormat",
    "ConnectorType",
    "EVSEParking",
    "EVSEPosition",
    "EnergyMix",
    "EnergySource",
    "EnergySourceCategory",
    "EnvironmentalImpact",
    "EnvironmentalImpactCategory",
    "ExceptionalPeriod",
    "Facility",
    "GeoLocation",
    "Hours",
    "Image",
    "ImageCategory",
    "Location",
    "Parking",
    "ParkingDirection",
    "ParkingRestriction",
    "ParkingType",
    "PowerType",
    "PublishTokenType",
    "RegularHours",
    "Status",
    "StatusSchedule",
    "VehicleType",
]


class Capability(OpenEnum):
    """What an EVSE can do."""

    CHARGING_PROFILE_CAPABLE = "CHARGING_PROFILE_CAPABLE"
    CHARGING_PREFERENCES_CAPABLE = "CHARGING_PREFERENCES_CAPABLE"
    CHIP_CARD_SUPPORT = "CHIP_CARD_SUPPORT"
    CONTACTLESS_CARD_SUPPORT = "CONTACTLESS_CARD_SUPPORT"
    CREDIT_CARD_PAYABLE = "CREDIT_CARD_PAYABLE"
    DEBIT_CARD_PAYABLE = "DEBIT_CARD_PAYABLE"
    PED_TERMINAL = "PED_TERMINAL"
    REMOTE_START_STOP_CAPABLE = "REMOTE_START_STOP_CAPABLE"
    RESERVABLE = "RESERVABLE"
    RFID_READER = "RFID_READER"
    START_SESSION_CONNECTOR_REQUIRED = "START_SESSION_CONNECTOR_REQUIRED"
    TOKEN_GROUP_CAPABLE = "TOKEN_GROUP_CAPABLE"  # noqa: S105 - no password
    UNLOCK_CAPABLE = "UNLOCK_CAPABLE"


class ConnectorCapability(OpenEnum):
    """What drivers can really use at a connector, not what its hardware could do."""

    ISO_15118_2_PLUG_AND_CHARGE = "ISO_15118_2_PLUG_AND_CHARGE"
    ISO_15118_20_PLUG_AND_CHARGE = "ISO_15118_20_PLUG_AND_CHARGE"


class ConnectorType(OpenEnum):
    """The standard of a socket or plug."""

    CHADEMO = "CHADEMO"
    CHAOJI = "CHAOJI"
    DOMESTIC_A = "DOMESTIC_A"
    DOMESTIC_B = "DOMESTIC_B"
    DOMESTIC_C = "DOMESTIC_C"
    DOMESTIC_D = "DOMESTIC_D"
    DOMESTIC_E = "DOMESTIC_E"
    DOMESTIC_F = "DOMESTIC_F"
    DOMESTIC_G = "DOMESTIC_G"
    DOMESTIC_H = "DOMESTIC_H"
    DOMESTIC_I = "DOMESTIC_I"
    DOMESTIC_J = "DOMESTIC_J"
    DOMESTIC_K = "DOMESTIC_K"
    DOMESTIC_L = "DOMESTIC_L"
    DOMESTIC_M = "DOMESTIC_M"
    DOMESTIC_N = "DOMESTIC_N"
    DOMESTIC_O = "DOMESTIC_O"
    GBT_AC = "GBT_AC"
    GBT_DC = "GBT_DC"
    IEC_60309_2_single_16 = "IEC_60309_2_single_16"
    IEC_60309_2_three_16 = "IEC_60309_2_three_16"
    IEC_60309_2_three_32 = "IEC_60309_2_three_32"
    IEC_60309_2_three_64 = "IEC_60309_2_three_64"
    IEC_62196_T1 = "IEC_62196_T1"
    IEC_62196_T1_COMBO = "IEC_62196_T1_COMBO"
    IEC_62196_T2 = "IEC_62196_T2"
    IEC_62196_T2_COMBO = "IEC_62196_T2_COMBO"
    IEC_62196_T3A = "IEC_62196_T3A"
    IEC_62196_T3C = "IEC_62196_T3C"
    MCS = "MCS"
    NEMA_5_20 = "NEMA_5_20"
    NEMA_6_30 = "NEMA_6_30"
    NEMA_6_50 = "NEMA_6_50"
    NEMA_10_30 = "NEMA_10_30"
    NEMA_10_50 = "NEMA_10_50"
    NEMA_14_30 = "NEMA_14_30"
    NEMA_14_50 = "NEMA_14_50"
    PANTOGRAPH_BOTTOM_UP = "PANTOGRAPH_BOTTOM_UP"
    PANTOGRAPH_TOP_DOWN = "PANTOGRAPH_TOP_DOWN"
    SAE_J3400 = "SAE_J3400"
    TESLA_R = "TESLA_R"
    TESLA_S = "TESLA_S"


class EnvironmentalImpactCategory(OpenEnum):
    """What making the energy leaves behind, in grams per kWh."""

    NUCLEAR_WASTE = "NUCLEAR_WASTE"
    CARBON_DIOXIDE = "CARBON_DIOXIDE"


class EVSEPosition(StrEnum):
    """Where an EVSE stands as seen from the vehicle that is parked."""

    LEFT = "LEFT"
    RIGHT = "RIGHT"
    CENTER = "CENTER"


class Facility(OpenEnum):
    """What else is at the location."""

    HOTEL = "HOTEL"
    RESTAURANT = "RESTAURANT"
    CAFE = "CAFE"
    MALL = "MALL"
    SUPERMARKET = "SUPERMARKET"
    SPORT = "SPORT"
    RECREATION_AREA = "RECREATION_AREA"
    NATURE = "NATURE"
    MUSEUM = "MUSEUM"
    BIKE_SHARING = "BIKE_SHARING"
    BUS_STOP = "BUS_STOP"
    TAXI_STAND = "TAXI_STAND"
    TRAM_STOP = "TRAM_STOP"
    METRO_STATION = "METRO_STATION"
    TRAIN_STATION = "TRAIN_STATION"
    AIRPORT = "AIRPORT"
    PARKING_LOT = "PARKING_LOT"
    CARPOOL_PARKING = "CARPOOL_PARKING"
    FUEL_STATION = "FUEL_STATION"
    WIFI = "WIFI"


class ImageCategory(OpenEnum):
    """What an image shows."""

    CHARGER = "CHARGER"
    ENTRANCE = "ENTRANCE"
    LOCATION = "LOCATION"
    NETWORK = "NETWORK"
    OPERATOR = "OPERATOR"
    OTHER = "OTHER"
    OWNER = "OWNER"


class ParkingDirection(StrEnum):
    """How one parks relative to the road that leads to the EVSE."""

    PARALLEL = "PARALLEL"
    PERPENDICULAR = "PERPENDICULAR"
    ANGLE = "ANGLE"


class ParkingRestriction(OpenEnum):
    """Who may charge at an EVSE; which vehicles may is told by its parking."""

    CUSTOMERS = "CUSTOMERS"
    DISABLED = "DISABLED"
    EMPLOYEES = "EMPLOYEES"
    EV_ONLY = "EV_ONLY"
    MOTORCYCLES = "MOTORCYCLES"
    PLUGGED = "PLUGGED"
    TAXIS = "TAXIS"
    TENANTS = "TENANTS"


class ParkingType(OpenEnum):
    """What kind of place the location is."""

    ALONG_MOTORWAY = "ALONG_MOTORWAY"
    PARKING_GARAGE = "PARKING_GARAGE"
    PARKING_LOT = "PARKING_LOT"
    ON_DRIVEWAY = "ON_DRIVEWAY"
    ON_STREET = "ON_STREET"
    UNDERGROUND_GARAGE = "UNDERGROUND_GARAGE"


class VehicleType(OpenEnum):
    """Kinds of vehicles that a parking space is made for."""

    MOTORCYCLE = "MOTORCYCLE"
    PERSONAL_VEHICLE = "PERSONAL_VEHICLE"
    PERSONAL_VEHICLE_WITH_TRAILER = "PERSONAL_VEHICLE_WITH_TRAILER"
    VAN = "VAN"
    SEMI_TRACTOR = "SEMI_TRACTOR"
    RIGID = "RIGID"
    TRUCK_WITH_TRAILER = "TRUCK_WITH_TRAILER"
    BUS = "BUS"
    DISABLED = "DISABLED"


class Image(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """A picture by its URL; `type` is its file type (`jpeg`)."""

    url: URL
    category: ImageCategory
    type: CiString4
    thumbnail: URL | None = None
    width: Pixels | None = None
    height: Pixels | None = None


class BusinessDetails(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """A company, as drivers may see it."""

    name: String100
    website: URL | None = None
    logo: Image | None = None


class EnvironmentalImpact(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """Waste per energy, g/kWh."""

    category: EnvironmentalImpactCategory
    amount: Number


class EnergyMix(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """What energy a location or tariff supplies."""

    is_green_energy: bool
    energy_sources: list[EnergySource] | None = None
    environ_impact: list[EnvironmentalImpact] | None = None
    supplier_name: String64 | None = None
    energy_product_name: String64 | None = None


class PublishTokenType(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """Tokens to whose owners an unpublished location may be shown: all fields set must match.

    What identifies a driver is not in the repr.
    """

    uid: CiString36 | None = None
    type: TokenType | None = None
    visual_number: String64 | None = None
    issuer: String64 | None = None
    group_id: CiString36 | None = None

    def __repr__(self) -> str:
        return f"PublishTokenType(type={self.type!r}, issuer={self.issuer!r}, …)"


class EVSEParking(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """A parking space of the location, by its id, from which one can charge at an EVSE."""

    parking_id: Id36
    evse_position: EVSEPosition | None = None


class Parking(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """A parking space, or the limits of parking where no space is marked: kg, cm, minutes."""

    id: Id36
    vehicle_types: Annotated[list[VehicleType], Meta(min_length=1)]
    restricted_to_type: bool
    reservation_required: bool
    physical_reference: String12 | None = None
    max_vehicle_weight: Number | None = None
    max_vehicle_height: Number | None = None
    max_vehicle_length: Number | None = None
    max_vehicle_width: Number | None = None
    parking_space_length: Number | None = None
    parking_space_width: Number | None = None
    dangerous_goods_allowed: bool | None = None
    direction: ParkingDirection | None = None
    drive_through: bool | None = None
    time_limit: Number | None = None
    roofed: bool | None = None
    images: list[Image] | None = None
    lighting: bool | None = None
    refrigeration_outlet: bool | None = None
    standards: list[CiString36] | None = None
    apds_reference: CiString | None = None


class Connector(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """One socket or plug of an EVSE: volts, amperes, watts."""

    id: Id36
    standard: ConnectorType
    format: ConnectorFormat
    power_type: PowerType
    max_voltage: int
    max_amperage: int
    last_updated: DateTime
    max_electric_power: int | None = None
    tariff_ids: list[CiString36] | None = None
    terms_and_conditions: URL | None = None
    capabilities: list[ConnectorCapability] | None = None


class EVSE(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """What charges one vehicle at a time. `uid` is technical, `evse_id` is what drivers read."""

    uid: Id36
    status: Status
    connectors: Annotated[list[Connector], Meta(min_length=1)]
    last_updated: DateTime
    evse_id: CiString48 | None = None
    status_schedule: list[StatusSchedule] | None = None
    capabilities: list[Capability] | None = None
    floor_level: String4 | None = None
    coordinates: GeoLocation | None = None
    physical_reference: String16 | None = None
    directions: list[DisplayText] | None = None
    parking_restrictions: list[ParkingRestriction] | None = None
    parking: list[EVSEParking] | None = None
    images: list[Image] | None = None
    accepted_service_providers: list[String50] | None = None


class Location(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """A group of EVSEs at one place. `address` 255 and `state` 45 since edition 2."""

    country_code: CountryCode
    party_id: PartyCode
    id: Id36
    publish: bool
    address: String255
    city: String45
    country: Country
    coordinates: GeoLocation
    time_zone: TimeZone
    last_updated: DateTime
    publish_allowed_to: list[PublishTokenType] | None = None
    name: String255 | None = None
    postal_code: String10 | None = None
    state: String45 | None = None
    related_locations: list[AdditionalGeoLocation] | None = None
    parking_type: ParkingType | None = None
    parking_places: list[Parking] | None = None
    evses: list[EVSE] | None = None
    directions: list[DisplayText] | None = None
    operator: BusinessDetails | None = None
    suboperator: BusinessDetails | None = None
    owner: BusinessDetails | None = None
    facilities: list[Facility] | None = None
    opening_times: Hours | None = None
    charging_when_closed: bool | None = None
    images: list[Image] | None = None
    help_phone: CiString25 | None = None
    energy_mix: EnergyMix | None = None
