"""Who asks about tokens of ours, and whether it has any business with them."""

from collections.abc import Sequence
from typing import NamedTuple

from voltroam.roaming.audience import visible
from voltroam.roaming.platforms import Identity, Platform
from voltroam.standard.endpoints import CPO, TOKEN
from voltroam.standard.parties import PartyId
from voltroam.standard.v2_2_1 import Role
from voltroam.wire.call import Routing

_KEPT = 1_000


class Asker(NamedTuple):
    """The platform (`""`: this node), the party that it speaks for, and all that it may be."""

    partner: str
    party: PartyId
    operators: Sequence[PartyId]


class Askers:
    """Tells them, and remembers it as long as the platform stands as it was read."""

    def __init__(self, identity: Identity) -> None:
        self._identity = identity
        self._known: dict[tuple[str, Routing], tuple[Platform, Asker | None]] = {}

    def of(self, caller: Platform, routing: Routing) -> Asker | None:
        """None: it plays no operator, or names a party of ours that has no tokens."""
        key = (caller.id, routing)
        known = self._known.get(key)
        if known is not None and known[0] is caller:
            return known[1]
        asker = self._find(caller, routing)
        if len(self._known) >= _KEPT:
            self._known.clear()
        self._known[key] = (caller, asker)
        return asker

    def _find(self, caller: Platform, routing: Routing) -> Asker | None:
        if not visible(caller, self._identity, TOKEN, routing.to):
            return None
        if routing.sender is not None:
            return Asker(caller.id, routing.sender, (routing.sender,))
        operators = caller.parties(Role.CPO) or caller.parties(*CPO)
        return Asker(caller.id, operators[0], operators)
