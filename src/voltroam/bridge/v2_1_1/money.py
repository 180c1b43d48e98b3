"""Sessions and CDRs between 2.1.1 and 2.2.1."""

from collections.abc import Mapping
from typing import Any

from voltroam.bridge.crossing import Crossing
from voltroam.bridge.members import each, listed, number, part, renamed, text
from voltroam.bridge.named import id_within, member_down, member_up
from voltroam.bridge.packages import without_dimensions
from voltroam.bridge.terms import Document, Relaxation
from voltroam.bridge.v2_1_1 import words
from voltroam.bridge.v2_1_1.places import (
    cdr_location_up,
    cdr_place_down,
    session_place_down,
    session_place_up,
)
from voltroam.bridge.v2_1_1.plain import (
    amount_up,
    owner_down,
    owner_up,
    provider_of,
    texts_down,
    times_up,
)
from voltroam.bridge.v2_1_1.tariffs import tariff_down, tariff_up
from voltroam.standard import v2_2_1 as new

SESSION, CDR = "Session", "CDR"
FLAT = frozenset({"FLAT"})
NEW_DIMENSIONS = frozenset[str](new.CdrDimensionType) - words.DIMENSIONS
SESSION_TIMES = {"start_datetime": "start_date_time", "end_datetime": "end_date_time"}
CDR_TIMES = {"stop_date_time": "end_date_time"}
COSTS = (
    "total_fixed_cost",
    "total_energy_cost",
    "total_time_cost",
    "total_parking_cost",
    "total_reservation_cost",
)
LOST = ("session_id", "authorization_reference", "invoice_reference_id")


def session_up(session: Document, at: str, crossing: Crossing) -> Document:
    """Ids for the location, a token for the contract (OCPI 2.2.1 §mod_sessions, Session)."""
    raised = _common_up(session, at, crossing, SESSION_TIMES)
    member_up(raised, "id", SESSION, at, crossing)
    session_place_up(raised, at, crossing)
    return raised


def cdr_up(cdr: Document, at: str, crossing: Crossing) -> Document | None:
    """The same, with the location spelled out flat (OCPI 2.2.1 §mod_cdrs, CDR).

    None where the location has no connector: 2.2.1 must name its plug.
    """
    raised = _common_up(cdr, at, crossing, CDR_TIMES)
    for name in ("total_energy", "total_time", "total_parking_time"):
        amount_up(raised, name, at, crossing)
    each(raised, "tariffs", at, lambda one, where: tariff_up(one, where, crossing))
    _periods_up(raised, at, crossing)
    return cdr_location_up(raised, at, crossing)


def _periods_up(cdr: Document, at: str, crossing: Crossing) -> None:
    """A period says its tariff since 2.2.1; where there is one alone, it can be no other."""
    tariffs, periods = listed(cdr, "tariffs"), listed(cdr, "charging_periods")
    name = text(tariffs[0], "id") if len(tariffs) == 1 and isinstance(tariffs[0], dict) else None
    if name is None or not periods:
        return
    cdr["charging_periods"] = [
        {**one, "tariff_id": name} if isinstance(one, dict) and "tariff_id" not in one else one
        for one in periods
    ]
    crossing.note("tariff-of-periods", f"{at}/charging_periods")


def _common_up(
    document: Document, at: str, crossing: Crossing, times: Mapping[str, str]
) -> Document:
    place = part(document, "location")
    found = times_up(document, at, crossing)
    raised = owner_up(found, at, crossing, *([place] if place else ()))
    for old in times:
        if old in raised:
            crossing.note("time-renamed", f"{at}/{old}")
    raised = _token_up(renamed(raised, times), at, crossing)
    amount_up(raised, "kwh", at, crossing)
    _cost_up(raised, at, crossing)
    without_dimensions(raised, at, crossing, FLAT)
    return raised


def _cost_up(document: Document, at: str, crossing: Crossing) -> None:
    """A number is an amount without VAT; whether there is any stays open."""
    if "total_cost" not in document or isinstance(document["total_cost"], dict):
        return
    amount_up(document, "total_cost", at, crossing)
    if document["total_cost"] is not None:
        document["total_cost"] = {"excl_vat": document["total_cost"]}
        crossing.note("cost-without-vat", f"{at}/total_cost")


def _token_up(document: Document, at: str, crossing: Crossing) -> Document:
    """The contract's only token, or one made of the contract itself (OCPI 2.2.1, CdrToken)."""
    contract = text(document, "auth_id")
    if contract is None:
        return document
    held = crossing.terms.tokens_of(contract)
    if len(held) == 1:
        crossing.note("cdr-token-found", f"{at}/auth_id")
        token = {
            name: held[0].get(name)
            for name in ("country_code", "party_id", "uid", "type", "contract_id")
        }
        token["contract_id"] = contract
    else:
        crossing.note("cdr-token-made", f"{at}/auth_id")
        token = {"uid": contract, "type": words.OTHER, "contract_id": contract}
        provider = crossing.terms.provider or provider_of(contract)
        if provider is None:
            crossing.note("provider-unknown", f"{at}/auth_id")
        else:
            token = {
                "country_code": provider.country_code,
                "party_id": provider.party_id,
                **token,
            }
    return {
        ("cdr_token" if name == "auth_id" else name): (token if name == "auth_id" else value)
        for name, value in document.items()
    }


def session_down(session: Document, at: str, crossing: Crossing) -> Document | None:
    """The location in full, reduced to the one connector (OCPI 2.1.1 §mod_sessions, Session)."""
    lowered = _common_down(session, at, crossing, SESSION_TIMES)
    member_down(lowered, "id", SESSION, at, crossing)
    crossing.drop(lowered, "reference-dropped", at, "authorization_reference")
    status = text(lowered, "status")
    if status is not None and status not in words.STATUSES:
        lowered["status"] = "PENDING"
        crossing.note("status-pending", f"{at}/status")
    return session_place_down(lowered, at, crossing)


def cdr_down(cdr: Document, at: str, crossing: Crossing) -> Document | None:
    """Never a credit, which would be booked as a charge (OCPI 2.1.1 §mod_cdrs, CDR).

    Nor what is kept in 2.3.0, for its plug has no word in 2.2.1.
    """
    if cdr.get("credit") is True:
        crossing.note("credit-refused", f"{at}/credit")
        return None
    if "before_taxes" in (part(cdr, "total_cost") or {}):
        crossing.note("cdr-plug-unknown", f"{at}/cdr_location")
        return None
    lowered = _common_down(cdr, at, crossing, CDR_TIMES)
    name = text(lowered, "id")
    if name is not None:
        lowered["id"] = id_within(CDR, name, f"{at}/id", crossing)
    crossing.drop(lowered, "reference-dropped", at, *LOST)
    crossing.drop(lowered, "cost-split-dropped", at, *COSTS)
    crossing.drop(lowered, "signed-data-dropped", at, "signed_data")
    crossing.drop(lowered, "credit-member-dropped", at, "credit", "credit_reference_id")
    crossing.drop(lowered, "compensation-dropped", at, "home_charging_compensation")
    each(lowered, "tariffs", at, lambda one, where: _embedded_down(one, where, crossing))
    if listed(cdr, "charging_periods") and not listed(lowered, "charging_periods"):
        crossing.note("no-period-left", f"{at}/charging_periods")
        return None
    return cdr_place_down(lowered, at, crossing)


def _embedded_down(tariff: Document, at: str, crossing: Crossing) -> Document | None:
    found = tariff_down(tariff, at, crossing)
    if found is None:
        crossing.note("cdr-tariff-left-out", at)
    return found


def _common_down(
    document: Document, at: str, crossing: Crossing, times: Mapping[str, str]
) -> Document:
    lowered = owner_down(texts_down(document, at, crossing), at, crossing)
    for new_name in times.values():
        if new_name in lowered:
            crossing.note("time-renamed", f"{at}/{new_name}")
    lowered = renamed(lowered, {value: name for name, value in times.items()})
    token = part(lowered, "cdr_token")
    if token is not None:
        lowered = {
            ("auth_id" if name == "cdr_token" else name): (
                token.get("contract_id") if name == "cdr_token" else value
            )
            for name, value in lowered.items()
        }
        crossing.note("cdr-token-as-contract", f"{at}/cdr_token")
    if lowered.get("auth_method") == "COMMAND":
        lowered["auth_method"] = "AUTH_REQUEST"
        crossing.note("auth-method-request", f"{at}/auth_method")
    _cost_down(lowered, at, crossing)
    _periods_down(lowered, at, crossing)
    return lowered


def _cost_down(document: Document, at: str, crossing: Crossing) -> None:
    """The amount without VAT; with it only for a partner that is known to read it so."""
    cost = part(document, "total_cost")
    if cost is None:
        return
    where = f"{at}/total_cost"
    net = number(cost.get("excl_vat"))
    if net is None:
        crossing.note("amount-unreadable", f"{where}/excl_vat")
        return
    if crossing.relaxed(Relaxation.GROSS_TOTAL_COST) and number(cost.get("incl_vat")) is not None:
        document["total_cost"] = cost["incl_vat"]
        crossing.note("cost-with-vat", where)
        return
    document["total_cost"] = cost["excl_vat"]
    crossing.note("vat-amount-dropped" if "incl_vat" in cost else "cost-as-number", where)


def _periods_down(document: Document, at: str, crossing: Crossing) -> None:
    """Dimensions and tariffs of periods that 2.1.1 lacks; FLAT comes back where it was."""
    without_dimensions(document, at, crossing, NEW_DIMENSIONS)
    remembered, alone = _flats(crossing.terms.memory or {})

    def period(one: Document, where: str) -> Document:
        copied = dict(one)
        crossing.drop(copied, "period-tariff-dropped", where, "tariff_id")
        alike = remembered.get(str(one.get("start_date_time")))
        if alike and (flats := alike.pop(0)):
            copied["dimensions"] = dimensions = list(listed(one, "dimensions"))
            for index, flat in flats:
                dimensions.insert(index, flat)
        return copied

    each(document, "charging_periods", at, period)
    if alone and isinstance(document.get("charging_periods"), list):
        document["charging_periods"] = periods = list(document["charging_periods"])
        for index, one in alone:
            periods.insert(index, one)


_Placed = list[tuple[int, Any]]


def _flats(memory: Mapping[str, Any]) -> tuple[dict[str, list[_Placed]], _Placed]:
    """FLAT dimensions as they were received, and where: for each period that had others too, by its
    start, for two may have one; and periods that had nothing else."""
    beside: dict[str, list[_Placed]] = {}
    alone: _Placed = []
    for place, period in enumerate(listed(memory, "charging_periods")):
        if not isinstance(period, dict):
            continue
        dimensions = listed(period, "dimensions")
        flats = [
            (index, one)
            for index, one in enumerate(dimensions)
            if isinstance(one, dict) and one.get("type") in FLAT
        ]
        if dimensions and len(flats) == len(dimensions):
            alone.append((place, period))
        else:
            beside.setdefault(str(period.get("start_date_time")), []).append(flats)
    return beside, alone
