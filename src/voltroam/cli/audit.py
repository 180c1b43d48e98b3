"""`audit`: who did what, by the operator API and by commands of this machine."""

from typing import Annotated, Any

import typer

from voltroam.cli.outcome import write_json, write_table
from voltroam.cli.run import Json

NEWEST = 50
COLUMNS = ("at", "who", "scope", "what", "target", "status")


def add_to(app: typer.Typer) -> None:
    app.command()(audit)


def audit(
    context: typer.Context,
    limit: Annotated[
        int | None, typer.Option(min=1, help="How many lines; default: the newest 50.")
    ] = None,
    json: Json = False,
) -> None:
    """Who did what to what, newest first. `status` is that of HTTP: 2xx, it was done.

    Example: voltroam -c cpo/voltroam.toml audit --limit 20
    """
    from voltroam.cli.held import Holdings, with_holdings
    from voltroam.holdings import micros
    from voltroam.operator.audit import Audit

    async def work(holdings: Holdings) -> list[dict[str, Any]]:
        kept = Audit(holdings.store, micros)
        found: list[dict[str, Any]] = []
        after = ""
        while left := (limit or NEWEST) - len(found):
            lines = await kept.lines(min(left, 1000), after)
            if not lines:
                break
            found += [_shown(line) for line in lines]
            after = lines[-1].id
        return found

    found = with_holdings(context, work, as_json=json)
    if json:
        write_json(found)
        return
    write_table(COLUMNS, ([line[column] for column in COLUMNS] for line in found))


def _shown(line: Any) -> dict[str, Any]:
    from voltroam.wire.times import format_datetime, from_micros

    return {name: getattr(line, name) for name in COLUMNS} | {
        "at": format_datetime(from_micros(line.at))
    }
