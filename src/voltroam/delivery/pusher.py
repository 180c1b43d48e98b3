"""The sending half of a lane: takes what is wanted, sends it, and deals with the answers."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable

import msgspec

from voltroam.delivery.gear import Gear
from voltroam.delivery.log import Log
from voltroam.delivery.outcome import Fault, Verdict, judge
from voltroam.delivery.pacing import Pacing
from voltroam.delivery.parking import Parking
from voltroam.delivery.pulse import Pulse
from voltroam.delivery.shelf import State
from voltroam.delivery.sight import Action, Classes, Sight, action
from voltroam.delivery.wanted import Entry, Wanted
from voltroam.roaming.platforms import Platform, Status
from voltroam.roaming.redaction import secrets_in, without
from voltroam.standard.errors import PartnerError
from voltroam.store.interface import ObjectKey

log = Log("voltroam.lane")


class Pusher:
    """One platform's workers. `ring` is told whenever the lane may have something to do."""

    def __init__(
        self, platform: Platform, sight: Sight, gear: Gear, ring: Callable[[], None]
    ) -> None:
        self.platform = platform
        self.sight = sight
        self._gear = gear
        self._knobs = gear.knobs
        self._ring = ring
        self.pacing = Pacing(gear.table, lambda: self.platform.profile.session_interval, clock)
        self.wanted = Wanted(lambda entry: self.pacing.until(entry.row))
        self.known: OrderedDict[ObjectKey, tuple[int, bool, str]] = OrderedDict()
        """The state that the partner surely has: its feed number, whether it is shown, its view."""
        self.parking = Parking(gear.store, platform.id, gear.now)
        self.pulse = Pulse(gear.knobs, gear.chance, clock)
        self.retrying: set[ObjectKey] = set()
        self.settled: Callable[[ObjectKey], None] = lambda key: None
        """Told of each object of which nothing is open any more."""
        self.unread: Callable[[], bool] = lambda: False
        """Whether the lane has more to give than what waits here."""
        self._workers = 0
        self.pushed = 0
        self.failed = 0

    @property
    def pulls(self) -> bool:
        """The partner prefers to pull what it missed."""
        return self.platform.profile.catch_up == "wait_for_pull"

    @property
    def away(self) -> bool:
        """It is out of reach, as far as we know; a hub then does not even try (CORE-BCAST-18)."""
        offline = self._gear.hub and self.platform.status is Status.OFFLINE
        return self.pulse.waiting or offline

    def _may_send(self) -> bool:
        return self.pulse.may_send(self.wanted.flying)

    def send_more(self, group: asyncio.TaskGroup) -> None:
        """Start as many workers as the partner allows and the work needs."""
        limit = 1 if self.pulse.failures else max(1, self.platform.profile.concurrency)
        for _ in range(min(limit - self._workers, len(self.wanted))):
            if not self.wanted.ready or not self._may_send():
                return
            self._workers += 1
            group.create_task(self._work())

    async def _work(self) -> None:
        try:
            while self.wanted.ready and self._may_send():
                await self._gear.turnstile.enter()
                if self._may_send() and (entry := self.wanted.take()) is not None:
                    await self._deliver(entry)
        finally:
            self._workers -= 1
            if len(self.wanted) or self.unread():
                self._ring()

    async def _deliver(self, entry: Entry) -> None:
        """A push that is cut off when we are told to end stays open for the next start."""
        again = False
        turn = self.pulse.round
        key = entry.row.key
        try:
            if self._is_stale(entry):
                entry.row = await self._gear.tail.current(entry.row)
            await self._send(entry)
        except PartnerError as fault:
            # The partner may name the driver of an object of which we sent a part only.
            secrets = secrets_in(self._gear.table.resources[key.kind], entry.row.document)
            fault.reword(without(fault.message, secrets))
            again = await self._failed(entry, judge(fault), turn)
        except msgspec.MsgspecError as fault:
            unreadable = Verdict(Fault.OBJECT, f"our document: {fault}", certain=True)
            again = await self._failed(entry, unreadable, turn)
        else:
            await self._arrived(key)
        self.wanted.land(entry, again=again)
        self.retrying.discard(key)
        if key not in self.wanted:
            self.settled(key)

    def _is_stale(self, entry: Entry) -> bool:
        """What waited is read again: nothing stale is sent."""
        fresh = not entry.attempts and clock() - entry.entered < self._knobs.stale_after
        return not fresh or self._is_passed(entry)

    def _is_passed(self, entry: Entry) -> bool:
        """The partner has a newer state: a fill read the row before, and got to it after.

        It would keep its own, and we would take it to have the older one: the next PATCH would
        leave out what the two have in common.
        """
        known = self.known.get(entry.row.key)
        return known is not None and known[0] > entry.row.changed

    def todo(self, entry: Entry) -> Action:
        """What the partner is to get of an object, by all that we know now."""
        known = self.known.get(entry.row.key)
        since = entry.since if known is None else max(entry.since, known[0])
        return action(entry.row, self.sight, since)

    async def _send(self, entry: Entry) -> None:
        row, key = entry.row, entry.row.key
        todo = self.todo(entry)
        if todo is Action.NOTHING or self._is_passed(entry):
            return
        known = self.known.get(key)
        shown = todo is Action.SHOW
        seen = self._gear.courier.outward if shown else self._gear.courier.masked
        row, view = await seen(self.platform, row)
        if known == (row.changed, shown, view) and not entry.doubt:
            return
        base = State(known[0], known[2]) if known is not None and known[1] else None
        courier = self._gear.courier
        if (
            shown
            and base is not None
            and not entry.doubt
            and courier.told(row, base, view, self.sight)
        ):
            self._remember(key, (row.changed, shown, view))
            return
        if self.platform.profile.rate:
            await self.pulse.pace(self.platform.profile.rate)
        if shown:
            entry.patching = base is not None
            await self._gear.courier.show(
                self.platform, row, base, view=view, doubt=entry.doubt, sight=self.sight
            )
        elif todo is Action.REMOVE or await self._gear.courier.holds(
            self.platform, row, self.sight
        ):
            await self._gear.courier.take_back(self.platform, row, base, self.sight)
        self._remember(key, (row.changed, shown, view))
        self.pacing.sent(row)
        self.pushed += 1

    def forget(self, classes: Classes) -> None:
        """Of these owners' objects we do not know what each party on the platform has."""
        for key in [key for key in self.known if key.owner in classes.get(key.kind, ())]:
            del self.known[key]

    def _remember(self, key: ObjectKey, state: tuple[int, bool, str]) -> None:
        self.known[key] = state
        self.known.move_to_end(key)
        while len(self.known) > self._gear.known_limit():
            self.known.popitem(last=False)

    async def _arrived(self, key: ObjectKey) -> None:
        self.pulse.arrived()
        if len(self.parking):
            await self.parking.clear(key)
        if self.platform.status is Status.OFFLINE:
            self.platform = msgspec.structs.replace(self.platform, status=Status.CONNECTED)
            await self._gear.connected(self.platform.id)

    async def _failed(self, entry: Entry, verdict: Verdict, turn: int) -> bool:
        """True: the object stays wanted and its state of a later moment is sent."""
        self.failed += 1
        log.warning(
            "push failed",
            platform=self.platform.name,
            kind=entry.row.key.kind,
            fault=verdict.fault.name,
            http=verdict.http,
            code=verdict.code,
            reason=verdict.reason,
        )
        if not verdict.certain:
            self.known.pop(entry.row.key, None)
            entry.doubt = entry.doubt or entry.patching
        if verdict.fault in (Fault.OBJECT, Fault.ROUTE):
            await self.parking.park(entry, verdict, self._later(entry, verdict))
            return False
        self.pulse.failed(verdict, turn)
        if self.pulse.unreachable == self._knobs.offline_after:
            await self._gear.offline(self.platform.id)
        if verdict.fault is not Fault.BUSY and self.pulls:
            self._drop()
            return self.todo(entry) is not Action.SHOW
        return not (verdict.fault is Fault.SERVER and await self._at_fault(entry, verdict))

    def _later(self, entry: Entry, verdict: Verdict) -> float | None:
        """When what was refused is tried again by itself."""
        if verdict.fault is Fault.ROUTE:
            return self._knobs.park_retry
        before = self.parking.get(entry.row.key)
        tries = 0 if before is None else before.attempts
        if not self._gear.hub or tries >= self._knobs.known_tries:
            return None
        return self._knobs.known_soon * float(2**tries)

    async def _at_fault(self, entry: Entry, verdict: Verdict) -> bool:
        """Is it this object at which the partner's server fails? Then it is set aside a while.

        Not where the partner said when to come back: then it is its server that rests.
        """
        if verdict.retry_after is not None:
            return False
        entry.attempts += 1
        if entry.attempts == 1:
            entry.mark = self.pushed
        knobs = self._knobs
        others_arrive = self.pushed > entry.mark
        if entry.attempts < (knobs.attempts_beside_success if others_arrive else knobs.attempts):
            return False
        await self.parking.park(entry, verdict, knobs.park_retry)
        self.pulse.resume_at = 0.0
        return True

    def _drop(self) -> None:
        """It pulls what it missed: nothing of before is shown after an outage, only taken back."""
        for key in self.wanted.drop(lambda entry: self.todo(entry) is Action.SHOW):
            self.known.pop(key, None)
            self.retrying.discard(key)
            self.settled(key)


clock = time.monotonic
"""Seconds, as the event loop counts them."""
