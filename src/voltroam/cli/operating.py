"""For commands that act on a running node: its operator API, with a key that lasts a minute.

The key is made from the node's secret key, so these commands work where the settings are.
"""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import typer

from voltroam.cli.outcome import Exit, Stop
from voltroam.cli.run import guarded, settings_file, settings_of
from voltroam.holdings import micros
from voltroam.operator.client import OperatorClient, OperatorRefusal
from voltroam.operator.keys import local_key
from voltroam.roaming.vault import Vault
from voltroam.settings import Settings, read_secret_keys
from voltroam.standard.errors import Unreachable

__all__ = ["OperatorClient", "with_operator"]

T = TypeVar("T")
EVERYWHERE = frozenset({"0.0.0.0", "::"})  # noqa: S104  (what a node may listen on)


def node_url(settings: Settings) -> str:
    """Where the node of these settings answers on this machine.

    Its own address if it serves in the clear; with a certificate the name that this is for.
    """
    if settings.tls.certificate is not None:
        return settings.url
    host, port = settings.address
    host = "127.0.0.1" if host in EVERYWHERE else host
    named = f"[{host}]" if ":" in host else host
    return f"http://{named}:{port}{urlsplit(settings.url).path}"


def open_client(settings: Settings, folder: Path) -> OperatorClient:
    """Raises SettingsError without the node's secret key."""
    key = local_key(Vault(read_secret_keys(folder)), micros())
    authorities = settings.tls.authorities
    trusted = None if authorities is None else (folder / authorities).read_bytes()
    return OperatorClient(node_url(settings), key, authorities=trusted)


def with_operator(
    context: typer.Context, work: Callable[[OperatorClient], Awaitable[T]], *, as_json: bool
) -> T:
    """Ask the running node of the settings; on a fault say why and leave."""

    async def asked() -> T:
        settings = settings_of(context)
        if not settings.operator.enabled:
            raise Stop("`operator.enabled` is false in the settings of this node.", Exit.SETUP)
        async with open_client(settings, settings_file(context).parent) as client:
            try:
                return await work(client)
            except OperatorRefusal as refusal:
                raise Stop(_sentence(refusal)) from None
            except Unreachable:
                raise Stop(
                    f"The node does not answer at {node_url(settings)}: is `voltroam serve`"
                    " running?",
                    Exit.UNREACHABLE,
                ) from None

    return guarded(lambda: asyncio.run(asked()), as_json=as_json)


def _sentence(refusal: OperatorRefusal) -> str:
    details = refusal.details
    more = [f"{one.path}: {one.message}" for one in details.problems]
    said = details.detail.rstrip(".")
    if details.partner_code is not None:
        said += f" (OCPI {details.partner_code})"
    rest = [line for line in more if line not in said]
    return f"{said}." + ("" if not rest else " " + "; ".join(rest) + ".")
