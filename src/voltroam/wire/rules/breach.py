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


Rule = Callable[[Any, str], Iterator[Breach]]
"""A rule of one type: gets an object of it and its path."""


def unique(
    path: str, rule: str, keys: Iterable[tuple[str, str]], *, warning: bool = False
) -> Iterator[Breach]:
    """The keys themselves stay out of the message: they may identify a driver."""
    seen: set[str] = set()
    for index, (key, name) in enumerate(keys):
        if key in seen:
            yield Breach(f"{path}[{index}]", rule, f"the same {name} again", warning)
        seen.add(key)


def utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def before(one: datetime | None, other: datetime | None) -> bool:
    return one is not None and other is not None and utc(one) < utc(other)


def reached(end: datetime | None, begin: datetime) -> bool:
    return end is not None and utc(end) <= utc(begin)
