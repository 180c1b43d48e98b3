"""`quarantine`: received objects that could not be used, with the reasons."""

from typing import Annotated, Any

import typer

from voltroam.cli.outcome import write, write_json, write_table
from voltroam.cli.plain import PlainGroup
from voltroam.cli.run import Json

group = typer.Typer(
    cls=PlainGroup, no_args_is_help=True, help="Received objects that could not be used, and why."
)

Id = Annotated[str, typer.Argument(metavar="ID", help="As `quarantine list` shows it.")]


@group.command("list")
def list_(context: typer.Context, json: Json = False) -> None:
    """All objects set aside.

    Example: voltroam -c emsp/voltroam.toml quarantine list
    """
    from voltroam.cli import looking
    from voltroam.cli.held import Holdings, with_holdings

    async def work(holdings: Holdings) -> list[dict[str, Any]]:
        return [looking.dated(one) for one in await looking.quarantine(holdings).all()]

    found = with_holdings(context, work, as_json=json)
    if json:
        write_json(found)
        return
    write_table(
        ("id", "partner", "module", "reason"),
        ([item["id"], item["partner"], item["module"], _reason(item)] for item in found),
    )


def _reason(item: dict[str, Any]) -> str:
    problems = item["problems"]
    return f"{problems[0]['path']}: {problems[0]['message']}" if problems else "-"


@group.command()
def show(context: typer.Context, identifier: Id, json: Json = False) -> None:
    """One object as it was received, with all its problems.

    Example: voltroam -c emsp/voltroam.toml quarantine show ID
    """
    from voltroam.cli import looking
    from voltroam.cli.held import Holdings, with_holdings

    async def work(holdings: Holdings) -> dict[str, Any]:
        return looking.dated(await looking.quarantine(holdings).show(identifier))

    found = with_holdings(context, work, as_json=json)
    if json:
        write_json(found)
        return
    document = found.pop("document")
    problems = found.pop("problems")
    write_table(("what", "is"), found.items())
    write_table(
        ("path", "severity", "problem"),
        ([item["path"], item["severity"], item["message"]] for item in problems),
    )
    write_json(document)


@group.command()
def retry(
    context: typer.Context,
    identifier: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="One object; default: all of them.")
    ] = None,
    json: Json = False,
) -> None:
    """Read objects again, for example after a release that understands them.

    Example: voltroam -c emsp/voltroam.toml quarantine retry
    """
    from voltroam.cli import looking
    from voltroam.cli.held import Holdings, with_holdings
    from voltroam.cli.noted import noted

    async def work(holdings: Holdings) -> dict[str, int]:
        what = "retry_quarantine" if identifier is None else "retry_quarantined"
        async with noted(holdings.store, what, "quarantine", identifier, "retry"):
            return await looking.quarantine(holdings).retry(identifier)

    done = with_holdings(context, work, as_json=json)
    if json:
        write_json(done)
        return
    write(f"{done['accepted']} accepted, {done['refused']} still refused")
