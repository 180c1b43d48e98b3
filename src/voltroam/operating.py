"""The operator API beside OCPI: from a node's parts to what it is handed."""

from collections.abc import Callable
from typing import Any, Protocol

from voltroam.delivery.deliver import Delivery
from voltroam.delivery.webhooks import Webhooks
from voltroam.holdings import Holdings, micros
from voltroam.hubbing import Hubbing
from voltroam.operator.app import OperatorApp
from voltroam.operator.join import operator_app
from voltroam.operator.ports import Ports
from voltroam.packaged import Packaged
from voltroam.roaming.authorizing.authorizer import Authorizer
from voltroam.roaming.authorizing.log import AuthorizationLog
from voltroam.roaming.charging import Charging
from voltroam.roaming.commanding import Commands, Orders
from voltroam.roaming.profiling import Preferences, Profiles, Steering
from voltroam.roaming.registration import Registration
from voltroam.transport.limits import Limits


class Operated(Protocol):
    """The parts of a node that people may ask for something."""

    holdings: Holdings
    registration: Registration
    delivery: Delivery
    authorizer: Authorizer
    authorizations: AuthorizationLog
    commands: Commands
    orders: Orders
    profiles: Profiles
    steering: Steering
    preferences: Preferences
    charging: Charging
    webhooks: Webhooks
    hubbing: Hubbing | None
    packaged: Packaged


def operator_of(node: Operated) -> OperatorApp:
    """The operator API of an open node, which must not be switched off in its settings."""
    holdings = node.holdings
    settings = holdings.settings
    ports = Ports(
        store=holdings.store,
        vault=holdings.vault,
        directory=holdings.directory,
        identity=holdings.identity,
        table=holdings.table,
        registration=node.registration,
        delivery=node.delivery,
        now=micros,
        authorizer=node.authorizer,
        authorizations=node.authorizations,
        commands=node.commands,
        orders=node.orders,
        profiles=node.profiles,
        steering=node.steering,
        preferences=node.preferences,
        charging=node.charging,
        webhooks=node.webhooks,
        hub=node.hubbing.sight if node.hubbing else None,
        reconciling=node.packaged.reconciling,
        bookings=node.packaged.bookings,
        desk=node.packaged.desk,
        terminals=node.packaged.terminals,
        paying=node.packaged.paying,
    )
    return operator_app(
        ports,
        limits=Limits(body=settings.limits.body_bytes),
        rate=settings.operator.rate / settings.workers,
    )


class Beside:
    """The same for a node that opens when the server starts: give it as `beside`."""

    def __init__(self, node: Callable[[], Operated]) -> None:
        self._node = node
        self._known: tuple[Operated, OperatorApp] | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        node = self._node()
        if self._known is None or self._known[0] is not node:
            self._known = (node, operator_of(node))
        await self._known[1](scope, receive, send)
