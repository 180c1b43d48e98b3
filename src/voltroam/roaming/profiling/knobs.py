"""Every number that charging profiles and preferences are tuned by."""

import msgspec


class ProfileKnobs(msgspec.Struct, frozen=True, kw_only=True):
    """Times in seconds."""

    timeout: int = 30
    """What we announce: by then the result was posted, or never will be."""
    margin: float = 5.0
    """So long before that the charger must have answered, to leave time for the POST."""
    head_start: float = 0.1
    """A result leaves so much later than our answer, for the answer must be there first."""
    consider: float = 2.0
    """How long the host may think before a request is answered."""
    often: int = 20
    """Requests of one sender for one session within `often_within`, more is TOO_OFTEN; 0: any."""
    often_within: float = 60.0
    remember: float = 86_400.0
    """For so long a repeated request id is known."""
    longest: int = 86_400
    """The longest active profile that a partner may ask us for."""
    ask: int = 3_600
    """The longest that we ask for: what is further ahead changes before it is of use."""

    push_least: int = 300
    push_most: int = 3_600
    """What a pushed profile covers (OCPI 2.2.1 §mod_charging_profiles, MSP PUT)."""
    push_attempts: int = 6
    push_first: float = 1.0
    """The first pause after a push that failed; it doubles. Only the newest state is ever sent."""

    relay: bool = False
    """As an eMSP, forward for smart charging service providers with whom sessions are shared."""

    prefer: float = 5.0
    """How long the host may think about a driver's preferences."""
    departure_required: bool = False
    energy_need_required: bool = False
