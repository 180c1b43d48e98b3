"""Plain JSON objects, read with patience: what has another shape than expected stays as it is."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from voltroam.bridge.terms import Document


def listed(document: Mapping[str, Any], name: str) -> list[Any]:
    """The items of a list member; none if it is absent or no list."""
    value = document.get(name)
    return value if isinstance(value, list) else []


def part(document: Mapping[str, Any], name: str) -> Document | None:
    value = document.get(name)
    return value if isinstance(value, dict) else None


def text(document: Mapping[str, Any], name: str) -> str | None:
    value = document.get(name)
    return value if isinstance(value, str) else None


def renamed(document: Mapping[str, Any], names: Mapping[str, str]) -> Document:
    """Members under new names, in their order."""
    return {names.get(name, name): value for name, value in document.items()}


def number(value: object) -> Decimal | None:
    """An amount, also one that was written as a text; None for all else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, Decimal | int):
        return Decimal(value)
    if isinstance(value, str | float):
        try:
            found = Decimal(str(value))
        except InvalidOperation:
            return None
        return found if found.is_finite() else None
    return None


def moment(written: str) -> datetime:
    """A time without zone is UTC. Raises ValueError."""
    found = datetime.fromisoformat(written)
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found


def each(
    document: Document, name: str, at: str, step: Callable[[Document, str], Document | None]
) -> None:
    """Replace the objects of a list by what the step makes of them; None drops one."""
    if name not in document or not isinstance(document[name], list):
        return
    kept: list[Any] = []
    for index, item in enumerate(document[name]):
        if not isinstance(item, dict):
            kept.append(item)
            continue
        found = step(item, f"{at}/{name}/{index}")
        if found is not None:
            kept.append(found)
    document[name] = kept


def within(
    document: Document, name: str, at: str, step: Callable[[Document, str], Document | None]
) -> None:
    """Replace an object member by what the step makes of it; None drops it."""
    value = part(document, name)
    if value is None:
        return
    found = step(value, f"{at}/{name}")
    if found is None:
        del document[name]
    else:
        document[name] = found
