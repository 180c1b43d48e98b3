"""The page of the latest soak: what ran in full, how it ended, how long it took."""

import math
import platform
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[1] / "docs" / "soak.md"

HEAD = """# Soak

Written by `make soak`: the tests that `make test` runs with reduced counts, in full. Times
are those of a small machine that ran two of them at once, all variants of a test together. A run of
some tests only replaces their lines and leaves the others.

| what must hold | count | ended | took | on |
|---|---|---|---|---|
"""


@dataclass(slots=True)
class Line:
    """One test, whatever its variants (databases, vectors, parts)."""

    count: str
    ended: str
    seconds: float = 0.0
    variants: int = 0

    def text(self, name: str, day: str) -> str:
        count = f"{self.count}, {self.variants} variants" if self.variants > 1 else self.count
        return f"| {name} | {count} | {self.ended} | {self.seconds:.0f} s | {day} |"


def write_page(stats: Mapping[str, list[Any]]) -> None:
    """Write what the reports say; a run without soak tests leaves the page alone."""
    ran: dict[str, Line] = {}
    for name, count, outcome, seconds in _reports(stats):
        line = ran.setdefault(name, Line(count, outcome))
        line.seconds += seconds
        line.variants += 1
        if outcome == "failed":
            line.ended = outcome
    if not ran:
        return
    day = datetime.now(UTC).date().isoformat()
    lines = _kept(PAGE.read_text("utf-8")) if PAGE.exists() else {}
    lines |= {name: line.text(name, day) for name, line in ran.items()}
    table = "\n".join(lines[name] for name in sorted(lines))
    PAGE.write_text(f"{HEAD}{table}\n\nOn Python {platform.python_version()}.\n", "utf-8")


def took(test: str) -> float:
    """Seconds that a test took in the latest soak, all variants together; a new one has no end."""
    name = _spoken(test)
    lines = _kept(PAGE.read_text("utf-8")) if PAGE.exists() else {}
    found = re.search(r"\| (\d+) s \|", lines.get(name, ""))
    return float(found[1]) if found else math.inf


def _spoken(test: str) -> str:
    return test.replace("_", " ").removeprefix("test ")


def _reports(stats: Mapping[str, list[Any]]) -> Iterator[tuple[str, str, str, float]]:
    for outcome in ("passed", "failed"):
        for report in stats.get(outcome, []):
            figures = [what for name, what in report.user_properties if name == "soak"]
            if figures and report.when == "call":
                test = report.nodeid.split("::")[-1].partition("[")[0]
                yield _spoken(test), figures[0], outcome, report.duration


def _kept(page: str) -> dict[str, str]:
    """The lines of a page that this module wrote, by what they are about."""
    rows = re.findall(r"^\| (.+?) \| .+ \| \d{4}-\d\d-\d\d \|$", page, re.M)
    return {
        name: next(line for line in page.splitlines() if line.startswith(f"| {name} |"))
        for name in rows
    }
