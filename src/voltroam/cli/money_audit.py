"""What `cdr audit` does."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

from voltroam.billing.any_version import read_cdr, read_session, read_tariffs
from voltroam.billing.audit import Context
from voltroam.billing.findings import Audit, Verdict
from voltroam.billing.problem import BillingProblem
from voltroam.billing.sheets import as_csv, as_xlsx
from voltroam.billing.together import Item, Report, audit_all
from voltroam.cli import money_reading as reading
from voltroam.cli.money_show import BAD, DIM, DOUBT, GOOD, Cell, Row, amount, say, show_table
from voltroam.cli.outcome import Exit, Stop
from voltroam.pricing import Policy
from voltroam.pricing.currency import exponent
from voltroam.standard.parties import fold
from voltroam.standard.v2_3_0 import CDR, Session, Tariff

STYLES = {
    Verdict.OK: GOOD,
    Verdict.ROUNDING: GOOD,
    Verdict.CANNOT_TELL: DOUBT,
    Verdict.DIFFERS: BAD,
}
_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")
SHOWN = 200
"""CDRs that are shown to people; the sheets have all."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """The options as they were typed."""

    zone: str | None
    tariff: Path | None
    session: Path | None
    partner: str | None
    month: str | None
    policy: tuple[str, ...]
    csv: Path | None
    xlsx: Path | None


@dataclass(frozen=True, slots=True)
class Known:
    """The options read: what the CDRs are held against."""

    policy: Policy
    zone: str | None
    published: tuple[Tariff, ...]
    sessions: dict[str, Session]

    @classmethod
    def read(cls, wanted: Wanted) -> "Known":
        if wanted.month is not None and not _MONTH.fullmatch(wanted.month):
            raise Stop(f"--month {wanted.month!r} is no month like 2026-06.", Exit.USAGE)
        published = () if wanted.tariff is None else read_tariffs(reading.documents(wanted.tariff))
        given = [] if wanted.session is None else reading.documents(wanted.session)
        sessions = [read_session(document) for document in given]
        return cls(
            Policy.parse(wanted.policy),
            wanted.zone,
            tuple(published),
            {fold(session.id): session for session in sessions},
        )

    def context(self, cdr: CDR, *, zone: str | None = None, partner: str = "") -> Context:
        return Context(
            zone=self.zone or zone,
            policy=self.policy,
            session=self.sessions.get(fold(cdr.session_id or "")),
            published=self.published,
            partner=partner,
        )


Refused = list[dict[str, Any]]
"""CDRs that cannot be read: index, path, reason."""


def audit_file(file: Path, wanted: Wanted, *, as_json: bool) -> None:
    """The CDRs of a file; those that cannot be read are named, the others audited all the same."""

    def work() -> tuple[Report, Refused]:
        known = Known.read(wanted)
        documents = reading.documents(file)
        items, refused = [], []
        for index, document in enumerate(documents):
            try:
                cdr = read_cdr(document)
            except BillingProblem as problem:
                if len(documents) == 1:
                    raise
                place = f"$[{index}]{problem.path.removeprefix('$')}"
                refused.append({"index": index, "path": place, "reason": problem.reason})
                continue
            if wanted.month in (None, f"{cdr.start_date_time:%Y-%m}"):
                items.append(Item(cdr, known.context(cdr)))
        return _written(audit_all(items), wanted), refused

    report, refused = reading.named(work, as_json=as_json)
    _tell(report, refused, as_json=as_json)


def audit_node(context: typer.Context, wanted: Wanted, *, as_json: bool) -> None:
    """The CDRs that the node holds, with its own locations, tariffs and sessions."""
    from voltroam.cli.held import Holdings, with_holdings
    from voltroam.cli.money_node import items_of

    known = reading.named(lambda: Known.read(wanted), as_json=as_json)

    async def work(holdings: Holdings) -> tuple[list[Item], Refused]:
        return await items_of(holdings, known, partner=wanted.partner, month=wanted.month)

    items, refused = with_holdings(context, work, as_json=as_json)
    report = reading.named(lambda: _written(audit_all(items), wanted), as_json=as_json)
    _tell(report, refused, as_json=as_json)


def _written(report: Report, wanted: Wanted) -> Report:
    if wanted.csv is not None:
        reading.save(wanted.csv, as_csv(report).encode())
    if wanted.xlsx is not None:
        reading.save(wanted.xlsx, as_xlsx(report))
    return report


def _tell(report: Report, refused: Refused, *, as_json: bool) -> None:
    if as_json:
        reading.write_value(
            {
                "verdict": report.verdict,
                "cdrs": report.audits,
                "balances": report.balances,
                "summaries": report.summaries,
                "refused": refused,
            }
        )
    else:
        _show(report, refused)
    if refused:
        raise typer.Exit(int(Exit.USAGE))
    if report.verdict in (Verdict.DIFFERS, Verdict.CANNOT_TELL):
        raise typer.Exit(int(Exit.FAILED))


def _show(report: Report, refused: Refused) -> None:
    worried = [one for one in report.audits if one.findings]
    worried.sort(key=lambda one: list(Verdict).index(one.verdict), reverse=True)
    columns = ("CDR", "verdict", "currency", "claimed", "recomputed", "difference")
    audits = worried if len(report.audits) > SHOWN else report.audits
    show_table(columns, (_row(one) for one in audits[:SHOWN]), right=(3, 4, 5))
    for audit in worried[:SHOWN]:
        for one in audit.findings:
            cause = f" [{one.cause}]" if one.cause else ""
            said = f"{audit.id} {one.path} {one.code}{cause}: {one.text}"
            say(said, DIM if one.verdict is Verdict.OK else STYLES[one.verdict])
    if len(audits) > SHOWN:
        say(f"… and {len(audits) - SHOWN} more; --csv or --json has them all", DIM)
    for balance in report.balances:
        said = " + ".join(balance.cdrs)
        say(f"balance of {said}: {amount(balance.claimed)} {balance.currency}")
    _sums(report)
    for unread in refused:
        say(f"{unread['path']}: {unread['reason']}", BAD)


def _row(one: Audit) -> Row:
    digits = exponent(one.currency)
    style = STYLES[one.verdict]
    return (
        one.id,
        Cell(str(one.verdict), style),
        one.currency,
        amount(one.claimed, digits),
        amount(one.computed, digits),
        Cell(amount(one.difference, digits), style if one.difference else ""),
    )


def _sums(report: Report) -> None:
    if len(report.audits) > 1:
        columns = ("partner", "month", "currency", "CDRs", *(str(one) for one in Verdict),
                   "claimed", "recomputed", "difference")  # fmt: skip
        show_table(columns, _months(report), right=range(3, 3 + len(columns)))


def _months(report: Report) -> Iterator[Sequence[str]]:
    for one in report.summaries:
        digits = exponent(one.currency)
        counts = [str(one.verdicts.get(str(verdict), 0)) for verdict in Verdict]
        sums = [amount(sum_, digits) for sum_ in (one.claimed, one.computed, one.difference)]
        yield one.partner, one.month, one.currency, str(one.cdrs), *counts, *sums
