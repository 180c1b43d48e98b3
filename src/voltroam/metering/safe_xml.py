"""The XML container of S.A.F.E. (`<values>`), read and written.

What is written here opens in the official Transparenzsoftware. voltroam itself is no certified
verification software.
"""

import re
from collections.abc import Iterable
from xml.sax.saxutils import escape, quoteattr

from voltroam.metering.keys import load_key
from voltroam.metering.piece import Piece
from voltroam.metering.problem import MeteringProblem
from voltroam.metering.record import Format, Phase, Record
from voltroam.metering.tree import Element

ROOT = "values"
MOST_VALUES = 200
NAMES = {
    Format.OCMF: "OCMF",
    Format.ALFEN: "ALFEN",
    Format.EDL40: "EDL_40_P",
    Format.EDL40_SIG: "EDL_40_SIG",
    Format.MENNEKES: "EDL_40_MENNEKES",
    Format.ISA_EDL40: "ISA_EDL_40_P",
    Format.PCDF: "PCDF",
}
CONTEXTS = {Phase.BEGIN: "Transaction.Begin", Phase.END: "Transaction.End"}
_UNWRITABLE = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Entry:
    """One `<value>`: its signed text, its key, and what the container says about it."""

    def __init__(self, element: Element, root: Element, place: str) -> None:
        self.place = place
        self.context = _attribute("context", element, root)
        self.transaction = _attribute("transactionId", element, root)
        signed = element.first("signedData")
        if signed is None and element.first("encodedData") is not None:
            raise MeteringProblem(place, "<encodedData> with its RSA key is not supported")
        if signed is None or not signed.text.strip():
            raise MeteringProblem(place, "<signedData> is missing or empty")
        self.text = signed.text
        self.stated = signed.attributes.get("format", "")
        self.key = element.words("publicKey")


def _attribute(name: str, *elements: Element) -> str:
    return next((e.attributes[name] for e in elements if name in e.attributes), "")


def elements(root: Element) -> list[Element]:
    """The `<value>` elements; MeteringProblem when there are none or too many."""
    found = root.all("value")
    if not found:
        raise MeteringProblem("$", "<values> without a <value>")
    if len(found) > MOST_VALUES:
        raise MeteringProblem("$", f"more than {MOST_VALUES} values")
    return found


def write(pieces: Iterable[Piece]) -> str:
    """The container for these pieces, each with its key, ready for the official program.

    Raises MeteringProblem when a text holds characters that XML cannot carry.
    """
    numbers: dict[str, int] = {}
    rows = []
    seen: set[str] = set()
    for piece in pieces:
        if piece.record is None or piece.text in seen:
            continue
        seen.add(piece.text)
        number = numbers.setdefault(piece.transaction or piece.record.session, len(numbers) + 1)
        rows.append(_row(piece, number))
    body = "\n".join(rows)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<values>\n{body}\n</values>\n'


def _row(piece: Piece, number: int) -> str:
    record = piece.record
    if record is None:
        raise MeteringProblem(piece.place, "nothing that could be written")
    phases = {reading.phase for reading in record.readings}
    context = "" if record.complete else next((CONTEXTS[p] for p in phases if p in CONTEXTS), "")
    marks = f"transactionId={quoteattr(str(number))}"
    if context:
        marks += f" context={quoteattr(context)}"
    key = piece.key or record.key
    lines = [
        f"  <value {marks}>",
        f'    <signedData format="{NAMES[record.format]}" encoding="plain">'
        f"{_text(piece.text, piece.place)}</signedData>",
    ]
    if key is not None:
        lines.append(f'    <publicKey encoding="plain">{_as_read(record, key)}</publicKey>')
    return "\n".join([*lines, "  </value>"])


def _as_read(record: Record, key: bytes) -> str:
    """The key in hex, in the form that the official program reads for this format."""
    try:
        loaded = load_key(key, record.curve)
    except MeteringProblem:
        return key.hex()
    match record.format:
        case Format.OCMF:
            return loaded.der.hex()
        case Format.PCDF:
            return loaded.prefixed.hex()
        case Format.ALFEN:
            return loaded.compressed.hex()
    return loaded.point.hex()


def _text(text: str, place: str) -> str:
    found = _UNWRITABLE.search(text)
    if found is not None:
        reason = f"character {found.start()} cannot stand in XML"
        raise MeteringProblem(place, reason)
    return escape(text, {"\r": "&#13;"})
