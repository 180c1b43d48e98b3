"""PUT creates or replaces, the whole object or a part of it (OCPI 2.2.1 §transport, PUT)."""

from voltroam.roaming.accept import accept
from voltroam.roaming.amend import put_nested
from voltroam.roaming.keys import part_ids, path_ids
from voltroam.roaming.platforms import Platform
from voltroam.roaming.serving import Serving, owner_of, resource_of
from voltroam.roaming.weigh import Outcome
from voltroam.standard.errors import InvalidBody
from voltroam.wire.call import Call, Reply


async def answer(call: Call, caller: Platform, serving: Serving) -> Reply:
    """HTTP 201 for a new object, 200 for a known one, an older or unchanged one included."""
    if call.body is None:
        raise InvalidBody("A JSON body is needed")
    resource, owner = resource_of(call), owner_of(call)
    ids = path_ids(call.endpoint, call.keys, call.query)
    below = part_ids(call.endpoint, call.keys)
    writer = await serving.writer(call, caller)
    if below:
        key = await serving.key(call, caller, owner)
        change = put_nested(resource, owner, ids, below, call.body, writer=writer, key=key)
    else:
        change = accept(
            resource, call.body, version=call.version, source=caller, identity=serving.identity,
            strict=writer.strict, owner=owner, ids=ids, flow=writer.flow, inward=writer.inward,
            pieces=serving.pieces,
        )  # fmt: skip
    accepted = await serving.store.apply(change)
    if accepted.refusal is not None:
        raise accepted.refusal
    return Reply(http_status=201 if accepted.outcome is Outcome.CREATED else 200)
