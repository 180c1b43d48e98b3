"""A company's own systems in memory: what webhooks reach them, and what they answer."""

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec
from tests.delivery.fakes import TABLE

from voltroam.delivery.webhook_knobs import WebhookKnobs
from voltroam.delivery.webhook_signing import signed
from voltroam.delivery.webhooks import Webhooks
from voltroam.roaming.vault import Vault
from voltroam.store.interface import Change, Decision, EventDraft, Store
from voltroam.wire.call import Request, Response

QUICK = WebhookKnobs(
    timeout=2.0, save_every=0.02, backoff_first=0.02, backoff_limit=0.1, watch=0.03, lease=0.6,
    renew=0.1, stall_limit=0.05,
)  # fmt: skip
URL = "https://systems.example/hook"


@dataclass(frozen=True, slots=True)
class Got:
    url: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.body)

    @property
    def number(self) -> int:
        """The sequence number, as the id of the message ends."""
        return int(self.headers["webhook-id"].rsplit("_", 1)[1])


@dataclass
class Receiver:
    """`answer` gives the response to each message, or raises."""

    answer: Callable[[Got], Response] = lambda got: Response(204)
    delay: float = 0.0
    got: list[Got] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0

    async def send(self, request: Request, *, timeout: float, limit: int) -> Response:
        got = Got(request.url, dict(request.headers), request.body)
        self.got.append(got)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await asyncio.sleep(self.delay)
            return self.answer(got)
        finally:
            self.at_once -= 1

    def numbers(self) -> list[int]:
        return [got.number for got in self.got]


def now() -> int:
    return time.time_ns() // 1000


def vault() -> Vault:
    return Vault([b"0" * 32])


def webhooks(
    store: Store, receiver: Receiver, *, knobs: WebhookKnobs = QUICK, **more: Any
) -> Webhooks:
    return Webhooks(
        store, vault(), TABLE, receiver.send, now=now, knobs=knobs, chance=random.Random(1), **more
    )


async def happen(store: Store, *keys: str, type_: str = "seen", document: bytes = b"{}") -> None:
    """One event for each key, in this order."""
    drafts = [EventDraft(type_, key, document) for key in keys]
    await store.apply(Change(lambda _: Decision(None, events=drafts)))


def is_signed_by(got: Got, key: bytes) -> bool:
    """Checked as a receiver does it."""
    mine = signed(
        got.body, message=got.headers["webhook-id"], at=int(got.headers["webhook-timestamp"]),
        keys=[key],
    )  # fmt: skip
    return mine["webhook-signature"] in got.headers["webhook-signature"].split()
