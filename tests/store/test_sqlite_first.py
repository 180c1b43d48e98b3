"""The first look: what is applied can be read."""

from pathlib import Path

from voltroam.store.interface import Change, Decision, Held, ObjectDraft, ObjectKey, PageQuery
from voltroam.store.migrations import migrate
from voltroam.store.open import open_store


async def test_what_is_applied_can_be_read(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/node.db"
    await migrate(url)
    store = await open_store(url)
    key = ObjectKey("location", "NL/AAA", "LOC1")

    def decide(held: Held) -> Decision[bool]:
        return Decision(not held.objects, [ObjectDraft(key, "2.2.1", b"{}", 5, "NL/AAA")])

    assert await store.apply(Change(decide, [key]))
    assert not await store.apply(Change(decide, [key]))
    row = await store.get(key)
    assert row is not None
    assert (row.document, row.created, row.changed, row.revision) == (b"{}", 1, 1, 1)
    page = await store.page(PageQuery("location", ("NL/AAA",), 10))
    assert (page.documents, page.total, page.next) == ([b"{}"], 1, None)
    await store.close()
