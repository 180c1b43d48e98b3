"""The shapes in which people keep objects, read as a stream of documents.

A JSON array, an OCPI envelope, `{"items": [...]}`, one object, or one object per line. The file is
mapped, not loaded, so its size does not matter.
"""

import mmap
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from voltroam.cli.outcome import Exit, Stop

BOM = b"\xef\xbb\xbf"
Buffer = bytes | mmap.mmap


class _Peek(msgspec.Struct):
    data: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    items: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    status_code: Any = None


@dataclass(frozen=True, slots=True)
class Documents:
    """The documents of one file; `count` is None when it is not known before the end."""

    pieces: Iterator[bytes]
    count: int | None
    size: int


def read_documents(file: Path) -> Documents:
    """Documents of a file (`-`: stdin) in order. Raises Stop if it is not readable or no JSON."""
    try:
        buffer = _open(file)
    except OSError as error:
        raise Stop(f"{file} cannot be read: {error.strerror}.", Exit.USAGE) from None
    start = buffer[:1024].lstrip(BOM).lstrip()[:1]
    if not start:
        return Documents(iter(()), 0, len(buffer))
    if start == b"[":
        return _array(buffer, file)
    if start != b"{":
        raise Stop(f"{file} holds no JSON objects.", Exit.USAGE)
    try:
        peek = msgspec.json.decode(_clean(buffer), type=_Peek)
    except msgspec.DecodeError as error:
        return _lines(buffer, file, error)
    inner = peek.items
    if isinstance(inner, msgspec.UnsetType) and peek.status_code is not None:
        inner = peek.data
    if isinstance(inner, msgspec.UnsetType):
        return Documents(iter((bytes(_clean(buffer)),)), 1, len(buffer))
    if bytes(inner).lstrip()[:1] == b"[":
        return _array(inner, file)
    return Documents(iter((bytes(inner),)), 1, len(buffer))


def _open(file: Path) -> Buffer:
    if str(file) == "-":
        return sys.stdin.buffer.read()
    with file.open("rb") as opened:
        try:
            return mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ)
        except ValueError:  # an empty file, or a pipe
            return opened.read()


def _clean(buffer: Buffer | msgspec.Raw) -> Any:
    view = memoryview(buffer)
    return view[3:] if bytes(view[:3]) == BOM else view


def _array(buffer: Buffer | msgspec.Raw, file: Path) -> Documents:
    try:
        pieces = msgspec.json.decode(_clean(buffer), type=list[msgspec.Raw])
    except msgspec.DecodeError as error:
        raise Stop(f"{file} is not valid JSON: {error}.", Exit.USAGE) from None
    return Documents((bytes(piece) for piece in pieces), len(pieces), len(memoryview(buffer)))


def _lines(buffer: Buffer, file: Path, whole: msgspec.DecodeError) -> Documents:
    """One document per line, if the first line is one; a broken later line is refused by itself."""
    view = _clean(buffer)
    first = next(_split(view), b"")
    try:
        msgspec.json.decode(first)
    except msgspec.DecodeError:
        raise Stop(f"{file} is not valid JSON: {whole}.", Exit.USAGE) from None
    return Documents(_split(view), None, len(view))


def _split(view: Any) -> Iterator[bytes]:
    """The lines of a buffer that are not blank, read in pieces of 1 MB."""
    rest = b""
    for start in range(0, len(view), 1 << 20):
        *lines, rest = (rest + bytes(view[start : start + (1 << 20)])).split(b"\n")
        yield from (line for line in lines if line.strip())
    if rest.strip():
        yield rest
