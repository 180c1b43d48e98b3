"""Verify signed meter values: signature, rules, key trust."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from voltroam.metering.keys import load_key, signed
from voltroam.metering.piece import Piece
from voltroam.metering.problem import KEY, SIGNATURE, MeteringProblem
from voltroam.metering.public_key import KeyRegister, read_key
from voltroam.metering.recognise import recognise
from voltroam.metering.record import Phase, Record, Rule
from voltroam.metering.rules import context_rule, judge
from voltroam.metering.signed_data import (
    SignedDataLike,
    from_signed_data,
    looks_like,
    read_json,
)
from voltroam.metering.verdict import Outcome, Signature, Transaction, Trust, Value, Verdict

Register = Mapping[str, str | bytes] | KeyRegister
"""Public keys by meter id or charging point; a KeyRegister where there are many."""

WORST_FIRST = (
    (Signature.MALFORMED, Outcome.MALFORMED),
    (Signature.INVALID, Outcome.INVALID),
    (Signature.NO_KEY, Outcome.NO_KEY),
)


def verify(
    data: str | bytes,
    public_key: str | bytes | None = None,
    register: Register | None = None,
) -> Verdict:
    """The verdict on a file or text in any known format and encoding, or on a CDR in JSON.

    The register's key counts before `public_key`, and that before the sender's. Raises
    MeteringProblem, with the place, when nothing that is known can be read.
    """
    return verify_pieces(find(data), public_key, register)


def find(data: str | bytes) -> tuple[Piece, ...]:
    """The signed values in a file, a text, or the JSON of a CDR, not yet verified."""
    text = data if isinstance(data, str) else data[:16].decode("utf-8", "replace")
    if not looks_like(text):
        return recognise(data)
    if isinstance(data, bytes):
        try:
            data = data.decode()
        except UnicodeDecodeError as error:
            raise MeteringProblem(f"$[{error.start}]", "JSON that is not UTF-8") from None
    return from_signed_data(read_json(data))


def verify_signed_data(
    signed_data: SignedDataLike,
    public_key: str | bytes | None = None,
    register: Register | None = None,
) -> Verdict:
    """The verdict on `CDR.signed_data`, in any of the forms seen in the field."""
    return verify_pieces(from_signed_data(signed_data), public_key, register)


def verify_pieces(
    pieces: Sequence[Piece],
    public_key: str | bytes | None = None,
    register: Register | None = None,
) -> Verdict:
    """The verdict on signed values that were found before."""
    given = read_key(public_key)[0] if public_key is not None else None
    keys = register if isinstance(register, KeyRegister) else KeyRegister(register or {})
    pieces = _phased(pieces)
    values = [_value(piece, given, keys) for piece in pieces]
    transactions = _transactions(pieces)
    for transaction in transactions:
        for index in transaction.values:
            value = values[index]
            values[index] = replace(value, rules=(*value.rules, *transaction.rules))
    formats = {value.format for value in values}
    trusts = {value.key_trust for value in values}
    return Verdict(
        format=formats.pop() if len(formats) == 1 else None,
        verdict=_outcome(values),
        key_trust=next(trust for trust in reversed(Trust) if trust in trusts),
        values=tuple(values),
        transactions=tuple(transactions),
    )


def _outcome(values: Sequence[Value]) -> Outcome:
    for state, outcome in WORST_FIRST:
        if any(value.signature is state for value in values):
            return outcome
    ok = all(rule.ok for value in values for rule in value.rules)
    return Outcome.VALID if ok else Outcome.RULES_FAIL


def _value(piece: Piece, given: bytes | None, register: KeyRegister) -> Value:
    record = piece.record
    if record is None:
        problem = str(piece.problem or f"{piece.place}: nothing to read")
        return Value(piece.place, None, Signature.MALFORMED, Trust.NONE, problem)
    key, trust, rules = _key(piece, record, given, register)
    state, problem, found = _check(piece, record, key)
    remark = context_rule(piece.context)
    return Value(
        place=piece.place,
        format=record.format,
        signature=state,
        key_trust=trust,
        problem=problem,
        curve=record.curve.name,
        meter_id=record.meter_id,
        session=record.session,
        evse=record.place,
        pagination=record.pagination,
        readings=record.readings,
        rules=(*record.rules, *rules, *((remark,) if remark else ())),
        deviations=(*piece.deviations, *found),
    )


def _key(
    piece: Piece, record: Record, given: bytes | None, register: KeyRegister
) -> tuple[bytes | None, Trust, list[Rule]]:
    """The key to check with, whose word it is, and whether the sender's keys agree with it."""
    listed = register.key_of(record)
    chosen, trust = piece.key or record.key, Trust.SENDER
    if listed is not None:
        chosen, trust = listed, Trust.REGISTER
    elif given is not None:
        chosen, trust = given, Trust.CALLER
    if chosen is None:
        return None, Trust.NONE, []
    rules = [
        Rule("key", False, f"the key {where} is not the one that was checked with")
        for where, other in (("beside the value", piece.key), ("in the value", record.key))
        if other is not None and not _same_key(chosen, other, record)
    ]
    return chosen, trust, rules


def _same_key(one: bytes, other: bytes, record: Record) -> bool:
    if one == other:
        return True
    try:
        first, second = load_key(one, record.curve), load_key(other, record.curve)
    except MeteringProblem:
        return False
    return first.curve is second.curve and first.point == second.point


def _check(
    piece: Piece, record: Record, key: bytes | None
) -> tuple[Signature, str, tuple[str, ...]]:
    """What became of the signature, the problem if there is one, and deviations met."""
    if key is None and piece.key_problem is None and record.numbers is not None:
        return Signature.NO_KEY, "", ()
    try:
        if record.numbers is None:
            raise MeteringProblem(SIGNATURE, record.fault)
        if key is None:
            raise MeteringProblem(KEY, piece.key_problem.reason if piece.key_problem else "")
        good, reason, found = _signed(record, record.numbers, key)
    except MeteringProblem as problem:
        return Signature.MALFORMED, str(problem.under(piece.place)), ()
    place = f"{piece.place}{reason.removeprefix('$')}" if reason else ""
    return (Signature.VALID if good else Signature.INVALID), place, found


def _signed(
    record: Record, numbers: tuple[int, int], key: bytes
) -> tuple[bool, str, tuple[str, ...]]:
    """Whether the key signed the record, why not where that can be told, and deviations."""
    loaded = load_key(key, record.curve)
    found: tuple[str, ...] = ()
    if loaded.curve is not record.curve:
        reason = f"the key is of {loaded.curve.name}, the signature of {record.curve.name}"
        if not record.curve_assumed:
            return False, f"{KEY}: {reason}", ()
        found = (f"{reason} by default: the key's curve was taken",)
    good = signed(loaded, *numbers, record.payload)
    if good and record.uncovered:
        return False, record.uncovered, found
    return good, "", found


def _groups(pieces: Sequence[Piece]) -> dict[str, list[int]]:
    """Which pieces make one transaction: a record that holds begin and end is one by itself."""
    groups: dict[str, list[int]] = {}
    for index, piece in enumerate(pieces):
        if piece.record is None:
            continue
        name = f"{piece.transaction}#{index}" if piece.record.complete else piece.transaction
        groups.setdefault(name, []).append(index)
    return groups


def _phased(pieces: Sequence[Piece]) -> list[Piece]:
    """Two records of which nobody says which is the begin: the pages of the meter tell."""
    result = list(pieces)
    for indexes in _groups(pieces).values():
        records = [record for i in indexes if (record := pieces[i].record) is not None]
        unknown = all(r.phase is Phase.UNKNOWN for record in records for r in record.readings)
        pages = [record.pagination for record in records]
        if len(records) != 2 or not unknown or None in pages or pages[0] == pages[1]:
            continue
        ordered = sorted(indexes, key=lambda i: _page(pieces[i]))
        for index, word in zip(ordered, ("begin", "end"), strict=True):
            piece = pieces[index].with_deviations("begin and end told by page number alone")
            result[index] = piece.in_context(word, piece.transaction)
    return result


def _page(piece: Piece) -> int:
    return (piece.record.pagination if piece.record else None) or 0


def _transactions(pieces: Sequence[Piece]) -> list[Transaction]:
    found = []
    for number, indexes in enumerate(_groups(pieces).values(), start=1):
        records = [record for i in indexes if (record := pieces[i].record) is not None]
        charge = judge(records)
        found.append(
            Transaction(
                id=pieces[indexes[0]].transaction or str(number),
                values=tuple(indexes),
                meter_id=records[0].meter_id,
                other_ids=tuple(name for name in records[0].other_ids if name),
                evse=records[0].place,
                begin=charge.begin,
                end=charge.end,
                energy_kwh=charge.energy_kwh,
                rules=charge.rules,
            )
        )
    return found
