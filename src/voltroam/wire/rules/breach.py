"""What a rule yields, and the comparisons that rules share."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Breach:
    """One rule that an object breaks, at a path like `$.evses[0].uid`."""

    path: str
    rule: str
    message: str
    warning: bool = False


Rule = Callable[[Any], Iterable[Breach]]
"""A rule of one type: gets an object of it, its paths begin there (`.evses[0]`, or nothing)."""


def unique(
    path: str, rule: str, name: str, keys: list[str], *, warning: bool = False
) -> Iterator[Breach]:
    """The keys themselves stay out of the message: they may identify a driver."""
    if len(set(keys)) == len(keys):
        return
    seen: set[str] = set()
    for index, key in enumerate(keys):
        if key in seen:
            yield Breach(f"{path}[{index}]", rule, f"the same {name} again", warning)
        seen.add(key)


def utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def before(one: datetime | None, other: datetime | None) -> bool:
    return one is not None and other is not None and utc(one) < utc(other)


def reached(end: datetime | None, begin: datetime) -> bool:
    return end is not None and utc(end) <= utc(begin)
