"""`terminal`: payment terminals and what is paid at them, through the running node."""

from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

import typer

from voltroam.cli.outcome import Exit, Stop, write, write_json, write_table
from voltroam.cli.plain import PlainGroup
from voltroam.cli.run import Json, guarded

group = typer.Typer(
    cls=PlainGroup, no_args_is_help=True, help="Payment terminals, and what is paid at them."
)

Terminal = Annotated[str, typer.Argument(metavar="TERMINAL_ID", help="As `terminal list` says.")]
Reference = Annotated[str, typer.Argument(metavar="REFERENCE", help="As `terminal payments` says.")]
Locations = Annotated[
    list[str] | None, typer.Option("--location", help="Id of a location of ours; repeat it.")
]
Evses = Annotated[
    list[str] | None, typer.Option("--evse", help="Uid of an EVSE of ours; repeat it.")
]
Members = Annotated[str, typer.Argument(metavar="JSON", help='Members, as {"city":"Wien"}.')]


@group.command("list")
def list_(context: typer.Context, json: Json = False) -> None:
    """All terminals, ours and those of providers.

    Example: voltroam -c cpo/voltroam.toml terminal list --json
    """
    from voltroam.operator.rows.payments import LIST_TERMINALS

    found = _all(context, LIST_TERMINALS, json=json)
    if not json:
        rows = [
            (one["terminal"]["terminal_id"], one["provider"], one["state"],
             one["terminal"].get("location_ids"), one["terminal"].get("evse_uids"))
            for one in found
        ]  # fmt: skip
        write_table(("terminal", "provider", "state", "locations", "EVSEs"), rows)


@group.command()
def add(
    context: typer.Context,
    to: Annotated[str, typer.Argument(metavar="CC/PID", help="The operator that it is for.")],
    terminal: Members = "{}",
    json: Json = False,
) -> None:
    """Add a terminal of ours; its operator gets it.

    Example: voltroam -c ptp/voltroam.toml terminal add NL/NOD '{"reference":"SN-1"}' --json
    """
    from voltroam.operator.rows.payments import ADD_TERMINAL, TerminalWanted

    wanted = TerminalWanted(to=to, terminal=_members(terminal, json=json))
    _ask(context, ADD_TERMINAL, wanted, json=json)


@group.command()
def assign(
    context: typer.Context,
    terminal: Terminal,
    location: Locations = None,
    evse: Evses = None,
    json: Json = False,
) -> None:
    """Say for which of our chargers a terminal works.

    Example: voltroam -c cpo/voltroam.toml terminal assign TERMINAL_ID --location UTR-0001
    """
    from voltroam.operator.rows.payments import ASSIGN_TERMINAL, TerminalAssigned

    wanted = TerminalAssigned(location_ids=location or None, evse_uids=evse or None)
    _ask(context, ASSIGN_TERMINAL, wanted, json=json, terminal_id=terminal)


@group.command()
def change(
    context: typer.Context, terminal: Terminal, changes: Members, json: Json = False
) -> None:
    """Tell the provider our own data of a terminal.

    Example: voltroam -c cpo/voltroam.toml terminal change TERMINAL_ID
    '{"invoice_base_url":"https://noda.example/invoices/"}'
    """
    from voltroam.operator.rows.payments import CHANGE_TERMINAL, TerminalChanged

    wanted = TerminalChanged(changes=_members(changes, json=json))
    _ask(context, CHANGE_TERMINAL, wanted, json=json, terminal_id=terminal)


@group.command()
def activate(
    context: typer.Context,
    partner: Annotated[str, typer.Argument(metavar="PARTNER", help="The provider.")],
    terminal: Members,
    json: Json = False,
) -> None:
    """Have a provider set a built-in terminal up; it comes by itself.

    Example: voltroam -c cpo/voltroam.toml terminal activate payco '{"reference":"SN-1"}'
    """
    from voltroam.cli.operating import with_operator
    from voltroam.operator.rows.payments import ACTIVATE_TERMINAL, TerminalActivated

    wanted = TerminalActivated(partner=partner, terminal=_members(terminal, json=json))
    with_operator(context, lambda node: node.ask(ACTIVATE_TERMINAL, wanted), as_json=json)
    if json:
        write_json({"activated": True})
    else:
        write("The provider sets it up and sends it.")


@group.command()
def deactivate(context: typer.Context, terminal: Terminal, json: Json = False) -> None:
    """Take a terminal out of use.

    Example: voltroam -c cpo/voltroam.toml terminal deactivate TERMINAL_ID
    """
    from voltroam.operator.rows.payments import DEACTIVATE_TERMINAL

    _ask(context, DEACTIVATE_TERMINAL, None, json=json, terminal_id=terminal)


@group.command()
def pay(
    context: typer.Context,
    terminal: Terminal,
    partner: Annotated[str, typer.Option("--partner", help="Whose charger it is.")],
    operator: Annotated[str, typer.Option("--operator", help="Its operator, CC/PID.")],
    location: Annotated[str, typer.Option("--location", help="Id of the location.")],
    amount: Annotated[
        str | None, typer.Option("--amount", help="What was reserved, if not as the tariff says.")
    ] = None,
    currency: Annotated[
        str | None, typer.Option("--currency", help="As EUR; default: the tariff's, or EUR.")
    ] = None,
    evse: Annotated[str | None, typer.Option("--evse", help="Uid of the EVSE.")] = None,
    json: Json = False,
) -> None:
    """Money is reserved at a terminal of ours: start the charge.

    Example: voltroam -c ptp/voltroam.toml terminal pay TERMINAL_ID --partner noda
    --operator NL/NOD --location UTR-0001 --evse NOD-00001 --amount 50
    """
    from voltroam.operator.rows.payments import START_PAYMENT, PaymentWanted

    wanted = PaymentWanted(
        partner=partner, operator=operator, terminal_id=terminal, location_id=location,
        amount=None if amount is None else _number(amount),
        currency=currency or (None if amount is None else "EUR"), evse_uid=evse,
    )  # fmt: skip
    _ask(context, START_PAYMENT, wanted, json=json)


@group.command()
def payments(context: typer.Context, json: Json = False) -> None:
    """All payments at our terminals.

    Example: voltroam -c ptp/voltroam.toml terminal payments --json
    """
    from voltroam.operator.rows.payments import LIST_PAYMENTS

    found = _all(context, LIST_PAYMENTS, json=json)
    if not json:
        rows = [(one["reference"], one["terminal_id"], one["state"]) for one in found]
        write_table(("payment", "terminal", "state"), rows)


@group.command()
def capture(
    context: typer.Context,
    reference: Reference,
    amount: Annotated[str, typer.Argument(metavar="AMOUNT", help="What was captured.")],
    status: Annotated[
        str, typer.Option("--status", help="SUCCESS, PARTIAL_SUCCESS or FAILED.")
    ] = "SUCCESS",
    line: Annotated[
        list[str] | None, typer.Option("--line", help="A line for the invoice; repeat it.")
    ] = None,
    json: Json = False,
) -> None:
    """Tell what the payment service captured; who makes the invoice is told.

    Example: voltroam -c ptp/voltroam.toml terminal capture REFERENCE 12.40 --line "Card ***1234"
    """
    from voltroam.operator.rows.payments import TELL_CAPTURE, CaptureTold
    from voltroam.standard.v2_3_0.payments import CaptureStatusCode

    try:
        code = CaptureStatusCode(status.upper())
    except ValueError:
        raise typer.BadParameter("SUCCESS, PARTIAL_SUCCESS or FAILED") from None
    wanted = CaptureTold(status=code, amount=_number(amount), eft_data=line or [])
    _ask(context, TELL_CAPTURE, wanted, json=json, reference=reference)


@group.command()
def advice(context: typer.Context, json: Json = False) -> None:
    """What providers captured for our charges, against our CDRs.

    Example: voltroam -c cpo/voltroam.toml terminal advice --json
    """
    from voltroam.operator.rows.payments import LIST_ADVICE

    found = _all(context, LIST_ADVICE, json=json)
    if not json:
        rows = [(one["reference"], one["captured"], one["currency"], one["match"]) for one in found]
        write_table(("reference", "captured", "currency", "state"), rows)


def _members(text: str, *, json: bool) -> dict[str, Any]:
    import msgspec

    def read() -> dict[str, Any]:
        try:
            return msgspec.json.decode(text, type=dict[str, Any])
        except msgspec.DecodeError as error:
            raise Stop(f"These are no members of a terminal: {error}.", Exit.USAGE) from None

    return guarded(read, as_json=json)


def _number(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise typer.BadParameter(f"`{text}` is no amount") from None


def _all(context: typer.Context, operation: Any, *, json: bool) -> list[Any]:
    from voltroam.cli.operating import OperatorClient, with_operator
    from voltroam.cli.ordering import facts

    async def asked(node: OperatorClient) -> list[Any]:
        return [facts(one) async for one in node.each(operation)]

    found = with_operator(context, asked, as_json=json)
    if json:
        write_json(found)
    return found


def _ask(context: typer.Context, operation: Any, wanted: Any, *, json: bool, **ids: Any) -> None:
    from voltroam.cli.operating import with_operator
    from voltroam.cli.ordering import facts

    done = with_operator(context, lambda node: node.ask(operation, wanted, **ids), as_json=json)
    plain = done if isinstance(done, dict) else facts(done)
    if json:
        write_json(plain)
        return
    for name, value in plain.items():
        if value is not None:
            write(f"{name}: {value}")
