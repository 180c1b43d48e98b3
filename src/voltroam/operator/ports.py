"""What the operator API is handed: the parts of a node, some of which a node may not have."""

from collections.abc import Callable
from dataclasses import dataclass

from voltroam.delivery.deliver import Delivery
from voltroam.delivery.hub_sight import HubSight
from voltroam.delivery.webhooks import Webhooks
from voltroam.operator.masks import fingerprint
from voltroam.roaming.authorizing.authorizer import Authorizer
from voltroam.roaming.authorizing.log import AuthorizationLog
from voltroam.roaming.booking import Bookings, Desk
from voltroam.roaming.charging import Charging
from voltroam.roaming.commanding import Commands, Orders
from voltroam.roaming.directory import Directory
from voltroam.roaming.paying import Paying, Terminals
from voltroam.roaming.platforms import Identity
from voltroam.roaming.profiling import Preferences, Profiles, Steering
from voltroam.roaming.reconciling import Reconciling
from voltroam.roaming.registration import Registration
from voltroam.roaming.vault import Vault
from voltroam.standard.endpoints import Table
from voltroam.store.interface import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """What is None is neither served nor documented."""

    store: Store
    vault: Vault
    directory: Directory
    identity: Identity
    table: Table
    registration: Registration
    delivery: Delivery
    now: Callable[[], int]
    """Microseconds since 1970 UTC."""
    authorizer: Authorizer | None = None
    authorizations: AuthorizationLog | None = None
    commands: Commands | None = None
    orders: Orders | None = None
    profiles: Profiles | None = None
    steering: Steering | None = None
    preferences: Preferences | None = None
    charging: Charging | None = None
    webhooks: Webhooks | None = None
    hub: HubSight | None = None
    reconciling: Reconciling | None = None
    bookings: Bookings | None = None
    desk: Desk | None = None
    terminals: Terminals | None = None
    paying: Paying | None = None

    def fingerprint(self, secret: str) -> str:
        """See `masks.fingerprint`."""
        return fingerprint(self.vault, secret)
