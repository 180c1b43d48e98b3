"""The example programs do what they say, are short, and are what the docs show."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest
from tests.e2e.nodes import Served, make_node, wait_until

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
PAGE = ROOT / "docs" / "howto" / "embed-in-python.md"
LONGEST = 60


@pytest.mark.parametrize("name", ["cpo.py", "emsp.py"])
def test_an_example_is_short_and_shown(name: str) -> None:
    text = (EXAMPLES / name).read_text("utf-8")
    assert len(text.splitlines()) <= LONGEST
    shown = re.findall(r"^```python\n(.*?)^```", PAGE.read_text("utf-8"), re.M | re.S)
    assert text in shown


@pytest.fixture
def cpo(tmp_path: Path) -> Iterator[Served]:
    node = make_node(tmp_path / "cpo", "NL/NOD/CPO", name="Noda")
    for module in ("tariffs", "locations"):
        assert node.run("import", module, ROOT / "docs" / "examples" / f"{module}.json").code == 0
    with (tmp_path / "cpo.log").open("wb") as log:
        program = subprocess.Popen(
            [sys.executable, str(EXAMPLES / "cpo.py"), str(node.config)],
            stdout=log, stderr=log, env=os.environ | {"VOLTROAM_LOG_LEVEL": "warning"},
        )  # fmt: skip
    try:
        wait_until(lambda: answers(node), seconds=30, what="the operator's program serves")
        yield node
        program.send_signal(signal.SIGINT)
        program.wait(60)
    finally:
        program.kill()
        program.wait()


def answers(node: Served) -> bool:
    try:
        with urlopen(f"{node.url}/running", timeout=2) as response:
            return bool(response.status == 200)
    except OSError:
        return False


def test_a_provider_charges_at_an_operator(cpo: Served, tmp_path: Path) -> None:
    emsp = make_node(tmp_path / "emsp", "DE/MOV/EMSP", name="Movia")
    assert emsp.run("import", "tokens", ROOT / "docs" / "examples" / "tokens.json").code == 0
    invited = cpo.json("partner", "invite", "movia")
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / "emsp.py"), str(emsp.config), invited["versions_url"],
         invited["token"], "04A1B2C3D4E5F6"],
        capture_output=True, text=True, timeout=90, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    start, session, cdr = done.stdout.splitlines()
    assert start == "start: ACCEPTED"
    assert " ACTIVE " in session
    assert float(cdr.split()[2]) > 0
    assert "EUR" in cdr
    with urlopen(f"{cpo.url}/running", timeout=5) as response:
        assert session.split()[1] in response.read().decode()
