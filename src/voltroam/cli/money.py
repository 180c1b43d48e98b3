"""`price`, `quote`, `verify`, `tariff` and `cdr`: is this charge right? Needs no node.

Only words of the command line here: what the commands do is loaded when they run.
"""

from pathlib import Path
from typing import Annotated

import typer

from voltroam.cli.plain import PlainGroup
from voltroam.cli.run import Json

tariffs = typer.Typer(
    cls=PlainGroup,
    no_args_is_help=True,
    help="Check a tariff, put it in words, show its week; say who sees it.",
)
cdrs = typer.Typer(cls=PlainGroup, no_args_is_help=True, help="Check what was charged.")

File = Annotated[Path, typer.Argument(help="JSON; - for stdin.")]
Tariffs = Annotated[Path, typer.Argument(help="A tariff or a list of them; - for stdin.")]
Tariff = Annotated[
    Path | None,
    typer.Option("--tariff", metavar="FILE", help="Tariffs, before those in the file itself."),
]
Zone = Annotated[
    str | None,
    typer.Option("--zone", help="Time zone of the location, like Europe/Berlin; a CDR has none."),
]
Readings = Annotated[
    list[str] | None,
    typer.Option(
        "--policy", metavar="KEY=VALUE", help="How to read an ambiguity: flat=component, A13=only."
    ),
]


def add_to(app: typer.Typer) -> None:
    app.command()(price)
    app.command()(quote)
    app.command()(verify)
    app.add_typer(tariffs, name="tariff")
    app.add_typer(cdrs, name="cdr")


def price(
    file: File,
    tariff: Tariff = None,
    zone: Zone = None,
    policy: Readings = None,
    json: Json = False,
) -> None:
    """What a CDR, a session, or plain charging periods cost, line by line and why.

    Plain: {"tariffs", "time_zone", "start_date_time", "end_date_time", "charging_periods",
    "reservation_outcome": "USED", "EXPIRED" or "CANCELLED" if there was a reservation}.

    Example: voltroam price cdr.json --zone Europe/Amsterdam --policy A13=only
    """
    from voltroam.cli.money_price import price_file

    price_file(file, tariff, zone, policy or [], as_json=json)


def quote(
    file: Tariffs,
    energy: Annotated[str, typer.Option("--energy", metavar="KWH", help="kWh to charge.")],
    power: Annotated[
        str | None,
        typer.Option("--power", metavar="KW", help="kW; default: what the connector gives."),
    ] = None,
    start: Annotated[
        str | None,
        typer.Option("--start", metavar="TIME", help="ISO 8601, UTC unless it says; default: now."),
    ] = None,
    stay: Annotated[
        str | None,
        typer.Option("--stay", help="2h30m, or minutes; default: as long as charging takes."),
    ] = None,
    zone: Zone = None,
    connector: Annotated[
        Path | None,
        typer.Option("--connector", metavar="FILE", help="Its limits, and its tariff_ids choose."),
    ] = None,
    preference: Annotated[
        str | None, typer.Option("--preference", help="CHEAP, FAST, GREEN or REGULAR.")
    ] = None,
    ad_hoc: Annotated[
        bool, typer.Option("--ad-hoc", help="The driver pays at a terminal.")
    ] = False,
    policy: Readings = None,
    json: Json = False,
) -> None:
    """What a session will cost, and which tariff of a connector it gets.

    Example: voltroam quote tariff.json --energy 30 --power 11 --stay 4h --zone Europe/Berlin
    """
    from voltroam.cli.money_price import Question, quote_file

    question = Question(energy, power, start, stay, zone, connector, preference, ad_hoc)
    quote_file(file, question, policy or [], as_json=json)


def verify(
    file: Annotated[
        Path, typer.Argument(help="OCMF, Alfen, EDL40, PCDF, S.A.F.E. XML, or a CDR; - for stdin.")
    ],
    public_key: Annotated[
        str | None,
        typer.Option("--public-key", metavar="KEY", help="hex, base64 or PEM; or a file of it."),
    ] = None,
    safe_xml: Annotated[
        Path | None,
        typer.Option("--safe-xml", metavar="OUT", help="Write it for the S.A.F.E. program."),
    ] = None,
    json: Json = False,
) -> None:
    """Check the signatures of a meter, and that the CDR around them says the same.

    Exit code 0 if all is valid, 1 if not or if a key is missing, 2 if it cannot be read. This is
    not a certified verification software; --safe-xml writes a file for the one that is.

    Example: voltroam verify cdr.json --public-key meter.pem --safe-xml safe.xml
    """
    from voltroam.cli.money_verify import verify_file

    verify_file(file, public_key, safe_xml, as_json=json)


@tariffs.command()
def lint(
    file: Tariffs,
    on: Annotated[
        str | None, typer.Option("--on", metavar="DATE", help="Also say what is over by this day.")
    ] = None,
    json: Json = False,
) -> None:
    """Problems of a tariff before a driver finds them; exit code 1 for errors, 2 if malformed.

    Example: voltroam tariff lint tariff.json --on 2026-06-01
    """
    from voltroam.cli.money_tariffs import lint_file

    lint_file(file, on, as_json=json)


@tariffs.command()
def text(
    file: Tariffs,
    language: Annotated[str, typer.Option("--language", help="en, de, fr or nl.")] = "en",
    json: Json = False,
) -> None:
    """A tariff in plain words.

    Example: voltroam tariff text tariff.json --language de
    """
    from voltroam.cli.money_tariffs import text_file

    text_file(file, language, as_json=json)


@tariffs.command()
def grid(
    file: Tariffs,
    zone: Zone = None,
    week: Annotated[
        str | None, typer.Option("--week", metavar="DATE", help="A day of it; default: this week.")
    ] = None,
    power: Annotated[
        str | None, typer.Option("--power", metavar="KW", help="For prices that depend on it.")
    ] = None,
    current: Annotated[
        str | None, typer.Option("--current", metavar="A", help="The same, summed over phases.")
    ] = None,
    json: Json = False,
) -> None:
    """The price of each hour of a week, by the clock at the location.

    Example: voltroam tariff grid tariff.json --zone Europe/Amsterdam --week 2026-06-01
    """
    from voltroam.cli.money_tariffs import grid_file

    grid_file(file, zone, week, power, current, as_json=json)


@cdrs.command()
def audit(
    context: typer.Context,
    file: Annotated[
        Path | None,
        typer.Argument(help="CDRs; - for stdin; default: those that the node holds."),
    ] = None,
    zone: Zone = None,
    tariff: Annotated[
        Path | None,
        typer.Option("--tariff", metavar="FILE", help="Tariffs as published at the start."),
    ] = None,
    session: Annotated[
        Path | None,
        typer.Option("--session", metavar="FILE", help="Sessions, matched by session_id."),
    ] = None,
    partner: Annotated[
        str | None, typer.Option("--partner", help="Of the node's CDRs only this partner's.")
    ] = None,
    month: Annotated[
        str | None, typer.Option("--month", metavar="YYYY-MM", help="Only sessions begun then.")
    ] = None,
    policy: Readings = None,
    csv: Annotated[
        Path | None, typer.Option("--csv", metavar="OUT", help="Write a row per difference.")
    ] = None,
    xlsx: Annotated[
        Path | None, typer.Option("--xlsx", metavar="OUT", help="The same as a workbook.")
    ] = None,
    json: Json = False,
) -> None:
    """Recompute CDRs: each difference with its amount and its cause.

    Exit code 0 if every CDR is right or off by rounding only, else 1; 2 if one cannot be read.

    Example: voltroam cdr audit cdrs.json --zone Europe/Amsterdam --csv differences.csv
    """
    from voltroam.cli.money_audit import Wanted, audit_file, audit_node

    wanted = Wanted(zone, tariff, session, partner, month, tuple(policy or ()), csv, xlsx)
    if file is None:
        audit_node(context, wanted, as_json=json)
    else:
        audit_file(file, wanted, as_json=json)
