"""`CDR.signed_data` in the forms seen in the field (OCPI 2.2.1 §mod_cdrs, SignedData)."""

import base64
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Protocol

import msgspec

from voltroam.metering import ocmf
from voltroam.metering.piece import Piece
from voltroam.metering.problem import MeteringProblem
from voltroam.metering.public_key import read_key
from voltroam.metering.recognise import LONGEST, read_or_problem
from voltroam.metering.safe_xml import MOST_VALUES
from voltroam.metering.texts import from_base64, from_hex


class SignedValueLike(Protocol):
    """What is read of an OCPI SignedValue."""

    @property
    def nature(self) -> str: ...
    @property
    def plain_data(self) -> str: ...
    @property
    def signed_data(self) -> str: ...


class SignedDataLike(Protocol):
    """What is read of an OCPI SignedData, whatever the version."""

    @property
    def public_key(self) -> str | None: ...
    @property
    def signed_values(self) -> Sequence[SignedValueLike]: ...


class SignedText(msgspec.Struct, frozen=True):
    """A SignedValue of a stranger, with whatever is missing left empty."""

    nature: str = ""
    plain_data: str = ""
    signed_data: str = ""


class SignedTexts(msgspec.Struct, frozen=True):
    """A SignedData of a stranger."""

    signed_values: list[SignedText]
    public_key: str | None = None


def looks_like(text: str) -> bool:
    """Whether the text is JSON that may be a CDR or a SignedData."""
    return text.lstrip("\ufeff \t\r\n").startswith("{")


def read_json(text: str) -> SignedTexts:
    """The SignedData in the JSON of a CDR, of an OCPI answer, or of a SignedData itself.

    Raises MeteringProblem when there is none.
    """
    if len(text) > LONGEST:
        raise MeteringProblem("$", f"longer than {LONGEST}")
    try:
        found: Any = msgspec.json.decode(text.removeprefix("\ufeff").encode())
        for member in ("data", "signed_data"):
            if isinstance(found, dict) and isinstance(found.get(member), dict):
                found = found[member]
        return msgspec.convert(found, SignedTexts)
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError) as error:
        raise MeteringProblem("$", f"no CDR with signed_data: {str(error)[:200]}") from None


def from_signed_data(signed: SignedDataLike) -> tuple[Piece, ...]:
    """The signed values of a CDR, in the forms seen in the field; every oddity is a deviation.

    OCPI wants `signed_data` and `public_key` in base64; met are the record itself, hex, a value
    that holds begin and end, the record in `plain_data`, and payload and signature apart.
    """
    if len(signed.signed_values) > MOST_VALUES:
        raise MeteringProblem("$.signed_values", f"more than {MOST_VALUES} values")
    key, problem, oddity = _key_of(signed.public_key)
    seen: dict[tuple[bytes, object], str] = {}
    pieces: list[Piece] = []
    for index, value in enumerate(signed.signed_values):
        place = f"$.signed_values[{index}]"
        for piece in _of_value(value, place):
            if piece.record is not None:
                mark = piece.record.payload, piece.record.numbers
                if seen.setdefault(mark, place) != place:
                    pieces[-1] = pieces[-1].with_deviations(f"{place} is the same record again")
                    continue
            pieces.append(
                replace(piece, key=key, key_problem=problem)
                .with_deviations(*oddity)
                .in_context(value.nature, piece.transaction)
            )
            if len(pieces) > MOST_VALUES:
                raise MeteringProblem(place, f"more than {MOST_VALUES} values")
    if not pieces:
        raise MeteringProblem("$.signed_values", "no signed value")
    return tuple(pieces)


def _key_of(
    text: str | None,
) -> tuple[bytes | None, MeteringProblem | None, tuple[str, ...]]:
    if not text or not text.strip():
        return None, None, ()
    try:
        key, written = read_key(text)
    except MeteringProblem as problem:
        return None, problem, ()
    oddity = () if written == "base64" else (f"public_key is {written}, not base64",)
    return key, None, oddity


def _of_value(value: SignedValueLike, place: str) -> tuple[Piece, ...]:
    signed, plain = value.signed_data.strip(), value.plain_data.strip()
    if plain.startswith("{") and not ocmf.looks_like(signed):
        joined = _joined(plain, signed)
        if joined is not None:
            odd = "payload in plain_data and signature in signed_data, not one OCMF record"
            return tuple(p.with_deviations(odd) for p in read_or_problem(joined, place))
    pieces = read_or_problem(signed, f"{place}.signed_data")
    if pieces[0].record is None and plain:
        other = read_or_problem(plain, f"{place}.plain_data")
        if other[0].record is not None:
            odd = "the record is in plain_data, signed_data holds none"
            return tuple(p.with_deviations(odd) for p in other)
    return tuple(_spelled(piece) for piece in pieces)


def _joined(payload: str, signature: str) -> str | None:
    """An OCMF record put together again from its payload and whatever holds the signature."""
    if signature.startswith("{"):
        return f"OCMF|{payload}|{signature}"
    for decode in (from_hex, from_base64):
        data = decode(signature)
        if data is None:
            continue
        if data.startswith(b"0"):
            der = base64.b64encode(data).decode("ascii")
            return f'OCMF|{payload}|{{"SE":"base64","SD":"{der}"}}'
        if data.startswith(b"{") and data.isascii():
            return f"OCMF|{payload}|{data.decode('ascii')}"
    return None


def _spelled(piece: Piece) -> Piece:
    """The encoding that was found, told as a deviation where it is not base64."""
    if piece.record is None or piece.encoded == ("base64",):
        return piece
    if not piece.encoded:
        return piece.with_deviations("signed_data is not base64")
    return piece.with_deviations(f"signed_data is {' in '.join(piece.encoded)}, not base64")
