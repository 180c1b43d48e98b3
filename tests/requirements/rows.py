"""The requirement rows, and which tests name them."""

import csv
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT.parent / "shared" / "reference"
FILES = ("requirements-core.tsv", "requirements-modules.tsv")
EXCEPTIONS = Path(__file__).with_name("exceptions.toml")

ID = re.compile(
    r"\b((?:CORE|GEN|LOC|SES|CDR|TAR|TOK|CMD|CHP)-[A-Z]+-)(\d\d)((?:(?:, ?|/)\d\d\b)*)(?!\d)"
)
"""`CORE-PAG-02`, and in short `CORE-PAG-02/03/04` for several of one group."""


@dataclass(frozen=True, slots=True)
class Row:
    id: str
    section: str
    actor: str
    level: str
    text: str

    @property
    def in_scope(self) -> bool:
        """A MUST of server, client or both, of what the node does so far."""
        return self.level == "MUST" and self.actor != "hub"


def available() -> bool:
    return all((REFERENCE / name).exists() for name in FILES)


def read_rows() -> Iterator[Row]:
    for name in FILES:
        with (REFERENCE / name).open(encoding="utf-8", newline="") as file:
            for line in csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
                if line[0] != "id":
                    yield Row(*line[:5])


def ids_in(text: str) -> set[str]:
    found: set[str] = set()
    for group, first, rest in ID.findall(text):
        found |= {group + number for number in (first, *re.findall(r"\d\d", rest))}
    return found


def tests_by_id() -> dict[str, list[str]]:
    """Requirement id → test files that name it, relative to the repository."""
    found: dict[str, list[str]] = {}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for row_id in sorted(ids_in(path.read_text(encoding="utf-8"))):
            found.setdefault(row_id, []).append(str(path.relative_to(ROOT)))
    return found


def exceptions() -> dict[str, str]:
    """Requirement id → why no test proves it."""
    with EXCEPTIONS.open("rb") as file:
        table = tomllib.load(file)
    return {row_id: str(reason) for row_id, reason in table.items()}
