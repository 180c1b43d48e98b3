"""Every command that the README and the docs show runs, as a newcomer would run it."""

import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = ["README.md", "docs/quickstart.md", *sorted(
    str(page.relative_to(ROOT)) for page in (ROOT / "docs" / "howto").glob("*.md")
)]  # fmt: skip

SETUP = {
    "make setup",  # the tests run in what it made
    "make demo",  # tests/e2e/test_demo.py
    ". .venv/bin/activate",
}


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


def script_of(page: str) -> str:
    """All `sh` blocks of a page as one script, on ports that are free."""
    text = (ROOT / page).read_text()
    blocks = re.findall(r"^```sh\n(.*?)^```", text, re.M | re.S)
    lines = [line for block in blocks for line in block.splitlines() if line not in SETUP]
    script = "\n".join(_patient(line) for line in lines)
    for port in sorted(set(re.findall(r"127\.0\.0\.1:(\d{4,5})", script))):
        script = script.replace(f"127.0.0.1:{port}", f"127.0.0.1:{free_port()}")
    return script


def _patient(line: str) -> str:
    """Tests share their machine with others: a pause takes four times as long."""
    word, _, seconds = line.partition(" ")
    return f"sleep {4 * float(seconds):g}" if word == "sleep" else line


@pytest.mark.parametrize("page", PAGES)
def test_the_commands_of_a_page_run_from_top_to_bottom(
    page: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    script = script_of(page)
    if not script.strip():
        return
    shutil.copytree(ROOT / "docs" / "examples", tmp_path / "docs" / "examples")
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
    }
    if "$POSTGRES_URL" in script:
        environment["POSTGRES_URL"] = request.getfixturevalue("postgres_url")
    end_children = "trap 'kill $(jobs -p) 2>/dev/null || true; wait' EXIT\n"
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", end_children + script],
        cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{page}\n{script}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"


@pytest.mark.parametrize("page", ["README.md"])
def test_the_python_of_a_page_runs(page: str, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "docs" / "examples", tmp_path / "docs" / "examples")
    blocks = re.findall(r"^```python\n(.*?)^```", (ROOT / page).read_text(), re.M | re.S)
    assert blocks
    for block in blocks:
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", block],
            cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert "unusable" not in done.stdout


def test_links_between_the_pages_lead_somewhere() -> None:
    for page in ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", *PAGES]:
        folder = (ROOT / page).parent
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", (ROOT / page).read_text()):
            assert (folder / target).exists(), f"{page} links to {target}"
