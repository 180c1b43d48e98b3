"""One object, or a part of one: ours on the SENDER side, the caller's own on the RECEIVER side."""

from voltroam.roaming.keys import part_ids, path_ids
from voltroam.roaming.platforms import Platform
from voltroam.roaming.serving import Serving, owner_of, readable, resource_of
from voltroam.standard.endpoints import Interface
from voltroam.standard.errors import NotFound
from voltroam.store.interface import ObjectRow
from voltroam.wire.call import Call, Reply
from voltroam.wire.parts import get_part

_ABSENT = "No such object"


async def answer(call: Call, caller: Platform, serving: Serving) -> Reply:
    """404 alike for what is absent and what is not the caller's to see."""
    ours = not call.endpoint.owner_in_path and call.endpoint.interface is not Interface.RECEIVER
    look = _own if ours else _held if call.endpoint.owner_in_path else _given
    row = await look(call, caller, serving)
    if row is None:
        raise NotFound(_ABSENT)
    shown = await serving.shown(call, caller, [row.document], [row.sidecar], masked=ours)
    if not shown:
        raise NotFound(_ABSENT)
    document = shown[0]
    below = part_ids(call.endpoint, call.keys)
    if not below:
        return Reply(data=document)
    parts = resource_of(call).parts[: len(below)]
    part = get_part(document, parts, below, folded=call.version.folded_ids)
    if part is None:
        raise NotFound(_ABSENT)
    return Reply(data=part)


async def _own(call: Call, caller: Platform, serving: Serving) -> ObjectRow | None:
    """The path names no owner: the first of our parties that has it and shows it to the caller."""
    resource = resource_of(call)
    audiences = await serving.sees(call, caller, resource)
    if not audiences:
        return None
    for owner in serving.identity.parties(*resource.owner_roles):
        row = await serving.store.get(await serving.key(call, caller, owner))
        if row is not None and not row.deleted and row.audience in audiences:
            return row
    return None


async def _given(call: Call, caller: Platform, serving: Serving) -> ObjectRow | None:
    """The path names no owner on the RECEIVER side: what one of the caller's parties gave us."""
    resource = resource_of(call)
    for owner in caller.parties(*resource.owner_roles):
        row = await serving.store.get(await serving.key(call, caller, owner))
        if readable(row, caller, resource, owner):
            return row
    return None


async def _held(call: Call, caller: Platform, serving: Serving) -> ObjectRow | None:
    resource, owner = resource_of(call), owner_of(call)
    ids = path_ids(call.endpoint, call.keys, call.query)
    if any(member not in ids and member not in resource.key_defaults for member in resource.key):
        return await _latest(call, caller, serving)
    row = await serving.store.get(await serving.key(call, caller, owner))
    return row if readable(row, caller, resource, owner) else None


async def _latest(call: Call, caller: Platform, serving: Serving) -> ObjectRow | None:
    """The path leaves a key member open (hub client info lacks the role): the newest one counts."""
    resource, owner = resource_of(call), owner_of(call)
    found: ObjectRow | None = None
    async for row in serving.store.scan(resource.kind, owner=owner.folded):
        newer = found is None or row.last_updated > found.last_updated
        if newer and readable(row, caller, resource, owner):
            found = row
    return found
