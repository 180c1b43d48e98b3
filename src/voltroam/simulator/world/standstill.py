"""Time can be held: as long as a record says so, nothing happens in the world of a node."""

from voltroam.store.interface import Change, Decision, Held, RecordDraft, RecordKey, Store

STANDSTILL = RecordKey("world", "standstill")


async def stand_still(store: Store, *, still: bool = True) -> None:
    """Hold the world of the node on this database, or let it go on; from any process."""
    document = b"{}" if still else None

    def decide(_held: Held) -> Decision[None]:
        return Decision(None, records=(RecordDraft(STANDSTILL, document),))

    await store.apply(Change(decide, records=(STANDSTILL,)))


async def stands_still(store: Store) -> bool:
    return await store.record(STANDSTILL) is not None
