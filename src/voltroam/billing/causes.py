"""What could have gone wrong: mistakes that are made, each tried until one gives the amount.

A cause explains a CDR when every amount that the CDR states comes out of it. The plain ones are
tried first: a step_size error is to be told as that, not as the reading of an ambiguity.
"""

import decimal
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from heapq import nsmallest

import msgspec

from voltroam.billing.any_version import Priceable, price_any
from voltroam.pricing import Amount, Bill, Dimension, Line, Policy
from voltroam.pricing.amount import total
from voltroam.pricing.bill import worth
from voltroam.pricing.components import TOTALS, Component
from voltroam.pricing.decimals import EXACT, rounded
from voltroam.pricing.policy import CODES, FIELDS, VALUES
from voltroam.standard.errors import CallerError
from voltroam.standard.v2_3_0 import PriceLimit, Tariff, TariffDimensionType

Sums = Mapping[str, Amount]
"""`total_cost` and the parts that are priced."""

MOST_STEPS = 10
"""Other steps of a tariff that are tried."""
_WH = 1000
_NAMES = {
    Dimension.ENERGY: "ENERGY",
    Dimension.TIME: "TIME",
    Dimension.PARKING: "PARKING_TIME",
    Dimension.RESERVATION: "reservation TIME",
}


class Cause(msgspec.Struct, frozen=True):
    """A mistake, in words, and the amounts that it leads to."""

    code: str
    text: str
    sums: Sums


def sums_of(bill: Bill) -> dict[str, Amount]:
    """The totals of a bill by their names."""
    found = {"total_cost": bill.total_cost}
    for name in TOTALS.values():
        amount: Amount | None = getattr(bill, name)
        if amount is not None:
            found[name] = amount
    return found


def effort(case: Priceable) -> int:
    """About how much work one pricing is: restrictions looked at, periods and components read."""
    restrictions = components = 0
    for tariff in case.tariffs:
        for element in tariff.elements:
            count = len(element.price_components)
            components += count
            if element.restrictions is not None:
                names = element.restrictions.__struct_fields__
                there = sum(getattr(element.restrictions, name) is not None for name in names)
                restrictions += count * there
    return len(case.periods) * (250 + components + restrictions) + 180 * components


def miscounted(bill: Bill) -> Iterator[Cause]:
    """Mistakes on the same lines: steps, parts and taxes. The likely ones, and quickly tried."""
    yield from _steps(bill)
    yield from _parts(bill)
    yield from _taxes(bill)


def misread(case: Priceable, zone: str, policy: Policy, bill: Bill) -> Iterator[Cause]:
    """Mistakes that need a pricing of their own, the likely ones first."""
    warned = {warning.code for warning in bill.warnings}
    yield from _readings(case, zone, policy, [code for code in CODES.values() if code in warned])
    yield from _other_prices(case, zone, policy)
    yield from _readings(
        case, zone, policy, [code for code in CODES.values() if code not in warned]
    )


# step_size


def _steps(bill: Bill) -> Iterator[Cause]:
    """Errors of rounding up: not at all, each period, each dimension, down, one step off."""
    for dimension, name in _NAMES.items():
        lines = [line for line in bill.lines if line.dimension is dimension]
        lines = [line for line in lines if line.type is not TariffDimensionType.FLAT]
        if not lines:
            continue
        step = _step(lines[-1])
        for code, text, billed in _wrong_steps(lines):
            if billed != [line.billed for line in lines]:
                changed = dict(zip(map(id, lines), billed, strict=True))
                sentence = f"step_size {step} of {name} {text}"
                yield Cause(code, sentence, _rebilled(bill, changed))
    yield from _every_step(bill)


def _wrong_steps(lines: Sequence[Line]) -> Iterator[tuple[str, str, list[Decimal | int]]]:
    measured: list[Decimal | int] = [line.measured for line in lines]
    last = lines[-1]
    size = _size(last)
    yield "STEP_NOT_APPLIED", "was not applied: the measured quantity was billed", measured
    each = [_up(line.measured, _size(line)) for line in lines]
    yield "STEP_PER_PERIOD", "was applied to each period instead of once to the total", each
    before: Decimal | int = sum(measured[:-1])
    whole: Decimal | int = before + measured[-1]
    for code, text, amount in (
        ("STEP_ON_UNROUNDED", "was applied though another dimension is the one that is rounded",
         _up(whole, size)),
        ("STEP_DOWN", "was rounded down instead of up", _down(whole, size)),
        ("STEP_LAST_ONLY", "was applied to the last period instead of the total",
         before + _up(measured[-1], size)),
    ):  # fmt: skip
        yield code, text, [*measured[:-1], amount - before]
    if last.component.step > 1:  # a second or a watt-hour is nobody's mistake
        more, less = _up(whole, size) + size, _up(whole, size) - size
        yield "STEP_TOO_MANY", "was counted once too often", [*measured[:-1], more - before]
        yield "STEP_TOO_FEW", "was counted once too little", [*measured[:-1], less - before]
    more = _up(whole, size) - whole
    if len(lines) > 1:
        text = "was applied, but the excess was billed at the first price instead of the last"
        yield "STEP_FIRST_PRICE", text, [measured[0] + more, *measured[1:]]
    for other in _other_steps(lines):
        text = f"was taken as {other}, which is the step_size of another price"
        amount = _up(whole, Decimal(other) / _WH if _is_energy(last) else other)
        yield "STEP_OF_ANOTHER", text, [*measured[:-1], amount - before]
    for unit, code in ((60, "STEP_MINUTES"), (3600, "STEP_HOURS")):
        if not _is_energy(last):
            amount = _up(whole, last.component.step * unit)
            text = f"was taken as {'minutes' if unit == 60 else 'hours'} instead of seconds"
            yield code, text, [*measured[:-1], amount - before]
    if _is_energy(last):
        amount = _up(whole, Decimal(last.component.step))
        text = "was taken as kWh instead of Wh"
        yield "STEP_KWH", text, [*measured[:-1], amount - before]


def _every_step(bill: Bill) -> Iterator[Cause]:
    """Every dimension wrong in the same way."""
    timed = [line for line in bill.lines if line.type is not TariffDimensionType.FLAT]
    none = {id(line): line.measured for line in timed}
    yield Cause("STEP_NOT_APPLIED", "no step_size was applied at all", _rebilled(bill, none))
    each = {id(line): _up(line.measured, _size(line)) for line in timed}
    text = "each step_size was applied to each period instead of once to the total"
    yield Cause("STEP_PER_PERIOD", text, _rebilled(bill, each))
    all_of: dict[int, Decimal | int] = {}
    for dimension in _NAMES:
        lines = [line for line in timed if line.dimension is dimension]
        if lines:
            whole = sum(line.measured for line in lines)
            more = _up(whole, _size(lines[-1])) - whole
            all_of |= {id(line): line.measured for line in lines}
            all_of[id(lines[-1])] = lines[-1].measured + more
    text = "step_size was applied to TIME and to PARKING_TIME, not only to the last of them"
    yield Cause("STEP_BOTH_TIMES", text, _rebilled(bill, all_of))


def _other_steps(lines: Sequence[Line]) -> list[int]:
    """Steps of the same unit elsewhere in the tariff."""
    last = lines[-1].component
    return nsmallest(
        MOST_STEPS,
        {
            one.step_size
            for element in last.tariff.source.elements
            for one in element.price_components
            if one.type is not TariffDimensionType.FLAT
            and (one.type is TariffDimensionType.ENERGY) == _is_energy(lines[-1])
            and one.step_size not in (0, 1, last.step)
        },
    )


def _is_energy(line: Line) -> bool:
    return line.component.type is TariffDimensionType.ENERGY


def _step(line: Line) -> str:
    unit = "Wh" if _is_energy(line) else "s"
    return f"{line.component.step} {unit}"


def _size(line: Line) -> Decimal | int:
    """The step in counted units: kWh or seconds."""
    step = max(1, line.component.step)
    return Decimal(step) / _WH if _is_energy(line) else step


def _up(quantity: Decimal | int, size: Decimal | int) -> Decimal | int:
    over = quantity % size if quantity > 0 else 0
    return quantity + (size - over if over else 0)


def _down(quantity: Decimal | int, size: Decimal | int) -> Decimal | int:
    return quantity - quantity % size if quantity > 0 else quantity


def _rebilled(bill: Bill, changed: Mapping[int, Decimal | int]) -> dict[str, Amount]:
    """The totals with other quantities, under the same bounds."""
    found: dict[str, Amount] = {}
    counted: dict[Component, Decimal | int] = {}
    with decimal.localcontext(EXACT):
        for line in bill.lines:
            billed = changed.get(id(line), line.billed)
            counted[line.component] = counted.get(line.component, 0) + billed
        for component, quantity in counted.items():
            amount = worth(component, quantity)
            known = found.get(component.total)
            found[component.total] = amount if known is None else known.plus(amount)
    sums = _summed(found)
    bounded = {id(line.component.tariff): line.component.tariff for line in bill.lines}
    if len(bounded) == 1:
        tariff = next(iter(bounded.values()))
        sums["total_cost"] = _bounded(sums["total_cost"], tariff.min_price, tariff.max_price)
    return sums


def _bounded(whole: Amount, low: PriceLimit | None, high: PriceLimit | None) -> Amount:
    """Each side by its own bound; one without VAT is scaled as the session is (A15)."""
    excl, incl = whole.excl, whole.incl
    for limit, clamp in ((high, min), (low, max)):
        if limit is None:
            continue
        net = Fraction(limit.before_taxes)
        if incl is not None:
            ratio = incl / excl if excl else Fraction(1)
            gross = net * ratio if limit.after_taxes is None else Fraction(limit.after_taxes)
            incl = clamp(incl, gross)
        excl = clamp(excl, net)
    return Amount.of(excl, incl)


def _summed(parts: Mapping[str, Amount]) -> dict[str, Amount]:
    """Where one part knows its VAT all have both amounts (A14)."""
    found = dict(parts)
    if any(part.incl is not None for part in found.values()):
        found = {
            name: part if part.incl is not None else Amount.of(part.excl, part.excl)
            for name, part in found.items()
        }
    whole = total(found.values()) or Amount.of(Fraction(0))
    return {"total_cost": whole, **found}


# parts and taxes


def _parts(bill: Bill) -> Iterator[Cause]:
    """A part left out or counted twice, and bounds forgotten."""
    parts = {name: amount for name, amount in sums_of(bill).items() if name != "total_cost"}
    if bill.bounds:
        named = " and ".join(bill.bounds)
        yield Cause("BOUND_NOT_APPLIED", f"{named} was not applied", _summed(parts))
    if len(parts) > 1:
        for name in parts:
            rest = {other: part for other, part in parts.items() if other != name}
            without = {**parts, "total_cost": _summed(rest)["total_cost"]}
            yield Cause("PART_MISSING", f"{name} is not in the total", without)
    for name, part in parts.items():
        twice = {**parts, "total_cost": bill.total_cost.plus(part)}
        yield Cause("PART_TWICE", f"{name} is in the total twice", twice)
    flat = [line for line in bill.lines if line.type is TariffDimensionType.FLAT]
    periods = {line.period for line in bill.lines}
    if flat and len(periods) > 1:
        changed = {id(line): len(periods) for line in flat}
        text = "the FLAT fee was charged for each period instead of once"
        yield Cause("FLAT_PER_PERIOD", text, _rebilled(bill, changed))


def _taxes(bill: Bill) -> Iterator[Cause]:
    sums = sums_of(bill)
    if bill.total_cost.incl is None:
        return
    gross = {name: Amount.of(one.incl or one.excl, one.incl) for name, one in sums.items()}
    yield Cause("VAT_IN_EXCL", "the amounts without VAT hold the VAT", gross)
    net = {name: Amount.of(one.excl, one.excl) for name, one in sums.items()}
    yield Cause("VAT_NOT_ADDED", "VAT was not added", net)
    for rate in sorted({line.vat for line in bill.lines if line.vat is not None}):
        factor = 1 + Fraction(rate) / 100
        flat = {name: Amount.of(one.excl, one.excl * factor) for name, one in sums.items()}
        yield Cause("VAT_ONE_RATE", f"VAT of {rate:f} % was taken for everything", flat)


# other inputs


def _other_prices(case: Priceable, zone: str, policy: Policy) -> Iterator[Cause]:
    """UTC for local time, restrictions not looked at."""
    if zone != "UTC":
        text = f"local times of the tariff were read as UTC instead of {zone}"
        yield from _tried("UTC_FOR_LOCAL", text, case, "UTC", policy)
    bare = [_without_restrictions(tariff) for tariff in case.tariffs]
    if list(case.tariffs) != bare:
        open_case = case.with_tariffs(bare)
        text = "restrictions of the tariff were not looked at"
        yield from _tried("RESTRICTIONS_IGNORED", text, open_case, zone, policy)


def _without_restrictions(tariff: Tariff) -> Tariff:
    elements = [msgspec.structs.replace(one, restrictions=None) for one in tariff.elements]
    return msgspec.structs.replace(tariff, elements=elements)


def _readings(case: Priceable, zone: str, policy: Policy, codes: Sequence[str]) -> Iterator[Cause]:
    """Each ambiguity read otherwise, one at a time; first those that the bill warns of."""
    for code in codes:
        name = FIELDS[code]
        for value in VALUES[name]:
            if value != getattr(policy, name):
                other = msgspec.structs.replace(policy, **{name: value})
                text = f"ambiguity {code} was read as {name}={value}"
                yield from _tried(code, text, case, zone, other)


def _tried(code: str, text: str, case: Priceable, zone: str, policy: Policy) -> Iterator[Cause]:
    try:
        bill = price_any(case, zone=zone, policy=policy)
    except CallerError:
        return  # what cannot be priced so was not priced so
    yield Cause(code, text, sums_of(bill))


def published(
    case: Priceable, tariffs: Sequence[Tariff], zone: str, policy: Policy
) -> Iterator[Cause]:
    """The tariff that the CPO published, instead of the one in the CDR."""
    text = "the published tariff was charged, not the one in the CDR"
    yield from _tried("PUBLISHED_TARIFF", text, case.with_tariffs(tariffs), zone, policy)


def agrees(claimed: Decimal, exact: Fraction, digits: int) -> bool:
    """Whether an exact amount, rounded half up as the claim is printed, is the claim."""
    shown = max(digits, -int(claimed.as_tuple().exponent))
    return rounded(exact, min(shown, 12)) == claimed
