"""One row of the operator API: what a method on a path asks, takes and gives.

Routes, the OpenAPI document, the page, the reference and the client are all derived from these
rows. Rows hold no code: what answers one is handed in under its name.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Generic, TypeVar

import msgspec
from msgspec import Meta

R = TypeVar("R")

Document = dict[str, Any]
"""An OCPI object as it is held: members that this release does not know are kept."""
Moment = Annotated[datetime, Meta(tz=True)]
Limit = Annotated[int, Meta(ge=1, le=1000)]
KEYED = "Idempotency-Key"
JSON = "application/json"
EVENT_STREAM = "text/event-stream"


class Scope(StrEnum):
    """What a key may do; each has the rights of those before it."""

    READ = "read"
    """See everything but what identifies a driver."""
    OPERATE = "operate"
    """Change objects, charge, send commands."""
    ADMIN = "admin"
    """Partners, keys, the audit, erasure."""

    def covers(self, needed: "Scope") -> bool:
        ranks = tuple(Scope)
        return ranks.index(self) >= ranks.index(needed)


class Nothing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A query without parameters."""


class Listed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The query of a list. `cursor` is what the page before gave as `next`."""

    limit: Limit = 100
    cursor: Annotated[str, Meta(max_length=200)] | None = None


class Page(msgspec.Struct, Generic[R], frozen=True, kw_only=True):
    """Part of a list; `next` is the cursor of the part after it, null on the last one.

    A part may be shorter than its limit, even empty, and still not be the last.
    """

    items: list[R]
    next: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation(Generic[R]):
    """`gives` is what the client gets; `shown` what the document says of it where that is more."""

    name: str
    """The operationId, and the name of what answers it."""
    method: str
    path: str
    """Below `/operator/v1`; `{name}` is one segment."""
    tag: str
    summary: str
    scope: Scope
    gives: type[R] | None
    """None: the answer has no body."""
    query: type[msgspec.Struct] = Nothing
    takes: type[msgspec.Struct] | None = None
    document: type[msgspec.Struct] | None = None
    """In place of `takes`: an OCPI object, whose bytes are kept as they come."""
    shown: Any = None
    shown_takes: Any = None
    status: int = 200
    creates: bool = False
    """Also answers 201, when what it wrote is new."""
    conflicts: str = ""
    """When it answers 409."""
    fails: str = ""
    """When it answers 422, beside bodies and queries that cannot be read."""
    calls_partner: bool = False
    """Answers 424 when the partner cannot be reached or refuses."""
    absent: bool = False
    """Answers 404 although its path has no parameters: for what the body names."""
    bulk: bool = False
    """The body may be many times the usual size."""
    audited: bool | None = None
    """Leaves a line in the audit; None: whatever is not a GET."""
    media: str = JSON
    """What an answer is; of anything but JSON `gives` is text."""
    headers: tuple[str, ...] = ()
    """Names of request headers that it reads beside those that all do."""
    gone: str = ""
    """When it answers 410."""

    @property
    def segments(self) -> tuple[str, ...]:
        return tuple(self.path.strip("/").split("/"))

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names of the segments that are filled in."""
        return tuple(part[1:-1] for part in self.segments if part.startswith("{"))

    @property
    def has_body(self) -> bool:
        return self.takes is not None or self.document is not None

    @property
    def is_keyed(self) -> bool:
        """Takes an Idempotency-Key."""
        return self.method == "POST"

    @property
    def is_stream(self) -> bool:
        """Its answer has no end."""
        return self.media == EVENT_STREAM

    @property
    def is_audited(self) -> bool:
        return self.method != "GET" if self.audited is None else self.audited

    def url(self, ids: Mapping[str, str]) -> str:
        """The path with its segments filled in, percent-encoded. KeyError if one is missing."""
        from urllib.parse import quote

        return "/" + "/".join(
            quote(ids[part[1:-1]], safe="") if part.startswith("{") else part
            for part in self.segments
        )
