"""`make bench`: us beside the Python peers, a bare ASGI app and nginx, on one load in one run.

Writes `bench/.work/benchmarks.json`, and `docs/benchmarks.md` when all parts were run.
"""

import argparse
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from bench import deep, load, machine, node, postgres, push, report, servers

NOTES = "\n## Notes\n"
WORKS = (load.PAGE, load.PUT, load.PATCH, load.AUTHORIZE)


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured."""

    rounds: int
    seconds: float
    deep: int
    """Objects of the list whose last page is asked."""
    sizes: tuple[int, ...]
    partners: tuple[int, ...]
    changes: int
    parts: frozenset[str]
    postgres: bool


FULL = {"rounds": 5, "seconds": 4.0, "deep": 1_000_000, "sizes": (1_000, 10_000, 100_000),
        "partners": (1, 10, 100), "changes": 1000}  # fmt: skip
QUICK = {"rounds": 2, "seconds": 2.0, "deep": 20_000, "sizes": (100, 1_000, 10_000),
         "partners": (1, 10), "changes": 200}  # fmt: skip
PARTS = ("peers", "deep", "push", "workers", "growth")


def free_port() -> int:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port: int = bound.getsockname()[1]
    return port


class Bench:
    """One run: a temporary folder on the disk that is measured, and everything started in it."""

    def __init__(self, plan: Plan, folder: Path, cleanup: ExitStack) -> None:
        self.plan = plan
        self.folder = folder
        self.cleanup = cleanup
        self.figures = report.Figures(machine.describe(folder), plan.rounds, plan.seconds)
        self.clock = load.Clock.start()
        self.receiver_port = free_port()
        partners = max(50, *plan.partners)
        receivers = node.start_receivers(self.receiver_port, partners, folder)
        cleanup.callback(servers.stop, receivers)
        self.postgres: str | None = None
        if plan.postgres:
            self.postgres = cleanup.enter_context(postgres.running(folder / "pg", 1))
        self._databases = 0

    def databases(self) -> list[tuple[str, Callable[[], str | None]]]:
        """Label and a maker of empty databases, for each back end."""
        found: list[tuple[str, Callable[[], str | None]]] = [(report.SQLITE, lambda: None)]
        if self.postgres:
            found.append((report.POSTGRES, self._new_postgres))
        return found

    def _new_postgres(self) -> str:
        import asyncio

        import asyncpg

        assert self.postgres is not None
        self._databases += 1
        name = f"bench{self._databases}"

        async def create() -> None:
            connection = await asyncpg.connect(self.postgres)
            await connection.execute(f"CREATE DATABASE {name}")
            await connection.close()

        asyncio.run(create())
        head, _, tail = self.postgres.partition("/postgres?")
        return f"{head}/{name}?{tail}" if tail else self.postgres.rsplit("/", 1)[0] + f"/{name}"

    def node(
        self, label: str, database: str | None, **options: object
    ) -> tuple[node.Node, servers.Server]:
        """A prepared node, stopped at the end of the run at the latest."""
        folder = Path(tempfile.mkdtemp(dir=self.folder))
        made, server = node.prepared(
            folder, free_port(), self.receiver_port, label, database=database,
            **options,  # type: ignore[arg-type]
        )  # fmt: skip
        self.cleanup.callback(made.stop)
        return made, server

    # --- the parts ---

    def peers(self) -> None:
        """All servers started together and asked in turn, so that drift hits all alike."""
        running = [servers.start_peer(peer, free_port()) for peer in servers.PEERS]
        running.append(servers.start_bare(free_port()))
        nginx = servers.start_nginx(free_port())
        if nginx is not None:
            running.append(nginx)
        for server in running:
            self.cleanup.callback(server.stop)
            servers.wait_until_it_answers(server)
        for label, database in self.databases():
            running.append(self.node(label, database())[1])
        for work in WORKS:
            rows: dict[str, list[load.Result]] = {server.name: [] for server in running}
            self.figures.side_by_side[work.name] = rows
            for _ in range(self.plan.rounds):
                for server in running:
                    slow = work is load.PAGE and server.kind == "peer"
                    seconds = max(self.plan.seconds, 10.0) if slow else self.plan.seconds
                    rows[server.name].append(self._measure(work, server, seconds))
            self._say(work.name, rows)
        for server in running:
            server.stop()

    def workers(self) -> None:
        rows_of = self.figures.workers
        for label, database in self.databases():
            for count in (1, 2):
                name = f"{label}, {count} worker{'s' * (count > 1)}"
                made, server = self.node(name, database(), workers=count, core=None)
                for work in WORKS:
                    rows = rows_of.setdefault(work.name, {}).setdefault(name, [])
                    for _ in range(self.plan.rounds):
                        rows.append(self._measure(work, server, self.plan.seconds, core=None))
                made.stop()
        for work_name, rows_by_name in rows_of.items():
            self._say(work_name, rows_by_name)

    def growth(self) -> None:
        base, partners = self.plan.sizes[0], self.plan.partners[0]
        steps = [(size, partners) for size in self.plan.sizes]
        steps += [(base, count) for count in self.plan.partners[1:]]
        for size, count in steps:
            name = f"{size:,} objects, {count} partner{'s' * (count > 1)}"
            made, server = self.node(name, None, locations=size, partners=count)
            push.wait_for_rest(self.receiver_port)
            for work in WORKS:
                rows = self.figures.sizes.setdefault(work.name, {}).setdefault(name, [])
                for _ in range(self.plan.rounds):
                    rows.append(self._measure(work, server, self.plan.seconds))
            made.stop()
        for work_name, rows_by_name in self.figures.sizes.items():
            self._say(work_name, rows_by_name)

    def deep(self) -> None:
        for label, database in self.databases():
            made, server = self.node(label, database(), locations=100)
            made.stop()
            deep.fill(made, self.plan.deep)
            made.serve()
            server.process = made.process or server.process
            push.wait_for_rest(self.receiver_port, 3600)
            server.settle(60)
            found = deep.measure(server, self.plan.deep, self.folder, self.plan.rounds, 2)
            self.figures.deep[label] = found
            print(f"{label}: {found}", flush=True)
            made.stop()

    def push(self) -> None:
        for label, database in self.databases():
            made, server = self.node(label, database(), partners=50)
            push.wait_for_rest(self.receiver_port)
            server.settle(60)
            found = push.measure(
                made, self.receiver_port, partners=50, changes=self.plan.changes,
                locations=1000, rounds=self.plan.rounds, rate=20,
            )  # fmt: skip
            self.figures.pushes[label] = found
            print(f"{label}: {found}", flush=True)
            made.stop()

    def _measure(
        self, work: load.Work, server: servers.Server, seconds: float, core: int | None = 1
    ) -> load.Result:
        url, headers = server.target(work.interface)
        locations = min(1000, self.plan.sizes[0]) if server.kind == "node" else 1000
        result = load.run(
            work, url, headers, seconds, self.clock, self.folder, core=core, locations=locations
        )
        server.settle()
        return result

    def _say(self, work: str, rows: dict[str, list[load.Result]]) -> None:
        for name, results in rows.items():
            best = report.number(report.rate(results))
            errors = sum(result.errors for result in results)
            print(
                f"{work:20} {name:40} {best:>10}/s" + (f"  errors: {errors}" if errors else ""),
                flush=True,
            )


def read_plan() -> Plan:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="minutes instead of an hour")
    parser.add_argument("--only", action="append", choices=PARTS, help="these parts only")
    parser.add_argument("--no-postgres", action="store_true")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--seconds", type=float)
    given = parser.parse_args()
    values = dict(QUICK if given.quick else FULL)
    for name in ("rounds", "seconds"):
        if getattr(given, name):
            values[name] = getattr(given, name)
    return Plan(**values, parts=frozenset(given.only or PARTS), postgres=not given.no_postgres)  # type: ignore[arg-type]


def write(figures: report.Figures, *, whole: bool) -> None:
    """JSON and Markdown; a run of all parts goes to the docs, where the notes at the end stay."""
    (servers.WORK / "benchmarks.json").write_text(json.dumps(figures.plain(), indent=1))
    folder = servers.ROOT / "docs" if whole else servers.WORK
    folder.mkdir(exist_ok=True)
    page = folder / "benchmarks.md"
    notes = ""
    if page.exists():
        _, mark, rest = page.read_text("utf-8").partition(NOTES)
        notes = mark + rest
    page.write_text(report.markdown(figures) + notes, "utf-8")
    print(f"Written: {page.relative_to(servers.ROOT)}")


def main() -> int:
    if (os.cpu_count() or 1) < 2 or not shutil.which("taskset"):
        print("The benchmark needs two cores and taskset.", file=sys.stderr)
        return 2
    plan = read_plan()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that all that was started ends
    servers.WORK.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="voltroam-bench-") as folder, ExitStack() as cleanup:
        bench = Bench(plan, Path(folder), cleanup)
        for part in PARTS:
            if part in plan.parts:
                print(f"--- {part}", flush=True)
                getattr(bench, part)()
        write(bench.figures, whole=plan.parts == frozenset(PARTS))
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except subprocess.CalledProcessError as error:
        print(error.stderr or error.output, file=sys.stderr)
        raise
