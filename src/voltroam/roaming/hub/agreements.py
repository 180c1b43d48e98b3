"""Which parties of a hub may deal with each other, and in what: rules, and a quick answer.

An agreement names two sides and what they may exchange. The most exact one decides; between two
that are equally exact, the one that forbids. Where none fits, the hub's default holds: open or
closed. Routing, broadcast, lists of all and client info all ask the same answer.
"""

from collections.abc import Iterable
from typing import Literal

import msgspec

from voltroam.roaming.hub.seats import Seat
from voltroam.standard.errors import CallerError
from voltroam.standard.parties import PartyId
from voltroam.standard.v2_2_1 import Role

AGREEMENT = "agreement"
"""Record kind of `Agreement`; the record's id is `Agreement.id`."""

ANY = "*"
Default = Literal["open", "closed"]


class Side(msgspec.Struct, frozen=True):
    """Parties that one side of an agreement stands for; `*` is any country, party or role."""

    country: str = ANY
    party: str = ANY
    role: str = ANY

    def __str__(self) -> str:
        return f"{self.country}/{self.party}/{self.role}"

    @classmethod
    def read(cls, text: str) -> "Side":
        """`NL/AAA`, `NL/AAA/CPO`, `NL/*`, `*/*/EMSP` or `*`. CallerError says what is wrong."""
        pieces = [piece.strip().upper() for piece in text.split("/")]
        if not 1 <= len(pieces) <= 3 or not all(pieces):
            raise CallerError(f"`{text}` is no party: write CC/PID, CC/PID/ROLE or *")
        country, party, role = (*pieces, ANY, ANY)[:3]
        if country != ANY and not (len(country) == 2 and country.isalpha()):
            raise CallerError(f"`{text}`: the country code has two letters")
        if party != ANY and not (len(party) == 3 and party.isascii() and party.isalnum()):
            raise CallerError(f"`{text}`: the party id has three letters or digits")
        if role != ANY and role not in Role.__members__:
            raise CallerError(f"`{text}`: the role is one of {', '.join(Role.__members__)}")
        return cls(country, party, role)

    @property
    def exactness(self) -> int:
        """A party says more than a country, a country more than a role."""
        return 4 * (self.party != ANY) + 2 * (self.country != ANY) + (self.role != ANY)

    def holds(self, party: PartyId, role: Role) -> bool:
        return (
            self.country in (ANY, party.country_code.upper())
            and self.party in (ANY, party.party_id.upper())
            and self.role in (ANY, role.value)
        )


class Agreement(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Two sides and the modules between them; empty `modules` are all. Times in microseconds.

    `allows` False forbids. While `suspended`, what it allows is forbidden. Before `since` and from
    `until` on it does not count.
    """

    id: str
    one: Side
    other: Side
    modules: tuple[str, ...] = ()
    allows: bool = True
    since: int | None = None
    until: int | None = None
    suspended: bool = False
    note: str = ""

    @property
    def forbids(self) -> bool:
        return self.suspended or not self.allows

    @property
    def rank(self) -> tuple[int, bool, bool]:
        """The highest one decides."""
        return self.one.exactness + self.other.exactness, bool(self.modules), self.forbids

    def counts(self, now: int) -> bool:
        return (self.since is None or self.since <= now) and (
            self.until is None or now < self.until
        )

    def fits(self, one: Seat, other: Seat, module: str) -> bool:
        if self.modules and module not in self.modules:
            return False
        a, b = (one.party, one.role), (other.party, other.role)
        return (self.one.holds(*a) and self.other.holds(*b)) or (
            self.one.holds(*b) and self.other.holds(*a)
        )


class Agreements:
    """All agreements as they count at one moment; `until` is when that changes by itself."""

    def __init__(self, agreements: Iterable[Agreement], default: Default, now: int) -> None:
        self.all: tuple[Agreement, ...] = tuple(agreements)
        moments = [m for it in self.all for m in (it.since, it.until) if m is not None and m > now]
        self.until: int | None = min(moments, default=None)
        counting = [agreement for agreement in self.all if agreement.counts(now)]
        self._ordered = sorted(counting, key=lambda it: it.rank, reverse=True)
        self._default = default
        self._known: dict[tuple[str, Role, str, Role, str], bool] = {}

    @property
    def allows_all(self) -> bool:
        """Open, and nobody agreed on anything else."""
        return self._default == "open" and not self._ordered

    def allowed(self, one: Seat, other: Seat, module: str) -> bool:
        """May the two exchange this module? The same answer in both directions."""
        if not self._ordered:
            return self._default == "open"
        key = (one.party.folded, one.role, other.party.folded, other.role, module)
        answer = self._known.get(key)
        if answer is None:
            decisive = self.decisive(one, other, module)
            answer = not decisive.forbids if decisive else self._default == "open"
            self._known[key] = answer
        return answer

    def decisive(self, one: Seat, other: Seat, module: str) -> Agreement | None:
        """The agreement that decides, for whoever asks why; None: the default does."""
        return next((it for it in self._ordered if it.fits(one, other, module)), None)
