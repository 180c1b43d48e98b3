"""Every number that webhooks and questions by webhook are tuned by."""

import msgspec


class WebhookKnobs(msgspec.Struct, frozen=True, kw_only=True):
    """Times in seconds unless the name says otherwise."""

    timeout: float = 15.0
    """For one request; less than `lease`."""
    concurrency: int = 32
    """Requests in flight to one receiver; one for each object at most."""
    ahead: int = 1_000
    """Events read and not yet delivered, for each receiver."""
    save_every: float = 0.5
    """The place in the log is written at most this often; what is not is delivered again."""
    backoff_first: float = 2.0
    """First pause after a failure; doubles."""
    backoff_limit: float = 6 * 3600.0
    backoff_jitter: float = 0.25
    """Share of a pause that is random."""
    attempts: int = 25
    """After so many an event becomes a dead letter, or after `give_up`, whichever is first."""
    give_up: float = 3 * 86_400.0
    stall_after: int = 8
    """So many failures in a row without a success: the receiver itself is at fault, and one
    request at a time is tried until it answers."""
    stall_limit: float = 10.0
    """The longest pause between these tries."""
    watch: float = 0.5
    """How often new, changed and removed subscriptions and replays are looked for."""
    lease: float = 30.0
    """A dead process's subscription is free after this long."""
    renew: float = 5.0
    overlap: float = 86_400.0
    """How long a former secret still signs beside the new one."""
    tail: int = 4_096
    """Newest events kept in memory for all receivers of a process."""

    decide: float = 2.0
    """How long the host has for a decision by webhook; carrying out has the order's deadline."""
