"""Agreements as they are kept: changed by an operator, seen by all processes."""

import asyncio

import pytest
from tests.roaming.company import Clock, Company
from tests.roaming.hub.test_route import CPO, MSP, seat

from voltroam.roaming.hub.agreements import Agreement, Side
from voltroam.roaming.hub.book import CHANGED, AgreementBook
from voltroam.standard.errors import NotFound
from voltroam.standard.v2_2_1 import Role

A, B = seat(CPO, Role.CPO, "a"), seat(MSP, Role.EMSP, "b")


@pytest.fixture
def book(cpo: Company, clock: Clock) -> AgreementBook:
    return AgreementBook(cpo.store, "closed", clock, clock.seconds)


def agreement(id_: str = "", **more: object) -> Agreement:
    sides = {"one": Side.read("NL/CPO"), "other": Side.read("DE/MSP")}
    return Agreement(id=id_, **sides, **more)  # type: ignore[arg-type]  # members by name


async def allowed(book: AgreementBook) -> bool:
    return (await book.current()).allowed(A, B, "cdrs")


async def test_an_empty_book_leaves_it_to_the_default(book: AgreementBook) -> None:
    assert not await allowed(book)


async def test_what_is_added_counts_at_once_and_gets_an_id(book: AgreementBook) -> None:
    kept = await book.add(agreement())
    assert kept.id
    assert await allowed(book)
    assert [it.id for it in (await book.current()).all] == [kept.id]


async def test_another_process_sees_it_within_a_second(
    book: AgreementBook, cpo: Company, clock: Clock
) -> None:
    other = AgreementBook(cpo.store, "closed", clock, clock.seconds)
    assert not await allowed(other)
    await book.add(agreement())
    clock.forward(1)
    assert await allowed(other)


async def test_what_was_read_before_a_change_is_not_kept_after_it(
    book: AgreementBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slow reading that began before the agreement was suspended."""
    kept = await book.add(agreement())
    whole, began, go = book.all, asyncio.Event(), asyncio.Event()

    async def slow() -> list[Agreement]:
        found = await whole()
        began.set()
        await go.wait()
        return found

    monkeypatch.setattr(book, "all", slow)
    reading = asyncio.create_task(allowed(book))
    await began.wait()
    await book.suspend(kept.id)
    go.set()
    assert not await reading
    assert not await allowed(book)


async def test_the_same_answer_object_is_given_while_nothing_changes(
    book: AgreementBook, clock: Clock
) -> None:
    await book.add(agreement())
    before = await book.current()
    clock.forward(5)
    assert await book.current() is before


async def test_suspended_forbids_at_a_stroke_and_is_taken_up_again(book: AgreementBook) -> None:
    kept = await book.add(agreement())
    assert (await book.suspend(kept.id)).suspended
    assert not await allowed(book)
    await book.suspend(kept.id, suspended=False)
    assert await allowed(book)


async def test_a_date_passes_by_itself(book: AgreementBook, clock: Clock) -> None:
    await book.add(agreement(until=clock.micros + 500_000))
    assert await allowed(book)
    clock.forward(0.5)
    assert not await allowed(book)


async def test_what_is_removed_is_gone(book: AgreementBook) -> None:
    kept = await book.add(agreement())
    await book.remove(kept.id)
    assert not await allowed(book)
    with pytest.raises(NotFound):
        await book.remove(kept.id)
    with pytest.raises(NotFound):
        await book.suspend(kept.id)


async def test_the_whole_book_is_replaced_in_one_step(book: AgreementBook) -> None:
    old = await book.add(agreement())
    await book.replace([agreement("first"), agreement(modules=("tokens",))])
    ids = {it.id for it in (await book.current()).all}
    assert len(ids) == 2
    assert "first" in ids
    assert old.id not in ids


async def test_each_change_is_an_event(book: AgreementBook, cpo: Company) -> None:
    kept = await book.add(agreement())
    await book.suspend(kept.id)
    events = await cpo.store.events(0, 100)
    assert [it.key for it in events if it.type == CHANGED] == [kept.id, kept.id]


async def test_more_than_a_page_of_agreements(book: AgreementBook) -> None:
    await book.replace(agreement(f"id{number:04}") for number in range(1_100))
    assert len((await book.current()).all) == 1_100
