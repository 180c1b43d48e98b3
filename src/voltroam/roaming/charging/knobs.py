"""What an operator may set about charging."""

import msgspec

from voltroam.billing.running import Pace
from voltroam.pricing import Policy


class ChargingKnobs(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds, unless told otherwise."""

    currency: str = "EUR"
    """Of sessions at a connector without tariff."""
    pace: Pace = Pace()
    """When an open charging period is told although no price changed."""
    silence: float = 6 * 3600.0
    """An ACTIVE session without a reading for so long is reported."""
    cdr_after: float = 24 * 3600.0
    """A COMPLETED session without CDR for so long is reported."""
    policy: Policy = Policy()
    """How to read what the tariffs leave open."""
