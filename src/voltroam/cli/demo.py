"""`demo`: two companies on this machine, and a city that lives between them."""

import asyncio
import sys
from typing import Annotated

import typer

from voltroam.cli.outcome import Exit, write_json
from voltroam.cli.run import Json, guarded


def add_to(app: typer.Typer) -> None:
    app.command()(demo)


def demo(
    seconds: Annotated[
        float | None, typer.Option(min=1, help="End after this time; default: Ctrl-C ends it.")
    ] = None,
    locations: Annotated[int, typer.Option(min=1, max=20_000, help="Size of the city.")] = 200,
    pace: Annotated[
        float, typer.Option(min=0.1, help="Cars that arrive per second, on average.")
    ] = 4.0,
    scale: Annotated[
        float,
        typer.Option(min=1, max=3600, help="Seconds of the city per second, as long as it lasts."),
    ] = 120.0,
    hub: Annotated[
        bool, typer.Option("--hub", help="Three CPOs and three eMSPs, connected by a hub.")
    ] = False,
    modern: Annotated[
        bool, typer.Option("--modern", help="Speak 2.3.0: bookings, card payments, invoices too.")
    ] = False,
    seed: Annotated[int, typer.Option(help="The same seed gives the same city.")] = 1,
    json: Json = False,
) -> None:
    """Start a CPO with a city of chargers and an eMSP with drivers, and watch them charge.

    With --modern both speak 2.3.0 too: drivers book ahead, pay by card at a terminal, and invoices
    are compared with what was charged.

    With --hub: three of each, and a hub between them that shows who talks to whom.

    Example: voltroam demo --seconds 20 --json
    """
    from voltroam.cli.stage import Stage
    from voltroam.cli.stage_hub import HubStage

    if seconds is None and json:
        seconds = 20.0
    if hub and modern:
        raise typer.BadParameter("a hub's demo speaks 2.2.1", param_hint="--modern")
    stage = (
        HubStage(locations=locations, pace=pace, seed=seed, scale=scale)
        if hub
        else Stage(locations=locations, pace=pace, seed=seed, scale=scale, modern=modern)
    )
    show = not json and sys.stdout.isatty()
    summary = guarded(lambda: asyncio.run(stage.play(seconds, show=show)), as_json=json)
    if json or not show:
        write_json(summary)
    if not summary["equal"]:
        raise typer.Exit(int(Exit.FAILED))
