"""From a call to its reply: who may call what, then the behaviour that the row names."""

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType

from msgspec import structs

from voltroam.bridge.passage import is_spoken_here
from voltroam.roaming.behaviours import create, delete, get, list_, patch, put
from voltroam.roaming.bridging import NotCarried, asked_in
from voltroam.roaming.platforms import Platform
from voltroam.roaming.routing import check_routing, reply_routing
from voltroam.roaming.serving import Answering, Prompt, Serving
from voltroam.roaming.versions import (
    announcement,
    is_offered,
    version_details,
    versions_list,
)
from voltroam.standard.endpoints import Behaviour
from voltroam.standard.errors import CallerError, NotFound, OcpiError, Unauthorized
from voltroam.standard.status import within
from voltroam.standard.versions import Version
from voltroam.wire.call import Call, Reply, Routing
from voltroam.wire.envelope import fault_reply

_BEHAVIOURS: Mapping[Behaviour, Callable[[Call, Platform, Serving], Awaitable[Reply]]] = {
    Behaviour.LIST: list_.answer,
    Behaviour.GET: get.answer,
    Behaviour.PUT: put.answer,
    Behaviour.PATCH: patch.answer,
    Behaviour.CREATE: create.answer,
    Behaviour.DELETE: delete.answer,
}


NO_PROMPT: Mapping[str, Prompt] = MappingProxyType({})
_Ask = tuple[str, int, str, Routing]
_KEPT = 1_000


class Dispatch:
    """Answers calls. `handlers` answer the HANDLED rows by the name that the table gives them.

    A row whose handler is not installed is not advertised and answers 404. The handlers
    `versions` and `version_details` are built in. `prompt` are the short ways of some of them.
    """

    def __init__(
        self,
        serving: Serving,
        handlers: Mapping[str, Answering],
        prompt: Mapping[str, Prompt] = NO_PROMPT,
    ) -> None:
        self._serving = serving
        self._handlers: dict[str, Answering] = {
            "versions": self._versions,
            "version_details": self._version_details,
            **handlers,
        }
        self._prompt = prompt
        self._admitted: dict[_Ask, Platform] = {}
        """Who was let in to what, as long as the platform stands as it was read."""

    async def answer(self, call: Call, caller: Platform) -> Reply:
        """Faults become replies too; only what is no OcpiError is raised."""
        try:
            reply = await self._answer(call, caller)
        except OcpiError as fault:
            reply = _refused(fault, call)
        return self._addressed(call, reply)

    def at_once(self, call: Call, caller: Platform) -> Reply | None:
        """`answer` where nothing must be waited for. None: ask it."""
        row = call.endpoint
        prompt = self._prompt.get(row.handler or "")
        if prompt is None or row.required_query or row.behaviour is not Behaviour.HANDLED:
            return None
        if self._serving.bridging is not None and not is_spoken_here(call.version):
            return None
        self._serving.directory.contact(caller.id)
        try:
            self._admit(call, caller)
            reply = prompt(call, caller)
        except OcpiError as fault:
            reply = _refused(fault, call)
        return None if reply is None else self._addressed(call, reply)

    def _addressed(self, call: Call, reply: Reply) -> Reply:
        routing = reply_routing(call, self._serving.identity)
        return reply if routing.is_silent else structs.replace(reply, routing=routing)

    def announcement(self, platform: Platform, version: Version) -> str:
        """A digest of what we tell this partner of ourselves (CORE-VER-20).

        The life of the database is part of it: after a restore what we list may be older than what
        the partner holds, so it is told, and reads our lists anew.
        """
        serving = self._serving
        told = announcement(
            version, serving.router, serving.identity, self._handlers.keys(), platform
        )
        return f"{told}:{serving.store.epoch}"

    async def _answer(self, call: Call, caller: Platform) -> Reply:
        row = call.endpoint
        self._serving.directory.contact(caller.id)
        self._admit(call, caller)
        for name in row.required_query:
            if name not in call.query:
                raise CallerError(f"query parameter {name} is required")
        sifted = bool(row.sifts) and any(name in call.query for name in row.sifts)
        if row.behaviour is Behaviour.HANDLED or sifted:
            return await self._handled(call, caller)
        reply = await _BEHAVIOURS[row.behaviour](call, caller, self._serving)
        if self._serving.bridging is not None and not is_spoken_here(call.version):
            await self._serving.bridging.keep(caller)
        return reply

    async def _handled(self, call: Call, caller: Platform) -> Reply:
        """A handler reads and writes the house's own version."""
        row, bridging = call.endpoint, self._serving.bridging
        answer = self._handlers[row.handler or ""]
        if bridging is None or row.interface is None or is_spoken_here(call.version):
            return await answer(call, caller)
        asked = call
        if call.body is not None and row.takes is not None:
            try:
                body = await bridging.asked(row.takes.__name__, call.body, call.version, caller)
            except NotCarried as fault:
                raise CallerError(fault.message) from None
            asked = structs.replace(call, body=body)
        reply = await answer(asked, caller)
        if reply.data is None or row.gives is None:
            return reply
        data = await bridging.told(
            row.gives.__name__, reply.data, call.version, caller, token=asked_in(call)
        )
        return structs.replace(reply, data=data)

    def _admit(self, call: Call, caller: Platform) -> None:
        """Raises Unauthorized, NotFound, CallerError. Rows live for ever, so ids are cheap keys."""
        row = call.endpoint
        ask = (caller.id, id(row), call.version.number, call.routing)
        if self._admitted.get(ask) is caller:
            return
        if row.interface is not None and not caller.is_registered:
            raise Unauthorized("Register first: this token opens versions and credentials only")
        if not is_offered(row, self._serving.identity, self._handlers.keys(), caller):
            raise NotFound("No such path")
        check_routing(call, caller, self._serving.identity)
        if len(self._admitted) >= _KEPT:
            self._admitted.clear()
        self._admitted[ask] = caller

    async def _versions(self, call: Call, caller: Platform) -> Reply:
        serving = self._serving
        tree = call.tree or caller.tree
        return Reply(data=versions_list(serving.router, serving.identity, tree))

    async def _version_details(self, call: Call, caller: Platform) -> Reply:
        serving = self._serving
        return Reply(
            data=version_details(
                call.version,
                serving.router,
                serving.identity,
                self._handlers.keys(),
                caller,
                tree=call.tree,
            )
        )


def _refused(fault: OcpiError, call: Call) -> Reply:
    reply = fault_reply(fault)
    return structs.replace(reply, status_code=within(reply.status_code, call.version.statuses))
