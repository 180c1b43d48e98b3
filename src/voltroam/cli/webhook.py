"""`webhook`: who among the company's own systems gets which events."""

import contextlib
from typing import Annotated, Any

import typer

from voltroam.cli.outcome import Exit, Stop, remark, write, write_facts, write_json, write_table
from voltroam.cli.plain import PlainGroup
from voltroam.cli.run import Json

group = typer.Typer(
    cls=PlainGroup, no_args_is_help=True, help="Signed webhooks to the company's own systems."
)

Id = Annotated[str, typer.Argument(metavar="ID", help="As `webhook list` shows it.")]
_MOMENTS = ("created", "at", "since", "last")


@group.command()
def add(
    context: typer.Context,
    url: Annotated[str, typer.Argument(metavar="URL", help="Where events are posted.")],
    type_: Annotated[
        list[str] | None,
        typer.Option("--type", help="Pattern of event types, `sessions.*`; default: all."),
    ] = None,
    party: Annotated[
        list[str] | None, typer.Option(help="CC/PID: only what concerns this party.")
    ] = None,
    decide: Annotated[
        bool,
        typer.Option(
            "--decide", help="It answers what the node asks its host; events only with --type."
        ),
    ] = False,
    json: Json = False,
) -> None:
    """Post events to a URL from now on; the secret that signs them is shown once.

    Example: voltroam -c cpo/voltroam.toml webhook add https://erp.example/ocpi --type 'cdrs.*'
    """
    from voltroam.cli.joined import Calling, with_calling
    from voltroam.delivery.subscriptions import shown
    from voltroam.standard.errors import Unreachable

    async def work(node: Calling) -> dict[str, Any]:
        with contextlib.suppress(Unreachable):  # it may have an address later
            await node.guard.check(url)
        types = tuple(type_ or (() if decide else ("*",)))
        made, secret = await _hooks(node).add(url, types=types, parties=party or (), decides=decide)
        await _note(node, "add_webhook", f"/webhooks/{made.id}")
        return {**shown(made), "secret": secret}

    made = with_calling(context, work, as_json=json)
    if json:
        write_json(_dated(made))
        return
    write_facts(f"Webhook {made['id']}", [("url", url), ("secret", made["secret"])])
    remark("Keep the secret in a safe place; it is shown only now.")


@group.command("list")
def list_(context: typer.Context, json: Json = False) -> None:
    """All receivers, how far each has got, and what waits or was given up.

    Example: voltroam -c cpo/voltroam.toml webhook list
    """
    from voltroam.cli.held import Holdings, with_holdings
    from voltroam.delivery.subscriptions import shown

    async def work(holdings: Holdings) -> list[dict[str, Any]]:
        hooks = _hooks(holdings)
        return [{**shown(it), **await hooks.figures(it.id)} for it in await hooks.all()]

    found = [_dated(one) for one in with_holdings(context, work, as_json=json)]
    if json:
        write_json(found)
        return
    names = ("id", "url", "types", "active", "behind", "waiting", "dead", "reason")
    write_table(names, ([one.get(name) for name in names] for one in found))


@group.command()
def remove(context: typer.Context, identifier: Id, json: Json = False) -> None:
    """Post nothing more to it, and forget what did not arrive.

    Example: voltroam -c cpo/voltroam.toml webhook remove ID
    """
    from voltroam.cli.held import Holdings, with_holdings

    async def work(holdings: Holdings) -> None:
        await _hooks(holdings).remove(identifier)
        await _note(holdings, "remove_webhook", f"/webhooks/{identifier}")

    with_holdings(context, work, as_json=json)
    if json:
        write_json({"removed": identifier})
        return
    write(f"{identifier} is removed.")


@group.command()
def enable(context: typer.Context, identifier: Id, json: Json = False) -> None:
    """Go on posting to a receiver that had answered 410 Gone, from where it stopped.

    Example: voltroam -c cpo/voltroam.toml webhook enable ID
    """
    from voltroam.cli.held import Holdings, with_holdings
    from voltroam.delivery.subscriptions import shown

    async def work(holdings: Holdings) -> dict[str, Any]:
        enabled = await _hooks(holdings).enable(identifier)
        await _note(holdings, "enable_webhook", f"/webhooks/{identifier}")
        return shown(enabled)

    enabled = with_holdings(context, work, as_json=json)
    if json:
        write_json(_dated(enabled))
        return
    write(f"{identifier} is active.")


@group.command()
def rotate(context: typer.Context, identifier: Id, json: Json = False) -> None:
    """Make a new secret; for a day the former one signs beside it.

    Example: voltroam -c cpo/voltroam.toml webhook rotate ID
    """
    from voltroam.cli.held import Holdings, with_holdings

    async def work(holdings: Holdings) -> str:
        secret: str = await _hooks(holdings).rotate(identifier)
        await _note(holdings, "rotate_webhook", f"/webhooks/{identifier}")
        return secret

    secret = with_holdings(context, work, as_json=json)
    if json:
        write_json({"id": identifier, "secret": secret})
        return
    write(secret)
    remark("Keep the secret in a safe place; it is shown only now.")


@group.command("test")
def ping(context: typer.Context, identifier: Id, json: Json = False) -> None:
    """Post one `webhook.ping` now and tell what the receiver answered.

    Example: voltroam -c cpo/voltroam.toml webhook test ID
    """
    from voltroam.cli.joined import Calling, with_calling
    from voltroam.delivery.webhooks import Attempt, Webhooks
    from voltroam.holdings import micros

    async def work(node: Calling) -> Attempt:
        held = node.holdings
        hooks = Webhooks(held.store, held.vault, held.table, node.sender.send, now=micros)
        return await hooks.ping(await hooks.subscriptions.get(identifier))

    attempt = with_calling(context, work, as_json=json)
    if json:
        write_json({"ok": attempt.ok, "http": attempt.http, "reason": attempt.reason})
    elif attempt.ok:
        write(f"It answered HTTP {attempt.http}.")
    if not attempt.ok:
        if not json:
            remark(f"It did not arrive: {attempt.reason}.")
        raise typer.Exit(int(Exit.FAILED if attempt.http else Exit.UNREACHABLE))


@group.command()
def dead(
    context: typer.Context,
    identifier: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="One receiver; default: all.")
    ] = None,
    json: Json = False,
) -> None:
    """Events that were given up, with the reason of each.

    Example: voltroam -c cpo/voltroam.toml webhook dead
    """
    from voltroam.cli.held import Holdings, with_holdings
    from voltroam.delivery.webhook_records import shown_letter

    async def work(holdings: Holdings) -> list[dict[str, Any]]:
        return [shown_letter(one) for one in await _hooks(holdings).dead(identifier)]

    found = [_dated(one) for one in with_holdings(context, work, as_json=json)]
    if json:
        write_json(found)
        return
    names = ("webhook", "sequence", "type", "at", "attempts", "reason")
    write_table(names, ([one.get(name) for name in names] for one in found))


@group.command()
def replay(
    context: typer.Context,
    identifier: Id,
    sequence: Annotated[
        list[int] | None, typer.Option(help="One event, as `webhook dead` shows it; default: all.")
    ] = None,
    json: Json = False,
) -> None:
    """Post again what was given up; a running node does within a second.

    Example: voltroam -c cpo/voltroam.toml webhook replay ID
    """
    from voltroam.cli.held import Holdings, with_holdings

    async def work(holdings: Holdings) -> int:
        count: int = await _hooks(holdings).replay(identifier, sequence or None)
        if not count:
            raise Stop("There is no such dead letter.")
        await _note(holdings, "replay_webhook", f"/webhooks/{identifier}")
        return count

    count = with_holdings(context, work, as_json=json)
    if json:
        write_json({"replayed": count})
        return
    write(f"{count} will be posted again.")


def _hooks(node: Any) -> Any:
    """Of a `Calling` or of `Holdings`."""
    from voltroam.delivery.subscriptions import Subscriptions
    from voltroam.holdings import micros

    held = getattr(node, "holdings", node)
    return Subscriptions(held.store, held.vault, micros)


async def _note(node: Any, what: str, target: str) -> None:
    from voltroam.holdings import micros
    from voltroam.operator.audit import Audit
    from voltroam.operator.keys import LOCAL

    await Audit(getattr(node, "holdings", node).store, micros).note(LOCAL, what, target, 200)


def _dated(found: dict[str, Any]) -> dict[str, Any]:
    """Times in microseconds as OCPI writes them."""
    from voltroam.wire.times import format_datetime, from_micros

    return {
        name: format_datetime(from_micros(value)) if name in _MOMENTS and value else value
        for name, value in found.items()
    }
