"""All example files of the standard decode, keep their content and break no rule.

LOC-DT-01/02/07, SES-DT-01, CDR-DT-01, TAR-DT-01, TOK-DT-01, CORE-TYPE-06, CORE-TYPE-11
"""

import json
from decimal import Decimal
from pathlib import Path
from types import GenericAlias
from typing import Any

import msgspec
import pytest
from tests.spec import examples

from voltroam.standard import v2_2_1 as v
from voltroam.standard.errors import InvalidBody
from voltroam.wire import rules
from voltroam.wire.decode import Severity, read

FILES = sorted(examples.FOLDER.glob("*.json"))
pytestmark = pytest.mark.skipif(
    not FILES, reason="the spec's examples are not beside the repository"
)
NAMED = pytest.mark.parametrize("file", FILES or [Path("none")], ids=lambda file: file.stem)


def plain(data: bytes) -> Any:
    return json.loads(data, parse_float=Decimal, parse_int=Decimal)


def encode(value: object) -> bytes:
    return msgspec.json.Encoder(decimal_format="number").encode(value)


def content(file: Path) -> tuple[Any, Any]:
    """What the file holds, and the type that it must decode to."""
    name, document = file.stem, plain(file.read_bytes())
    for start, (member, shape) in examples.MEMBERS.items():
        if name.startswith(start):
            return document[member], shape
    if name in examples.REPLIES:
        shape, many = examples.REPLIES[name]
        assert document["status_code"] == 1000
        return document["data"], GenericAlias(list, (shape,)) if many else shape
    patched = examples.kind_of(name, examples.PATCHES)
    if patched is not None:
        return document, partial(patched)
    if name in examples.LISTS:
        return document, GenericAlias(list, (examples.LISTS[name],))
    return document, examples.kind_of(name, examples.KINDS)


def partial(shape: type) -> type:
    """The same object with every member optional: what a PATCH may hold (OCPI 2.2.1 §transport)."""
    return msgspec.defstruct(
        f"Partial{shape.__name__}",
        [(field.name, field.type, msgspec.UNSET) for field in msgspec.structs.fields(shape)],
        kw_only=True,
        omit_defaults=True,
        forbid_unknown_fields=True,
    )


@NAMED
def test_an_example_is_known_to_this_test(file: Path) -> None:
    assert content(file)[1] is not None


@NAMED
def test_a_right_example_round_trips_and_breaks_no_rule(file: Path) -> None:
    document, shape = content(file)
    if file.stem in examples.WRONG:
        with pytest.raises(msgspec.ValidationError):
            msgspec.json.decode(encode(document), type=shape)
        return
    value = msgspec.json.decode(encode(document), type=shape)
    assert plain(encode(value)) == document
    assert [breach for breach in rules.check(value) if not breach.warning] == []


def test_every_wrong_example_is_among_the_files() -> None:
    assert set(examples.WRONG) <= {file.stem for file in FILES}


WHOLE = [
    file
    for file in FILES
    if not examples.kind_of(file.stem, examples.PATCHES)
    and not isinstance(content(file)[1], GenericAlias)
]


@pytest.mark.parametrize("file", WHOLE or [Path("none")], ids=lambda file: file.stem)
def test_the_strict_reader_agrees_on_whole_objects(file: Path) -> None:
    document, shape = content(file)
    reading = read(shape, encode(document))
    assert reading.usable(strict=True) is (file.stem not in examples.WRONG)


def test_the_client_info_of_the_chapter_is_no_json_and_lacks_last_updated() -> None:
    with pytest.raises(InvalidBody):
        read(v.ClientInfo, examples.IN_THE_TEXT)
    mended = examples.IN_THE_TEXT.replace(b'"PLANNED",', b'"PLANNED"')
    problems = read(v.ClientInfo, mended).problems
    assert [(problem.path, problem.severity) for problem in problems] == [
        ("$.last_updated", Severity.FATAL)
    ]
