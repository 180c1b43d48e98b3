"""What an operator may tune about commands. All in seconds."""

import msgspec


class CommandKnobs(msgspec.Struct, frozen=True, kw_only=True):
    """Times of both sides; the defaults suit chargers behind a mobile connection."""

    consider: float = 2.0
    """How long the host may think about whether a command can be passed on."""
    timeout: int = 30
    """What we announce: a result comes within it or not at all."""
    margin: float = 5.0
    """Before the announced timeout the host's time ends, so that the result arrives in time.

    At most a third of the timeout.
    """
    head_start: float = 0.1
    """A result leaves so much later than our answer, for the answer must be there first."""
    lease: float = 6.0
    """After so long without sign of life a process is taken for dead, and its orders failed."""
    wait: int = 60
    """How long a result is awaited when the partner's answer did not say, or got lost."""
    longest_wait: int = 3600
    """The longest timeout of a partner that we believe."""
    drain: float = 3.0
    """How long `close` waits for orders that are being carried out."""
    remember: float = 7 * 86_400.0
    """How long a request id is known as seen."""
    language: str = "en"
    """Of the messages to drivers."""
