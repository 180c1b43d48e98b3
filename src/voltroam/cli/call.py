"""`get`, `put`, `patch`, `post`, `delete`: a signed curl to a partner's endpoint."""

import json as text
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from voltroam.cli.outcome import Exit, Stop, remark, write, write_json
from voltroam.cli.run import Json


class Interface(StrEnum):
    """The two sides of a module, as the command line takes them."""

    SENDER = "SENDER"
    RECEIVER = "RECEIVER"


Partner = Annotated[str, typer.Argument(metavar="NAME", help="The partner.")]
Path_ = Annotated[
    str,
    typer.Argument(
        metavar="PATH", help="MODULE[/segments][?query], or a whole URL of the partner."
    ),
]
Side = Annotated[
    Interface | None,
    typer.Option("--interface", help="SENDER or RECEIVER; default: the one that fits the method."),
]
Data = Annotated[
    Path | None, typer.Option("--data", "-d", help="File with the JSON body; - for stdin.")
]


def add_to(app: typer.Typer) -> None:
    for command in (get, put, patch, post, delete):
        app.command()(command)


def get(
    context: typer.Context, partner: Partner, path: Path_, interface: Side = None,
    json: Json = False,
) -> None:  # fmt: skip
    """Ask a partner's endpoint and show its `data`.

    Example: voltroam -c emsp/voltroam.toml get noda "locations?limit=2" --json
    """
    _call(context, "GET", partner, path, interface, None, json)


def put(
    context: typer.Context, partner: Partner, path: Path_, data: Data = None,
    interface: Side = None, json: Json = False,
) -> None:  # fmt: skip
    """Put an object to a partner's endpoint.

    Example: voltroam -c cpo/voltroam.toml put movia locations/NL/NOD/LOC1 --data loc1.json
    """
    _call(context, "PUT", partner, path, interface, data, json)


def patch(
    context: typer.Context, partner: Partner, path: Path_, data: Data = None,
    interface: Side = None, json: Json = False,
) -> None:  # fmt: skip
    """Patch an object at a partner's endpoint.

    Example: voltroam -c cpo/voltroam.toml patch movia locations/NL/NOD/LOC1 --data change.json
    """
    _call(context, "PATCH", partner, path, interface, data, json)


def post(
    context: typer.Context, partner: Partner, path: Path_, data: Data = None,
    interface: Side = None, json: Json = False,
) -> None:  # fmt: skip
    """Post to a partner's endpoint.

    Example: voltroam -c cpo/voltroam.toml post movia cdrs --data cdr.json
    """
    _call(context, "POST", partner, path, interface, data, json)


def delete(
    context: typer.Context, partner: Partner, path: Path_, interface: Side = None,
    json: Json = False,
) -> None:  # fmt: skip
    """Delete at a partner's endpoint.

    Example: voltroam -c cpo/voltroam.toml delete movia tariffs/NL/NOD/T1
    """
    _call(context, "DELETE", partner, path, interface, None, json)


def _call(
    context: typer.Context,
    method: str,
    partner: str,
    path: str,
    interface: Interface | None,
    data: Path | None,
    json: bool,
) -> None:
    from voltroam.cli.asking import READING, ask, written_down
    from voltroam.cli.joined import Calling, with_calling
    from voltroam.cli.noted import noted
    from voltroam.standard import endpoints
    from voltroam.wire.call import Reply

    side = endpoints.Interface(interface.value) if interface else None

    async def work(node: Calling) -> Reply:
        body = _body(data) if data else None
        if method == READING:
            platform = await node.holdings.partner(partner)
            return await ask(node, platform, method, path, interface=side, body=body)
        target = ("partners", partner, *written_down(node, method, path))
        async with noted(node.store, f"{method.lower()}_at_partner", *target):
            platform = await node.holdings.partner(partner)
            return await ask(node, platform, method, path, interface=side, body=body)

    _show(with_calling(context, work, as_json=json), json)


def _body(file: Path) -> bytes:
    try:
        body = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
        text.loads(body)
    except OSError as error:
        raise Stop(f"{file} cannot be read: {error.strerror}.", Exit.USAGE) from None
    except ValueError as error:
        raise Stop(f"{file} is not JSON: {error}.", Exit.USAGE) from None
    return body


def _show(reply: Any, json: bool) -> None:
    """`data` alone on stdout, the rest for people on stderr."""
    value: Any = None if reply.data is None else text.loads(reply.data)
    if json:
        write_json(value)
        return
    remark(f"HTTP {reply.http_status}, OCPI {reply.status_code} {reply.message or ''}".rstrip())
    for name in ("link", "x-total-count", "x-limit", "location"):
        if name in reply.headers:
            remark(f"{name}: {reply.headers[name]}")
    write(text.dumps(value, indent=2, ensure_ascii=False))
