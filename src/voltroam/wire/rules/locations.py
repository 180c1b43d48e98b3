"""Rules of OCPI 2.2.1 §mod_locations."""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from functools import cache
from zoneinfo import available_timezones

from voltroam.standard import v2_1_1, v2_3_0
from voltroam.standard import v2_2_1 as v
from voltroam.standard.parties import fold
from voltroam.standard.types import NOT_AVAILABLE
from voltroam.wire.rules.breach import Breach, Rule, reached, unique


def location_rule(location: v.Location | v2_3_0.Location) -> Iterator[Breach]:
    if location.publish and location.publish_allowed_to:
        yield Breach(".publish_allowed_to", "LOC-PUB-05", "only allowed when publish is false")
    if location.time_zone not in time_zones():
        yield Breach(".time_zone", "LOC-TXT-03", "no name of the IANA time zone database")
    if location.evses:
        uids = [fold(evse.uid) for evse in location.evses]
        yield from unique(".evses", "LOC-EVSE-01", "uid", uids)


@cache
def time_zones() -> frozenset[str]:
    return frozenset(available_timezones())


def geo_location_rule(point: v.GeoLocation | v2_1_1.GeoLocation) -> Iterable[Breach]:
    # one for each EVSE: most are told from two numbers
    try:
        if -90 <= float(point.latitude) <= 90 and -180 <= float(point.longitude) <= 180:
            return ()
    except ValueError:
        pass  # not the form of a number, or unknown
    return _off_the_map(point)


def _off_the_map(point: v.GeoLocation | v2_1_1.GeoLocation) -> Iterator[Breach]:
    if NOT_AVAILABLE in (point.latitude, point.longitude):
        yield Breach("", "CORE-TYPE-17", "no coordinates: the place cannot be shown", True)
        return
    if _beyond(point.latitude, 90):
        yield Breach(".latitude", "mod_locations", "beyond 90 degrees", True)
    if _beyond(point.longitude, 180):
        yield Breach(".longitude", "mod_locations", "beyond 180 degrees", True)


def _beyond(value: str, limit: int) -> bool:
    try:
        return abs(float(value)) > limit
    except ValueError:
        return False  # the pattern's fault, and told there


def evse_rule(evse: v.EVSE | v2_3_0.EVSE) -> Iterable[Breach]:
    if len(evse.connectors) < 2:
        return ()
    ids = [fold(connector.id) for connector in evse.connectors]
    if len(set(ids)) == len(ids):
        return ()
    return unique(".connectors", "LOC-EVSE-03", "id", ids)


def publish_token_rule(
    token: v.PublishTokenType | v2_3_0.PublishTokenType,
) -> Iterator[Breach]:
    if not (token.uid or token.visual_number or token.group_id):
        yield Breach("", "LOC-PUB-03", "one of uid, visual_number and group_id is needed")
    if token.uid and token.type is None:
        yield Breach(".type", "LOC-PUB-04", "uid needs type beside it")
    if token.visual_number and not token.issuer:
        yield Breach(".issuer", "LOC-PUB-04", "visual_number needs issuer beside it")


def _hours(hours: v.Hours) -> Iterator[Breach]:
    if hours.twentyfourseven and hours.regular_hours:
        yield Breach(".regular_hours", "LOC-HRS-01", "only allowed when twentyfourseven is false")
    if not hours.twentyfourseven and not hours.regular_hours:
        yield Breach(".regular_hours", "LOC-HRS-01", "needed when twentyfourseven is false")
    yield from exceptions_rule(hours)


def exceptions_rule(hours: v.Hours | v2_1_1.Hours) -> Iterator[Breach]:
    """Closings win over openings, so an opening below one says nothing."""
    openings = hours.exceptional_openings or ()
    for index, closing in enumerate(hours.exceptional_closings or ()):
        if any(_overlap(closing, opening) for opening in openings):
            yield Breach(
                f".exceptional_closings[{index}]", "mod_locations",
                "overlaps an exceptional opening", True,
            )  # fmt: skip


def _overlap(one: v.ExceptionalPeriod, other: v.ExceptionalPeriod) -> bool:
    return not (
        reached(one.period_end, other.period_begin) or reached(other.period_end, one.period_begin)
    )


def _regular_hours(hours: v.RegularHours) -> Iterable[Breach]:
    if hours.period_end > hours.period_begin:
        return ()
    return (Breach(".period_end", "LOC-HRS-04", "must be later than period_begin"),)


def _period(period: v.ExceptionalPeriod | v.StatusSchedule) -> Iterator[Breach]:
    if reached(period.period_end, period.period_begin):
        yield Breach(".period_end", "mod_locations", "should be later than period_begin", True)


def energy_mix_rule(mix: v.EnergyMix | v2_1_1.EnergyMix | v2_3_0.EnergyMix) -> Iterator[Breach]:
    sources = mix.energy_sources or ()
    total = sum((source.percentage for source in sources), Decimal(0))
    # one percent covers mixes whose parts were rounded one by one
    if sources and abs(total - 100) > 1:
        yield Breach(".energy_sources", "LOC-DT-09", f"percentages add up to {total:f}", True)
    fossil = {
        v.EnergySourceCategory.NUCLEAR, v.EnergySourceCategory.GENERAL_FOSSIL,
        v.EnergySourceCategory.COAL, v.EnergySourceCategory.GAS,
    }  # fmt: skip
    if mix.is_green_energy and any(s.source in fossil and s.percentage > 0 for s in sources):
        yield Breach(
            ".is_green_energy",
            "mod_locations",
            "true beside fossil or nuclear sources",
            True,
        )
    if mix.is_green_energy and any(impact.amount > 0 for impact in mix.environ_impact or ()):
        yield Breach(".is_green_energy", "mod_locations", "true beside waste", True)


def _energy_source(source: v.EnergySource) -> Iterator[Breach]:
    if not 0 <= source.percentage <= 100:
        yield Breach(".percentage", "LOC-DT-06", "must be between 0 and 100")


RULES: dict[type, Rule] = {
    v.Location: location_rule,
    v.GeoLocation: geo_location_rule,
    v.EVSE: evse_rule,
    v.PublishTokenType: publish_token_rule,
    v.Hours: _hours,
    v.RegularHours: _regular_hours,
    v.ExceptionalPeriod: _period,
    v.StatusSchedule: _period,
    v.EnergyMix: energy_mix_rule,
    v.EnergySource: _energy_source,
}
