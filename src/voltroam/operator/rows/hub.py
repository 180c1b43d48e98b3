"""Rows about a hub: who deals with whom, what would become of a call, what became of one."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from voltroam.operator.operation import Limit, Listed, Moment, Nothing, Operation, Page, R, Scope

SideText = Annotated[str, Meta(min_length=1, max_length=20)]
"""`NL/AAA`, `NL/AAA/CPO`, `NL/*`, `*/*/EMSP` or `*`."""
PartyText = Annotated[str, Meta(pattern=r"^[A-Za-z]{2}/[A-Za-z0-9]{3}$")]
AgreementId = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_.-]{1,36}$")]


class AgreementTerms(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Two sides and what they may exchange: no `modules` are all. `allows` false forbids."""

    one: SideText
    other: SideText
    modules: Annotated[list[Annotated[str, Meta(max_length=36)]], Meta(max_length=50)] = []
    allows: bool = True
    since: Moment | None = None
    until: Moment | None = None
    """Not with this moment any more."""
    suspended: bool = False
    note: Annotated[str, Meta(max_length=500)] = ""


class AgreementFacts(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    one: str
    other: str
    modules: list[str]
    allows: bool
    since: Moment | None
    until: Moment | None
    suspended: bool
    note: str
    counts: bool
    """Whether it holds today, by its times."""


class AgreementSheet(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    csv: Annotated[str, Meta(max_length=20_000_000)]
    """See docs/howto/hub.md."""
    whole: bool = False
    """Agreements that the sheet does not have are removed."""
    dry_run: bool = False


class SheetLine(msgspec.Struct, frozen=True, kw_only=True):
    line: int
    message: str


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    """Ids; with problems nothing is written."""

    added: list[str]
    changed: list[str]
    removed: list[str]
    unchanged: int
    problems: list[SheetLine]
    written: bool


class Freshness(msgspec.Struct, frozen=True, kw_only=True):
    module: str
    pushed: Moment | None
    pulled: Moment | None


class HubParty(msgspec.Struct, frozen=True, kw_only=True):
    """One party in one role, and how fresh is what the hub holds of its platform."""

    party: str
    role: str
    partner: str
    status: str
    behind: str | None
    """The next hub's party."""
    offers: list[str]
    """`locations/SENDER`."""
    fresh: list[Freshness]


ThingId = Annotated[str, Meta(min_length=1, max_length=36)]


class RouteQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`to`: a party, the hub's own for broadcasts and lists of all; left out: the call names no
    receiver. With `location` and the like only calls that name it: by it the receiver is found."""

    sender: PartyText
    to: PartyText | None = None
    module: Annotated[str, Meta(max_length=36)] | None = None
    location: ThingId | None = None
    session: ThingId | None = None
    reservation: ThingId | None = None
    token: ThingId | None = None
    contract: PartyText | None = None
    """Whose driver the body is about: `cdr_token` of a session or CDR."""


class RouteFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What would become of one kind of call. `row` is that of the decision table."""

    call: str
    decision: str
    row: str
    reason: str
    code: int | None
    receiver: str | None
    partner: str | None
    agreement: str | None
    """The one that decides; null: the hub's default does."""


class TraceQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    limit: Limit = 100
    cursor: Annotated[str, Meta(max_length=200)] | None = None
    correlation_id: Annotated[str, Meta(min_length=1, max_length=100)] | None = None


class CopyFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One receiver of a broadcast, and what it answered if it did not take its copy."""

    partner: str
    state: str
    """`delivered`, `waiting` or `parked`."""
    http: int | None
    code: int | None
    reason: str | None


class HopFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One call through the hub; `asked` and `answered` only where bodies are kept."""

    id: str
    at: Moment
    correlation_id: str
    request_id: str
    caller: str
    """Name of the partner."""
    call: str
    sender: str | None
    to: str | None
    row: str
    reason: str
    partner: str | None
    """Whom it was forwarded to, and the party there."""
    receiver: str | None
    http: int
    code: int
    ms: float
    there_ms: float | None
    fault: str | None
    bridged: str | None
    """The two versions, where they differ: `2.1.1 to 2.2.1`."""
    notes: tuple[str, ...]
    """Codes of what the bridge did."""
    asked: str | None
    answered: str | None
    copies: list[CopyFacts] | None = None
    """Of a broadcast, where one correlation id was asked for; null once a newer state came."""


class HealthQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    minutes: Annotated[int, Meta(ge=5, le=1440)] = 60


class HealthFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Of one partner; shares from 0 to 1, `p95` and `oldest` in seconds. See docs/howto/hub.md."""

    partner: str
    status: str
    score: int | None
    availability: float | None
    error_rate: float | None
    p95: float | None
    calls: int | None
    lag: int | None
    oldest: float | None


def _hub(
    name: str, method: str, path: str, summary: str, gives: type[R] | None, *,
    scope: Scope = Scope.READ, takes: type[msgspec.Struct] | None = None,
    query: type[msgspec.Struct] = Nothing, fails: str = "", absent: bool = False,
    creates: bool = False, bulk: bool = False,
) -> Operation[R]:  # fmt: skip
    return Operation(
        name=name, method=method, path=path, tag="hub", summary=summary, scope=scope, gives=gives,
        takes=takes, query=query, fails=fails, absent=absent, creates=creates, bulk=bulk,
    )  # fmt: skip


LIST_AGREEMENTS: Operation[Page[AgreementFacts]] = _hub(
    "list_agreements", "GET", "/hub/agreements", "Which parties may exchange which modules.",
    Page[AgreementFacts], query=Listed,
)  # fmt: skip
GET_AGREEMENT: Operation[AgreementFacts] = _hub(
    "get_agreement", "GET", "/hub/agreements/{agreement_id}", "One agreement.", AgreementFacts
)
PUT_AGREEMENT: Operation[AgreementFacts] = _hub(
    "put_agreement", "PUT", "/hub/agreements/{agreement_id}",
    "Make an agreement, or change it; it counts within a second.", AgreementFacts,
    scope=Scope.ADMIN, takes=AgreementTerms, creates=True,
    fails="a side or module that cannot be, or an end before its beginning",
)  # fmt: skip
DELETE_AGREEMENT: Operation[None] = _hub(
    "delete_agreement", "DELETE", "/hub/agreements/{agreement_id}",
    "Remove an agreement: others, or the hub's default, decide.", None, scope=Scope.ADMIN,
)  # fmt: skip
SUSPEND_AGREEMENT: Operation[AgreementFacts] = _hub(
    "suspend_agreement", "POST", "/hub/agreements/{agreement_id}/suspend",
    "Forbid at a stroke what it is about.", AgreementFacts, scope=Scope.ADMIN,
)  # fmt: skip
RESUME_AGREEMENT: Operation[AgreementFacts] = _hub(
    "resume_agreement", "POST", "/hub/agreements/{agreement_id}/resume",
    "Take a suspended agreement up again.", AgreementFacts, scope=Scope.ADMIN,
)  # fmt: skip
IMPORT_AGREEMENTS: Operation[Imported] = _hub(
    "import_agreements", "POST", "/hub/import-agreements",
    "Agreements from a CSV sheet: all of it, or with problems nothing.", Imported,
    scope=Scope.ADMIN, takes=AgreementSheet, bulk=True,
)  # fmt: skip
LIST_HUB_PARTIES: Operation[Page[HubParty]] = _hub(
    "list_hub_parties", "GET", "/hub/parties",
    "Every party in every role, where it sits, and how fresh is what we hold of it.",
    Page[HubParty], query=Listed,
)  # fmt: skip
EXPLAIN_ROUTES: Operation[Page[RouteFacts]] = _hub(
    "explain_routes", "GET", "/hub/routes",
    "What would become of each call that a party may make, and why.", Page[RouteFacts],
    query=RouteQuery, absent=True, fails="a module that is not",
)  # fmt: skip
READ_TRACE: Operation[Page[HopFacts]] = _hub(
    "read_trace", "GET", "/hub/trace",
    "What became of calls, newest first; of one correlation id in their order.", Page[HopFacts],
    query=TraceQuery,
)  # fmt: skip
HUB_HEALTH: Operation[Page[HealthFacts]] = _hub(
    "hub_health", "GET", "/hub/health", "How each partner did lately, with a score to 100.",
    Page[HealthFacts], query=HealthQuery,
)  # fmt: skip

OPERATIONS: tuple[Operation[Any], ...] = (
    LIST_AGREEMENTS, GET_AGREEMENT, PUT_AGREEMENT, DELETE_AGREEMENT, SUSPEND_AGREEMENT,
    RESUME_AGREEMENT, IMPORT_AGREEMENTS, LIST_HUB_PARTIES, EXPLAIN_ROUTES, READ_TRACE, HUB_HEALTH,
)  # fmt: skip
