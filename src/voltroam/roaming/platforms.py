"""A platform is a far end with which we exchange credentials; users call it partner."""

from collections.abc import Iterable
from enum import StrEnum
from functools import cached_property
from typing import Literal

import msgspec
from msgspec import structs

from voltroam.standard.endpoints import Interface, Module
from voltroam.standard.parties import PartyId
from voltroam.standard.trees import Tree
from voltroam.standard.v2_2_1.credentials import CredentialsRole, Role
from voltroam.standard.versions import HOME

PLATFORM = "platform"
"""Record kind of `Platform`; the record's id is `Platform.id`."""


class Status(StrEnum):
    """The words of hubclientinfo, the same on both sides (OCPI 2.2.1 §mod_hub_client_info)."""

    PLANNED = "PLANNED"
    CONNECTED = "CONNECTED"
    OFFLINE = "OFFLINE"
    SUSPENDED = "SUSPENDED"


class Phase(StrEnum):
    """Where registration stands; the transitions are in `registration.py`."""

    INVITED = "INVITED"
    """We gave out TOKEN_A and wait for the POST."""
    CALLBACK = "CALLBACK"
    """A POST is being answered; TOKEN_A is locked."""
    HAVE_A = "HAVE_A"
    """We hold their TOKEN_A and have not registered yet."""
    POSTED = "POSTED"
    """Our POST is on its way; TOKEN_B is accepted inbound."""
    REGISTERED = "REGISTERED"
    REMOVED = "REMOVED"


class Letter(StrEnum):
    """Which token of the registration it is (OCPI 2.2.1 §credentials)."""

    A = "A"
    """Given out of band; good for versions, details and credentials, and for one registration."""
    B = "B"
    """Made by the side that starts the registration."""
    C = "C"
    """Made by the side that answers it."""


class EndpointAt(msgspec.Struct, frozen=True):
    """One line of the partner's version details."""

    identifier: str
    role: Interface
    url: str


class Profile(msgspec.Struct, frozen=True, omit_defaults=True):
    """How a partner deviates: data, never code."""

    base64: bool = True
    """We send the token Base64-encoded."""
    raw_token: bool = False
    """We accept its token un-encoded."""
    strict: bool = False
    """Refuse what is against the standard (`error`), not only what is unusable (`fatal`)."""
    push: Literal["patch", "put"] = "patch"
    catch_up: Literal["push", "wait_for_pull"] = "push"
    page_limit: int | None = None
    """`limit` that we ask for; None: the partner's own maximum."""
    timeout: float = 15.0
    """Seconds for one request."""
    rate: float | None = None
    """Requests per second that we send at most."""
    concurrency: int = 8
    session_interval: float | None = None
    """Seconds between two pushes of a running session whose status stays; None: every change."""
    cdr_exists: bool = False
    """A 2xxx on a repeated CDR POST means that it is there already."""
    inbound_rate: float | None = None
    """Requests per second that we serve it; None: the node's default."""
    version: str | None = None
    """The only version to speak with it; None: the highest that both know."""
    relaxations: tuple[str, ...] = ()
    """What may pass between versions although it is unsafe; see docs/reference/bridge.md."""
    time_zone: str | None = None
    """Of its locations, where neither they nor their coordinates tell one (2.1.1)."""
    postal_code: str | None = None
    """Told for locations that have none, to a version that needs one (2.1.1)."""
    max_edition: int | None = None
    """The edition of its version, where it is behind: lengths and modules are as they were then."""
    modules: tuple[str, ...] = ()
    """Custom modules that both agreed on; only these are shown to it (CORE-VER-14)."""
    identifiers: tuple[str, ...] = ()
    """What this partner wants modules to be called in our version details, `bookings=bookings`."""

    def called(self, module: Module) -> str:
        """The identifier of a module in what we tell this partner (RBK-001)."""
        start = f"{module.name}="
        named = (one.removeprefix(start) for one in self.identifiers if one.startswith(start))
        return next(named, module.printed)


class InboundToken(msgspec.Struct, frozen=True, omit_defaults=True):
    """One token that we accept from a platform, known by its keyed hash only."""

    hash: str
    letter: Letter
    valid_until: int | None = None
    """Microseconds since 1970 UTC; None: until it is replaced."""


class Parties:
    """The parties of a list of roles, told apart once for the many calls that ask."""

    def __init__(self, roles: Iterable[CredentialsRole]) -> None:
        self._roles = tuple(
            (role.role, PartyId(role.country_code, role.party_id)) for role in roles
        )
        self._of: dict[tuple[Role, ...], tuple[PartyId, ...]] = {}
        self._folded: dict[frozenset[Role], frozenset[str]] = {}
        self.kinds = frozenset(role for role, _ in self._roles)
        self.folded = frozenset(party.folded for _, party in self._roles)

    def of(self, roles: tuple[Role, ...]) -> tuple[PartyId, ...]:
        """Of the given roles only if any are named."""
        found = self._of.get(roles)
        if found is None:
            wanted = frozenset(roles) or self.kinds
            found = tuple(party for role, party in self._roles if role in wanted)
            self._of[roles] = found
        return found

    def have(self, party: PartyId, roles: frozenset[Role]) -> bool:
        """Whether it is one of them in one of these roles."""
        folded = self._folded.get(roles)
        if folded is None:
            folded = frozenset(one.folded for role, one in self._roles if role in roles)
            self._folded[roles] = folded
        return party.folded in folded


class Platform(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, dict=True):
    """All that we know of one partner; of tokens only what `Vault` made of them."""

    id: str
    name: str
    phase: Phase
    status: Status = Status.PLANNED
    paused: bool = False
    version: str | None = None
    we_are: Role | None = None
    """Our role towards it, where its version knows one for each registration (2.1.1)."""
    versions_url: str | None = None
    roles: tuple[CredentialsRole, ...] = ()
    planned: tuple[CredentialsRole, ...] = ()
    """Whom it will bring, as a hub tells the others before it registers; `roles` replace them."""
    endpoints: tuple[EndpointAt, ...] = ()
    token_sealed: str | None = None
    """The credentials token that we present to it, encrypted."""
    inbound: tuple[InboundToken, ...] = ()
    """The tokens that we accept from it; each has a record of its own for the look-up."""
    hosts: tuple[str, ...] = ()
    """Hosts of its versions and endpoints, with port: no other host is called in its name."""
    callback_until: int | None = None
    """Until when TOKEN_A is locked by a POST that is being answered (µs)."""
    attempt: str | None = None
    """Which POST holds that lock."""
    profile: Profile = Profile()
    registered_at: int | None = None
    rotated_at: int | None = None
    introduced_at: int | None = None
    """When it last sent us its credentials (µs): from then on what it lists is read anew."""
    told: str | None = None
    """Digest of our endpoints and roles as this partner last learnt them (CORE-VER-20)."""
    reason: str | None = None
    """Why the last registration step failed, for the operator."""

    def endpoint(self, identifier: str, interface: Interface) -> str | None:
        """URL of a module's interface; `credentials` has one for both (OCPI 2.2.1 §credentials)."""
        for at in self.endpoints:
            if at.identifier == identifier and (
                identifier == "credentials" or at.role is interface
            ):
                return at.url
        return None

    def parties(self, *roles: Role) -> tuple[PartyId, ...]:
        """Its parties, of the given roles only if any are named."""
        return self._parties.of(roles)

    def holds(self, party: PartyId) -> bool:
        return party.folded in self._parties.folded

    def owns(self, party: PartyId, roles: frozenset[Role]) -> bool:
        """Whether the party is one of its own, in one of these roles."""
        return self._parties.have(party, roles)

    @cached_property
    def _parties(self) -> Parties:
        return Parties(self.roles)

    @property
    def tree(self) -> Tree | None:
        """Where it finds our side of a version of two trees."""
        return Tree[self.we_are.name] if self.we_are else None

    @property
    def is_registered(self) -> bool:
        """Until then its token opens versions, details and credentials only (CORE-AUTH-07)."""
        return self.phase is Phase.REGISTERED

    @property
    def is_hub(self) -> bool:
        return Role.HUB in self._parties.kinds

    @property
    def is_provider(self) -> bool:
        """Whether it charges smartly for others: it sees and steers what was granted to it."""
        return Role.SCSP in self._parties.kinds


class Caller(Platform, frozen=True, kw_only=True, dict=True):
    """A platform as it stands behind one request, with the token that it presented.

    Never stored; the repr hides the token, as that of every secret.
    """

    token: str
    letter: Letter

    def __repr__(self) -> str:
        return f"Caller(id={self.id!r}, name={self.name!r}, phase={self.phase.value}, token=…)"

    @classmethod
    def of(cls, platform: Platform, token: str, letter: Letter) -> "Caller":
        return cls(**structs.asdict(platform), token=token, letter=letter)


class Identity(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """Who we are: the roles that our credentials list, and where our versions are."""

    name: str
    url: str
    """Public base URL of the node without trailing slash; versions are at `<url>/ocpi/versions`."""
    roles: tuple[CredentialsRole, ...]
    versions: tuple[str, ...] = (HOME.number,)
    """The versions that we speak."""
    formerly: tuple[str, ...] = ()
    """Those by which the classes of what is stored may still be made."""

    @property
    def is_hub(self) -> bool:
        """A hub lists HUB alone: the parties that it connects are told by hubclientinfo."""
        return Role.HUB in self._parties.kinds

    def parties(self, *roles: Role) -> tuple[PartyId, ...]:
        return self._parties.of(roles)

    def holds(self, party: PartyId) -> bool:
        return party.folded in self._parties.folded

    def owns(self, party: PartyId, roles: frozenset[Role]) -> bool:
        """Whether the party is one of its own, in one of these roles."""
        return self._parties.have(party, roles)

    @cached_property
    def _parties(self) -> Parties:
        return Parties(self.roles)

    @property
    def trees(self) -> tuple[Tree, ...]:
        """Those that we serve; a hub stands for either side."""
        played = {role.role for role in self.roles}
        return tuple(tree for tree in Tree if played & {tree.role, Role.HUB})
