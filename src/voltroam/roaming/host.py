"""The company's own systems, as the node sees them: what it asks of them, and how they answer.

A *host* is whatever stands behind the node: a charger back end, a driver app, a simulator. The
Python interface, the webhooks and the charger world are three hosts, equal in power. The node asks
only what it cannot know; whatever it holds (tokens, locations, sessions) it checks before it asks.
Every question has a deadline: a host that is late, wrong or broken never leaves a partner without a
legal answer.
"""

from datetime import datetime
from decimal import Decimal
from typing import Protocol

import msgspec

from voltroam.standard.parties import PartyId
from voltroam.standard.v2_2_1 import (
    ActiveChargingProfile,
    AllowedType,
    CancelReservation,
    ChargingPreferences,
    ChargingPreferencesResponse,
    ChargingProfile,
    ChargingProfileResponseType,
    ChargingProfileResultType,
    CommandResponseType,
    CommandResultType,
    CommandType,
    LocationReferences,
    ReserveNow,
    StartSession,
    StopSession,
    Token,
    UnlockConnector,
)
from voltroam.standard.v2_3_0.bookings import Booking, BookingRequest

AnyCommand = StartSession | StopSession | ReserveNow | CancelReservation | UnlockConnector


class AuthorizationQuestion(msgspec.Struct, frozen=True, kw_only=True):
    """An operator asks whether a token of ours may charge (OCPI 2.2.1 §mod_tokens, authorize).

    `proposed` is what the node would answer by its own tokens.
    """

    id: str
    token: Token
    asked_by: PartyId
    partner: str
    location: LocationReferences | None = None
    proposed: AllowedType


class AuthorizationDecision(msgspec.Struct, frozen=True, kw_only=True):
    """`evse_uids` narrows what was asked; None leaves all of it permitted."""

    allowed: AllowedType
    evse_uids: tuple[str, ...] | None = None
    authorization_reference: str | None = None
    info: str | None = None


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """A command that a partner gave and that the node found in order (OCPI 2.2.1 §mod_commands).

    `id` names it for good: the same order is never given twice. `session_id` is set where the
    command is about a session that the node knows, `charger_reservation` where it is about a
    reservation: an id that is unique over all partners.
    """

    id: str
    command: CommandType
    body: AnyCommand
    partner: str
    asked_by: PartyId
    operator: PartyId
    deadline: datetime
    session_id: str | None = None
    charger_reservation: int | None = None


class Considered(msgspec.Struct, frozen=True, kw_only=True):
    """Whether an order can be passed on; `message` is for the driver."""

    result: CommandResponseType
    message: str | None = None


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What the charger made of an order."""

    result: CommandResultType
    message: str | None = None


class ProfileOrder(msgspec.Struct, frozen=True, kw_only=True):
    """Set (`profile` given), clear (none) the charging profile of a session, or tell the active one
    for the next `duration` seconds (OCPI 2.2.1 §mod_charging_profiles)."""

    id: str
    session_id: str
    partner: str
    asked_by: PartyId
    operator: PartyId
    deadline: datetime
    profile: ChargingProfile | None = None
    duration: int | None = None


class ProfileOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """`active` answers a question for the active profile, and may follow a change."""

    result: ChargingProfileResultType
    active: ActiveChargingProfile | None = None


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """A driver's charging preferences for a session that runs (OCPI 2.2.1 §mod_sessions)."""

    session_id: str
    partner: str
    operator: PartyId
    preferences: ChargingPreferences


class BookingOrder(msgspec.Struct, frozen=True, kw_only=True):
    """A request that terms and calendars allow: shall it be granted (OCPI 2.3.0 §mod_bookings)?

    `booking` is as it stands; of a change it is the one to be changed.
    """

    booking: Booking
    request: BookingRequest
    partner: str
    asked_by: PartyId
    operator: PartyId


class SignedReading(msgspec.Struct, frozen=True, kw_only=True):
    """A signed meter value as the meter gave it, for `signed_data` of the CDR."""

    nature: str
    """`Start`, `Intermediate` or `End`."""
    plain_data: str
    signed_data: str
    encoding_method: str = "OCMF"
    public_key: str | None = None
    encoding_method_version: int | None = None


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """The meter at one moment: `kwh` is the register, `power` kW, `phases` A per phase.

    `state` is CHARGING, PARKING (the car takes nothing) or RESERVED.
    """

    at: datetime
    kwh: Decimal
    power: Decimal | None = None
    state: str = "CHARGING"
    phases: tuple[Decimal, ...] = ()
    state_of_charge: Decimal | None = None
    signed: SignedReading | None = None


class BookingHost(Protocol):
    """A host that decides about bookings; one that lacks this leaves them to people."""

    async def book(self, order: BookingOrder) -> bool | None:
        """Shall the request be granted? At once; None: a person decides."""
        ...


class Host(Protocol):
    """What a company's system answers. `Unattended` has an answer for each: override what yours
    can do.

    What a method raises, or a deadline that it misses, is answered as the standard has it for
    each: the default decision of the settings, REJECTED, or TIMEOUT.
    """

    async def authorize(self, question: AuthorizationQuestion) -> AuthorizationDecision | None:
        """May this driver charge there? None: the node decides by its own tokens."""
        ...

    async def consider(self, order: Order) -> Considered | None:
        """Can the order be passed on? At once; None: it can."""
        ...

    async def carry_out(self, order: Order) -> Outcome | None:
        """Do it, until `order.deadline`; cancelled when that passes. None: `Orders.report` will
        tell what became of it, before the deadline."""
        ...

    async def consider_profile(self, order: ProfileOrder) -> ChargingProfileResponseType | None:
        """Can the profile order be passed on? At once; None: it can."""
        ...

    async def carry_out_profile(self, order: ProfileOrder) -> ProfileOutcome:
        """Do it, until `order.deadline`."""
        ...

    async def prefer(self, wish: Wish) -> ChargingPreferencesResponse:
        """What the driver would like."""
        ...


class Unattended:
    """A node that no system stands behind: it decides by its own tokens and can do nothing else."""

    async def authorize(self, question: AuthorizationQuestion) -> AuthorizationDecision | None:
        return None

    async def consider(self, order: Order) -> Considered | None:
        return Considered(result=CommandResponseType.NOT_SUPPORTED)

    async def carry_out(self, order: Order) -> Outcome | None:
        return Outcome(result=CommandResultType.NOT_SUPPORTED)

    async def consider_profile(self, order: ProfileOrder) -> ChargingProfileResponseType | None:
        return ChargingProfileResponseType.NOT_SUPPORTED

    async def carry_out_profile(self, order: ProfileOrder) -> ProfileOutcome:
        return ProfileOutcome(result=ChargingProfileResultType.REJECTED)

    async def prefer(self, wish: Wish) -> ChargingPreferencesResponse:
        return ChargingPreferencesResponse.NOT_POSSIBLE

    async def book(self, order: BookingOrder) -> bool | None:
        return None
