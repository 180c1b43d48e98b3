"""Charging stations as the world has them: what an EVSE is, and what stands there now."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from voltroam.simulator.world.cars import VOLTS, Plug
from voltroam.simulator.world.happenings import Place
from voltroam.simulator.world.meter import Meter
from voltroam.standard.parties import PartyId
from voltroam.standard.v2_2_1 import EVSE, Capability, Connector, Location, Status, Token

SQUARE_ROOT_OF_3 = 3**0.5
PHASES = {
    "AC_1_PHASE": 1,
    "AC_2_PHASE": 2,
    "AC_2_PHASE_SPLIT": 2,
    "AC_3_PHASE": 3,
    "DC": 0,
}


@dataclass(frozen=True, slots=True)
class Reservation:
    """An EVSE kept for one driver until a moment of the world.

    Of a booking: for any of its `tokens`, of their groups where `by_group`, or for who starts with
    its `reference`; who came must be gone when it `leaves`.
    """

    id: str
    token: Token | None
    until: datetime
    tokens: tuple[Token, ...] = ()
    by_group: bool = True
    reference: str | None = None
    leaves: datetime | None = None

    def admits(self, token: Token, reference: str | None = None) -> bool:
        """Whether this driver is the one that it is kept for."""
        if reference is not None and reference == self.reference:
            return True
        known = self.tokens or ((self.token,) if self.token is not None else ())
        same = same_driver if self.by_group else same_token
        return any(same(one, token) for one in known)


def same_token(one: Token, other: Token) -> bool:
    first = (one.country_code, one.party_id, one.uid, one.type)
    second = (other.country_code, other.party_id, other.uid, other.type)
    return [part.upper() for part in first] == [part.upper() for part in second]


def same_driver(one: Token, other: Token) -> bool:
    """The same token, or one of the same group (OCPI 2.2.1 §mod_tokens, group_id)."""
    if one.group_id and one.group_id == other.group_id:
        return True
    return same_token(one, other)


@dataclass(slots=True)
class Spot:
    """One EVSE. `charge` is the charge that holds it; `status` what partners are told."""

    operator: PartyId
    location_id: str
    uid: str
    plugs: tuple[Plug, ...]
    capabilities: frozenset[Capability]
    zone: str
    meter: Meter
    status: Status = Status.AVAILABLE
    told: Status = Status.AVAILABLE
    """What its document said when the world first saw it."""
    charge: str | None = None
    reservation: Reservation | None = None

    @property
    def is_dc(self) -> bool:
        return self.plugs[0].is_dc

    @property
    def free(self) -> bool:
        """For a driver without a reservation."""
        return self.charge is None and self.status is Status.AVAILABLE

    @property
    def broken(self) -> bool:
        return self.status in (Status.INOPERATIVE, Status.OUTOFORDER, Status.UNKNOWN)

    def place(self, plug: Plug | None = None) -> Place:
        return Place(self.operator, self.location_id, self.uid, (plug or self.plugs[0]).id)

    def plug(self, identifier: str | None) -> Plug | None:
        """The connector of that id; the first when none is asked for."""
        if identifier is None:
            return self.plugs[0]
        return next((it for it in self.plugs if it.id.upper() == identifier.upper()), None)


def spots_of(location: Location, seed: int) -> Iterator[Spot]:
    """The EVSEs of a location that exist today."""
    operator = PartyId(location.country_code, location.party_id)
    for evse in location.evses or ():
        if evse.status in (Status.REMOVED, Status.PLANNED):
            continue
        plugs = tuple(_plug(connector) for connector in evse.connectors)
        yield Spot(
            operator=operator,
            location_id=location.id,
            uid=evse.uid,
            plugs=plugs,
            capabilities=frozenset(evse.capabilities or ()),
            zone=location.time_zone,
            meter=_meter(evse, seed, dc=plugs[0].is_dc),
            status=_first_status(evse.status),
            told=evse.status,
        )


def _meter(evse: EVSE, seed: int, *, dc: bool) -> Meter:
    return Meter(seed, evse.uid.upper(), evse_id=evse.evse_id, dc=dc)


def _first_status(status: Status) -> Status:
    """What another life left behind (somebody charges, a place is kept) is over."""
    if status in (Status.CHARGING, Status.RESERVED, Status.BLOCKED, Status.UNKNOWN):
        return Status.AVAILABLE
    return status


def _plug(connector: Connector) -> Plug:
    phases = PHASES[connector.power_type.value]
    volts, amperes = float(connector.max_voltage), float(connector.max_amperage)
    if phases and volts > 300:
        volts /= SQUARE_ROOT_OF_3
    best = connector.max_electric_power or amperes * (phases * VOLTS if phases else volts)
    return Plug(connector.id, phases, volts, amperes, float(best))
