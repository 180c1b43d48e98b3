"""Rows about objects: own ones are written, all that are held are read and searched."""

from functools import cache
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from voltroam.operator.operation import (
    Document,
    Listed,
    Moment,
    Nothing,
    Operation,
    Page,
    Scope,
)
from voltroam.standard import v2_2_1
from voltroam.standard.v2_2_1 import Status
from voltroam.wire.decode import Problem

Party = Annotated[str, Meta(pattern=r"^[A-Za-z]{2}/[A-Za-z0-9]{1,3}$")]
Id = Annotated[str, Meta(min_length=1, max_length=36)]
OWNED = "/{country_code}/{party_id}"
SHAPES: dict[str, type[msgspec.Struct]] = {
    "locations": v2_2_1.Location,
    "tariffs": v2_2_1.Tariff,
    "tokens": v2_2_1.Token,
    "sessions": v2_2_1.Session,
    "cdrs": v2_2_1.CDR,
}
KEYS = {
    "locations": "location_id",
    "tariffs": "tariff_id",
    "tokens": "token_uid",
    "sessions": "session_id",
    "cdrs": "cdr_id",
}
"""The path segment that names an object of each kind."""
LISTED = ("locations", "tariffs", "tokens")
"""Kinds of which a company keeps full sets."""


class ObjectsQuery(Listed, frozen=True, kw_only=True):
    """`whose`: own objects or those of partners; `owner` narrows to one party."""

    whose: Literal["all", "own", "received"] = "all"
    owner: Party | None = None
    updated_from: Moment | None = None
    """Inclusive, on last_updated."""
    updated_to: Moment | None = None
    """Exclusive."""


class TypeQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Tokens are identified by uid and type."""

    type: v2_2_1.TokenType = v2_2_1.TokenType.RFID


class PutQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`lenient` keeps what is against the standard but usable; `private`: no partner sees it."""

    lenient: bool = False
    private: bool | None = None


class PutTokenQuery(PutQuery, frozen=True, kw_only=True):
    type: v2_2_1.TokenType = v2_2_1.TokenType.RFID


class ReplaceQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`dry_run` only tells what would change."""

    dry_run: bool = False
    lenient: bool = False


class Items(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """OCPI objects, kept as they come."""

    items: Annotated[list[msgspec.Raw], Meta(max_length=50_000)]


class ItemDone(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one object; `outcome` is `refused` where `problems` says why."""

    index: int
    id: str | None
    outcome: str
    problems: list[Problem] = []


class Done(msgspec.Struct, frozen=True, kw_only=True):
    accepted: int
    refused: int
    items: list[ItemDone]
    """Of those accepted only what became of each; in the order of the request."""


class Changed(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    members: list[str]
    """The members that differ, at the first level."""


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """What a full set changes of what is held; removed ones end in the way of their kind."""

    applied: bool
    added: list[str]
    changed: list[Changed]
    removed: list[str]
    unchanged: int


class NewStatus(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    status: Status
    last_updated: Moment | None = None
    """None: now."""


class EvseStatus(NewStatus, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The owner only where several parties of ours are operators."""

    location_id: Id
    evse_uid: Id
    owner: Party | None = None


class EvseStatuses(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    items: Annotated[list[EvseStatus], Meta(max_length=50_000)]


class DeliveryState(msgspec.Struct, frozen=True, kw_only=True):
    """Where an object stands with one partner.

    `state`: `not shown` (its audience leaves the partner out), `delivered`, `waiting`, `parked`
    (refused, with the partner's words), or of a CDR the state of its ledger row.
    """

    partner: str
    state: str
    http: int | None = None
    code: int | None = None
    reason: str | None = None
    attempts: int | None = None
    at: Moment | None = None
    url: str | None = None


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What the node knows about an object it holds."""

    kind: str
    owner: str
    id: str
    own: bool
    private: bool
    only_for: list[str]
    """Parties that alone may see it; none: all partners, as far as it is not private."""
    deleted: bool
    version: str
    last_updated: Moment
    stored_at: Moment
    revision: int
    sources: list[str]
    """Partners that gave it to us."""
    problems: list[Problem]
    """What lenient reading kept."""
    delivery: list[DeliveryState]


class OnlyFor(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Names of partners, each with all its parties, or parties as `DE/MSP`; null: all partners."""

    to: Annotated[list[Annotated[str, Meta(min_length=1, max_length=100)]],
                  Meta(min_length=1, max_length=200)] | None  # fmt: skip


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """`parties` that alone see the tariff; null: all partners. `held`: there is such a tariff."""

    parties: list[str] | None
    held: bool
    locations: int | None = None
    """How many locations were written anew, for their partners see other tariff ids now."""


class SearchQuery(Listed, frozen=True, kw_only=True):
    """Part of an id, name, EVSE id, address, or the whole of a fingerprint; with the scope
    `operate` also of token uids and contract ids."""

    q: Annotated[str, Meta(min_length=2, max_length=100)]
    kind: Literal["locations", "tariffs", "tokens", "sessions", "cdrs"] | None = None


class Hit(msgspec.Struct, frozen=True, kw_only=True):
    kind: str
    owner: str
    id: str
    own: bool
    member: str
    """Where it was found, as a path."""
    value: str
    last_updated: Moment


@cache
def _body(kind: str) -> Any:
    shape = SHAPES[kind]
    return msgspec.defstruct(f"{shape.__name__}Items", [("items", list[shape])])  # type: ignore[valid-type]  # known at run time


def _one(kind: str) -> str:
    return {"cdrs": "CDR"}.get(kind, kind[:-1])


def _at(kind: str) -> str:
    return f"/{kind}{OWNED}/{{{KEYS[kind]}}}"


LISTS: dict[str, Operation[Page[Document]]] = {
    kind: Operation(
        name=f"list_{kind}", method="GET", path=f"/{kind}", tag=kind, scope=Scope.READ,
        summary=f"All {kind} that are held, oldest first.", query=ObjectsQuery,
        gives=Page[Document], shown=Page[shape],  # type: ignore[valid-type]  # known at run time
    )
    for kind, shape in SHAPES.items()
}  # fmt: skip
GETS: dict[str, Operation[Document]] = {
    kind: Operation(
        name=f"get_{_one(kind).lower()}", method="GET", path=_at(kind), tag=kind,
        scope=Scope.READ, summary=f"One {_one(kind)}, as it is held.", gives=Document,
        shown=shape, query=TypeQuery if kind == "tokens" else Nothing,
    )
    for kind, shape in SHAPES.items()
}  # fmt: skip
PUTS: dict[str, Operation[Document]] = {
    kind: Operation(
        name=f"put_{_one(kind).lower()}", method="PUT", path=_at(kind), tag=kind,
        scope=Scope.OPERATE, summary=f"Add or replace an own {_one(kind)}.", document=shape,
        gives=Document, shown=shape, creates=True,
        query=PutTokenQuery if kind == "tokens" else PutQuery,
        conflicts="What is held is newer, or never changes",
        fails="an object that is against the standard",
    )
    for kind, shape in SHAPES.items()
}  # fmt: skip
BULKS: dict[str, Operation[Done]] = {
    kind: Operation(
        name=f"put_{kind}", method="PUT", path=f"/{kind}", tag=kind, scope=Scope.OPERATE,
        summary=f"Add or replace many own {kind}; the good ones are kept, the others named.",
        takes=Items, shown_takes=_body(kind), query=PutQuery, gives=Done, bulk=True,
    )
    for kind in SHAPES
}  # fmt: skip
REPLACES: dict[str, Operation[Difference]] = {
    kind: Operation(
        name=f"replace_{kind}", method="PUT", path=f"/{kind}{OWNED}", tag=kind,
        scope=Scope.OPERATE, takes=Items, shown_takes=_body(kind), query=ReplaceQuery,
        summary=f"Make these all {kind} of an own party, or with dry_run tell what that changes.",
        gives=Difference, bulk=True, fails="one object that is unusable: then nothing is changed",
    )
    for kind in LISTED
}  # fmt: skip
WITHDRAW_TARIFF: Operation[None] = Operation(
    name="withdraw_tariff", method="DELETE", path=_at("tariffs"), tag="tariffs",
    scope=Scope.OPERATE, summary="Delete an own tariff; partners are told.", gives=None,
)  # fmt: skip
SHOW_TARIFF: Operation[Shown] = Operation(
    name="show_tariff", method="PUT", path=f"{_at('tariffs')}/visibility", tag="tariffs",
    scope=Scope.OPERATE, takes=OnlyFor, gives=Shown,
    summary="Show an own tariff to certain partners only, or to all; also before it is there.",
    fails="a list of partners that cannot be",
)  # fmt: skip
TARIFF_SHOWN: Operation[Shown] = Operation(
    name="get_tariff_visibility", method="GET", path=f"{_at('tariffs')}/visibility",
    tag="tariffs", scope=Scope.READ, summary="Which partners see an own tariff.", gives=Shown,
)  # fmt: skip
SET_STATUS: Operation[None] = Operation(
    name="set_evse_status", method="PUT", path=f"{_at('locations')}/evses/{{evse_uid}}/status",
    tag="locations", scope=Scope.OPERATE, summary="Change the status of one own EVSE.",
    takes=NewStatus, gives=None, audited=False,
)  # fmt: skip
SET_STATUSES: Operation[Done] = Operation(
    name="set_evse_statuses", method="PUT", path="/evse-status", tag="locations",
    scope=Scope.OPERATE, summary="Change the status of many own EVSEs.", takes=EvseStatuses,
    gives=Done, bulk=True, audited=False,
)  # fmt: skip
BLOCK_TOKEN: Operation[None] = Operation(
    name="block_token", method="POST", path=f"{_at('tokens')}/block", tag="tokens",
    scope=Scope.OPERATE, summary="Make an own token invalid; partners are told.",
    query=TypeQuery, gives=None,
)  # fmt: skip
UNBLOCK_TOKEN: Operation[None] = Operation(
    name="unblock_token", method="POST", path=f"{_at('tokens')}/unblock", tag="tokens",
    scope=Scope.OPERATE, summary="Make an own token valid again.", query=TypeQuery, gives=None,
)  # fmt: skip
FACTS: dict[str, Operation[Facts]] = {
    kind: Operation(
        name=f"get_{_one(kind).lower()}_facts", method="GET", path=f"{_at(kind)}/facts", tag=kind,
        scope=Scope.READ, gives=Facts, query=TypeQuery if kind == "tokens" else Nothing,
        summary=f"Who gave us the {_one(kind)}, and which partner has it or refused it.",
    )
    for kind in SHAPES
}  # fmt: skip
SEARCH: Operation[Page[Hit]] = Operation(
    name="search", method="GET", path="/search", tag="search", scope=Scope.READ,
    summary="Look through everything that is held.", query=SearchQuery, gives=Page[Hit],
)  # fmt: skip

OPERATIONS: tuple[Operation[Any], ...] = (
    *(
        table[kind]
        for kind in SHAPES
        for table in (LISTS, GETS, PUTS, BULKS, REPLACES, FACTS)
        if kind in table
    ),
    WITHDRAW_TARIFF, SHOW_TARIFF, TARIFF_SHOWN, SET_STATUS, SET_STATUSES, BLOCK_TOKEN,
    UNBLOCK_TOKEN, SEARCH,
)  # fmt: skip
