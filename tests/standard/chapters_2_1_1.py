"""The property tables and enums of the 2.1.1 chapters, copied by hand: `member type cardinality`.

Objects go by the name that 2.2.1 gave them: AllowedType (Allowed), ParkingType (LocationType),
VersionInfo (Version). Hours are a choice of two, so neither member is required.
"""

from tests.standard.chapters import Member, read

TYPES = """
DisplayText
    language string(2) 1
    text string(512) 1
Credentials
    token string(64) 1
    url URL 1
    business_details BusinessDetails 1
    party_id string(3) 1
    country_code string(2) 1
VersionInfo
    version VersionNumber 1
    url URL 1
VersionDetails
    version VersionNumber 1
    endpoints Endpoint +
Endpoint
    identifier ModuleID 1
    url URL 1
"""

LOCATIONS = """
Location
    id string(39) 1
    type ParkingType 1
    name string(255) ?
    address string(45) 1
    city string(45) 1
    postal_code string(10) 1
    country string(3) 1
    coordinates GeoLocation 1
    related_locations AdditionalGeoLocation *
    evses EVSE *
    directions DisplayText *
    operator BusinessDetails ?
    suboperator BusinessDetails ?
    owner BusinessDetails ?
    facilities Facility *
    time_zone string(255) ?
    opening_times Hours ?
    charging_when_closed boolean ?
    images Image *
    energy_mix EnergyMix ?
    last_updated DateTime 1
EVSE
    uid string(39) 1
    evse_id string(48) ?
    status Status 1
    status_schedule StatusSchedule *
    capabilities Capability *
    connectors Connector +
    floor_level string(4) ?
    coordinates GeoLocation ?
    physical_reference string(16) ?
    directions DisplayText *
    parking_restrictions ParkingRestriction *
    images Image *
    last_updated DateTime 1
Connector
    id string(36) 1
    standard ConnectorType 1
    format ConnectorFormat 1
    power_type PowerType 1
    voltage int 1
    amperage int 1
    tariff_id string(36) ?
    terms_and_conditions URL ?
    last_updated DateTime 1
AdditionalGeoLocation
    latitude string(10) 1
    longitude string(11) 1
    name DisplayText ?
BusinessDetails
    name string(100) 1
    website URL ?
    logo Image ?
EnergyMix
    is_green_energy boolean 1
    energy_sources EnergySource *
    environ_impact EnvironmentalImpact *
    supplier_name string(64) ?
    energy_product_name string(64) ?
EnergySource
    source EnergySourceCategory 1
    percentage number 1
EnvironmentalImpact
    source EnvironmentalImpactCategory 1
    amount number 1
ExceptionalPeriod
    period_begin DateTime 1
    period_end DateTime 1
GeoLocation
    latitude string(10) 1
    longitude string(11) 1
Hours
    regular_hours RegularHours *
    twentyfourseven boolean ?
    exceptional_openings ExceptionalPeriod *
    exceptional_closings ExceptionalPeriod *
Image
    url URL 1
    thumbnail URL ?
    category ImageCategory 1
    type string(4) 1
    width int ?
    height int ?
RegularHours
    weekday int 1
    period_begin string(5) 1
    period_end string(5) 1
StatusSchedule
    period_begin DateTime 1
    period_end DateTime ?
    status Status 1
"""

MONEY = """
Session
    id string(36) 1
    start_datetime DateTime 1
    end_datetime DateTime ?
    kwh number 1
    auth_id string(36) 1
    auth_method AuthMethod 1
    location Location 1
    meter_id string(255) ?
    currency string(3) 1
    charging_periods ChargingPeriod *
    total_cost number ?
    status SessionStatus 1
    last_updated DateTime 1
CDR
    id CiString(36) 1
    start_date_time DateTime 1
    stop_date_time DateTime 1
    auth_id string(36) 1
    auth_method AuthMethod 1
    location Location 1
    meter_id string(255) ?
    currency string(3) 1
    tariffs Tariff *
    charging_periods ChargingPeriod +
    total_cost number 1
    total_energy number 1
    total_time number 1
    total_parking_time number ?
    remark string(255) ?
    last_updated DateTime 1
CdrDimension
    type CdrDimensionType 1
    volume number 1
ChargingPeriod
    start_date_time DateTime 1
    dimensions CdrDimension +
Tariff
    id string(36) 1
    currency string(3) 1
    tariff_alt_text DisplayText *
    tariff_alt_url URL ?
    elements TariffElement +
    energy_mix EnergyMix ?
    last_updated DateTime 1
PriceComponent
    type TariffDimensionType 1
    price number 1
    step_size int 1
TariffElement
    price_components PriceComponent +
    restrictions TariffRestrictions ?
TariffRestrictions
    start_time string(5) ?
    end_time string(5) ?
    start_date string(10) ?
    end_date string(10) ?
    min_kwh number ?
    max_kwh number ?
    min_power number ?
    max_power number ?
    min_duration int ?
    max_duration int ?
    day_of_week DayOfWeek *
"""

TOKENS = """
AuthorizationInfo
    allowed AllowedType 1
    location LocationReferences ?
    info DisplayText ?
Token
    uid string(36) 1
    type TokenType 1
    auth_id string(36) 1
    visual_number string(64) ?
    issuer string(64) 1
    valid boolean 1
    whitelist WhitelistType 1
    language string(2) ?
    last_updated DateTime 1
LocationReferences
    location_id string(39) 1
    evse_uids string(39) *
    connector_ids string(36) *
CommandResponse
    result CommandResponseType 1
ReserveNow
    response_url URL 1
    token Token 1
    expiry_date DateTime 1
    reservation_id int 1
    location_id string(39) 1
    evse_uid string(39) ?
StartSession
    response_url URL 1
    token Token 1
    location_id string(39) 1
    evse_uid string(39) ?
StopSession
    response_url URL 1
    session_id string(36) 1
UnlockConnector
    response_url URL 1
    location_id string(39) 1
    evse_uid string(39) 1
    connector_id string(36) 1
"""

OBJECTS: dict[str, list[Member]] = read(TYPES, LOCATIONS, MONEY, TOKENS)

VALUES = {
    "AllowedType": "ALLOWED BLOCKED EXPIRED NO_CREDIT NOT_ALLOWED",
    "AuthMethod": "AUTH_REQUEST WHITELIST",
    "Capability": "CHARGING_PROFILE_CAPABLE CREDIT_CARD_PAYABLE REMOTE_START_STOP_CAPABLE"
    " RESERVABLE RFID_READER UNLOCK_CAPABLE",
    "CdrDimensionType": "ENERGY FLAT MAX_CURRENT MIN_CURRENT PARKING_TIME TIME",
    "CommandResponseType": "NOT_SUPPORTED REJECTED ACCEPTED TIMEOUT UNKNOWN_SESSION",
    "CommandType": "RESERVE_NOW START_SESSION STOP_SESSION UNLOCK_CONNECTOR",
    "ConnectorFormat": "SOCKET CABLE",
    "ConnectorType": "CHADEMO DOMESTIC_A DOMESTIC_B DOMESTIC_C DOMESTIC_D DOMESTIC_E DOMESTIC_F"
    " DOMESTIC_G DOMESTIC_H DOMESTIC_I DOMESTIC_J DOMESTIC_K DOMESTIC_L IEC_60309_2_single_16"
    " IEC_60309_2_three_16 IEC_60309_2_three_32 IEC_60309_2_three_64 IEC_62196_T1"
    " IEC_62196_T1_COMBO IEC_62196_T2 IEC_62196_T2_COMBO IEC_62196_T3A IEC_62196_T3C TESLA_R"
    " TESLA_S",
    "DayOfWeek": "MONDAY TUESDAY WEDNESDAY THURSDAY FRIDAY SATURDAY SUNDAY",
    "EnergySourceCategory": "NUCLEAR GENERAL_FOSSIL COAL GAS GENERAL_GREEN SOLAR WIND WATER",
    "EnvironmentalImpactCategory": "NUCLEAR_WASTE CARBON_DIOXIDE",
    "Facility": "HOTEL RESTAURANT CAFE MALL SUPERMARKET SPORT RECREATION_AREA NATURE MUSEUM"
    " BUS_STOP TAXI_STAND TRAIN_STATION AIRPORT CARPOOL_PARKING FUEL_STATION WIFI",
    "ImageCategory": "CHARGER ENTRANCE LOCATION NETWORK OPERATOR OTHER OWNER",
    "ModuleID": "cdrs commands credentials locations sessions tariffs tokens",
    "ParkingRestriction": "EV_ONLY PLUGGED DISABLED CUSTOMERS MOTORCYCLES",
    "ParkingType": "ON_STREET PARKING_GARAGE UNDERGROUND_GARAGE PARKING_LOT OTHER UNKNOWN",
    "PowerType": "AC_1_PHASE AC_3_PHASE DC",
    "SessionStatus": "ACTIVE COMPLETED INVALID PENDING",
    "Status": "AVAILABLE BLOCKED CHARGING INOPERATIVE OUTOFORDER PLANNED REMOVED RESERVED UNKNOWN",
    "TariffDimensionType": "ENERGY FLAT PARKING_TIME TIME",
    "TokenType": "OTHER RFID",
    "VersionNumber": "2.0 2.1 2.1.1",
    "WhitelistType": "ALWAYS ALLOWED ALLOWED_OFFLINE NEVER",
}

OPEN: frozenset[str] = frozenset()

ALIASES = {"CommandResult": "CommandResponse", "CommandResultType": "CommandResponseType"}
"""What goes to the response_url is the same object as the direct answer."""
