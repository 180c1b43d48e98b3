"""`watch`: what happens at the node, as it happens."""

from typing import Annotated

import typer

from voltroam.cli.run import Json


def add_to(app: typer.Typer) -> None:
    app.command()(watch)


def watch(
    context: typer.Context,
    session: Annotated[
        str | None,
        typer.Option("--session", help="Only this session; ends when its CDR has come."),
    ] = None,
    partner: Annotated[
        str | None, typer.Option("--partner", help="Only what concerns this partner.")
    ] = None,
    seconds: Annotated[
        float | None, typer.Option("--seconds", min=0.1, help="End after this time.")
    ] = None,
    json: Json = False,
) -> None:
    """Show sessions and everything else that changes, until Ctrl-C; --json: one line for each.

    Example: voltroam -c emsp/voltroam.toml watch --session SESSION_ID
    """
    from voltroam.cli.watching import show

    show(context, session, partner, seconds, json=json)
