"""POST creates an object; its owner stands in the body, or is who posts it
(OCPI 2.2.1 §mod_cdrs, POST)."""

import msgspec

from voltroam.roaming.accept import accept
from voltroam.roaming.keys import OWNER_SEGMENTS
from voltroam.roaming.platforms import Platform
from voltroam.roaming.serving import Serving, resource_of
from voltroam.roaming.weigh import Outcome
from voltroam.standard.endpoints import Resource
from voltroam.standard.errors import InvalidBody
from voltroam.wire.call import Call, Reply
from voltroam.wire.routes import join


async def answer(call: Call, caller: Platform, serving: Serving) -> Reply:
    """The Location header names the object's URL with us, on an identical repeat the same one."""
    if call.body is None:
        raise InvalidBody("A JSON body is needed")
    resource = resource_of(call)
    writer = await serving.writer(call, caller)
    change = accept(
        resource, call.body, version=call.version, source=caller, identity=serving.identity,
        strict=writer.strict, flow=writer.flow, inward=writer.inward,
    )  # fmt: skip
    accepted = await serving.store.apply(change)
    if accepted.refusal is not None:
        raise accepted.refusal
    return Reply(
        http_status=201 if accepted.outcome is Outcome.CREATED else 200,
        headers={"location": _location(call, serving, resource, accepted.document)},
    )


def _location(call: Call, serving: Serving, resource: Resource, document: bytes) -> str:
    """Identifiers as the stored document spells them, so that a repeat gets the same URL."""
    row = call.endpoint
    url = serving.router.endpoint_url(call.version, row.module, row.interface)
    members = msgspec.json.decode(document)
    ids = iter(resource.key)
    # its own row to read it back: owner members by name, all other keys in the order of the table
    back = next(
        one
        for one in serving.table.at(call.version)
        if one.resource is resource
        and one.interface is row.interface
        and one.method == "GET"
        and one.part is None
    )
    return join(
        url,
        (
            str(members[segment[1:-1] if segment[1:-1] in OWNER_SEGMENTS else next(ids)])
            if segment.startswith("{")
            else segment
            for segment in back.segments
        ),
    )
