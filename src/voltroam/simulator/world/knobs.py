"""What an operator of a charger world may set."""

from typing import Annotated

import msgspec
from msgspec import Meta

from voltroam.simulator.world.faults import Fault


class WorldKnobs(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The table `[world]` of the settings."""

    seed: int = 1
    scale: Annotated[float, Meta(ge=1, le=3600)] = 1.0
    """World seconds per second, until the world has caught up with the present."""
    catch_up: Annotated[float, Meta(ge=1, le=86_400)] = 600.0
    """Seconds until then: a world of scale 60 begins 59 x 600 seconds in the past."""
    arrivals: Annotated[float, Meta(ge=0, le=1000)] = 4.0
    """Cars per EVSE and day."""
    faults: Annotated[float, Meta(ge=0, le=1)] = 0.03
    """Share of arrivals and orders that meet a fault."""
    forced: dict[str, Fault] = {}
    """EVSE uid to the fault that it has for good; `NONE`: never any."""
