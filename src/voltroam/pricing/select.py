"""Which tariff a new session gets, of those its connector names (OCPI 2.2.1 §mod_tariffs)."""

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec

from voltroam.pricing.decimals import instant
from voltroam.pricing.policy import Policy
from voltroam.standard.parties import fold
from voltroam.standard.v2_3_0 import ProfileType, Tariff, TariffType

OF_PREFERENCE = {
    ProfileType.CHEAP: TariffType.PROFILE_CHEAP,
    ProfileType.FAST: TariffType.PROFILE_FAST,
    ProfileType.GREEN: TariffType.PROFILE_GREEN,
    ProfileType.REGULAR: TariffType.REGULAR,
}


class Choice(msgspec.Struct, frozen=True):
    """The tariff and why; None if none fits. `others` says of each other id why not."""

    tariff: Tariff | None
    why: str
    others: dict[str, str] = {}
    ambiguous: bool = False
    """Several of one kind are valid at once, which the standard forbids (LOC-CON-01)."""


def select(
    tariffs: Iterable[Tariff],
    tariff_ids: Sequence[str],
    at: datetime,
    *,
    preference: ProfileType | None = None,
    ad_hoc: bool = False,
    policy: Policy | None = None,
) -> Choice:
    """Valid at `at`, of the type asked for, else of no type; in the order of `tariff_ids`.

    `ad_hoc` is payment at a terminal; otherwise a driver without preference gets REGULAR. The
    choice holds for the whole session, unless the driver changes the preference.
    """
    at = instant(at, "$.start")
    known = {fold(tariff.id): tariff for tariff in tariffs}
    wanted = (
        TariffType.AD_HOC_PAYMENT if ad_hoc else OF_PREFERENCE[preference or ProfileType.REGULAR]
    )
    others: dict[str, str] = {}
    typed, untyped = [], []
    for name in dict.fromkeys(tariff_ids):
        tariff = known.get(fold(name))
        reason = _against(tariff, wanted, at, policy or Policy())
        if reason is not None or tariff is None:
            others[name] = reason or ""
        elif tariff.type is None:
            untyped.append(tariff)
        else:
            typed.append(tariff)
    fitting = typed or untyped
    if not fitting:
        return Choice(None, f"no tariff of type {wanted} or without type is valid", others)
    chosen = fitting[0]
    others |= {one.id: f"{chosen.id} comes first" for one in fitting[1:]}
    if typed:
        others |= {one.id: f"{chosen.id} is of the type asked for" for one in untyped}
    kind = f"of type {wanted}" if typed else f"without type, for there is none of type {wanted}"
    return Choice(chosen, f"valid at the start and {kind}", others, len(fitting) > 1)


def _against(tariff: Tariff | None, wanted: TariffType, at: datetime, policy: Policy) -> str | None:
    if tariff is None:
        return "unknown"
    if tariff.type is not None and tariff.type != wanted:
        return f"of type {tariff.type}, not {wanted}"
    if tariff.start_date_time is not None and at < instant(tariff.start_date_time, "$.tariff"):
        return "not valid yet"
    if tariff.end_date_time is not None:
        end = instant(tariff.end_date_time, "$.tariff")
        if at > end or (at == end and policy.end_instant == "expired"):
            return "no longer valid"
    return None
