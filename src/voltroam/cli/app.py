"""All commands in one tree; each group has a file of its own."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from voltroam.cli import (
    audit,
    booking,
    bridging,
    call,
    charge,
    command,
    database,
    demo,
    gdpr,
    hub,
    invoice,
    key,
    money,
    objects,
    partner,
    quarantine,
    serve,
    setup,
    steering,
    tariff_sight,
    terminal,
    watch,
    webhook,
)
from voltroam.cli.plain import PlainGroup

app = typer.Typer(
    cls=PlainGroup,
    name="voltroam",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich" if sys.stdout.isatty() else None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback(
    epilog="Exit codes: 0 done, 1 refused or failed, 2 wrong usage, 3 partner unreachable,"
    " 4 settings or database."
)
def voltroam(
    context: typer.Context,
    config: Annotated[
        Path | None,
        typer.Option(
            "-c",
            "--config",
            envvar="VOLTROAM_CONFIG",
            help="Settings file; default: voltroam.toml in this folder.",
        ),
    ] = None,
) -> None:
    """An OCPI node: serve it, register partners, exchange what the standard knows."""
    context.obj = config


setup.add_to(app)
serve.add_to(app)
objects.add_to(app)
call.add_to(app)
charge.add_to(app)
watch.add_to(app)
demo.add_to(app)
money.add_to(app)
tariff_sight.add_to(money.tariffs)
audit.add_to(app)
hub.add_to(app)
bridging.add_to(app)
app.add_typer(partner.group, name="partner")
app.add_typer(quarantine.group, name="quarantine")
app.add_typer(command.group, name="command")
app.add_typer(invoice.group, name="invoice")
app.add_typer(booking.group, name="booking")
app.add_typer(terminal.group, name="terminal")
app.add_typer(steering.group, name="charging-profile")
app.add_typer(database.group, name="db")
app.add_typer(hub.group, name="hub")
app.add_typer(key.group, name="key")
app.add_typer(webhook.group, name="webhook")
app.add_typer(gdpr.group, name="gdpr")
