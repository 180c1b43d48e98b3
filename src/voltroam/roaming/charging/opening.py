"""A charge before its first step: whose it is, where, under which tariff."""

import hashlib
from collections.abc import Callable
from datetime import datetime

import msgspec

from voltroam.roaming.charging.charge import Charge, InForceSince, Terms
from voltroam.roaming.charging.knobs import ChargingKnobs
from voltroam.roaming.charging.terms import Chosen, Site, choose, tariff_id_of
from voltroam.roaming.marks import TariffFor
from voltroam.roaming.timed import timed_id
from voltroam.standard.parties import PartyId, fold
from voltroam.standard.v2_2_1 import (
    AuthMethod,
    CdrLocation,
    CdrToken,
    ProfileType,
    SessionStatus,
    Token,
    TokenType,
)
from voltroam.store.interface import Store
from voltroam.wire.times import from_micros

OF_THE_EVSE = (
    "evse_uid",
    "evse_id",
    "connector_id",
    "connector_standard",
    "connector_format",
    "connector_power_type",
)


class Driver(msgspec.Struct, frozen=True):
    """Who charges, and by what authority. `reference` is the authorization's; `booking`: the id of
    the one that was made for this, whose slot ends at `booked_until`; `invoice`: what our invoice
    for it is known by."""

    token: CdrToken
    method: AuthMethod
    reference: str | None = None
    preference: ProfileType | None = None
    booking: str | None = None
    booked_until: datetime | None = None
    invoice: str | None = None


class Prices(msgspec.Struct, frozen=True):
    """The tariff that was chosen, None if none fits or there is none."""

    document: Chosen | None
    named: bool
    """The connector names tariffs."""

    @property
    def known(self) -> bool:
        return self.document is not None or not self.named


class _Money(msgspec.Struct):
    currency: str


class Opening:
    """What a session starts from, as our own objects say it now."""

    def __init__(
        self, store: Store, knobs: ChargingKnobs, now: Callable[[], int], tariff_for: TariffFor
    ) -> None:
        self._store = store
        self._knobs = knobs
        self._now = now
        self._tariff_for = tariff_for

    async def prices(
        self,
        owner: PartyId,
        site: Site,
        token: CdrToken,
        at: datetime,
        preference: ProfileType | None,
        *,
        only: bool = False,
    ) -> Prices:
        """`only`: the preference's own tariff or none."""
        party = PartyId(token.country_code, token.party_id)
        groups = await self._tariff_for(owner, party, site.tariff_ids)
        document = await choose(
            self._store, owner, groups, at,
            preference=preference, ad_hoc=token.type is TokenType.AD_HOC_USER, only=only,
            policy=self._knobs.policy,
        )  # fmt: skip
        return Prices(document, bool(site.tariff_ids))

    def charge(
        self, name: str | None, owner: PartyId, site: Site, driver: Driver,
        *, at: datetime, prices: Prices,
    ) -> Charge:  # fmt: skip
        """PENDING, with terms of the first generation."""
        now = from_micros(self._now())
        currency = self._knobs.currency
        if prices.document is not None:
            currency = msgspec.json.decode(prices.document.home, type=_Money).currency
        return Charge(
            id=name or timed_id(self._now()),
            country_code=owner.country_code,
            party_id=owner.party_id,
            status=SessionStatus.PENDING,
            token=driver.token,
            auth_method=driver.method,
            authorization_reference=driver.reference,
            booking_id=driver.booking,
            invoice_reference=driver.invoice,
            location_id=site.location.id,
            evse_uid=site.evse_uid,
            connector_id=site.connector_id,
            currency=currency,
            started=at,
            updated=now,
            heard=now,
            terms=1,
            priced=prices.known,
        )


def first_terms(
    owner: PartyId,
    site: Site,
    prices: Prices,
    at: datetime,
    booked_until: datetime | None = None,
) -> Terms:
    terms = Terms(
        generation=1, owner=owner, zone=site.location.time_zone, place=site.place,
        booked_until=booked_until,
    )  # fmt: skip
    return terms if prices.document is None else under(terms, prices.document, at, first=True)


def arrived(terms: Terms, site: Site, prices: Prices, at: datetime) -> Terms:
    """A reservation becomes a session at an EVSE: its place, and its tariff from now on.

    The address stays as it was when the place was reserved.
    """
    place: CdrLocation = site.place
    evse = {name: getattr(place, name) for name in OF_THE_EVSE}
    terms = msgspec.structs.replace(
        terms,
        generation=terms.generation + 1,
        place=msgspec.structs.replace(terms.place, **evse),
    )
    return terms if prices.document is None else under(terms, prices.document, at, first=True)


def for_slot(terms: Terms, until: datetime | None) -> Terms:
    """For a booked slot that ends then; the same terms where that is known, or none is."""
    if until is None or until == terms.booked_until:
        return terms
    return msgspec.structs.replace(terms, generation=terms.generation + 1, booked_until=until)


def under(terms: Terms, tariff: Chosen, since: datetime, *, first: bool = False) -> Terms:
    """With this tariff from a moment on; the same terms if it is in force already.

    A tariff that the session was under before counts as it stood then. `first`: the generation
    is new anyway.
    """
    new = InForceSince(msgspec.Raw(tariff.home), since, tariff.modern)
    name = fold(tariff_id_of(new))
    if terms.tariffs and fold(tariff_id_of(terms.tariffs[-1])) == name:
        return terms
    for one in terms.tariffs:
        if fold(tariff_id_of(one)) == name:
            new = InForceSince(one.document, since, one.modern)
            break
    return msgspec.structs.replace(
        terms, generation=terms.generation + (not first), tariffs=(*terms.tariffs, new)
    )


def card_of(token: CdrToken | Token) -> CdrToken:
    """What Session and CDR say of a token (CDR-OBJ-11)."""
    if isinstance(token, CdrToken):
        return token
    return CdrToken(
        country_code=token.country_code,
        party_id=token.party_id,
        uid=token.uid,
        type=token.type,
        contract_id=token.contract_id,
    )


def wish_of(token: CdrToken | Token, preference: ProfileType | None) -> ProfileType | None:
    """The driver's preference, else that of the token."""
    if preference is not None or isinstance(token, CdrToken):
        return preference
    return token.default_profile_type


def same_card(one: CdrToken, other: CdrToken) -> bool:
    return one.type is other.type and all(
        fold(getattr(one, name)) == fold(getattr(other, name))
        for name in ("country_code", "party_id", "uid")
    )


def id_for(order_id: str | None) -> str | None:
    """The session of an order: the same each time, so that an order never starts two."""
    if order_id is None:
        return None
    return hashlib.sha256(f"session {order_id}".encode()).hexdigest()[:32]
