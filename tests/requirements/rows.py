"""The requirement rows, and which tests name them."""

import csv
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT.parent / "shared" / "reference"
HOME = ("requirements-core.tsv", "requirements-modules.tsv")
VERSIONS = "requirements-versions.tsv"
"""2.1.1, 2.3.0 and its packages; one column more than the others, the version."""
EXCEPTIONS = Path(__file__).with_name("exceptions.toml")

ID = re.compile(
    r"\b((?:CORE|GEN|LOC|SES|CDR|TAR|TOK|CMD|CHP)-[A-Z]+-)(\d\d)((?:(?:, ?|/)\d\d\b)*)(?!\d)"
)
"""`CORE-PAG-02`, and in short `CORE-PAG-02/03/04` for several of one group."""
ID_OF_VERSIONS = re.compile(r"\b((?:R211|R230|RINV|RBK|RPAY)-)(\d{3})((?:(?:, ?|/)\d{3}\b)*)(?!\d)")
"""`R211-042`, in short in the same way."""


@dataclass(frozen=True, slots=True)
class Row:
    id: str
    section: str
    actor: str
    level: str
    text: str
    version: str = ""
    """Empty: the house's own, 2.2.1."""

    @property
    def in_scope(self) -> bool:
        """A MUST, whatever makes it one (`MUST (translation)`, `SHALL NOT`); what only a hub must
        do counts in 2.1.1 and 2.3.0."""
        if self.version:
            return self.level.startswith(("MUST", "SHALL"))
        return self.level == "MUST" and self.actor != "hub"


def available() -> bool:
    return all((REFERENCE / name).exists() for name in (*HOME, VERSIONS))


def read_rows() -> Iterator[Row]:
    for name in (*HOME, VERSIONS):
        with (REFERENCE / name).open(encoding="utf-8", newline="") as file:
            for line in csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
                if line[0] == "id":
                    continue
                version = line.pop(1) if name == VERSIONS else ""
                id_, section, actor, level, text = line[:5]
                yield Row(id_, section, actor, level, text, version)


def ids_in(text: str) -> set[str]:
    return {
        group + number
        for pattern in (ID, ID_OF_VERSIONS)
        for group, first, rest in pattern.findall(text)
        for number in (first, *re.findall(r"\d+", rest))
    }


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
