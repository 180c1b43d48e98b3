"""`tariff visible`: who sees an own tariff."""

from typing import Annotated

import typer

from voltroam.cli.run import Json


def add_to(group: typer.Typer) -> None:
    group.command()(visible)


def visible(
    context: typer.Context,
    tariff: Annotated[
        str | None,
        typer.Argument(metavar="TARIFF_ID", help="Without it: all that are for some partners."),
    ] = None,
    to: Annotated[
        list[str] | None,
        typer.Option(
            "--to", metavar="PARTNER", help="Only for it, or for a party CC/PID; may be repeated."
        ),
    ] = None,
    to_all: Annotated[bool, typer.Option("--to-all", help="For all partners again.")] = False,
    party: Annotated[
        str | None, typer.Option(help="CC/PID, where several of our parties have tariffs.")
    ] = None,
    json: Json = False,
) -> None:
    """Show an own tariff to certain partners only; without --to: say who sees it.

    The others lose it: it is deleted there, and locations come again without its id. Can be said
    before the tariff is imported, so that nobody else ever sees it.

    Example: voltroam tariff visible T-GOLD --to movia
    """
    from voltroam.cli.tariff_shown import list_all, show, tell

    if tariff is None:
        list_all(context, json=json)
    elif to or to_all:
        show(context, tariff, to or [], to_all=to_all, party=party, json=json)
    else:
        tell(context, tariff, party, json=json)
