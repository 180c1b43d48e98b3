"""The figures of a hub as the page `docs/benchmarks-hub.md`."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bench.hub.broadcast import Neighbours, Spread
from bench.hub.forward import Forwarded

FLAT = 0.1
"""Memory that grows by less than this share is flat."""


@dataclass(slots=True)
class Figures:
    machine: Mapping[str, str]
    forwarded: Forwarded | None = None
    spreads: list[Spread] = field(default_factory=list)
    neighbours: Neighbours | None = None
    away: tuple[int, float, float] | None = None
    processes: dict[int, Spread] = field(default_factory=dict)


def page(figures: Figures) -> str:
    about = ", ".join(f"{name} {value}" for name, value in figures.machine.items())
    lines = [
        "# Benchmarks of a hub", "",
        "Made by `python -m bench.hub`. The hub stands on one core, the far ends and the load on"
        f" the other, unless said otherwise. Measured on: {about}. What else ran on the machine"
        " falls on the times; processor seconds hold most of it out.", "",
    ]  # fmt: skip
    if figures.forwarded is not None:
        lines += _forwarded(figures.forwarded)
    if figures.spreads:
        lines += ["## Broadcast", "", "Two processes, nothing pinned.", "",
                  *_spreads("rate", figures.spreads), *_goals(figures.spreads)]  # fmt: skip
    if figures.neighbours is not None:
        lines += _neighbours(figures.neighbours)
    if figures.away is not None:
        lines += _away(*figures.away)
    if figures.processes:
        lines += [
            "## Several processes", "",
            "On PostgreSQL, nothing pinned: hub, database and far ends share the cores.", "",
            *_spreads("processes", list(figures.processes.values()), list(figures.processes)), "",
        ]  # fmt: skip
    return "\n".join(lines).rstrip() + "\n"


def _met(held: bool) -> str:
    return "met" if held else "**missed**"


def _forwarded(found: Forwarded) -> list[str]:
    lines = [
        "## Forward", "", "A PUT of a location from one party to another.", "",
        f"- flat out: {found.per_second:,.0f} per second, {found.per_cpu_second:,.0f} per processor"
        f" second of the hub (goal ≥ 1,500 per core): {_met(found.per_cpu_second >= 1500)}",
        f"- at {found.rate:.0f} offered per second: p50 {found.hub.p50:.1f} ms,"
        f" p99 {found.hub.p99:.1f} ms",
    ]  # fmt: skip
    if found.proxy is None or found.added is None:
        return [*lines, "- nginx is not installed: nothing stands beside it", ""]
    return [
        *lines,
        f"- nginx as a plain proxy beside it: p50 {found.proxy.p50:.1f} ms,"
        f" p99 {found.proxy.p99:.1f} ms; the hub adds {found.added:.1f} ms at p50 (goal ≤ 3):"
        f" {_met(found.added <= 3)}",
        "",
    ]


def _spreads(first: str, spreads: list[Spread], names: list[int] | None = None) -> list[str]:
    lines = [
        f"| {first} | platforms | taken per second | pushes | fresh p50 s | fresh p99 s"
        " | CPU ms per push | of the far ends | level after s | memory MiB |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for number, it in enumerate(spreads):
        name = f"{it.rate:.0f}/s" if names is None else str(names[number])
        lines.append(
            f"| {name} | {it.platforms} | {it.reached:.1f} | {it.pushes:,} | {it.p50:.2f}"
            f" | {it.p99:.2f} | {it.cpu:.3f} | {it.far_cpu:.3f} | {it.level:.1f}"
            f" | {it.memory[0]:.0f} → {it.memory[1]:.0f} → {it.memory[2]:.0f} |"
        )
    return lines


def _goals(spreads: list[Spread]) -> list[str]:
    lines = [""]
    for it in spreads:
        what = f"- {it.platforms} platforms, {it.rate:.0f} changes per second:"
        if it.rate <= 8:
            met = it.p99 <= 5 and it.reached >= 0.9 * it.rate
            lines.append(
                f"{what} p99 {it.p99:.2f} s (goal ≤ 5) with {it.reached:.1f} per second taken:"
                f" {_met(met)}"
            )
        else:
            lines.append(
                f"{what} all are equal {it.level:.1f} s after the end (goal ≤ 60), with"
                f" {it.reached:.1f} per second taken:"
                f" {_met(it.level <= 60 and it.reached >= 0.9 * it.rate)};"
                f" memory {it.memory[0]:.0f} MiB before,"
                f" {it.memory[1]:.0f} at most, {it.memory[2]:.0f} at the end (goal: flat,"
                f" within {FLAT:.0%}): {_met(it.memory[1] <= (1 + FLAT) * it.memory[0])}"
            )
    return [*lines, ""]


def _neighbours(found: Neighbours) -> list[str]:
    return [
        "## Bad neighbours", "",
        "Of 50 platforms one is dead, one takes 20 s for each answer, one answers 503.", "",
        f"- p99 of freshness at the others: {found.alone:.3f} s when all are well,"
        f" {found.beside_bad:.3f} s beside the three: {100 * found.raised:+.0f} % (goal < 10 %):"
        f" {_met(found.raised < 0.10)}", "",
    ]  # fmt: skip


def _away(objects: int, seconds: float, cpu: float) -> list[str]:
    return [
        "## A day away", "",
        f"- {objects:,} objects changed while a platform was away: level {seconds:.0f} s after it"
        f" came back, {cpu:.2f} ms CPU for each (goal for 100,000: < 120 s):"
        f" {_met(seconds * 100_000 / objects < 120)}", "",
    ]  # fmt: skip
