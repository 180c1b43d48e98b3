"""Names of modules and objects as people type them, and versions by their number."""

from collections.abc import Mapping

from voltroam.bridge.convert import KINDS
from voltroam.cli.outcome import Exit, Stop
from voltroam.standard.versions import VERSIONS, Version

MODULES: Mapping[str, str] = {
    "locations": "Location",
    "evses": "EVSE",
    "connectors": "Connector",
    "sessions": "Session",
    "cdrs": "CDR",
    "tariffs": "Tariff",
    "tokens": "Token",
    "hubclientinfo": "ClientInfo",
    "credentials": "Credentials",
    "versions": "VersionDetails",
    "chargingprofiles": "SetChargingProfile",
    "bookings": "Booking",
    "invoicereconciliation": "InvoiceReconciliationRecord",
    "payments": "Terminal",
    "start_session": "StartSession",
    "stop_session": "StopSession",
    "reserve_now": "ReserveNow",
    "cancel_reservation": "CancelReservation",
    "unlock_connector": "UnlockConnector",
}
"""What a module's list holds; commands by their own words."""
CHAPTERS: Mapping[str, str] = {
    "Location": "mod_locations",
    "EVSE": "mod_locations",
    "Connector": "mod_locations",
    "Session": "mod_sessions",
    "CDR": "mod_cdrs",
    "Tariff": "mod_tariffs",
    "Token": "mod_tokens",
    "AuthorizationInfo": "mod_tokens",
    "LocationReferences": "mod_tokens",
    "ClientInfo": "mod_hub_client_info",
    "Credentials": "credentials",
    "VersionDetails": "version_information_endpoint",
    "VersionInfo": "version_information_endpoint",
    "ChargingPreferences": "mod_sessions",
    "ChargingPreferencesResponse": "mod_sessions",
    "InvoiceReconciliationRecord": "mod_invoice_reconciliation",
    "Booking": "mod_bookings",
    "BookingLocation": "mod_bookings",
    "BookingRequest": "mod_bookings",
    "Calendar": "mod_bookings",
    "Terminal": "mod_payments",
    "FinancialAdviceConfirmation": "mod_payments",
}


def kind_of(word: str) -> str:
    """`locations`, `location`, `Location`, `START_SESSION`: the object's name. Raises Stop."""
    plain = word.lower()
    if plain in MODULES:
        return MODULES[plain]
    names = {kind.lower(): kind for kind in KINDS}
    if plain in names:
        return names[plain]
    known = ", ".join(list(MODULES)[:7])
    raise Stop(f"{word!r} is no module or object; there are {known}, …", Exit.USAGE)


def chapter_of(kind: str) -> str:
    if kind in CHAPTERS:
        return CHAPTERS[kind]
    return "mod_charging_profiles" if "Profile" in kind else "mod_commands"


def version_of(number: str, option: str) -> Version:
    """Raises Stop for a version that this build does not speak."""
    found = VERSIONS.get(number)
    if found is None:
        raise Stop(f"{option} {number!r} is none of {', '.join(VERSIONS)}.", Exit.USAGE)
    return found
