"""Subscriptions as operators handle them: add, list, remove, rotate, replay."""

import secrets
import time
from collections.abc import Callable, Iterable, Sequence
from urllib.parse import urlsplit

import msgspec
from msgspec import structs

from voltroam.delivery.ports import Now
from voltroam.delivery.records import draft, load, read, write
from voltroam.delivery.webhook_knobs import WebhookKnobs
from voltroam.delivery.webhook_records import (
    DEAD,
    WAITING,
    WEBHOOK,
    Cursor,
    Letter,
    Subscription,
    cursor_key,
    dead_key,
    waiting_key,
    webhook_key,
)
from voltroam.delivery.webhook_signing import key_of, new_secret
from voltroam.roaming.vault import Vault
from voltroam.standard.errors import CallerError, NotFound
from voltroam.store.interface import Change, Decision, Held, RecordDraft, Store

SECOND = 1_000_000
FRESH = 1.0
"""Seconds for which the subscription that decides is known by heart."""
PIECE = 500
MANY = 100_000


class Subscriptions:
    """All receivers of one node."""

    def __init__(
        self, store: Store, vault: Vault, now: Now, knobs: WebhookKnobs | None = None
    ) -> None:
        self._store = store
        self._vault = vault
        self._now = now
        self._knobs = knobs or WebhookKnobs()
        self._decider: tuple[float, Subscription | None] | None = None

    async def add(
        self,
        url: str,
        *,
        types: Sequence[str] = ("*",),
        parties: Sequence[str] = (),
        decides: bool = False,
        secret: str | None = None,
    ) -> tuple[Subscription, str]:
        """A new receiver of all events from now on, and its secret, which is told only here.

        Raises CallerError for what is no URL, no secret, no party, or a second one that decides.
        """
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise CallerError(f"{url} is no http(s) URL")
        if decides and await self._deciding() is not None:
            raise CallerError("There is a webhook that decides already; remove it first")
        secret = secret or new_secret()
        try:
            key_of(secret)
        except ValueError as error:
            raise CallerError(str(error)) from None
        made = Subscription(
            id=f"wh_{secrets.token_hex(8)}",
            url=url,
            secret=self._vault.seal(secret),
            types=tuple(types),
            parties=tuple(_party(text) for text in parties),
            decides=decides,
            created=self._now(),
        )
        place = Cursor(await self._store.newest_event())
        await write(
            self._store, draft(webhook_key(made.id), made), draft(cursor_key(made.id), place)
        )
        self._decider = None
        return made, secret

    async def all(self) -> list[Subscription]:
        """The oldest first."""
        records = await self._store.records(WEBHOOK, limit=MANY)
        return sorted((read(record, Subscription) for record in records), key=lambda it: it.created)

    async def get(self, identifier: str) -> Subscription:
        """Raises NotFound."""
        found = await load(self._store, webhook_key(identifier), Subscription)
        if found is None:
            raise NotFound(f"There is no webhook {identifier}")
        return found

    async def remove(self, identifier: str) -> None:
        """It gets nothing more, and what did not arrive is forgotten. Raises NotFound."""
        await self.get(identifier)
        await write(
            self._store,
            RecordDraft(webhook_key(identifier), None),
            RecordDraft(cursor_key(identifier), None),
        )
        self._decider = None
        for kind in (WAITING, DEAD):
            while records := await self._store.records(kind, parent=identifier, limit=PIECE):
                await write(self._store, *(RecordDraft(record.key, None) for record in records))

    async def change(
        self, identifier: str, change: Callable[[Subscription], Subscription]
    ) -> Subscription:
        """Change it as it stands. Raises NotFound."""
        key = webhook_key(identifier)

        def decide(held: Held) -> Decision[Subscription | None]:
            record = held.records.get(key)
            if record is None:
                return Decision(None)
            after = change(read(record, Subscription))
            return Decision(after, records=(draft(key, after),))

        changed = await self._store.apply(Change(decide, records=(key,)))
        if changed is None:
            raise NotFound(f"There is no webhook {identifier}")
        self._decider = None
        return changed

    async def disable(self, identifier: str, reason: str) -> None:
        """It gets nothing until `enable`; its place in the log is kept."""
        await self.change(identifier, lambda it: structs.replace(it, active=False, reason=reason))

    async def enable(self, identifier: str) -> Subscription:
        """Go on where it stopped."""
        return await self.change(
            identifier, lambda it: structs.replace(it, active=True, reason=None)
        )

    async def rotate(self, identifier: str, *, secret: str | None = None) -> str:
        """A new secret; the former one signs beside it for `overlap` seconds (default: a day)."""
        fresh = secret or new_secret()
        try:
            key_of(fresh)
        except ValueError as error:
            raise CallerError(str(error)) from None
        sealed = self._vault.seal(fresh)
        until = self._now() + int(self._knobs.overlap * SECOND)
        await self.change(
            identifier,
            lambda it: structs.replace(it, secret=sealed, former=it.secret, former_until=until),
        )
        return fresh

    def keys(self, subscription: Subscription) -> list[bytes]:
        """What signs now, the newest first. Raises NodeError if the master key is another."""
        sealed = [subscription.secret]
        if subscription.former is not None and (subscription.former_until or 0) > self._now():
            sealed.append(subscription.former)
        return [key_of(self._vault.open(text)) for text in sealed]

    async def deciding(self) -> Subscription | None:
        """The receiver that answers for the host, at most a second old."""
        at = time.monotonic()
        if self._decider is None or at - self._decider[0] > FRESH:
            self._decider = at, await self._deciding()
        return self._decider[1]

    @property
    def is_undecided(self) -> bool:
        """Whether there was no such receiver a second ago or less; False too if it is not known."""
        known = self._decider
        return known is not None and known[1] is None and time.monotonic() - known[0] <= FRESH

    async def _deciding(self) -> Subscription | None:
        return next((it for it in await self.all() if it.decides and it.active), None)

    # -- what did not arrive --------------------------------------------------------------------

    async def dead(self, identifier: str | None = None, *, limit: int = MANY) -> list[Letter]:
        """What was given up, in the order of the log, of one receiver or of all."""
        records = await self._store.records(DEAD, parent=identifier, limit=limit)
        return [read(record, Letter) for record in records]

    async def waiting(self, identifier: str, *, limit: int = MANY) -> list[Letter]:
        """What failed and is tried again, and what waits behind it."""
        records = await self._store.records(WAITING, parent=identifier, limit=limit)
        return [read(record, Letter) for record in records]

    async def figures(self, identifier: str) -> dict[str, int]:
        """How many events it is behind, how many wait after a failure, how many were given up."""
        place = await load(self._store, cursor_key(identifier), Cursor)
        newest = await self._store.newest_event()
        return {
            "behind": newest - (newest if place is None else place.sequence),
            "waiting": len(await self._store.records(WAITING, parent=identifier, limit=MANY)),
            "dead": len(await self._store.records(DEAD, parent=identifier, limit=MANY)),
        }

    async def replay(self, identifier: str, sequences: Iterable[int] | None = None) -> int:
        """Try dead letters again, all or those of these numbers. How many. Raises NotFound."""
        await self.get(identifier)
        wanted = None if sequences is None else set(sequences)
        letters = [
            letter
            for letter in await self.dead(identifier)
            if wanted is None or letter.sequence in wanted
        ]
        now = self._now()
        for start in range(0, len(letters), PIECE):
            piece = letters[start : start + PIECE]
            await write(self._store, *(one for letter in piece for one in _again(letter, now)))
        return len(letters)


def _again(letter: Letter, now: int) -> tuple[RecordDraft, RecordDraft]:
    fresh = structs.replace(letter, attempts=0, since=0, reason=None, http=None)
    return (
        RecordDraft(dead_key(letter), None),
        draft(waiting_key(fresh), fresh, parent=letter.subscription, due=now),
    )


def _party(text: str) -> str:
    country, _, party = text.strip().upper().partition("/")
    if len(country) != 2 or len(party) != 3:
        raise CallerError(f"{text} is no party: write CC/PID, for example NL/ABC")
    return f"{country}/{party}"


def shown(subscription: Subscription) -> dict[str, object]:
    """For people and programs: without the secret."""
    found: dict[str, object] = msgspec.to_builtins(subscription)
    for hidden in ("secret", "former", "former_until"):
        found.pop(hidden, None)
    return {"types": ["*"], "parties": [], "decides": False, "active": True} | found
