"""How often a piece of work is done per second, by the clock and by processor time."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

ROUNDS = 60
ROUND = 0.04
"""Seconds of one round."""


@dataclass(frozen=True, slots=True)
class Rate:
    """`wall` is the median of the rounds; `cpu` the best, for neighbours slow a shared core too."""

    what: str
    wall: float
    cpu: float
    goal: int | None = None

    @property
    def met(self) -> bool:
        return self.goal is None or self.cpu >= self.goal

    @property
    def row(self) -> tuple[str, str, str, str]:
        goal = "" if self.goal is None else f"≥ {self.goal:,}: {'met' if self.met else 'missed'}"
        return self.what, f"{self.cpu:,.0f}", f"{self.wall:,.0f}", goal


def measured(what: str, work: Callable[[], object], goal: int | None = None) -> Rate:
    """Call the work over and over; the first round warms up and does not count."""
    count = 1
    walls, cpus = [], []
    for number in range(ROUNDS + 1):
        wall, cpu = time.perf_counter(), time.process_time()
        for _ in range(count):
            work()
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        if number:
            walls.append(count / wall)
            cpus.append(count / max(cpu, 1e-9))
        count = max(1, round(count * ROUND / max(wall, 1e-6)))
    return Rate(what, median(walls), max(cpus), goal)


def show(rates: list[Rate]) -> int:
    """Print them; 1 if a goal is missed."""
    for one in rates:
        what, cpu, wall, goal = one.row
        print(f"{what:48} {cpu:>9}/CPU-s {wall:>9}/s  {goal}")
    return 0 if all(one.met for one in rates) else 1
