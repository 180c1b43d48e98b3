"""`invoice`: which CDRs an invoice covers, and whether they add up, through the running node."""

from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

import typer

from voltroam.cli.outcome import write, write_json, write_table
from voltroam.cli.plain import PlainGroup
from voltroam.cli.run import Json

group = typer.Typer(
    cls=PlainGroup, no_args_is_help=True, help="Tell which CDRs an invoice covers; compare them."
)

Record = Annotated[str, typer.Argument(metavar="OWNER/ID", help="As `invoice list` names it.")]


@group.command()
def issue(
    context: typer.Context,
    invoice_id: Annotated[str, typer.Argument(metavar="INVOICE", help="The invoice's own number.")],
    cdrs: Annotated[list[str], typer.Argument(metavar="CDR_ID...", help="What it covers.")],
    owner: Annotated[
        str | None, typer.Option("--owner", help="CC/PID of ours, where several could issue it.")
    ] = None,
    to: Annotated[
        str | None, typer.Option("--to", help="CC/PID of who gets it; default: as the CDRs say.")
    ] = None,
    record: Annotated[
        str | None, typer.Option("--record", help="Id of an earlier record, to put it right.")
    ] = None,
    json: Json = False,
) -> None:
    """Tell a partner which CDRs an invoice of ours covers.

    Example: voltroam -c cpo/voltroam.toml invoice issue 2026-0311 CDR-1 CDR-2 --json
    """
    from voltroam.operator.rows.invoices import ISSUE_INVOICE, IssueWanted

    wanted = IssueWanted(invoice_id=invoice_id, cdrs=cdrs, owner=owner, to=to, record_id=record)
    _ask(context, ISSUE_INVOICE, wanted, json=json)


@group.command("list")
def list_(context: typer.Context, json: Json = False) -> None:
    """All invoice records, ours and our partners'.

    Example: voltroam -c emsp/voltroam.toml invoice list --json
    """
    from voltroam.cli.operating import OperatorClient, with_operator
    from voltroam.cli.ordering import facts
    from voltroam.operator.rows.invoices import LIST_INVOICES

    async def asked(node: OperatorClient) -> list[Any]:
        return [one async for one in node.each(LIST_INVOICES)]

    found = with_operator(context, asked, as_json=json)
    if json:
        write_json([facts(one) for one in found])
        return
    rows = [
        (f"{one.owner}/{one.id}", one.invoice_id, len(one.lines),
         "withdrawn" if one.withdrawn else one.match.value)
        for one in found
    ]  # fmt: skip
    write_table(("record", "invoice", "cdrs", "state"), rows)


@group.command()
def show(context: typer.Context, record: Record, json: Json = False) -> None:
    """One record, each CDR of it, and what they cost together.

    Example: voltroam -c emsp/voltroam.toml invoice show NL/NOD/8f3c --json
    """
    from voltroam.operator.rows.invoices import GET_INVOICE

    _ask(context, GET_INVOICE, None, json=json, **_ids(record))


@group.command()
def amount(
    context: typer.Context,
    record: Record,
    sum_: Annotated[str, typer.Argument(metavar="AMOUNT", help="What the invoice says, in all.")],
    currency: Annotated[str, typer.Argument(help="As EUR.")],
    before_taxes: Annotated[
        bool, typer.Option("--before-taxes", help="The amount is without taxes.")
    ] = False,
    json: Json = False,
) -> None:
    """Tell what the invoice says: it is MATCHED if its CDRs add up to that.

    Example: voltroam -c emsp/voltroam.toml invoice amount NL/NOD/8f3c 43.56 EUR
    """
    from voltroam.operator.rows.invoices import TELL_INVOICE_AMOUNT, AmountTold

    try:
        wanted = AmountTold(amount=Decimal(sum_), currency=currency, with_taxes=not before_taxes)
    except InvalidOperation:
        raise typer.BadParameter(f"`{sum_}` is no amount") from None
    _ask(context, TELL_INVOICE_AMOUNT, wanted, json=json, **_ids(record))


@group.command()
def withdraw(context: typer.Context, record: Record, json: Json = False) -> None:
    """Take a record of ours back that was a mistake; its CDRs stay.

    Example: voltroam -c cpo/voltroam.toml invoice withdraw NL/NOD/8f3c
    """
    from voltroam.operator.rows.invoices import WITHDRAW_INVOICE

    _ask(context, WITHDRAW_INVOICE, None, json=json, **_ids(record))


def _ids(record: str) -> dict[str, str]:
    parts = record.split("/", 2)
    if len(parts) != 3:
        raise typer.BadParameter("a record is named CC/PID/ID")
    return dict(zip(("country_code", "party_id", "record_id"), parts, strict=True))


def _ask(context: typer.Context, operation: Any, wanted: Any, *, json: bool, **ids: Any) -> None:
    from voltroam.cli.operating import with_operator
    from voltroam.cli.ordering import facts

    done = with_operator(context, lambda node: node.ask(operation, wanted, **ids), as_json=json)
    if json:
        write_json(facts(done))
        return
    state = "withdrawn" if done.withdrawn else done.match.value
    write(f"{done.owner}/{done.id}: invoice {done.invoice_id}, {len(done.lines)} CDRs, {state}")
    if done.total is not None:
        after = "" if done.total.after is None else f", {done.total.after} with taxes"
        write(f"  together {done.total.before} {done.total.currency} before taxes{after}")
    for line in done.lines:
        write(f"  {line.cdr_id}: {line.match.value}")
