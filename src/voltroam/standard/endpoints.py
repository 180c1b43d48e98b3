"""THE TABLE: module x interface x method x path, and what each row means.

Server routes, version details, client methods, hub routing, OpenAPI and the reference docs are
derived from these rows; none of them names a module. Rule 1: a difference between modules stands
here, as a value of a row, or it does not exist. Rule 2: rows hold no code.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache

from voltroam.standard import v2_2_1 as v
from voltroam.standard.v2_2_1.credentials import Role
from voltroam.standard.v2_2_1.version_information import InterfaceRole
from voltroam.standard.versions import V2_1_1, V2_2_1, Version

Interface = InterfaceRole
"""OCPI's own words for the two sides of a module (2.2.1 §version_information_endpoint)."""


class Behaviour(StrEnum):
    """What a row does. Six serve all plain rows; an odd row is HANDLED by the handler it names."""

    LIST = "list"
    GET = "get"
    PUT = "put"
    PATCH = "patch"
    CREATE = "create"
    DELETE = "delete"
    HANDLED = "handled"


class Audience(StrEnum):
    """Who may see an object of a kind, decided when it is written."""

    PARTNERS = "partners"
    """Every platform with a role that plays the RECEIVER side (locations, tariffs, tokens)."""

    CONTRACT = "contract"
    """Only the party that the document names (sessions and CDRs, in `cdr_token`)."""

    ADDRESSED = "addressed"
    """Only the party to whom its owner addressed it, beside the document (invoice records)."""

    NOBODY = "nobody"
    """Kept for ourselves (hub client info that a hub told us); a hub shows it to its parties."""


class Removal(StrEnum):
    """How an object ends."""

    DELETE = "delete"
    STATUS = "status"
    """Never deleted: its parts become REMOVED (locations)."""
    INVALID = "invalid"
    """Never deleted: `valid` becomes false (tokens)."""
    NEVER = "never"


class UrlPlace(StrEnum):
    """Where a row carries a URL that a hub must rewrite."""

    RESPONSE_HEADER = "response header"
    BODY = "body"
    QUERY = "query"


@dataclass(frozen=True, slots=True)
class Part:
    """A nested object with a URL of its own: EVSE in Location, Connector in EVSE."""

    member: str
    key: str
    object: type
    segment: str
    refers: tuple[str, str] | None = None
    """A member that lists ids of the same owner's objects, and the kind of these."""


@dataclass(frozen=True, slots=True)
class Resource:
    """One kind of object that parties exchange, and the rules that are data."""

    kind: str
    object: type
    key: tuple[str, ...]
    """Members that identify it under its owner, in the order of the folded id."""
    owner_roles: frozenset[Role]
    audience: Audience
    owner_in_body: bool = True
    parts: tuple[Part, ...] = ()
    key_defaults: dict[str, str] = field(default_factory=dict)
    """Key members that come from the query, with their default (`type=RFID`)."""
    appends: frozenset[str] = frozenset()
    """Lists that a PATCH appends to instead of replacing."""
    removal: Removal = Removal.NEVER
    immutable: bool = False
    readers: frozenset[Role] = frozenset(Role)
    """Roles whose platforms may see own objects of this kind: those that play the RECEIVER side."""
    finals: dict[str, frozenset[str]] = field(default_factory=dict)
    """Values of a member that no later change leaves (a COMPLETED session stays completed)."""
    secrets: tuple[str, ...] = ()
    """Members, by their path, that identify a driver: they reach no log and no message."""
    narrowable: bool = False
    """An owner may have some that are for certain parties only (OCPI 2.2.1 §mod_tariffs)."""
    first_fill: int | None = None
    """The place of this kind in a lane's first fill; None: never filled (money has its ledger)."""
    contract: tuple[str, ...] = ("cdr_token",)
    """Where a document names the one party that may see it; of a list its first item counts."""
    lies_at: str | None = None
    """A member that names one of the same owner's locations."""
    posted: bool = False
    """A new one goes by POST; PUT, if there is one, is for those that the far end knows."""

    def appended(self, version: Version) -> frozenset[str]:
        """The lists that a PATCH of that version appends to."""
        return self.appends if version.appends_periods else frozenset()

    @property
    def is_for_one(self) -> bool:
        """Each object is for one party beside its owner's."""
        return self.audience in (Audience.CONTRACT, Audience.ADDRESSED)


@dataclass(frozen=True, slots=True)
class Module:
    """A module id and who plays which side of it."""

    name: str
    chapter: str
    sender_roles: frozenset[Role]
    receiver_roles: frozenset[Role]
    functional: bool = True
    """Functional modules carry routing headers; configuration modules do not."""
    identifier: str | None = None
    """What version details call it, where that is not its name."""
    also: frozenset[str] = frozenset()
    """What partners call it too; compared without case."""

    @property
    def printed(self) -> str:
        return self.identifier or self.name

    def is_called(self, text: str) -> bool:
        """Whether a partner's version details mean this module by that identifier."""
        return text == self.name or text.casefold() in self.also


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One row: what one method on one path of one interface of one module means."""

    module: Module
    interface: Interface | None
    """None: the credentials and versions rows, the same for both sides."""
    method: str
    path: str
    """Segments below the module's URL; `{name}` is a key segment, anything else literal."""
    behaviour: Behaviour
    resource: Resource | None = None
    part: Part | None = None
    """Set when the row addresses a nested object."""
    handler: str | None = None
    takes: type | None = None
    gives: type | None = None
    gives_list: bool = False
    """`data` of the reply is a JSON array of `gives`."""
    query: tuple[str, ...] = ()
    required_query: tuple[str, ...] = ()
    query_aliases: Mapping[str, str] = field(default_factory=dict)
    """Other names that callers give a query parameter, by what they mean (`token_type`: `type`)."""
    owner_in_path: bool = False
    safe_to_repeat: bool = True
    broadcast: bool = False
    sifts: tuple[str, ...] = ()
    """Query parameters with which its handler answers in place of the behaviour."""
    alias: bool = False
    """Accepted from others and never called."""
    urls: UrlPlace | None = None
    result: str | None = None
    """Path of the row, on the asking side, to which the result of this one comes later."""
    since: Version = V2_2_1
    until: Version | None = None
    """The last version that has the row. Rows without `since` exist from 2.2.1 on."""

    @property
    def segments(self) -> tuple[str, ...]:
        return _segments(self.path)


@cache
def _segments(path: str) -> tuple[str, ...]:
    return tuple(path.split("/")) if path else ()


ALL_BUT_HUB = frozenset(Role) - {Role.HUB}
CPO = frozenset({Role.CPO, Role.HUB})
EMSP = frozenset({Role.EMSP, Role.HUB})
PAYERS = EMSP | {Role.PTP}
"""Whose drivers charge: a terminal's provider starts and pays for them as an eMSP does
(OCPI 2.3.0 §mod_payments)."""
DATA_USERS = PAYERS | {Role.NSP, Role.NAP, Role.OTHER}
SESSION_USERS = PAYERS | {Role.SCSP}
SMART_CHARGERS = frozenset({Role.EMSP, Role.SCSP, Role.HUB})

OWNED = "{country_code}/{party_id}/"
PAGING = ("date_from", "date_to", "offset", "limit")

EVSE_PART = Part("evses", "uid", v.EVSE, "{evse_uid}")
CONNECTOR_PART = Part("connectors", "id", v.Connector, "{connector_id}", ("tariff_ids", "tariffs"))

IN_CDR_TOKEN = ("cdr_token.uid", "cdr_token.contract_id")

LOCATION = Resource(
    "locations", v.Location, ("id",), frozenset({Role.CPO}), Audience.PARTNERS,
    parts=(EVSE_PART, CONNECTOR_PART), removal=Removal.STATUS, readers=DATA_USERS, first_fill=2,
    secrets=(
        "publish_allowed_to.uid", "publish_allowed_to.visual_number", "publish_allowed_to.group_id",
    ),
)  # fmt: skip
SESSION = Resource(
    "sessions", v.Session, ("id",), frozenset({Role.CPO}), Audience.CONTRACT,
    appends=frozenset({"charging_periods"}), readers=SESSION_USERS,
    finals={"status": frozenset({"COMPLETED", "INVALID"})}, first_fill=4, secrets=IN_CDR_TOKEN,
)  # fmt: skip
CDR = Resource(
    "cdrs", v.CDR, ("id",), frozenset({Role.CPO}), Audience.CONTRACT, immutable=True,
    readers=PAYERS, secrets=IN_CDR_TOKEN,
)  # fmt: skip
TARIFF = Resource(
    "tariffs", v.Tariff, ("id",), frozenset({Role.CPO}), Audience.PARTNERS,
    removal=Removal.DELETE, readers=DATA_USERS, narrowable=True, first_fill=1,
)  # fmt: skip
TOKEN = Resource(
    "tokens", v.Token, ("uid", "type"), frozenset({Role.EMSP, Role.OTHER}), Audience.PARTNERS,
    key_defaults={"type": "RFID"}, removal=Removal.INVALID, readers=CPO, first_fill=3,
    secrets=("uid", "contract_id", "visual_number", "group_id"),
)  # fmt: skip
CLIENT_INFO = Resource(
    "hubclientinfo", v.ClientInfo, ("role",), ALL_BUT_HUB, Audience.NOBODY, first_fill=0,
)  # fmt: skip

VERSIONS_MODULE = Module(
    "versions", "version_information_endpoint", frozenset(Role), frozenset(Role), functional=False
)
CREDENTIALS = Module("credentials", "credentials", frozenset(Role), frozenset(Role), False)
LOCATIONS = Module("locations", "mod_locations", CPO, DATA_USERS)
SESSIONS = Module("sessions", "mod_sessions", CPO, SESSION_USERS)
CDRS = Module("cdrs", "mod_cdrs", CPO, PAYERS)
TARIFFS = Module("tariffs", "mod_tariffs", CPO, DATA_USERS)
TOKENS = Module("tokens", "mod_tokens", EMSP, CPO)
COMMANDS = Module("commands", "mod_commands", PAYERS, CPO)
CHARGING_PROFILES = Module(
    # An eMSP is the receiver towards a smart charging service provider for which it relays.
    "chargingprofiles", "mod_charging_profiles", SMART_CHARGERS, EMSP | CPO,
)  # fmt: skip
HUB_CLIENT_INFO = Module(
    "hubclientinfo", "mod_hub_client_info", frozenset({Role.HUB}), ALL_BUT_HUB, functional=False
)


def _list(
    module: Module, resource: Resource, *, required: tuple[str, ...] = (), since: Version = V2_1_1
) -> Endpoint:
    return Endpoint(
        module, Interface.SENDER, "GET", "", Behaviour.LIST, resource, gives=resource.object,
        gives_list=True, query=PAGING, required_query=required, since=since,
    )  # fmt: skip


def _owned(
    module: Module, resource: Resource, path: str, *methods: str, part: Part | None = None,
    since: Version = V2_1_1, until: Version | None = None, in_query: bool = True,
) -> list[Endpoint]:  # fmt: skip
    """Rows of a client-owned object on the RECEIVER interface (2.2.1 §transport)."""
    shape = part.object if part else resource.object
    return [
        Endpoint(
            module, Interface.RECEIVER, method, OWNED + path, Behaviour(method.lower()), resource,
            part, owner_in_path=True,
            takes=shape if method in ("PUT", "PATCH") else None,
            gives=shape if method == "GET" else None,
            query=tuple(resource.key_defaults) if in_query else (),
            safe_to_repeat=method != "PATCH",
            broadcast=method != "GET" and resource.audience is Audience.PARTNERS,
            since=since, until=until,
        )
        for method in methods
    ]  # fmt: skip


def _own(module: Module, resource: Resource, path: str, part: Part | None = None) -> Endpoint:
    """A single object on the SENDER interface: no owner segments."""
    return Endpoint(
        module, Interface.SENDER, "GET", path, Behaviour.GET, resource, part,
        gives=part.object if part else resource.object, since=V2_1_1,
    )  # fmt: skip


def _handled(
    module: Module, interface: Interface | None, method: str, path: str, handler: str,
    *, takes: type | None = None, gives: type | None = None, gives_list: bool = False,
    query: tuple[str, ...] = (), required_query: tuple[str, ...] = (),
    resource: Resource | None = None,
    urls: UrlPlace | None = None, safe_to_repeat: bool = True, since: Version = V2_1_1,
    until: Version | None = None, query_aliases: Mapping[str, str] | None = None,
    result: str | None = None,
) -> Endpoint:  # fmt: skip
    return Endpoint(
        module, interface, method, path, Behaviour.HANDLED, resource, handler=handler, takes=takes,
        gives=gives, gives_list=gives_list, query=query, required_query=required_query, urls=urls,
        safe_to_repeat=safe_to_repeat, since=since, until=until, query_aliases=query_aliases or {},
        result=result,
    )  # fmt: skip


_EVSE, _CONNECTOR = "{location_id}/{evse_uid}", "{location_id}/{evse_uid}/{connector_id}"
_S, _R = Interface.SENDER, Interface.RECEIVER
_COMMAND_BODIES: tuple[tuple[str, type, Version], ...] = (
    ("START_SESSION", v.StartSession, V2_1_1),
    ("STOP_SESSION", v.StopSession, V2_1_1),
    ("RESERVE_NOW", v.ReserveNow, V2_1_1),
    ("CANCEL_RESERVATION", v.CancelReservation, V2_2_1),
    ("UNLOCK_CONNECTOR", v.UnlockConnector, V2_1_1),
)
_PROFILE_RESULTS: tuple[tuple[str, type], ...] = (
    ("activechargingprofile", v.ActiveChargingProfileResult),
    ("chargingprofile", v.ChargingProfileResult),
    ("clearprofile", v.ClearProfileResult),
)
"""Our own response URLs: the standard leaves their form open, the path tells the bodies apart."""

CORE: tuple[Endpoint, ...] = (
    # version_information_endpoint, credentials: configuration, one URL for both sides
    _handled(VERSIONS_MODULE, None, "GET", "", "versions", gives=v.VersionInfo, gives_list=True),
    _handled(VERSIONS_MODULE, None, "GET", "{version}", "version_details", gives=v.VersionDetails),
    _handled(CREDENTIALS, None, "GET", "", "credentials_get", gives=v.Credentials),
    _handled(CREDENTIALS, None, "POST", "", "credentials_post", takes=v.Credentials,
             gives=v.Credentials, safe_to_repeat=False),
    _handled(CREDENTIALS, None, "PUT", "", "credentials_put", takes=v.Credentials,
             gives=v.Credentials, safe_to_repeat=False),
    _handled(CREDENTIALS, None, "DELETE", "", "credentials_delete", safe_to_repeat=False),
    # mod_locations
    _list(LOCATIONS, LOCATION),
    _own(LOCATIONS, LOCATION, "{location_id}"),
    _own(LOCATIONS, LOCATION, _EVSE, EVSE_PART),
    _own(LOCATIONS, LOCATION, _CONNECTOR, CONNECTOR_PART),
    *_owned(LOCATIONS, LOCATION, "{location_id}", "GET", "PUT", "PATCH"),
    *_owned(LOCATIONS, LOCATION, _EVSE, "GET", "PUT", "PATCH", part=EVSE_PART),
    *_owned(LOCATIONS, LOCATION, _CONNECTOR, "GET", "PUT", "PATCH", part=CONNECTOR_PART),
    # mod_sessions
    _list(SESSIONS, SESSION, required=("date_from",)),
    *_owned(SESSIONS, SESSION, "{session_id}", "GET", "PUT", "PATCH"),
    _handled(SESSIONS, _S, "PUT", "{session_id}/charging_preferences", "charging_preferences",
             takes=v.ChargingPreferences, gives=v.ChargingPreferencesResponse, resource=SESSION,
             since=V2_2_1),
    # mod_cdrs
    _list(CDRS, CDR),
    *_owned(CDRS, CDR, "{cdr_id}", "GET"),  # the URL that our Location header names
    Endpoint(CDRS, _R, "POST", "", Behaviour.CREATE, CDR, takes=v.CDR,
             urls=UrlPlace.RESPONSE_HEADER, safe_to_repeat=False, since=V2_1_1),
    # mod_tariffs
    _list(TARIFFS, TARIFF),
    *_owned(TARIFFS, TARIFF, "{tariff_id}", "GET", "PUT", "DELETE"),
    *_owned(TARIFFS, TARIFF, "{tariff_id}", "PATCH", until=V2_1_1),
    # mod_tokens
    _list(TOKENS, TOKEN),
    *_owned(TOKENS, TOKEN, "{token_uid}", "GET", "PUT", "PATCH", since=V2_2_1),
    *_owned(TOKENS, TOKEN, "{token_uid}", "GET", "PUT", "PATCH", until=V2_1_1, in_query=False),
    _handled(TOKENS, _S, "POST", "{token_uid}/authorize", "authorize", takes=v.LocationReferences,
             gives=v.AuthorizationInfo, query=("type",), resource=TOKEN, since=V2_2_1),
    # its chapter calls the parameter token_type in the table and type in the example
    _handled(TOKENS, _S, "POST", "{token_uid}/authorize", "authorize", takes=v.LocationReferences,
             gives=v.AuthorizationInfo, query=("type",), query_aliases={"token_type": "type"},
             resource=TOKEN, until=V2_1_1),
    # mod_commands: the RECEIVER acts, the result comes to the SENDER's own URL
    *(
        _handled(COMMANDS, _R, "POST", command, "command", takes=body, gives=v.CommandResponse,
                 urls=UrlPlace.BODY, safe_to_repeat=False, since=since,
                 result="{command}/{uid}")
        for command, body, since in _COMMAND_BODIES
    ),
    _handled(COMMANDS, _S, "POST", "{command}/{uid}", "command_result", takes=v.CommandResult,
             safe_to_repeat=False),
    # mod_charging_profiles
    _handled(CHARGING_PROFILES, _R, "GET", "{session_id}", "charging_profile_get",
             gives=v.ChargingProfileResponse, query=("duration", "response_url"),
             required_query=("duration", "response_url"), urls=UrlPlace.QUERY,
             result="activechargingprofile/{uid}", since=V2_2_1),
    _handled(CHARGING_PROFILES, _R, "PUT", "{session_id}", "charging_profile_set",
             takes=v.SetChargingProfile, gives=v.ChargingProfileResponse, urls=UrlPlace.BODY,
             result="chargingprofile/{uid}", since=V2_2_1),
    _handled(CHARGING_PROFILES, _R, "DELETE", "{session_id}", "charging_profile_clear",
             gives=v.ChargingProfileResponse, query=("response_url",),
             required_query=("response_url",), urls=UrlPlace.QUERY, result="clearprofile/{uid}",
             since=V2_2_1),
    *(
        _handled(CHARGING_PROFILES, _S, "POST", f"{result}/{{uid}}", "charging_profile_result",
                 takes=body, safe_to_repeat=False, since=V2_2_1)
        for result, body in _PROFILE_RESULTS
    ),
    _handled(CHARGING_PROFILES, _S, "PUT", "{session_id}", "active_charging_profile",
             takes=v.ActiveChargingProfile, since=V2_2_1),
    # mod_hub_client_info
    _list(HUB_CLIENT_INFO, CLIENT_INFO, since=V2_2_1),
    Endpoint(HUB_CLIENT_INFO, _R, "GET", "{country_code}/{party_id}", Behaviour.GET, CLIENT_INFO,
             gives=v.ClientInfo, owner_in_path=True),
    Endpoint(HUB_CLIENT_INFO, _R, "PUT", "{country_code}/{party_id}", Behaviour.PUT, CLIENT_INFO,
             takes=v.ClientInfo, owner_in_path=True),
)  # fmt: skip


class Table:
    """The rows of one node: the core, and whatever modules its owner adds to them."""

    def __init__(self, rows: Iterable[Endpoint] = CORE) -> None:
        self.rows = tuple(rows)
        self.resources = {row.resource.kind: row.resource for row in self.rows if row.resource}
        self.modules = {row.module.name: row.module for row in self.rows}
        self._at: dict[tuple[int, ...], tuple[Endpoint, ...]] = {}

    def at(self, version: Version) -> tuple[Endpoint, ...]:
        """The rows that a version has."""
        found = self._at.get(version.rank)
        if found is None:
            found = tuple(row for row in self.rows if version.within(row.since, row.until))
            self._at[version.rank] = found
        return found

    def module_of(self, resource: Resource) -> Module:
        return next(row.module for row in self.rows if row.resource is resource)
