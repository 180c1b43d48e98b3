"""An audit as CSV and as XLSX: one row per difference, and the sums by partner and month."""

import csv
from collections.abc import Iterator, Sequence
from decimal import Decimal
from io import BytesIO, StringIO

from voltroam.billing.findings import Audit, Finding, Verdict
from voltroam.billing.together import Report

COLUMNS = (
    "partner", "month", "owner", "cdr", "start", "credit", "currency", "claimed", "computed",
    "difference", "verdict", "finding", "path", "finding_verdict", "finding_claimed",
    "finding_computed", "finding_difference", "unit", "cause", "text",
)  # fmt: skip
SUMS = (
    "partner", "month", "currency", "cdrs", *(str(verdict) for verdict in Verdict), "claimed",
    "computed", "difference",
)  # fmt: skip
Cell = str | int | Decimal | None
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_COLOURS = {
    Verdict.OK: "#C6EFCE",
    Verdict.ROUNDING: "#C6EFCE",
    Verdict.CANNOT_TELL: "#FFEB9C",
    Verdict.DIFFERS: "#FFC7CE",
}


def rows(report: Report) -> Iterator[tuple[Cell, ...]]:
    """One row per finding, one for each CDR without any."""
    for audit in report.audits:
        for finding in audit.findings or (None,):
            yield _row(audit, finding)


def sums(report: Report) -> Iterator[tuple[Cell, ...]]:
    for one in report.summaries:
        counts = [one.verdicts.get(str(verdict), 0) for verdict in Verdict]
        amounts = (one.claimed, one.computed, one.difference)
        yield (one.partner, one.month, one.currency, one.cdrs, *counts, *amounts)


def _row(audit: Audit, finding: Finding | None) -> tuple[Cell, ...]:
    head = (
        audit.partner, audit.month, audit.owner, audit.id, f"{audit.start:%Y-%m-%dT%H:%M:%SZ}",
        "yes" if audit.credit else "no", audit.currency, audit.claimed, audit.computed,
        audit.difference, str(audit.verdict),
    )  # fmt: skip
    if finding is None:
        return (*head, *[None] * (len(COLUMNS) - len(head)))
    return (
        *head, finding.code, finding.path, str(finding.verdict), finding.claimed,
        finding.computed, finding.difference, finding.unit, finding.cause, finding.text,
    )  # fmt: skip


def as_csv(report: Report) -> str:
    """Comma separated, a header, CRLF (RFC 4180); texts that look like formulas are quoted."""
    out = StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for row in rows(report):
        writer.writerow([_plain(cell) for cell in row])
    return out.getvalue()


def _plain(cell: Cell) -> str:
    """Partners choose their ids: a spreadsheet must not run one as a formula."""
    if cell is None:
        return ""
    if isinstance(cell, Decimal):
        return f"{cell:f}"
    text = str(cell)
    return f"'{text}" if text.startswith(_FORMULA) else text


def as_xlsx(report: Report) -> bytes:
    """Two sheets: `CDRs` with the rows of the CSV, `Sums` by partner and month."""
    import xlsxwriter  # it is asked for rarely, and takes long to load

    out = BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(out, options) as book:
        bold = book.add_format({"bold": True})
        money = book.add_format({"num_format": "#,##0.00##"})
        colours = {str(v): book.add_format({"bg_color": c}) for v, c in _COLOURS.items()}
        for name, columns, lines in (
            ("CDRs", COLUMNS, list(rows(report))),
            ("Sums", SUMS, list(sums(report))),
        ):
            sheet = book.add_worksheet(name)
            sheet.write_row(0, 0, columns, bold)
            for at, line in enumerate(lines, start=1):
                for place, cell in enumerate(line):
                    if cell is None:
                        continue
                    if isinstance(cell, Decimal):
                        sheet.write_number(at, place, float(cell), money)
                    elif isinstance(cell, int):
                        sheet.write_number(at, place, cell)
                    else:
                        sheet.write_string(at, place, cell, colours.get(cell))
            sheet.freeze_panes(1, 0)
            sheet.autofilter(0, 0, max(1, len(lines)), len(columns) - 1)
            for place, width in enumerate(_widths(columns, lines)):
                sheet.set_column(place, place, width)
    return out.getvalue()


def _widths(columns: Sequence[str], lines: Sequence[tuple[Cell, ...]]) -> Iterator[int]:
    """As wide as the longest text, within reason."""
    for place, name in enumerate(columns):
        longest = max([len(name), *(len(str(line[place] or "")) for line in lines)])
        yield min(60, longest + 2)
