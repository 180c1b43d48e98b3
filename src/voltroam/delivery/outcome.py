"""What a partner's answer to a push means, decided from the error alone."""

import random
from dataclasses import dataclass
from enum import Enum, auto

from voltroam.delivery.knobs import Knobs
from voltroam.roaming.bridging import NotCarried
from voltroam.standard.errors import (
    ForbiddenUrl,
    PartnerError,
    Refused,
    Unreachable,
)
from voltroam.standard.status import StatusCode, is_success

UNKNOWN = frozenset({StatusCode.UNKNOWN_LOCATION})


class Fault(Enum):
    """Whose trouble it is, and so what waits."""

    UNREACHABLE = auto()
    """No connection or no answer in time: the lane waits."""
    SERVER = auto()
    """Its server failed (5xx, 3xxx, no envelope): the lane waits, the object is counted."""
    BUSY = auto()
    """429: the lane waits as long as it was told."""
    STOPPED = auto()
    """401, 403 or a forbidden URL: nothing will pass until somebody acts."""
    OBJECT = auto()
    """This object is refused: it is parked, the lane goes on."""
    ROUTE = auto()
    """A hub could not pass it on (4xxx): parked and tried again later."""


BY_STATUS = {
    401: Fault.STOPPED,
    403: Fault.STOPPED,
    408: Fault.SERVER,
    425: Fault.SERVER,
    429: Fault.BUSY,
}
BY_RANGE = {3: Fault.SERVER, 4: Fault.ROUTE}


@dataclass(frozen=True, slots=True)
class Verdict:
    """A failed push. `certain` is True only when the partner surely did not apply it."""

    fault: Fault
    reason: str
    certain: bool
    unknown: bool = False
    """The partner says that it does not hold the object (404, 2003)."""
    http: int | None = None
    code: int | None = None
    retry_after: float | None = None


def judge(error: PartnerError) -> Verdict:
    """Sorts every error of a call (OCPI 2.2.1 §status_codes: unknown codes by their range)."""
    if isinstance(error, Unreachable):
        return Verdict(Fault.UNREACHABLE, error.message, certain=not error.sent)
    if isinstance(error, NotCarried):
        return Verdict(Fault.OBJECT, error.message, certain=True)
    if isinstance(error, ForbiddenUrl):
        return Verdict(Fault.STOPPED, error.message, certain=True)
    if isinstance(error, Refused):
        return _refused(error)
    return Verdict(Fault.SERVER, error.message, certain=False)


def _refused(error: Refused) -> Verdict:
    http, code = error.http, error.code
    return Verdict(
        _fault(http, code),
        error.message,
        certain=http < 500 and http != 408,
        unknown=http == 404 or code in UNKNOWN,
        http=http,
        code=code,
        retry_after=error.retry_after,
    )


def _fault(http: int, code: int | None) -> Fault:
    by_status = BY_STATUS.get(http)
    if by_status is not None:
        return by_status
    if http >= 500:
        return Fault.SERVER
    if code is None or is_success(code):
        return Fault.SERVER if http < 400 else Fault.OBJECT
    return BY_RANGE.get(code // 1000, Fault.OBJECT)


def delay(failures: int, knobs: Knobs, chance: random.Random) -> float:
    """Seconds before the next try after so many failures in a row: bounded and jittered."""
    plain = min(knobs.backoff_limit, knobs.backoff_first * 2.0 ** min(failures - 1, 30))
    return plain * (1.0 - knobs.backoff_jitter * chance.random())
