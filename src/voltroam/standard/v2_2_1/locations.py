"""Where one can charge: locations, their EVSEs, their connectors (OCPI 2.2.1 §mod_locations)."""

from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from voltroam.standard.types import (
    URL,
    CiString4,
    CiString36,
    CiString48,
    Country,
    CountryCode,
    DateTime,
    Id36,
    Latitude,
    Longitude,
    Number,
    PartyCode,
    Pixels,
    String4,
    String10,
    String16,
    String45,
    String64,
    String100,
    String255,
    TimeOfDay,
    TimeZone,
    Weekday,
)
from voltroam.standard.v2_2_1.tokens import TokenType
from voltroam.standard.v2_2_1.types import DisplayText


class Capability(StrEnum):
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


class ConnectorFormat(StrEnum):
    """Socket in the EVSE, or a cable that hangs from it."""

    SOCKET = "SOCKET"
    CABLE = "CABLE"


class ConnectorType(StrEnum):
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
    NEMA_5_20 = "NEMA_5_20"
    NEMA_6_30 = "NEMA_6_30"
    NEMA_6_50 = "NEMA_6_50"
    NEMA_10_30 = "NEMA_10_30"
    NEMA_10_50 = "NEMA_10_50"
    NEMA_14_30 = "NEMA_14_30"
    NEMA_14_50 = "NEMA_14_50"
    PANTOGRAPH_BOTTOM_UP = "PANTOGRAPH_BOTTOM_UP"
    PANTOGRAPH_TOP_DOWN = "PANTOGRAPH_TOP_DOWN"
    TESLA_R = "TESLA_R"
    TESLA_S = "TESLA_S"


class EnergySourceCategory(StrEnum):
    """Where energy comes from."""

    NUCLEAR = "NUCLEAR"
    GENERAL_FOSSIL = "GENERAL_FOSSIL"
    COAL = "COAL"
    GAS = "GAS"
    GENERAL_GREEN = "GENERAL_GREEN"
    SOLAR = "SOLAR"
    WIND = "WIND"
    WATER = "WATER"


class EnvironmentalImpactCategory(StrEnum):
    """What making the energy leaves behind, in grams per kWh."""

    NUCLEAR_WASTE = "NUCLEAR_WASTE"
    CARBON_DIOXIDE = "CARBON_DIOXIDE"


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


class ImageCategory(StrEnum):
    """What an image shows."""

    CHARGER = "CHARGER"
    ENTRANCE = "ENTRANCE"
    LOCATION = "LOCATION"
    NETWORK = "NETWORK"
    OPERATOR = "OPERATOR"
    OTHER = "OTHER"
    OWNER = "OWNER"


class ParkingRestriction(StrEnum):
    """Who may park at an EVSE."""

    EV_ONLY = "EV_ONLY"
    PLUGGED = "PLUGGED"
    DISABLED = "DISABLED"
    CUSTOMERS = "CUSTOMERS"
    MOTORCYCLES = "MOTORCYCLES"


class ParkingType(StrEnum):
    """What kind of place the location is."""

    ALONG_MOTORWAY = "ALONG_MOTORWAY"
    PARKING_GARAGE = "PARKING_GARAGE"
    PARKING_LOT = "PARKING_LOT"
    ON_DRIVEWAY = "ON_DRIVEWAY"
    ON_STREET = "ON_STREET"
    UNDERGROUND_GARAGE = "UNDERGROUND_GARAGE"


class PowerType(StrEnum):
    """Direct current, or alternating current with its phases."""

    AC_1_PHASE = "AC_1_PHASE"
    AC_2_PHASE = "AC_2_PHASE"
    AC_2_PHASE_SPLIT = "AC_2_PHASE_SPLIT"
    AC_3_PHASE = "AC_3_PHASE"
    DC = "DC"


class Status(StrEnum):
    """What state an EVSE is in. REMOVED stands for deletion, which does not exist."""

    AVAILABLE = "AVAILABLE"
    BLOCKED = "BLOCKED"
    CHARGING = "CHARGING"
    INOPERATIVE = "INOPERATIVE"
    OUTOFORDER = "OUTOFORDER"
    PLANNED = "PLANNED"
    REMOVED = "REMOVED"
    RESERVED = "RESERVED"
    UNKNOWN = "UNKNOWN"


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
    type: CiString4
    thumbnail: URL | None = None
    width: Pixels | None = None
    height: Pixels | None = None


class BusinessDetails(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """A company, as drivers may see it."""

    name: String100
    website: URL | None = None
    logo: Image | None = None


class EnergySource(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """Share of one source in the mix, 0 to 100."""

    source: EnergySourceCategory
    percentage: Number


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


class RegularHours(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """Weekly hours, in the location's local time."""

    weekday: Weekday
    period_begin: TimeOfDay
    period_end: TimeOfDay


class ExceptionalPeriod(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """Hours that differ from the regular ones, as instants."""

    period_begin: DateTime
    period_end: DateTime


class Hours(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """When one can charge. Closings win over openings and regular hours."""

    twentyfourseven: bool
    regular_hours: list[RegularHours] | None = None
    exceptional_openings: list[ExceptionalPeriod] | None = None
    exceptional_closings: list[ExceptionalPeriod] | None = None


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


class StatusSchedule(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """A status that is planned; the status itself changes by an update all the same."""

    period_begin: DateTime
    status: Status
    period_end: DateTime | None = None


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
    images: list[Image] | None = None


class Location(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """A group of EVSEs at one place. `address` 255 and `state` 45 by the errata."""

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
    evses: list[EVSE] | None = None
    directions: list[DisplayText] | None = None
    operator: BusinessDetails | None = None
    suboperator: BusinessDetails | None = None
    owner: BusinessDetails | None = None
    facilities: list[Facility] | None = None
    opening_times: Hours | None = None
    charging_when_closed: bool | None = None
    images: list[Image] | None = None
    energy_mix: EnergyMix | None = None
