"""Group commit: whatever waits shares one transaction; each caller is answered after its commit."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeAlias, TypeVar

from voltroam.standard.errors import NodeError, Overloaded
from voltroam.store.group import AnyChange, Outcome
from voltroam.store.interface import Change

R = TypeVar("R")
Commit = Callable[[Sequence[AnyChange]], Awaitable[list[Outcome]]]
_Waiting: TypeAlias = tuple[AnyChange, asyncio.Future[Any]]


class RowFault(Exception):
    """The database refuses something that one change of the group writes."""


class GroupCommit:
    """A bounded queue in front of `commit`, drained by `writers` tasks.

    `commit` returns one outcome per change when all is durable. It raises RowFault when a
    statement is refused (the group is halved until the guilty change stands alone), NodeError
    when nothing can be written at all (the whole group fails).
    """

    def __init__(
        self, commit: Commit, *, queue_limit: int, group_limit: int, writers: int = 1
    ) -> None:
        self._commit = commit
        self._queue_limit = queue_limit
        self._group_limit = group_limit
        self._queue: deque[_Waiting] = deque()
        self._wake = asyncio.Event()
        self._closing = False
        self._writers = [asyncio.create_task(self._write()) for _ in range(writers)]

    async def apply(self, change: Change[R]) -> R:
        if self._closing:
            raise NodeError("the store is closed")
        if len(self._queue) >= self._queue_limit:
            raise Overloaded("too many writes are waiting")
        future: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._queue.append((change, future))
        self._wake.set()
        return await future

    async def close(self) -> None:
        """Write what is queued, then stop."""
        self._closing = True
        self._wake.set()
        await asyncio.gather(*self._writers, return_exceptions=True)

    async def _write(self) -> None:
        group: list[_Waiting] = []
        try:
            while True:
                if group := self._take():
                    await self._settle(group)
                elif self._closing:
                    return
                else:
                    self._wake.clear()
                    await self._wake.wait()
        finally:
            self._abandon(group)

    def _abandon(self, group: Sequence[_Waiting]) -> None:
        """A program that is interrupted cancels every task: who waits for a writer that is gone
        is answered all the same, else the program would never end."""
        self._closing = True
        for _, future in (*group, *self._queue):
            if not future.done():
                future.set_exception(NodeError("the store is closed"))
        self._queue.clear()

    def _take(self) -> list[_Waiting]:
        group: list[_Waiting] = []
        while self._queue and len(group) < self._group_limit:
            item = self._queue.popleft()
            if not item[1].done():  # a caller that gave up before its turn writes nothing
                group.append(item)
        return group

    async def _settle(self, group: list[_Waiting]) -> None:
        try:
            outcomes = await self._commit([change for change, _ in group])
        except RowFault as fault:
            if len(group) > 1:
                middle = len(group) // 2
                await self._settle(group[:middle])
                await self._settle(group[middle:])
                return
            outcomes = [Outcome(error=_refused(fault))]
        except NodeError as error:
            outcomes = [Outcome(error=type(error)(error.message)) for _ in group]
        except Exception as error:
            # The writer must outlive any fault: without it no write would ever be answered.
            text = f"the store failed: {type(error).__name__}"
            outcomes = [Outcome(error=_caused(NodeError(text), error)) for _ in group]
        for (_, future), outcome in zip(group, outcomes, strict=True):
            if future.done():
                continue
            if outcome.error is not None:
                future.set_exception(outcome.error)
            else:
                future.set_result(outcome.result)


def _refused(fault: RowFault) -> NodeError:
    cause = fault.__cause__
    name = type(cause).__name__ if cause else "fault"
    return _caused(NodeError(f"the database refuses this change: {name}"), fault)


def _caused(error: NodeError, cause: BaseException) -> NodeError:
    error.__cause__ = cause
    return error
