"""What a hub does with a call: one pure decision, the first row that fits (§transport, routing).

`Row` numbers the decision table; each decision says which row it followed and why, for the trace.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from voltroam.roaming.hub.seats import Seat, World, sides
from voltroam.roaming.platforms import Status
from voltroam.standard.endpoints import Behaviour, Endpoint, Interface
from voltroam.standard.parties import PartyId
from voltroam.standard.status import StatusCode
from voltroam.standard.v2_2_1 import Role
from voltroam.wire.call import Routing

_NOBODY = Routing()
MOST_NAMED = 5
"""Of several parties that a call may be meant for."""


class Row(StrEnum):
    """The rows of the decision table that a call with a valid token can meet."""

    CONFIGURATION = "2"
    SENDER = "3"
    GET_ALL = "4"
    NOT_FROM_HUB = "5"
    BROADCAST = "6"
    PRIVATE = "7"
    OPEN_LIST = "8"
    OPEN = "9"
    OPEN_NOT_FOUND = "10"
    UNKNOWN = "11"
    NOT_CONNECTED = "12"
    NO_ENDPOINT = "13"
    FORWARD = "14"


@dataclass(frozen=True, slots=True)
class Asked:
    """The facts of one call that routing depends on.

    `found` are the parties that the routing index, or the body, names for a call without receiver.
    `way` is the platform of a URL that the hub gave out for it: the call goes there, to exactly
    that URL, and so needs no endpoint.
    """

    platform: str
    endpoint: Endpoint
    routing: Routing = _NOBODY
    from_hub: bool = False
    """The caller is a hub itself and speaks for the parties behind it."""
    found: Sequence[PartyId] = ()
    way: str | None = None
    unrouted: bool = False
    """Its version has no routing headers: all that the hub connects is the hub's own to it."""


class Why(NamedTuple):
    """Which row of the table a forward follows, and what led to it."""

    row: Row
    reason: str


@dataclass(frozen=True, slots=True)
class Local:
    """The hub answers for itself."""

    row: Row
    reason: str


@dataclass(frozen=True, slots=True)
class Forward:
    """To one party; the reply is the receiver's."""

    row: Row
    reason: str
    sender: Seat
    receiver: Seat


@dataclass(frozen=True, slots=True)
class Broadcast:
    """Kept, acknowledged, and delivered to all who may have it."""

    row: Row
    reason: str
    sender: Seat


@dataclass(frozen=True, slots=True)
class GetAll:
    """A list of what all parties gave, from the hub's own store."""

    row: Row
    reason: str
    sender: Seat


@dataclass(frozen=True, slots=True)
class Refuse:
    """An OCPI code; `ask` means that a hub further on may know the party."""

    row: Row
    reason: str
    code: int
    ask: bool = False
    lacking: str | None = None
    """The platform that has no such endpoint."""


Decision = Local | Forward | Broadcast | GetAll | Refuse


def route(asked: Asked, world: World) -> Decision:
    """Decide on one call of a platform whose token is good."""
    row = asked.endpoint
    if not row.module.functional or row.interface is None:
        return Local(Row.CONFIGURATION, f"{row.module.name} is the hub's own")
    sender = _sender(asked, world, row.interface)
    if isinstance(sender, Refuse):
        return sender
    to = asked.routing.to
    if to is not None and to.same(world.hub):
        return _to_hub(row, sender)
    if to is None:
        return _open(asked, world, sender)
    return _to_party(asked, world, sender, to, Why(Row.FORWARD, "it is named as the receiver"))


def _sender(asked: Asked, world: World, interface: Interface) -> Seat | Refuse:
    """Who asks, in the role that it asks in. A party alone on its platform need not be named."""
    named = asked.routing.sender
    seats = world.at(asked.platform)
    if named is None:
        parties = {seat.party.folded for seat in seats}
        if asked.from_hub or len(parties) != 1:
            return Refuse(
                Row.SENDER, "OCPI-from names nobody, and the platform is not one party alone",
                StatusCode.INVALID_PARAMETERS,
            )  # fmt: skip
    own = [seat for seat in seats if named is None or seat.party.same(named)]
    if not own and asked.from_hub and named is not None and not world.of(named):
        # A hub without hubclientinfo is believed about parties that nobody else holds.
        return Seat(
            named, _asking_role(asked), asked.platform, Status.CONNECTED, frozenset(), world.hub
        )
    if not own:
        # A hub that speaks for a party of ours has most likely sent our own call back to us.
        code = StatusCode.HUB_ERROR if asked.from_hub else StatusCode.INVALID_PARAMETERS
        return Refuse(Row.SENDER, f"OCPI-from: {named} is not a party of the caller", code)
    asking = _other(interface)
    return next((seat for seat in own if seat.plays(asked.endpoint.module, asking)), own[0])


def _to_hub(row: Endpoint, sender: Seat) -> Decision:
    if row.method == "GET":
        if row.behaviour is Behaviour.LIST:
            return GetAll(Row.GET_ALL, "the hub itself is asked for a list", sender)
        return Refuse(
            Row.NOT_FROM_HUB, "a hub gives lists only: name the party whose object it is",
            StatusCode.HUB_ERROR,
        )  # fmt: skip
    if row.broadcast:
        return Broadcast(Row.BROADCAST, "the hub itself is the receiver", sender)
    return Refuse(
        Row.PRIVATE, f"{row.module.name} are never broadcast: name the receiving party",
        StatusCode.HUB_ERROR,
    )  # fmt: skip


def _open(asked: Asked, world: World, sender: Seat) -> Decision:
    row = asked.endpoint
    if row.behaviour is Behaviour.LIST:
        if asked.unrouted:
            return GetAll(Row.GET_ALL, "without routing headers a list is one of all", sender)
        return Refuse(
            Row.OPEN_LIST, "a list needs a receiver: a party, or the hub for all of them",
            StatusCode.UNKNOWN_RECEIVER,
        )  # fmt: skip
    found = asked.found if len(asked.found) == 1 else _fitting(asked, world, sender)
    if len(found) == 1:
        return _to_party(asked, world, sender, found[0], Why(Row.OPEN, "open routing found it"))
    if found:
        names = ", ".join(str(party) for party in found[:MOST_NAMED])
        return Refuse(
            Row.OPEN_NOT_FOUND,
            f"more than one party may be meant: name the receiver ({names}"
            f"{', …' if len(found) > MOST_NAMED else ''})",
            StatusCode.UNKNOWN_RECEIVER,
        )
    return _nobody(asked, sender)


def _nobody(asked: Asked, sender: Seat) -> Decision:
    """No receiver can be told from the call."""
    row = asked.endpoint
    if row.broadcast:
        return Broadcast(Row.OPEN_NOT_FOUND, "no receiver is named and none can be found", sender)
    if asked.unrouted and row.owner_in_path and row.behaviour is Behaviour.GET:
        return Local(Row.OPEN_NOT_FOUND, "it reads back what it gave to the hub")
    return Refuse(
        Row.OPEN_NOT_FOUND, "no receiver is named and none can be found",
        StatusCode.UNKNOWN_RECEIVER,
    )  # fmt: skip


def _fitting(asked: Asked, world: World, sender: Seat) -> Sequence[PartyId]:
    """Of several parties, those that the sender may deal with and that play the side."""
    row = asked.endpoint
    side = row.interface or Interface.SENDER
    return [
        party
        for party in asked.found
        if any(
            world.allowed(sender, seat, row.module.name)
            for seat in world.playing(party, row.module, side)
        )
    ]


def _to_party(asked: Asked, world: World, sender: Seat, to: PartyId, why: Why) -> Decision:
    module, interface = asked.endpoint.module, asked.endpoint.interface or Interface.SENDER
    known = [
        seat
        for seat in world.of(to)
        if not (asked.from_hub and _back(seat, asked)) and asked.way in (None, seat.platform)
    ]
    met = [seat for seat in known if world.allowed(sender, seat, module.name)]
    if not met:
        # A party that the sender may not deal with is as unknown to it as one that is not there.
        return Refuse(
            Row.UNKNOWN, f"{to} is not known here", StatusCode.UNKNOWN_RECEIVER,
            ask=not known and asked.way is None,
        )  # fmt: skip
    fitting = [seat for seat in met if seat.plays(module, interface)]
    if not fitting:
        return Refuse(
            Row.NO_ENDPOINT, f"{to} has no role for the {interface} side of {module.name}",
            StatusCode.HUB_ERROR,
        )  # fmt: skip
    return _reached(fitting, asked, sender, why)


def _reached(seats: list[Seat], asked: Asked, sender: Seat, why: Why) -> Decision:
    """The first seat that is connected and has the endpoint; else what the first one lacks."""
    module, interface = asked.endpoint.module, asked.endpoint.interface or Interface.SENDER
    offering = [
        seat for seat in seats if asked.way is not None or (module.name, interface) in seat.offers
    ]
    for seat in offering:
        if seat.is_connected:
            return Forward(why.row, f"{seat.party} as {seat.role}: {why.reason}", sender, seat)
    there = any(seat.is_connected for seat in seats)
    away = next((seat for seat in (offering or seats) if not seat.is_connected), None)
    if away is not None and (offering or not there):
        return Refuse(
            Row.NOT_CONNECTED, f"{away.party} is {away.status}", StatusCode.CONNECTION_PROBLEM
        )
    return Refuse(
        Row.NO_ENDPOINT, f"{seats[0].party} has no {module.name} {interface} endpoint",
        StatusCode.HUB_ERROR, lacking=seats[0].platform,
    )  # fmt: skip


def _back(seat: Seat, asked: Asked) -> bool:
    """Where the call came from: two hubs that each take the other for the way would never end."""
    return seat.platform == asked.platform


def _other(interface: Interface) -> Interface:
    return Interface.RECEIVER if interface is Interface.SENDER else Interface.SENDER


def _asking_role(asked: Asked) -> Role:
    """A role that plays the asking side, for a party of which only the name is known."""
    interface = asked.endpoint.interface or Interface.SENDER
    module = asked.endpoint.module
    return min(sides(module, _other(interface)))
