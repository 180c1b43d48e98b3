"""Short words for the changes that the tests write."""

from typing import Any

from voltroam.store.interface import (
    Change,
    Decision,
    EventDraft,
    Held,
    ObjectDraft,
    ObjectKey,
    RecordDraft,
    RecordKey,
)

ALL = "NL/AAA"


def key(name: str, kind: str = "location", owner: str = "NL/AAA") -> ObjectKey:
    return ObjectKey(kind, owner, name)


def draft(name: str, document: bytes = b"{}", **more: Any) -> ObjectDraft:
    values: dict[str, Any] = {"version": "2.2.1", "last_updated": 1, "audience": ALL, **more}
    if not isinstance(values.get("key"), ObjectKey):
        values["key"] = key(name)
    return ObjectDraft(document=document, **values)


def put(*drafts: ObjectDraft) -> Change[None]:
    return Change(lambda _: Decision(None, objects=drafts), objects=[d.key for d in drafts])


def delete(name: str) -> Change[None]:
    """A tombstone that keeps the last state."""

    def decide(held: Held) -> Decision[None]:
        row = held.objects[key(name)]
        gone = ObjectDraft(
            row.key, row.version, row.document, row.last_updated, row.audience, deleted=True
        )
        return Decision(None, [gone])

    return Change(decide, [key(name)])


def count_up(name: str) -> Change[int]:
    """Adds one to the number that the document holds; the result is the new number."""

    def decide(held: Held) -> Decision[int]:
        row = held.objects.get(key(name))
        number = (int(row.document) if row else 0) + 1
        return Decision(number, [draft(name, str(number).encode())])

    return Change(decide, [key(name)])


def refuse(name: str, error: Exception) -> Change[None]:
    def decide(_: Held) -> Decision[None]:
        raise error

    return Change(decide, [key(name)])


def note(identifier: str, document: bytes | None, **more: Any) -> Change[None]:
    name = RecordKey("note", identifier)
    return Change(
        lambda _: Decision(None, records=[RecordDraft(name, document, **more)]), records=[name]
    )


def happen(*names: str) -> Change[None]:
    return Change(lambda _: Decision(None, events=[EventDraft("seen", n, b"{}") for n in names]))
