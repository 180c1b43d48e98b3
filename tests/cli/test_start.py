"""What a command loads: start-up under half a second is kept by not loading what it does not need.

Time itself is not measured here, for other programs share the machine; modules are counted exactly.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.e2e.nodes import command

SHOW_MODULES = """
import json, sys
from voltroam.cli import run
try:
    run()
finally:
    sys.stderr.write("\\n" + json.dumps(sorted({name.split(".")[0] for name in sys.modules})))
"""
SERVING = {"uvicorn", "httptools", "uvloop", "prometheus_client", "aiohttp", "structlog"}
DRAWING = {"rich", "pygments"}
VALIDATING = {"pydantic", "pydantic_core", "pycountry"}
DATABASES = {"alembic", "sqlalchemy", "asyncpg", "mako"}
HEAVY = SERVING | DRAWING | VALIDATING | DATABASES | {"hypothesis", "pytest"}
CALLING = {"pyreqwest", "cryptography"}
"""What calls partners and opens the tokens for it."""


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("start") / "cpo"
    party = ("--party", "NL/NOD/CPO")
    ran = command("init", folder, *party, "--name", "Noda", "--url", "http://127.0.0.1:8101")
    assert ran.code == 0, ran.err
    file = folder / "voltroam.toml"
    assert command("-c", file, "partner", "invite", "movia").code == 0
    return file


def loaded(*arguments: str | Path) -> tuple[int, set[str]]:
    """Exit code and top-level packages of one command in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", SHOW_MODULES, *map(str, arguments)],
        capture_output=True, text=True, check=False, input="[]", timeout=120,
    )  # fmt: skip
    return done.returncode, set(json.loads(done.stderr.splitlines()[-1]))


@pytest.mark.parametrize(
    "arguments",
    [
        "--help",
        "version",
        "partner --help",
        "partner list",
        "partner show movia",
        "partner pause movia",
        "partner resume movia",
        "partner parked movia",
        "partner retry movia",
        "partner profile movia push=put",
        "quarantine list",
        "audit",
        "import locations -",
        "import evse-status - --json",
        "export locations",
        "export locations --json",
        "db check --json",
    ],
)
def test_a_command_on_the_own_database_loads_nothing_heavy(config: Path, arguments: str) -> None:
    code, modules = loaded("-c", config, *arguments.split())
    assert code == 0
    assert modules & (HEAVY | CALLING) == set()


@pytest.mark.parametrize(
    "arguments",
    [
        "partner invite noda --json",
        "partner register http://127.0.0.1:9/ocpi/versions token --name nobody",
        "pull locations --partner movia",
        "get movia locations",
    ],
)
def test_a_command_that_calls_partners_loads_no_server_beside(config: Path, arguments: str) -> None:
    _, modules = loaded("-c", config, *arguments.split())
    assert modules & HEAVY == set()


def test_the_list_of_heavy_packages_is_of_packages_that_there_are(config: Path) -> None:
    """A name that no release spells so any more would prove nothing."""
    from importlib.util import find_spec

    gone = {name for name in HEAVY | CALLING if find_spec(name) is None}
    assert gone == set()
