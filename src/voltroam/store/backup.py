"""Backups: one portable file for both back ends, so that one can be restored into the other.

The file is gzip of frames; a frame is 4 bytes of length (big endian) and one msgpack value:

1. the header, see `Header`;
2. any number of `[table, [row, …]]`, a row in the order of the header's columns;
3. `["end", {table: rows}]`, without which the file is incomplete.

Leases stay out (their holders are gone) and so do totals (counted anew). Documents are bytes as
received. Feed and event numbers are kept; the epoch is new, so that no cursor of the life before
is taken for one of ours.
"""

import gzip
import os
import time
import zlib
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, Protocol

import msgspec

from voltroam.standard.errors import NodeError
from voltroam.store.address import SqliteAddress, read_address
from voltroam.store.rows import EVENT_COLUMNS, OBJECT_COLUMNS, RECORD_COLUMNS
from voltroam.store.schema import NEWEST

FORMAT = "voltroam-backup"
PIECE = 200
"""Rows in one frame."""

_TABLES = {
    "objects": OBJECT_COLUMNS,
    "records": RECORD_COLUMNS,
    "events": EVENT_COLUMNS,
    "counters": "one, feed, event",
    "meta": "name, value",
}
TABLES = {table: [name.strip() for name in text.split(",")] for table, text in _TABLES.items()}
DROPPED = (*TABLES, "counts", "leases", "alembic_version")
RECOUNT = (
    "insert into counts (kind, audience, n) select kind, audience, count(*) from objects"
    " where deleted = 0 group by kind, audience"
)
_DAMAGE = (OSError, EOFError, ValueError, TypeError, zlib.error, msgspec.MsgspecError)


class Header(msgspec.Struct, frozen=True, kw_only=True):
    format: str
    version: int
    schema: str
    epoch: str
    taken_at: int
    """Microseconds since 1970 UTC."""
    tables: dict[str, list[str]]


class Source(Protocol):
    """A database that stands still while it is read."""

    async def header(self) -> tuple[str | None, str]:
        """Schema (None: no store there) and epoch."""
        ...

    def rows(self, table: str, columns: Sequence[str]) -> AsyncIterator[list[Sequence[Any]]]: ...


class Target(Protocol):
    """A database that is emptied and filled in one transaction."""

    async def begin(self, schema: str) -> None:
        """Drop what is there and create the tables of `schema`, empty."""
        ...

    async def insert(
        self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]
    ) -> None: ...

    async def finish(self, schema: str) -> None:
        """Count totals, take the steps from `schema` to the newest."""
        ...


async def backup(url: str, file: Path) -> int:
    """Write all that the database holds to `file`; returns the count of objects.

    Nodes may go on working. The file appears only when it is whole, readable by its owner alone.
    """
    part = file.with_name(f"{file.name}.part")
    part.unlink(missing_ok=True)
    try:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as raw:
            async with _source(url) as source:
                with gzip.GzipFile(fileobj=raw, mode="wb", compresslevel=3) as stream:
                    counts = await _write(source, stream)
            raw.flush()
            os.fsync(raw.fileno())
        part.replace(file)
    except OSError as error:
        raise NodeError(f"the backup cannot be written: {error.strerror or error}") from error
    finally:
        part.unlink(missing_ok=True)
    return counts["objects"]


async def restore(url: str, file: Path) -> str:
    """Replace all that the database holds by the backup; returns the epoch that it ended.

    All or nothing: a file that is damaged, incomplete or of a newer release changes nothing.
    Stop the nodes first: they would go on with the epoch that they read at their start.
    """
    try:
        with gzip.open(file) as stream:
            frames = _frames(stream)
            header = _header(next(frames, b""))
            async with _target(url) as target:
                await target.begin(header.schema)
                await _fill(target, header, frames)
                await target.finish(header.schema)
    except _DAMAGE as error:
        raise NodeError(f"the backup cannot be read: {type(error).__name__}") from error
    return header.epoch


async def _write(source: Source, stream: gzip.GzipFile) -> Mapping[str, int]:
    schema, epoch = await source.header()
    if schema != NEWEST:
        raise NodeError(
            f"the database has schema {schema}, not {NEWEST}: run `voltroam db migrate`"
        )
    header = Header(
        format=FORMAT,
        version=1,
        schema=schema,
        epoch=epoch,
        taken_at=time.time_ns() // 1000,
        tables=TABLES,
    )
    _put(stream, header)
    counts = dict.fromkeys(TABLES, 0)
    for table, columns in TABLES.items():
        async for rows in source.rows(table, columns):
            counts[table] += len(rows)
            _put(stream, [table, [tuple(row) for row in rows]])
    _put(stream, ["end", counts])
    return counts


async def _fill(target: Target, header: Header, frames: Iterator[bytes]) -> None:
    counts = dict.fromkeys(header.tables, 0)
    for frame in frames:
        table, content = msgspec.msgpack.decode(frame, type=tuple[str, Any])
        if table == "end":
            if content != counts:
                raise NodeError("the backup is damaged: rows are missing")
            if next(frames, None) is not None:  # reading to the end also checks the sum of it all
                raise NodeError("the backup is damaged: something follows its end")
            return
        if table not in header.tables:
            raise NodeError("the backup is damaged: an unknown table")
        counts[table] += len(content)
        await target.insert(table, header.tables[table], content)
    raise NodeError("the backup is incomplete")


def _header(frame: bytes) -> Header:
    header = msgspec.msgpack.decode(frame, type=Header)
    if header.format != FORMAT or header.version != 1:
        raise NodeError("this is no backup of ours")
    if header.schema > NEWEST:
        raise NodeError(f"the backup has schema {header.schema}, newer than {NEWEST}")
    if any(
        not name.isidentifier()
        for table, columns in header.tables.items()
        for name in (table, *columns)
    ):
        raise NodeError("the backup is damaged: a name of a column")
    return header


def _put(stream: gzip.GzipFile, value: object) -> None:
    frame = msgspec.msgpack.encode(value)
    stream.write(len(frame).to_bytes(4, "big"))
    stream.write(frame)


def _frames(stream: gzip.GzipFile) -> Iterator[bytes]:
    while length := stream.read(4):
        size = int.from_bytes(length, "big")
        frame = stream.read(size)
        if len(frame) != size:
            raise EOFError
        yield frame


def _source(url: str) -> AbstractAsyncContextManager[Source]:
    address = read_address(url)
    if isinstance(address, SqliteAddress):
        from voltroam.store.sqlite_admin import reading

        return reading(address)
    from voltroam.store.postgres_admin import reading as reading_postgres

    return reading_postgres(address)


def _target(url: str) -> AbstractAsyncContextManager[Target]:
    address = read_address(url)
    if isinstance(address, SqliteAddress):
        from voltroam.store.sqlite_admin import replacing

        return replacing(address)
    from voltroam.store.postgres_admin import replacing as replacing_postgres

    return replacing_postgres(address)
