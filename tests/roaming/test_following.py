"""Who follows the feed goes on where it was, and reads a long history in pieces."""

import json
import shutil
from pathlib import Path

import pytest
from tests.roaming import objects
from tests.roaming.company import role

from voltroam.roaming import following
from voltroam.roaming.accept import accept
from voltroam.roaming.following import Following
from voltroam.roaming.platforms import Identity
from voltroam.standard.endpoints import LOCATION, TARIFF, TOKEN
from voltroam.standard.v2_2_1 import Role
from voltroam.standard.versions import V2_2_1
from voltroam.store.interface import (
    Change,
    Decision,
    ObjectRow,
    RecordDraft,
    RecordKey,
    Store,
)
from voltroam.store.open import open_store

OURSELVES = Identity(
    name="x", url="https://x.example",
    roles=(role("NL/AAA", Role.CPO), role("DE/MSP", Role.EMSP)),
)  # fmt: skip


async def add(store: Store, number: int) -> None:
    for resource, body in (
        (TARIFF, objects.tariff(id=f"T{number}")),
        (TOKEN, objects.token(uid=f"U{number}")),
    ):
        change = accept(
            resource, json.dumps(body).encode(), version=V2_2_1, source=None, identity=OURSELVES,
            strict=False,
        )  # fmt: skip
        await store.apply(change)


async def test_a_follower_takes_each_change_once_and_so_much_at_a_time(
    empty_database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "PAGE", 2)
    monkeypatch.setattr(following, "PAGES", 2)
    shutil.copy(empty_database, tmp_path / "node.db")
    store = await open_store(f"sqlite:///{tmp_path}/node.db")
    for number in range(4):
        await add(store, number)
    taken: list[str] = []

    async def take(row: ObjectRow) -> None:
        taken.append(row.key.id)

    async def looked() -> list[str]:
        """By one that has just begun: the place is in the database."""
        before = len(taken)
        await Following(store, "test", (TARIFF.kind,), take, about=(TOKEN.kind,)).look()
        return taken[before:]

    assert await looked() == ["T0", "T1"], "four rows of eight"
    assert await looked() == ["T2", "T3"]
    assert await looked() == []
    await add(store, 9)
    assert await looked() == ["T9"]
    await store.close()


async def test_nothing_of_before_is_read_where_nothing_can_be_about_it(
    empty_database: Path, tmp_path: Path
) -> None:
    shutil.copy(empty_database, tmp_path / "node.db")
    store = await open_store(f"sqlite:///{tmp_path}/node.db")
    taken: list[str] = []

    async def take(row: ObjectRow) -> None:
        taken.append(row.key.id)

    async def looked(name: str, **about: tuple[str, ...]) -> list[str]:
        taken.clear()
        found = {"about": (), **about}
        await Following(store, name, (TARIFF.kind,), take, **found).look()
        return list(taken)

    await add(store, 1)
    assert await looked("young", about=(LOCATION.kind,), noted=("payment",)) == []
    assert await looked("old", about=(LOCATION.kind, TOKEN.kind)) == ["T1"], "one is there"
    draft = RecordDraft(RecordKey("payment", "P1"), b"{}")
    await store.apply(Change(lambda _held: Decision(None, records=(draft,))))
    assert await looked("paid", noted=("payment",)) == ["T1"]
    await add(store, 2)
    # it has its place by now, whatever came since
    assert await looked("young", about=(TOKEN.kind,)) == ["T2"]
    assert await looked("old", about=(LOCATION.kind,)) == ["T2"]
    await store.close()
