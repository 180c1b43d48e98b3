"""Where one can charge: locations, their EVSEs, their connectors (OCPI 2.1.1 §mod_locations)."""

from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from voltroam.standard.types import (
    URL,
    Country,
    DateTime,
    Number,
    Pixels,
    TimeZone,
)
from voltroam.standard.v2_1_1.types import (
    DisplayText,
    Identifier36,
    Identifier48,
    Latitude,
    Longitude,
    Name36,
    Name39,
    String4,
    String10,
    String16,
    String45,
    String64,
    String100,
    String255,
)
from voltroam.standard.v2_2_1.locations import (
    ConnectorFormat,
    EnergySource,
    EnergySourceCategory,
    EnvironmentalImpactCategory,
    ExceptionalPeriod,
    ImageCategory,
    ParkingRestriction,
    RegularHours,
    Status,
    StatusSchedule,
)

__all__ = [
    "EVSE",
    "AdditionalGeoLocation",
    "BusinessDetails",
    "Capability",
    "Connector",
    "ConnectorFormat",
    "ConnectorType",
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
    "ParkingRestriction",
    "ParkingType",
    "PowerType",
    "RegularHours",
    "Status",
    "StatusSchedule",
]


class Capability(StrEnum):
    """What an EVSE can do."""

    CHARGING_PROFILE_CAPABLE = "CHARGING_PROFILE_CAPABLE"
    CREDIT_CARD_PAYABLE = "CREDIT_CARD_PAYABLE"
    REMOTE_START_STOP_CAPABLE = "REMOTE_START_STOP_CAPABLE"
    RESERVABLE = "RESERVABLE"
    RFID_READER = "RFID_READER"
    UNLOCK_CAPABLE = "UNLOCK_CAPABLE"


class ConnectorType(StrEnum):
    """The standard of a socket or plug."""

    CHADEMO = "CHADEMO"
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
    TESLA_R = "TESLA_R"
    TESLA_S = "TESLA_S"


class Facility(StrEnum):
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
    BUS_STOP = "BUS_STOP"
    TAXI_STAND = "TAXI_STAND"
    TRAIN_STATION = "TRAIN_STATION"
    AIRPORT = "AIRPORT"
    CARPOOL_PARKING = "CARPOOL_PARKING"
    FUEL_STATION = "FUEL_STATION"
    WIFI = "WIFI"


class ParkingType(StrEnum):
    """What kind of place the location is; the chapter calls this enum LocationType."""

    ON_STREET = "ON_STREET"
    PARKING_GARAGE = "PARKING_GARAGE"
    UNDERGROUND_GARAGE = "UNDERGROUND_GARAGE"
    PARKING_LOT = "PARKING_LOT"
    OTHER = "OTHER"
    UNKNOWN = "UNKNOWN"


class PowerType(StrEnum):
    """Direct current, or alternating current with its phases."""

    AC_1_PHASE = "AC_1_PHASE"
    AC_3_PHASE = "AC_3_PHASE"
    DC = "DC"


class GeoLocation(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """A point in WGS 84, as decimal text so that its precision is what was written."""

    latitude: Latitude
    longitude: Longitude


class AdditionalGeoLocation(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """Another point that matters to the driver, such as an entrance."""

    latitude: Latitude
    longitude: Longitude
    name: DisplayText | None = None


class Image(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """A picture by its URL; `type` is its file type (`jpeg`)."""

    url: URL
    category: ImageCategory
    type: String4
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

    source: EnvironmentalImpactCategory
    amount: Number


class EnergyMix(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """What energy a location or tariff supplies."""

    is_green_energy: bool
    energy_sources: list[EnergySource] | None = None
    environ_impact: list[EnvironmentalImpact] | None = None
    supplier_name: String64 | None = None
    energy_product_name: String64 | None = None


class Hours(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """When one can charge: regular hours or `twentyfourseven`, one of the two."""

    twentyfourseven: bool | None = None
    regular_hours: list[RegularHours] | None = None
    exceptional_openings: list[ExceptionalPeriod] | None = None
    exceptional_closings: list[ExceptionalPeriod] | None = None


class Connector(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """One socket or plug of an EVSE: volts, amperes."""

    id: Name36
    standard: ConnectorType
    format: ConnectorFormat
    power_type: PowerType
    voltage: int
    amperage: int
    last_updated: DateTime
    tariff_id: Identifier36 | None = None
    terms_and_conditions: URL | None = None


class EVSE(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """What charges one vehicle at a time. `uid` is technical, `evse_id` is what drivers read."""

    uid: Name39
    status: Status
    connectors: Annotated[list[Connector], Meta(min_length=1)]
    last_updated: DateTime
    evse_id: Identifier48 | None = None
    status_schedule: list[StatusSchedule] | None = None
    capabilities: list[Capability] | None = None
    floor_level: String4 | None = None
    coordinates: GeoLocation | None = None
    physical_reference: String16 | None = None
    directions: list[DisplayText] | None = None
    parking_restrictions: list[ParkingRestriction] | None = None
    images: list[Image] | None = None


class Location(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """A group of EVSEs at one place. Its owner stands in the URL only."""

    id: Name39
    type: ParkingType
    address: String45
    city: String45
    postal_code: String10
    country: Country
    coordinates: GeoLocation
    last_updated: DateTime
    name: String255 | None = None
    related_locations: list[AdditionalGeoLocation] | None = None
    evses: list[EVSE] | None = None
    directions: list[DisplayText] | None = None
    operator: BusinessDetails | None = None
    suboperator: BusinessDetails | None = None
    owner: BusinessDetails | None = None
    facilities: list[Facility] | None = None
    time_zone: TimeZone | None = None
    opening_times: Hours | None = None
    charging_when_closed: bool | None = None
    images: list[Image] | None = None
    energy_mix: EnergyMix | None = None
