"""Half an hour at a charger, as its back end reports it: begin.json, readings.json, end.json.

The meter is a simulated one with a key of its own; yours signs by itself.
"""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from voltroam.simulator.world.meter import Meter

METER = Meter(seed=1, evse="EVSE-1", evse_id=None, dc=False)
START = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=30)


def reading(minute: int, *, power: float, sign: str | None = None) -> dict:
    """The meter so many minutes after the start; `sign` is OCMF's reason, B or E."""
    at = START + timedelta(minutes=minute)
    found = {"at": f"{at:%Y-%m-%dT%H:%M:%SZ}", "kwh": float(METER.kwh), "power": power}
    if sign:
        found["signed"] = msgspec.to_builtins(METER.sign(sign, at, "S-1001"))
    return found


def write(name: str, value: object) -> None:
    Path(name).write_text(json.dumps(value, indent=2), "utf-8")


first = reading(0, power=11, sign="B")
card = json.loads(Path("card.json").read_text("utf-8"))
write("begin.json", {
    "location_id": "LOC1", "evse_uid": "EVSE-1", "connector_id": "1", "session_id": "S-1001",
    "token": card, "auth_method": "AUTH_REQUEST", "at": first["at"],
    "meter_id": METER.serial, "reading": first,
})  # fmt: skip
during = []
for minute in (10, 20):
    METER.wh += 1834
    during.append(reading(minute, power=11))
METER.wh += 1834
last = reading(30, power=0, sign="E")
write("readings.json", {"readings": during})
write("end.json", {"at": last["at"], "reading": last})
