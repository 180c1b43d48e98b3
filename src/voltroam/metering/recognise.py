"""What is it? Told by content alone: plain, hex, base32, base64, XML, or a CDR's `signed_data`."""

from collections.abc import Callable
from dataclasses import replace

from voltroam.metering import alfen, edl40, edl40_sig, mennekes, ocmf, pcdf, safe_xml, sml
from voltroam.metering.piece import Piece
from voltroam.metering.problem import MeteringProblem
from voltroam.metering.public_key import read_key
from voltroam.metering.record import Record
from voltroam.metering.texts import from_base32, from_base64, from_hex
from voltroam.metering.tree import Element, read_tree, write_tree

LONGEST = 4_000_000
DEEPEST = 3
HEAD = 256
INSIDE = ".value["
_LOOSE = str.maketrans("", "", " \t\r\n:")
MARK = "\ufeff"
DECODERS = (("hex", from_hex), ("base32", from_base32), ("base64", from_base64))


def recognise(data: str | bytes, place: str = "$") -> tuple[Piece, ...]:
    """Every signed value in a file or a text.

    Raises MeteringProblem when the whole is nothing that is known; a single value of a container
    that cannot be read is a Piece with its problem.
    """
    if len(data) > LONGEST:
        raise MeteringProblem(place, f"longer than {LONGEST}")
    if isinstance(data, bytes):
        return _from_bytes(data, place, 0)
    return _from_text(data, place, 0)


def _from_bytes(data: bytes, place: str, depth: int) -> tuple[Piece, ...]:
    if sml.looks_like(data):
        return (_piece(place, data.hex(), edl40.read(data)),)
    if data.lstrip().startswith(b"<"):
        return _from_tree(read_tree(data), data, place, depth)
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise MeteringProblem(place, "UTF-16 is not supported")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise MeteringProblem(f"{place}[{error.start}]", "neither text nor SML") from None
    return _from_text(text, place, depth)


def _from_text(text: str, place: str, depth: int) -> tuple[Piece, ...]:
    bare = text.removeprefix(MARK)
    reader = _reader(bare)
    if reader is not None:
        return (_piece(place, bare.strip(), reader(bare)),)
    if bare.lstrip().startswith("<"):
        return _from_tree(read_tree(_utf8(bare.lstrip(), place)), bare, place, depth)
    return _decoded(bare, place, depth)


def _utf8(text: str, place: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise MeteringProblem(place, f"character {error.start} is not Unicode") from None
    return text


def _reader(text: str) -> Callable[[str], Record] | None:
    if ocmf.looks_like(text):
        return ocmf.read
    if alfen.looks_like(text):
        return alfen.read
    return pcdf.read if pcdf.looks_like(text.lstrip(" \t\r\n")) else None


def _decoded(text: str, place: str, depth: int) -> tuple[Piece, ...]:
    """Try each encoding whose first characters give something known; the first that reads is it."""
    first: MeteringProblem | None = None
    head = _head(text)
    for name, decode in DECODERS if depth < DEEPEST else ():
        start = decode(head)
        data = decode(text) if start and _known(start, depth + 1) else None
        if not data:
            continue
        try:
            pieces = _from_bytes(data, place, depth + 1)
        except MeteringProblem as problem:
            first = first or problem
            continue
        return tuple(replace(piece, encoded=(name, *piece.encoded)) for piece in pieces)
    raise first or MeteringProblem(place, "no format of signed meter values is recognised")


def _head(text: str) -> str:
    """The first characters, as many as every encoding can cut at."""
    bare = text[: 4 * HEAD].translate(_LOOSE)
    return bare[:HEAD] if len(bare) >= HEAD else bare


def _known(data: bytes, depth: int) -> bool:
    """Whether decoded bytes begin like something that is worth reading."""
    if sml.looks_like(data) or data.lstrip().startswith(b"<"):
        return True
    text = data.decode("utf-8", "replace").removeprefix(MARK)
    if _reader(text) is not None or text.lstrip().startswith("<"):
        return True
    head = _head(text)
    starts = (decode(head) for _, decode in DECODERS) if depth < DEEPEST else ()
    return any(start and _known(start, depth + 1) for start in starts)


def _piece(place: str, text: str, record: Record) -> Piece:
    return Piece(place, text, record, deviations=record.deviations)


def _from_tree(root: Element, source: str | bytes, place: str, depth: int) -> tuple[Piece, ...]:
    if root.name == safe_xml.ROOT:
        return _from_container(root, place, depth)
    if root.name == edl40_sig.ROOT:
        text = source if isinstance(source, str) else source.decode("utf-8", "replace")
        return (_piece(place, text.strip(), edl40_sig.read(root)),)
    found = mennekes.processes(root) if root.name in {mennekes.BILLING, mennekes.PROCESS} else []
    if not found:
        raise MeteringProblem(place, f"<{root.name[:40]}> holds no signed meter values")
    if len(found) > safe_xml.MOST_VALUES:
        raise MeteringProblem(place, f"more than {safe_xml.MOST_VALUES} charging processes")
    return tuple(
        _piece(f"{place}.ChargingProcess[{index}]", text, record).in_context("", str(index))
        for index, process in enumerate(found)
        for text in [write_tree(process)]
        for record in mennekes.read(process)
    )


def _from_container(root: Element, place: str, depth: int) -> tuple[Piece, ...]:
    if INSIDE in place:
        raise MeteringProblem(place, "a container within a container")
    pieces: list[Piece] = []
    for index, element in enumerate(safe_xml.elements(root)):
        pieces += _from_value(element, root, f"{place}{INSIDE}{index}]", depth)
        if len(pieces) > safe_xml.MOST_VALUES:
            raise MeteringProblem(place, f"more than {safe_xml.MOST_VALUES} values")
    return tuple(pieces)


def _from_value(element: Element, root: Element, place: str, depth: int) -> tuple[Piece, ...]:
    try:
        entry = safe_xml.Entry(element, root, place)
    except MeteringProblem as problem:
        return (Piece(place, "", problem=problem),)
    if depth >= DEEPEST:
        return (Piece(place, entry.text, problem=MeteringProblem(place, "nested too deep")),)
    pieces = read_or_problem(entry.text, place, depth + 1)
    key, problem_of_key = _or_key(entry.key, place)
    return tuple(
        replace(piece, key=key, key_problem=problem_of_key).in_context(
            entry.context, piece.transaction or entry.transaction
        )
        for piece in pieces
    )


def read_or_problem(text: str, place: str, depth: int = 0) -> tuple[Piece, ...]:
    """The pieces of a text, or one Piece that tells why there are none."""
    try:
        return _from_text(text, place, depth)
    except MeteringProblem as problem:
        inner = problem if problem.path.startswith(place) else problem.under(place)
        return (Piece(place, text, problem=inner),)


def _or_key(text: str, place: str) -> tuple[bytes | None, MeteringProblem | None]:
    if not text:
        return None, None
    try:
        return read_key(text)[0], None
    except MeteringProblem as problem:
        return None, problem.under(place)
