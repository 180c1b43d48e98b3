"""Events to the company's own systems: one lane for each receiver, each under a lease.

Any number of processes share the receivers; a dead process's are taken over.
"""

import asyncio
import random
from dataclasses import dataclass
from uuid import uuid4

from voltroam.delivery.event_tail import EventTail
from voltroam.delivery.log import Log
from voltroam.delivery.ports import Now
from voltroam.delivery.subscriptions import Subscriptions
from voltroam.delivery.telling import PING, Telling, message
from voltroam.delivery.webhook_knobs import WebhookKnobs
from voltroam.delivery.webhook_lane import Failed, WebhookGear, WebhookLane, post
from voltroam.delivery.webhook_records import Subscription
from voltroam.roaming.exchange import Send
from voltroam.roaming.vault import Vault
from voltroam.standard.endpoints import Table
from voltroam.store.interface import Store

log = Log("voltroam.webhooks")


@dataclass(frozen=True, slots=True)
class Attempt:
    """How a ping ended."""

    ok: bool
    http: int | None = None
    reason: str | None = None


@dataclass(slots=True)
class _Held:
    subscription: Subscription
    lane: WebhookLane
    task: asyncio.Task[None]


class Webhooks:
    """`run` delivers in this process what is due to all receivers that it can lease."""

    def __init__(
        self,
        store: Store,
        vault: Vault,
        table: Table,
        send: Send,
        *,
        now: Now,
        knobs: WebhookKnobs | None = None,
        chance: random.Random | None = None,
        holder: str | None = None,
    ) -> None:
        knobs = knobs or WebhookKnobs()
        self.subscriptions = Subscriptions(store, vault, now, knobs)
        self.tail = EventTail(store, knobs.tail)
        self.telling = Telling(store, table)
        self._gear = WebhookGear(
            store, self.subscriptions, self.tail, self.telling, send, now, knobs,
            chance or random.SystemRandom(),
        )  # fmt: skip
        self._holder = holder or uuid4().hex
        self._held: dict[str, _Held] = {}

    async def run(self) -> None:
        """Until cancelled; then each lane notes where it stands and gives its lease back."""
        try:
            while True:
                await self.look()
                await asyncio.sleep(self._gear.knobs.watch)
        finally:
            await self._end(list(self._held))
            await self.tail.close()

    async def look(self) -> None:
        """Begin, end and begin anew lanes as subscriptions come, change and go."""
        wanted = {it.id: it for it in await self.subscriptions.all() if it.active and it.types}
        ended = [
            identifier
            for identifier, held in self._held.items()
            if held.task.done() or wanted.get(identifier) != held.subscription
        ]
        await self._end(ended)
        for identifier, subscription in wanted.items():
            if identifier not in self._held and await self._lease(identifier):
                lane = WebhookLane(self._gear, subscription)
                task = asyncio.create_task(self._hold(lane), name=f"webhook {identifier}")
                self._held[identifier] = _Held(subscription, lane, task)

    async def ping(self, subscription: Subscription) -> Attempt:
        """Send one test event now, whatever waits."""
        now = self._gear.now()
        data = {"kind": "webhook", "id": subscription.id}
        try:
            response = await post(
                self._gear, subscription, message(PING, now, data), f"ping_{uuid4().hex}"
            )
        except Failed as fault:
            return Attempt(False, fault.http, fault.reason)
        return Attempt(True, response.status)

    def stats(self) -> list[dict[str, object]]:
        """Of the lanes that this process runs."""
        return [
            {
                "webhook": identifier,
                "delivered": held.lane.delivered,
                "failed": held.lane.failed,
                "stalled": held.lane.stalled,
            }
            for identifier, held in self._held.items()
        ]

    def idle(self) -> bool:
        """Everything that was read is delivered, in the lanes of this process."""
        return all(held.lane.idle for held in self._held.values())

    async def _hold(self, lane: WebhookLane) -> None:
        """Run a lane for as long as its lease is ours."""
        running = asyncio.create_task(lane.run())
        try:
            while not running.done():
                await asyncio.wait({running}, timeout=self._gear.knobs.renew)
                if not running.done() and not await self._lease(lane.subscription.id):
                    return
            if not running.cancelled() and (error := running.exception()) is not None:
                log.error("webhook lane failed", reason=_words(error))
                await asyncio.sleep(self._gear.knobs.watch)
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            await self._gear.store.release(self._name(lane.subscription.id), self._holder)

    async def _end(self, identifiers: list[str]) -> None:
        tasks = [self._held.pop(identifier).task for identifier in identifiers]
        for task in tasks:
            task.cancel()
        for outcome in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(outcome, Exception):
                log.error("webhook lane failed", reason=_words(outcome))

    async def _lease(self, identifier: str) -> bool:
        name, seconds = self._name(identifier), self._gear.knobs.lease
        return await self._gear.store.lease(name, self._holder, seconds)

    @staticmethod
    def _name(identifier: str) -> str:
        return f"webhook/{identifier}"


def _words(error: BaseException) -> str:
    """The kinds of the faults; texts of libraries may quote what was sent."""
    if isinstance(error, BaseExceptionGroup):
        return ", ".join(_words(one) for one in error.exceptions)
    return type(error).__name__
