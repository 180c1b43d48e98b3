"""What can be wrong with a document, how much it matters, and what was read all the same."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

import msgspec

T = TypeVar("T")


class Severity(StrEnum):
    """Whether an object can be used although something is wrong with it."""

    FATAL = "fatal"
    """Identity or type unusable: refused always."""
    ERROR = "error"
    """Against the standard, yet readable: refused when strict."""
    WARNING = "warning"
    """Legal or harmless, but hardly meant."""


class Problem(msgspec.Struct, frozen=True):
    """One fault, where it is and which rule it breaks. Never quotes the value: it may be secret."""

    path: str
    severity: Severity
    rule: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}"


@dataclass(frozen=True, slots=True)
class Reading(Generic[T]):
    """A decoded document. `value` is a view: the bytes stay the truth.

    Faulty optional members are absent from the view; None if a required one is unusable.
    """

    value: T | None
    problems: tuple[Problem, ...] = ()

    def usable(self, strict: bool) -> bool:
        """Lenient refuses what is fatal; strict refuses what is against the standard too."""
        if self.value is None:
            return False
        refused = (Severity.FATAL, Severity.ERROR) if strict else (Severity.FATAL,)
        return not any(problem.severity in refused for problem in self.problems)

    @property
    def message(self) -> str:
        """The worst problems in one line, for a status_message."""
        order = list(Severity)
        worst = sorted(self.problems, key=lambda problem: order.index(problem.severity))
        shown = "; ".join(map(str, worst[:5]))
        more = len(worst) - 5
        return f"{shown}; and {more} more" if more > 0 else shown


class TooManyFaults(Exception):
    """A document with more faults than anybody reads."""


class Findings:
    """Collects problems; more than `MOST` end the walk, so that a huge document costs little."""

    MOST = 1000

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def fatal(self, path: str, rule: str, message: str) -> None:
        self._add(Problem(path, Severity.FATAL, rule, message))

    def error(self, path: str, rule: str, message: str) -> None:
        self._add(Problem(path, Severity.ERROR, rule, message))

    def warning(self, path: str, rule: str, message: str) -> None:
        self._add(Problem(path, Severity.WARNING, rule, message))

    def _add(self, problem: Problem) -> None:
        if len(self.problems) >= self.MOST:
            raise TooManyFaults
        self.problems.append(problem)
