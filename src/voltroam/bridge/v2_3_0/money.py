"""Sessions and CDRs between 2.2.1 and 2.3.0."""

from collections.abc import Callable
from decimal import Decimal
from functools import partial

from voltroam.bridge.crossing import Crossing
from voltroam.bridge.members import each, listed, within
from voltroam.bridge.named import type_down, type_up
from voltroam.bridge.packages import core_cdr
from voltroam.bridge.terms import Document
from voltroam.bridge.v2_3_0.prices import price_down, price_up
from voltroam.bridge.v2_3_0.rates import rate_of, tariffs_of, with_rate
from voltroam.bridge.v2_3_0.tariffs import tariff_down, tariff_up, untaxed
from voltroam.bridge.v2_3_0.words import CONNECTOR_TYPES, TOKEN_TYPES
from voltroam.bridge.words import known_plug

AMOUNTS = (
    "total_cost",
    "total_fixed_cost",
    "total_energy_cost",
    "total_time_cost",
    "total_parking_cost",
    "total_reservation_cost",
)
"""The members of a CDR that are amounts of money."""


def session_up(session: Document, at: str, crossing: Crossing) -> Document:
    """Only the amount of money changes shape (OCPI 2.3.0 §mod_sessions, Session)."""
    raised = dict(session)
    rate = rate_of("total_cost", tariffs_of(session, crossing))
    within(raised, "total_cost", at, partial(_priced_up, rate, crossing))
    within(raised, "cdr_token", at, lambda one, where: type_up(one, where, crossing))
    return raised


def session_down(session: Document, at: str, crossing: Crossing) -> Document | None:
    """The amount loses the names of its taxes (OCPI 2.2.1 §mod_sessions, Session)."""
    lowered = core_cdr(session, at, crossing)
    within(lowered, "total_cost", at, lambda one, where: price_down(one, where, crossing))
    within(lowered, "cdr_token", at, _token_down(crossing))
    return lowered


def cdr_up(cdr: Document, at: str, crossing: Crossing) -> Document:
    """Amounts and embedded tariffs change shape, all else stays (OCPI 2.3.0 §mod_cdrs, CDR)."""
    raised = dict(cdr)
    tariffs = listed(cdr, "tariffs")
    for name in AMOUNTS:
        rate = rate_of(name, tariffs)
        within(raised, name, at, partial(_priced_up, rate, crossing))
    each(raised, "tariffs", at, lambda one, where: tariff_up(one, where, crossing))
    within(raised, "cdr_token", at, lambda one, where: type_up(one, where, crossing))
    return raised


def _priced_up(rate: Decimal | None, crossing: Crossing, price: Document, at: str) -> Document:
    return with_rate(price_up(price, at, crossing), rate, at, crossing)


def cdr_down(cdr: Document, at: str, crossing: Crossing) -> Document | None:
    """Amounts lose the names of their taxes; a tariff that cannot pass is left out of the list.

    The CDR itself stays (OCPI 2.2.1 §mod_cdrs, CDR: tariffs are optional), unless the plug has no
    word there, which a CDR must name.
    """
    lowered = core_cdr(cdr, at, crossing)
    nothing_applies = untaxed(listed(cdr, "tariffs"))
    for name in AMOUNTS:
        within(
            lowered, name, at,
            lambda one, where: price_down(one, where, crossing, untaxed=nothing_applies),
        )  # fmt: skip
    each(lowered, "tariffs", at, lambda one, where: embedded_down(one, where, crossing))
    within(lowered, "cdr_token", at, _token_down(crossing))
    place = lowered.get("cdr_location")
    if isinstance(place, dict):
        where = f"{at}/cdr_location"
        known = known_plug(place, "connector_standard", where, crossing, CONNECTOR_TYPES)
        if known is None:
            crossing.note("cdr-plug-unknown", where)
            return None
        lowered["cdr_location"] = known
    return lowered


def embedded_down(tariff: Document, at: str, crossing: Crossing) -> Document | None:
    found = tariff_down(tariff, at, crossing)
    if found is None:
        crossing.note("cdr-tariff-left-out", at)
    return found


def _token_down(crossing: Crossing) -> Callable[[Document, str], Document]:
    def token(one: Document, where: str) -> Document:
        """What was charged stays charged: the type is said as OTHER whatever the tables hold."""
        kind = one.get("type")
        if not isinstance(kind, str) or kind in TOKEN_TYPES:
            return one
        crossing.note("token-type-other", f"{where}/type")
        return one | {"type": "OTHER"}

    return token


def token_down(token: Document, at: str, crossing: Crossing) -> Document | None:
    """EMAID and other new types are OTHER (OCPI 2.2.1 §mod_tokens, TokenType)."""
    return type_down(token, at, crossing, TOKEN_TYPES)


def token_up(token: Document, at: str, crossing: Crossing) -> Document:
    """OTHER is again what it was said for (OCPI 2.3.0 §mod_tokens, TokenType)."""
    return type_up(token, at, crossing)
