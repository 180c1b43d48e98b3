"""Reading documents: a typed view and every problem, each with its JSON path and severity.

Documents without fault take the fast path (`quick.py`); all others are read again, thoroughly
(`walk.py`). Broken JSON is InvalidBody (HTTP 400), everything else a list of problems, for content
faults are answered with HTTP 200 and 2001 (OCPI 2.2.1 §status_codes).
"""

from collections.abc import Hashable
from functools import cache
from typing import TypeVar, cast

import msgspec

from voltroam.wire.plain import parse
from voltroam.wire.problems import Findings, Problem, Reading, Severity, TooManyFaults
from voltroam.wire.quick import quick_of
from voltroam.wire.rules import check
from voltroam.wire.walk import FAULT, members_of_struct, reader_of

__all__ = [
    "Problem", "Reading", "Severity", "read", "read_patch", "read_patch_thoroughly",
    "read_thoroughly",
]  # fmt: skip

T = TypeVar("T")

_NOTHING = "the body is empty"


def read(shape: type[T], data: bytes) -> Reading[T]:
    """Read a document as a type of the standard; InvalidBody if it is no JSON."""
    value = cast("T | None", quick_of(cast("Hashable", shape)).read(data))
    if value is None:
        return read_thoroughly(shape, data)
    return Reading(value, _breaches(value))


def read_thoroughly(shape: type[T], data: bytes) -> Reading[T]:
    """The same by the slow path alone: lists every problem, whatever the fast path thinks."""
    plain, repeated = parse(data)
    findings = Findings()
    try:
        _twice(repeated, findings)
        read_value = reader_of(cast("Hashable", shape))(plain, "$", findings)
    except TooManyFaults:
        return Reading(None, (*findings.problems, _too_many()))
    if read_value is FAULT:
        return Reading(None, tuple(findings.problems))
    value = cast("T", read_value)
    problems = tuple(findings.problems)
    if any(problem.severity is Severity.FATAL for problem in problems):
        return Reading(value, problems)
    return Reading(value, problems + _breaches(value))


def read_patch(
    shape: type[msgspec.Struct], data: bytes, *, needs_last_updated: bool
) -> Reading[dict[str, object]]:
    """Read a PATCH body: members of the shape, each by the rules of the whole object.

    The value holds the members present, by attribute; null unsets an optional one and is None in
    the value, of a required one it is FATAL. Without `last_updated` it is FATAL where the version
    demands it (OCPI 2.2.1 §status_codes). Rules between members wait for the merged object.
    """
    form = _patch_of(shape)
    quick = quick_of(form).read(data)
    if quick is not None:
        pairs = ((name, getattr(quick, name)) for name in form.__struct_fields__)
        given = {name: member for name, member in pairs if member is not msgspec.UNSET}
        if "last_updated" in given or not needs_last_updated:
            return Reading(given, ())
    return read_patch_thoroughly(shape, data, needs_last_updated)


@cache
def _patch_of(shape: type[msgspec.Struct]) -> type[msgspec.Struct]:
    """The same members, none of them needed."""
    fields = msgspec.structs.fields(shape)
    return msgspec.defstruct(
        f"{shape.__name__}Patch",
        [(field.name, field.type | msgspec.UnsetType, msgspec.UNSET) for field in fields],
        rename={field.name: field.encode_name for field in fields},
        kw_only=True,
    )


def read_patch_thoroughly(
    shape: type[msgspec.Struct], data: bytes, needs_last_updated: bool
) -> Reading[dict[str, object]]:
    """The same by the slow path alone."""
    plain, repeated = parse(data)
    findings = Findings()
    if not isinstance(plain, dict):
        findings.fatal("$", "CORE-MUT-05", "must be an object with the members to change")
        return Reading(None, tuple(findings.problems))
    value: dict[str, object] = {}
    try:
        _twice(repeated, findings)
        for attribute, member in members_of_struct(shape):
            if member.name not in plain:
                continue
            given, path = plain[member.name], f"$.{member.name}"
            if given is None:
                if member.required:
                    findings.fatal(path, "CORE-MUT-10", "must not be null")
                value[attribute] = None
                continue
            typed = member.read(given, path, findings)
            if typed is not FAULT:
                value[attribute] = typed
    except TooManyFaults:
        return Reading(None, (*findings.problems, _too_many()))
    if needs_last_updated and "last_updated" not in plain:
        findings.fatal("$.last_updated", "CORE-MUT-06", "is missing: every PATCH needs it")
    return Reading(value, tuple(findings.problems))


def _twice(paths: tuple[str, ...], findings: Findings) -> None:
    for path in paths:
        findings.fatal(path, "json", "stands twice in its object")


def _too_many() -> Problem:
    return Problem("$", Severity.FATAL, "limits", f"more than {Findings.MOST} problems")


def _breaches(value: object) -> tuple[Problem, ...]:
    return tuple(
        Problem(
            breach.path,
            Severity.WARNING if breach.warning else Severity.ERROR,
            breach.rule,
            breach.message,
        )
        for breach in check(value)
    )
