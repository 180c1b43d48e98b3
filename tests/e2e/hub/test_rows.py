"""Each row of the decision table, and each requirement of a hub, is named by a test beside this."""

import re
from pathlib import Path

from tests.requirements import rows
from tests.requirements.test_coverage_of_rows import needs_reference

from voltroam.roaming.hub.route import Row

TABLE = rows.ROOT / "docs" / "reference" / "hub.md"
NAMED = re.compile(r"\brows? (\d+[abc]?(?:(?:, | and )\d+[abc]?)*)(?:[:;,.)]| of the table)")


def table() -> set[str]:
    """The rows of our page."""
    return set(re.findall(r"^\| (\d+[abc]?) \|", TABLE.read_text("utf-8"), re.MULTILINE))


def written() -> str:
    """All tests of this folder but these."""
    here = Path(__file__)
    return "\n".join(
        path.read_text("utf-8") for path in sorted(here.parent.glob("test_*.py")) if path != here
    )


def test_every_row_of_the_table_is_named_by_a_test() -> None:
    docstrings = re.findall(r'^    """(.*?)"""$', written(), re.DOTALL | re.MULTILINE)
    named = {
        row
        for text in docstrings
        for found in NAMED.findall(text)
        for row in re.findall(r"\d+[abc]?", found)
    }
    assert table() - named == set()
    assert named - table() == set()


def test_the_table_has_every_row_that_the_hub_decides_by() -> None:
    assert {row.value for row in Row} | {"1", "14a", "14b", "14c"} == table()


@needs_reference
def test_every_requirement_of_a_hub_is_named_by_a_test() -> None:
    """What a hub may do, or not, too: we have decided it one way."""
    named = rows.ids_in(written())
    missing = [
        f"{row.id}: {row.text}"
        for row in rows.read_rows()
        if row.actor == "hub" and rows.ID.match(row.id) and row.id not in named
    ]
    assert not missing, "\n".join(missing)


@needs_reference
def test_every_must_of_client_info_between_hub_and_party_is_named_by_a_test() -> None:
    """Rows of hubclientinfo that hold for both sides; those of the party alone are elsewhere."""
    named = rows.ids_in(written())
    missing = [
        row.id
        for row in rows.read_rows()
        if row.id.startswith("CORE-HCI-") and (row.level, row.actor) == ("MUST", "any")
        and row.id not in named
    ]  # fmt: skip
    assert not missing
