"""Rules of OCPI 2.1.1: identifiers are case sensitive, and hours are a choice of two."""

from collections.abc import Iterable, Iterator

from voltroam.standard import v2_1_1 as v
from voltroam.wire.rules.breach import Breach, Rule, before, unique
from voltroam.wire.rules.locations import (
    energy_mix_rule,
    exceptions_rule,
    geo_location_rule,
    time_zones,
)
from voltroam.wire.rules.others import secret_rule
from voltroam.wire.rules.sessions import in_order, volume_of
from voltroam.wire.rules.tariffs import component_rule, once_each, restrictions_rule

_SLACK = 1
"""Hundredths of a kWh by which periods and total may differ."""


def _location(location: v.Location) -> Iterator[Breach]:
    if location.time_zone and location.time_zone not in time_zones():
        yield Breach(".time_zone", "LOC-TXT-03", "no name of the IANA time zone database")
    uids = [evse.uid for evse in location.evses or ()]
    yield from unique(".evses", "LOC-EVSE-01", "uid", uids)


def _evse(evse: v.EVSE) -> Iterable[Breach]:
    return unique(".connectors", "LOC-EVSE-03", "id", [one.id for one in evse.connectors])


def _hours(hours: v.Hours) -> Iterator[Breach]:
    if hours.twentyfourseven and hours.regular_hours:
        yield Breach(".regular_hours", "mod_locations", "not beside twentyfourseven")
    if not hours.twentyfourseven and not hours.regular_hours:
        yield Breach("", "mod_locations", "one of regular_hours and twentyfourseven is needed")
    yield from exceptions_rule(hours)


def _place(location: v.Location) -> Iterator[Breach]:
    """Of the location only what the session used (R211-058)."""
    evses = location.evses or []
    if len(evses) != 1:
        yield Breach(".location.evses", "R211-058", "should hold the one EVSE of the session", True)
    elif len(evses[0].connectors) != 1:
        yield Breach(".location.evses[0].connectors", "R211-058", "should hold one connector", True)


def _session(session: v.Session) -> Iterator[Breach]:
    if session.status is v.SessionStatus.COMPLETED and session.end_datetime is None:
        yield Breach(".end_datetime", "mod_sessions", "missing though COMPLETED", True)
    if before(session.end_datetime, session.start_datetime):
        yield Breach(".end_datetime", "mod_sessions", "before start_datetime", True)
    yield from in_order(session.charging_periods or ())
    yield from _place(session.location)


def _cdr(cdr: v.CDR) -> Iterator[Breach]:
    if before(cdr.stop_date_time, cdr.start_date_time):
        yield Breach(".stop_date_time", "mod_cdrs", "before start_date_time", True)
    yield from in_order(cdr.charging_periods)
    yield from _place(cdr.location)
    energy = volume_of(cdr, "ENERGY")
    if energy is not None and abs(energy - cdr.total_energy) * 100 > _SLACK:
        yield Breach(".total_energy", "mod_cdrs", f"periods add up to {energy:f} kWh", True)
    if cdr.total_parking_time is not None and cdr.total_parking_time > cdr.total_time:
        yield Breach(".total_parking_time", "CDR-OBJ-06", "more than total_time", True)


def _version_details(details: v.VersionDetails) -> Iterator[Breach]:
    modules = [endpoint.identifier for endpoint in details.endpoints]
    yield from unique(".endpoints", "version_information_endpoint", "module", modules, warning=True)


RULES: dict[type, Rule] = {
    v.Location: _location,
    v.EVSE: _evse,
    v.GeoLocation: geo_location_rule,
    v.Hours: _hours,
    v.EnergyMix: energy_mix_rule,
    v.Session: _session,
    v.CDR: _cdr,
    v.TariffElement: once_each,
    v.PriceComponent: component_rule,
    v.TariffRestrictions: restrictions_rule,
    v.Credentials: secret_rule,
    v.VersionDetails: _version_details,
}
