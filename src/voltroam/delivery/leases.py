"""The leases of one process's lanes: taken a few at a time, kept all in one write."""

import asyncio
import random
from collections.abc import Sequence

from voltroam.delivery.knobs import Knobs
from voltroam.delivery.log import Log
from voltroam.store.interface import Store

log = Log("voltroam.lanes")

FEW = 25
"""Leases taken at once: processes that start together share the lanes out between them."""
PAUSE = 0.02
"""Seconds between two times that a few are taken."""

Lost = asyncio.Future[None]
"""Done when a lease is no longer ours."""


class Leases:
    """Hundreds of lanes hold a lease each; one write renews them all."""

    def __init__(self, store: Store, holder: str, knobs: Knobs, chance: random.Random) -> None:
        self._store = store
        self._holder = holder
        self._knobs = knobs
        self._chance = chance
        self._held: dict[str, Lost] = {}
        self._wanted: dict[str, asyncio.Future[Lost]] = {}
        self._again: dict[str, float] = {}
        """When a lease that another process holds is asked for again (loop time)."""
        self._bell = asyncio.Event()
        self._renew_at = 0.0

    async def run(self) -> None:
        """Until cancelled: takes what is wanted and keeps what is held."""
        while True:
            self._bell.clear()
            if self._held and _clock() >= self._renew_at:
                await self._renew()
            if await self._take_few():
                await asyncio.sleep(PAUSE)
                continue
            await self._rest()

    async def take(self, name: str) -> Lost:
        """Waits until the lease is ours."""
        granted: asyncio.Future[Lost] = asyncio.get_running_loop().create_future()
        self._wanted[name] = granted
        self._bell.set()
        try:
            return await granted
        except asyncio.CancelledError:
            if granted.done() and not granted.cancelled():
                await self.give_back(name)
            raise
        finally:
            self._wanted.pop(name, None)
            self._again.pop(name, None)

    async def give_back(self, name: str) -> None:
        """Another process may have it at once, if it is still ours."""
        if self._held.pop(name, None) is not None:
            await self._release(name)

    async def _renew(self) -> None:
        held = dict(self._held)
        self._renew_at = _clock() + self._knobs.renew
        ours = await self._ask(list(held))
        for name, lost in held.items():
            if name not in ours and self._held.get(name) is lost:
                del self._held[name]
                lost.set_result(None)

    async def _take_few(self) -> bool:
        """True: there are more to be asked for now."""
        now = _clock()
        due = [name for name in self._wanted if self._again.get(name, 0.0) <= now]
        some = self._chance.sample(due, min(FEW, len(due)))
        if not some:
            return False
        ours = await self._ask(some)
        if ours and not self._held:
            self._renew_at = _clock() + self._knobs.renew
        for name in some:
            granted = self._wanted.pop(name, None) if name in ours else None
            if granted is not None and not granted.done():
                lost = self._held[name] = asyncio.get_running_loop().create_future()
                granted.set_result(lost)
            elif name in ours:  # nobody waits for it any more
                await self._release(name)
            elif name in self._wanted:
                self._again[name] = _clock() + self._knobs.renew
        return len(due) > len(some)

    async def _ask(self, names: Sequence[str]) -> frozenset[str]:
        """Those of them that are ours; none when the store fails."""
        try:
            return await self._store.leases(names, self._holder, self._knobs.lease)
        except Exception:
            log.exception("no leases", names=len(names))
            return frozenset()

    async def _release(self, name: str) -> None:
        """What cannot be given back runs out by itself."""
        try:
            await self._store.release(name, self._holder)
        except Exception:
            log.exception("lease not given back", name=name)

    async def _rest(self) -> None:
        """Until one is wanted, or is to be renewed or asked for again."""
        moments = [self._again.get(name, 0.0) for name in self._wanted]
        if self._held:
            moments.append(self._renew_at)
        pause = max(0.0, min(moments) - _clock()) if moments else None
        try:
            async with asyncio.timeout(pause):
                await self._bell.wait()
        except TimeoutError:
            return


def _clock() -> float:
    return asyncio.get_running_loop().time()
