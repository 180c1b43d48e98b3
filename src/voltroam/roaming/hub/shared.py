"""What a hub answers itself: broadcasts, which it keeps for the lanes, and lists of all.

The hub thanks the sender at once; who receives a copy, and when, is no part of the answer
(OCPI 2.2.1 §transport, broadcast push). A list of all is a page of what all gave.
"""

from collections.abc import Awaitable, Callable, Mapping

from msgspec import structs

from voltroam.bridge.passage import is_spoken_here
from voltroam.roaming.behaviours import delete, list_, patch, put
from voltroam.roaming.hub.seats import Seat
from voltroam.roaming.hub.sharing import Sharings
from voltroam.roaming.platforms import Platform
from voltroam.roaming.serving import Serving, Sights
from voltroam.standard.endpoints import Behaviour, Resource
from voltroam.standard.errors import NotFound
from voltroam.wire.call import Call, Reply, Routing

_TAKEN: Mapping[Behaviour, Callable[[Call, Platform, Serving], Awaitable[Reply]]] = {
    Behaviour.PUT: put.answer,
    Behaviour.PATCH: patch.answer,
    Behaviour.DELETE: delete.answer,
}


Pushed = Callable[[str, str], None]
"""Told that a platform pushed objects of a kind."""


class Shared:
    """Answers in the hub's name. `serving` is that of the node, with `sights` of `Sharings`."""

    def __init__(self, serving: Serving, pushed: Pushed = lambda _platform_id, _kind: None) -> None:
        self._serving = serving
        self._pushed = pushed

    async def broadcast(self, call: Call, caller: Platform, sender: Seat) -> Reply:
        """Kept when this returns. NotFound for what is not the sender's; 2001 as for any push."""
        take = _TAKEN.get(call.endpoint.behaviour)
        if take is None:
            raise NotFound("No such path")
        reply = await take(call, caller, self._serving)
        bridging = self._serving.bridging
        if bridging is not None and not is_spoken_here(call.version):
            await bridging.keep(caller)
        if call.endpoint.resource is not None:
            self._pushed(caller.id, call.endpoint.resource.kind)
        return self._from_hub(call, sender, reply)

    async def get_all(self, call: Call, caller: Platform, sender: Seat) -> Reply:
        """One page of what the asking party may see."""
        return self._from_hub(call, sender, await list_.answer(call, caller, self._serving))

    async def position(self, call: Call, caller: Platform) -> int | None:
        """Where in the feed the object of a broadcast stands now."""
        resource, owner = call.endpoint.resource, call.owner
        if resource is None or owner is None:
            return None
        row = await self._serving.store.get(await self._serving.key(call, caller, owner))
        return None if row is None else row.changed

    def _from_hub(self, call: Call, sender: Seat, reply: Reply) -> Reply:
        hub = self._serving.identity.parties()[0]
        return structs.replace(reply, routing=Routing(call.routing.sender or sender.party, hub))


def sights(sharings: Sharings) -> Sights:
    """For `Serving.sights`: by the party that asks; what is not routed, by platform."""

    async def seen(call: Call, caller: Platform, resource: Resource) -> tuple[str, ...]:
        sharing = await sharings.now()
        party = call.routing.sender if call.endpoint.module.functional else None
        return sharing.classes(caller.id, resource, party)

    return seen
