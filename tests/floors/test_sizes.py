"""No file grows beyond 600 lines: what is longer holds two things."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
LIMIT = 600
FOLDERS = ("src", "tests", "bench", "docs")
KINDS = {".py", ".sql", ".sh", ".css", ".html", ".ts"}


def files() -> list[Path]:
    found = (file for folder in FOLDERS for file in (ROOT / folder).rglob("*"))
    return sorted(
        file
        for file in found
        if file.suffix in KINDS
        and not any(part.startswith(".") for part in file.relative_to(ROOT).parts)
    )


def lines(file: Path) -> int:
    return len(file.read_text("utf-8").splitlines())


def test_no_file_is_longer_than_600_lines() -> None:
    long = {str(file.relative_to(ROOT)): lines(file) for file in files() if lines(file) > LIMIT}
    assert long == {}


def test_the_check_reads_the_source_tree(tmp_path: Path) -> None:
    assert Path(__file__) in files()
    long = tmp_path / "long.py"
    long.write_text("x = 1\n" * (LIMIT + 1))
    assert lines(long) > LIMIT
