"""What the demo of a hub shows on a terminal: who talks to whom."""

from collections import Counter
from types import TracebackType
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


class HubScreen:
    """Live tables that read what is seen a few times a second."""

    def __init__(self, seen: Talked) -> None:
        self._seen = seen
        self._live = Live(get_renderable=self._drawn, refresh_per_second=4)

    def __enter__(self) -> "HubScreen":
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self._live.stop()

    def _drawn(self) -> Group:
        seen = self._seen
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
