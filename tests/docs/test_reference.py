"""The reference pages are what the table, the objects and the commands say today."""

import subprocess
import sys
from pathlib import Path

from tests.cli.test_commands import ALL

from voltroam.cli.outcome import Exit
from voltroam.standard import v2_1_1, v2_2_1, v2_3_0
from voltroam.standard.packages import STANDARD

ROOT = Path(__file__).parents[2]
GENERATE = ROOT / "docs" / "generate.py"
SCRIPTS = ("generate.py", "bridging.py", "commands.py", "operations.py")


def check(script: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(script), "--check"], capture_output=True, text=True, check=False
    )


def test_the_pages_are_up_to_date() -> None:
    result = check(GENERATE)
    assert result.returncode == 0, result.stderr


def test_a_page_that_differs_is_named(tmp_path: Path) -> None:
    copy = tmp_path / "generate.py"
    for script in map(GENERATE.with_name, SCRIPTS):
        (tmp_path / script.name).write_text(script.read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "reference").mkdir()
    for page in (
        "bridge.md",
        "endpoints.md",
        "objects.md",
        "objects-2.1.1.md",
        "objects-2.3.0.md",
        "cli.md",
        "operator-api.md",
    ):
        text = (ROOT / "docs" / "reference" / page).read_text(encoding="utf-8")
        (tmp_path / "reference" / page).write_text(text, encoding="utf-8")
    assert check(copy).returncode == 0
    (tmp_path / "reference" / "objects.md").write_text("old", encoding="utf-8")
    result = check(copy)
    assert result.returncode == 1
    assert "objects.md" in result.stderr
    assert "endpoints.md" not in result.stderr
    assert "cli.md" not in result.stderr


def test_every_row_and_every_object_has_its_place() -> None:
    endpoints = (ROOT / "docs" / "reference" / "endpoints.md").read_text(encoding="utf-8")
    lines = [line for line in endpoints.splitlines() if line.startswith(("| S", "| R", "| both"))]
    assert len(lines) == len(STANDARD)
    pages = {v2_1_1: "objects-2.1.1.md", v2_2_1: "objects.md", v2_3_0: "objects-2.3.0.md"}
    for package, page in pages.items():
        objects = (ROOT / "docs" / "reference" / page).read_text(encoding="utf-8")
        for kind in {getattr(package, name) for name in package.__all__}:
            assert f"\n### {kind.__name__}\n" in objects or f"[{kind.__name__}](" in objects


def test_every_command_with_its_options_and_every_exit_code_has_its_place() -> None:
    page = (ROOT / "docs" / "reference" / "cli.md").read_text(encoding="utf-8")
    sections = dict(part.split("\n", 1) for part in page.split("\n## ")[1:])
    assert set(sections) == {name for name, _ in ALL}
    assert "`--force`" in sections["pull"]
    assert "`[KEY=VALUE…]`" in sections["partner profile"]
    assert all("Example: `voltroam " in text for text in sections.values())
    assert all(f"\n| {code.value} | " in page for code in Exit)
