"""Writes `docs/reference/requirements.md`: `python -m tests.requirements.report`."""

from collections.abc import Iterable, Iterator, Mapping

from tests.requirements import rows

PAGE = rows.ROOT / "docs" / "reference" / "requirements.md"


def page() -> str:
    named, excused = rows.tests_by_id(), rows.exceptions()
    lines = [
        "# Requirements and the tests that prove them",
        "",
        "The ids are those of our reading of OCPI: one row for each thing that the text demands of"
        " a server, a client or both; those of 2.2.1, then of 2.1.1 (R211), 2.3.0 (R230) and its"
        " packages (RINV, RBK, RPAY). A MUST without a test has its reason here, or the"
        " suite fails. Written by `python -m tests.requirements.report`.",
        "",
        *_table(("requirement", "tests"), _proofs(named)),
        "",
        "## Not proved by a test",
        "",
        *_table(("requirement", "reason"), sorted(excused.items(), key=lambda it: _order(it[0]))),
    ]
    return "\n".join(lines) + "\n"


def _proofs(named: Mapping[str, list[str]]) -> Iterator[tuple[str, str]]:
    return ((row_id, "<br>".join(named[row_id])) for row_id in sorted(named, key=_order))


def _order(row_id: str) -> tuple[bool, str]:
    return bool(rows.ID_OF_VERSIONS.match(row_id)), row_id


def _table(head: tuple[str, str], body: Iterable[tuple[str, str]]) -> Iterator[str]:
    yield f"| {head[0]} | {head[1]} |"
    yield "| --- | --- |"
    for first, second in body:
        yield f"| {first} | {second} |"


if __name__ == "__main__":
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(page(), "utf-8")
