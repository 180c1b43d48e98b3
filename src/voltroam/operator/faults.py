"""What is wrong with a request, as problem+json (RFC 9457)."""

from collections.abc import Mapping, Sequence

import msgspec

from voltroam.standard.errors import (
    CallerError,
    ForbiddenUrl,
    InvalidBody,
    NotFound,
    OcpiError,
    Overloaded,
    PartnerError,
    Refused,
    TooLarge,
    TooMany,
)
from voltroam.wire.decode import Problem

CONTENT_TYPE = "application/problem+json"
TITLES: Mapping[str, tuple[int, str]] = {
    "broken-body": (400, "The body is no JSON"),
    "unauthorized": (401, "No key, or none that is known and valid"),
    "forbidden": (403, "The key's scope or its parties do not cover this"),
    "not-found": (404, "There is no such thing, or not for this key"),
    "method": (405, "The path does not offer this method"),
    "too-slow": (408, "The body did not arrive in time"),
    "conflict": (409, "It cannot be done as things stand"),
    "in-progress": (409, "A request with this Idempotency-Key is being answered, or never ended"),
    "events-gone": (410, "Events after this one are not kept"),
    "too-large": (413, "The body is too large"),
    "content-type": (415, "The body must be application/json"),
    "invalid": (422, "The request breaks a rule"),
    "reused-key": (422, "The Idempotency-Key was used for another request"),
    "too-many": (429, "Too many requests"),
    "overloaded": (429, "The node is overloaded"),
    "partner": (424, "The partner could not be reached, or refused"),
    "internal": (500, "A fault of the node"),
}
"""By the name that ends a problem's `type`."""


class ProblemDetails(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """RFC 9457; `problems` lists each place that is wrong, `partner_*` is what a partner said."""

    type: str
    title: str
    status: int
    detail: str
    problems: list[Problem] = []
    partner_http: int | None = None
    partner_code: int | None = None


class Fault(Exception):
    """Ends a request with a problem. `name` is one of TITLES."""

    def __init__(
        self,
        name: str,
        detail: str = "",
        *,
        problems: Sequence[Problem] = (),
        headers: Mapping[str, str] | None = None,
        http: int | None = None,
        code: int | None = None,
    ) -> None:
        super().__init__(name)
        self.status, title = TITLES[name]
        self.headers = dict(headers or {})
        self.details = ProblemDetails(
            type=f"urn:voltroam:problem:{name}",
            title=title,
            status=self.status,
            detail=detail or title,
            problems=list(problems),
            partner_http=http,
            partner_code=code,
        )


def not_found(what: str) -> Fault:
    return Fault("not-found", f"There is no {what}")


def forbidden(why: str) -> Fault:
    return Fault("forbidden", why)


def conflict(why: str) -> Fault:
    return Fault("conflict", why)


def invalid(detail: str, problems: Sequence[Problem] = ()) -> Fault:
    return Fault("invalid", detail, problems=problems)


def fault_of(error: OcpiError) -> Fault:
    """The same fault in the words of this API."""
    if isinstance(error, TooMany | Overloaded):
        name = "too-many" if isinstance(error, TooMany) else "overloaded"
        return Fault(name, error.message, headers={"retry-after": str(error.retry_after)})
    if isinstance(error, Refused):
        return Fault("partner", error.message, http=error.http, code=error.code)
    if isinstance(error, ForbiddenUrl):
        return Fault("invalid", error.message)
    if isinstance(error, CallerError) and error.http_status in _BY_STATUS:
        return Fault(_BY_STATUS[error.http_status], error.message)
    for kind, name in _BY_KIND:
        if isinstance(error, kind):
            return Fault(name, error.message)
    return Fault("internal", "The node cannot do this now")


_BY_STATUS = {408: "too-slow", 415: "content-type"}
_BY_KIND = (
    (InvalidBody, "broken-body"),
    (NotFound, "not-found"),
    (TooLarge, "too-large"),
    (CallerError, "invalid"),
    (PartnerError, "partner"),
)
