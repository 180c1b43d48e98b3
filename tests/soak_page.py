"""The page of the latest soak: what ran in full, how it ended, how long it took."""

import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[1] / "docs" / "soak.md"

HEAD = """# Soak

Written by `make soak`: the tests that `make test` runs with reduced counts, in full. Times
are those of a small machine that ran two of them at once.

"""


def write_page(stats: Mapping[str, list[Any]]) -> None:
    """Write what the reports say; a run without soak tests leaves the page alone."""
    lines = []
    for outcome in ("passed", "failed"):
        for report in stats.get(outcome, []):
            figures = [what for name, what in report.user_properties if name == "soak"]
            if figures and report.when == "call":
                test = report.nodeid.split("::")[-1].replace("_", " ").removeprefix("test ")
                lines.append(f"| {test} | {figures[0]} | {outcome} | {report.duration:.0f} s |")
    if not lines:
        return
    ended = {name: len(stats.get(name, [])) for name in ("passed", "failed", "skipped")}
    total = ", ".join(f"{number} {name}" for name, number in ended.items())
    table = "\n".join(
        ["| what must hold | count | ended | took |", "|---|---|---|---|", *sorted(lines)]
    )
    version = platform.python_version()
    PAGE.write_text(f"{HEAD}{table}\n\nAll tests of the run: {total}, on Python {version}.\n")
