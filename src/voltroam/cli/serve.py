"""`serve`: the node itself, until a signal ends it."""

import os
from typing import Annotated

import typer

from voltroam.cli.outcome import Exit, Stop
from voltroam.cli.run import guarded, settings_file, settings_of


def add_to(app: typer.Typer) -> None:
    app.command()(serve)


def serve(
    context: typer.Context,
    workers: Annotated[
        int | None, typer.Option(min=1, max=64, help="Processes; default: the settings' `workers`.")
    ] = None,
) -> None:
    """Serve OCPI on the host and port of the node's URL; Ctrl-C ends it gracefully.

    Example: voltroam -c cpo/voltroam.toml serve --workers 2
    """
    code = guarded(lambda: _serve(context, workers), as_json=False)
    raise typer.Exit(code)


def _serve(context: typer.Context, workers: int | None) -> int:
    from voltroam.application import server_limits
    from voltroam.logs import set_up_logs
    from voltroam.served import CONFIG, listening
    from voltroam.transport.workers import serve as serve_workers

    settings = settings_of(context)
    file = settings_file(context).absolute()
    os.environ[CONFIG] = str(file)
    set_up_logs(settings)
    listen = listening(settings, file.parent, workers or settings.workers)
    try:
        return serve_workers("voltroam.served:serving_app", listen, server_limits(settings))
    except OSError as error:
        where = f"{listen.host}:{listen.port}"
        raise Stop(
            f"The node cannot listen on {where}: {error.strerror or error}."
            " Is another one running there?",
            Exit.SETUP,
        ) from None
