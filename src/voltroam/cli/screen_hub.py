"""What the demo of a hub shows on a terminal: who talks to whom."""

from collections import Counter
from functools import partial
from typing import Protocol

from rich.console import Group
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text


class Talked(Protocol):
    """What the screen needs to know."""

    urls: dict[str, str]
    tries: list[str]
    calls: Counter[tuple[str, str]]
    delivered: dict[str, int]
    failed: int
    objects: dict[str, dict[str, int]]
    commands: dict[str, int]


def hub_screen(seen: Talked) -> Live:
    """Live tables that read what is seen a few times a second."""
    return Live(get_renderable=partial(_drawn, seen), refresh_per_second=4)


def _drawn(seen: Talked) -> Group:
    calls = Counter(seen.calls)
    receivers = sorted({to for _, to in calls})
    talk = Table("from \\ to", *receivers, header_style="bold")
    for sender in sorted({one for one, _ in calls}):
        talk.add_row(sender, *(str(calls[sender, to] or "·") for to in receivers))
    names = [name for name in seen.urls if name != "hub"]
    held = Table("holds", *names, header_style="bold")
    for module, counts in seen.objects.items():
        held.add_row(module, *(str(counts.get(name, 0)) for name in names))
    held.add_row("copies got", *(str(seen.delivered.get(name, 0)) for name in names))
    commands = f"started by app: {seen.commands['accepted']} of {seen.commands['sent']}"
    return Group(
        Panel(talk, title="voltroam demo: who talks to whom through the hub", expand=False),
        Panel(held, expand=False),
        Text(f"{commands}   refused by the hub: {seen.failed}"),
        Text("try:", "bold"),
        Text("\n".join(seen.tries), overflow="fold"),
        Text("Ctrl-C ends it", "dim"),
    )
