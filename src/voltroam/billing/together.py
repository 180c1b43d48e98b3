"""CDRs beside each other: duplicates, credit CDRs and one balance, sums by partner and month."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple

import msgspec

from voltroam.billing.audit import Context, audit, sides_of
from voltroam.billing.findings import Audit, Finding, Verdict, worst
from voltroam.standard.parties import fold
from voltroam.standard.types import NOT_AVAILABLE
from voltroam.standard.v2_3_0 import CDR

ZERO = Decimal(0)
OF_THE_SESSION = (
    "session_id",
    "start_date_time",
    "end_date_time",
    "total_energy",
    "cdr_token",
    "cdr_location",
)
"""What a credit CDR repeats unchanged (OCPI 2.2.1 §mod_cdrs, credit CDRs)."""


class Item(NamedTuple):
    """A CDR and what is known about it."""

    cdr: CDR
    context: Context


class Balance(msgspec.Struct, frozen=True, kw_only=True):
    """One session and all that was billed and taken back for it."""

    owner: str
    cdrs: tuple[str, ...]
    currency: str
    claimed: Decimal
    """Sum of total_cost without VAT, credits negative."""


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """All CDRs of a partner in a month and currency."""

    partner: str
    month: str
    currency: str
    cdrs: int
    verdicts: dict[str, int]
    claimed: Decimal
    computed: Decimal
    """Of those that could be recomputed."""
    difference: Decimal
    """Of the same."""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The audits in the order given, with what only shows beside others."""

    verdict: Verdict
    audits: tuple[Audit, ...]
    balances: tuple[Balance, ...]
    """Of credited sessions only."""
    summaries: tuple[Summary, ...]


def audit_all(items: Sequence[Item]) -> Report:
    """Audit each CDR, then all of them together."""
    more: Mapping[int, list[Finding]] = defaultdict(list)
    by_id: dict[tuple[str, str], list[int]] = defaultdict(list)
    for index, item in enumerate(items):
        by_id[owner_of(item.cdr), fold(item.cdr.id)].append(index)
    for indexes in by_id.values():
        for first, index in pairwise(indexes):
            more[index].append(_twice(items[first].cdr, items[index].cdr))
    credits_of = _credits(items, by_id, more)
    _same_session(items, credits_of, more)
    _overlaps(items, more)
    audits = tuple(
        audit(item.cdr, item.context).with_findings(more[index]) for index, item in enumerate(items)
    )
    return Report(
        verdict=worst(one.verdict for one in audits),
        audits=audits,
        balances=tuple(_balances(items, credits_of)),
        summaries=tuple(summaries(audits)),
    )


def owner_of(cdr: CDR) -> str:
    return f"{fold(cdr.country_code)}/{fold(cdr.party_id)}"


def _twice(first: CDR, second: CDR) -> Finding:
    same = first == second
    return Finding(
        code="DUPLICATE",
        verdict=Verdict.DIFFERS,
        path="$.id",
        difference=second.total_cost.before_taxes,
        unit=second.currency,
        text="the same CDR is there twice" if same else "another CDR has the same id",
    )


def _credits(
    items: Sequence[Item],
    by_id: Mapping[tuple[str, str], list[int]],
    more: Mapping[int, list[Finding]],
) -> dict[int, list[int]]:
    """Which credit CDRs take back which CDR; each of their faults as a finding."""
    found: dict[int, list[int]] = defaultdict(list)
    for index, (cdr, _) in enumerate(items):
        if not cdr.credit:
            if cdr.total_cost.before_taxes < 0:
                text = "below zero, but no credit CDR"
                more[index].append(_finding("NEGATIVE", "$.total_cost", text))
            continue
        known = by_id.get((owner_of(cdr), fold(cdr.credit_reference_id or "")), ())
        originals = [one for one in known if one != index]
        if not originals:
            text = "the CDR that it takes back is not here"
            more[index].append(
                _finding("CREDIT_ALONE", "$.credit_reference_id", text, Verdict.CANNOT_TELL)
            )
            continue
        original = originals[0]
        more[index].extend(_pair(cdr, items[original].cdr))
        if found[original]:
            text = "the CDR was taken back before"
            more[index].append(_finding("CREDIT_TWICE", "$.credit_reference_id", text))
        found[original].append(index)
    return found


def _pair(credit: CDR, original: CDR) -> Iterator[Finding]:
    """CDR-CRED-01..05: the total negated, all else as it was."""
    if original.credit:
        yield _finding("CREDIT_OF_CREDIT", "$.credit_reference_id", "it takes back a credit CDR")
    if fold(credit.currency) != fold(original.currency):
        yield _finding("CREDIT_CURRENCY", "$.currency", f"the CDR was in {original.currency}")
        return
    for name in OF_THE_SESSION:
        if getattr(credit, name) != getattr(original, name):
            yield _finding("CREDIT_MEMBER", f"$.{name}", "not that of the CDR it takes back")
    sides = zip(
        ("without VAT", "with VAT"),
        sides_of(credit.total_cost),
        sides_of(original.total_cost),
        strict=True,
    )
    for side, back, paid in sides:
        if back is not None and paid is not None and back != -paid:
            yield Finding(
                code="CREDIT_AMOUNT",
                verdict=Verdict.DIFFERS,
                path="$.total_cost",
                claimed=back,
                computed=-paid,
                difference=back + paid,
                unit=credit.currency,
                text=f"{side} {back:f}, but {paid:f} was charged",
            )
            return


def _same_session(
    items: Sequence[Item], credits_of: Mapping[int, list[int]], more: Mapping[int, list[Finding]]
) -> None:
    """A session is billed once, unless the earlier CDR was taken back (CDR-CRED-03)."""
    standing: dict[tuple[str, str], int] = {}
    for index, (cdr, _) in enumerate(items):
        if cdr.credit or cdr.session_id is None or credits_of.get(index):
            continue
        first = standing.setdefault((owner_of(cdr), fold(cdr.session_id)), index)
        if first == index or fold(items[first].cdr.id) == fold(cdr.id):
            continue
        text = f"session {cdr.session_id} is billed by CDR {items[first].cdr.id} too"
        amount = cdr.total_cost.before_taxes
        more[index].append(
            _finding("SESSION_TWICE", "$.session_id", text, difference=amount, unit=cdr.currency)
        )


def _overlaps(items: Sequence[Item], more: Mapping[int, list[Finding]]) -> None:
    """An EVSE serves one vehicle at a time: sessions there follow each other."""
    places: dict[tuple[str, str], list[int]] = defaultdict(list)
    for index, (cdr, _) in enumerate(items):
        evse = cdr.cdr_location.evse_uid
        if not cdr.credit and evse != NOT_AVAILABLE:
            places[owner_of(cdr), fold(evse)].append(index)
    for indexes in places.values():
        ordered = sorted(indexes, key=lambda one: items[one].cdr.start_date_time)
        for one, after in pairwise(ordered):
            first, second = items[one].cdr, items[after].cdr
            same = fold(first.session_id or first.id) == fold(second.session_id or second.id)
            if not same and second.start_date_time < first.end_date_time:
                text = f"the EVSE was still busy with CDR {first.id}"
                more[after].append(
                    _finding("OVERLAP", "$.start_date_time", text, Verdict.CANNOT_TELL)
                )


def _finding(
    code: str,
    path: str,
    text: str,
    verdict: Verdict = Verdict.DIFFERS,
    *,
    difference: Decimal | None = None,
    unit: str = "",
) -> Finding:
    return Finding(
        code=code, verdict=verdict, path=path, text=text, difference=difference, unit=unit
    )


def _balances(items: Sequence[Item], credits_of: Mapping[int, list[int]]) -> Iterator[Balance]:
    """A session's first CDR, what took it back, and what replaced it, as one amount."""
    billed: dict[tuple[str, str], list[int]] = defaultdict(list)
    for index, (cdr, _) in enumerate(items):
        if not cdr.credit and cdr.session_id is not None:
            billed[owner_of(cdr), fold(cdr.session_id)].append(index)
    for original, back in credits_of.items():
        if not back:
            continue
        cdr = items[original].cdr
        again = billed[owner_of(cdr), fold(cdr.session_id)] if cdr.session_id is not None else []
        group = sorted({original, *back, *again})
        amounts = (items[index].cdr.total_cost.before_taxes for index in group)
        yield Balance(
            owner=owner_of(cdr),
            cdrs=tuple(items[index].cdr.id for index in group),
            currency=cdr.currency,
            claimed=sum(amounts, ZERO),
        )


def summaries(audits: Iterable[Audit]) -> Iterator[Summary]:
    """By partner, month and currency, in that order."""
    groups: dict[tuple[str, str, str], list[Audit]] = defaultdict(list)
    for one in audits:
        groups[one.partner or one.owner, one.month, one.currency].append(one)
    for (partner, month, currency), group in sorted(groups.items()):
        verdicts = {str(verdict): 0 for verdict in Verdict}
        for one in group:
            verdicts[one.verdict] += 1
        yield Summary(
            partner=partner,
            month=month,
            currency=currency,
            cdrs=len(group),
            verdicts=verdicts,
            claimed=sum((one.claimed for one in group), ZERO),
            computed=sum((one.computed or ZERO for one in group), ZERO),
            difference=sum((one.difference or ZERO for one in group), ZERO),
        )
