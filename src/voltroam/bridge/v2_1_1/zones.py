"""The time zone of a location that does not tell it, and its country's three letters."""

from collections import defaultdict
from datetime import UTC, datetime
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

from voltroam.bridge.crossing import Crossing
from voltroam.bridge.members import part, text
from voltroam.bridge.terms import Document

UTC_ZONE = "UTC"
COUNTRIES = 512
"""Countries that are remembered: more than there are, and fewer than a partner may make up."""


def zone_up(location: Document, at: str, crossing: Crossing) -> None:
    """By the coordinates, by the partner's default, by the country, and UTC last of all.

    2.1.1 may leave it out, 2.2.1 needs it for opening hours and tariffs (OCPI 2.2.1
    §mod_locations, Location).
    """
    if text(location, "time_zone"):
        return
    terms = crossing.terms
    where = f"{at}/time_zone"
    place = part(location, "coordinates") or {}
    latitude, longitude = text(place, "latitude"), text(place, "longitude")
    found = terms.zone_at(latitude, longitude) if latitude and longitude else None
    if found is not None:
        crossing.note("zone-by-coordinates", where)
    elif terms.time_zone is not None:
        found = terms.time_zone
        crossing.note("zone-by-default", where)
    elif (found := zone_of_country(text(location, "country") or "")) is not None:
        crossing.note("zone-by-country", where)
    else:
        found = UTC_ZONE
        crossing.note("zone-unknown", where)
    location["time_zone"] = found


def country_up(location: Document, at: str, crossing: Crossing) -> None:
    """Two letters, as some samples have them, become the three that are asked for."""
    country = text(location, "country")
    if country is None or len(country) != 2:
        return
    letters = three_letters(country)
    if letters is None:
        crossing.note("country-unknown", f"{at}/country")
        return
    location["country"] = letters
    crossing.note("country-in-three-letters", f"{at}/country")


@lru_cache(maxsize=COUNTRIES)
def three_letters(country: str) -> str | None:
    found = _country(alpha_2=country)
    return None if found is None else str(found.alpha_3)


@lru_cache(maxsize=COUNTRIES)
def zone_of_country(country: str) -> str | None:
    """The zone of a country (three letters) whose clocks all show the same; None for others."""
    found = _country(alpha_3=country)
    zones = _zones().get(found.alpha_2, []) if found is not None else []
    clocks = {_clock(zone) for zone in zones}
    return zones[0] if len(clocks) == 1 else None


def _country(*, alpha_2: str = "", alpha_3: str = "") -> Any:
    import pycountry  # 30 ms that most conversions do without

    if alpha_2:
        return pycountry.countries.get(alpha_2=alpha_2.upper())
    return pycountry.countries.get(alpha_3=alpha_3.upper())


@cache
def _zones() -> dict[str, list[str]]:
    """Zones by country (two letters), the most populous first."""
    found: dict[str, list[str]] = defaultdict(list)
    lines = files("tzdata").joinpath("zoneinfo", "zone.tab").read_text("utf-8").splitlines()
    for line in lines:
        if line and not line.startswith("#"):
            country, _, zone, *_ = line.split("\t")
            found[country].append(zone)
    return dict(found)


def _clock(zone: str) -> tuple[object, ...]:
    """What its clocks show in winter and in summer."""
    info = ZoneInfo(zone)
    return tuple(
        datetime(2025, month, 1, tzinfo=UTC).astimezone(info).utcoffset() for month in (1, 7)
    )
