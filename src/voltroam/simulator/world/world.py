"""The world as a state machine: time in, happenings out. Deterministic by its seed, no I/O.

`step(until)` lets it live; in how many steps changes nothing. What comes from outside (`admit`,
`start`, `stop`, `reserve`, …) happens at the moment that the world has reached.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

from voltroam.simulator.world import habits
from voltroam.simulator.world.booked import Booked
from voltroam.simulator.world.charge import Stage
from voltroam.simulator.world.faults import Fault, Luck
from voltroam.simulator.world.happenings import Came, StatusChanged
from voltroam.simulator.world.spots import Spot, spots_of
from voltroam.standard.v2_2_1 import Location, Token

DAY = 86_400.0
BUSY = 0.25
"""Share of the EVSEs that are in use when the first driver is known."""


class World(Booked):
    """All EVSEs and drivers: who comes when, beside what is ordered from afar."""

    def __init__(
        self,
        *,
        seed: int,
        begins: datetime,
        arrivals: float = 4.0,
        luck: Luck | None = None,
        interval: timedelta = timedelta(minutes=5),
        admits: Callable[[Came], bool] | None = None,
    ) -> None:
        """`arrivals` is cars per EVSE and day.

        `admits` decides about a driver at once; without it `admit` or `turn_away` must follow.
        """
        super().__init__(seed=seed, begins=begins, luck=luck or Luck(), interval=interval)
        self._seed = seed
        self._arrivals = arrivals
        self._admits = admits
        self._season = 0
        self._awake = False
        self._drivers: list[Token] = []
        self.booked = {}
        self.settled = set()

    def learn_locations(self, locations: Iterable[Location]) -> None:
        """Add the EVSEs that are new."""
        new = False
        for location in locations:
            for spot in spots_of(location, self._seed):
                if not self.add(spot):
                    continue
                new = True
                if spot.status is not spot.told:
                    self._out.append(StatusChanged(self.now, spot.place(), spot.status.value))
        if new:
            self._wake()

    def learn_drivers(self, tokens: Sequence[Token]) -> None:
        """Whose cards are held to readers from now on."""
        self._drivers = list(tokens)
        self._wake()

    def _wake(self) -> None:
        """Plan arrivals anew; the first time the city is as if it had lived before."""
        self._season += 1
        if not (self.spots and self._drivers):
            return
        if not self._awake:
            self._awake = True
            for spot in self.spots:
                if self._arrivals and spot.free and self._dice.random() < BUSY:
                    self._settle(spot, self.now - timedelta(minutes=self._dice.uniform(2, 150)))
        self._plan_arrival(self.now)

    def _settle(self, spot: Spot, at: datetime) -> None:
        token = self._driver()
        if token is None:
            return
        charge = self._car_comes(spot, token, at)
        charge.leaves = max(charge.leaves, self.now + timedelta(minutes=self._dice.uniform(1, 90)))
        self._begin(charge, at)

    def _plan_arrival(self, at: datetime) -> None:
        rate = self._arrivals * len(self.spots) * habits.PEAK / DAY
        if rate <= 0:
            return
        season = self._season
        later = at + timedelta(seconds=self._dice.expovariate(rate))
        self._plan(later, lambda moment: self._arrive(moment, season))

    def _arrive(self, at: datetime, season: int) -> None:
        if season != self._season:
            return
        self._plan_arrival(at)
        wanted = self._dice.choice(self.spots)
        local = at.astimezone(habits.zone(wanted.zone))
        if self._dice.random() * habits.PEAK > habits.busyness(wanted.is_dc, local):
            return
        free = [it for it in self.find(wanted.operator, wanted.location_id) if it.free]
        spot = wanted if wanted.free else next(iter(free), None)
        token = self._driver()
        if spot is None or token is None:
            return
        fault = self._luck.draw(self._dice, spot.uid)
        if fault in (Fault.OFFLINE, Fault.INOPERATIVE):
            self._break(spot, fault, at)
            return
        if fault in (Fault.REFUSED, Fault.NO_CABLE, Fault.OCCUPIED):
            return
        charge = self._car_comes(spot, token, at, slow=fault is Fault.SLOW)
        came = Came(at, charge.id, spot.place(charge.plug), token)
        if self._admits is None:
            self._out.append(came)
        elif self._admits(came):
            self._begin(charge, at)
        else:
            self._forget(charge)

    def _driver(self) -> Token | None:
        """Somebody who does not charge elsewhere just now."""
        for _ in range(5):
            token = self._dice.choice(self._drivers)
            if id(token) not in self._driving:
                return token
        return None

    def admit(self, charge_id: str) -> None:
        """The driver may charge; the cable is plugged in."""
        charge = self.charges.get(charge_id)
        if charge is not None and charge.stage is Stage.ASKED:
            self._begin(charge, self.now)

    def turn_away(self, charge_id: str) -> None:
        """The driver may not charge and drives on."""
        charge = self.charges.get(charge_id)
        if charge is not None and charge.stage is Stage.ASKED:
            self._forget(charge)
