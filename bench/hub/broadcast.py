"""What one party shares reaches all: freshness, memory, bad neighbours, a day away."""

import statistics
import subprocess
import sys
import time
from dataclasses import dataclass

from bench.hub.stage import Ends, Hub, Operator, headers, moment, party
from bench.servers import ROOT, ask


@dataclass(frozen=True, slots=True)
class Spread:
    """Seconds, but for `memory` (MiB: before, the most meanwhile, at the end), and `cpu` and
    `far_cpu` (milliseconds per push, of the hub and of the far ends)."""

    platforms: int
    rate: float
    """Changes per second that were asked for."""
    reached: float
    """Changes per second that the hub took."""
    pushes: int
    p50: float
    p99: float
    cpu: float
    far_cpu: float
    level: float
    memory: tuple[float, float, float]


def spread(
    hub: Hub, ends: Ends, operator: Operator, *, platforms: int, rate: float, seconds: float,
    locations: int,
) -> Spread:  # fmt: skip
    """A steady trickle to all; then the time until all are level."""
    ends.clear()
    cpu, far, memory = hub.cpu(), ends.cpu(), hub.memory()
    reached, most = hub.watched(lambda: operator.steadily(rate, seconds, locations))
    level = ends.level(operator.newest, 90)
    stats = ends.stats()
    spent, far_spent = hub.cpu() - cpu, ends.cpu() - far
    cuts = statistics.quantiles(stats["ages"], n=100)
    return Spread(
        platforms, rate, reached, stats["count"], cuts[49], cuts[98],
        1000 * spent / max(1, stats["count"]), 1000 * far_spent / max(1, stats["count"]), level,
        (memory, most, hub.memory()),
    )  # fmt: skip


def fill(ends: Ends, operator: Operator, locations: int) -> float:
    """The locations themselves, to everybody; seconds until all have them."""
    for number in range(locations):
        operator.put(number)
    return ends.level(operator.newest, 600)


@dataclass(frozen=True, slots=True)
class Neighbours:
    """p99 of freshness at those that behave, in seconds."""

    alone: float
    beside_bad: float

    @property
    def raised(self) -> float:
        return self.beside_bad / self.alone - 1


def neighbours(
    hub: Hub, ends: Ends, operator: Operator, *, rate: float, seconds: float, locations: int,
    rounds: int,
) -> Neighbours:  # fmt: skip
    """All up and three bad ones, in turn."""
    good: list[float] = []
    bad: list[float] = []
    for _ in range(rounds):
        for ages, modes in (
            (good, {"n2": "up", "n3": "up", "n4": "up"}),
            (bad, {"n2": "dead", "n3": "slow", "n4": "broken"}),
        ):
            ends.mode(**modes)
            time.sleep(1.0)
            ends.clear()
            operator.steadily(rate, seconds, locations)
            ends.level(operator.newest, 60)
            ages.append(statistics.quantiles(ends.stats()["ages"], n=100)[98])
    ends.mode(n2="up", n3="up", n4="up")
    return Neighbours(statistics.median(good), statistics.median(bad))


def day_away(hub: Hub, ends: Ends, objects: int) -> tuple[float, float]:
    """Seconds until a platform is level that was away while so many changed, and ms CPU each."""
    ends.mode(n1="dead")
    time.sleep(1.0)
    stamp = moment()
    subprocess.run(
        [sys.executable, "-m", "bench.hub.shared_objects", str(hub.config), str(objects), stamp],
        check=True, cwd=ROOT,
    )  # fmt: skip
    ends.mode(n1="up")
    time.sleep(0.5)
    begin, cpu = time.perf_counter(), hub.cpu()
    ask("GET", f"{hub.url}/ocpi/versions", headers(hub.tokens[1], party(1), party(0)))
    while ends.held(1) < objects and time.perf_counter() - begin < 600:
        time.sleep(0.2)
    spent = time.perf_counter() - begin
    return (spent if ends.held(1) >= objects else float("inf")), 1000 * (hub.cpu() - cpu) / objects
