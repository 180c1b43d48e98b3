"""Events reach the company's own systems: at least once, in order for each object, none lost."""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from msgspec import structs
from tests.delivery.node import until
from tests.delivery.receivers import (
    QUICK,
    URL,
    Got,
    Receiver,
    happen,
    is_signed_by,
    now,
    vault,
    webhooks,
)

from voltroam.delivery.subscriptions import Subscriptions
from voltroam.delivery.webhook_records import WAITING, Cursor, cursor_key
from voltroam.delivery.webhook_signing import key_of
from voltroam.delivery.webhooks import Webhooks
from voltroam.standard.errors import CallerError, NotFound, Unreachable
from voltroam.store.interface import Store
from voltroam.wire.call import Response


@contextlib.asynccontextmanager
async def running(store: Store, receiver: Receiver, **more: Any) -> AsyncIterator[Webhooks]:
    made = webhooks(store, receiver, **more)
    task = asyncio.create_task(made.run())
    try:
        yield made
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def subscriptions(store: Store) -> Subscriptions:
    return Subscriptions(store, vault(), now, QUICK)


async def place(store: Store, identifier: str) -> int:
    record = await store.record(cursor_key(identifier))
    assert record is not None
    return msgspec.json.decode(record.document, type=Cursor).sequence


async def rests_at(store: Store, identifier: str, sequence: int) -> None:
    async with asyncio.timeout(60):
        while await place(store, identifier) != sequence:
            await asyncio.sleep(0.01)


async def none_waits(store: Store, identifier: str) -> None:
    async with asyncio.timeout(60):
        while await store.records(WAITING, parent=identifier):
            await asyncio.sleep(0.01)


async def test_an_event_arrives_signed_with_its_type_and_moment(any_store: Store) -> None:
    receiver = Receiver()
    made, secret = await subscriptions(any_store).add(URL)
    async with running(any_store, receiver):
        await happen(any_store, "partner/p1", type_="partner.changed", document=b'{"name":"x"}')
        await until(lambda: receiver.got)
        await rests_at(any_store, made.id, 1)
    (got,) = receiver.got
    assert got.url == URL
    assert got.json["type"] == "partner.changed"
    assert got.json["data"] == {"kind": "partner", "id": "p1", "details": {"name": "x"}}
    assert got.json["timestamp"].endswith("Z")
    assert is_signed_by(got, key_of(secret))
    assert not is_signed_by(got, b"x" * 32)


async def test_events_of_one_key_come_in_order_and_keys_go_side_by_side(
    any_store: Store,
) -> None:
    receiver = Receiver(delay=0.005)
    made, _ = await subscriptions(any_store).add(URL)
    async with running(any_store, receiver):
        await happen(any_store, *(f"k/{n % 10}" for n in range(200)))
        await rests_at(any_store, made.id, 200)
    order = defaultdict(list)
    for got in receiver.got:
        order[got.json["data"]["id"]].append(got.number)
    assert sorted(receiver.numbers()) == list(range(1, 201))
    assert all(numbers == sorted(numbers) for numbers in order.values())
    assert 2 <= receiver.most_at_once <= 10


async def test_only_wanted_types_are_sent(any_store: Store) -> None:
    receiver = Receiver()
    made, _ = await subscriptions(any_store).add(URL, types=("sessions.*", "command.received"))
    async with running(any_store, receiver):
        for type_ in ("sessions.changed", "cdrs.changed", "command.received", "command.result"):
            await happen(any_store, "k/1", type_=type_)
        await rests_at(any_store, made.id, 4)
    assert [got.json["type"] for got in receiver.got] == ["sessions.changed", "command.received"]


async def test_a_failing_key_holds_back_only_its_own_later_events(any_store: Store) -> None:
    failing = True

    def answer(got: Got) -> Response:
        return Response(500 if failing and got.json["data"]["id"] == "bad" else 200)

    receiver = Receiver(answer)
    made, _ = await subscriptions(any_store).add(URL)
    async with running(any_store, receiver):
        await happen(any_store, "k/bad", "k/a", "k/bad", "k/b", "k/c", "k/bad")
        await rests_at(any_store, made.id, 6)
        assert {4, 5, 2} <= set(receiver.numbers())
        assert not {3, 6} & set(receiver.numbers())
        assert len(await subscriptions(any_store).waiting(made.id)) == 3
        failing = False
        await until(lambda: 6 in receiver.numbers())
        await none_waits(any_store, made.id)
    tries = [number for number in receiver.numbers() if number in (1, 3, 6)]
    assert tries == [*[1] * (len(tries) - 2), 3, 6]
    ids = {got.headers["webhook-id"] for got in receiver.got if got.number == 1}
    assert len(ids) == 1


async def test_a_receiver_that_is_away_gets_everything_when_it_is_back(any_store: Store) -> None:
    away = True
    taken: set[int] = set()

    def answer(got: Got) -> Response:
        if away:
            raise Unreachable("connection refused", sent=False)
        taken.add(got.number)
        return Response(200)

    receiver = Receiver(answer)
    made, _ = await subscriptions(any_store).add(URL)
    knobs = structs.replace(QUICK, ahead=50, stall_after=4)
    async with running(any_store, receiver, knobs=knobs):
        await happen(any_store, *(f"k/{n}" for n in range(300)))
        await until(lambda: len(receiver.got) > 40)
        tried = len(receiver.got)
        await asyncio.sleep(0.3)
        assert len(receiver.got) - tried < 30, "one at a time while it is away"
        away = False
        await rests_at(any_store, made.id, 300)
        await none_waits(any_store, made.id)
    assert taken == set(range(1, 301))
    assert await subscriptions(any_store).dead(made.id) == []


async def test_objects_that_a_receiver_cannot_digest_do_not_hold_back_others(
    any_store: Store,
) -> None:
    """Although nothing but failures has come of late, and again after a restart."""
    receiver = Receiver(lambda got: Response(422 if "bad" in got.json["data"]["id"] else 200))
    made, _ = await subscriptions(any_store).add(URL)
    knobs = structs.replace(QUICK, stall_after=4, backoff_first=0.2, backoff_limit=60.0)
    for round_ in range(2):
        async with running(any_store, receiver, knobs=knobs):
            await happen(any_store, *(f"k/bad{round_}-{n}" for n in range(40)))
            await until(lambda: len(receiver.got) > 4)
            receiver.got.clear()
            await happen(any_store, *(f"k/good{n}" for n in range(20)))
            good = {f"good{n}" for n in range(20)}
            await until(
                lambda wanted=good: wanted <= {got.json["data"]["id"] for got in receiver.got}
            )
    assert await subscriptions(any_store).dead(made.id) == []


async def test_after_all_attempts_an_event_is_a_dead_letter_and_can_be_replayed(
    any_store: Store,
) -> None:
    broken = True

    def answer(got: Got) -> Response:
        return Response(422 if broken and got.json["data"]["id"] == "bad" else 200)

    receiver = Receiver(answer)
    hooks = subscriptions(any_store)
    made, _ = await hooks.add(URL)
    async with running(any_store, receiver, knobs=structs.replace(QUICK, attempts=3)):
        await happen(any_store, "k/bad", "k/good", "k/bad")
        async with asyncio.timeout(60):
            while len(await hooks.dead(made.id)) < 2:
                await happen(any_store, "k/good")
                await asyncio.sleep(0.02)
        letters = await hooks.dead(made.id)
        assert [(one.sequence, one.attempts, one.http) for one in letters] == [
            (1, 3, 422), (3, 3, 422),
        ]  # fmt: skip
        assert receiver.numbers().count(1) == 3
        broken = False
        assert await hooks.replay(made.id, [3]) == 1
        await until(lambda: receiver.numbers().count(3) == 4)
        assert [one.sequence for one in await hooks.dead(made.id)] == [1]
        assert await hooks.replay(made.id) == 1
        await until(lambda: receiver.numbers().count(1) == 4)
        await none_waits(any_store, made.id)
        assert await hooks.dead() == []


async def test_gone_is_taken_at_its_word_and_enable_goes_on_there(any_store: Store) -> None:
    gone = True
    receiver = Receiver(lambda _: Response(410 if gone else 200))
    hooks = subscriptions(any_store)
    made, _ = await hooks.add(URL)
    async with running(any_store, receiver):
        await happen(any_store, "k/1")
        async with asyncio.timeout(60):
            while (await hooks.get(made.id)).active:
                await asyncio.sleep(0.01)
        await happen(any_store, "k/2")
        await asyncio.sleep(0.1)
        assert receiver.numbers() == [1]
        assert "410" in ((await hooks.get(made.id)).reason or "")
        gone = False
        await hooks.enable(made.id)
        await until(lambda: receiver.numbers() == [1, 1, 2])


async def test_a_process_that_dies_leaves_nothing_undelivered(any_store: Store) -> None:
    receiver = Receiver(delay=0.01)
    made, _ = await subscriptions(any_store).add(URL)
    await happen(any_store, *(f"k/{n % 20}" for n in range(200)))
    async with running(any_store, receiver, holder="one"):
        await until(lambda: len(receiver.got) > 50)
    async with running(any_store, receiver, holder="two"):
        await rests_at(any_store, made.id, 200)
    assert sorted(set(receiver.numbers())) == list(range(1, 201))
    assert len(receiver.got) <= 250


async def test_two_processes_share_the_receivers_and_send_once(any_store: Store) -> None:
    receiver = Receiver()
    hooks = subscriptions(any_store)
    made = [(await hooks.add(f"{URL}/{n}"))[0].id for n in range(3)]
    async with running(any_store, receiver), running(any_store, receiver):
        await happen(any_store, *(f"k/{n}" for n in range(50)))
        for identifier in made:
            await rests_at(any_store, identifier, 50)
    assert len(receiver.got) == 150


async def test_a_new_secret_signs_beside_the_former_one(any_store: Store) -> None:
    receiver = Receiver()
    hooks = subscriptions(any_store)
    made, former = await hooks.add(URL)
    fresh = await hooks.rotate(made.id)
    async with running(any_store, receiver):
        await happen(any_store, "k/1")
        await until(lambda: receiver.got)
    assert is_signed_by(receiver.got[0], key_of(fresh))
    assert is_signed_by(receiver.got[0], key_of(former))
    late = Subscriptions(any_store, vault(), lambda: now() + 2 * 86_400_000_000, QUICK)
    assert late.keys(await hooks.get(made.id)) == [key_of(fresh)]


async def test_the_secret_is_sealed_and_shown_nowhere(any_store: Store) -> None:
    made, secret = await subscriptions(any_store).add(URL)
    (record,) = await any_store.records("webhook")
    assert secret.encode() not in record.document
    assert made.secret not in repr(made)


async def test_a_removed_subscription_leaves_nothing(any_store: Store) -> None:
    receiver = Receiver(lambda _: Response(500))
    hooks = subscriptions(any_store)
    made, _ = await hooks.add(URL)
    async with running(any_store, receiver, knobs=structs.replace(QUICK, attempts=1)):
        await happen(any_store, "k/1", "k/2")
        async with asyncio.timeout(60):
            while not await hooks.dead(made.id):
                await asyncio.sleep(0.01)
    await hooks.remove(made.id)
    assert await any_store.record_kinds() == []
    with pytest.raises(NotFound):
        await hooks.get(made.id)


async def test_events_that_were_purged_before_they_were_read_are_told_as_lost(
    any_store: Store,
) -> None:
    receiver = Receiver()
    made, _ = await subscriptions(any_store).add(URL)
    await happen(any_store, *(f"k/{n}" for n in range(5)))
    await any_store.purge(tombstones_before=0, events_before=2**60)
    await happen(any_store, "k/after")
    async with running(any_store, receiver):
        await rests_at(any_store, made.id, 6)
    lost, after = sorted(receiver.got, key=lambda got: got.number)
    assert (lost.json["type"], lost.json["data"]) == ("events.lost", {"from": 1, "to": 5})
    assert after.json["data"]["id"] == "after"


async def test_a_ping_says_what_the_receiver_answered(any_store: Store) -> None:
    made, secret = await subscriptions(any_store).add(URL)
    good, bad = Receiver(), Receiver(lambda _: Response(500))
    attempt = await webhooks(any_store, good).ping(made)
    assert (attempt.ok, attempt.http) == (True, 204)
    assert good.got[0].json["type"] == "webhook.ping"
    assert is_signed_by(good.got[0], key_of(secret))
    attempt = await webhooks(any_store, bad).ping(made)
    assert (attempt.ok, attempt.http) == (False, 500)


@pytest.mark.parametrize(
    "more",
    [
        {"url": "ftp://systems.example/"},
        {"url": "no url"},
        {"secret": "whsec_short"},
        {"parties": ["NLAAA"]},
    ],
)
async def test_what_cannot_be_a_subscription_is_refused(
    any_store: Store, more: dict[str, Any]
) -> None:
    with pytest.raises(CallerError):
        await subscriptions(any_store).add(**({"url": URL} | more))


async def test_only_one_webhook_decides(any_store: Store) -> None:
    hooks = subscriptions(any_store)
    made, _ = await hooks.add(URL, decides=True, types=())
    with pytest.raises(CallerError, match="decides already"):
        await hooks.add(URL, decides=True)
    assert (await hooks.deciding()) == made
    assert not hooks.is_undecided
    await hooks.remove(made.id)
    assert not hooks.is_undecided
    assert await hooks.deciding() is None
    assert hooks.is_undecided
