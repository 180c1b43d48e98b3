"""Every shape in which people keep objects is read the same way."""

import json
from pathlib import Path

import pytest

from voltroam.cli.files import read_documents
from voltroam.cli.outcome import Stop

OBJECTS = [{"id": "A", "n": 1.10}, {"id": "B"}, {"id": "C", "text": "]},{é"}]


def documents(tmp_path: Path, text: str | bytes) -> list[bytes]:
    file = tmp_path / "objects"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return list(read_documents(file).pieces)


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(OBJECTS),
        json.dumps(OBJECTS, indent=2, ensure_ascii=False),
        "\ufeff  " + json.dumps(OBJECTS),
        json.dumps({"items": OBJECTS}),
        json.dumps({"data": OBJECTS, "status_code": 1000, "timestamp": "2026-01-01T00:00:00Z"}),
        "\n".join(json.dumps(it) for it in OBJECTS),
        "\n\n".join(json.dumps(it) for it in OBJECTS) + "\r\n\n",
    ],
    ids=["array", "pretty", "bom", "items", "envelope", "lines", "blank lines"],
)
def test_all_shapes_give_the_same_objects(tmp_path: Path, text: str) -> None:
    assert [json.loads(piece) for piece in documents(tmp_path, text)] == OBJECTS


def test_one_object_is_one_document_with_its_own_bytes(tmp_path: Path) -> None:
    assert documents(tmp_path, '{"id": "A",  "n": 1.10}') == [b'{"id": "A",  "n": 1.10}']


def test_an_envelope_around_one_object_gives_that_object(tmp_path: Path) -> None:
    assert documents(tmp_path, '{"data": {"id": "A"}, "status_code": 1000}') == [b'{"id": "A"}']


def test_numbers_keep_their_spelling(tmp_path: Path) -> None:
    assert documents(tmp_path, '[{"n": 1.10}]') == [b'{"n": 1.10}']


def test_a_broken_line_is_a_document_of_its_own(tmp_path: Path) -> None:
    """The import refuses it with its index; the others are taken."""
    assert documents(tmp_path, '{"id": "A"}\n{"id": \n{"id": "C"}') == [
        b'{"id": "A"}', b'{"id": ', b'{"id": "C"}',
    ]  # fmt: skip


def test_lines_longer_than_a_piece_are_whole(tmp_path: Path) -> None:
    lines = [json.dumps({"id": str(n), "text": "x" * 700_000}) for n in range(4)]
    assert documents(tmp_path, "\n".join(lines)) == [line.encode() for line in lines]


def test_an_empty_file_holds_nothing(tmp_path: Path) -> None:
    assert documents(tmp_path, "") == []
    assert documents(tmp_path, " \n") == []


@pytest.mark.parametrize("text", ["[{]", '{"items": [', "hello", '"text"', '{"a": 1,\n "b"'])
def test_what_is_no_json_is_refused_with_one_sentence(tmp_path: Path, text: str) -> None:
    with pytest.raises(Stop) as stopped:
        documents(tmp_path, text)
    assert stopped.value.code == 2
    assert "objects" in stopped.value.sentence


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(Stop, match="nothing-here"):
        read_documents(tmp_path / "nothing-here")
