"""What chargers make of the orders that a back end gives them (OCPI 2.2.1 §mod_commands)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from voltroam.simulator.world.charge import Charge, Stage
from voltroam.simulator.world.faults import Fault
from voltroam.simulator.world.happenings import Abandoned, Awaited, Reserved
from voltroam.simulator.world.spots import Reservation, Spot, same_driver
from voltroam.simulator.world.street import Street
from voltroam.standard.parties import PartyId
from voltroam.standard.v2_2_1 import CommandResultType, Status, Token

PLUG_TIME = timedelta(seconds=60)
"""How long a charger waits for the cable."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a charger says to an order; `result` None: nothing at all. `slow` ones take long."""

    result: CommandResultType | None
    message: str | None = None
    slow: bool = False
    charge: str | None = None


SILENCE = Answer(None)
ACCEPTED = Answer(CommandResultType.ACCEPTED)
REJECTED = Answer(CommandResultType.REJECTED, "The charger refused.")
OCCUPIED = Answer(CommandResultType.EVSE_OCCUPIED, "Another car charges there.")
INOPERATIVE = Answer(CommandResultType.EVSE_INOPERATIVE, "The charger is out of order.")
NO_CHARGE = Answer(CommandResultType.REJECTED, "Nothing charges there any more.")
NO_RESERVATION = Answer(CommandResultType.UNKNOWN_RESERVATION)


class Ordered(Street):
    """Chargers that can be told to start, stop, reserve and unlock; at the moment reached."""

    def start(
        self,
        order: str,
        token: Token,
        operator: PartyId,
        location_id: str,
        *,
        evse_uid: str | None = None,
        connector_id: str | None = None,
        reference: str | None = None,
    ) -> Answer:
        """START_SESSION: the charger accepts, then waits for the cable.

        A car that was stopped and still stands there may go on: that is another session.
        """
        spot, refusal, fault = self._spot_for(
            token, operator, location_id, evse_uid, reference=reference
        )
        if spot is None or refusal is not None:
            return refusal or OCCUPIED
        parked = self._parked(spot, token)
        plug = parked.plug if parked and connector_id is None else spot.plug(connector_id)
        if plug is None:
            return REJECTED
        if parked is not None and plug is not parked.plug:
            return OCCUPIED
        charge = self._car_comes(spot, token, self.now, slow=fault is Fault.SLOW, dice=self._orders)
        charge.plug, charge.stage = plug, Stage.AWAITED
        charge.order, charge.reference = order, reference
        if parked is not None:
            self._goes_on(parked, charge)
        place = spot.place(plug)
        kept = spot.reservation  # of a booking there is no session yet
        reserved = kept is not None and kept.leaves is None
        self._out.append(Awaited(self.now, charge.id, place, token, order, reference, reserved))
        if fault is Fault.NO_CABLE and parked is None:
            self._plan(self.now + PLUG_TIME, lambda at: self._abandon(charge, at))
        else:
            soon = self.now + timedelta(seconds=self._orders.uniform(3, 20))
            self._plan(soon, lambda at: self._plug_in(charge, at))
        return Answer(CommandResultType.ACCEPTED, None, fault is Fault.SLOW, charge.id)

    def _spot_for(
        self,
        token: Token,
        operator: PartyId,
        location_id: str,
        evse_uid: str | None,
        *,
        empty: bool = False,
        reference: str | None = None,
    ) -> tuple[Spot | None, Answer | None, Fault]:
        """The EVSE for an order, or what its charger answers instead. `empty`: without any car."""
        found = self.find(operator, location_id, evse_uid)
        if not found:
            return None, REJECTED, Fault.NONE

        def takes(spot: Spot) -> bool:
            return self._may_take(spot, token, reference) and not (empty and spot.charge)

        spot = next(filter(takes, found), found[0])
        fault = self._luck.draw(self._orders, spot.uid)
        refusal = {
            Fault.OFFLINE: SILENCE,
            Fault.REFUSED: REJECTED,
            Fault.INOPERATIVE: INOPERATIVE,
            Fault.OCCUPIED: OCCUPIED,
        }.get(fault)
        if refusal is None and spot.broken:
            refusal = SILENCE if spot.status is Status.UNKNOWN else INOPERATIVE
        if refusal is None and not takes(spot):
            refusal = OCCUPIED
        return spot, refusal, fault

    def _may_take(self, spot: Spot, token: Token, reference: str | None) -> bool:
        kept = spot.reservation
        if kept is not None and not kept.admits(token, reference):
            return False
        if spot.charge is not None:
            return self._parked(spot, token) is not None
        return kept is not None or spot.free

    def _parked(self, spot: Spot, token: Token) -> Charge | None:
        """The driver's own charge there that is over, its car still plugged in."""
        charge = self.charges.get(spot.charge or "")
        over = charge is not None and charge.stage is Stage.OVER
        return charge if charge and over and same_driver(charge.token, token) else None

    def _goes_on(self, parked: Charge, charge: Charge) -> None:
        """The same car, in another session."""
        charge.car, charge.soc, charge.leaves = parked.car, parked.soc, parked.leaves
        charge.goal = max(parked.goal, charge.soc)
        self._forget(parked)
        self._driving.add(id(charge.token))

    def _plug_in(self, charge: Charge, at: datetime) -> None:
        if charge.stage is Stage.AWAITED:
            self._begin(charge, at)

    def _abandon(self, charge: Charge, at: datetime) -> None:
        if charge.stage is not Stage.AWAITED:
            return
        charge.stage = Stage.OVER
        self._forget(charge)
        if charge.spot.status is Status.BLOCKED:  # its car stood there from an earlier charge
            self._set_free(charge.spot, at)
        self._out.append(Abandoned(at, charge.id, "No cable was plugged in in time."))

    def stop(self, charge_id: str) -> Answer:
        """STOP_SESSION: what runs ends, what waits for its cable is given up; the car stays."""
        charge = self.charges.get(charge_id)
        if charge is None or charge.stage not in (Stage.RUNNING, Stage.AWAITED):
            return NO_CHARGE
        fault = self._luck.of(charge.spot.uid)
        if fault is Fault.OFFLINE:
            return SILENCE
        if fault is Fault.REFUSED:
            return REJECTED
        self._stop(charge)
        return ACCEPTED

    def _stop(self, charge: Charge) -> None:
        if charge.stage is Stage.AWAITED:
            self._abandon(charge, self.now)
            return
        charge.advance(self.now)
        self._end(charge, self.now)
        self._set_status(charge.spot, Status.BLOCKED, self.now)
        soon = self.now + timedelta(minutes=self._orders.uniform(1, 10))
        self._plan(min(soon, max(charge.leaves, self.now)), lambda at: self._drive_off(charge, at))

    def unlock(
        self, operator: PartyId, location_id: str, evse_uid: str, connector_id: str
    ) -> Answer:
        """UNLOCK_CONNECTOR: the cable comes free, a charge that runs ends."""
        found = self.find(operator, location_id, evse_uid)
        if not found or found[0].plug(connector_id) is None:
            return REJECTED
        spot = found[0]
        fault = self._luck.of(spot.uid)
        if fault is Fault.OFFLINE or spot.status is Status.UNKNOWN:
            return SILENCE
        if fault is Fault.REFUSED:
            return Answer(CommandResultType.FAILED, "The lock is stuck.")
        if fault is Fault.INOPERATIVE or spot.broken:
            return INOPERATIVE
        charge = self.charges.get(spot.charge or "")
        if charge is not None and charge.stage is Stage.RUNNING:
            self._stop(charge)
        return ACCEPTED

    def reserve(
        self,
        reservation: str,
        token: Token,
        until: datetime,
        operator: PartyId,
        location_id: str,
        *,
        evse_uid: str | None = None,
    ) -> Answer:
        """RESERVE_NOW: an EVSE is kept; the same id again moves time or place."""
        held = self._reserved.get(reservation)
        if held is not None and held.reservation is not None:
            same = evse_uid is None or held.uid.upper() == evse_uid.upper()
            there = held in self.find(operator, location_id)
            if same and there:
                self._keep(held, Reservation(reservation, token, until), token)
                return ACCEPTED
        spot, refusal, fault = self._spot_for(token, operator, location_id, evse_uid, empty=True)
        if spot is None or refusal is not None:
            return refusal or OCCUPIED
        if spot.reservation is not None:
            return OCCUPIED
        if held is not None:
            held.reservation = None
            self._set_status(held, Status.AVAILABLE, self.now)
        self._keep(spot, Reservation(reservation, token, until), token)
        return Answer(CommandResultType.ACCEPTED, slow=fault is Fault.SLOW)

    def _keep(self, spot: Spot, reservation: Reservation, token: Token) -> None:
        spot.reservation = reservation
        self._reserved[reservation.id] = spot
        self._set_status(spot, Status.RESERVED, self.now)
        self._out.append(
            Reserved(
                self.now, reservation.id, spot.place(), token, reservation.until
            )
        )  # fmt: skip
        self._plan(
            max(reservation.until, self.now), lambda at: self._expire(spot, reservation, at)
        )  # fmt: skip

    def _expire(self, spot: Spot, reservation: Reservation, at: datetime) -> None:
        if spot.reservation is reservation:
            self._end_reservation(spot, "expired", at)
            self._set_status(spot, Status.AVAILABLE, at)

    def cancel(self, reservation: str) -> Answer:
        """CANCEL_RESERVATION."""
        spot = self._reserved.get(reservation)
        if spot is None:
            return NO_RESERVATION
        if self._luck.of(spot.uid) is Fault.OFFLINE:
            return SILENCE
        self._end_reservation(spot, "cancelled", self.now)
        self._set_status(spot, Status.AVAILABLE, self.now)
        return ACCEPTED
