"""`import`, `export` and `pull`: objects in and out."""

from pathlib import Path
from typing import Annotated

import typer

from voltroam.cli.run import Json

Module = Annotated[
    str, typer.Argument(metavar="MODULE", help="locations, tariffs, tokens, sessions or cdrs.")
]


def add_to(app: typer.Typer) -> None:
    app.command("import")(import_)
    app.command()(export)
    app.command()(withdraw)
    app.command()(pull)


def import_(
    context: typer.Context,
    module: Annotated[
        str, typer.Argument(metavar="MODULE", help="A module, or evse-status for lines of status.")
    ],
    file: Annotated[
        Path, typer.Argument(help="JSON array, OCPI envelope, {items: []} or NDJSON; - for stdin.")
    ],
    lenient: Annotated[
        bool, typer.Option("--lenient", help="Keep what is against the standard but usable.")
    ] = False,
    private: Annotated[
        bool, typer.Option("--private", help="Never show these objects to any partner.")
    ] = False,
    version: Annotated[
        str | None, typer.Option(help="The OCPI version that the file is in; 2.2.1 if not told.")
    ] = None,
    json: Json = False,
) -> None:
    """Load own objects; a running node sends them to its partners at once.

    Example: voltroam -c cpo/voltroam.toml import locations locations.json
    """
    from voltroam.cli.moving import import_file

    import_file(context, module, file, lenient=lenient, private=private, version=version, json=json)


def export(context: typer.Context, module: Module, json: Json = False) -> None:
    """Write all objects held, own and received: one per line with --json.

    Example: voltroam -c emsp/voltroam.toml export locations --json > locations.ndjson
    """
    from voltroam.cli.moving import export_all

    export_all(context, module, json=json)


def withdraw(
    context: typer.Context,
    module: Annotated[str, typer.Argument(metavar="MODULE", help="tariffs, or one of your own.")],
    identifier: Annotated[str, typer.Argument(metavar="ID", help="The object's id.")],
    party: Annotated[
        str | None, typer.Option(help="CC/PID, where several of our parties own such objects.")
    ] = None,
    json: Json = False,
) -> None:
    """Delete an own object; a running node tells the partners that hold it.

    Example: voltroam -c cpo/voltroam.toml withdraw tariffs T-DAY
    """
    from voltroam.cli.moving import withdraw_object

    withdraw_object(context, module, identifier, party, json=json)


def pull(
    context: typer.Context,
    module: Module,
    partner: Annotated[str, typer.Option(help="Name of the partner.")],
    full: Annotated[
        bool, typer.Option("--full", help="Everything, not only what is new; finds what vanished.")
    ] = False,
    force: Annotated[
        bool,
        typer.Option(
            "--force",
            help="With --full: what vanished is gone, however much it is; see `partner show`.",
        ),
    ] = False,
    json: Json = False,
) -> None:
    """Fetch a partner's list now, unusable objects go to the quarantine.

    Example: voltroam -c emsp/voltroam.toml pull locations --partner noda --full
    """
    from voltroam.cli.moving import pull_module

    pull_module(context, module, partner, full=full, force=force, json=json)
