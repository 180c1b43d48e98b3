"""How an object is taken back from a partner that may no longer see it, in the way of its kind."""

import msgspec

from voltroam.standard.endpoints import Audience, Removal, Resource

_MEMBERS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ITEMS = msgspec.json.Decoder(list[dict[str, msgspec.Raw]])
_FALSE = msgspec.Raw(b"false")
_TRUE = msgspec.Raw(b"true")
_REMOVED = msgspec.Raw(b'"REMOVED"')
_SUSPENDED = msgspec.Raw(b'"SUSPENDED"')


def withdrawn(resource: Resource, document: bytes) -> bytes | None:
    """The last document that a partner gets; None where nothing takes the object back.

    A location is unpublished and all its EVSEs are REMOVED, a token becomes invalid
    (OCPI 2.2.1 §mod_locations, §mod_tokens: never deleted), a party of a hub that one may no longer
    deal with is SUSPENDED (§mod_hub_client_info). `last_updated` stays: should the
    partner see the object again, its unchanged document must not be older than this one.
    """
    if resource.removal is Removal.INVALID:
        return _with(document, valid=_FALSE)
    if resource.audience is Audience.NOBODY:
        return _with(document, status=_SUSPENDED)
    if resource.removal is not Removal.STATUS:
        return None
    members = _MEMBERS.decode(document)
    members["publish"] = _FALSE
    members.pop("publish_allowed_to", None)
    for part in resource.parts[:1]:
        if part.member in members:
            items = _ITEMS.decode(members[part.member])
            for item in items:
                item["status"] = _REMOVED
            members[part.member] = msgspec.Raw(msgspec.json.encode(items))
    return msgspec.json.encode(members)


def published(document: bytes, *, shown: bool) -> bytes:
    """The same, with its mark of being published set so, where it has one."""
    if "publish" not in _MEMBERS.decode(document):
        return document
    return _with(document, publish=_TRUE if shown else _FALSE)


def _with(document: bytes, **changes: msgspec.Raw) -> bytes:
    members = _MEMBERS.decode(document)
    members.update(changes)
    return msgspec.json.encode(members)
