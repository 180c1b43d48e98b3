"""PATCH changes the members it names and leaves all others (OCPI 2.2.1 §transport, PATCH)."""

from voltroam.roaming import amend
from voltroam.roaming.keys import part_ids, path_ids
from voltroam.roaming.platforms import Platform
from voltroam.roaming.serving import Serving, owner_of, resource_of
from voltroam.standard.errors import InvalidBody
from voltroam.wire.call import Call, Reply


async def answer(call: Call, caller: Platform, serving: Serving) -> Reply:
    """1000 for an older one too: ours is kept."""
    if call.body is None:
        raise InvalidBody("A JSON body is needed")
    change = amend.patch(
        resource_of(call),
        owner_of(call),
        path_ids(call.endpoint, call.keys, call.query),
        part_ids(call.endpoint, call.keys),
        call.body,
        writer=await serving.writer(call, caller),
        key=await serving.key(call, caller, owner_of(call)),
    )
    await serving.store.apply(change)
    return Reply()
