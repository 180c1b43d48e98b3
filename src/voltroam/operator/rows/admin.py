"""Rows about the API itself and the node: keys, the audit, events."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from voltroam.operator.operation import Listed, Moment, Operation, Page, Scope
from voltroam.operator.rows.objects import Party


class NewKey(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`parties` limits it: all else is as if it were not there."""

    name: Annotated[str, Meta(min_length=1, max_length=100)]
    scope: Scope = Scope.READ
    parties: list[Party] = []
    expires: Moment | None = None


class KeyFacts(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    scope: Scope
    parties: list[str]
    created: Moment
    expires: Moment | None
    last_used: Moment | None
    """To the minute."""


class KeyMade(KeyFacts, frozen=True, kw_only=True):
    """The secret is shown only now."""

    secret: str

    def __repr__(self) -> str:
        return f"KeyMade(name={self.name!r}, secret=…)"


class AuditLine(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody's act. `status`: the HTTP status of its answer, 2xx: it was done."""

    id: str
    at: Moment
    who: str
    scope: str
    what: str
    target: str
    status: int


class EventsQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`after`: the sequence number of the last event seen."""

    after: Annotated[int, Meta(ge=0, le=2**62)] = 0
    limit: Annotated[int, Meta(ge=1, le=1000)] = 100


class Event(msgspec.Struct, frozen=True, kw_only=True):
    sequence: int
    at: Moment
    type: str
    key: str
    document: Any


class Events(msgspec.Struct, frozen=True, kw_only=True):
    """`oldest`: what came before it is purged; start anew where `after` is older."""

    items: list[Event]
    oldest: int


def _admin(
    name: str, method: str, path: str, summary: str, gives: Any, *, tag: str = "keys",
    scope: Scope = Scope.ADMIN, **more: Any,
) -> Operation[Any]:  # fmt: skip
    return Operation(
        name=name, method=method, path=path, tag=tag, summary=summary, scope=scope,
        gives=gives, **more,
    )  # fmt: skip


LIST_KEYS: Operation[Page[KeyFacts]] = _admin(
    "list_keys", "GET", "/keys", "All keys of this API, without their secrets.", Page[KeyFacts]
)
CREATE_KEY: Operation[KeyMade] = _admin(
    "create_key", "POST", "/keys", "Make a key.", KeyMade, takes=NewKey, status=201,
    conflicts="There is a key of that name",
)  # fmt: skip
REVOKE_KEY: Operation[None] = _admin("revoke_key", "DELETE", "/keys/{name}", "End a key.", None)
LIST_AUDIT: Operation[Page[AuditLine]] = _admin(
    "list_audit", "GET", "/audit", "Who did what, newest first.", Page[AuditLine], tag="audit",
    query=Listed,
)  # fmt: skip
LIST_EVENTS: Operation[Events] = _admin(
    "list_events", "GET", "/events", "What happened, in order, since an event.", Events,
    tag="events", scope=Scope.OPERATE, query=EventsQuery,
)  # fmt: skip

OPERATIONS: tuple[Operation[Any], ...] = (
    LIST_KEYS, CREATE_KEY, REVOKE_KEY, LIST_AUDIT, LIST_EVENTS,
)  # fmt: skip
