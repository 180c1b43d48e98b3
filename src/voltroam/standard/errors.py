"""Every fault that crosses a floor is one of these.

OcpiError                whose fault, OCPI status code, HTTP hint
├── CallerError          theirs: what reached us is wrong (2xxx)
│   ├── InvalidBody      not JSON at all (HTTP 400)
│   ├── Unauthorized     unknown or missing credentials token (HTTP 401)
│   ├── UnknownPlace     names a location that its operator does not have (2003)
│   ├── NotFound         absent, or not yours: the same answer (HTTP 404)
│   ├── WrongMethod      the interface does not offer it (HTTP 405)
│   ├── TooLarge         over a limit (HTTP 413)
│   └── TooMany          over a rate (HTTP 429)
├── NodeError            ours (3xxx)
│   └── Overloaded       the write queue is full (HTTP 429)
└── PartnerError         the far end of a call that we made
    ├── Unreachable      no connection, TLS, time-out: we do not know whether it arrived
    │   └── Silent       the time-out
    ├── Refused          an OCPI code outside 1xxx, or an HTTP error with an envelope
    ├── Unusable         an answer that is no OCPI envelope, too large, or against the rules
    └── ForbiddenUrl     a URL that the guard does not let us call
"""

from voltroam.standard.status import StatusCode


class OcpiError(Exception):
    """A fault with the OCPI status code and the HTTP status that tell it to the other side."""

    status_code: int = StatusCode.SERVER_ERROR
    http_status: int = 200

    def __init__(self, message: str, *, status_code: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        if status_code is not None:
            self.status_code = status_code

    def reword(self, message: str) -> None:
        """Say it otherwise, for instance without a secret."""
        self.args = (message,)
        self.message = message


class CallerError(OcpiError):
    """What reached us is wrong; HTTP stays 200 where the resource exists (§status_codes)."""

    status_code = StatusCode.INVALID_PARAMETERS


class InvalidBody(CallerError):
    http_status = 400


class Unauthorized(CallerError):
    status_code = StatusCode.CLIENT_ERROR
    http_status = 401


class NotFound(CallerError):
    status_code = StatusCode.CLIENT_ERROR
    http_status = 404


class UnknownPlace(CallerError):
    """It lies at, or is assigned to, a location that nobody told us of."""

    status_code = StatusCode.UNKNOWN_LOCATION


class WrongMethod(CallerError):
    """Carries the methods that the path does offer, for the Allow header."""

    status_code = StatusCode.CLIENT_ERROR
    http_status = 405

    def __init__(self, message: str, allow: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.allow = allow


class TooLarge(CallerError):
    http_status = 413


class TooMany(CallerError):
    """Carries the seconds after which the caller may try again."""

    status_code = StatusCode.CLIENT_ERROR
    http_status = 429

    def __init__(self, message: str, retry_after: int = 1) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class NodeError(OcpiError):
    """Our own fault: HTTP 200 with 3000, never a stack trace (OCPI 2.2.1 §status_codes)."""


class Overloaded(NodeError):
    http_status = 429
    retry_after = 1


class PartnerError(OcpiError):
    """The far end failed us; `status_code` is what we tell whoever asked us to call it."""

    status_code = StatusCode.UNUSABLE_CLIENT_API


class Unreachable(PartnerError):
    """`sent` is False only if no byte of the request can have left."""

    def __init__(self, message: str, *, sent: bool = True) -> None:
        super().__init__(message)
        self.sent = sent


class Silent(Unreachable):
    """Connected, perhaps, but no answer in time."""


class Refused(PartnerError):
    """The partner's own words: HTTP status, OCPI code (None: no envelope), Retry-After seconds."""

    def __init__(
        self,
        message: str,
        *,
        http: int,
        code: int | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.http = http
        self.code = code
        self.retry_after = retry_after


class Unusable(PartnerError):
    pass


class ForbiddenUrl(PartnerError):
    pass
