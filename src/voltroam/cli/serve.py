"""`serve`: the node itself, until a signal ends it."""

import os
from typing import Annotated

import typer

from voltroam.cli.outcome import Exit, Stop
from voltroam.cli.run import guarded, settings_file, settings_of

HOST, WORKERS = "VOLTROAM_HOST", "VOLTROAM_WORKERS"
"""How the processes of `serve` learn what --host named, and how many they are."""


def add_to(app: typer.Typer) -> None:
    app.command()(serve)


def serve(
    context: typer.Context,
    workers: Annotated[
        int | None, typer.Option(min=1, max=64, help="Processes; default: the settings' `workers`.")
    ] = None,
    host: Annotated[
        str | None,
        typer.Option(
            help="Your own systems: `world` (simulated chargers) or python_module:NAME;"
            " default: the settings' `host`."
        ),
    ] = None,
) -> None:
    """Serve OCPI on the host and port of the node's URL; Ctrl-C ends it gracefully.

    Example: voltroam -c cpo/voltroam.toml serve --workers 2
    """
    code = guarded(lambda: _serve(context, workers, host), as_json=False)
    raise typer.Exit(code)


def _serve(context: typer.Context, workers: int | None, host: str | None) -> int:
    from msgspec.structs import replace

    from voltroam.application import server_limits
    from voltroam.hosts import check_host
    from voltroam.logs import set_up_logs
    from voltroam.served import CONFIG, listening
    from voltroam.settings import WORLD
    from voltroam.transport.workers import serve as serve_workers

    settings = settings_of(context)
    if host is not None:
        settings = replace(settings, host=host)
    processes = workers or settings.workers
    if settings.host == WORLD and processes > 1:
        raise Stop("The charger world lives in one process: serve with --workers 1.", Exit.USAGE)
    file = settings_file(context).absolute()
    set_up_logs(settings)
    check_host(settings, file.parent)
    listen = listening(settings, file.parent, processes)
    os.environ[CONFIG] = str(file)  # what the processes read, once all is well
    os.environ[WORKERS] = str(processes)
    if host is not None:
        os.environ[HOST] = host
    try:
        return serve_workers("voltroam.served:serving_app", listen, server_limits(settings))
    except OSError as error:
        where = f"{listen.host}:{listen.port}"
        raise Stop(
            f"The node cannot listen on {where}: {error.strerror or error}."
            " Is another one running there?",
            Exit.SETUP,
        ) from None
