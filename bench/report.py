"""The figures as JSON and as the page `docs/benchmarks.md`."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any

from bench.deep import Deep
from bench.load import Result
from bench.push import Pushed

GOALS = {
    # work: (times the best peer, share of bare on SQLite, share of bare on PostgreSQL)
    "GET page of 50": (200.0, 0.70, 0.50),
    "PUT location": (24.0, 0.42, 0.40),
    "PATCH EVSE status": (11.0, 0.42, 0.30),
    "POST token authorize": (6.0, 0.40, 0.40),
}
SQLITE, POSTGRES, BARE, NGINX = "voltroam, SQLite", "voltroam, PostgreSQL", "bare ASGI", "nginx"


@dataclass(slots=True)
class Figures:
    """All that one run found; a part that did not run is empty."""

    machine: dict[str, str]
    rounds: int
    seconds: float
    side_by_side: dict[str, dict[str, list[Result]]] = field(default_factory=dict)
    """Work → server → rounds."""
    workers: dict[str, dict[str, list[Result]]] = field(default_factory=dict)
    sizes: dict[str, dict[str, list[Result]]] = field(default_factory=dict)
    """Work → `1× objects` … → rounds."""
    deep: dict[str, Deep] = field(default_factory=dict)
    pushes: dict[str, Pushed] = field(default_factory=dict)

    def plain(self) -> dict[str, Any]:
        return asdict(self)


def rate(results: Sequence[Result]) -> float:
    return median(result.per_second for result in results)


def markdown(figures: Figures) -> str:
    parts = [
        "# Benchmarks",
        "",
        "Made by `make bench`; nothing here is written by hand, apart from the notes at the end."
        " Absolute numbers are those of one machine; the ratios are the result.",
        "",
        *table(("machine", ""), figures.machine.items()),
        "",
        f"{figures.rounds} interleaved rounds of {figures.seconds:g} s, medians. The server runs"
        " on core 0; load generator, receivers and PostgreSQL on core 1. A location has 10 EVSEs"
        " with 2 connectors each, 8 kB. Every write is a different one. Peers and the bare app keep"
        " everything in memory; voltroam answers a write after its commit is on disk.",
        "",
    ]
    parts += _side_by_side(figures.side_by_side)
    parts += _deep(figures.deep)
    parts += _pushes(figures.pushes)
    parts += _plain_rates(
        "Workers", figures.workers, "Nothing pinned: servers, database and load share the cores."
    )
    parts += _plain_rates(
        "Growth", figures.sizes, "Requests per second as objects and partners grow, on SQLite."
    )
    return "\n".join(parts).rstrip() + "\n"


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    lines = [f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}"]
    return lines + [f"| {' | '.join(str(cell) for cell in row)} |" for row in rows]


def number(value: float) -> str:
    return f"{value:,.0f}" if value >= 20 else f"{value:.1f}"


def _side_by_side(found: Mapping[str, Mapping[str, list[Result]]]) -> list[str]:
    parts: list[str] = ["## Side by side", ""] if found else []
    for work, servers in found.items():
        bare = rate(servers[BARE]) if BARE in servers else float("nan")
        peers = {n: rate(r) for n, r in servers.items() if "ocpi" in n}
        best = max(peers.values(), default=float("nan"))
        rows = []
        for name, results in servers.items():
            here = rate(results)
            low, high = (edge(r.per_second for r in results) for edge in (min, max))
            rows.append(
                (
                    name, number(here), f"{number(low)}–{number(high)}",
                    f"{median(r.p50 for r in results):.1f}",
                    f"{median(r.p99 for r in results):.1f}",
                    f"{here / bare:.2f}", f"{here / best:.1f}",
                    sum(r.errors for r in results) or "",
                )
            )  # fmt: skip
        head = ("server", "per second", "lowest–highest", "p50 ms", "p99 ms", "of bare",
                "× best peer", "errors")  # fmt: skip
        parts += [f"### {work}", "", *table(head, rows), "", *_goals(work, servers, best, bare), ""]
    return parts


def _goals(work: str, servers: Mapping[str, list[Result]], best: float, bare: float) -> list[str]:
    times, on_sqlite, on_postgres = GOALS[work]
    lines = []
    for name, share in ((SQLITE, on_sqlite), (POSTGRES, on_postgres)):
        if name in servers:
            here = rate(servers[name])
            lines.append(
                _verdict(f"{name}: {here / bare:.2f} of bare", here / bare >= share, f"≥ {share}")
            )
    if SQLITE in servers and best == best:
        here = rate(servers[SQLITE]) / best
        lines.append(
            _verdict(f"{SQLITE}: {here:.1f} × the best peer", here >= times, f"≥ {times:g}")
        )
    return lines


def _verdict(what: str, met: bool, goal: str) -> str:
    return f"- {what} (goal {goal}): {'met' if met else '**missed**'}"


def _deep(found: Mapping[str, Deep]) -> list[str]:
    if not found:
        return []
    rows = [
        (
            name,
            f"{d.objects:,}",
            f"{d.first:.2f}",
            f"{d.last:.2f}",
            f"{d.ratio:.2f}",
            f"{d.offset:.2f}",
        )
        for name, d in found.items()
    ]
    head = ("database", "objects", "first page ms", "last page ms", "ratio", "by offset ms")
    verdicts = [
        _verdict(f"{n}: {d.ratio:.2f} × the first page", d.ratio <= 1.2, "≤ 1.2")
        for n, d in found.items()
    ]
    return ["## Last page against first", "", *table(head, rows), "", *verdicts, ""]


def _pushes(found: Mapping[str, Pushed]) -> list[str]:
    if not found:
        return []
    head = ("database", "partners", "changes", "pushes per second", "client alone", "share",
            "fresh p50 ms", "fresh p99 ms", "changes per second then")  # fmt: skip
    rows = [
        (
            name, p.partners, p.changes, number(p.per_second), number(p.client_alone),
            f"{p.share:.2f}", f"{p.fresh_p50 * 1e3:.0f}", f"{p.fresh_p99 * 1e3:.0f}",
            f"{p.fresh_rate:g}",
        )
        for name, p in found.items()
    ]  # fmt: skip
    verdicts = []
    for name, p in found.items():
        if p.partners != 50:
            continue
        text = f"{name}: {p.share:.2f} of the client alone"
        verdicts.append(_verdict(text, p.share >= 0.3, "≥ 0.3"))
        text = f"{name}: p99 of freshness {p.fresh_p99 * 1e3:.0f} ms"
        verdicts.append(_verdict(text, p.fresh_p99 <= 1.0, "≤ 1000"))
    note = (
        "One burst of changes to all partners; the client alone sends the same requests to the same"
        " receivers. Freshness: from handing a change to the node to its arrival at a partner,"
        " under a steady trickle."
    )
    return ["## Pushes", "", note, "", *table(head, rows), "", *verdicts, ""]


def _plain_rates(
    title: str, found: Mapping[str, Mapping[str, list[Result]]], note: str
) -> list[str]:
    if not found:
        return []
    columns = list(next(iter(found.values())))
    rows = [
        (work, *(number(rate(servers[c])) if c in servers else "" for c in columns))
        for work, servers in found.items()
    ]
    return [f"## {title}", "", note, "", *table(("work", *columns), rows), ""]
