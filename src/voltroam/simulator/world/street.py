"""Chargers and the cars at them: what begins, flows, changes and ends, in order of time."""

import heapq
import random
from collections.abc import Callable
from datetime import datetime, timedelta

from voltroam.simulator.world import habits
from voltroam.simulator.world.charge import Charge, Stage
from voltroam.simulator.world.faults import Fault, Luck
from voltroam.simulator.world.happenings import (
    Begun,
    Ended,
    Happening,
    Read,
    ReservationOver,
    StatusChanged,
    Steered,
)
from voltroam.simulator.world.limits import Steps
from voltroam.simulator.world.spots import Spot
from voltroam.standard.parties import PartyId
from voltroam.standard.v2_2_1 import Status, Token

SLOWNESS = 1 / 3
Action = Callable[[datetime], None]


class Street:
    """The agenda of all that is planned, and the charges that run."""

    def __init__(self, *, seed: int, begins: datetime, luck: Luck, interval: timedelta) -> None:
        """`interval` is the time between two meter readings."""
        self.now = begins
        self.spots: list[Spot] = []
        self._at: dict[tuple[str, str], list[Spot]] = {}
        self._reserved: dict[str, Spot] = {}
        self._driving: set[int] = set()
        self.charges: dict[str, Charge] = {}
        self._luck = luck
        self.interval = interval
        self._dice = random.Random(f"{seed} world")  # noqa: S311
        self._orders = random.Random(f"{seed} orders")  # noqa: S311
        self._agenda: list[tuple[datetime, int, Action]] = []
        self._planned = 0
        self._number = 0
        self._out: list[Happening] = []

    def add(self, spot: Spot) -> bool:
        """Another EVSE; False when it is known."""
        beside = self._at.setdefault((spot.operator.folded, spot.location_id.upper()), [])
        if any(it.uid.upper() == spot.uid.upper() for it in beside):
            return False
        beside.append(spot)
        self.spots.append(spot)
        return True

    def find(self, operator: PartyId, location_id: str, evse_uid: str | None = None) -> list[Spot]:
        """The EVSE that is named, else all of the location."""
        found = self._at.get((operator.folded, location_id.upper()), [])
        if evse_uid is None:
            return found
        return [spot for spot in found if spot.uid.upper() == evse_uid.upper()]

    def step(self, until: datetime) -> list[Happening]:
        """Live until a moment, that moment included."""
        while self._agenda and self._agenda[0][0] <= until:
            at, _, action = heapq.heappop(self._agenda)
            self.now = max(self.now, at)
            action(at)
        self.now = max(self.now, until)
        found, self._out = self._out, []
        return found

    def _plan(self, at: datetime, action: Action) -> None:
        self._planned += 1
        heapq.heappush(self._agenda, (at, self._planned, action))

    def _car_comes(
        self, spot: Spot, token: Token, at: datetime, *, slow: bool = False,
        dice: random.Random | None = None,
    ) -> Charge:  # fmt: skip
        dice = dice or self._dice
        self._number += 1
        plug = dice.choice(spot.plugs)
        local = at.astimezone(habits.zone(spot.zone))
        soc, goal = habits.charge_level(dice, dc=plug.is_dc)
        charge = Charge(
            id=f"W{int(at.timestamp()):x}-{self._number:06d}",
            spot=spot,
            plug=plug,
            token=token,
            car=habits.car_for(dice, dc=plug.is_dc),
            soc=soc,
            goal=max(goal, min(soc + 0.05, 1.0)),
            leaves=at + habits.stay(dice, local, dc=plug.is_dc),
            share=SLOWNESS if slow else 1.0,
        )
        self.charges[charge.id] = charge
        self._driving.add(id(token))
        spot.charge = charge.id
        return charge

    def _begin(self, charge: Charge, at: datetime) -> None:
        spot = charge.spot
        if spot.reservation is not None:
            self._end_reservation(spot, "used", at)
        charge.begin(at)
        charge.next_read = at + self.interval
        if charge.leaves <= at:
            charge.leaves = at + timedelta(minutes=30)
        reading = charge.reading(sign="B")
        self._set_status(spot, Status.CHARGING, at)
        self._out.append(
            Begun(
                at, charge.id, spot.place(charge.plug), charge.token, spot.meter.serial, reading,
                charge.order, charge.reference,
            )
        )  # fmt: skip
        self._plan_turn(charge)

    def _plan_turn(self, charge: Charge) -> None:
        charge.turn += 1
        turn = charge.turn
        self._plan(charge.next_change(), lambda at: self._turn(charge, turn, at))

    def _turn(self, charge: Charge, turn: int, at: datetime) -> None:
        if charge.turn != turn or charge.stage is not Stage.RUNNING:
            return
        before = charge.state
        charge.advance(at)
        if at >= charge.leaves:
            self._end(charge, at)
            self._drive_off(charge, at)
            return
        if charge.state != before:
            full = not charge.watts and charge.soc >= charge.goal * 0.999
            if charge.plug.is_dc and full and not charge.overstays:
                charge.leaves = min(charge.leaves, at + timedelta(minutes=3))
            self._read(charge)
        elif at >= charge.next_read:
            self._read(charge)
        self._plan_turn(charge)

    def _read(self, charge: Charge) -> None:
        charge.next_read = charge.seen + self.interval
        self._out.append(Read(charge.seen, charge.id, charge.reading()))

    def _end(self, charge: Charge, at: datetime) -> None:
        charge.stage = Stage.OVER
        reading = charge.reading(sign="E")
        charge.watts = 0.0
        self._out.append(Ended(at, charge.id, reading))

    def _drive_off(self, charge: Charge, at: datetime) -> None:
        if self.charges.get(charge.id) is not charge:
            return  # it charges again
        self._forget(charge)
        self._set_free(charge.spot, at)

    def _forget(self, charge: Charge) -> None:
        self.charges.pop(charge.id, None)
        self._driving.discard(id(charge.token))
        if charge.spot.charge == charge.id:
            charge.spot.charge = None

    def _set_status(self, spot: Spot, status: Status, at: datetime) -> None:
        if spot.status is not status:
            spot.status = status
            self._out.append(StatusChanged(at, spot.place(), status.value))

    def _set_free(self, spot: Spot, at: datetime) -> None:
        """Nothing stands there any more; it may be kept for somebody."""
        kept = spot.reservation is not None
        self._set_status(spot, Status.RESERVED if kept else Status.AVAILABLE, at)

    def _break(self, spot: Spot, fault: Fault, at: datetime) -> None:
        """Out for a while."""
        offline = fault is Fault.OFFLINE
        self._set_status(spot, Status.UNKNOWN if offline else Status.INOPERATIVE, at)
        down = self._dice.uniform(5, 30) if offline else self._dice.uniform(20, 180)
        self._plan(at + timedelta(minutes=down), lambda moment: self._repair(spot, moment))

    def _repair(self, spot: Spot, at: datetime) -> None:
        if spot.broken:
            self._set_free(spot, at)

    def _end_reservation(self, spot: Spot, how: str, at: datetime) -> None:
        if spot.reservation is not None:
            self._out.append(ReservationOver(at, spot.reservation.id, how))
            self._reserved.pop(spot.reservation.id, None)
            spot.reservation = None

    def steer(self, charge_id: str, profile: Steps) -> bool:
        """Give a running charge another profile; False when there is none such."""
        charge = self.charges.get(charge_id)
        if charge is None or charge.stage is not Stage.RUNNING:
            return False
        charge.advance(self.now)
        charge.profile = profile
        self._turn_now(charge)
        return True

    def wish(self, charge_id: str, wish: Steps) -> bool:
        """What the driver prefers, as limits; whoever steers is told."""
        charge = self.charges.get(charge_id)
        if charge is None or charge.stage is not Stage.RUNNING:
            return False
        charge.advance(self.now)
        charge.wish = wish
        self._turn_now(charge)
        self._out.append(Steered(self.now, charge.id))
        return True

    def _turn_now(self, charge: Charge) -> None:
        """The power has changed: the meter is read, so that no period has two powers."""
        charge.set_power()
        self._read(charge)
        self._plan_turn(charge)
