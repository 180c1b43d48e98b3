"""What a reservation is priced by (OCPI 2.2.1 §mod_tariffs, ReservationRestrictionType)."""

from enum import StrEnum

from voltroam.pricing.components import Component, Prepared, find
from voltroam.pricing.context import Moment
from voltroam.pricing.policy import Policy
from voltroam.pricing.problem import PricingProblem
from voltroam.standard.v2_3_0 import TariffDimensionType

FLAT = TariffDimensionType.FLAT
TIME = TariffDimensionType.TIME


class Outcome(StrEnum):
    """How a reservation ended."""

    USED = "USED"
    EXPIRED = "EXPIRED"
    CANCELLED = "CANCELLED"


def outcome_of(given: str | None, *, charged: bool) -> Outcome:
    """As told; else used if charging followed, and expired if not."""
    if given is None:
        return Outcome.USED if charged else Outcome.EXPIRED
    try:
        return Outcome(given)
    except ValueError:
        known = ", ".join(Outcome)
        raise PricingProblem("$.reservation_outcome", f"not one of {known}") from None


def reservation_time(tariff: Prepared, now: Moment, outcome: Outcome) -> Component | None:
    """TIME of a reservation: if it expired, RESERVATION_EXPIRES comes before RESERVATION."""
    if outcome is Outcome.EXPIRED:
        found = find(tariff.expired.get(TIME, ()), now)
        if found is not None:
            return found
    return find(tariff.reserved.get(TIME, ()), now)


def reservation_flats(
    tariff: Prepared, now: Moment, outcome: Outcome, policy: Policy
) -> tuple[Component, ...]:
    """The fee: one per dimension, so the expiry fee replaces the booking fee (A09c)."""
    found: list[Component] = []
    if outcome is Outcome.EXPIRED:
        expiry = find(tariff.expired.get(FLAT, ()), now)
        found += [expiry] if expiry is not None else []
        if found and policy.expired_flat == "expires":
            return tuple(found)
    booking = find(tariff.reserved.get(FLAT, ()), now)
    return (*found, booking) if booking is not None else tuple(found)
