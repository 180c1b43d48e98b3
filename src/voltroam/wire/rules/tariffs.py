"""Rules of OCPI 2.2.1 §mod_tariffs."""

from collections import Counter
from collections.abc import Iterator

from voltroam.standard import v2_2_1 as v
from voltroam.wire.rules.breach import Breach, Rule, reached


def _tariff(tariff: v.Tariff) -> Iterator[Breach]:
    if tariff.start_date_time is not None and reached(tariff.end_date_time, tariff.start_date_time):
        yield Breach(".end_date_time", "mod_tariffs", "not after start_date_time", True)
    low, high = tariff.min_price, tariff.max_price
    if low and high and low.excl_vat > high.excl_vat:
        yield Breach(".min_price", "mod_tariffs", "more than max_price", True)


def _element(element: v.TariffElement) -> Iterator[Breach]:
    reservation = element.restrictions is not None and element.restrictions.reservation is not None
    allowed = {v.TariffDimensionType.FLAT, v.TariffDimensionType.TIME}
    for index, component in enumerate(element.price_components):
        if reservation and component.type not in allowed:
            yield Breach(
                f".price_components[{index}].type", "TAR-RSV-01",
                "a reservation has FLAT and TIME only",
            )  # fmt: skip
    kinds = Counter(component.type for component in element.price_components)
    for kind, count in kinds.items():
        if count > 1:
            yield Breach(".price_components", "TAR-OBJ-02", f"{kind} more than once", True)


def _component(component: v.PriceComponent) -> Iterator[Breach]:
    if component.step_size < 0:
        yield Breach(".step_size", "TAR-PC-01", "must not be negative")
    if component.step_size == 0 and component.type is not v.TariffDimensionType.FLAT:
        yield Breach(".step_size", "TAR-PC-01", "0 counts as 1", True)


def _restrictions(limits: v.TariffRestrictions) -> Iterator[Breach]:
    if limits.start_date and limits.end_date and limits.end_date <= limits.start_date:
        yield Breach(".end_date", "TAR-RES-05", "never reached: not after start_date", True)
    for name in ("kwh", "current", "power", "duration"):
        low, high = getattr(limits, f"min_{name}"), getattr(limits, f"max_{name}")
        if low is not None and high is not None and high <= low:
            yield Breach(f".max_{name}", "mod_tariffs", f"not above min_{name}", True)


RULES: dict[type, Rule] = {
    v.Tariff: _tariff,
    v.TariffElement: _element,
    v.PriceComponent: _component,
    v.TariffRestrictions: _restrictions,
}
