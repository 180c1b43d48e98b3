"""Webhooks, as a company's own people handle them."""

from typing import Any

from voltroam.delivery.subscriptions import Subscriptions
from voltroam.delivery.webhook_records import Letter, Subscription
from voltroam.delivery.webhooks import Webhooks
from voltroam.operator.asked import Answers, Asked, Told
from voltroam.operator.cursors import bad_cursor, read_cursor, write_cursor
from voltroam.operator.faults import invalid, not_found
from voltroam.operator.operation import Page
from voltroam.operator.rows.webhooks import (
    ADD_WEBHOOK,
    DISABLE_WEBHOOK,
    ENABLE_WEBHOOK,
    GET_WEBHOOK,
    LIST_DEAD,
    LIST_WAITING,
    LIST_WEBHOOKS,
    PING_WEBHOOK,
    REMOVE_WEBHOOK,
    REPLAY,
    ROTATE_WEBHOOK,
    NewSecret,
    Pinged,
    Replayed,
    UndeliveredEvent,
    WebhookFacts,
    WebhookMade,
)
from voltroam.wire.times import from_micros


class Hooks:
    def __init__(self, webhooks: Webhooks) -> None:
        self._webhooks = webhooks
        self._all: Subscriptions = webhooks.subscriptions

    def answers(self) -> Answers:
        return {
            LIST_WEBHOOKS.name: self._list,
            ADD_WEBHOOK.name: self._add,
            GET_WEBHOOK.name: self._get,
            REMOVE_WEBHOOK.name: self._remove,
            ENABLE_WEBHOOK.name: self._enable,
            DISABLE_WEBHOOK.name: self._disable,
            ROTATE_WEBHOOK.name: self._rotate,
            PING_WEBHOOK.name: self._ping,
            LIST_DEAD.name: self._dead,
            LIST_WAITING.name: self._waiting,
            REPLAY.name: self._replay,
        }

    async def _list(self, asked: Asked) -> Page[WebhookFacts]:
        found = [one for one in await self._all.all() if _reaches(asked, one.parties)]
        return Page(items=[WebhookFacts(**_facts(one)) for one in found])

    async def _add(self, asked: Asked) -> Told[WebhookMade]:
        body = asked.body
        if not _reaches(asked, tuple(party.upper() for party in body.parties)):
            raise invalid("$.parties: a limited key makes webhooks for its own parties only")
        made, secret = await self._all.add(
            body.url, types=body.types, parties=body.parties, decides=body.decides
        )
        return Told(WebhookMade(**_facts(made), secret=secret), target=f"/webhooks/{made.id}")

    async def _get(self, asked: Asked) -> WebhookFacts:
        return WebhookFacts(**_facts(await self._held(asked)))

    async def _remove(self, asked: Asked) -> None:
        await self._all.remove((await self._held(asked)).id)

    async def _enable(self, asked: Asked) -> WebhookFacts:
        return WebhookFacts(**_facts(await self._all.enable((await self._held(asked)).id)))

    async def _disable(self, asked: Asked) -> WebhookFacts:
        held = await self._held(asked)
        await self._all.disable(held.id, asked.body.reason)
        return WebhookFacts(**_facts(await self._all.get(held.id)))

    async def _rotate(self, asked: Asked) -> NewSecret:
        return NewSecret(await self._all.rotate((await self._held(asked)).id))

    async def _ping(self, asked: Asked) -> Pinged:
        attempt = await self._webhooks.ping(await self._held(asked))
        return Pinged(ok=attempt.ok, http=attempt.http, reason=attempt.reason)

    async def _dead(self, asked: Asked) -> Page[UndeliveredEvent]:
        return _page(asked, await self._all.dead((await self._held(asked)).id))

    async def _waiting(self, asked: Asked) -> Page[UndeliveredEvent]:
        return _page(asked, await self._all.waiting((await self._held(asked)).id))

    async def _replay(self, asked: Asked) -> Replayed:
        held = await self._held(asked)
        return Replayed(await self._all.replay(held.id, asked.body.sequences))

    async def _held(self, asked: Asked) -> Subscription:
        found = await self._all.get(asked.ids["webhook_id"])
        if not _reaches(asked, found.parties):
            raise not_found("webhook with that id")
        return found


def _reaches(asked: Asked, parties: tuple[str, ...]) -> bool:
    """A key that is limited sees webhooks within its limits."""
    if not asked.who.is_limited:
        return True
    return bool(parties) and all(asked.who.may(party) for party in parties)


def _facts(one: Subscription) -> dict[str, Any]:
    return {
        "id": one.id,
        "url": one.url,
        "types": list(one.types),
        "parties": list(one.parties),
        "decides": one.decides,
        "active": one.active,
        "reason": one.reason,
        "created": from_micros(one.created),
    }


def _page(asked: Asked, letters: list[Letter]) -> Page[UndeliveredEvent]:
    """In the order of the log, after the number in the cursor."""
    text = read_cursor(asked.query.cursor) or "0"
    if not (text.isascii() and text.isdecimal() and len(text) <= 18):
        raise bad_cursor()
    rest = sorted(
        (one for one in letters if one.sequence > int(text)), key=lambda one: one.sequence
    )
    part = rest[: asked.query.limit]
    return Page(
        items=[
            UndeliveredEvent(
                sequence=one.sequence,
                type=one.type,
                key=one.key.replace("\x1f", "/"),
                at=from_micros(one.at),
                attempts=one.attempts,
                reason=one.reason,
                http=one.http,
            )
            for one in part
        ],
        next=write_cursor(str(part[-1].sequence)) if len(rest) > len(part) else None,
    )
