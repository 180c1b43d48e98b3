"""Where a Session or CDR took place: 2.1.1 embeds the Location, 2.2.1 refers to it or copies it.

What is embedded is a picture of that moment and never an update of the location.
"""

from typing import Any

from voltroam.bridge.crossing import Crossing
from voltroam.bridge.members import each, listed, part, renamed, text
from voltroam.bridge.named import id_down, id_up
from voltroam.bridge.terms import Document
from voltroam.bridge.v2_1_1.locations import EVSE, LOCATION, only, place_down, single
from voltroam.bridge.v2_1_1.words import UNKNOWN
from voltroam.bridge.v2_1_1.zones import country_up
from voltroam.standard.types import NOT_AVAILABLE

COPIED = ("id", "name", "address", "city", "postal_code", "country", "coordinates")
"""Members that a CDR's location shares with the Location."""
PLUG = {"standard": "connector_standard", "format": "connector_format"}
PHASES = {"power_type": "connector_power_type"}
ADDRESS = 45


def session_place_up(session: Document, at: str, crossing: Crossing) -> None:
    """Three ids instead of the location; `#NA` where it is not one EVSE and one connector."""
    place = part(session, "location")
    if place is None:
        return
    where = f"{at}/location"
    del session["location"]
    crossing.note("location-as-ids", where)
    session["location_id"] = _id(LOCATION, place.get("id"), f"{where}/id", crossing)
    found = single(place)
    if found is None:
        crossing.note("connector-unknown", f"{where}/evses")
        session["evse_uid"] = session["connector_id"] = NOT_AVAILABLE
        return
    evse, connector = found
    session["evse_uid"] = _id(EVSE, evse.get("uid"), f"{where}/evses/0/uid", crossing)
    session["connector_id"] = connector.get("id")


def _id(table: str, value: Any, at: str, crossing: Crossing) -> Any:
    return id_up(table, value, at, crossing) if isinstance(value, str) else value


def session_place_down(session: Document, at: str, crossing: Crossing) -> Document | None:
    """As it was received, or as we hold it; None where nobody knows the location."""
    location_id = text(session, "location_id")
    evse, connector = text(session, "evse_uid"), text(session, "connector_id")
    place = _remembered(location_id, evse, connector, crossing)
    if place is None:
        held = crossing.terms.location_of(location_id) if location_id is not None else None
        if held is None:
            crossing.note("location-unknown", f"{at}/location_id")
            return None
        place = place_down(only(held, evse, connector), f"{at}/location", crossing)
    if not listed(place, "evses"):
        crossing.note("location-without-evse", f"{at}/evse_uid")
    crossing.note("location-embedded", f"{at}/location_id")
    lowered: Document = {}
    for name, value in session.items():
        if name == "location_id":
            lowered["location"] = place
        elif name not in ("evse_uid", "connector_id"):
            lowered[name] = value
    return lowered


def _remembered(
    location_id: str | None, evse: str | None, connector: str | None, crossing: Crossing
) -> Document | None:
    """The location as it was received with this object, if it still is the same place."""
    place = part(crossing.terms.memory or {}, "location")
    if place is None or location_id is None:
        return None
    if place.get("id") != id_down(LOCATION, location_id, "", crossing):
        return None
    found = single(place)
    if found is None:
        return place if evse in (None, NOT_AVAILABLE) else None
    same = found[0].get("uid") == id_down(EVSE, evse or "", "", crossing)
    return place if same and found[1].get("id") == connector else None


def cdr_location_up(cdr: Document, at: str, crossing: Crossing) -> Document | None:
    """The location flat, with its one EVSE and connector (OCPI 2.2.1 §mod_cdrs, CdrLocation)."""
    place = part(cdr, "location")
    if place is None:
        return cdr
    where = f"{at}/location"
    flat = {name: place[name] for name in COPIED if name in place}
    flat["id"] = _id(LOCATION, place.get("id"), f"{where}/id", crossing)
    country_up(flat, where, crossing)
    _cut_address(flat, where, crossing)
    found = single(place)
    plugs = _plugs(place)
    if found is not None:
        evse, connector = found
        flat["evse_uid"] = _id(EVSE, evse.get("uid"), f"{where}/evses/0/uid", crossing)
        flat["evse_id"] = evse.get("evse_id") or NOT_AVAILABLE
        if flat["evse_id"] == NOT_AVAILABLE:
            crossing.note("evse-id-unknown", f"{where}/evses/0/evse_id")
        flat["connector_id"] = connector.get("id")
    elif len(plugs) == 1:
        crossing.note("connector-unknown", f"{where}/evses")
        connector = plugs[0]
        flat |= dict.fromkeys(("evse_uid", "evse_id", "connector_id"), NOT_AVAILABLE)
    else:
        crossing.note("cdr-plug-unknown", f"{where}/evses")
        return None
    flat |= renamed({name: connector.get(name) for name in (*PLUG, *PHASES)}, PLUG | PHASES)
    crossing.note("location-flattened", where)
    return {
        ("cdr_location" if name == "location" else name): (flat if name == "location" else value)
        for name, value in cdr.items()
    }


def _plugs(place: Document) -> list[Document]:
    """The kinds of plugs that a location names."""
    kinds: list[Document] = []
    for evse in listed(place, "evses"):
        for plug in listed(evse, "connectors") if isinstance(evse, dict) else ():
            if isinstance(plug, dict):
                kind = {name: plug.get(name) for name in (*PLUG, *PHASES)}
                kinds += [] if kind in kinds else [kind]
    return kinds


def _cut_address(place: Document, at: str, crossing: Crossing) -> None:
    """A CDR's address has 45 characters in all versions."""
    address = text(place, "address")
    if address is not None and len(address) > ADDRESS:
        place["address"] = address[:ADDRESS]
        crossing.note("address-cut", f"{at}/address")


def cdr_place_down(cdr: Document, at: str, crossing: Crossing) -> Document | None:
    """A Location of one EVSE and one connector, as far as it is known (OCPI 2.1.1 §mod_cdrs)."""
    flat = part(cdr, "cdr_location")
    if flat is None:
        return cdr
    where = f"{at}/cdr_location"
    evse, connector = text(flat, "evse_uid"), text(flat, "connector_id")
    place = _remembered(text(flat, "id"), evse, connector, crossing)
    if place is None:
        crossing.note("location-rebuilt", where)
        built = _built(flat, cdr.get("last_updated"), crossing)
        place = place_down(built, where, crossing)
        _note_limits(place, where, crossing)
    else:
        crossing.note("location-embedded", where)
    return {
        ("location" if name == "cdr_location" else name): (
            place if name == "cdr_location" else value
        )
        for name, value in cdr.items()
    }


def _built(flat: Document, moment: Any, crossing: Crossing) -> Document:
    """A 2.2.1 Location: what the CDR says, the rest as we hold that location."""
    location_id, uid = text(flat, "id"), text(flat, "evse_uid")
    held = (crossing.terms.location_of(location_id) if location_id else None) or {}
    place = only(held, uid, text(flat, "connector_id"))
    place |= {name: flat[name] for name in (*COPIED, "state") if name in flat}
    if text(place, "last_updated") is None:
        place["last_updated"] = moment
    place.pop("evses", None)
    if uid in (None, NOT_AVAILABLE):
        return place
    found = single(only(held, uid, text(flat, "connector_id")))
    evse, connector = found or ({"status": UNKNOWN, "last_updated": moment}, {})
    plug = {
        "id": flat.get("connector_id"),
        **{old: flat.get(new) for old, new in (PLUG | PHASES).items()},
        "last_updated": moment,
    }
    named: Document = {"uid": uid}
    if flat.get("evse_id") != NOT_AVAILABLE:
        named["evse_id"] = flat.get("evse_id")
    place["evses"] = [{**named, **evse, **named, "connectors": [plug | connector | plug]}]
    return place


def _note_limits(place: Document, at: str, crossing: Crossing) -> None:
    """Volts and amperes are required there and are not made up."""

    def connector(one: Document, where: str) -> Document:
        if "voltage" not in one or "amperage" not in one:
            crossing.note("limits-of-connector-unknown", where)
        return one

    def evse(one: Document, where: str) -> Document:
        each(one, "connectors", where, connector)
        return one

    each(place, "evses", at, evse)
