"""A host that is asked by webhook: the company's own systems decide in their answer.

Each question is one signed POST, in the form of the events. 2xx with JSON answers it; 204 leaves
it to the node; 202 to what is to be carried out means that the outcome is reported later, through
the operator API. Whatever else comes, or nothing in time, raises: then the node's own default for
that question applies. docs/howto/webhooks.md shows each question and its answer.
"""

from decimal import Decimal
from typing import Any, TypeVar
from uuid import uuid4

import msgspec

from voltroam.delivery.ports import Now
from voltroam.delivery.subscriptions import Subscriptions
from voltroam.delivery.telling import message
from voltroam.delivery.webhook_knobs import WebhookKnobs
from voltroam.delivery.webhook_records import Subscription
from voltroam.delivery.webhook_signing import signed
from voltroam.roaming.exchange import Send
from voltroam.roaming.host import (
    AuthorizationDecision,
    AuthorizationQuestion,
    BookingOrder,
    Considered,
    Host,
    Order,
    Outcome,
    ProfileOrder,
    ProfileOutcome,
    Unattended,
    Wish,
)
from voltroam.standard.errors import Unusable
from voltroam.standard.parties import PartyId
from voltroam.standard.v2_2_1 import ChargingPreferencesResponse, ChargingProfileResponseType
from voltroam.wire.call import Request, Response
from voltroam.wire.times import format_datetime, to_micros

SECOND = 1_000_000
LATER = 202
NO_CONTENT = 204
ANSWER_BYTES = 65_536
A = TypeVar("A")


class ProfileConsidered(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to `profile.consider`."""

    result: ChargingProfileResponseType


class Preferred(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to `session.prefer`."""

    result: ChargingPreferencesResponse


class BookingDecided(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to `booking.decide`."""

    accepted: bool


class AskingHost:
    """Asks the subscription that decides; while there is none, the host `otherwise`."""

    def __init__(
        self,
        subscriptions: Subscriptions,
        send: Send,
        *,
        otherwise: Host,
        now: Now,
        knobs: WebhookKnobs | None = None,
    ) -> None:
        self._subscriptions = subscriptions
        self._send = send
        self._otherwise = otherwise
        self._now = now
        self._knobs = knobs or WebhookKnobs()

    async def decides(self) -> bool:
        """Whether anybody would decide about a token now."""
        takes = getattr(type(self._otherwise), "authorize", None)
        return takes is not Unattended.authorize or await self._subscriptions.deciding() is not None

    def nobody_decides(self) -> bool:
        """Whether it is known by heart that nobody would: then `decides` need not be awaited."""
        takes = getattr(type(self._otherwise), "authorize", None)
        return takes is Unattended.authorize and self._subscriptions.is_undecided

    async def authorize(self, question: AuthorizationQuestion) -> AuthorizationDecision | None:
        """`authorization.decide`."""
        asked = await self._subscriptions.deciding()
        if asked is None:
            return await self._otherwise.authorize(question)
        return await self._decide(
            asked, "authorization.decide", "authorizations", question, AuthorizationDecision
        )

    async def attended(self) -> bool:
        """Whether anybody can carry out commands at all."""
        takes = getattr(type(self._otherwise), "consider", None)
        return takes is not Unattended.consider or await self._subscriptions.deciding() is not None

    async def consider(self, order: Order) -> Considered | None:
        """`command.consider`."""
        asked = await self._subscriptions.deciding()
        if asked is None:
            return await self._otherwise.consider(order)
        return await self._decide(asked, "command.consider", "orders", order, Considered)

    async def carry_out(self, order: Order) -> Outcome | None:
        """`command.carry_out`. None: 202, the outcome is reported later."""
        asked = await self._subscriptions.deciding()
        if asked is None:
            return await self._otherwise.carry_out(order)
        return await self._carry_out(asked, "command.carry_out", "orders", order, Outcome)

    async def consider_profile(self, order: ProfileOrder) -> ChargingProfileResponseType | None:
        """`profile.consider`."""
        asked = await self._subscriptions.deciding()
        if asked is None:
            return await self._otherwise.consider_profile(order)
        answer = await self._decide(asked, "profile.consider", "profiles", order, ProfileConsidered)
        return None if answer is None else answer.result

    async def carry_out_profile(self, order: ProfileOrder) -> ProfileOutcome:
        """`profile.carry_out`. Its outcome must come in the answer."""
        asked = await self._subscriptions.deciding()
        if asked is None:
            return await self._otherwise.carry_out_profile(order)
        outcome = await self._carry_out(
            asked, "profile.carry_out", "profiles", order, ProfileOutcome
        )
        if outcome is None:
            raise Unusable("the decision webhook answered 202 to a charging profile")
        return outcome

    async def prefer(self, wish: Wish) -> ChargingPreferencesResponse:
        """`session.prefer`."""
        asked = await self._subscriptions.deciding()
        if asked is None:
            return await self._otherwise.prefer(wish)
        answer = await self._decide(asked, "session.prefer", "sessions", wish, Preferred)
        if answer is None:
            raise Unusable("the decision webhook left open what the driver would like")
        return answer.result

    async def book(self, order: BookingOrder) -> bool | None:
        """`booking.decide`. None: a person decides."""
        asked = await self._subscriptions.deciding()
        if asked is None:
            book = getattr(self._otherwise, "book", None)
            return None if book is None else bool_or_none(await book(order))
        answer = await self._decide(asked, "booking.decide", "bookings", order, BookingDecided)
        return None if answer is None else answer.accepted

    async def _decide(
        self, asked: Subscription, type_: str, kind: str, question: Any, shape: type[A]
    ) -> A | None:
        """Raises Unreachable when late, Unusable for what is no answer."""
        response = await self._post(asked, type_, kind, question, self._knobs.decide)
        if response.status == LATER:
            raise Unusable("the decision webhook answered 202 to what must be decided at once")
        if response.status == NO_CONTENT:
            return None
        return _read(response, shape)

    async def _carry_out(
        self,
        asked: Subscription,
        type_: str,
        kind: str,
        order: Order | ProfileOrder,
        shape: type[A],
    ) -> A | None:
        """With all the time that the order has. Raises Unreachable, Unusable."""
        left = max(0.05, (to_micros(order.deadline) - self._now()) / SECOND)
        response = await self._post(asked, type_, kind, order, left)
        if response.status == LATER:
            return None
        return _read(response, shape)

    async def _post(
        self, asked: Subscription, type_: str, kind: str, question: Any, seconds: float
    ) -> Response:
        now = self._now()
        body = message(type_, now, told(kind, question))
        headers = signed(
            body,
            message=f"ask_{uuid4().hex}",
            at=now // SECOND,
            keys=self._subscriptions.keys(asked),
        )
        request = Request("POST", asked.url, headers, body)
        response = await self._send(request, timeout=seconds, limit=ANSWER_BYTES)
        if not 200 <= response.status < 300:
            raise Unusable(f"the decision webhook answered HTTP {response.status}")
        return response


def bool_or_none(answer: object) -> bool | None:
    """What a host said; anything else leaves it to a person."""
    return answer if isinstance(answer, bool) else None


def told(kind: str, question: Any) -> dict[str, Any]:
    """A question as `data` of a message: parties as `NL/AAA`, times as OCPI writes them."""
    plain = msgspec.to_builtins(question, builtin_types=(Decimal,))
    if isinstance(plain.get("body"), dict):
        plain["body"].pop("response_url", None)  # the node's own business
    for name in question.__struct_fields__:
        value = getattr(question, name)
        if isinstance(value, PartyId):
            plain[name] = str(value)
    if "deadline" in plain:
        plain["deadline"] = format_datetime(question.deadline)
    identifier = plain.pop("id", None) or plain.get("session_id")
    left = {name: value for name, value in plain.items() if value is not None}
    return {"kind": kind, "id": identifier, **left}


def _read(response: Response, shape: type[A]) -> A:
    """Raises Unusable, without quoting it."""
    try:
        return msgspec.json.decode(response.body, type=shape)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        place = str(error).partition(" - at ")[2] or "the body"
        raise Unusable(f"the decision webhook's answer is unusable at {place}") from None
