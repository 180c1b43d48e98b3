"""Rows about webhooks: who gets events, and what did not arrive."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from voltroam.operator.operation import Listed, Moment, Operation, Page, Scope
from voltroam.operator.rows.objects import Party

Pattern = Annotated[str, Meta(min_length=1, max_length=100)]
AT = "/webhooks/{webhook_id}"


class NewWebhook(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`types` are patterns (`sessions.*`); `decides`: it answers what the node asks its host."""

    url: Annotated[str, Meta(min_length=1, max_length=2000)]
    types: list[Pattern] = msgspec.field(default_factory=lambda: ["*"])
    parties: list[Party] = []
    decides: bool = False


class WebhookFacts(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    url: str
    types: list[str]
    parties: list[str]
    decides: bool
    active: bool
    reason: str | None
    """Why it is not active."""
    created: Moment


class WebhookMade(WebhookFacts, frozen=True, kw_only=True):
    """The secret that signs is shown only now."""

    secret: str

    def __repr__(self) -> str:
        return f"WebhookMade(id={self.id!r}, secret=…)"


class NewSecret(msgspec.Struct, frozen=True):
    """The former one signs beside it for a day."""

    secret: str

    def __repr__(self) -> str:
        return "NewSecret(…)"


class Disable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    reason: Annotated[str, Meta(min_length=1, max_length=200)] = "disabled by an operator"


class Pinged(msgspec.Struct, frozen=True, kw_only=True):
    ok: bool
    http: int | None
    reason: str | None


class UndeliveredEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One event that did not arrive."""

    sequence: int
    type: str
    key: str
    at: Moment
    attempts: int
    reason: str | None
    http: int | None


class Replay(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """None: all of them."""

    sequences: Annotated[list[int], Meta(max_length=10_000)] | None = None


class Replayed(msgspec.Struct, frozen=True):
    count: int


def _webhook(
    name: str, method: str, path: str, summary: str, gives: Any, **more: Any
) -> Operation[Any]:
    return Operation(
        name=name, method=method, path=path, tag="webhooks", summary=summary,
        scope=Scope.ADMIN, gives=gives, **more,
    )  # fmt: skip


LIST_WEBHOOKS: Operation[Page[WebhookFacts]] = _webhook(
    "list_webhooks", "GET", "/webhooks", "All receivers of events.", Page[WebhookFacts]
)
ADD_WEBHOOK: Operation[WebhookMade] = _webhook(
    "add_webhook", "POST", "/webhooks", "Send events there from now on.", WebhookMade,
    takes=NewWebhook, status=201, fails="no URL, or a second one that decides",
)  # fmt: skip
GET_WEBHOOK: Operation[WebhookFacts] = _webhook(
    "get_webhook", "GET", AT, "One receiver.", WebhookFacts
)
REMOVE_WEBHOOK: Operation[None] = _webhook(
    "remove_webhook", "DELETE", AT, "It gets nothing more.", None
)
ENABLE_WEBHOOK: Operation[WebhookFacts] = _webhook(
    "enable_webhook", "POST", f"{AT}/enable", "Go on where it stopped.", WebhookFacts
)
DISABLE_WEBHOOK: Operation[WebhookFacts] = _webhook(
    "disable_webhook", "POST", f"{AT}/disable", "Send nothing until it is enabled.", WebhookFacts,
    takes=Disable,
)  # fmt: skip
ROTATE_WEBHOOK: Operation[NewSecret] = _webhook(
    "rotate_webhook", "POST", f"{AT}/rotate", "A new secret.", NewSecret
)
PING_WEBHOOK: Operation[Pinged] = _webhook(
    "ping_webhook", "POST", f"{AT}/ping", "Send one test event now.", Pinged
)
LIST_DEAD: Operation[Page[UndeliveredEvent]] = _webhook(
    "list_dead_events", "GET", f"{AT}/dead", "Events that were given up.", Page[UndeliveredEvent],
    query=Listed,
)  # fmt: skip
LIST_WAITING: Operation[Page[UndeliveredEvent]] = _webhook(
    "list_waiting_events", "GET", f"{AT}/waiting", "Events that are tried again.",
    Page[UndeliveredEvent], query=Listed,
)  # fmt: skip
REPLAY: Operation[Replayed] = _webhook(
    "replay_dead_events", "POST", f"{AT}/replay", "Try dead events again.", Replayed, takes=Replay
)

OPERATIONS: tuple[Operation[Any], ...] = (
    LIST_WEBHOOKS, ADD_WEBHOOK, GET_WEBHOOK, REMOVE_WEBHOOK, ENABLE_WEBHOOK, DISABLE_WEBHOOK,
    ROTATE_WEBHOOK, PING_WEBHOOK, LIST_DEAD, LIST_WAITING, REPLAY,
)  # fmt: skip
