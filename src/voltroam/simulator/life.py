"""What happens in the city: cars come and go, sessions progress and end in CDRs.

`Life.tick(now)` is pure apart from its own state: it returns the documents that changed since the
last tick. Totals are consistent: a CDR's periods sum to its energy, time and cost (OCPI 2.2.1
§mod_sessions, §mod_cdrs).
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from voltroam.simulator.city import ENERGY_PRICE, START_FEE, VAT, Document, tariff_id
from voltroam.standard.parties import PartyId
from voltroam.wire.times import format_datetime

WATT_HOUR = Decimal("0.001")
CENT = Decimal("0.01")
HOUR = Decimal(3600)
BUSY = 0.25
"""Share of EVSEs that are charging when the city wakes up."""


@dataclass(frozen=True, slots=True)
class Happening:
    """One document that changed: a module's object, or a status line for `evse-status`."""

    module: str
    document: Document


@dataclass(slots=True)
class Charge:
    """One car at one connector; it becomes a session and, at its end, a CDR."""

    number: int
    location: Document
    evse: Document
    connector: Document
    token: Document
    started: datetime
    ends: datetime
    seen: datetime
    """End of the last charging period."""
    kwh: Decimal = Decimal(0)
    periods: list[Document] = field(default_factory=list)

    @property
    def group(self) -> str:
        return "DC" if self.connector["power_type"] == "DC" else "AC"


class Life:
    """The state of one operator's city: who charges where, and what comes next."""

    def __init__(
        self,
        party: PartyId,
        locations: Sequence[Document],
        tokens: Sequence[Document],
        *,
        seed: int,
        pace: float = 1.0,
    ) -> None:
        """`pace` is the number of arrivals per second."""
        self.party = party
        self.pace = pace
        self._dice = random.Random(f"{seed} life {party.folded}")  # noqa: S311
        self._tokens = [token for token in tokens if token["valid"]]
        self._free = [
            (location, evse)
            for location in locations
            for evse in location["evses"]
            if evse["status"] == "AVAILABLE"
        ]
        self._dice.shuffle(self._free)
        self._charges: list[Charge] = []
        self._number = 0
        self._owed = 0.0
        self._last: datetime | None = None

    def wake(self, now: datetime) -> list[Happening]:
        """The city as it is when somebody first looks: a quarter of it is charging already."""
        self._last = now
        found = []
        for _ in range(int(len(self._free) * BUSY)):
            started = now - timedelta(seconds=self._dice.randint(300, 7200))
            ends = now + timedelta(seconds=self._dice.uniform(2, 240 / max(self.pace, 0.1)))
            found.extend(self._arrive(started, ends, now))
        return found

    def tick(self, now: datetime) -> list[Happening]:
        """What changed since the last tick."""
        passed = (now - (self._last or now)).total_seconds()
        self._last = now
        found: list[Happening] = []
        for charge in [charge for charge in self._charges if charge.ends <= now]:
            found.extend(self._leave(charge, now))
        self._owed += passed * self.pace
        while self._owed >= 1 and self._free and self._tokens:
            self._owed -= 1
            ends = now + timedelta(seconds=self._dice.uniform(10, 120))
            found.extend(self._arrive(now, ends, now))
        for charge in self._charges:
            if (now - charge.seen).total_seconds() >= 30:
                self._charge(charge, now)
                found.append(self._session(charge, now, "ACTIVE"))
        return found

    def _arrive(self, started: datetime, ends: datetime, now: datetime) -> list[Happening]:
        location, evse = self._free.pop()
        self._number += 1
        charge = Charge(
            self._number, location, evse, evse["connectors"][0], self._dice.choice(self._tokens),
            started, ends, started,
        )  # fmt: skip
        while (now - charge.seen).total_seconds() > 900:
            self._charge(charge, charge.seen + timedelta(seconds=900))
        if now > charge.seen:
            self._charge(charge, now)
        self._charges.append(charge)
        return [self._status(charge, "CHARGING", now), self._session(charge, now, "ACTIVE")]

    def _leave(self, charge: Charge, now: datetime) -> list[Happening]:
        self._charges.remove(charge)
        self._free.insert(0, (charge.location, charge.evse))
        self._charge(charge, now)
        return [
            self._session(charge, now, "COMPLETED"),
            self._status(charge, "AVAILABLE", now),
            self._cdr(charge, now),
        ]

    def _charge(self, charge: Charge, until: datetime) -> None:
        """Add the period up to a moment: power times time, a little below the connector's best."""
        seconds = Decimal(str((until - charge.seen).total_seconds()))
        power = Decimal(charge.connector["max_electric_power"]) / 1000
        share = Decimal(str(round(self._dice.uniform(0.15, 0.6), 2)))
        energy = (power * share * seconds / HOUR).quantize(WATT_HOUR)
        charge.kwh += energy
        charge.periods.append(
            {
                "start_date_time": format_datetime(charge.seen),
                "dimensions": [
                    {"type": "ENERGY", "volume": energy},
                    {"type": "TIME", "volume": (seconds / HOUR).quantize(Decimal("0.0001"))},
                ],
                "tariff_id": tariff_id(self.party, charge.group),
            }
        )
        charge.seen = until

    def _status(self, charge: Charge, status: str, now: datetime) -> Happening:
        return Happening(
            "evse-status",
            {
                "location_id": charge.location["id"],
                "evse_uid": charge.evse["uid"],
                "status": status,
                "last_updated": format_datetime(now),
            },
        )

    def _common(self, charge: Charge, now: datetime) -> Document:
        token = charge.token
        return {
            "country_code": self.party.country_code,
            "party_id": self.party.party_id,
            "start_date_time": format_datetime(charge.started),
            "cdr_token": {
                name: token[name]
                for name in ("country_code", "party_id", "uid", "type", "contract_id")
            },
            "auth_method": "WHITELIST" if token["type"] == "RFID" else "COMMAND",
            "currency": "EUR",
            "charging_periods": list(charge.periods),
            "last_updated": format_datetime(now),
        }

    def _session(self, charge: Charge, now: datetime, status: str) -> Happening:
        document = self._common(charge, now) | {
            "id": f"S{charge.number:07d}-{_stamp(charge)}",
            "kwh": charge.kwh,
            "location_id": charge.location["id"],
            "evse_uid": charge.evse["uid"],
            "connector_id": charge.connector["id"],
            "total_cost": _price(self._cost(charge)),
            "status": status,
        }
        if not charge.periods:
            del document["charging_periods"]
        if status == "COMPLETED":
            document["end_date_time"] = format_datetime(now)
        return Happening("sessions", document)

    def _cost(self, charge: Charge) -> Decimal:
        """Without VAT: what a tariff of the city says, in whole cents."""
        energy = (charge.kwh * ENERGY_PRICE[charge.group]).quantize(CENT)
        return energy + START_FEE[charge.group]

    def _cdr(self, charge: Charge, now: datetime) -> Happening:
        hours = sum(
            (period["dimensions"][1]["volume"] for period in charge.periods), start=Decimal(0)
        )
        fee = START_FEE[charge.group]
        cost = self._cost(charge)
        document = self._common(charge, now) | {
            "id": f"C{charge.number:07d}-{_stamp(charge)}",
            "end_date_time": format_datetime(now),
            "session_id": f"S{charge.number:07d}-{_stamp(charge)}",
            "cdr_location": _place(charge),
            "total_cost": _price(cost),
            "total_energy": charge.kwh,
            "total_energy_cost": _price(cost - fee),
            "total_time": hours,
        }
        if fee:
            document["total_fixed_cost"] = _price(fee)
        return Happening("cdrs", document)


def _stamp(charge: Charge) -> str:
    """Start as seconds, so that a second run on one database makes new ids."""
    return f"{int(charge.started.timestamp()):x}"


def _price(net: Decimal) -> Document:
    gross = (net * (1 + VAT / 100)).quantize(CENT)
    return {"excl_vat": net, "incl_vat": gross}


def _place(charge: Charge) -> Document:
    """Where it was, as a CDR keeps it for good (OCPI 2.2.1 §mod_cdrs, CdrLocation)."""
    copied = ("id", "name", "address", "city", "postal_code", "country", "coordinates")
    return {name: charge.location[name] for name in copied} | {
        "evse_uid": charge.evse["uid"],
        "evse_id": charge.evse["evse_id"],
        "connector_id": charge.connector["id"],
        "connector_standard": charge.connector["standard"],
        "connector_format": charge.connector["format"],
        "connector_power_type": charge.connector["power_type"],
    }
