"""A tariff in plain words, for drivers: English, German, French, Dutch."""

from collections.abc import Iterator
from decimal import Decimal

from voltroam.pricing.components import prepare, prices_booking
from voltroam.pricing.currency import exponent
from voltroam.pricing.decimals import exact
from voltroam.pricing.phrases import LANGUAGES, Phrases
from voltroam.pricing.policy import Policy
from voltroam.pricing.problem import PricingProblem
from voltroam.pricing.restrictions import DAYS
from voltroam.standard.v2_3_0 import (
    PriceComponent,
    PriceLimit,
    ReservationRestrictionType,
    Tariff,
    TariffDimensionType,
    TariffRestrictions,
    TaxIncluded,
)

_UNITS = {"kwh": "kWh", "current": "A", "power": "kW"}
_SEVERAL = 2


def text(tariff: Tariff, language: str = "en") -> str:
    """One line per price, its conditions behind it; PricingProblem for an unknown language."""
    words = LANGUAGES.get(language.lower())
    if words is None:
        raise PricingProblem("$.language", f"not one of {', '.join(LANGUAGES)}")
    prepare(tariff, 0, "UTC", Policy())  # for its checks
    prices = [one.price for element in tariff.elements for one in element.price_components]
    if not any(prices) and tariff.min_price is None:
        return words.all_free
    return "\n".join(_lines(tariff, words))


def _lines(tariff: Tariff, words: Phrases) -> Iterator[str]:
    kinds: list[TariffDimensionType] = []
    for element in tariff.elements:
        if prices_booking(element):
            continue  # no price of charging; bookings tell theirs where one books
        for component in element.price_components:
            kinds.append(component.type)
            yield _price(tariff, component, element.restrictions, words)
    if any(kinds.count(kind) >= _SEVERAL for kind in kinds):
        yield words.first
    if tariff.min_price is not None:
        yield words.least.format(_limit(tariff.min_price, tariff.currency, words))
    if tariff.max_price is not None:
        yield words.most.format(_limit(tariff.max_price, tariff.currency, words))
    yield words.taxes[TaxIncluded(tariff.tax_included)]
    if tariff.start_date_time is not None:
        yield words.valid_from.format(f"{tariff.start_date_time:%Y-%m-%d %H:%M}")
    if tariff.end_date_time is not None:
        yield words.valid_until.format(f"{tariff.end_date_time:%Y-%m-%d %H:%M}")


def _price(
    tariff: Tariff, component: PriceComponent, limits: TariffRestrictions | None, words: Phrases
) -> str:
    price = exact(component.price, "$")
    unit = words.per[component.type]
    line = f"{_subject(component, limits, words)}: "
    line += _money(price, tariff.currency, words) + unit if price else words.free
    details = []
    if price and component.vat is not None:
        within = tariff.tax_included is TaxIncluded.YES
        template = words.vat_within if within else words.vat_on_top
        details.append(template.format(_number(exact(component.vat, "$"), words)))
    if price and component.step_size > 1 and component.type is not TariffDimensionType.FLAT:
        details.append(words.step.format(_step(component, words)))
    if details:
        line += f" ({words.joined.join(details)})"
    conditions = list(_conditions(limits, words)) if limits is not None else []
    return f"{line}; {words.joined.join(conditions)}" if conditions else line


def _subject(component: PriceComponent, limits: TariffRestrictions | None, words: Phrases) -> str:
    if limits is None or limits.reservation is None:
        return words.kinds[component.type]
    expires = limits.reservation is ReservationRestrictionType.RESERVATION_EXPIRES
    subject = words.expired if expires else words.reserved
    if component.type is TariffDimensionType.FLAT:
        return f"{subject} ({words.reserved_unit})"
    return subject


def _step(component: PriceComponent, words: Phrases) -> str:
    if component.type is TariffDimensionType.ENERGY:
        return f"{component.step_size} Wh"
    return _duration(component.step_size, words)


def _duration(seconds: int, words: Phrases) -> str:
    minutes, left = divmod(seconds, 60)
    return f"{seconds} {words.seconds}" if left else f"{minutes} {words.minutes}"


def _conditions(limits: TariffRestrictions, words: Phrases) -> Iterator[str]:
    start, end = limits.start_time, limits.end_time
    if end == "00:00":
        end = "24:00" if start not in (None, "00:00") else None
        if end is None and start == "00:00":
            start = None
    if start is not None and start == end:
        yield words.whole_day
    elif start is not None and end is not None:
        yield words.between.format(start, end)
    elif start is not None:
        yield words.since.format(start)
    elif end is not None:
        yield words.until.format(end)
    if limits.day_of_week:
        yield words.joined.join(words.days[DAYS.index(day)] for day in limits.day_of_week)
    if limits.start_date is not None:
        yield words.from_date.format(limits.start_date)
    if limits.end_date is not None:
        yield words.before_date.format(limits.end_date)
    yield from _amounts(limits, words)


def _amounts(limits: TariffRestrictions, words: Phrases) -> Iterator[str]:
    for name in ("kwh", "current", "power"):
        what = f"{_UNITS[name]} {words.what[name]}"
        for side, template in (("min", words.at_least), ("max", words.below)):
            bound = getattr(limits, f"{side}_{name}")
            if bound is not None:
                yield template.format(_number(exact(bound, "$"), words), what)
    for bound, template in (
        (limits.min_duration, words.at_least),
        (limits.max_duration, words.below),
    ):
        if bound is not None:
            yield template.format(_duration(bound, words), words.what["duration"])


def _limit(limit: PriceLimit, currency: str, words: Phrases) -> str:
    net = words.before_taxes.format(_money(exact(limit.before_taxes, "$"), currency, words))
    if limit.after_taxes is None:
        return net
    gross = _money(exact(limit.after_taxes, "$"), currency, words)
    return f"{net} ({words.after_taxes.format(gross)})"


def _money(amount: Decimal, currency: str, words: Phrases) -> str:
    """With the decimals of the currency, more where the price has more."""
    digits = max(exponent(currency), -int(amount.normalize().as_tuple().exponent))
    return f"{amount:.{digits}f}".replace(".", words.comma) + f" {currency}"


def _number(amount: Decimal, words: Phrases) -> str:
    return f"{amount.normalize():f}".replace(".", words.comma)
