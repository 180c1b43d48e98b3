"""The routing headers of a direct link (OCPI 2.2.1 §transport, message routing)."""

from voltroam.roaming.platforms import Identity, Platform
from voltroam.standard.errors import CallerError
from voltroam.wire.call import Call, Routing

_NOBODY = Routing()


def check_routing(call: Call, caller: Platform, identity: Identity) -> None:
    """2001 for a sender that the token does not hold, or a receiver that is not ours.

    A hub speaks for the parties behind it, never for us. Configuration modules are not routed.
    """
    if not _routed(call):
        return
    sender, to = call.routing.sender, call.routing.to
    if sender is not None and not _may_speak(caller, sender.folded, identity):
        raise CallerError(f"OCPI-from: {sender} is not a party of yours")
    if to is not None and not identity.holds(to):
        raise CallerError(f"OCPI-to: {to} is not a party of ours")


def reply_routing(call: Call, identity: Identity) -> Routing:
    """To the requester, from the party that answers; nothing if the request named nobody."""
    if call.routing.is_silent or not _routed(call):
        return _NOBODY
    answering = call.routing.to
    if answering is None:
        ours = identity.parties()
        answering = ours[0] if ours else None
    return Routing(to=call.routing.sender, sender=answering)


def _routed(call: Call) -> bool:
    return call.endpoint.module.functional and call.version.routing_headers


def _may_speak(caller: Platform, folded: str, identity: Identity) -> bool:
    if any(party.folded == folded for party in caller.parties()):
        return True
    return caller.is_hub and all(party.folded != folded for party in identity.parties())
