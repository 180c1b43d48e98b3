"""From a request's bytes to what an operation takes; every problem is listed with its place."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar, cast

import msgspec

from voltroam.operator.faults import Fault, invalid
from voltroam.operator.operation import Operation
from voltroam.standard.errors import InvalidBody
from voltroam.wire.decode import Problem, Severity, read_thoroughly

S = TypeVar("S", bound=msgspec.Struct)
_BREACH = "shape"


def read_query(shape: type[S], pairs: Sequence[tuple[str, str]]) -> S:
    """The query as its struct. Raises Fault 422."""
    values: dict[str, str] = {}
    for name, value in pairs:
        if name in values:
            raise _bad_query(f"$.{name}", "stands twice")
        if not value.isprintable():
            raise _bad_query(f"$.{name}", "must not hold control characters")
        values[name] = value
    try:
        return msgspec.convert(values, shape, strict=False)
    except msgspec.ValidationError as error:
        raise _bad_query(*_placed(str(error))) from None


def read_taken(operation: Operation[Any], data: bytes) -> Any:
    """The body as what the operation takes; of a document only that it is JSON is checked here.

    Raises Fault 400 or 422.
    """
    shape = operation.takes
    try:
        if shape is None:
            msgspec.json.decode(data)
            return data
        return msgspec.json.decode(data, type=shape)
    except msgspec.ValidationError as error:
        problems = _problems(cast("type", shape), data) or (_problem(*_placed(str(error))),)
        raise invalid(_sentence(problems), problems) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Fault("broken-body") from None


def judge_content_type(headers: Mapping[str, str]) -> None:
    """Raises Fault 415 for a body that does not say that it is JSON."""
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise Fault("content-type")


def _problems(shape: type, data: bytes) -> tuple[Problem, ...]:
    """All of them, where the thorough reading knows the types; it does not know unions."""
    try:
        found = read_thoroughly(shape, data).problems
    except (TypeError, InvalidBody):
        return ()
    return tuple(one for one in found if one.severity is not Severity.WARNING)


def _sentence(problems: Sequence[Problem]) -> str:
    first = problems[0]
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return f"{first.path}: {first.message}{more}"


def _placed(fault: str) -> tuple[str, str]:
    """`Expected `int` - at `$.limit`` as place and sentence."""
    what, _, where = fault.partition(" - at `")
    return (where.rstrip("`") or "$"), what[:1].lower() + what[1:]


def _problem(path: str, message: str) -> Problem:
    return Problem(path, Severity.FATAL, _BREACH, message)


def _bad_query(path: str, message: str) -> Fault:
    problem = _problem(path, message)
    return invalid(f"query {path.removeprefix('$.')}: {message}", (problem,))
