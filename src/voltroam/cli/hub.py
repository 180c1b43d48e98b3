"""`hub`: who deals with whom, what would become of a call, how each partner does; and `trace`."""

from pathlib import Path
from typing import Annotated

import typer

from voltroam.cli.plain import PlainGroup
from voltroam.cli.run import Json

group = typer.Typer(
    cls=PlainGroup, no_args_is_help=True, help="A node with the role HUB: routes, agreements."
)
agreements = typer.Typer(
    cls=PlainGroup, no_args_is_help=True, help="Which parties may exchange which modules."
)
group.add_typer(agreements, name="agreements")

Id = Annotated[str, typer.Argument(metavar="ID", help="The agreement's id.")]


def add_to(app: typer.Typer) -> None:
    app.command()(trace)


def trace(
    context: typer.Context,
    correlation_id: Annotated[
        str | None,
        typer.Argument(metavar="CORRELATION_ID", help="Without it: the newest calls."),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Of the newest calls.")] = 50,
    json: Json = False,
) -> None:
    """What became of a call through a hub: its hops, decision and reason, times and codes.

    The id is in the header X-Correlation-ID of the call and of its answer. Only a node with the
    role HUB keeps a trace.

    Example: voltroam -c hub/voltroam.toml trace 2b9f0d1e-7d0f-4a4c-8d5c-0c1b6a1f6f3e
    """
    from voltroam.cli.hub_shown import show_trace

    show_trace(context, correlation_id, limit, json=json)


@group.command()
def parties(context: typer.Context, json: Json = False) -> None:
    """Every party in every role: where it sits, and how fresh is what the hub holds of it.

    Example: voltroam -c hub/voltroam.toml hub parties
    """
    from voltroam.cli.hub_shown import show_parties

    show_parties(context, json=json)


@group.command()
def routes(
    context: typer.Context,
    sender: Annotated[str, typer.Argument(metavar="FROM", help="CC/PID of the party that calls.")],
    to: Annotated[
        str | None,
        typer.Argument(
            metavar="TO",
            help="CC/PID; `hub`: the hub itself; `nobody`: not named. Without it: `hub`, or"
            " `nobody` with --about.",
        ),
    ] = None,
    module: Annotated[str | None, typer.Option(help="Of this module only.")] = None,
    about: Annotated[
        list[str] | None,
        typer.Option(
            help="Only calls that name it: location=ID, session=ID, reservation=ID, token=UID or"
            " contract=CC/PID. By it the hub finds a receiver that is not named."
        ),
    ] = None,
    json: Json = False,
) -> None:
    """What would become of each call of one party to another, and why.

    Example: voltroam -c hub/voltroam.toml hub routes DE/MSP NL/CPO --module commands
    """
    from voltroam.cli.hub_shown import show_routes

    show_routes(context, sender, to, module, about or [], json=json)


@group.command()
def health(
    context: typer.Context,
    minutes: Annotated[int, typer.Option(min=5, max=1440, help="Of the last so many.")] = 60,
    json: Json = False,
) -> None:
    """How each partner did: score, availability, errors, p95, what it has yet to be given.

    Example: voltroam -c hub/voltroam.toml hub health --minutes 15
    """
    from voltroam.cli.hub_shown import show_health

    show_health(context, minutes, json=json)


@agreements.command("list")
def list_(context: typer.Context, json: Json = False) -> None:
    """All agreements, and whether they count today.

    Example: voltroam -c hub/voltroam.toml hub agreements list
    """
    from voltroam.cli.hub_agreed import list_all

    list_all(context, json=json)


@agreements.command()
def add(
    context: typer.Context,
    one: Annotated[
        str, typer.Argument(metavar="ONE", help="CC/PID, CC/PID/ROLE, `NL/*`, `*/*/EMSP` or `*`.")
    ],
    other: Annotated[str, typer.Argument(metavar="OTHER", help="The other side, likewise.")],
    module: Annotated[
        list[str] | None, typer.Option(help="May be repeated; without it: all modules.")
    ] = None,
    forbid: Annotated[bool, typer.Option("--forbid", help="It forbids.")] = False,
    since: Annotated[str, typer.Option(help="A day, 2027-01-31, or a moment (UTC).")] = "",
    until: Annotated[str, typer.Option(help="Not with this moment any more.")] = "",
    note: Annotated[str, typer.Option(help="For people.")] = "",
    id_: Annotated[
        str, typer.Option("--id", help="Without it: made of the sides and modules.")
    ] = "",
    json: Json = False,
) -> None:
    """Make an agreement, or change the one with that id; a running hub obeys within a second.

    Example: voltroam -c hub/voltroam.toml hub agreements add NL/CPO DE/MSP --module locations
    """
    from voltroam.cli.hub_agreed import Terms, keep

    terms = Terms(
        id_, one, other, tuple(module or ()), allows=not forbid, since=since, until=until, note=note
    )
    keep(context, terms, json=json)


@agreements.command()
def remove(context: typer.Context, id_: Id, json: Json = False) -> None:
    """Remove an agreement: others, or the hub's default, decide.

    Example: voltroam -c hub/voltroam.toml hub agreements remove a1b2c3d4e5f6
    """
    from voltroam.cli.hub_agreed import end

    end(context, id_, json=json)


@agreements.command()
def suspend(context: typer.Context, id_: Id, json: Json = False) -> None:
    """Forbid at a stroke what an agreement is about.

    Example: voltroam -c hub/voltroam.toml hub agreements suspend a1b2c3d4e5f6
    """
    from voltroam.cli.hub_agreed import move

    move(context, id_, suspended=True, json=json)


@agreements.command()
def resume(context: typer.Context, id_: Id, json: Json = False) -> None:
    """Take a suspended agreement up again.

    Example: voltroam -c hub/voltroam.toml hub agreements resume a1b2c3d4e5f6
    """
    from voltroam.cli.hub_agreed import move

    move(context, id_, suspended=False, json=json)


@agreements.command("import")
def import_(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE.csv", help="`-`: stdin.")],
    whole: Annotated[
        bool, typer.Option("--whole", help="Agreements that the sheet does not have are removed.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change.")] = False,
    json: Json = False,
) -> None:
    """Agreements from a CSV sheet: all of it, or, if a line cannot be used, nothing.

    Columns: id, one, other, modules (between spaces), allows, since, until, suspended, note; only
    `one` and `other` are needed. Read twice, the same sheet changes nothing.

    Example: voltroam -c hub/voltroam.toml hub agreements import agreements.csv --dry-run
    """
    from voltroam.cli.hub_agreed import read_in

    read_in(context, file, whole=whole, dry_run=dry_run, json=json)
