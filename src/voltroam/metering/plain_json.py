"""JSON of a stranger: exact numbers, no duplicate names, no surprises."""

import json
from decimal import Decimal
from typing import Any

from voltroam.metering.problem import MeteringProblem

LONGEST_NUMBER = 40
DEEPEST = 16
OPENING, CLOSING = frozenset("[{"), frozenset("]}")


def _number(text: str) -> Decimal:
    if len(text) > LONGEST_NUMBER:
        raise ValueError(f"a number of {len(text)} characters")
    value = Decimal(text)
    if value and abs(value.adjusted()) > LONGEST_NUMBER:
        raise ValueError("a number out of all proportion")
    return value


def _constant(text: str) -> Decimal:
    raise ValueError(f"{text} is not a number of JSON")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the member {twice[:40]!r} stands there twice")
    return members


def _too_deep(text: str) -> bool:
    if text.count("[") + text.count("{") <= DEEPEST:
        return False
    depth = 0
    for letter in text:
        if letter in OPENING:
            depth += 1
            if depth > DEEPEST:
                return True
        elif letter in CLOSING:
            depth -= 1
    return False


def read_object(text: str, path: str) -> dict[str, Any]:
    """A JSON object with numbers as Decimal; MeteringProblem at `path` for anything else."""
    if _too_deep(text):
        raise MeteringProblem(path, f"nested deeper than {DEEPEST}")
    try:
        value = json.loads(
            text,
            parse_float=_number,
            parse_int=_number,
            parse_constant=_constant,
            object_pairs_hook=_once,
        )
    except json.JSONDecodeError as error:
        raise MeteringProblem(path, f"{error.msg} at character {error.pos}") from None
    except (ValueError, ArithmeticError) as error:
        raise MeteringProblem(path, str(error)) from None
    if not isinstance(value, dict):
        raise MeteringProblem(path, "no JSON object")
    return value
