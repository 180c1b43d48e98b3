"""Rows about partners: their state, what waits for them, what they refused."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from voltroam.operator.operation import Listed, Moment, Operation, Page, Scope
from voltroam.operator.rows.objects import DeliveryState
from voltroam.roaming.platforms import EndpointAt, Profile
from voltroam.wire.decode import Problem

Name = Annotated[str, Meta(min_length=1, max_length=100)]
AT = "/partners/{partner}"


class Partner(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    status: str
    phase: str
    version: str | None
    roles: list[str]
    """`NL/ABC/CPO`."""
    paused: bool
    reason: str | None
    """Why the last registration step failed."""
    lag: int | None
    """Changes of the whole feed that the lane has yet to look at."""
    parked: int


class Pulled(msgspec.Struct, frozen=True, kw_only=True):
    module: str
    last: Moment | None
    full: Moment | None
    reason: str | None


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """Too many objects vanished at once: a full pull with `force` says that they are gone."""

    module: str
    at: Moment
    vanished: int
    held: int
    ids: list[str]


class PartnerDetails(Partner, frozen=True, kw_only=True):
    versions_url: str | None
    endpoints: list[EndpointAt]
    profile: Profile
    filling: bool
    delivered: int
    failed: int
    stopped: str | None
    cdrs: dict[str, int]
    """How many CDRs are in which state of the ledger."""
    pulled: list[Pulled]
    questions: list[Question]


class ProfileChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Only what is given changes; see docs/howto/partner-deviations.md."""

    base64: bool | msgspec.UnsetType = msgspec.UNSET
    raw_token: bool | msgspec.UnsetType = msgspec.UNSET
    strict: bool | msgspec.UnsetType = msgspec.UNSET
    push: Literal["patch", "put"] | msgspec.UnsetType = msgspec.UNSET
    catch_up: Literal["push", "wait_for_pull"] | msgspec.UnsetType = msgspec.UNSET
    page_limit: Annotated[int, Meta(ge=1)] | msgspec.UnsetType | None = msgspec.UNSET
    timeout: Annotated[float, Meta(gt=0, le=300)] | msgspec.UnsetType = msgspec.UNSET
    rate: Annotated[float, Meta(gt=0)] | msgspec.UnsetType | None = msgspec.UNSET
    concurrency: Annotated[int, Meta(ge=1, le=1000)] | msgspec.UnsetType = msgspec.UNSET
    cdr_exists: bool | msgspec.UnsetType = msgspec.UNSET
    inbound_rate: Annotated[float, Meta(gt=0)] | msgspec.UnsetType | None = msgspec.UNSET
    modules: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET


class Invite(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`we_are`: our role towards it, should it speak a version that knows one alone (2.1.1).
    `parties`: as `NL/ABC/CPO`, those that a hub tells the others of as PLANNED until it registers.
    """

    name: Name
    we_are: Literal["CPO", "EMSP"] | None = None
    parties: Annotated[
        list[Annotated[str, Meta(min_length=8, max_length=12)]], Meta(max_length=100)
    ] = []


class Invited(msgspec.Struct, frozen=True, kw_only=True):
    """The token is shown once and works once."""

    name: str
    versions_url: str
    token: str

    def __repr__(self) -> str:
        return f"Invited(name={self.name!r}, token=…)"


class Register(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: Name
    versions_url: Annotated[str, Meta(min_length=1, max_length=255)]
    token: Annotated[str, Meta(min_length=1, max_length=64)]
    we_are: Literal["CPO", "EMSP"] | None = None
    """As in `Invite`."""
    version: Literal["2.1.1", "2.2.1", "2.3.0"] | None = None
    """The only version to speak with it; without it the highest that both know."""

    def __repr__(self) -> str:
        return f"Register(name={self.name!r}, token=…)"


class Pull(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    module: Annotated[str, Meta(min_length=1, max_length=100)]
    full: bool = False
    """Everything, not only what is new."""
    force: bool = False
    """With `full`: what vanished is gone, however much it is."""


class PullDone(msgspec.Struct, frozen=True, kw_only=True):
    received: int
    """Valid objects, unchanged ones too."""
    changed: int
    unchanged: int
    refused: int
    removed: int
    questioned: int


class ParkedObject(DeliveryState, frozen=True, kw_only=True):
    """An object that the partner does not take; it goes again when it changes, or on retry."""

    object: str
    later: Moment | None = None


class LedgerEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One CDR on its way to the one partner that gets it."""

    object: str
    state: str
    sends: int
    url: str | None
    code: int | None
    reason: str | None
    at: Moment


class Retried(msgspec.Struct, frozen=True):
    count: int


class Quarantined(msgspec.Struct, frozen=True, kw_only=True):
    """A received object that is unusable, with the reasons."""

    id: str
    partner: str
    module: str
    at: Moment
    key: str | None
    problems: list[Problem]
    document: Any = None


class QuarantineDone(msgspec.Struct, frozen=True, kw_only=True):
    accepted: int
    refused: int


def _partner(  # noqa: PLR0917  (a line of a table)
    name: str, method: str, path: str, summary: str, scope: Scope, gives: Any, **more: Any
) -> Operation[Any]:
    return Operation(
        name=name, method=method, path=path, tag="partners", summary=summary, scope=scope,
        gives=gives, **more,
    )  # fmt: skip


LIST_PARTNERS: Operation[Page[Partner]] = _partner(
    "list_partners", "GET", "/partners", "All partners and how they are.", Scope.READ,
    Page[Partner], query=Listed,
)  # fmt: skip
GET_PARTNER: Operation[PartnerDetails] = _partner(
    "get_partner", "GET", AT, "One partner: endpoints, profile, what waits for it, what failed.",
    Scope.READ, PartnerDetails,
)  # fmt: skip
INVITE: Operation[Invited] = _partner(
    "invite_partner", "POST", "/partners/invite", "Make a registration token for a partner.",
    Scope.ADMIN, Invited, takes=Invite, status=201, fails="a name that is taken",
)  # fmt: skip
REGISTER: Operation[Partner] = _partner(
    "register_partner", "POST", "/partners/register", "Register with a partner that invited us.",
    Scope.ADMIN, Partner, takes=Register, status=201, calls_partner=True,
    fails="a name that is taken",
)  # fmt: skip
PAUSE: Operation[Partner] = _partner(
    "pause_partner", "POST", f"{AT}/pause",
    "Stop sending to a partner; what changes meanwhile goes on resume.", Scope.ADMIN, Partner,
)  # fmt: skip
RESUME: Operation[Partner] = _partner(
    "resume_partner", "POST", f"{AT}/resume", "Go on sending to a paused partner.", Scope.ADMIN,
    Partner,
)  # fmt: skip
RESYNC: Operation[Partner] = _partner(
    "resync_partner", "POST", f"{AT}/resync",
    "Send all that the partner may see anew, and pull all that it offers.", Scope.ADMIN, Partner,
    conflicts="The partner is not registered",
)  # fmt: skip
ROTATE: Operation[Partner] = _partner(
    "rotate_partner", "POST", f"{AT}/rotate", "Exchange both credentials tokens for new ones.",
    Scope.ADMIN, Partner, calls_partner=True, conflicts="The partner is not registered",
)  # fmt: skip
REMOVE: Operation[None] = _partner(
    "remove_partner", "DELETE", AT, "End the partnership: unregister there, forget tokens here.",
    Scope.ADMIN, None, calls_partner=True,
)  # fmt: skip
SET_PROFILE: Operation[Profile] = _partner(
    "set_partner_profile", "PATCH", f"{AT}/profile",
    "Change how the partner deviates from the standard.", Scope.ADMIN, Profile,
    takes=ProfileChange,
)  # fmt: skip
PULL: Operation[PullDone] = _partner(
    "pull_from_partner", "POST", f"{AT}/pull", "Fetch a partner's list now.", Scope.ADMIN,
    PullDone, takes=Pull, calls_partner=True, fails="a list that the partner does not offer",
)  # fmt: skip
LIST_PARKED: Operation[Page[ParkedObject]] = _partner(
    "list_parked", "GET", f"{AT}/parked", "Objects that the partner refused, with its words.",
    Scope.READ, Page[ParkedObject], query=Listed,
)  # fmt: skip
RETRY_PARKED: Operation[Retried] = _partner(
    "retry_parked", "POST", f"{AT}/parked/retry", "Send all parked objects again.", Scope.OPERATE,
    Retried,
)  # fmt: skip
LIST_LEDGER: Operation[Page[LedgerEntry]] = _partner(
    "list_cdr_ledger", "GET", f"{AT}/cdrs", "The fate of each CDR of the partner's drivers.",
    Scope.READ, Page[LedgerEntry], query=Listed,
)  # fmt: skip
RETRY_CDR: Operation[None] = _partner(
    "retry_cdr", "POST", f"{AT}/cdrs/{{country_code}}/{{party_id}}/{{cdr_id}}/retry",
    "Send one CDR again that is not accepted.", Scope.OPERATE, None,
    conflicts="The partner accepted it already",
)  # fmt: skip
LIST_QUARANTINE: Operation[Page[Quarantined]] = _partner(
    "list_quarantine", "GET", "/quarantine", "Received objects that could not be used.",
    Scope.READ, Page[Quarantined], query=Listed,
)  # fmt: skip
GET_QUARANTINED: Operation[Quarantined] = _partner(
    "get_quarantined", "GET", "/quarantine/{id}", "One such object as it was received.",
    Scope.OPERATE, Quarantined,
)  # fmt: skip
RETRY_QUARANTINE: Operation[QuarantineDone] = _partner(
    "retry_quarantine", "POST", "/quarantine/retry", "Read all of them again.", Scope.OPERATE,
    QuarantineDone,
)  # fmt: skip
RETRY_QUARANTINED: Operation[QuarantineDone] = _partner(
    "retry_quarantined", "POST", "/quarantine/{id}/retry", "Read one of them again.",
    Scope.OPERATE, QuarantineDone,
)  # fmt: skip

OPERATIONS: tuple[Operation[Any], ...] = (
    LIST_PARTNERS, GET_PARTNER, INVITE, REGISTER, PAUSE, RESUME, RESYNC, ROTATE, REMOVE,
    SET_PROFILE, PULL, LIST_PARKED, RETRY_PARKED, LIST_LEDGER, RETRY_CDR, LIST_QUARANTINE,
    GET_QUARANTINED, RETRY_QUARANTINE, RETRY_QUARANTINED,
)  # fmt: skip
