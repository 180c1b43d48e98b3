"""Rows about money: quotes, audits, corrections, and what was not billed."""

from decimal import Decimal
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from voltroam.billing.together import Report
from voltroam.operator.operation import Listed, Moment, Operation, Page, Scope
from voltroam.operator.rows.objects import OWNED, Id, Party
from voltroam.roaming.host import Reading
from voltroam.standard.v2_2_1 import AuthMethod, CdrToken
from voltroam.standard.v2_3_0 import ProfileType


class QuoteWanted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """At a connector that is held (`owner`, `location_id`, `evse_uid`, `connector_id`), or by
    `tariffs`, documents of any version. `energy` kWh, `power` kW, `stay` minutes. `partner`, a name
    or a party `DE/MSP`: whose driver it is; tariffs for some partners only count for them alone."""

    energy: Decimal
    power: Decimal | None = None
    """None: as much as the connector gives."""
    start: Moment | None = None
    """None: now."""
    stay: Annotated[int, Meta(ge=0, le=44_640)] | None = None
    """None: the driver leaves when charged."""
    owner: Party | None = None
    location_id: Id | None = None
    evse_uid: Id | None = None
    connector_id: Id | None = None
    partner: Annotated[str, Meta(min_length=1, max_length=100)] | None = None
    """None: what everybody pays."""
    tariffs: Annotated[list[msgspec.Raw], Meta(max_length=100)] | None = None
    zone: Annotated[str, Meta(max_length=255)] | None = None
    preference: ProfileType | None = None
    ad_hoc: bool = False
    policy: list[str] = []
    """How ambiguous places of the standard are read: `step_scope=session`."""


class QuoteFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The bill that the session would have; each line has its reason."""

    tariff_id: str
    why: str | None
    """Why this tariff, where there were several."""
    energy: Decimal
    power: Decimal
    charged_until: Moment
    end_date_time: Moment
    bill: dict[str, Any]


class AuditQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`partner`: a name, or a party `NL/AAA`; `month` of the session's start, in UTC."""

    partner: Annotated[str, Meta(min_length=1, max_length=100)] | None = None
    month: Annotated[str, Meta(pattern=r"^[0-9]{4}-(0[1-9]|1[0-2])$")] | None = None
    zone: Annotated[str, Meta(max_length=255)] | None = None


class Unread(msgspec.Struct, frozen=True, kw_only=True):
    """A CDR that cannot be read."""

    path: str
    reason: str


class AuditFacts(Report, frozen=True, kw_only=True):
    unread: list[Unread]


class Correct(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was wrong: what is not given stays. `void`: it is taken back and nothing takes its
    place. `readings`, `end` and `tariff` price the session anew; `cdr` is the whole right CDR."""

    readings: list[Reading] | None = None
    end: Moment | None = None
    tariff: msgspec.Raw | None = None
    token: CdrToken | None = None
    auth_method: AuthMethod | None = None
    authorization_reference: Id | None = None
    home_charging_compensation: bool | None = None
    remark: Annotated[str, Meta(max_length=255)] | None = None
    cdr: msgspec.Raw | None = None
    void: bool = False

    def __repr__(self) -> str:
        return "Correct(…)"


class CorrectDone(msgspec.Struct, frozen=True, kw_only=True):
    """The Credit CDR, and the CDR that stands instead, if any."""

    credit_id: str
    cdr_id: str | None


class OverdueSession(msgspec.Struct, frozen=True, kw_only=True):
    """`no_cdr`: over, and not billed. `silent`: it runs, and nobody reports. `fault`: our CDR
    could not be made."""

    owner: str
    session_id: str
    why: Literal["no_cdr", "silent", "fault"]
    since: Moment
    reason: str | None


QUOTE: Operation[QuoteFacts] = Operation(
    name="quote", method="POST", path="/quotes", tag="money", scope=Scope.READ,
    summary="What a session would cost.", takes=QuoteWanted, gives=QuoteFacts, audited=False,
    absent=True, fails="no tariff that fits, or one that cannot be priced",
)  # fmt: skip
AUDIT_CDRS: Operation[AuditFacts] = Operation(
    name="audit_cdrs", method="GET", path="/audits/cdrs", tag="money", scope=Scope.READ,
    summary="Recompute the CDRs that are held, of one partner and month or of all.",
    query=AuditQuery, gives=AuditFacts,
)  # fmt: skip
CORRECT: Operation[CorrectDone] = Operation(
    name="correct_cdr", method="POST", path=f"/cdrs{OWNED}/{{cdr_id}}/correct", tag="cdrs",
    scope=Scope.OPERATE, summary="Take an own CDR back with a Credit CDR, and bill it rightly.",
    takes=Correct, gives=CorrectDone, status=201,
    fails="a CDR that was corrected already with other facts, or facts that cannot be true",
)  # fmt: skip
OVERDUE: Operation[Page[OverdueSession]] = Operation(
    name="list_overdue_sessions", method="GET", path="/overdue-sessions", tag="sessions",
    scope=Scope.READ, summary="Sessions to look at: over without CDR, or silent.",
    query=Listed, gives=Page[OverdueSession],
)  # fmt: skip

OPERATIONS: tuple[Operation[Any], ...] = (QUOTE, AUDIT_CDRS, CORRECT, OVERDUE)
