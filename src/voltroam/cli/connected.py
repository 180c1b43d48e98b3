"""For commands of a hub: what an operator sees of it, by the database alone."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import typer

from voltroam.cli.held import Holdings, with_holdings
from voltroam.cli.outcome import Exit, Stop
from voltroam.delivery.hub_sight import HubSight
from voltroam.knobs import read_knobs
from voltroam.roaming.hub.knobs import HubKnobs
from voltroam.roaming.later import Later
from voltroam.seeing import sight_of
from voltroam.standard.parties import PartyId

__all__ = ["Holdings", "HubSight", "party", "with_hub"]

T = TypeVar("T")


def with_hub(
    context: typer.Context, work: Callable[[HubSight, Holdings], Awaitable[T]], *, as_json: bool
) -> T:
    """Open what the hub of the settings holds; on a fault say why and leave."""

    async def opened(holdings: Holdings) -> T:
        if not holdings.identity.is_hub:
            raise Stop(
                "This node is no hub: none of its `parties` has the role HUB, and only a hub keeps"
                " agreements, routes and a trace.",
                Exit.SETUP,
            )
        knobs = read_knobs("hub", holdings.settings.hub, HubKnobs)
        later = Later(holdings.store)
        try:
            return await work(sight_of(holdings, knobs, later), holdings)
        finally:
            await later.close()

    return with_holdings(context, opened, as_json=as_json)


def party(text: str) -> PartyId:
    country, slash, code = text.partition("/")
    if not slash or len(country) != 2 or len(code) != 3:
        raise Stop(f"`{text}` is no party: write CC/PID, for example NL/ABC.", Exit.USAGE)
    return PartyId(country, code)
