"""A few pushes begin in each turn of the loop, and nobody waits for ever."""

import asyncio

from voltroam.delivery.turnstile import Turnstile


async def test_a_few_enter_in_each_turn_in_the_order_in_which_they_came() -> None:
    turnstile, entered = Turnstile(2), list[int]()

    async def one(number: int) -> None:
        await turnstile.enter()
        entered.append(number)

    tasks = [asyncio.create_task(one(number)) for number in range(7)]
    most = before = 0
    while len(entered) < 7:
        await asyncio.sleep(0)
        most, before = max(most, len(entered) - before), len(entered)
    assert entered == list(range(7))
    assert most <= 2
    await asyncio.gather(*tasks)


async def test_who_gives_up_leaves_the_place_to_others() -> None:
    turnstile = Turnstile(1)
    await turnstile.enter()
    waiting = [asyncio.create_task(turnstile.enter()) for _ in range(3)]
    await asyncio.sleep(0)
    waiting[1].cancel()
    async with asyncio.timeout(60):
        await asyncio.gather(waiting[0], waiting[2])
    assert waiting[1].cancelled()
