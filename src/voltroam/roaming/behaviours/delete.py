"""DELETE ends an object; a later GET does not find it (OCPI 2.2.1 §mod_tariffs, DELETE)."""

from voltroam.roaming.accept import remove
from voltroam.roaming.keys import path_ids
from voltroam.roaming.platforms import Platform
from voltroam.roaming.serving import Serving, owner_of, resource_of
from voltroam.wire.call import Call, Reply


async def answer(call: Call, caller: Platform, serving: Serving) -> Reply:
    """404 for what is absent, deleted already, or not the caller's."""
    ids = path_ids(call.endpoint, call.keys, call.query)
    change = remove(
        resource_of(call),
        owner_of(call),
        ids,
        version=call.version,
        source=caller,
        identity=serving.identity,
        flow=(await serving.writer(call, caller)).flow,
        key=await serving.key(call, caller, owner_of(call)),
    )
    await serving.store.apply(change)
    return Reply()
