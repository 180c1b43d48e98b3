"""What an operator may set about authorization."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Seconds = Annotated[float, Meta(gt=0)]


class AuthorizationKnobs(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who decides when, and how long others may take. Times in seconds."""

    host_deadline: Seconds = 2.0
    """How long our own system may think about a token of ours."""
    when_late: Literal["by_tokens", "allow", "refuse"] = "by_tokens"
    """What we answer when it does not decide in time."""
    partner_deadline: Seconds = 3.0
    """How long a driver waits at our charger for the providers that we ask."""
    prefer_asking: bool = False
    """Ask the provider although the token's `whitelist` leaves the choice to us (ALLOWED)."""
