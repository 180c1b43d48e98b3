"""Rows about charging at our own chargers: from what the chargers report to Session and CDR."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from voltroam.operator.operation import Moment, Operation, Scope
from voltroam.operator.rows.objects import OWNED, Id, Party
from voltroam.roaming.charging import Progress
from voltroam.roaming.host import Reading
from voltroam.standard.v2_2_1 import AuthMethod, CdrToken, ProfileType


class Begin(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A session begins, or is about to (`pending`). The same `session_id` or `order_id` again is
    the same session. `token`: as the authorization, or the order, gave it."""

    location_id: Id
    evse_uid: Id
    token: CdrToken
    auth_method: AuthMethod
    at: Moment
    connector_id: Id | None = None
    authorization_reference: Id | None = None
    order_id: Id | None = None
    meter_id: Annotated[str, Meta(max_length=255)] | None = None
    session_id: Id | None = None
    pending: bool = False
    operator: Party | None = None
    reading: Reading | None = None
    preference: ProfileType | None = None
    home_charging_compensation: bool | None = None

    def __repr__(self) -> str:
        return f"Begin(location_id={self.location_id!r}, …)"


class Reserved(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A place is kept for a driver."""

    location_id: Id
    token: CdrToken
    at: Moment
    until: Moment
    evse_uid: Id | None = None
    connector_id: Id | None = None
    auth_method: AuthMethod = AuthMethod.COMMAND
    authorization_reference: Id | None = None
    order_id: Id | None = None
    session_id: Id | None = None
    operator: Party | None = None

    def __repr__(self) -> str:
        return f"Reserved(location_id={self.location_id!r}, …)"


class Begun(msgspec.Struct, frozen=True, kw_only=True):
    country_code: str
    party_id: str
    session_id: str


class At(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A moment, and what the meter says then."""

    at: Moment
    reading: Reading | None = None


class Readings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The meter at several moments, in any order; known ones may be sent again."""

    readings: Annotated[list[Reading], Meta(max_length=10_000)]


class OtherMeter(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The old meter's last reading and the new one's first."""

    last: Reading
    first: Reading
    meter_id: Annotated[str, Meta(max_length=255)] | None = None


class Why(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    why: Annotated[str, Meta(min_length=1, max_length=512)]


class ReservationOver(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Nobody came (EXPIRED), or it was given up (CANCELLED)."""

    outcome: str
    at: Moment


def _charging(
    name: str, method: str, path: str, summary: str, gives: Any, *,
    scope: Scope = Scope.OPERATE, **more: Any,
) -> Operation[Any]:  # fmt: skip
    return Operation(
        name=name, method=method, path=path, tag="sessions", summary=summary, scope=scope,
        gives=gives, audited=more.pop("audited", False), **more,
    )  # fmt: skip


_AT = f"/sessions{OWNED}/{{session_id}}"
_UNTRUE = "a report that cannot be true of the session; `detail` begins with its code"

BEGIN: Operation[Begun] = _charging(
    "begin_session", "POST", "/sessions", "A session begins at a charger of ours.", Begun,
    takes=Begin, status=201, absent=True, fails=_UNTRUE,
)  # fmt: skip
RESERVED: Operation[Begun] = _charging(
    "keep_reservation", "POST", "/sessions/reserve", "A charger of ours is kept for a driver.",
    Begun, takes=Reserved, status=201, absent=True, fails=_UNTRUE,
)  # fmt: skip
PROGRESS: Operation[Progress] = _charging(
    "get_session_progress", "GET", f"{_AT}/progress", "Energy and cost so far, and the CDR.",
    Progress, scope=Scope.READ,
)  # fmt: skip
ACTIVATE: Operation[Progress] = _charging(
    "activate_session", "POST", f"{_AT}/activate", "A pending session begins.", Progress,
    takes=At, fails=_UNTRUE,
)  # fmt: skip
READ: Operation[Progress] = _charging(
    "report_readings", "POST", f"{_AT}/readings", "What the meter said.", Progress,
    takes=Readings, fails=_UNTRUE,
)  # fmt: skip
LIST_READINGS: Operation[list[Reading]] = _charging(
    "list_readings", "GET", f"{_AT}/readings", "The readings that counted, in order.",
    list[Reading], scope=Scope.READ,
)  # fmt: skip
METER: Operation[Progress] = _charging(
    "replace_meter", "POST", f"{_AT}/meter", "Another meter from now on.", Progress,
    takes=OtherMeter, fails=_UNTRUE,
)  # fmt: skip
END: Operation[Progress] = _charging(
    "end_session", "POST", f"{_AT}/end", "The session is over: its CDR is made.", Progress,
    takes=At, fails=_UNTRUE,
)  # fmt: skip
RESERVATION_OVER: Operation[Progress] = _charging(
    "end_reservation", "POST", f"{_AT}/reservation-over", "Nobody came, or it was given up.",
    Progress, takes=ReservationOver, fails=_UNTRUE,
)  # fmt: skip
INVALIDATE: Operation[Progress] = _charging(
    "invalidate_session", "POST", f"{_AT}/invalidate", "The session is never billed.", Progress,
    takes=Why, audited=True, fails=_UNTRUE,
)  # fmt: skip

OPERATIONS: tuple[Operation[Any], ...] = (
    BEGIN, RESERVED, PROGRESS, ACTIVATE, READ, LIST_READINGS, METER, END, RESERVATION_OVER,
    INVALIDATE,
)  # fmt: skip
