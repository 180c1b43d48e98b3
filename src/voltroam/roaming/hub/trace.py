"""What became of each call: the hops of a correlation id, with decision, reason, times and codes.

Never tokens, keys or query; bodies only if the operator wants them, drivers' identifiers hidden.
"""

from collections.abc import Callable

import msgspec

from voltroam.roaming.hub.route import Row
from voltroam.roaming.later import Later
from voltroam.roaming.redaction import redacted
from voltroam.roaming.timed import Lots, timed_id
from voltroam.store.interface import RecordDraft, RecordKey, Store
from voltroam.wire.call import Call

TRACE = "trace"
"""Record kind of `Hop`: the newest comes first, the parent is the correlation id."""
LONGEST_ID = 100
"""Characters of a correlation id that are kept: it is the caller's own text."""
_LONGEST_BODY = 10_000


class Hop(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One call through this hub. `at` in µs since 1970 UTC, times in milliseconds."""

    id: str
    at: int
    correlation_id: str
    request_id: str
    caller: str
    """Platform id."""
    call: str
    """`PUT receiver/locations/{country_code}/…`: as the table names it, without keys."""
    sender: str | None = None
    to: str | None = None
    """As the headers named them."""
    row: str
    """Of the decision table."""
    reason: str
    platform: str | None = None
    """Whom it was forwarded to: the platform, and the party there."""
    receiver: str | None = None
    http: int
    code: int
    """What the caller was answered."""
    ms: float
    there_ms: float | None = None
    """Of `ms`, what the receiver took."""
    change: int | None = None
    """Of a broadcast: its number in the feed, by which its copies are found until a newer one."""
    fault: str | None = None
    """Why it could not be forwarded."""
    bridged: str | None = None
    """Where the two ends speak different versions: `2.1.1 to 2.2.1`."""
    notes: tuple[str, ...] = ()
    """Codes of what the bridge did, docs/reference/bridge.md."""
    asked: str | None = None
    answered: str | None = None


def decided(hop: Hop) -> str:
    """What kind of decision it was: forward, broadcast, get all, local or refuse."""
    if hop.platform is not None:
        return "forward"
    if hop.code >= 2000:
        return "refuse"
    return _DECIDED.get(hop.row, "broadcast")


class Trace:
    """Notes hops behind the answers, finds them again. `close` writes the rest."""

    def __init__(
        self, store: Store, later: Later, *, now: Callable[[], int], bodies: bool = False
    ) -> None:
        self._store = store
        self._later = later
        self._now = now
        self._lots = Lots()
        self.bodies = bodies
        self.listeners: list[Callable[[Hop], None]] = []
        """Told of each hop as it is noted."""

    def new_id(self, at: int) -> str:
        return timed_id(at, self._lots.take)

    def now(self) -> int:
        return self._now()

    def note(self, hop: Hop) -> None:
        key = RecordKey(TRACE, hop.id)
        self._later.note(RecordDraft(key, _write_hop(hop), hop.correlation_id, new=True))
        for listener in self.listeners:
            listener(hop)

    async def of(self, correlation_id: str) -> list[Hop]:
        """The hops of one flow, in their order; those of the last moment in this process too."""
        await self._later.flush()
        hops: list[Hop] = []
        after, parent = "", correlation_id[:LONGEST_ID]
        while page := await self._store.records(TRACE, parent=parent, after=after):
            hops += (_HOP.decode(record.document) for record in page)
            after = page[-1].key.id
        return hops[::-1]

    async def newest(self, limit: int = 100, *, before: str = "") -> list[Hop]:
        """The newest first; `before` is the id of the last one of the page before."""
        found = await self._store.records(TRACE, after=before, limit=limit)
        return [_HOP.decode(record.document) for record in found]


def body_text(call: Call, body: bytes | None) -> str | None:
    """The start of a body, without what identifies a driver."""
    if not body:
        return None
    return redacted(body.decode("utf-8", "replace"), call, "-" * 64)[:_LONGEST_BODY]


def call_text(call: Call) -> str:
    row = call.endpoint
    side = f"{row.interface.lower()}/" if row.interface else ""
    return f"{row.method} {side}{row.module.name}/{row.path}".rstrip("/")


_DECIDED = {Row.GET_ALL.value: "get all", Row.CONFIGURATION.value: "local"}
_HOP = msgspec.json.Decoder(Hop)
_write_hop = msgspec.json.Encoder().encode
