"""Every number that delivery is tuned by, in one frozen record."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Knobs:
    """Times in seconds unless the name says otherwise."""

    tail_rows: int = 4096
    """Newest feed rows kept in memory for all lanes of the process."""
    shelf_bytes: int = 32_000_000
    """Delivered documents kept in memory, as the base of a PATCH."""
    known_objects: int = 200_000
    """Entries, over all lanes, of what a partner certainly has."""
    at_once: int = 16
    """Pushes that begin in one turn of the process's loop, whatever lane they are of."""
    pending: int = 256
    """Changes a lane holds in memory; when full it stops reading, the feed keeps the rest."""
    fill_ahead: int = 32
    """Objects of a first fill that wait in memory."""
    stale_after: float = 1.0
    """A change that waited longer is read again before it is sent."""
    save_every: float = 2.0
    """A lane writes its cursor at most this often."""
    poll: float = 1.0
    """A lane looks at its timers at least this often."""
    lease: float = 6.0
    """A dead process's lane is free after this long."""
    renew: float = 2.0
    watch: float = 0.3
    """How often new, changed and removed platforms are looked for."""

    backoff_first: float = 0.5
    backoff_limit: float = 300.0
    backoff_jitter: float = 0.25
    """Share of a delay that is random."""
    wake_every: float = 5.0
    """A partner that calls us while its own server fails wakes its lane at most this often."""
    offline_after: int = 3
    """Unreachable this many times in a row: OFFLINE."""
    attempts: int = 5
    """Server faults of one object before it is parked and retried later."""
    attempts_beside_success: int = 3
    """The same, when other objects arrived meanwhile: then the object is at fault."""
    park_retry: float = 600.0
    """When an object that met server faults is tried again."""
    known_soon: float = 3.0
    """A hub tries an object that was refused again after this long, then after twice that, and so
    on: the receiver may not have heard of its owner yet, who is told by client info."""
    known_tries: int = 8
    """So often; the last one is ten minutes after the first."""
    stopped_first: float = 1.0
    """First delay after 401 or 403; doubles: after a registration they soon pass by themselves."""
    stopped_retry: float = 900.0
    """When a lane that was answered 401 or 403 tries again."""

    marks_known: float = 0.5
    """What is known of who may see which tariff is at most this old."""
    marks_settle: float = 0.75
    """After a change of that, objects are shown anew this much later: longer than it is known."""

    turns_every: float = 2.0
    """How often it is looked for tariffs that begin or end, where a version knows neither."""

    cdr_retry: float = 5.0
    """First delay before an uncertain CDR is looked at again; doubles."""
    cdr_limit: float = 600.0
    cdr_sends: int = 2
    """The identical bytes leave at most this often when the outcome stays uncertain."""
    cdr_batch: int = 20

    sync_concurrency: int = 32
    """Objects of a page that are accepted at the same time."""
    overlap: float = 900.0
    """A pull by date starts this long before the newest time seen."""
    sessions_since: float = 30 * 86_400.0
    """Sessions are pulled from this long ago if none was seen yet (`date_from` is required)."""
    daily: float = 86_400.0
    unpushed: float = 3_600.0
    """A hub pulls this often what a party has but does not push."""
    weekly: float = 7 * 86_400.0
    splay: float = 0.2
    """Share of a pull interval that is random."""
    sync_retry: float = 2.0
    """First delay of a pull that failed; grows fourfold, for the reason of `stopped_first`."""
    vanished_share: float = 0.2
    vanished_few: int = 5
    """Up to this many may vanish whatever the share."""

    rotate_every: float = 30 * 86_400.0
    events_kept: float = 14 * 86_400.0
    retention_every: float = 600.0
    renew_every: float = 10.0
    """Seconds between looks at the age of tokens and at what partners know of our endpoints."""
    lane_dead_after: float = 14 * 86_400.0
    """A lane that saved nothing for this long no longer holds tombstones back."""
    job_restart: float = 1.0
    job_restart_limit: float = 60.0
