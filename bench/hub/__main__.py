"""`python -m bench.hub`: what a hub forwards and spreads, beside nginx in the same run.

`--quick` takes a few minutes and less of everything; `--parts` picks some, and one of them can be
tried alone: `--parts spread --platforms 50 --rates 8 --seconds 10`. Prints the figures, and writes
`docs/benchmarks-hub.md` when all parts were run in full.
"""

import argparse
import asyncio
import shutil
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from bench import machine, postgres, servers
from bench.hub import broadcast, forward, report
from bench.hub.stage import Ends, Hub, Operator
from bench.run import free_port

PARTS = ("forward", "spread", "neighbours", "away", "processes")


@dataclass(frozen=True, slots=True)
class Plan:
    parts: frozenset[str]
    seconds: float
    rounds: int
    platforms: int
    locations: int
    objects: int
    trickle: float
    """Seconds of steady changes."""
    rates: tuple[float, ...] = (8.0, 20.0)
    """Changes per second."""


FULL = Plan(frozenset(PARTS), 4.0, 4, 500, 80, 100_000, 20.0)
QUICK = Plan(frozenset(PARTS), 2.0, 2, 50, 20, 5_000, 8.0)


class Bench:
    def __init__(self, plan: Plan, folder: Path) -> None:
        self.plan = plan
        self.folder = folder
        self.figures = report.Figures(machine.describe(folder))

    def run(self) -> report.Figures:
        for part in PARTS:
            if part in self.plan.parts:
                print(f"… {part}", flush=True)
                with ExitStack() as stack:
                    getattr(self, part)(stack)
        return self.figures

    def stage(
        self, stack: ExitStack, platforms: int, *, database: str | None = None, workers: int = 1
    ) -> tuple[Hub, Ends]:
        name = f"hub{time.monotonic_ns()}"
        port = free_port()
        ends = Ends(port, platforms, self.folder)
        stack.callback(ends.stop)
        hub = Hub.make(self.folder / name, free_port(), port, database)
        hub.serve(core=0 if workers == 1 else None, workers=workers)
        stack.callback(hub.stop)
        begin = time.perf_counter()
        hub.join(platforms)
        print(
            f"  {platforms} platforms registered in {time.perf_counter() - begin:.0f} s", flush=True
        )
        return hub, ends

    def forward(self, stack: ExitStack) -> None:
        hub, _ = self.stage(stack, 2)
        proxy = None
        if shutil.which("nginx"):
            proxy = free_port()
            to = forward.far_end(hub.ends)
            stack.callback(servers.stop, forward.start_proxy(proxy, to, self.folder))
            time.sleep(0.5)
        self.figures.forwarded = asyncio.run(
            forward.measure(
                hub, proxy, rate=500, seconds=self.plan.seconds, rounds=self.plan.rounds
            )
        )

    def spread(self, stack: ExitStack) -> None:
        plan = self.plan
        hub, ends = self.stage(stack, plan.platforms, workers=2)
        operator = Operator(hub)
        filled = broadcast.fill(ends, operator, plan.locations)
        print(f"  level {filled:.0f} s after the last of {plan.locations} locations", flush=True)
        hub.rest()
        for rate in plan.rates:
            found = broadcast.spread(
                hub, ends, operator, platforms=plan.platforms, rate=rate, seconds=plan.trickle,
                locations=plan.locations,
            )  # fmt: skip
            self.figures.spreads.append(found)

    def neighbours(self, stack: ExitStack) -> None:
        hub, ends = self.stage(stack, 51)
        operator = Operator(hub)
        broadcast.fill(ends, operator, 20)
        hub.rest()
        self.figures.neighbours = broadcast.neighbours(
            hub, ends, operator, rate=10, seconds=self.plan.seconds, locations=20,
            rounds=self.plan.rounds,
        )  # fmt: skip

    def away(self, stack: ExitStack) -> None:
        hub, ends = self.stage(stack, 2)
        spent, cpu = broadcast.day_away(hub, ends, self.plan.objects)
        self.figures.away = (self.plan.objects, spent, cpu)

    def processes(self, stack: ExitStack) -> None:
        platforms = min(self.plan.platforms, 100)
        for workers in (1, 2):
            with ExitStack() as inner:
                folder = self.folder / f"pg{workers}"
                database = inner.enter_context(postgres.running(folder, None))
                if database is None:
                    return
                hub, ends = self.stage(inner, platforms, database=database, workers=workers)
                operator = Operator(hub)
                broadcast.fill(ends, operator, self.plan.locations)
                hub.rest()
                self.figures.processes[workers] = broadcast.spread(
                    hub, ends, operator, platforms=platforms, rate=8, seconds=self.plan.trickle,
                    locations=self.plan.locations,
                )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="less of everything")
    parser.add_argument("--parts", default=",".join(PARTS), help="of " + ", ".join(PARTS))
    parser.add_argument("--platforms", type=int, help="that share what one of them tells")
    parser.add_argument("--rates", help="changes per second that are shared: 8,20")
    parser.add_argument("--seconds", type=float, help="for which they come")
    options = parser.parse_args()
    parts = frozenset(options.parts.split(","))
    full = not options.quick and parts == frozenset(PARTS)
    plan = replace(QUICK if options.quick else FULL, parts=parts)
    if options.platforms:
        plan, full = replace(plan, platforms=options.platforms), False
    if options.rates:
        rates = tuple(float(rate) for rate in options.rates.split(","))
        plan, full = replace(plan, rates=rates), False
    if options.seconds:
        plan, full = replace(plan, trickle=options.seconds), False
    with tempfile.TemporaryDirectory(prefix="voltroam-bench-") as folder:
        figures = Bench(plan, Path(folder)).run()
    page = report.page(figures)
    print(page)
    if full:
        (servers.ROOT / "docs" / "benchmarks-hub.md").write_text(page)


if __name__ == "__main__":
    main()
