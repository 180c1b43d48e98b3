"""Rows as the databases hold them, to and from the store's own types."""

from collections.abc import Sequence
from typing import Any, Protocol, TypeAlias

import msgspec

from voltroam.store.interface import Event, Former, ObjectKey, ObjectRow, Record, RecordKey

Values: TypeAlias = tuple[Any, ...]


class Row(Protocol):
    """A row of either driver: values by place."""

    def __getitem__(self, place: int, /) -> Any: ...


OBJECT_COLUMNS = (
    "kind, owner, id, version, last_updated, audience, sources, former, deleted,"
    " stored_at, created, changed, revision, notes, sidecar, document"
)
"""The document stands last so that reading the others never touches its overflow pages."""

RECORD_COLUMNS = "kind, id, parent, due, revision, document"
EVENT_COLUMNS = "sequence, at, type, key, document"

_SEPARATOR = "\x1f"
_NOBODY: frozenset[str] = frozenset()
_encode = msgspec.json.Encoder().encode
_decode_former = msgspec.json.Decoder(tuple[Former, ...]).decode


def write_sources(sources: frozenset[str]) -> str:
    return _SEPARATOR.join(sorted(sources)) if sources else ""


def read_sources(text: str) -> frozenset[str]:
    return frozenset(text.split(_SEPARATOR)) if text else _NOBODY


def write_former(former: Sequence[Former]) -> str:
    return _encode(former).decode() if former else ""


def read_former(text: str) -> tuple[Former, ...]:
    return _decode_former(text) if text else ()


def read_object(values: Row) -> ObjectRow:
    """From the columns of OBJECT_COLUMNS, in order."""
    return ObjectRow(
        ObjectKey(values[0], values[1], values[2]),
        values[3],
        values[15],
        values[4],
        values[5],
        read_sources(values[6]),
        values[13],
        values[14],
        read_former(values[7]),
        bool(values[8]),
        values[9],
        values[10],
        values[11],
        values[12],
    )


def read_record(values: Row) -> Record:
    return Record(RecordKey(values[0], values[1]), values[5], values[2], values[3], values[4])


def write_record(record: Record) -> Values:
    """In the order of RECORD_COLUMNS."""
    return (*record.key, record.parent, record.due, record.revision, record.document)


def read_event(values: Row) -> Event:
    return Event(values[0], values[1], values[2], values[3], values[4])
