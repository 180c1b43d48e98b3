"""Rules of OCPI 2.2.1 §mod_tariffs."""

from collections import Counter
from collections.abc import Iterator

from voltroam.standard import v2_1_1, v2_3_0
from voltroam.standard import v2_2_1 as v
from voltroam.wire.rules.breach import Breach, Rule, reached


def _tariff(tariff: v.Tariff) -> Iterator[Breach]:
    if tariff.start_date_time is not None and reached(tariff.end_date_time, tariff.start_date_time):
        yield Breach(".end_date_time", "mod_tariffs", "not after start_date_time", True)
    low, high = tariff.min_price, tariff.max_price
    if low and high and low.excl_vat > high.excl_vat:
        yield Breach(".min_price", "mod_tariffs", "more than max_price", True)


def _element(element: v.TariffElement) -> Iterator[Breach]:
    reserving = element.restrictions is not None and element.restrictions.reservation is not None
    if reserving:
        yield from flat_and_time(element, "TAR-RSV-01", "a reservation")
    yield from once_each(element)


def flat_and_time(
    element: v.TariffElement | v2_3_0.TariffElement, rule: str, subject: str
) -> Iterator[Breach]:
    """Time that is kept for somebody has no energy to price."""
    allowed = {v.TariffDimensionType.FLAT, v.TariffDimensionType.TIME}
    for index, component in enumerate(element.price_components):
        if component.type not in allowed:
            yield Breach(
                f".price_components[{index}].type", rule, f"{subject} has FLAT and TIME only"
            )


def once_each(
    element: v.TariffElement | v2_1_1.TariffElement | v2_3_0.TariffElement,
) -> Iterator[Breach]:
    kinds = Counter(component.type for component in element.price_components)
    for kind, count in kinds.items():
        if count > 1:
            yield Breach(".price_components", "TAR-OBJ-02", f"{kind} more than once", True)


def component_rule(component: v.PriceComponent | v2_1_1.PriceComponent) -> Iterator[Breach]:
    if component.step_size < 0:
        yield Breach(".step_size", "TAR-PC-01", "must not be negative")
    if component.step_size == 0 and component.type is not v.TariffDimensionType.FLAT:
        yield Breach(".step_size", "TAR-PC-01", "0 counts as 1", True)


def restrictions_rule(
    limits: v.TariffRestrictions | v2_1_1.TariffRestrictions | v2_3_0.TariffRestrictions,
) -> Iterator[Breach]:
    if limits.start_date and limits.end_date and limits.end_date <= limits.start_date:
        yield Breach(".end_date", "TAR-RES-05", "never reached: not after start_date", True)
    for name in ("kwh", "current", "power", "duration"):
        low, high = getattr(limits, f"min_{name}", None), getattr(limits, f"max_{name}", None)
        if low is not None and high is not None and high <= low:
            yield Breach(f".max_{name}", "mod_tariffs", f"not above min_{name}", True)


RULES: dict[type, Rule] = {
    v.Tariff: _tariff,
    v.TariffElement: _element,
    v.PriceComponent: component_rule,
    v.TariffRestrictions: restrictions_rule,
}
