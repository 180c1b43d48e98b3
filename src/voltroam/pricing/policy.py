"""How to read what the standard leaves open: one field per ambiguity, the default recommended."""

from collections.abc import Iterable
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import msgspec

from voltroam.pricing.problem import PricingProblem


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """Readings A01 to A25; the first value of each field is the recommended one."""

    flat: Annotated[Literal["session", "component"], "A01"] = "session"
    """FLAT once per session, or once per component that becomes active."""
    time_step: Annotated[Literal["last", "parking"], "A02"] = "last"
    """Of TIME and PARKING_TIME the last priced one is rounded, or parking whenever it is priced."""
    zero_component: Annotated[Literal["active", "inactive"], "A03"] = "active"
    """A price of 0.00 counts as the last priced component, or not."""
    time_sum: Annotated[Literal["separate", "together"], "A04"] = "separate"
    """The step rounds one time dimension, or the sum of both."""
    exact_multiple: Annotated[Literal["stays", "next"], "A05"] = "stays"
    """An exact multiple of step_size stays, or goes to the next."""
    equal_times: Annotated[Literal["whole_day", "never"], "A06"] = "whole_day"
    """A window whose start is its end is the whole day, or empty."""
    overnight_days: Annotated[Literal["literal", "night"], "A07"] = "literal"
    """day_of_week is the local day, or the day on which an overnight window began."""
    duration_from: Annotated[Literal["charging", "start"], "A08"] = "charging"
    """Durations count from the first charging period, or from the start with its reservation."""
    reservation_step: Annotated[Literal["own", "shared"], "A09"] = "own"
    """Reservation time is rounded on its own, or is one of the session's time dimensions."""
    cancelled: Annotated[Literal["priced", "free"], "A09b"] = "priced"
    """A cancelled reservation costs its time, or nothing (the CPO cancelled)."""
    expired_flat: Annotated[Literal["expires", "both"], "A09c"] = "expires"
    """An expired reservation owes the expiry fee, or the booking fee too."""
    plain_reservation: Annotated[Literal["free", "priced"], "A10"] = "free"
    """Elements without `reservation` never price reservation time, or do as a fallback."""
    step_tariffs: Annotated[Literal["session", "tariff"], "A11"] = "session"
    """With several tariffs, round once at the end, or the total of each tariff."""
    seconds: Annotated[Literal["clock", "nearest", "exact"], "A12"] = "clock"
    """Hours as the clock's seconds where they agree, as the nearest second, or as they are."""
    missing_tariff: Annotated[Literal["free", "only"], "A13"] = "free"
    """A period without tariff_id costs nothing, or takes the only tariff there is."""
    without_vat: Annotated[Literal["omit", "excl"], "A14"] = "omit"
    """If no price names VAT, leave the amount with VAT out, or repeat the one without."""
    bound_without_tax: Annotated[Literal["scale", "ignore"], "A15"] = "scale"
    """A bound without its amount after taxes is scaled as the session's, or bounds one side."""
    negative_energy: Annotated[Literal["priced", "free"], "A16"] = "priced"
    """Energy fed back is priced at the energy price, or at nothing."""
    bounded_reservation: Annotated[Literal["included", "excluded"], "A17"] = "included"
    """Bounds hold for the total with the reservation, or for the rest of it."""
    tariff_bounds: Annotated[Literal["share", "last"], "A18"] = "share"
    """max_price per tariff on its share, or only that of the last tariff, on the total."""
    unknown_flow: Annotated[Literal["no_match", "match"], "A19"] = "no_match"
    """A bound on a current or power that nobody measured fails, or holds."""
    kwh_at: Annotated[Literal["start", "end"], "A20"] = "start"
    """The kWh counter of a period is read at its start, or at its end."""
    end_instant: Annotated[Literal["valid", "expired"], "A21"] = "valid"
    """At end_date_time itself a tariff is still valid, or not (choosing a tariff)."""
    parking_flat: Annotated[Literal["fixed", "parking"], "A22"] = "fixed"
    """FLAT beside PARKING_TIME in one element is a fixed cost, or a parking cost."""
    rounding: Annotated[Literal["total", "lines"], "A23"] = "total"
    """Sums are exact and rounded at the edge, or sums of rounded lines."""
    zero_volume: Annotated[Literal["ignored", "counted"], "A24"] = "ignored"
    """A dimension of volume 0 is no last priced period, or is."""
    both_times: Annotated[Literal["time_first", "parking_first"], "A25"] = "time_first"
    """Which comes first in a period with TIME and PARKING_TIME."""

    @classmethod
    def parse(cls, settings: Iterable[str]) -> "Policy":
        """Read `field=value` or `A01=value`; PricingProblem for what is neither."""
        names = {**FIELDS, **{name: name for name in CODES}}
        chosen: dict[str, Any] = {}
        for setting in settings:
            key, _, value = setting.partition("=")
            name = names.get(key.strip())
            if name is None:
                known = ", ".join(f"{code} {name}" for name, code in CODES.items())
                raise PricingProblem("$.policy", f"`{key}` is no policy; there are {known}")
            if value.strip() not in VALUES[name]:
                raise PricingProblem(
                    f"$.policy.{name}", f"`{value}` is none of {', '.join(VALUES[name])}"
                )
            chosen[name] = value.strip()
        return cls(**chosen)

    def of(self, code: str) -> str:
        """`name=value` of the field for an ambiguity."""
        name = FIELDS[code]
        return f"{name}={getattr(self, name)}"


def _read_fields() -> tuple[dict[str, str], dict[str, tuple[str, ...]]]:
    codes, values = {}, {}
    for name, kind in get_type_hints(Policy, include_extras=True).items():
        if get_origin(kind) is Annotated:
            literal, code = get_args(kind)
            codes[name] = code
            values[name] = get_args(literal)
    return codes, values


CODES, VALUES = _read_fields()
"""The ambiguity of each field, and its values."""
FIELDS = {code: name for name, code in CODES.items()}
