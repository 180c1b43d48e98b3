"""Tariffs between 2.1.1 and 2.2.1."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from voltroam.bridge.crossing import Crossing
from voltroam.bridge.members import each, listed, part
from voltroam.bridge.named import member_down, member_up
from voltroam.bridge.terms import Document, Relaxation
from voltroam.bridge.v2_1_1.locations import mix_down, mix_up
from voltroam.bridge.v2_1_1.plain import amount_up, owner_down, owner_up, texts_down, times_up
from voltroam.bridge.v2_1_1.prices_shown import REGULAR, in_force

TARIFF = "Tariff"
CURRENTS = ("min_current", "max_current")
LIMITS = ("min_price", "max_price")
SCHEDULE = ("start_date_time", "end_date_time")


def tariff_up(tariff: Document, at: str, crossing: Crossing) -> Document:
    """An owner; no VAT, for 2.1.1 says nothing of it (OCPI 2.2.1 §mod_tariffs, Tariff)."""
    raised = dict(owner_up(times_up(tariff, at, crossing), at, crossing))
    member_up(raised, "id", TARIFF, at, crossing)

    def component(one: Document, where: str) -> Document:
        copied = dict(one)
        for name in ("price", "step_size"):
            amount_up(copied, name, where, crossing)
        return copied

    def element(one: Document, where: str) -> Document:
        copied = dict(one)
        each(copied, "price_components", where, component)
        return copied

    each(raised, "elements", at, element)
    mix = part(raised, "energy_mix")
    if mix is not None:
        raised["energy_mix"] = mix_up(mix, f"{at}/energy_mix")
    crossing.note("vat-unknown", at)
    return raised


def why_not_shown(
    tariff: Mapping[str, Any], relaxations: frozenset[str], now: datetime | None
) -> str | None:
    """The code of why 2.1.1 may not see a tariff; None if it may."""
    if "tax_included" in tariff:
        return "tax-included-refused"
    loose = Relaxation.TARIFF_TYPES_DROPPED in relaxations
    if tariff.get("type") not in (None, REGULAR) and not loose:
        return "tariff-for-some-sessions"
    loose = Relaxation.PRICE_LIMITS_DROPPED in relaxations
    if any(tariff.get(name) is not None for name in LIMITS) and not loose:
        return "price-limit-refused"
    if not in_force(tariff, now) and Relaxation.TARIFF_SCHEDULE_DROPPED not in relaxations:
        return "tariff-not-in-force"
    return _why_no_elements(listed(tariff, "elements"))


def _why_no_elements(elements: list[Any]) -> str | None:
    """Whether what is left prices all dimensions that the elements by current priced."""
    left = [one for one in elements if not _reserves(one)]
    if elements and not left:
        return "no-element-left"
    by_current = [one for one in left if _by_current(one)]
    others = [one for one in left if not _by_current(one)]
    priced = {kind for one in others for kind in _dimensions(one)}
    if any(kind not in priced for one in by_current for kind in _dimensions(one)):
        return "no-fallback-element"
    return None


def tariff_down(tariff: Document, at: str, crossing: Crossing) -> Document | None:
    """Elements for reservations go whole, a tariff that would be read otherwise is refused.

    2.1.1 has no type, limits, VAT, schedule, nor restrictions by current (OCPI 2.1.1
    §mod_tariffs, Tariff and TariffRestrictions).
    """
    terms = crossing.terms
    refusal = why_not_shown(tariff, frozenset(terms.relaxations), terms.now)
    if refusal is not None:
        crossing.note(refusal, at)
        return None
    lowered = owner_down(texts_down(tariff, at, crossing), at, crossing)
    member_down(lowered, "id", TARIFF, at, crossing)
    regular = lowered.get("type") in (None, REGULAR)
    crossing.drop(lowered, "type-regular-dropped" if regular else "tariff-type-dropped", at, "type")
    crossing.drop(lowered, "price-limit-dropped", at, *LIMITS)
    crossing.drop(lowered, "schedule-dropped", at, *SCHEDULE)
    each(lowered, "elements", at, lambda one, where: _element_down(one, where, crossing))
    mix = part(lowered, "energy_mix")
    if mix is not None:
        lowered["energy_mix"] = mix_down(mix, f"{at}/energy_mix")
    return lowered


def _element_down(element: Document, at: str, crossing: Crossing) -> Document | None:
    if _reserves(element):
        crossing.note("reservation-element-dropped", at)
        return None
    if _by_current(element):
        crossing.note("current-element-dropped", at)
        return None
    lowered = dict(element)

    def component(one: Document, where: str) -> Document:
        copied = dict(one)
        crossing.drop(copied, "vat-dropped", where, "vat")
        return copied

    each(lowered, "price_components", at, component)
    return lowered


def _reserves(element: Any) -> bool:
    """Whether an element prices a reservation: without that word it would price all sessions."""
    return _restricted(element, "reservation", "booking")


def _by_current(element: Any) -> bool:
    return _restricted(element, *CURRENTS)


def _restricted(element: Any, *names: str) -> bool:
    limits = part(element, "restrictions") if isinstance(element, dict) else None
    return limits is not None and any(limits.get(name) is not None for name in names)


def _dimensions(element: Any) -> set[str]:
    components = listed(element, "price_components") if isinstance(element, dict) else []
    return {str(one.get("type")) for one in components if isinstance(one, dict)}
