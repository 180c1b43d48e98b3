"""Decisions by webhook: asked signed, answered in time or not at all."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from tests.delivery.receivers import QUICK, URL, Got, Receiver, is_signed_by, now, vault

from voltroam.delivery.asking import AskingHost
from voltroam.delivery.subscriptions import Subscriptions
from voltroam.delivery.webhook_signing import key_of
from voltroam.roaming.host import (
    AuthorizationQuestion,
    Order,
    Outcome,
    ProfileOrder,
    Unattended,
    Wish,
)
from voltroam.standard.errors import Unusable
from voltroam.standard.parties import PartyId
from voltroam.standard.v2_2_1 import (
    AllowedType,
    ChargingPreferences,
    ChargingPreferencesResponse,
    ChargingProfile,
    ChargingProfilePeriod,
    ChargingProfileResponseType,
    ChargingProfileResultType,
    ChargingRateUnit,
    CommandResponseType,
    CommandResultType,
    CommandType,
    ProfileType,
    StartSession,
    Token,
    TokenType,
    WhitelistType,
)
from voltroam.store.interface import Store
from voltroam.wire.call import Response

MOMENT = datetime(2026, 11, 20, 10, tzinfo=UTC)
TOKEN = Token(
    country_code="DE", party_id="MSP", uid="CANARY01", type=TokenType.RFID, contract_id="C1",
    issuer="MSP", valid=True, whitelist=WhitelistType.NEVER, last_updated=MOMENT,
)  # fmt: skip
QUESTION = AuthorizationQuestion(
    id="a1", token=TOKEN, asked_by=PartyId("NL", "AAA"), partner="noda",
    proposed=AllowedType.ALLOWED,
)  # fmt: skip


def order(seconds: float = 60.0) -> Order:
    return Order(
        id="o1", command=CommandType.START_SESSION,
        body=StartSession(response_url="https://p.example/r", token=TOKEN, location_id="L1"),
        partner="movia", asked_by=PartyId("DE", "MSP"), operator=PartyId("NL", "AAA"),
        deadline=datetime.now(UTC) + timedelta(seconds=seconds),
    )  # fmt: skip


def profile_order() -> ProfileOrder:
    return ProfileOrder(
        id="p1", session_id="S1", partner="movia", asked_by=PartyId("DE", "MSP"),
        operator=PartyId("NL", "AAA"), deadline=datetime.now(UTC) + timedelta(seconds=5),
        profile=ChargingProfile(
            charging_rate_unit=ChargingRateUnit.A,
            charging_profile_period=[ChargingProfilePeriod(start_period=0, limit=Decimal("16.5"))],
        ),
    )  # fmt: skip


WISH = Wish(
    session_id="S1", partner="movia", operator=PartyId("NL", "AAA"),
    preferences=ChargingPreferences(profile_type=ProfileType.GREEN),
)  # fmt: skip


async def host(store: Store, receiver: Receiver, *, subscribe: bool = True) -> AskingHost:
    hooks = Subscriptions(store, vault(), now, QUICK)
    if subscribe:
        await hooks.add(URL, types=(), decides=True, secret="whsec_" + "QUJD" * 8)
    return AskingHost(hooks, receiver.send, otherwise=Unattended(), now=now, knobs=QUICK)


def says(document: Any, status: int = 200) -> Any:
    return lambda _: Response(status, {}, msgspec.json.encode(document))


async def test_the_question_comes_signed_and_the_answer_decides(any_store: Store) -> None:
    receiver = Receiver(says({"allowed": "NO_CREDIT", "info": "top up", "evse_uids": ["E1"]}))
    asked = await host(any_store, receiver)
    assert await asked.attended()
    decision = await asked.authorize(QUESTION)
    assert decision is not None
    assert (decision.allowed, decision.info) == (AllowedType.NO_CREDIT, "top up")
    assert decision.evse_uids == ("E1",)
    (got,) = receiver.got
    assert is_signed_by(got, key_of("whsec_" + "QUJD" * 8))
    assert got.json["type"] == "authorization.decide"
    assert got.json["data"]["token"]["uid"] == "CANARY01"
    assert got.json["data"]["asked_by"] == "NL/AAA"
    assert (got.json["data"]["id"], got.json["data"]["proposed"]) == ("a1", "ALLOWED")


async def test_without_a_webhook_that_decides_the_other_host_does(any_store: Store) -> None:
    receiver = Receiver()
    asked = await host(any_store, receiver, subscribe=False)
    assert await asked.authorize(QUESTION) is None
    considered = await asked.consider(order())
    assert considered is not None
    assert considered.result is CommandResponseType.NOT_SUPPORTED
    assert not await asked.attended()
    assert await asked.carry_out(order()) == Outcome(result=CommandResultType.NOT_SUPPORTED)
    assert await asked.consider_profile(profile_order()) is not None
    assert await asked.prefer(WISH) is ChargingPreferencesResponse.NOT_POSSIBLE
    outcome = await asked.carry_out_profile(profile_order())
    assert outcome.result is ChargingProfileResultType.REJECTED
    assert receiver.got == []


async def test_that_nobody_decides_is_known_for_a_second(
    any_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until somebody looked, and from then on, somebody might."""
    asked = await host(any_store, Receiver(), subscribe=False)
    assert not asked.nobody_decides()
    assert not await asked.decides()
    assert asked.nobody_decides()
    monkeypatch.setattr("voltroam.delivery.subscriptions.FRESH", -1.0)
    assert not asked.nobody_decides()
    deciding = await host(any_store, Receiver())
    assert await deciding.decides()
    assert not deciding.nobody_decides()


async def test_each_question_has_its_answer(any_store: Store) -> None:
    answers: dict[str, Any] = {
        "command.consider": {"result": "REJECTED", "message": "closed"},
        "command.carry_out": {"result": "ACCEPTED"},
        "profile.consider": {"result": "TOO_OFTEN"},
        "profile.carry_out": {"result": "ACCEPTED"},
        "session.prefer": {"result": "ACCEPTED"},
    }
    receiver = Receiver(lambda got: says(answers[got.json["type"]])(got))
    asked = await host(any_store, receiver)
    considered = await asked.consider(order())
    assert considered is not None
    assert (considered.result, considered.message) == (CommandResponseType.REJECTED, "closed")
    assert await asked.carry_out(order()) == Outcome(result=CommandResultType.ACCEPTED)
    assert await asked.consider_profile(profile_order()) is ChargingProfileResponseType.TOO_OFTEN
    outcome = await asked.carry_out_profile(profile_order())
    assert outcome.result is ChargingProfileResultType.ACCEPTED
    assert await asked.prefer(WISH) is ChargingPreferencesResponse.ACCEPTED
    assert [got.json["type"] for got in receiver.got] == list(answers)
    limits = receiver.got[3].json["data"]["profile"]["charging_profile_period"]
    assert limits == [{"start_period": 0, "limit": 16.5}]
    assert all("response_url" not in str(got.json) for got in receiver.got)


async def test_no_content_leaves_it_to_the_node(any_store: Store) -> None:
    asked = await host(any_store, Receiver(lambda _: Response(204)))
    assert await asked.authorize(QUESTION) is None
    assert await asked.consider(order()) is None
    assert await asked.consider_profile(profile_order()) is None
    with pytest.raises(Unusable):
        await asked.prefer(WISH)


@pytest.mark.parametrize(
    "answer",
    [
        Response(500), Response(401), Response(302), Response(202), Response(200, {}, b""),
        Response(200, {}, b"yes"), Response(200, {}, b'{"allowed":"PERHAPS"}'),
        Response(200, {}, b"[]"), Response(200, {}, b'{"allowed":true,"x":"CANARY01"}'),
    ],
)  # fmt: skip
async def test_a_wrong_answer_raises_without_quoting_it(any_store: Store, answer: Response) -> None:
    asked = await host(any_store, Receiver(lambda _: answer))
    with pytest.raises(Unusable) as refused:
        await asked.authorize(QUESTION)
    assert "CANARY01" not in str(refused.value)
    assert "PERHAPS" not in str(refused.value)


async def test_an_outcome_may_be_reported_later(any_store: Store) -> None:
    asked = await host(any_store, Receiver(lambda _: Response(202)))
    assert await asked.carry_out(order()) is None
    with pytest.raises(Unusable):
        await asked.carry_out_profile(profile_order())


async def test_the_sender_is_given_the_deadline(any_store: Store) -> None:
    given: list[float] = []

    class Slow(Receiver):
        async def send(self, request: Any, *, timeout: float, limit: int) -> Response:
            given.append(timeout)
            return says({"result": "ACCEPTED"})(Got("", {}, b""))  # type: ignore[no-any-return]

    asked = await host(any_store, Slow())
    await asked.carry_out(order(seconds=20))
    await asked.consider(order())
    assert 19 < given[0] <= 20
    assert given[1] == QUICK.decide
