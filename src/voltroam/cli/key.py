"""`key`: who may use the operator API."""

from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from voltroam.cli.outcome import Exit, Stop, write, write_json, write_table
from voltroam.cli.plain import PlainGroup
from voltroam.cli.run import Json

group = typer.Typer(
    cls=PlainGroup, no_args_is_help=True, help="Keys of the operator API: make, list, revoke."
)

Name = Annotated[str, typer.Argument(metavar="NAME", help="What the key is called.")]
SCOPES = ("read", "operate", "admin")


@group.command()
def create(
    context: typer.Context,
    name: Name,
    scope: Annotated[str, typer.Option(help="read, operate or admin.")],
    party: Annotated[
        list[str] | None, typer.Option(help="CC/PID: the key sees nothing of other parties.")
    ] = None,
    expires: Annotated[
        str | None, typer.Option(help="A day, 2027-01-31, or a moment, 2027-01-31T12:00:00Z.")
    ] = None,
    json: Json = False,
) -> None:
    """Make a key; its secret is shown once.

    Example: voltroam -c cpo/voltroam.toml key create billing --scope read --party NL/ABC
    """
    from voltroam.cli.held import Holdings, with_holdings
    from voltroam.holdings import micros
    from voltroam.operator.audit import Audit
    from voltroam.operator.keys import LOCAL, Keys, facts_of
    from voltroam.operator.operation import Scope
    from voltroam.wire.times import to_micros

    if scope not in SCOPES:
        raise typer.BadParameter(f"one of {', '.join(SCOPES)}", param_hint="--scope")
    until = None if expires is None else to_micros(_moment(expires))

    async def work(holdings: Holdings) -> dict[str, Any]:
        keys = Keys(holdings.store, holdings.vault, micros)
        record, secret = await _kept(keys.create(name, Scope(scope), party or (), until))
        await Audit(holdings.store, micros).note(LOCAL, "create_key", f"/keys/{name}", 201)
        return facts_of(record) | {"secret": secret}

    done = with_holdings(context, work, as_json=json)
    if json:
        write_json(_spelled(done))
        return
    write("Keep the secret in a safe place; it is shown only now:")
    write(f"  {done['secret']}")


@group.command("list")
def list_(context: typer.Context, json: Json = False) -> None:
    """All keys: what they may do, and when each was last used.

    Example: voltroam -c cpo/voltroam.toml key list
    """
    from voltroam.cli.held import Holdings, with_holdings
    from voltroam.holdings import micros
    from voltroam.operator.keys import Keys, facts_of

    async def work(holdings: Holdings) -> list[dict[str, Any]]:
        keys = Keys(holdings.store, holdings.vault, micros)
        return [_spelled(facts_of(record)) async for record in keys.all()]

    found = sorted(with_holdings(context, work, as_json=json), key=lambda one: str(one["name"]))
    if json:
        write_json(found)
        return
    columns = ("name", "scope", "parties", "created", "expires", "last_used")
    write_table(columns, ([one[column] for column in columns] for one in found))


@group.command()
def revoke(context: typer.Context, name: Name, json: Json = False) -> None:
    """End a key; a running node refuses it within a second.

    Example: voltroam -c cpo/voltroam.toml key revoke billing
    """
    from voltroam.cli.held import Holdings, with_holdings
    from voltroam.holdings import micros
    from voltroam.operator.audit import Audit
    from voltroam.operator.keys import LOCAL, Keys

    async def work(holdings: Holdings) -> None:
        await _kept(Keys(holdings.store, holdings.vault, micros).revoke(name))
        await Audit(holdings.store, micros).note(LOCAL, "revoke_key", f"/keys/{name}", 204)

    with_holdings(context, work, as_json=json)
    if json:
        write_json({"name": name, "revoked": True})
        return
    write(f"{name} is revoked.")


async def _kept(work: Any) -> Any:
    """The API's words for a fault as a command's."""
    from voltroam.operator.faults import Fault

    try:
        return await work
    except Fault as fault:
        raise Stop(f"{fault.details.detail.rstrip('.')}.") from None


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Stop(f"`{text}` is no day and no moment.", Exit.USAGE) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _spelled(facts: dict[str, Any]) -> dict[str, Any]:
    from voltroam.wire.times import format_datetime

    return {
        name: format_datetime(value) if isinstance(value, datetime) else value
        for name, value in facts.items()
    }
