"""Locations, EVSEs and connectors between 2.1.1 and 2.2.1."""

import re
from collections.abc import Mapping
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from voltroam.bridge.crossing import Crossing
from voltroam.bridge.members import each, listed, number, renamed, text, within
from voltroam.bridge.named import member_down, member_up
from voltroam.bridge.terms import Document, Relaxation
from voltroam.bridge.v2_1_1 import words
from voltroam.bridge.v2_1_1.hours import hours_down, hours_up
from voltroam.bridge.v2_1_1.plain import owner_down, owner_up, texts_down, times_up
from voltroam.bridge.v2_1_1.prices_shown import tariff_shown
from voltroam.bridge.v2_1_1.zones import country_up, zone_up
from voltroam.bridge.words import known_plug, known_words

LOCATION, EVSE = "Location", "EVSE"
ADDRESS = 45
"""Characters of an address in 2.1.1."""
_EXACT = re.compile(r"-?[0-9]{1,3}\.[0-9]{6}")
_SIX = Decimal("0.000001")
_VOLTS = {"voltage": "max_voltage", "amperage": "max_amperage"}
_FORMER_VOLTS = {new: old for old, new in _VOLTS.items()}
_CONNECTOR_UP = _VOLTS | {"tariff_id": "tariff_ids"}
REMOTE, NEEDS_CONNECTOR = "REMOTE_START_STOP_CAPABLE", "START_SESSION_CONNECTOR_REQUIRED"


def location_up(location: Document, at: str, crossing: Crossing) -> Document:
    """An owner, `publish` and a time zone are put in (OCPI 2.2.1 §mod_locations, Location)."""
    raised = owner_up(times_up(location, at, crossing), at, crossing, location)
    raised = dict(raised)
    member_up(raised, "id", LOCATION, at, crossing)
    if "publish" not in raised:
        raised["publish"] = True
        crossing.note("publish-put-in", f"{at}/publish")
    place_up(raised, at, crossing)
    raised = _type_up(raised, at, crossing)
    each(raised, "evses", at, lambda one, where: _evse_up(one, where, crossing))
    return raised


def place_up(location: Document, at: str, crossing: Crossing) -> None:
    """What a location is as a place: country, zone, hours, energy."""
    country_up(location, at, crossing)
    zone_up(location, at, crossing)
    within(location, "opening_times", at, lambda one, where: hours_up(one, where, crossing))
    within(location, "energy_mix", at, mix_up)


def _type_up(location: Document, at: str, crossing: Crossing) -> Document:
    """`type` is `parking_type`; that nothing or nothing special is known leaves it unset."""
    kind = text(location, "type")
    if kind is None:
        return location
    if kind in (words.OTHER, words.UNKNOWN):
        crossing.note(
            "location-type-other" if kind == words.OTHER else "location-type-unknown",
            f"{at}/type",
        )
        return {name: value for name, value in location.items() if name != "type"}
    crossing.note("type-renamed", f"{at}/type")
    return renamed(location, {"type": "parking_type"})


def evse_up(evse: Document, at: str, crossing: Crossing) -> Document:
    """Its id and its connectors; INOPERATIVE may mean deleted, and stays what it is."""
    return _evse_up(times_up(evse, at, crossing), at, crossing)


def _evse_up(evse: Document, at: str, crossing: Crossing) -> Document:
    raised = dict(evse)
    member_up(raised, "uid", EVSE, at, crossing)
    each(raised, "connectors", at, lambda one, where: _connector_up(one, where, crossing))
    return raised


def connector_up(connector: Document, at: str, crossing: Crossing) -> Document:
    """Volts and amperes are renamed, one tariff becomes a list of one."""
    return _connector_up(times_up(connector, at, crossing), at, crossing)


def _connector_up(connector: Document, at: str, crossing: Crossing) -> Document:
    for name in _VOLTS:
        if name in connector:
            crossing.note("limit-of-connector-renamed", f"{at}/{name}")
    raised = renamed(connector, _CONNECTOR_UP)
    if "tariff_ids" in raised and isinstance(raised["tariff_ids"], str):
        raised["tariff_ids"] = [raised["tariff_ids"]]
        crossing.note("tariff-id-in-list", f"{at}/tariff_id")
    return raised


def mix_up(mix: Document, at: str) -> Document:
    """An impact's `source` is its `category` (OCPI 2.2.1 §mod_locations, EnvironmentalImpact)."""
    raised = dict(mix)
    each(raised, "environ_impact", at, lambda one, _: renamed(one, {"source": "category"}))
    return raised


def mix_down(mix: Document, at: str) -> Document:
    """An impact's `category` is its `source` (OCPI 2.1.1 §mod_locations, EnvironmentalImpact)."""
    lowered = dict(mix)
    each(lowered, "environ_impact", at, lambda one, _: renamed(one, {"category": "source"}))
    return lowered


def why_not_shown(location: Mapping[str, Any], *, postal_code: bool) -> str | None:
    """The code of why 2.1.1 may not see a location; None if it may."""
    if location.get("publish") is False:
        return "not-published"
    if not location.get("postal_code") and not postal_code:
        return "postal-code-missing"
    return None


def location_down(location: Document, at: str, crossing: Crossing) -> Document | None:
    """Only what is published, with an address of 45 and a postal code (OCPI 2.1.1 §mod_locations).

    2.1.1 has no flag for what only some may see, so an unpublished location never passes.
    """
    refusal = why_not_shown(location, postal_code=bool(crossing.terms.postal_code))
    if refusal is not None:
        crossing.note(refusal, at)
        return None
    return place_down(location, at, crossing)


def place_down(location: Document, at: str, crossing: Crossing) -> Document:
    """The same for a location inside a Session or CDR: the driver was there, published or not."""
    lowered = owner_down(texts_down(location, at, crossing), at, crossing)
    member_down(lowered, "id", LOCATION, at, crossing)
    if lowered.pop("publish", None) is not None:
        crossing.note("publish-dropped", f"{at}/publish")
    crossing.drop(lowered, "publish-list-dropped", at, "publish_allowed_to")
    lowered = _type_down(lowered, at, crossing)
    _address_down(lowered, at, crossing)
    known_words(lowered, "facilities", at, crossing, words.FACILITIES)
    within(lowered, "coordinates", at, lambda one, where: point_down(one, where, crossing))
    each(lowered, "related_locations", at, lambda one, where: point_down(one, where, crossing))
    within(lowered, "opening_times", at, lambda one, where: hours_down(one, where, crossing))
    within(lowered, "energy_mix", at, mix_down)
    each(lowered, "evses", at, lambda one, where: _evse_down(one, where, crossing))
    return lowered


def _type_down(location: Document, at: str, crossing: Crossing) -> Document:
    """Required in 2.1.1: UNKNOWN where nobody said, OTHER for what it has no word for."""
    kind = text(location, "parking_type")
    if kind is None:
        remembered = (crossing.terms.memory or {}).get("type")
        unset = remembered if remembered == words.OTHER else words.UNKNOWN
        crossing.note("parking-type-unset-down", f"{at}/parking_type")
        plain = {name: value for name, value in location.items() if name != "parking_type"}
        return plain | {"type": unset}
    lowered = renamed(location, {"parking_type": "type"})
    if kind not in words.LOCATION_TYPES:
        crossing.note("parking-type-other", f"{at}/parking_type")
        lowered["type"] = words.OTHER
    return lowered


def _address_down(location: Document, at: str, crossing: Crossing) -> None:
    state = text(location, "state")
    if state is not None:
        city = text(location, "city")
        if crossing.relaxed(Relaxation.STATE_IN_CITY) and city is not None:
            location["city"] = f"{city}, {state}"[:ADDRESS]
        crossing.drop(location, "state-dropped", at, "state")
    address = text(location, "address")
    if address is not None and len(address) > ADDRESS:
        location["address"] = address[:ADDRESS]
        crossing.note("address-cut", f"{at}/address")
    if not location.get("postal_code"):
        if crossing.terms.postal_code:
            location["postal_code"] = crossing.terms.postal_code
            crossing.note("postal-code-put-in", f"{at}/postal_code")
        else:
            crossing.note("postal-code-left-out", f"{at}/postal_code")


def point_down(point: Document, at: str, crossing: Crossing) -> Document:
    """Six decimals exactly (OCPI 2.1.1 §mod_locations, GeoLocation)."""
    lowered = dict(point)
    for name in ("latitude", "longitude"):
        value = text(point, name)
        if value is not None and _EXACT.fullmatch(value):
            continue
        found = None if value is None else number(value)
        if found is None or abs(found) > 360:
            continue
        written = f"{found.quantize(_SIX, rounding=ROUND_HALF_EVEN):f}"
        if written != value:
            crossing.note(
                "decimals-added" if Decimal(written) == found else "decimals-cut", f"{at}/{name}"
            )
            lowered[name] = written
    return lowered


def evse_down(evse: Document, at: str, crossing: Crossing) -> Document | None:
    """None where no connector is left that 2.1.1 has words for."""
    return _evse_down(texts_down(evse, at, crossing), at, crossing)


def _evse_down(evse: Document, at: str, crossing: Crossing) -> Document | None:
    lowered = dict(evse)
    member_down(lowered, "uid", EVSE, at, crossing)
    _capabilities_down(lowered, at, crossing)
    within(lowered, "coordinates", at, lambda one, where: point_down(one, where, crossing))
    each(lowered, "connectors", at, lambda one, where: _connector_down(one, where, crossing))
    if listed(evse, "connectors") and not lowered["connectors"]:
        crossing.note("evse-without-connector", at)
        return None
    return lowered


def _capabilities_down(evse: Document, at: str, crossing: Crossing) -> None:
    """A start that must name a connector cannot be asked for here: then none is offered."""
    found = listed(evse, "capabilities")
    if NEEDS_CONNECTOR in found and REMOTE in found:
        crossing.note("remote-start-dropped", f"{at}/capabilities/{found.index(REMOTE)}")
    known_words(evse, "capabilities", at, crossing, words.CAPABILITIES)
    if NEEDS_CONNECTOR in found:
        evse["capabilities"] = [word for word in listed(evse, "capabilities") if word != REMOTE]


def connector_down(connector: Document, at: str, crossing: Crossing) -> Document | None:
    """None for plugs and phases without a word (OCPI 2.1.1 §mod_locations, Connector)."""
    return _connector_down(texts_down(connector, at, crossing), at, crossing)


def _connector_down(connector: Document, at: str, crossing: Crossing) -> Document | None:
    known = known_plug(connector, "standard", at, crossing, words.CONNECTOR_TYPES)
    if known is None or (known := _phases_down(known, at, crossing)) is None:
        return None
    power = number(known.get("max_electric_power"))
    if power is not None:
        lossy = power < _computed(known)
        crossing.note("power-limit-lost" if lossy else "power-dropped", f"{at}/max_electric_power")
    lowered = renamed(known, _FORMER_VOLTS)
    lowered.pop("max_electric_power", None)
    for new in _FORMER_VOLTS:
        if new in known:
            crossing.note("limit-of-connector-renamed", f"{at}/{new}")
    return tariff_shown(lowered, at, crossing)


def _phases_down(connector: Document, at: str, crossing: Crossing) -> Document | None:
    word = text(connector, "power_type")
    if word is None or word in words.POWER_TYPES or crossing.relaxed(Relaxation.UNKNOWN_WORDS):
        return connector
    if not crossing.relaxed(Relaxation.TWO_PHASES_AS_ONE):
        crossing.note("power-type-unknown", f"{at}/power_type")
        return None
    crossing.note("two-phases-as-one", f"{at}/power_type")
    return connector | {"power_type": "AC_1_PHASE"}


def _computed(connector: Document) -> Decimal:
    """Watts that a reader works out from volts, amperes and phases."""
    volts, amperes = number(connector.get("max_voltage")), number(connector.get("max_amperage"))
    phases = words.POWER_TYPES.get(text(connector, "power_type") or "", 1)
    return (volts or Decimal(0)) * (amperes or Decimal(0)) * phases


def only(location: Mapping[str, Any], evse: str | None, connector: str | None) -> Document:
    """A 2.2.1 location with one EVSE and one connector; without EVSEs where these are unknown."""
    kept = []
    for one in listed(location, "evses"):
        if isinstance(one, dict) and _same(one.get("uid"), evse):
            plugs = [
                plug
                for plug in listed(one, "connectors")
                if isinstance(plug, dict) and _same(plug.get("id"), connector)
            ]
            kept.append(one | {"connectors": plugs})
    found = {name: value for name, value in location.items() if name != "evses"}
    return found | {"evses": kept} if kept and kept[0]["connectors"] else found


def _same(one: Any, other: str | None) -> bool:
    return isinstance(one, str) and other is not None and one.upper() == other.upper()


def single(location: Mapping[str, Any]) -> tuple[Document, Document] | None:
    """The one EVSE and connector of a location in a Session or CDR; None if there are others."""
    evses = listed(location, "evses")
    if len(evses) != 1 or not isinstance(evses[0], dict):
        return None
    plugs = listed(evses[0], "connectors")
    if len(plugs) != 1 or not isinstance(plugs[0], dict):
        return None
    return evses[0], plugs[0]
