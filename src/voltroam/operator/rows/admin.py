"""Rows about the API itself and the node: keys, the audit, events."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from voltroam.delivery.erasing import Report
from voltroam.operator.operation import (
    EVENT_STREAM,
    Listed,
    Moment,
    Operation,
    Page,
    Scope,
)
from voltroam.operator.rows.objects import Party
from voltroam.standard.v2_2_1 import TokenType


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


class Driver(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Without `type` it is looked for under every type."""

    token_uid: Annotated[str, Meta(min_length=1, max_length=36)]
    type: TokenType | None = None

    def __repr__(self) -> str:
        return "Driver(…)"


class Erase(Driver, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`force`: even while a session of it runs, or its CDR is on its way."""

    force: bool = False
    dry_run: bool = False


class EventsQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`after`: the sequence number of the last event seen."""

    after: Annotated[int, Meta(ge=0, le=2**62)] = 0
    limit: Annotated[int, Meta(ge=1, le=1000)] = 100


class StreamQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`after`: as Last-Event-ID, which wins; without both it begins now. `types`: patterns with
    commas between them, `sessions.*,cdrs.*`."""

    after: Annotated[int, Meta(ge=0, le=2**62)] | None = None
    types: Annotated[str, Meta(min_length=1, max_length=1000)] | None = None


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """`event` is what a webhook gets: type, timestamp, and data with the object as it is now."""

    sequence: int
    type: str
    event: Any


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
    "list_events", "GET", "/events", "What happened since an event; `/events/stream` goes on live.",
    Events, tag="events", scope=Scope.READ, query=EventsQuery,
)  # fmt: skip
STREAM_EVENTS: Operation[str] = _admin(
    "stream_events", "GET", "/events/stream", "The same as Server-Sent Events, while it is open.",
    str, tag="events", scope=Scope.READ, query=StreamQuery, media=EVENT_STREAM,
    headers=("Last-Event-ID",), gone="Events after that one are not kept: read the objects anew",
)  # fmt: skip
FIND_DRIVER: Operation[Report] = _admin(
    "gdpr_find", "POST", "/gdpr/find", "Where a token uid stands in this node.", Report,
    tag="gdpr", takes=Driver,
)  # fmt: skip
ERASE_DRIVER: Operation[Report] = _admin(
    "gdpr_erase", "POST", "/gdpr/erase", "Erase a token uid everywhere; amounts stay.", Report,
    tag="gdpr", takes=Erase, fails="a session of it that runs, or a CDR on its way",
)  # fmt: skip

OPERATIONS: tuple[Operation[Any], ...] = (
    LIST_KEYS, CREATE_KEY, REVOKE_KEY, LIST_AUDIT, LIST_EVENTS, STREAM_EVENTS, FIND_DRIVER,
    ERASE_DRIVER,
)  # fmt: skip
