"""What a command loads: start-up under half a second is kept by not loading what it does not need.

Time itself is not measured here, for other programs share the machine; modules are counted exactly.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.e2e.nodes import command

SHOW_MODULES = """
import io, json, sys
from voltroam.cli import main
ended = []
for words in json.loads(sys.argv[1]):
    sys.argv, sys.stdin = ["voltroam", *words], io.TextIOWrapper(io.BytesIO(b"[]"))
    try:
        main()
    except SystemExit as end:
        ended.append(end.code)
    packages = sorted({name.split(".")[0] for name in sys.modules})
    sys.stderr.write("\\n" + json.dumps([words, ended[-1], packages]) + "\\n")
"""
SERVING = {"uvicorn", "httptools", "uvloop", "prometheus_client", "aiohttp", "structlog"}
DRAWING = {"rich", "pygments"}
VALIDATING = {"pydantic", "pydantic_core", "pycountry"}
DATABASES = {"alembic", "sqlalchemy", "asyncpg", "mako"}
HEAVY = SERVING | DRAWING | VALIDATING | DATABASES | {"hypothesis", "pytest"}
CALLING = {"pycurl", "cryptography"}
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


ON_THE_OWN_DATABASE = [
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
]
CALLING_PARTNERS = [
    "partner invite noda --json",
    "partner register http://127.0.0.1:9/ocpi/versions token --name nobody",
    "pull locations --partner movia",
    "get movia locations",
]


def loaded(config: Path, commands: list[str]) -> Iterator[tuple[str, int, set[str]]]:
    """Of commands in one process, one after the other: what each ended with, and the top-level
    packages that it or one before it loaded."""
    words = [["-c", str(config), *one.split()] for one in commands]
    done = subprocess.run(
        [sys.executable, "-c", SHOW_MODULES, json.dumps(words)],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    told = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("[[")]
    assert [ran for ran, _, _ in told] == words, done.stderr
    for one, (_, code, packages) in zip(commands, told, strict=True):
        yield one, code, set(packages)


def test_a_command_on_the_own_database_loads_nothing_heavy(config: Path) -> None:
    for one, code, packages in loaded(config, ON_THE_OWN_DATABASE):
        assert code == 0, one
        assert packages & (HEAVY | CALLING) == set(), one


def test_a_command_that_calls_partners_loads_no_server_beside(config: Path) -> None:
    for one, _, packages in loaded(config, CALLING_PARTNERS):
        assert packages & HEAVY == set(), one


def test_the_list_of_heavy_packages_is_of_packages_that_there_are(config: Path) -> None:
    """A name that no release spells so any more would prove nothing."""
    from importlib.util import find_spec

    gone = {name for name in HEAVY | CALLING if find_spec(name) is None}
    assert gone == set()
