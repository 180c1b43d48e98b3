"""One receiver's deliveries: in order for each object, side by side across objects.

The durable state is a place in the log of events, and a letter for each event before it that has
not arrived. A letter holds back only later events of the same key. When everything fails, the
receiver itself is at fault: then one request at a time is tried, of what was not tried yet first,
for a few objects that it cannot digest must not look like a receiver that is away.
"""

import asyncio
import random
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec
from msgspec import structs

from voltroam.delivery.event_tail import READ, EventTail
from voltroam.delivery.log import Log
from voltroam.delivery.ports import Now
from voltroam.delivery.records import draft, load, read, write
from voltroam.delivery.subscriptions import Subscriptions
from voltroam.delivery.telling import LOST, Telling, message
from voltroam.delivery.webhook_knobs import WebhookKnobs
from voltroam.delivery.webhook_records import (
    WAITING,
    Cursor,
    Letter,
    Subscription,
    cursor_key,
    dead_key,
    letter_of,
    waiting_key,
)
from voltroam.delivery.webhook_signing import signed
from voltroam.roaming.exchange import Send
from voltroam.standard.errors import Overloaded, PartnerError
from voltroam.store.interface import Event, RecordDraft, Store
from voltroam.wire.call import Request, Response

log = Log("voltroam.webhooks")

SECOND = 1_000_000
ANSWER_BYTES = 65_536
GONE = 410


@dataclass(frozen=True, slots=True)
class WebhookGear:
    """What all receivers of a process share."""

    store: Store
    subscriptions: Subscriptions
    tail: EventTail
    telling: Telling
    send: Send
    now: Now
    knobs: WebhookKnobs
    chance: random.Random


@dataclass(slots=True)
class _Pending:
    """One event on its way. `noted`: it has a letter on record, so the cursor may pass it."""

    letter: Letter
    noted: bool = False


@dataclass(slots=True)
class _Line:
    """The events of one key, in order."""

    waiting: deque[_Pending] = field(default_factory=deque)
    held: bool = False
    """The first one failed; the line moves again when its pause is over."""
    blameless: bool = False
    """It failed while everything did."""
    timer: asyncio.TimerHandle | None = None


class Failed(Exception):
    """An attempt that did not end in 2xx. `after`: seconds that the receiver asks us to wait."""

    def __init__(self, reason: str, http: int | None = None, after: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.http = http
        self.after = after


class WebhookLane:
    """Runs one subscription in this process, under a lease that its caller holds."""

    def __init__(self, gear: WebhookGear, subscription: Subscription) -> None:
        self._gear = gear
        self.subscription = subscription
        self._lines: dict[str, _Line] = {}
        self._known: set[int] = set()
        """Sequence numbers of letters that this process has in its lines."""
        self._fresh: deque[str] = deque()
        self._again: deque[str] = deque()
        """Keys whose first event can be sent now, as it was not tried yet or has failed before."""
        self._ready = asyncio.Semaphore(0)
        """Counts both."""
        self._unsettled: dict[int, None] = {}
        self._read_upto = 0
        self._saved = -1
        self._arrived: list[Letter] = []
        """Delivered, and still on record until the next save."""
        self._room = asyncio.Event()
        self._failures = 0
        self._probe = asyncio.Lock()
        self._gone = asyncio.Event()
        self.delivered = 0
        self.failed = 0

    @property
    def idle(self) -> bool:
        """Nothing is left to deliver of what was read, whether due or not."""
        return not self._lines and self._read_upto >= self._gear.tail.head

    @property
    def stalled(self) -> bool:
        return self._failures >= self._gear.knobs.stall_after

    async def run(self) -> None:
        """Until cancelled, or until the receiver is gone."""
        place = await load(self._gear.store, cursor_key(self.subscription.id), Cursor)
        newest = await self._gear.store.newest_event()
        self._read_upto = self._saved = newest if place is None else place.sequence
        await self._take_letters(None)
        jobs = [self._reading, self._saving, self._looking, self._leaving]
        jobs += [self._delivering] * self._gear.knobs.concurrency
        tasks = [asyncio.create_task(job()) for job in jobs]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            await _ended(tasks)
            for line in self._lines.values():
                if line.timer is not None:
                    line.timer.cancel()
            await asyncio.shield(self._save())

    async def _leaving(self) -> None:
        """Ends, and all with it, when the receiver said that it is gone for good."""
        await self._gone.wait()

    # -- reading --------------------------------------------------------------------------------

    async def _reading(self) -> None:
        gear = self._gear
        while True:
            if len(self._unsettled) >= gear.knobs.ahead:
                self._room.clear()
                await self._room.wait()
                continue
            await self._tell_of_gap()
            events = await gear.tail.read(self._read_upto, min(READ, gear.knobs.ahead))
            if not events:
                await gear.tail.wait(self._read_upto, 5.0)
                continue
            await self._take(events)

    async def _tell_of_gap(self) -> None:
        """Events that were purged before they were read are told as one that says so."""
        oldest = await self._gear.store.oldest_event()
        if oldest <= self._read_upto + 1:
            return
        lost = {"from": self._read_upto + 1, "to": oldest - 1}
        event = Event(oldest - 1, self._gear.now(), LOST, "", msgspec.json.encode(lost))
        self._read_upto = oldest - 1
        await self._append([event])

    async def _take(self, events: list[Event]) -> None:
        wanted = [event for event in events if self.subscription.wants(event.type)]
        await self._append(wanted)
        self._read_upto = events[-1].sequence

    async def _append(self, events: list[Event]) -> None:
        behind: list[RecordDraft] = []
        for event in events:
            pending = _Pending(letter_of(self.subscription.id, event))
            line = self._lines.get(event.key)
            if line is None:
                line = self._lines[event.key] = _Line()
                self._offer(event.key, again=False)
            if line.held:
                pending.noted = True
                self._known.add(event.sequence)
                behind.append(self._letter(pending.letter, None))
            else:
                self._unsettled[event.sequence] = None
            line.waiting.append(pending)
        await self._write(*behind)

    async def _take_letters(self, due_before: int | None) -> None:
        """Letters on record that no line has yet: those of a former life, and replays."""
        found: list[Letter] = []
        after = ""
        while page := await self._gear.store.records(
            WAITING, parent=self.subscription.id, due_before=due_before, after=after
        ):
            found += [read(record, Letter) for record in page]
            if due_before is not None:
                break
            after = page[-1].key.id
        for letter in sorted(found, key=lambda letter: letter.sequence):
            if letter.sequence in self._known:
                continue
            self._known.add(letter.sequence)
            line = self._lines.get(letter.key)
            if line is None:
                line = self._lines[letter.key] = _Line()
                self._offer(letter.key, again=letter.attempts > 0)
            self._insert(line, _Pending(letter, noted=True))

    @staticmethod
    def _insert(line: _Line, pending: _Pending) -> None:
        """In the order of the log; what is on its way now stays first."""
        place = len(line.waiting)
        while place > 1 and line.waiting[place - 1].letter.sequence > pending.letter.sequence:
            place -= 1
        line.waiting.insert(place, pending)

    async def _looking(self) -> None:
        while True:
            await asyncio.sleep(self._gear.knobs.watch)
            await self._take_letters(self._gear.now())

    # -- delivering -----------------------------------------------------------------------------

    def _offer(self, key: str, *, again: bool) -> None:
        (self._again if again else self._fresh).append(key)
        self._ready.release()

    async def _delivering(self) -> None:
        while True:
            await self._ready.acquire()
            if not self.stalled:
                await self._deliver((self._again or self._fresh).popleft())
                continue
            async with self._probe:
                if self.stalled:
                    await asyncio.sleep(self._stall_pause())
                await self._deliver((self._fresh or self._again).popleft())

    async def _deliver(self, key: str) -> None:
        line = self._lines[key]
        line.held = False
        pending = line.waiting[0]
        try:
            await self._post(pending.letter)
        except Failed as fault:
            if fault.http == GONE:
                await self._gear.subscriptions.disable(
                    self.subscription.id, "the receiver answered 410 Gone"
                )
                self._gone.set()
                return
            await self._hold(key, line, fault)
            return
        was_stalled, self._failures = self.stalled, 0
        if was_stalled:
            self._resume()
        self.delivered += 1
        self._next(key, line)

    def _next(self, key: str, line: _Line) -> None:
        """The first of a line is done: the next one's turn."""
        self._settle(line.waiting[0])
        self._advance(key, line)

    def _advance(self, key: str, line: _Line) -> None:
        line.waiting.popleft()
        if line.waiting:
            self._offer(key, again=False)
        else:
            del self._lines[key]

    def _settle(self, pending: _Pending) -> None:
        if pending.noted:
            self._arrived.append(pending.letter)
            return
        self._unsettled.pop(pending.letter.sequence, None)
        if len(self._unsettled) < self._gear.knobs.ahead // 2:
            self._room.set()

    async def _post(self, letter: Letter) -> None:
        """One attempt. Raises Failed."""
        gear, subscription = self._gear, self.subscription
        if letter.type == LOST:
            lost: dict[str, int] = msgspec.json.decode(letter.details)
            body: bytes | None = message(LOST, letter.at, lost)
        else:
            body = await gear.telling.tell(letter.event, subscription.parties)
        if body is None:
            return
        await post(gear, subscription, body, f"evt_{gear.store.epoch[:12]}_{letter.sequence}")

    async def _hold(self, key: str, line: _Line, fault: Failed) -> None:
        """It failed: on record with all behind it, so that the cursor can go on."""
        gear, now = self._gear, self._gear.now()
        self.failed += 1
        stalled = self.stalled
        self._failures += 1
        first = line.waiting[0]
        # While the receiver itself is away, no single event is to blame.
        first.letter = letter = structs.replace(
            first.letter,
            attempts=first.letter.attempts + (not stalled),
            since=first.letter.since or now,
            last=now,
            reason=fault.reason,
            http=fault.http,
        )
        if self._is_dead(letter):
            log.warning("webhook gave up", webhook=letter.subscription, reason=letter.reason)
            await self._write(
                RecordDraft(waiting_key(letter), None),
                draft(dead_key(letter), letter, parent=letter.subscription),
            )
            self._unsettled.pop(letter.sequence, None)
            self._known.discard(letter.sequence)
            self._room.set()
            self._advance(key, line)
            return
        pause = self._pause(max(1, letter.attempts)) if fault.after is None else fault.after
        if stalled:
            pause = min(pause, gear.knobs.stall_limit)
        line.held, line.blameless = True, stalled
        behind = [one for one in line.waiting if not one.noted]
        drafts = [self._letter(letter, now + int(pause * SECOND))]
        drafts += [self._letter(one.letter, None) for one in behind if one is not first]
        await self._write(*drafts)
        for one in behind:
            one.noted = True
            self._known.add(one.letter.sequence)
            self._unsettled.pop(one.letter.sequence, None)
        self._room.set()
        line.timer = asyncio.get_running_loop().call_later(pause, self._wake, key, line)

    def _wake(self, key: str, line: _Line) -> None:
        if line.timer is not None:
            line.timer.cancel()
            line.timer = None
            self._offer(key, again=True)

    def _is_dead(self, letter: Letter) -> bool:
        knobs = self._gear.knobs
        old = letter.last - letter.since >= int(knobs.give_up * SECOND)
        return old or letter.attempts >= knobs.attempts

    def _resume(self) -> None:
        """The receiver is back: what failed while it was away is tried at once."""
        for key, line in self._lines.items():
            if line.blameless:
                self._wake(key, line)

    def _pause(self, attempts: int) -> float:
        knobs = self._gear.knobs
        pause: float = min(knobs.backoff_limit, knobs.backoff_first * 2.0 ** min(attempts - 1, 40))
        return pause * (1 - knobs.backoff_jitter * self._gear.chance.random())

    def _stall_pause(self) -> float:
        tries = self._failures - self._gear.knobs.stall_after + 1
        return min(self._gear.knobs.stall_limit, self._pause(tries))

    # -- records --------------------------------------------------------------------------------

    def _letter(self, letter: Letter, due: int | None) -> RecordDraft:
        return draft(waiting_key(letter), letter, parent=letter.subscription, due=due)

    async def _saving(self) -> None:
        while True:
            await asyncio.sleep(self._gear.knobs.save_every)
            await self._save()

    async def _save(self) -> None:
        """Where it stands and what has arrived, in one write."""
        place = next(iter(self._unsettled), self._read_upto + 1) - 1
        arrived, self._arrived = self._arrived, []
        drafts = [RecordDraft(waiting_key(letter), None) for letter in arrived]
        if place != self._saved:
            drafts.append(draft(cursor_key(self.subscription.id), Cursor(place)))
        await self._write(*drafts)
        self._saved = place
        self._known.difference_update(letter.sequence for letter in arrived)

    async def _write(self, *drafts: RecordDraft) -> None:
        """Waits while the store has too much to write."""
        while True:
            try:
                return await write(self._gear.store, *drafts)
            except Overloaded:
                await asyncio.sleep(0.1)


async def _ended(tasks: Sequence[asyncio.Task[None]]) -> None:
    """Cancels until all have ended: a library may lose a cancellation as its answer arrives."""
    waiting = set(tasks)
    while waiting:
        for task in waiting:
            task.cancel()
        _, waiting = await asyncio.wait(waiting, timeout=0.5)
    await asyncio.gather(*tasks, return_exceptions=True)


async def post(
    gear: WebhookGear, subscription: Subscription, body: bytes, identifier: str
) -> Response:
    """One signed POST. Raises Failed for everything but 2xx."""
    headers = signed(
        body,
        message=identifier,
        at=gear.now() // SECOND,
        keys=gear.subscriptions.keys(subscription),
    )
    request = Request("POST", subscription.url, headers, body)
    try:
        response = await gear.send(request, timeout=gear.knobs.timeout, limit=ANSWER_BYTES)
    except PartnerError as fault:
        raise Failed(fault.message) from None
    if 200 <= response.status < 300:
        return response
    raise Failed(f"HTTP {response.status}", response.status, _retry_after(response))


def _retry_after(response: Response) -> float | None:
    text = response.headers.get("retry-after", "")
    return min(float(text), 86_400.0) if text.isascii() and text.isdecimal() else None
