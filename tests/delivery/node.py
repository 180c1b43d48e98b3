"""A node's delivery over a real SQLite store and partners in memory."""

import asyncio
import contextlib
import random
import shutil
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import msgspec
from msgspec import structs
from tests.delivery.fakes import OUR, TABLE, FakeCalls, Partner, identity

from voltroam.delivery.deliver import Delivery
from voltroam.delivery.knobs import Knobs
from voltroam.roaming.accept import accept, mark_private, remove
from voltroam.roaming.bridging import Bridging
from voltroam.roaming.directory import Directory
from voltroam.roaming.keys import object_key
from voltroam.roaming.platforms import Identity, Platform
from voltroam.roaming.vault import Vault
from voltroam.roaming.weigh import Accepted
from voltroam.standard.endpoints import Resource
from voltroam.standard.versions import V2_2_1
from voltroam.store.interface import ObjectKey, Store
from voltroam.store.migrations import migrate
from voltroam.store.open import open_store

QUICK = Knobs(
    save_every=0.02,
    poll=0.05,
    watch=0.02,
    lease=0.4,
    renew=0.1,
    backoff_first=0.02,
    backoff_limit=0.2,
    park_retry=600.0,
    stopped_retry=0.3,
    cdr_retry=0.02,
    cdr_limit=0.1,
    job_restart=0.02,
    stale_after=0.2,
    marks_known=0.02,
    marks_settle=0.03,
)


class Mortal:
    """A store as one process sees it: when the process is dead it writes nothing more."""

    def __init__(self, store: Store, epoch: str | None = None) -> None:
        self._store = store
        self.dead = False
        self.epoch = epoch or store.epoch
        self.scan: Any = store.scan
        """May be set: to read slowly."""

    def __getattr__(self, name: str) -> Any:
        if self.dead and name in ("apply", "release", "lease", "leases"):
            raise RuntimeError("the process is dead")
        return getattr(self._store, name)


class Node:
    """What a test needs of a running delivery."""

    def __init__(self, store: Store, ident: Identity, knobs: Knobs, calls: FakeCalls) -> None:
        self.store, self.identity, self.knobs, self.calls = store, ident, knobs, calls
        self.shift = 0
        self.directory = Directory(store, Vault([b"0" * 32]), now=self.now)
        self.mortal = Mortal(store)
        self.delivery = self.make()
        self._task: asyncio.Task[None] | None = None

    def make(self, epoch: str | None = None, *, sync: bool = False) -> Delivery:
        self.mortal = Mortal(self.store, epoch)
        return Delivery(
            cast("Store", self.mortal),
            self.directory,
            self.calls,
            self.identity,
            TABLE,
            now=self.now,
            knobs=self.knobs,
            chance=random.Random(1),
            sync=sync,
            bridging=Bridging(self.store, self.identity, now=self.now),
        )

    def now(self) -> int:
        return time.time_ns() // 1000 + self.shift

    def start(self) -> None:
        self._task = asyncio.create_task(self.delivery.run())

    async def stop(self) -> None:
        await self.delivery.stop()
        if self._task is not None:
            await self._task
            self._task = None

    async def restart(self) -> None:
        await self.stop()
        await self.rise()

    async def kill(self) -> None:
        """The process dies: nothing more is noted, no lease is given back."""
        self.mortal.dead = True
        await self.stop()

    async def rise(self, epoch: str | None = None) -> None:
        """Another process takes over; `epoch`: after a restore."""
        self.delivery = self.make(epoch)
        self.start()

    async def join(self, platform: Platform, **changes: Any) -> Partner:
        platform = structs.replace(platform, **changes)
        await self.directory.save(platform)
        return self.calls.partners.setdefault(platform.id, Partner(platform.id))

    async def put(
        self, resource: Resource, document: bytes, *, source: Platform | None = None, **more: Any
    ) -> Accepted:
        return await self.store.apply(
            accept(
                resource,
                document,
                version=V2_2_1,
                source=source,
                identity=self.identity,
                strict=False,
                **more,
            )
        )

    async def delete(self, resource: Resource, **ids: str) -> None:
        await self.store.apply(
            remove(resource, OUR, ids, version=V2_2_1, source=None, identity=self.identity)
        )

    async def hide(self, resource: Resource, private: bool = True, **ids: str) -> None:
        key = object_key(resource, OUR, ids)
        await self.store.apply(mark_private(resource, key, OUR, self.identity, private=private))

    def key(self, resource: Resource, **ids: str) -> ObjectKey:
        return object_key(resource, OUR, ids)

    async def rest(self, seconds: float = 60.0) -> None:
        """Until every lane has delivered everything it can."""
        async with asyncio.timeout(seconds):
            calm = 0
            while calm < 2:
                await asyncio.sleep(0.01)
                calm = calm + 1 if await self.delivery.at_rest() else 0


@contextlib.asynccontextmanager
async def node(
    folder: Path, *, ident: Identity | None = None, knobs: Knobs = QUICK, **more: Any
) -> AsyncIterator[Node]:
    store = await fresh_store(folder)
    made = Node(store, ident or identity(), replace(knobs, **more), FakeCalls())
    try:
        yield made
    finally:
        await made.stop()
        await store.close()


async def fresh_store(folder: Path) -> Store:
    """A copy of a migrated database: migrating once is enough."""
    template = folder.parent / "template.db"
    if not template.exists():
        await migrate(f"sqlite:///{template}")
    path = folder / f"{time.time_ns()}.db"
    shutil.copy(template, path)
    return await open_store(f"sqlite:///{path}")


async def until(check: Any, seconds: float = 60.0) -> None:
    async with asyncio.timeout(seconds):
        while not check():
            await asyncio.sleep(0.005)


def decoded(document: bytes) -> Any:
    return msgspec.json.decode(document)
