"""Writes `docs/reference/requirements.md`: `python -m tests.requirements.report`."""

from collections.abc import Iterable, Iterator

from tests.requirements import rows

PAGE = rows.ROOT / "docs" / "reference" / "requirements.md"


def page() -> str:
    named, excused = rows.tests_by_id(), rows.exceptions()
    lines = [
        "# Requirements and the tests that prove them",
        "",
        "The ids are those of our reading of OCPI 2.2.1: one row for each thing that the text"
        " demands of a server, a client or both. A MUST without a test has its reason here, or the"
        " suite fails. Written by `python -m tests.requirements.report`.",
        "",
        *_table(("requirement", "tests"), ((i, "<br>".join(named[i])) for i in sorted(named))),
        "",
        "## Not proved by a test",
        "",
        *_table(("requirement", "reason"), sorted(excused.items())),
    ]
    return "\n".join(lines) + "\n"


def _table(head: tuple[str, str], body: Iterable[tuple[str, str]]) -> Iterator[str]:
    yield f"| {head[0]} | {head[1]} |"
    yield "| --- | --- |"
    for first, second in body:
        yield f"| {first} | {second} |"


if __name__ == "__main__":
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(page(), "utf-8")
