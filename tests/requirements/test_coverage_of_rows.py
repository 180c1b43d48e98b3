"""Each MUST row in scope is proved by a test that names it, or excused with a reason."""

import pytest
from tests.requirements import rows

needs_reference = pytest.mark.skipif(
    not rows.available(), reason="the requirement rows are not beside the repository"
)


@needs_reference
def test_every_must_row_in_scope_is_named_by_a_test_or_excused() -> None:
    named, excused = rows.tests_by_id(), rows.exceptions()
    missing = [
        f"{row.id}: {row.text}"
        for row in rows.read_rows()
        if row.in_scope and row.id not in named and row.id not in excused
    ]
    assert not missing, f"{len(missing)} rows without a test:\n" + "\n".join(missing)


@needs_reference
def test_an_excuse_is_for_a_row_that_exists_and_has_no_test() -> None:
    named, known = rows.tests_by_id(), {row.id for row in rows.read_rows()}
    assert not [row_id for row_id in rows.exceptions() if row_id not in known]
    assert not [row_id for row_id in rows.exceptions() if row_id in named]


@needs_reference
def test_tests_name_only_rows_that_exist() -> None:
    known = {row.id for row in rows.read_rows()}
    unknown = {row_id: files for row_id, files in rows.tests_by_id().items() if row_id not in known}
    own = "tests/requirements/test_coverage_of_rows.py"
    assert not {row_id for row_id, files in unknown.items() if files != [own]}


def test_every_excuse_gives_a_reason() -> None:
    assert all(len(reason) > 20 for reason in rows.exceptions().values())


def test_short_forms_name_several_rows() -> None:
    text = '"""GEN-ZZZ-01, GEN-ZZZ-03/04, 05"""'
    assert rows.ids_in(text) == {"GEN-ZZZ-01", "GEN-ZZZ-03", "GEN-ZZZ-04", "GEN-ZZZ-05"}
    assert rows.ids_in("R999-001 RBK-901, 902/903") == {"RBK-901", "RBK-902", "RBK-903"}


@needs_reference
def test_every_version_and_package_has_rows() -> None:
    """Nothing is in scope by accident, and nothing is left out by its spelling."""
    versions = {row.version for row in rows.read_rows()}
    assert len(versions) == 6, versions
    scoped = [row for row in rows.read_rows() if row.version and row.in_scope]
    assert all(rows.ids_in(row.id) == {row.id} for row in scoped)
    assert len(scoped) > 150
