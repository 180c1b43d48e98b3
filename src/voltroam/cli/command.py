"""`command`: what an eMSP tells a partner's chargers, through the running node."""

import secrets
from typing import Annotated, Any

import typer

from voltroam.cli.outcome import write_json, write_table
from voltroam.cli.plain import PlainGroup
from voltroam.cli.run import Json

group = typer.Typer(
    cls=PlainGroup, no_args_is_help=True, help="Start, stop, reserve, cancel, unlock at a partner."
)

Partner = Annotated[str, typer.Option("--partner", help="Name of the partner.")]
Operator = Annotated[
    str | None,
    typer.Option(
        "--operator", metavar="CC/PID", help="Which of the partner's operators; behind a hub."
    ),
]
Place = Annotated[str, typer.Option("--location", help="Id of the location.")]
Evse = Annotated[str | None, typer.Option("--evse", help="Uid of the EVSE; default: any.")]
Card = Annotated[str, typer.Option("--token", help="Uid of one of our tokens.")]
Kind = Annotated[
    str | None,
    typer.Option("--type", help="RFID, APP_USER …, where several tokens have that uid."),
]
Reference = Annotated[
    str | None, typer.Option("--reference", help="authorization_reference of the session.")
]
Wait = Annotated[
    bool, typer.Option("--wait/--no-wait", help="Wait for the charger's result; it is the default.")
]


@group.command()
def start(
    context: typer.Context,
    partner: Partner,
    location: Place,
    token: Card,
    evse: Evse = None,
    connector: Annotated[
        str | None, typer.Option("--connector", help="Id of the connector; needs --evse.")
    ] = None,
    kind: Kind = None,
    reference: Reference = None,
    operator: Operator = None,
    wait: Wait = True,
    json: Json = False,
) -> None:
    """Start charging: waits for the charger's word, and for the session.

    Example: voltroam -c emsp/voltroam.toml command start --partner noda --location UTR-0001
    --evse NOD-00001 --token 04A1B2C3 --json
    """
    from voltroam.cli.ordering import any_type, order
    from voltroam.operator.rows.live import START, StartWanted

    wanted = StartWanted(
        partner=partner, operator=operator, location_id=location, evse_uid=evse,
        connector_id=connector, token_uid=token, token_type=any_type(kind),
        authorization_reference=reference or secrets.token_hex(8),
    )  # fmt: skip
    order(context, START, wanted, wait=wait, json=json)


@group.command()
def stop(
    context: typer.Context,
    partner: Partner,
    session: Annotated[str, typer.Option("--session", help="Id of the session.")],
    operator: Operator = None,
    wait: Wait = True,
    json: Json = False,
) -> None:
    """Stop a session.

    Example: voltroam -c emsp/voltroam.toml command stop --partner noda --session SESSION_ID
    """
    from voltroam.cli.ordering import order
    from voltroam.operator.rows.live import STOP, StopWanted

    wanted = StopWanted(partner=partner, operator=operator, session_id=session)
    order(context, STOP, wanted, wait=wait, json=json)


@group.command()
def reserve(
    context: typer.Context,
    partner: Partner,
    location: Place,
    token: Card,
    evse: Evse = None,
    expiry: Annotated[
        str, typer.Option("--expiry", help="A moment (2027-01-31T12:00:00Z), or minutes from now.")
    ] = "30",
    reservation: Annotated[
        str | None,
        typer.Option("--reservation", help="Its id, new or of one to change; default: new."),
    ] = None,
    kind: Kind = None,
    reference: Reference = None,
    operator: Operator = None,
    wait: Wait = True,
    json: Json = False,
) -> None:
    """Keep an EVSE free for a driver.

    Example: voltroam -c emsp/voltroam.toml command reserve --partner noda --location UTR-0001
    --evse NOD-00001 --token 04A1B2C3 --expiry 15
    """
    from voltroam.cli.ordering import any_type, moment, order
    from voltroam.operator.rows.live import RESERVE, ReserveWanted

    wanted = ReserveWanted(
        partner=partner, operator=operator, location_id=location, evse_uid=evse,
        expiry_date=moment(expiry), reservation_id=reservation, token_uid=token,
        token_type=any_type(kind), authorization_reference=reference,
    )  # fmt: skip
    order(context, RESERVE, wanted, wait=wait, json=json)


@group.command()
def cancel(
    context: typer.Context,
    partner: Partner,
    reservation: Annotated[str, typer.Option("--reservation", help="Id of the reservation.")],
    operator: Operator = None,
    wait: Wait = True,
    json: Json = False,
) -> None:
    """Give up a reservation.

    Example: voltroam -c emsp/voltroam.toml command cancel --partner noda --reservation ID
    """
    from voltroam.cli.ordering import order
    from voltroam.operator.rows.live import CANCEL, CancelWanted

    wanted = CancelWanted(partner=partner, operator=operator, reservation_id=reservation)
    order(context, CANCEL, wanted, wait=wait, json=json)


@group.command()
def unlock(
    context: typer.Context,
    partner: Partner,
    location: Place,
    evse: Annotated[str, typer.Option("--evse", help="Uid of the EVSE.")],
    connector: Annotated[
        str | None, typer.Option("--connector", help="Id of the connector; default: the only one.")
    ] = None,
    desk: Annotated[
        str | None,
        typer.Option("--desk", help="Who at the help desk asks for it; default: who is logged in."),
    ] = None,
    operator: Operator = None,
    wait: Wait = True,
    json: Json = False,
) -> None:
    """Unlock a connector that is stuck: for help desks only.

    Example: voltroam -c emsp/voltroam.toml command unlock --partner noda --location UTR-0001
    --evse NOD-00001 --connector 1 --desk anna
    """
    from voltroam.cli.ordering import order, who_asks
    from voltroam.operator.rows.live import UNLOCK, UnlockWanted

    wanted = UnlockWanted(
        partner=partner, operator=operator, location_id=location, evse_uid=evse,
        connector_id=connector, desk=who_asks() if desk is None else desk,
    )  # fmt: skip
    order(context, UNLOCK, wanted, wait=wait, json=json)


@group.command("list")
def list_(
    context: typer.Context,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many, the newest first.")] = 20,
    json: Json = False,
) -> None:
    """Commands that we sent, and what became of each.

    Example: voltroam -c emsp/voltroam.toml command list --limit 5
    """
    from voltroam.cli.operating import OperatorClient, with_operator
    from voltroam.cli.ordering import facts, said
    from voltroam.operator.rows.live import LIST_COMMANDS

    async def work(node: OperatorClient) -> list[dict[str, Any]]:
        page = await node.ask(LIST_COMMANDS, query={"limit": limit})
        return [facts(one) for one in page.items]

    found = with_operator(context, work, as_json=json)
    if json:
        write_json(found)
        return
    columns = ("sent_at", "command", "partner", "state", "location_id", "session_id", "reason")
    write_table(
        (*columns, "result"), ([*(one[name] for name in columns), said(one)] for one in found)
    )
