"""What a conversion needs to know beside the object: partners, defaults, look-ups, relaxations."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from voltroam.standard.parties import PartyId

Document = dict[str, Any]
"""A plain JSON object; numbers are int or Decimal."""

TIMEOUT = 30
"""Seconds to wait for the result of a command where the version does not say."""


class Relaxation(StrEnum):
    """What a partner's profile allows although it is unsafe. Without it the default refuses."""

    ROUNDED_NET_PRICES = "rounded-net-prices"
    """Prices with tax may lose digits when the tax is taken out."""
    PRICE_LIMITS_DROPPED = "price-limits-dropped"
    """A tariff may go to 2.1.1 without its min_price and max_price."""
    TARIFF_TYPES_DROPPED = "tariff-types-dropped"
    """A tariff that is not for all sessions may go to 2.1.1."""
    TARIFF_SCHEDULE_DROPPED = "tariff-schedule-dropped"
    """A tariff may go to 2.1.1 although it is not in force."""
    PARKING_RESTRICTIONS_DROPPED = "parking-restrictions-dropped"
    """An EVSE may lose a restriction that the partner's version has no word for."""
    TWO_PHASES_AS_ONE = "two-phases-as-one"
    """AC_2_PHASE and AC_2_PHASE_SPLIT may become AC_1_PHASE."""
    J3400_AS_TESLA_S = "j3400-as-tesla-s"
    """SAE_J3400 may become TESLA_S, which has the same shape and another signalling."""
    UNKNOWN_WORDS = "unknown-words"
    """Words that the partner's version does not list are sent as they are."""
    UNKNOWN_FIELDS = "unknown-fields"
    """Members that the partner's version does not know are sent as they are."""
    ASCII_STRINGS = "ascii-strings"
    """Texts for 2.1.1 are written in ASCII."""
    STATE_IN_CITY = "state-in-city"
    """The state is appended to the city for 2.1.1."""
    GROSS_TOTAL_COST = "gross-total-cost"
    """The partner reads total_cost of 2.1.1 as the amount with taxes."""
    PTP_AS_OTHER = "ptp-as-other"
    """The role PTP, which no list of roles names, is said as OTHER in 2.3.0 too."""


class Names(Protocol):
    """One partner's two-way tables: what we call a thing, and what they call it.

    `table` is what is named: `Location`, `EVSE`, `reservation`, `token-type`, …. A pair stays for
    good: both directions must give the same for ever.
    """

    def home(self, table: str, theirs: str) -> str | None:
        """Our name for theirs; None if the table has none."""
        ...

    def theirs(self, table: str, home: str) -> str | None:
        """Their name for ours; None if the table has none."""
        ...

    def pair(self, table: str, home: str, theirs: str) -> None:
        """Remember both."""
        ...


class NamesInMemory:
    """Tables that live as long as the program: for the command line and for tests."""

    def __init__(self) -> None:
        self._home: dict[tuple[str, str], str] = {}
        self._theirs: dict[tuple[str, str], str] = {}

    def home(self, table: str, theirs: str) -> str | None:
        return self._home.get((table, theirs))

    def theirs(self, table: str, home: str) -> str | None:
        return self._theirs.get((table, home))

    def pair(self, table: str, home: str, theirs: str) -> None:
        self._home[table, theirs] = home
        self._theirs[table, home] = theirs


@dataclass(frozen=True, slots=True)
class Asked:
    """The token that an authorization was asked for: its answer in 2.1.1 does not name it."""

    uid: str
    type: str = "RFID"
    token: Mapping[str, Any] | None = None
    """The Token as we hold it (2.2.1), if we do."""


def _nothing(_: str) -> None:
    return None


def _none(_: str) -> Sequence[Mapping[str, Any]]:
    return ()


def _no_zone(_latitude: str, _longitude: str) -> None:
    return None


def _no_spelling(_table: str, _id: str) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Terms:
    """Everything but the object that a conversion depends on; the defaults refuse and infer."""

    owner: PartyId | None = None
    """Whose object it is: 2.1.1 does not say so in the body."""
    provider: PartyId | None = None
    """The eMSP of a 2.1.1 Session or CDR, which names a contract only."""
    role: str | None = None
    """`CPO` or `EMSP`: the tree of URLs of a 2.1.1 registration."""
    relaxations: frozenset[str] = frozenset()
    names: Names = field(default_factory=NamesInMemory)
    time_zone: str | None = None
    """Where neither the object nor its coordinates tell one."""
    postal_code: str | None = None
    """Put in for 2.1.1 where there is none; without it such a location is refused."""
    timeout: int = TIMEOUT
    now: datetime | None = None
    """Whether a tariff with a start or an end is in force; None: it is not sent to 2.1.1."""
    max_edition: int | None = None
    """1: the lengths of the first edition of 2.3.0."""
    memory: Mapping[str, Any] | None = None
    """The same object as it was received in the target version: gives back what only it can say."""
    asked: Asked | None = None
    hub_clients: Sequence[Mapping[str, Any]] = ()
    """ClientInfo objects (2.2.1) of the parties behind a hub, for its credentials in 2.3.0."""
    tokens_of: Callable[[str], Sequence[Mapping[str, Any]]] = _none
    """Tokens (2.2.1) by contract id."""
    location_of: Callable[[str], Mapping[str, Any] | None] = _nothing
    """Location (2.2.1) by id."""
    tariff_of: Callable[[str], Mapping[str, Any] | None] = _nothing
    """Tariff (2.2.1) by id."""
    zone_at: Callable[[str, str], str | None] = _no_zone
    """Time zone by latitude and longitude."""
    spelling_of: Callable[[str, str], str | None] = _no_spelling
    """How an object (`Location`, …) is spelled that is held under the same id but for its case."""

    turns_at: int | None = None
    """When (µs) one of the tariffs begins or ends next: what is said now may be wrong from then."""

    def relaxed(self, relaxation: Relaxation) -> bool:
        return relaxation in self.relaxations
