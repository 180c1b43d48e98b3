"""Who gets which events, how far each has got, and what did not arrive.

Record kinds: `webhook` (a subscription), `webhook_cursor` (its place in the log of events),
`webhook_waiting` (an event that failed, or waits behind one of the same object) and `webhook_dead`
(given up, to be looked at and replayed). The parent of the last two is the subscription.
"""

from fnmatch import fnmatchcase

import msgspec

from voltroam.store.interface import Event, RecordKey

WEBHOOK = "webhook"
CURSOR = "webhook_cursor"
WAITING = "webhook_waiting"
DEAD = "webhook_dead"


class Subscription(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One receiver. Secrets are sealed; the repr shows none."""

    id: str
    url: str
    secret: str
    types: tuple[str, ...] = ("*",)
    """Patterns of event types: `sessions.*`, `*.changed`."""
    parties: tuple[str, ...] = ()
    """Only what concerns one of them (`NL/AAA`); none: everything."""
    decides: bool = False
    """It answers what the node asks of its host."""
    active: bool = True
    reason: str | None = None
    """Why it is not active."""
    former: str | None = None
    former_until: int | None = None
    created: int = 0

    def wants(self, type_: str) -> bool:
        return any(fnmatchcase(type_, pattern) for pattern in self.types)

    def __repr__(self) -> str:
        return f"Subscription(id={self.id!r}, types={self.types!r}, active={self.active})"


class Cursor(msgspec.Struct, frozen=True):
    """Every event up to `sequence` is delivered or on record as waiting or dead."""

    sequence: int


class Letter(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One event for one receiver that has not arrived. Times in microseconds."""

    subscription: str
    sequence: int
    at: int
    type: str
    key: str
    details: msgspec.Raw
    """The event's own document."""
    attempts: int = 0
    since: int = 0
    """The first failure."""
    last: int = 0
    reason: str | None = None
    http: int | None = None

    @property
    def event(self) -> Event:
        return Event(self.sequence, self.at, self.type, self.key, bytes(self.details))


NOTHING = msgspec.Raw(b"null")


def letter_of(subscription: str, event: Event) -> Letter:
    return Letter(
        subscription=subscription,
        sequence=event.sequence,
        at=event.at,
        type=event.type,
        key=event.key,
        details=details_of(event),
    )


def details_of(event: Event) -> msgspec.Raw:
    """The event's document as JSON: null for none, a text for what is no JSON."""
    if not event.document:
        return NOTHING
    try:
        msgspec.json.decode(event.document)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return msgspec.Raw(msgspec.json.encode(event.document.decode("utf-8", "replace")))
    return msgspec.Raw(event.document)


def webhook_key(identifier: str) -> RecordKey:
    return RecordKey(WEBHOOK, identifier)


def cursor_key(subscription: str) -> RecordKey:
    return RecordKey(CURSOR, subscription)


def waiting_key(letter: Letter) -> RecordKey:
    return RecordKey(WAITING, _letter_id(letter))


def dead_key(letter: Letter) -> RecordKey:
    return RecordKey(DEAD, _letter_id(letter))


def _letter_id(letter: Letter) -> str:
    """In the order of the log."""
    return f"{letter.subscription}|{letter.sequence:016x}"


def shown_letter(letter: Letter) -> dict[str, object]:
    """For people and programs: without the event's own document and key, which may name a driver.

    Times stay in microseconds.
    """
    return {
        "webhook": letter.subscription,
        "sequence": letter.sequence,
        "type": letter.type,
        "at": letter.at,
        "attempts": letter.attempts,
        "since": letter.since,
        "last": letter.last,
        "http": letter.http,
        "reason": letter.reason,
    }
