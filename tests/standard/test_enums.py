"""Every enum has exactly the values of its chapter, in their spelling.

LOC-ENUM-01/02/03, SES-DT-03, CDR-DT-06, TAR-DT-04, TOK-DT-03, CMD-DT-03, CHP-DT-03,
CORE-CRED-07, CORE-HCI-04, CORE-TYPE-04
"""

from enum import StrEnum

import msgspec
import pytest

from voltroam.standard import v2_2_1 as v
from voltroam.standard.v2_2_1.cdrs import SESSION_ONLY

VALUES = {
    "Role": "CPO EMSP HUB NAP NSP OTHER PTP SCSP",  # PTP: of the payments package (RPAY-002)
    "VersionNumber": "2.0 2.1 2.1.1 2.2 2.2.1",
    "ModuleID": "cdrs chargingprofiles commands credentials hubclientinfo locations sessions"
    " tariffs tokens",
    "InterfaceRole": "SENDER RECEIVER",
    "Capability": "CHARGING_PROFILE_CAPABLE CHARGING_PREFERENCES_CAPABLE CHIP_CARD_SUPPORT"
    " CONTACTLESS_CARD_SUPPORT CREDIT_CARD_PAYABLE DEBIT_CARD_PAYABLE PED_TERMINAL"
    " REMOTE_START_STOP_CAPABLE RESERVABLE RFID_READER START_SESSION_CONNECTOR_REQUIRED"
    " TOKEN_GROUP_CAPABLE UNLOCK_CAPABLE",
    "ConnectorFormat": "SOCKET CABLE",
    "ConnectorType": "CHADEMO CHAOJI DOMESTIC_A DOMESTIC_B DOMESTIC_C DOMESTIC_D DOMESTIC_E"
    " DOMESTIC_F DOMESTIC_G DOMESTIC_H DOMESTIC_I DOMESTIC_J DOMESTIC_K DOMESTIC_L DOMESTIC_M"
    " DOMESTIC_N DOMESTIC_O GBT_AC GBT_DC IEC_60309_2_single_16 IEC_60309_2_three_16"
    " IEC_60309_2_three_32 IEC_60309_2_three_64 IEC_62196_T1 IEC_62196_T1_COMBO IEC_62196_T2"
    " IEC_62196_T2_COMBO IEC_62196_T3A IEC_62196_T3C NEMA_5_20 NEMA_6_30 NEMA_6_50 NEMA_10_30"
    " NEMA_10_50 NEMA_14_30 NEMA_14_50 PANTOGRAPH_BOTTOM_UP PANTOGRAPH_TOP_DOWN TESLA_R TESLA_S",
    "EnergySourceCategory": "NUCLEAR GENERAL_FOSSIL COAL GAS GENERAL_GREEN SOLAR WIND WATER",
    "EnvironmentalImpactCategory": "NUCLEAR_WASTE CARBON_DIOXIDE",
    "Facility": "HOTEL RESTAURANT CAFE MALL SUPERMARKET SPORT RECREATION_AREA NATURE MUSEUM"
    " BIKE_SHARING BUS_STOP TAXI_STAND TRAM_STOP METRO_STATION TRAIN_STATION AIRPORT PARKING_LOT"
    " CARPOOL_PARKING FUEL_STATION WIFI",
    "ImageCategory": "CHARGER ENTRANCE LOCATION NETWORK OPERATOR OTHER OWNER",
    "ParkingRestriction": "EV_ONLY PLUGGED DISABLED CUSTOMERS MOTORCYCLES",
    "ParkingType": "ALONG_MOTORWAY PARKING_GARAGE PARKING_LOT ON_DRIVEWAY ON_STREET"
    " UNDERGROUND_GARAGE",
    "PowerType": "AC_1_PHASE AC_2_PHASE AC_2_PHASE_SPLIT AC_3_PHASE DC",
    "Status": "AVAILABLE BLOCKED CHARGING INOPERATIVE OUTOFORDER PLANNED REMOVED RESERVED UNKNOWN",
    "SessionStatus": "ACTIVE COMPLETED INVALID PENDING RESERVATION",
    "ChargingPreferencesResponse": "ACCEPTED DEPARTURE_REQUIRED ENERGY_NEED_REQUIRED NOT_POSSIBLE"
    " PROFILE_TYPE_NOT_SUPPORTED",
    "ProfileType": "CHEAP FAST GREEN REGULAR",
    "AuthMethod": "AUTH_REQUEST COMMAND WHITELIST",
    "CdrDimensionType": "CURRENT ENERGY ENERGY_EXPORT ENERGY_IMPORT MAX_CURRENT MIN_CURRENT"
    " MAX_POWER MIN_POWER PARKING_TIME POWER RESERVATION_TIME STATE_OF_CHARGE TIME",
    "DayOfWeek": "MONDAY TUESDAY WEDNESDAY THURSDAY FRIDAY SATURDAY SUNDAY",
    "ReservationRestrictionType": "RESERVATION RESERVATION_EXPIRES",
    "TariffDimensionType": "ENERGY FLAT PARKING_TIME TIME",
    "TariffType": "AD_HOC_PAYMENT PROFILE_CHEAP PROFILE_FAST PROFILE_GREEN REGULAR",
    "AllowedType": "ALLOWED BLOCKED EXPIRED NO_CREDIT NOT_ALLOWED",
    "TokenType": "AD_HOC_USER APP_USER OTHER RFID",
    "WhitelistType": "ALWAYS ALLOWED ALLOWED_OFFLINE NEVER",
    "CommandType": "CANCEL_RESERVATION RESERVE_NOW START_SESSION STOP_SESSION UNLOCK_CONNECTOR",
    "CommandResponseType": "NOT_SUPPORTED REJECTED ACCEPTED UNKNOWN_SESSION",
    "CommandResultType": "ACCEPTED CANCELED_RESERVATION EVSE_OCCUPIED EVSE_INOPERATIVE FAILED"
    " NOT_SUPPORTED REJECTED TIMEOUT UNKNOWN_RESERVATION",
    "ChargingRateUnit": "W A",
    "ChargingProfileResponseType": "ACCEPTED NOT_SUPPORTED REJECTED TOO_OFTEN UNKNOWN_SESSION",
    "ChargingProfileResultType": "ACCEPTED REJECTED UNKNOWN",
    "ConnectionStatus": "CONNECTED OFFLINE PLANNED SUSPENDED",
}

COUNTS = {"Status": 9, "Capability": 13, "ConnectorType": 40, "Facility": 20, "ImageCategory": 7,
          "EnergySourceCategory": 8, "CdrDimensionType": 13, "ProfileType": 4}  # fmt: skip
"""Some counts as a second reading, so that a slip in the lists above shows."""


def enum(name: str) -> type[StrEnum]:
    kind: type = getattr(v, name)
    assert issubclass(kind, StrEnum)
    return kind


def test_every_enum_of_every_chapter_is_there_and_no_other() -> None:
    assert {name for name in v.__all__ if issubclass(getattr(v, name), StrEnum)} == set(VALUES)


@pytest.mark.parametrize("name", VALUES)
def test_an_enum_has_exactly_the_values_of_its_table(name: str) -> None:
    assert {item.value for item in enum(name)} == set(VALUES[name].split())


@pytest.mark.parametrize("name", COUNTS)
def test_the_lists_above_are_complete(name: str) -> None:
    assert len(VALUES[name].split()) == COUNTS[name]


@pytest.mark.parametrize("name", VALUES)
def test_every_value_round_trips(name: str) -> None:
    for value in VALUES[name].split():
        decoded = msgspec.json.decode(f'"{value}"', type=enum(name))
        assert msgspec.json.encode(decoded) == f'"{value}"'.encode()


@pytest.mark.parametrize("name", [name for name in VALUES if name != "VersionNumber"])
def test_another_case_or_an_unknown_value_is_refused(name: str) -> None:
    for value in [*VALUES[name].split(), "FOO"]:
        other = value.swapcase() if value != "FOO" else value
        with pytest.raises(msgspec.ValidationError):
            msgspec.json.decode(f'"{other}"', type=enum(name))


def test_a_cdr_has_eight_dimensions_of_the_thirteen() -> None:
    """CDR-DT-06, SES-DT-04"""
    allowed = {kind.value for kind in v.CdrDimensionType if kind not in SESSION_ONLY}
    eight = "ENERGY MAX_CURRENT MIN_CURRENT MAX_POWER MIN_POWER PARKING_TIME RESERVATION_TIME TIME"
    assert allowed == set(eight.split())
