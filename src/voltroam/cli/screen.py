"""What the demo shows on a terminal."""

from functools import partial
from typing import Protocol

from rich.console import Group
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text


class Seen(Protocol):
    """What the screen needs to know."""

    urls: dict[str, str]
    curl: str
    tries: list[str]
    objects: dict[str, dict[str, int]]
    changes: int
    pushes: int
    errors: int
    commands: dict[str, int]
    deals: dict[str, dict[str, int]]

    @property
    def rate(self) -> float: ...

    @property
    def lag(self) -> float | None: ...


def screen(seen: Seen) -> Live:
    """A live table that reads what is seen a few times a second."""
    return Live(get_renderable=partial(_drawn, seen), refresh_per_second=4)


def _drawn(seen: Seen) -> Group:
    objects = Table("module", "CPO Noda Charging", "eMSP Movia", header_style="bold")
    for module, sides in seen.objects.items():
        colour = "green" if sides["cpo"] == sides["emsp"] else "yellow"
        objects.add_row(module, str(sides["cpo"]), Text(str(sides["emsp"]), colour))
    lag = "-" if seen.lag is None else f"{seen.lag * 1000:.0f} ms"
    flow = Table.grid(padding=(0, 3))
    flow.add_row(
        "changes", "pushes", "pushes/s", "lag (median)", "started by app", "errors",
        style="bold",
    )  # fmt: skip
    flow.add_row(
        str(seen.changes), str(seen.pushes), f"{seen.rate:.1f}", lag,
        f"{seen.commands['accepted']} of {seen.commands['sent']}",
        Text(str(seen.errors), "red" if seen.errors else "green"),
    )  # fmt: skip
    links = "\n".join(f"{name:<5} {url}" for name, url in seen.urls.items())
    return Group(
        Panel(objects, title="voltroam demo: a city of charging locations", expand=False),
        Panel(flow, expand=False),
        *(Text(f"{name:<13} {_counts(states)}") for name, states in seen.deals.items()),
        Text(links),
        Text("try:", "bold"),
        Text("\n".join([seen.curl, *seen.tries]), overflow="fold"),
        Text("Ctrl-C ends it", "dim"),
    )


def _counts(states: dict[str, int]) -> str:
    return ", ".join(f"{count} {state}" for state, count in sorted(states.items())) or "none yet"
