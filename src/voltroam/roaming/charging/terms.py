"""Which tariff a session is under, and what pricing needs of it, kept in memory while it runs.

A tariff and a location count as they stood when the session came under them (CDR-FLOW-06).
"""

from collections import OrderedDict
from collections.abc import Sequence
from datetime import datetime
from itertools import product
from typing import NamedTuple

import msgspec

from voltroam import pricing
from voltroam.billing.any_version import is_230, read_as, read_tariff
from voltroam.billing.build import snapshot
from voltroam.billing.cut import InForce
from voltroam.billing.running import Marks
from voltroam.pricing import Choice, Plan, Policy, PricingProblem, select
from voltroam.roaming.charging.charge import InForceSince, Terms, read_terms, terms_key
from voltroam.roaming.charging.problem import ChargingProblem
from voltroam.roaming.keys import object_key
from voltroam.roaming.received import received_in
from voltroam.standard import v2_2_1 as old
from voltroam.standard.endpoints import LOCATION, TARIFF
from voltroam.standard.errors import CallerError, NotFound
from voltroam.standard.parties import PartyId, fold
from voltroam.standard.types import NOT_AVAILABLE
from voltroam.standard.v2_3_0 import ProfileType, Tariff
from voltroam.store.interface import Store
from voltroam.wire.decode import read

MOST_FOOTINGS = 20_000
MOST_RATES = 512


class Rates(msgspec.Struct, frozen=True):
    """Tariffs read and compiled, shared by all sessions under them."""

    tariffs: tuple[old.Tariff, ...]
    """Each once, as a CDR embeds them."""
    canonical: tuple[Tariff, ...]
    plan: Plan | None
    """None: no tariff, or one that cannot be priced."""
    fault: str | None = None
    is_modern: bool = False
    """One was given in 2.3.0: 2.2.1 may not say all of it."""


class Chosen(NamedTuple):
    """A tariff as the house keeps it, and as it was given in 2.3.0, where it was."""

    home: bytes
    modern: str | None = None


class Footing(msgspec.Struct, frozen=True):
    """What a session stands on: its terms, ready for use."""

    terms: Terms
    rates: Rates
    marks: Marks

    @property
    def owner(self) -> PartyId:
        return self.terms.owner


class Site(msgspec.Struct, frozen=True):
    """Where a session takes place, as our own location says now."""

    location: old.Location
    evse_uid: str
    connector_id: str
    tariff_ids: tuple[str, ...]

    @property
    def place(self) -> old.CdrLocation:
        return snapshot(self.location, self.evse_uid, self.connector_id)


class Footings:
    """Terms of the sessions that this process deals with; they never change in a generation."""

    def __init__(self, store: Store, policy: Policy) -> None:
        self._store = store
        self._policy = policy
        self._footings: OrderedDict[str, Footing] = OrderedDict()
        self._rates: OrderedDict[tuple[str, tuple[Chosen, ...]], Rates] = OrderedDict()

    async def of(self, session_id: str, *, anew: bool = False) -> Footing | None:
        """None for a session that has none. `anew`: another process may have changed them."""
        name = fold(session_id)
        found = None if anew else self._footings.get(name)
        if found is not None:
            self._footings.move_to_end(name)
            return found
        record = await self._store.record(terms_key(session_id))
        if record is None:
            return None
        found = self.on(read_terms(record))
        self.keep(session_id, found)
        return found

    def keep(self, session_id: str, footing: Footing) -> None:
        """What was written, so that it need not be read."""
        self._footings[fold(session_id)] = footing
        while len(self._footings) > MOST_FOOTINGS:
            self._footings.popitem(last=False)

    def on(self, terms: Terms) -> Footing:
        """Raises BillingProblem for a tariff that cannot be read."""
        rates = self._of(terms)
        known = {fold(one.id): one for one in rates.canonical}
        in_force = (
            [InForce(known[fold(tariff_id_of(one))], one.since) for one in terms.tariffs]
            if rates.plan is not None
            else []
        )
        return Footing(terms, rates, Marks(in_force, terms.zone, self._policy, terms.booked_until))

    def _of(self, terms: Terms) -> Rates:
        once = {
            fold(tariff_id_of(one)): Chosen(bytes(one.document), one.modern)
            for one in terms.tariffs
        }
        key = (terms.zone, tuple(once.values()))
        found = self._rates.get(key)
        if found is None:
            found = self._rates[key] = self._compiled(list(once.values()), terms.zone)
            while len(self._rates) > MOST_RATES:
                self._rates.popitem(last=False)
        return found

    def _compiled(self, documents: Sequence[Chosen], zone: str) -> Rates:
        tariffs = tuple(read_as(old.Tariff, one.home) for one in documents)
        canonical = tuple(
            read_tariff(one.home if one.modern is None else one.modern.encode())
            for one in documents
        )
        is_modern = any(one.modern is not None for one in documents)
        if not tariffs:
            return Rates((), (), None)
        try:
            plan = pricing.compile(canonical, zone, self._policy)
        except PricingProblem as problem:
            return Rates(tariffs, canonical, None, problem.message, is_modern)
        return Rates(tariffs, canonical, plan, None, is_modern)


class _Named(msgspec.Struct):
    id: str


def tariff_id_of(one: InForceSince) -> str:
    return msgspec.json.decode(one.document, type=_Named).id


async def site_of(
    store: Store,
    owner: PartyId,
    location_id: str,
    evse_uid: str | None,
    connector_id: str | None,
    *,
    reserving: bool = False,
) -> Site:
    """Our location with one of its EVSEs and connectors.

    Without EVSE, or while `reserving` without connector, `#NA`: none is assigned yet. Otherwise
    an EVSE's first connector is meant. Raises ChargingProblem for what is not there.
    """
    row = await store.get(object_key(LOCATION, owner, {"id": location_id}))
    location = None if row is None or row.deleted else read(old.Location, row.document).value
    if location is None:
        raise ChargingProblem("UNKNOWN_LOCATION", f"no location {location_id} of {owner}")
    if evse_uid is None or evse_uid == NOT_AVAILABLE:
        connectors = [each for evse in location.evses or () for each in evse.connectors]
        if not connectors:
            raise ChargingProblem("UNKNOWN_EVSE", f"location {location_id} has no EVSE")
        return Site(location, NOT_AVAILABLE, NOT_AVAILABLE, _tariffs_of(connectors))
    for evse in location.evses or ():
        if fold(evse.uid) != fold(evse_uid):
            continue
        found = [
            one for one in evse.connectors
            if connector_id in (None, NOT_AVAILABLE) or fold(one.id) == fold(connector_id or "")
        ]  # fmt: skip
        if not found:
            raise ChargingProblem("UNKNOWN_CONNECTOR", f"no connector {connector_id} there")
        open_still = reserving and len(found) > 1
        name = NOT_AVAILABLE if open_still else found[0].id
        return Site(location, evse.uid, name, _tariffs_of(found))
    raise ChargingProblem("UNKNOWN_EVSE", f"no EVSE {evse_uid} at location {location_id}")


def _tariffs_of(connectors: Sequence[old.Connector]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for one in connectors for name in one.tariff_ids or ()))


async def choose(
    store: Store,
    owner: PartyId,
    groups: Sequence[Sequence[str]],
    at: datetime,
    *,
    preference: old.ProfileType | None,
    ad_hoc: bool,
    only: bool,
    policy: Policy,
) -> Chosen | None:
    """The tariff for a session that starts now; None if none fits.

    A preference that no tariff is for gives the REGULAR one, unless `only` it will do. Of those
    that fit, the one in the earliest group.
    """
    documents: dict[str, Chosen] = {}
    tariffs = []
    for name in dict.fromkeys(name for group in groups for name in group):
        row = await store.get(object_key(TARIFF, owner, {"id": name}))
        if row is None or row.deleted:
            continue
        try:
            tariff = read_tariff(row.document)
        except CallerError:
            continue
        given = received_in(row.sidecar)
        modern = given is not None and is_230(given.document)
        text = given.document.decode() if given is not None and modern else None
        documents[fold(tariff.id)] = Chosen(row.document, text)
        tariffs.append(tariff)
    wish = None if preference is None else ProfileType(preference)
    found = pick(
        tariffs, groups, at, preference=wish, ad_hoc=ad_hoc, only=only, policy=policy
    ).tariff
    return None if found is None else documents[fold(found.id)]


def pick(
    tariffs: Sequence[Tariff],
    groups: Sequence[Sequence[str]],
    at: datetime,
    *,
    preference: ProfileType | None,
    ad_hoc: bool,
    only: bool = False,
    policy: Policy,
) -> Choice:
    """See `choose`; the last reason where none fits."""
    wishes = [] if preference is None else [preference]
    choice: Choice | None = None
    for wish, ids in product([*wishes, *([] if only else [None])], groups):
        choice = select(tariffs, ids, at, preference=wish, ad_hoc=ad_hoc, policy=policy)
        found = choice.tariff
        if found is not None and (wish is None or found.type is not None):
            return choice
    return Choice(None, "" if choice is None else choice.why)


def only_owner(owners: Sequence[PartyId], named: PartyId | None) -> PartyId:
    """The operator meant: the only one of ours, unless named. Raises ChargingProblem, NotFound."""
    if named is None:
        once = {one.folded: one for one in owners}
        if len(once) != 1:
            raise ChargingProblem("WHICH_OPERATOR", "several of our parties are operators, or none")
        return next(iter(once.values()))
    for one in owners:
        if one.same(named):
            return one
    raise NotFound(f"{named} is no operator of ours")
