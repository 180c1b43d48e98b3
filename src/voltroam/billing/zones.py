"""The time zone of a place on the map, by the optional package `tzfpy`.

A CDR has no time zone. Its coordinates tell one where the location does not; its country never
does, for a country may have several.
"""

from typing import Protocol

from voltroam.billing.problem import BillingProblem

EXTRA = "pip install voltroam[zones]"
_PATH = "$.cdr_location.coordinates"


class Place(Protocol):
    """Decimal degrees as texts (OCPI 2.2.1 §mod_locations, GeoLocation)."""

    @property
    def latitude(self) -> str: ...

    @property
    def longitude(self) -> str: ...


def zone_at(place: Place) -> str | None:
    """An IANA name, None without `tzfpy`; BillingProblem for a place at sea or on no map."""
    try:
        from tzfpy import get_tz  # optional, and it takes long to load
    except ImportError:
        return None
    try:
        latitude, longitude = float(place.latitude), float(place.longitude)
    except (TypeError, ValueError):
        raise BillingProblem(_PATH, "not decimal degrees") from None
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        raise BillingProblem(_PATH, "not a place on the earth")
    name = get_tz(longitude, latitude)
    if not name or name.startswith("Etc/"):
        reason = "at sea, where no charging station is: are latitude and longitude swapped?"
        raise BillingProblem(_PATH, reason)
    return name
