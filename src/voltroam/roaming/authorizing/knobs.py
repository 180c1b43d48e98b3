"""What an operator may set about authorization."""

from typing import Literal

import msgspec


class AuthorizationKnobs(msgspec.Struct, frozen=True, kw_only=True):
    """Times in seconds."""

    host_deadline: float = 2.0
    """How long our own system may think about a token of ours."""
    when_late: Literal["by_tokens", "allow", "refuse"] = "by_tokens"
    """What we answer when it does not decide in time."""
    partner_deadline: float = 3.0
    """How long a driver waits at our charger for the providers that we ask."""
    prefer_asking: bool = False
    """Ask the provider although the token's `whitelist` leaves the choice to us (ALLOWED)."""
