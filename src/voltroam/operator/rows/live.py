"""Rows about charging as it happens: commands, orders, profiles, preferences, authorizations."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from voltroam.operator.operation import Listed, Moment, Operation, Page, Scope
from voltroam.operator.rows.objects import OWNED, Id, Party, TypeQuery
from voltroam.roaming.authorizing.limits import Mark
from voltroam.standard.v2_2_1 import (
    ActiveChargingProfile,
    ChargingPreferences,
    ChargingPreferencesResponse,
    ChargingProfile,
    ChargingProfileResponse,
    ChargingProfileResultType,
    CommandResponse,
    CommandResult,
    CommandResultType,
    CommandType,
    DisplayText,
    LocationReferences,
    Token,
    TokenType,
)

Partner = Annotated[str, Meta(min_length=1, max_length=100)]
Text = Annotated[str, Meta(max_length=512)]


class WaitQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`wait`: seconds to wait for the result; the answer then tells how far it got."""

    wait: Annotated[float, Meta(ge=0, le=50)] = 0


class _Command(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`as_party`: which of our parties asks; `operator`: which of the partner's is asked."""

    partner: Partner
    as_party: Party | None = None
    operator: Party | None = None


class StartWanted(_Command, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`token_uid` names one of our own, `token_type` its type where several have that uid; `token`
    is a whole one that is not kept here."""

    location_id: Id
    evse_uid: Id | None = None
    connector_id: Id | None = None
    token_uid: Id | None = None
    token_type: TokenType | None = None
    token: Token | None = None
    authorization_reference: Id | None = None

    def __repr__(self) -> str:
        return f"{type(self).__name__}(partner={self.partner!r}, …)"


class StopWanted(_Command, frozen=True, kw_only=True, forbid_unknown_fields=True):
    session_id: Id


class ReserveWanted(_Command, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """With the id of an earlier reservation it replaces that one; a new id is taken."""

    location_id: Id
    expiry_date: Moment
    evse_uid: Id | None = None
    reservation_id: Id | None = None
    token_uid: Id | None = None
    token_type: TokenType | None = None
    token: Token | None = None
    authorization_reference: Id | None = None

    def __repr__(self) -> str:
        return f"{type(self).__name__}(partner={self.partner!r}, …)"


class CancelWanted(_Command, frozen=True, kw_only=True, forbid_unknown_fields=True):
    reservation_id: Id


class UnlockWanted(_Command, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """For help desks only; `desk` says who there asks. `connector_id` may be left out where the
    EVSE has only one."""

    location_id: Id
    evse_uid: Id
    connector_id: Id | None = None
    desk: Annotated[str, Meta(min_length=1, max_length=100)]


class CommandFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One command that we sent. `succeeded`: the charger said yes."""

    id: str
    command: CommandType
    partner: str
    state: str
    settled: bool
    succeeded: bool
    sent_at: Moment
    as_party: str
    operator: str | None
    location_id: str | None
    evse_uid: str | None
    connector_id: str | None
    session_id: str | None
    reservation_id: str | None
    expiry_date: Moment | None
    authorization_reference: str | None
    desk: str | None
    response: CommandResponse | None
    answered_at: Moment | None
    wait_until: Moment | None
    result: CommandResult | None
    result_at: Moment | None
    canceled: CommandResult | None
    canceled_at: Moment | None
    code: int | None
    reason: str | None


class OrderFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One command that a partner gave us. `body` as it came, without its response_url."""

    id: str
    command: CommandType
    partner: str
    asked_by: str
    operator: str
    state: str
    received_at: Moment
    deadline: Moment
    body: Any
    session_id: str | None
    charger_reservation: int | None
    reservation_id: str | None
    response: CommandResponse | None
    result: CommandResult | None
    result_at: Moment | None
    late: CommandResult | None
    reason: str | None


class Report(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the charger made of an order."""

    result: CommandResultType
    message: Text | None = None


class TakeBack(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    message: Text | None = None


class _Steer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`partner` only for a session that we do not hold."""

    session_id: Id
    operator: Party | None = None
    partner: Partner | None = None
    as_party: Party | None = None


class SetProfile(_Steer, frozen=True, kw_only=True, forbid_unknown_fields=True):
    profile: ChargingProfile


class ClearProfile(_Steer, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class AskProfile(_Steer, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the charger plans for the next `duration` seconds."""

    duration: Annotated[int, Meta(ge=1, le=86_400)] = 900


class ProfileFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One request about a charging profile that we sent."""

    id: str
    action: str
    partner: str
    state: str
    settled: bool
    succeeded: bool
    sent_at: Moment
    as_party: str
    session_id: str
    operator: str | None
    profile: ChargingProfile | None
    duration: int | None
    response: ChargingProfileResponse | None
    answered_at: Moment | None
    wait_until: Moment | None
    result: ChargingProfileResultType | None
    active: ActiveChargingProfile | None
    result_at: Moment | None
    code: int | None
    reason: str | None


class ProfileOrderFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One request about a charging profile that a partner made."""

    id: str
    action: str
    partner: str
    asked_by: str
    operator: str
    session_id: str
    state: str
    at: Moment
    deadline: Moment
    profile: ChargingProfile | None
    duration: int | None
    result: ChargingProfileResultType | None
    active: ActiveChargingProfile | None
    problem: str | None


class ProfileReport(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the charger made of a profile order; `active` answers a question for it."""

    result: ChargingProfileResultType
    active: ActiveChargingProfile | None = None


class GrantFacts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`operator` of ours lets `provider` steer the sessions of drivers of `contract`."""

    operator: Party
    provider: Party
    contract: Party


class GrantQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    operator: Party
    provider: Party
    contract: Party


class PreferenceAnswer(msgspec.Struct, frozen=True, kw_only=True):
    response: ChargingPreferencesResponse


class AuthorizeWanted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`operator`: which of our operators asks; `contract_party`: whose driver, where known."""

    token_uid: Id
    type: TokenType = TokenType.RFID
    location: LocationReferences | None = None
    operator: Party | None = None
    contract_party: Party | None = None

    def __repr__(self) -> str:
        return "AuthorizeWanted(…)"


class AuthorizationFacts(msgspec.Struct, frozen=True, kw_only=True):
    """May this driver charge? `by` tells what decided; `auth_method` is for the Session."""

    id: str
    allowed: str
    by: str
    auth_method: str
    token: Token | None
    partner: str | None
    authorization_reference: str | None
    location: LocationReferences | None
    info: DisplayText | None
    ms: float


class AuthorizationLine(msgspec.Struct, frozen=True, kw_only=True):
    """One authorization of the past; `side`: `given` to an operator, or `taken` for our charger."""

    id: str
    at: Moment
    side: str
    token: str
    """A fingerprint of the uid."""
    type: str
    answer: str
    by: str
    ms: float
    partner: str | None
    asked_by: str | None
    location_id: str | None
    evse_uids: list[str]
    authorization_reference: str | None


class PlaceFacts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a token may charge; without `operator` the location id counts at each."""

    location_id: Id
    evse_uids: list[Id] | None = None
    operator: Party | None = None


class Limits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`mark`: may not charge anywhere; `places` null: everywhere, empty: nowhere."""

    mark: Mark | None = None
    places: list[PlaceFacts] | None = None


def _live(
    name: str, method: str, path: str, summary: str, gives: Any, *, tag: str,
    scope: Scope = Scope.OPERATE, **more: Any,
) -> Operation[Any]:  # fmt: skip
    return Operation(
        name=name, method=method, path=path, tag=tag, summary=summary, scope=scope,
        gives=gives, **more,
    )  # fmt: skip


def _send(name: str, path: str, summary: str, takes: type[msgspec.Struct]) -> Operation[Any]:
    return _live(
        name, "POST", f"/commands/{path}", summary, CommandFacts, tag="commands", takes=takes,
        query=WaitQuery, status=201, absent=True,
        fails="a command that the partner would have to refuse: then nothing is sent",
    )  # fmt: skip


START: Operation[CommandFacts] = _send(
    "start_session", "start-session", "Start charging at a partner's charger.", StartWanted
)
STOP: Operation[CommandFacts] = _send("stop_session", "stop-session", "Stop charging.", StopWanted)
RESERVE: Operation[CommandFacts] = _send(
    "reserve_now", "reserve-now", "Keep an EVSE free for a driver.", ReserveWanted
)
CANCEL: Operation[CommandFacts] = _send(
    "cancel_reservation", "cancel-reservation", "Give a reservation up.", CancelWanted
)
UNLOCK: Operation[CommandFacts] = _send(
    "unlock_connector", "unlock-connector", "Unlock a connector, for help desks.", UnlockWanted
)
LIST_COMMANDS: Operation[Page[CommandFacts]] = _live(
    "list_commands", "GET", "/commands", "Commands that we sent, newest first.",
    Page[CommandFacts], tag="commands", scope=Scope.READ, query=Listed,
)  # fmt: skip
GET_COMMAND: Operation[CommandFacts] = _live(
    "get_command", "GET", "/commands/{command_id}", "One command and how far it got.",
    CommandFacts, tag="commands", scope=Scope.READ, query=WaitQuery,
)  # fmt: skip
LIST_ORDERS: Operation[Page[OrderFacts]] = _live(
    "list_orders", "GET", "/orders", "Commands that partners gave us, newest first.",
    Page[OrderFacts], tag="orders", scope=Scope.READ, query=Listed,
)  # fmt: skip
GET_ORDER: Operation[OrderFacts] = _live(
    "get_order", "GET", "/orders/{order_id}", "One order and how far it got.", OrderFacts,
    tag="orders", scope=Scope.READ,
)  # fmt: skip
REPORT_ORDER: Operation[OrderFacts] = _live(
    "report_order", "POST", "/orders/{order_id}/result",
    "Tell what the charger made of an order; the first report counts.", OrderFacts, tag="orders",
    takes=Report, audited=False, fails="an order that was not accepted",
)  # fmt: skip
TAKE_BACK: Operation[None] = _live(
    "take_back_reservation", "POST", "/orders/{order_id}/cancel-reservation",
    "Take a reservation back that a partner made; it is told.", None, tag="orders",
    takes=TakeBack,
)  # fmt: skip


def _steer(name: str, path: str, summary: str, takes: type[msgspec.Struct]) -> Operation[Any]:
    return _live(
        name, "POST", f"/profiles{path}", summary, ProfileFacts, tag="profiles", takes=takes,
        query=WaitQuery, status=201, absent=True,
        fails="a session that is unknown or over, or a profile that no charger could follow",
    )  # fmt: skip


SET_CHARGING_PROFILE: Operation[ProfileFacts] = _steer(
    "set_charging_profile", "", "Set the charging profile of a partner's session.", SetProfile
)
CLEAR_CHARGING_PROFILE: Operation[ProfileFacts] = _steer(
    "clear_charging_profile", "/clear", "Remove the profile that we set.", ClearProfile
)
ASK_ACTIVE_PROFILE: Operation[ProfileFacts] = _steer(
    "ask_active_profile", "/active", "Ask what the charger plans.", AskProfile
)
LIST_PROFILES: Operation[Page[ProfileFacts]] = _live(
    "list_profiles", "GET", "/profiles", "Requests about profiles that we sent, newest first.",
    Page[ProfileFacts], tag="profiles", scope=Scope.READ, query=Listed,
)  # fmt: skip
GET_PROFILE: Operation[ProfileFacts] = _live(
    "get_profile", "GET", "/profiles/{profile_id}", "One such request and how far it got.",
    ProfileFacts, tag="profiles", scope=Scope.READ, query=WaitQuery,
)  # fmt: skip
LIST_PROFILE_ORDERS: Operation[Page[ProfileOrderFacts]] = _live(
    "list_profile_orders", "GET", "/profile-orders",
    "Requests about profiles that partners made, newest first.", Page[ProfileOrderFacts],
    tag="profiles", scope=Scope.READ, query=Listed,
)  # fmt: skip
GET_PROFILE_ORDER: Operation[ProfileOrderFacts] = _live(
    "get_profile_order", "GET", "/profile-orders/{order_id}", "One of them.", ProfileOrderFacts,
    tag="profiles", scope=Scope.READ,
)  # fmt: skip
REPORT_PROFILE_ORDER: Operation[ProfileOrderFacts] = _live(
    "report_profile_order", "POST", "/profile-orders/{order_id}/result",
    "Tell what the charger made of it; the first report counts.", ProfileOrderFacts,
    tag="profiles", takes=ProfileReport, audited=False,
)  # fmt: skip
LIST_GRANTS: Operation[Page[GrantFacts]] = _live(
    "list_grants", "GET", "/grants", "Whom our operators let steer, and whose drivers' sessions.",
    Page[GrantFacts], tag="grants", scope=Scope.READ, query=Listed,
)  # fmt: skip
GRANT: Operation[GrantFacts] = _live(
    "grant_steering", "PUT", "/grants",
    "Let a smart charging provider see and steer the sessions of an eMSP's drivers.", GrantFacts,
    tag="grants", scope=Scope.ADMIN, takes=GrantFacts, fails="an operator that is not ours",
)  # fmt: skip
REVOKE_GRANT: Operation[None] = _live(
    "revoke_grant", "DELETE", "/grants", "Take that back: the provider sees no more of them.",
    None, tag="grants", scope=Scope.ADMIN, query=GrantQuery, absent=True,
)  # fmt: skip
_SESSION = f"/sessions{OWNED}/{{session_id}}"
CHANGED_PROFILE: Operation[None] = _live(
    "tell_active_profile", "PUT", f"{_SESSION}/active-profile",
    "The charger of an own session plans anew: whoever steers it is told.", None, tag="profiles",
    document=ActiveChargingProfile, audited=False, fails="a profile against the standard",
)  # fmt: skip
PREFER: Operation[PreferenceAnswer] = _live(
    "send_preferences", "PUT", f"{_SESSION}/preferences",
    "Tell a partner's session what the driver would like.", PreferenceAnswer, tag="profiles",
    document=ChargingPreferences, calls_partner=True,
    fails="a session that is over, or an EVSE that takes no preferences",
)  # fmt: skip
GET_PREFERENCES: Operation[ChargingPreferences] = _live(
    "get_preferences", "GET", f"{_SESSION}/preferences",
    "What the driver of an own session would like.", ChargingPreferences, tag="profiles",
    scope=Scope.READ,
)  # fmt: skip
AUTHORIZE: Operation[AuthorizationFacts] = _live(
    "authorize", "POST", "/authorizations", "May a driver charge at our charger?",
    AuthorizationFacts, tag="authorizations", takes=AuthorizeWanted, audited=False, absent=True,
    fails="what is no token uid",
)  # fmt: skip
LIST_AUTHORIZATIONS: Operation[Page[AuthorizationLine]] = _live(
    "list_authorizations", "GET", "/authorizations", "Who asked, what was answered, newest first.",
    Page[AuthorizationLine], tag="authorizations", scope=Scope.READ, query=Listed,
)  # fmt: skip
_TOKEN = f"/tokens{OWNED}/{{token_uid}}"
GET_LIMITS: Operation[Limits] = _live(
    "get_token_limits", "GET", f"{_TOKEN}/limits", "How an own token is limited.", Limits,
    tag="tokens", scope=Scope.READ, query=TypeQuery,
)  # fmt: skip
SET_LIMITS: Operation[Limits] = _live(
    "set_token_limits", "PUT", f"{_TOKEN}/limits",
    "Mark an own token, or bind it to places: counts in real-time authorization.", Limits,
    tag="tokens", takes=Limits, query=TypeQuery,
)  # fmt: skip

_GROUP = f"/token-groups{OWNED}/{{group_id}}"
GET_GROUP_LIMITS: Operation[Limits] = _live(
    "get_group_limits", "GET", f"{_GROUP}/limits", "How all own tokens of a group are limited.",
    Limits, tag="tokens", scope=Scope.OPERATE,
)  # fmt: skip
SET_GROUP_LIMITS: Operation[Limits] = _live(
    "set_group_limits", "PUT", f"{_GROUP}/limits",
    "Limit all own tokens of a group; what a token says itself wins.", Limits, tag="tokens",
    takes=Limits,
)  # fmt: skip

OPERATIONS: tuple[Operation[Any], ...] = (
    START, STOP, RESERVE, CANCEL, UNLOCK, LIST_COMMANDS, GET_COMMAND,
    LIST_ORDERS, GET_ORDER, REPORT_ORDER, TAKE_BACK,
    SET_CHARGING_PROFILE, CLEAR_CHARGING_PROFILE, ASK_ACTIVE_PROFILE, LIST_PROFILES, GET_PROFILE,
    LIST_PROFILE_ORDERS, GET_PROFILE_ORDER, REPORT_PROFILE_ORDER, CHANGED_PROFILE, PREFER,
    LIST_GRANTS, GRANT, REVOKE_GRANT,
    GET_PREFERENCES, AUTHORIZE, LIST_AUTHORIZATIONS, GET_LIMITS, SET_LIMITS,
    GET_GROUP_LIMITS, SET_GROUP_LIMITS,
)  # fmt: skip
