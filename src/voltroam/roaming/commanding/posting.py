"""Posting results to the URLs that partners gave us: once each, whatever comes of it."""

from voltroam.roaming.callbacks import post_result, row_of
from voltroam.roaming.commanding.certainty import is_certain
from voltroam.roaming.commanding.log import log
from voltroam.roaming.commanding.order import OrderEntry, OrderState
from voltroam.roaming.directory import Directory
from voltroam.roaming.exchange import Exchange, version_of
from voltroam.standard.endpoints import Table
from voltroam.standard.errors import PartnerError
from voltroam.standard.v2_2_1 import CommandResult
from voltroam.wire.call import Routing
from voltroam.wire.encode import encode


class Posting:
    """To exactly the response_url, with credentials and routing (CMD-RSP-06, CMD-RSP-07)."""

    def __init__(self, directory: Directory, exchange: Exchange, table: Table) -> None:
        self._directory = directory
        self._exchange = exchange
        self._table = table

    async def post(self, entry: OrderEntry, result: CommandResult) -> tuple[OrderState, str | None]:
        """What became of it: SENT, REFUSED or UNCERTAIN, and why."""
        platform = await self._directory.platform(entry.platform)
        if platform is None or not platform.is_registered:
            return OrderState.REFUSED, "the partner is not registered any more"
        try:
            await post_result(
                self._exchange,
                platform,
                row_of(self._table, version_of(platform), "command_result"),
                entry.response_url,
                encode(result),
                routing=Routing(to=entry.asked_by, sender=entry.operator),
                correlation_id=entry.correlation_id,
            )
        except PartnerError as fault:
            certain = is_certain(fault)
            log.warning(
                "command result did not arrive",
                order=entry.id,
                partner=platform.name,
                fault=type(fault).__name__,
                certain=certain,
            )
            return OrderState.REFUSED if certain else OrderState.UNCERTAIN, fault.message
        return OrderState.SENT, None
