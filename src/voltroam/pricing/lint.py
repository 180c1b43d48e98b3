"""What is probably wrong with a tariff, before a driver finds out."""

import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum

import msgspec

from voltroam.pricing.components import prices_booking
from voltroam.pricing.currency import exponent
from voltroam.pricing.extent import Extent, ranked
from voltroam.pricing.lint_windows import windows
from voltroam.pricing.plan import Plan
from voltroam.pricing.policy import Policy
from voltroam.pricing.problem import PricingProblem
from voltroam.pricing.restrictions import DAYS
from voltroam.standard.v2_3_0 import (
    PriceComponent,
    Tariff,
    TariffDimensionType,
    TariffElement,
    TariffRestrictions,
    TaxIncluded,
)

_NUMBER = re.compile(r"([0-9]+)")
MALFORMED = "MALFORMED"
FLAT = TariffDimensionType.FLAT
ENERGY = TariffDimensionType.ENERGY
TIMES = (TariffDimensionType.TIME, TariffDimensionType.PARKING_TIME)
LARGE_STEP = {ENERGY: 1000, TIMES[0]: 900, TIMES[1]: 900}
"""Wh and seconds from which on rounding surprises a driver."""


class Weight(StrEnum):
    """ERROR: cannot be priced or never applies. WARNING: probably not meant. HINT: style."""

    ERROR = "ERROR"
    WARNING = "WARNING"
    HINT = "HINT"


class Finding(msgspec.Struct, frozen=True):
    """`path` is a JSON path into the tariff."""

    code: str
    weight: Weight
    path: str
    text: str


def lint(tariff: Tariff, *, on: date | None = None) -> tuple[Finding, ...]:
    """Every finding, in the order of the tariff; `on` is the day on which it is looked at."""
    try:
        Plan([tariff], "UTC", Policy())
    except PricingProblem as problem:
        path = problem.path.replace("$.tariffs[0]", "$")
        return (Finding(MALFORMED, Weight.ERROR, path, problem.reason),)
    found: list[Finding] = []
    for rule in RULES:
        found += rule(tariff)
    if on is not None:
        found += _outlived(tariff, on)
    return tuple(sorted(found, key=_place))


def _place(one: Finding) -> list[tuple[int, str]]:
    """By number where a path has numbers: element 10 comes after element 2."""
    pieces = _NUMBER.split(one.path)
    return [(int(piece), "") if piece.isdigit() else (-1, piece) for piece in pieces]


def _elements(tariff: Tariff) -> Iterator[tuple[str, TariffElement]]:
    for index, element in enumerate(tariff.elements):
        yield f"$.elements[{index}]", element


def _components(tariff: Tariff) -> Iterator[tuple[str, TariffElement, PriceComponent]]:
    for path, element in _elements(tariff):
        for place, component in enumerate(element.price_components):
            yield f"{path}.price_components[{place}]", element, component


def _impossible(tariff: Tariff) -> Iterator[Finding]:
    for path, element in _elements(tariff):
        limits = element.restrictions
        if limits is None:
            continue
        for name in ("kwh", "current", "power", "duration"):
            low, high = getattr(limits, f"min_{name}"), getattr(limits, f"max_{name}")
            if high is not None and low is not None and high <= low:
                where = f"{path}.restrictions.max_{name}"
                yield Finding("NEVER", Weight.ERROR, where, f"not above min_{name}")
        if limits.start_date and limits.end_date and limits.end_date <= limits.start_date:
            where = f"{path}.restrictions.end_date"
            yield Finding("NEVER", Weight.ERROR, where, "end_date is exclusive: no day is left")
        elif _no_such_day(limits):
            where = f"{path}.restrictions.day_of_week"
            yield Finding("NEVER", Weight.ERROR, where, "none of these days is between the dates")


def _no_such_day(limits: TariffRestrictions) -> bool:
    if not (limits.start_date and limits.end_date and limits.day_of_week):
        return False
    first, after = date.fromisoformat(limits.start_date), date.fromisoformat(limits.end_date)
    days = {
        DAYS[(first + timedelta(days=n)).weekday()] for n in range(min((after - first).days, 7))
    }
    return not days & set(limits.day_of_week)


def _shadowed(tariff: Tariff) -> Iterator[Finding]:
    """A component that an earlier one of its dimension always comes before."""
    earlier: dict[tuple[TariffDimensionType, object, object], list[tuple[str, Extent]]] = {}
    components = list(_components(tariff))
    extents = ranked([Extent.of(element.restrictions) for _, element, _ in components])
    for (path, element, component), extent in zip(components, extents, strict=True):
        limits = element.restrictions
        about = (limits and limits.reservation, limits and limits.booking)
        before = earlier.setdefault((component.type, *about), [])
        shadow = next((where for where, known in before if known.covers(extent)), None)
        if shadow is not None:
            text = f"{component.type} of {shadow} always comes first"
            yield Finding("SHADOWED", Weight.ERROR, path, text)
        before.append((path, extent))


def _without_fallback(tariff: Tariff) -> Iterator[Finding]:
    restricted: dict[TariffDimensionType, str] = {}
    covered = set()
    for path, element, component in _components(tariff):
        limits = element.restrictions
        if _is_apart(element):
            continue
        if limits is None or limits == TariffRestrictions(day_of_week=limits.day_of_week or None):
            covered |= set() if limits and limits.day_of_week else {component.type}
        restricted.setdefault(component.type, path)
    for kind, path in restricted.items():
        if kind not in covered and kind is not FLAT:
            text = f"no element prices {kind} without restrictions: outside of all it is free"
            yield Finding("NO_FALLBACK", Weight.WARNING, path, text)


def _repeated(tariff: Tariff) -> Iterator[Finding]:
    for path, element in _elements(tariff):
        seen = set()
        for place, component in enumerate(element.price_components):
            if component.type in seen:
                where = f"{path}.price_components[{place}]"
                yield Finding("REPEATED", Weight.ERROR, where, f"{component.type} stands twice")
            seen.add(component.type)


def _steps(tariff: Tariff) -> Iterator[Finding]:
    sizes: dict[TariffDimensionType, set[int]] = {}
    for path, element, component in _components(tariff):
        kind, step, where = component.type, component.step_size, f"{path}.step_size"
        if kind is FLAT:
            continue
        unit = "Wh" if kind is ENERGY else "s"
        if step == 0:
            yield Finding("STEP_ZERO", Weight.WARNING, where, "0 counts as 1")
        elif step >= LARGE_STEP[kind]:
            text = f"{kind} is billed in blocks of {step} {unit}: up to that much is not used"
            yield Finding("STEP_LARGE", Weight.WARNING, where, text)
        elif step > 1:
            text = "1 is clearer for drivers, and OCPI 3.0 has no step_size"
            yield Finding("STEP", Weight.HINT, where, text)
        if not _is_apart(element):
            sizes.setdefault(kind, set()).add(max(step, 1))
    for kind, found in sizes.items():
        if len(found) > 1:
            text = (
                f"{kind} has several step sizes: only that of the last period of a session counts"
            )
            yield Finding("STEP_DIFFERS", Weight.WARNING, "$.elements", text)
    if all(max(sizes.get(kind, {1})) > 1 for kind in TIMES):
        text = "after priced parking, the charging time is not rounded: only the last of both is"
        yield Finding("STEP_OF_BOTH_TIMES", Weight.HINT, "$.elements", text)


def _taxes(tariff: Tariff) -> Iterator[Finding]:
    named = [(path, one.vat is not None) for path, _, one in _components(tariff)]
    missing = [path for path, has in named if not has]
    if tariff.tax_included is TaxIncluded.NOT_APPLICABLE:
        if len(missing) < len(named):
            text = "no tax applies, but a component names a VAT"
            yield Finding("VAT_NOT_APPLICABLE", Weight.WARNING, "$.tax_included", text)
    elif len(missing) == len(named) and any(one.price for _, _, one in _components(tariff)):
        included = tariff.tax_included is TaxIncluded.YES
        text = "no component names a VAT: " + (
            "the net amount cannot be told" if included else "what a driver pays cannot be told"
        )
        yield Finding("VAT_MISSING", Weight.WARNING, "$.elements", text)
    elif len(missing) < len(named):
        for path in missing:
            text = "no VAT, while other components have one: a missing VAT is not 0 %"
            yield Finding("VAT_MISSING", Weight.WARNING, f"{path}.vat", text)


def _money(tariff: Tariff) -> Iterator[Finding]:
    import pycountry  # 30 ms that only lint needs

    if pycountry.currencies.get(alpha_3=tariff.currency.upper()) is None:
        yield Finding("CURRENCY", Weight.WARNING, "$.currency", "not a currency of ISO 4217")
    digits = exponent(tariff.currency)
    amounts = [
        (f"{path}.price", one.price) for path, _, one in _components(tariff) if one.type is FLAT
    ]
    for name in ("min_price", "max_price"):
        limit = getattr(tariff, name)
        if limit is not None:
            amounts.append((f"$.{name}.before_taxes", limit.before_taxes))
            amounts.append((f"$.{name}.after_taxes", limit.after_taxes or Decimal(0)))
            if limit.after_taxes is None and tariff.tax_included is not TaxIncluded.NOT_APPLICABLE:
                text = "without after_taxes it is scaled by the taxes of the session"
                yield Finding("BOUND_WITHOUT_TAX", Weight.HINT, f"$.{name}", text)
    for path, amount in amounts:
        if round(amount, digits) != amount:
            text = f"finer than {digits} decimals, which is what {tariff.currency} has"
            yield Finding("CURRENCY_EXPONENT", Weight.WARNING, path, text)
    for path, _, one in _components(tariff):
        if one.price < 0:
            yield Finding("NEGATIVE", Weight.WARNING, f"{path}.price", "the driver is paid")


def _bounds(tariff: Tariff) -> Iterator[Finding]:
    low, high = tariff.min_price, tariff.max_price
    if low is not None and high is not None and low.before_taxes > high.before_taxes:
        yield Finding("BOUNDS", Weight.ERROR, "$.min_price", "above max_price")
    start, end = tariff.start_date_time, tariff.end_date_time
    if start is not None and end is not None and end <= start:
        text = "not after start_date_time: the tariff is never valid"
        yield Finding("NEVER", Weight.ERROR, "$.end_date_time", text)


def _reservations(tariff: Tariff) -> Iterator[Finding]:
    for path, element, component in _components(tariff):
        limits = element.restrictions
        if limits is None or component.type in (FLAT, TariffDimensionType.TIME):
            continue
        for code in ("reservation", "booking"):
            if getattr(limits, code) is not None:
                text = f"a {code} has FLAT and TIME only: this never applies"
                yield Finding(code.upper(), Weight.ERROR, f"{path}.type", text)
    for path, element in _elements(tariff):
        limits = element.restrictions
        if limits is not None and limits.reservation is not None and limits.booking is not None:
            text = "about a reservation and a booking at once: it prices neither"
            yield Finding("BOOKING", Weight.ERROR, f"{path}.restrictions.booking", text)
    if all(prices_booking(element) for _, element in _elements(tariff)):
        text = "bookings alone have a price: partners without that module get no tariff at all"
        yield Finding("BOOKING_ONLY", Weight.WARNING, "$.elements", text)


def _is_apart(element: TariffElement) -> bool:
    """It prices a reservation or a booking, and never a session."""
    limits = element.restrictions
    return limits is not None and (limits.reservation is not None or prices_booking(element))


def _texts(tariff: Tariff) -> Iterator[Finding]:
    signs = {tariff.currency, "€", "$", "£", "kr", "zł"}
    for index, one in enumerate(tariff.tariff_alt_text or ()):
        if any(sign in one.text for sign in signs) and any(letter.isdigit() for letter in one.text):
            text = "it seems to repeat prices, which belong in the elements alone"
            yield Finding("ALT_TEXT", Weight.HINT, f"$.tariff_alt_text[{index}].text", text)


def _free(tariff: Tariff) -> Iterator[Finding]:
    said = [(one.type, element.restrictions) for _, element, one in _components(tariff)]
    if not any(one.price for _, _, one in _components(tariff)) and said != [(FLAT, None)]:
        text = "free of charge is said by one unrestricted element with one FLAT of 0.00"
        yield Finding("FREE", Weight.HINT, "$.elements", text)


def _outlived(tariff: Tariff, on: date) -> Iterator[Finding]:
    if tariff.end_date_time is not None and tariff.end_date_time.date() < on:
        yield Finding("OUTLIVED", Weight.WARNING, "$.end_date_time", "no longer valid")
    for path, element in _elements(tariff):
        limits = element.restrictions
        if limits is not None and limits.end_date and date.fromisoformat(limits.end_date) <= on:
            where = f"{path}.restrictions.end_date"
            yield Finding("OUTLIVED", Weight.WARNING, where, "the element no longer applies")


def _windows(tariff: Tariff) -> Iterator[Finding]:
    for code, path, text in windows(tariff):
        yield Finding(code, Weight.WARNING, path, text)


Rule = Callable[[Tariff], Iterator[Finding]]
RULES: tuple[Rule, ...] = (
    _impossible, _shadowed, _without_fallback, _repeated, _steps, _taxes, _money, _bounds,
    _reservations, _texts, _free, _windows,
)  # fmt: skip
