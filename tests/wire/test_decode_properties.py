"""The fast and the thorough reading agree on whatever comes; only faults are ever raised."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.counts import SOAK, times
from tests.spec.examples import KINDS, PATCHES, kind_of
from tests.wire.documents import EXAMPLES, FEED, VALID, VALUES, dump, spoiled
from tests.wire.documents import places as spots
from tests.wire.other_versions import (
    CDR_2_1_1,
    LOCATION_2_1_1,
    TOKEN_2_1_1,
    location_2_3_0,
    session_2_3_0,
    tariff_2_3_0,
)

from voltroam.standard import v2_1_1, v2_3_0
from voltroam.standard import v2_2_1 as v
from voltroam.standard import v2_3_0 as v230
from voltroam.standard.errors import InvalidBody
from voltroam.wire.decode import (
    Severity,
    read,
    read_patch,
    read_patch_thoroughly,
    read_thoroughly,
)
from voltroam.wire.encode import encode
from voltroam.wire.pieces import Pieces
from voltroam.wire.quick import quick_of

COUNT = times(1_000, full=20_000)
OTHERS: tuple[tuple[Any, dict[str, Any]], ...] = (
    (v2_1_1.Location, LOCATION_2_1_1),
    (v2_1_1.CDR, CDR_2_1_1),
    (v2_1_1.Token, TOKEN_2_1_1),
    (v2_3_0.Location, location_2_3_0()),
    (v2_3_0.Session, session_2_3_0()),
    (v2_3_0.Tariff, tariff_2_3_0()),
)
"""Documents of other versions."""
DOCUMENTS = VALID + OTHERS
NAMES = [f"{shape.__module__.split('.')[2]}-{shape.__name__}" for shape, _ in DOCUMENTS]

pairs = st.sampled_from(DOCUMENTS)
places = st.integers(0, 400)
values = st.sampled_from(VALUES)
actions = st.sampled_from(["replace", "replace", "add", "remove"])


PIECES = Pieces()
PARTS = {v.Location: ("evses", v.EVSE), v230.Location: ("evses", v230.EVSE)}


def agree(shape: Any, data: bytes) -> None:
    """What the fast path accepts has no problem in the slow walk, and the same view.

    The other way round: a document without problems, written anew, passes msgspec, and the fast
    path lets it pass or, suspecting too much, leaves it to the slow walk. `#NA` alone may be longer
    than its member allows.
    """
    quick = quick_of(shape).read(data)
    try:
        slow = read_thoroughly(shape, data)
    except InvalidBody:
        assert quick is None
        return
    if quick is not None:
        assert slow.value == quick
        assert slow == read(shape, data)
    elif not slow.problems and b"#NA" not in data:
        again = encode(slow.value)
        assert msgspec.json.decode(again, type=shape) == slow.value
        assert quick_of(shape).read(again) in (None, slow.value)
    if shape in PARTS:
        for _ in range(2):  # first learnt, then known
            assert PIECES.read(shape, *PARTS[shape], data) == read(shape, data)
    part = read_patch(shape, data, needs_last_updated=False)
    assert part == read_patch_thoroughly(shape, data, needs_last_updated=False)
    if slow.value is None:
        assert not slow.usable(strict=False)
        assert any(problem.severity is Severity.FATAL for problem in slow.problems)


@pytest.mark.soak(f"{COUNT:,} spoiled documents")
@settings(derandomize=True, max_examples=COUNT, deadline=None)
@given(pairs, places, actions, values, st.booleans())
def test_both_readings_agree_on_spoiled_documents(
    pair: tuple[Any, dict[str, Any]], place: int, action: str, value: str, blanks: bool
) -> None:
    shape, document = pair
    agree(shape, spoiled(document, place, action, value, blanks))


@pytest.mark.parametrize("value", VALUES, ids=range(len(VALUES)))
@pytest.mark.parametrize(("shape", "document"), VALID, ids=NAMES[: len(VALID)])
def test_both_readings_agree_on_every_value_as_an_unknown_member(
    shape: Any, document: dict[str, Any], value: str
) -> None:
    """CORE-HTTP-23"""
    agree(shape, spoiled(document, 0, "add", value, blanks=False))


@pytest.mark.parametrize(("shape", "document"), DOCUMENTS, ids=NAMES)
def test_both_readings_agree_on_values_in_every_place(shape: Any, document: dict[str, Any]) -> None:
    for place in range(len(list(spots(document)))):
        for value in VALUES if SOAK else VALUES[place % 9 :: 9]:
            agree(shape, spoiled(document, place, "replace", value, blanks=False))


LOCATION = next(document for shape, document in VALID if shape is v.Location)
MOMENTS: list[object] = [
    "2026-11-23T05:00:00Z", "2026-11-23T05:00:00.123Z", "2026-11-23T05:00:00.12Z",
    "2026-11-23T05:00:00", "2026-11-23T05:00:00+01:00", "2026-11-23t05:00:00z",
    "2026-13-23T05:00:00Z", "2026-11-23T25:00:00Z", "2026-11-23T05:00:60Z", "0000-01-01T00:00:00Z",
    "2026-11-23T05:00:00\x00123Z", "2026-11-2\u0663T05:00:00Z", "", "now", None, 5, [], {},
]  # fmt: skip


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"x": {"last_updated": "2020-01-01T00:00:00Z"}},
        {"name": "last_updated"},
        {"name": "a\\b"},
    ],
    ids=range(4),
)
@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": "), ("\n,", " :\n")], ids=range(3))
def test_a_known_object_with_another_time_is_read_as_a_new_one(
    separators: tuple[str, str], more: dict[str, Any]
) -> None:
    """CORE-TYPE-05: its time is looked at, wherever else a word or an object looks like it."""
    pieces = Pieces()
    for moment in (*MOMENTS[:1] * 3, *MOMENTS):
        document = more | LOCATION | {"last_updated": moment} | more
        data = json.dumps(document, separators=separators).encode()
        assert pieces.read(v.Location, "evses", v.EVSE, data) == read(v.Location, data)


def test_of_a_known_object_only_its_time_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    pieces = Pieces()
    for time in MOMENTS[:2] * 2:
        document = LOCATION | {"last_updated": time}
        found = pieces.read(v.Location, "evses", v.EVSE, dump(document))
        assert found == read_thoroughly(v.Location, dump(document))
    monkeypatch.setattr("voltroam.wire.pieces.quick_of", None)
    monkeypatch.setattr("voltroam.wire.pieces.read", None)
    again = dump(LOCATION | {"last_updated": "2026-11-24T05:00:00Z"})
    assert pieces.read(v.Location, "evses", v.EVSE, again) == read_thoroughly(v.Location, again)


@pytest.mark.soak(f"{COUNT:,} documents with changed bytes")
@settings(derandomize=True, max_examples=COUNT, deadline=None)
@given(pairs, st.integers(0, 10**6), st.integers(0, 3), st.binary(max_size=3))
@example((v.Token, VALID[3][1]), 3, 0, b'","uid":"')
def test_both_readings_agree_on_bytes_changed_at_random(
    pair: tuple[Any, dict[str, Any]], place: int, cut: int, put: bytes
) -> None:
    shape, document = pair
    data = dump(document)
    place %= len(data)
    agree(shape, data[:place] + put + data[place + cut :])


@settings(derandomize=True, max_examples=300, deadline=None)
@given(st.sampled_from([shape for shape, _ in DOCUMENTS]), st.binary(max_size=80))
def test_any_bytes_are_read_or_refused(shape: Any, data: bytes) -> None:
    """CORE-HTTP-05, CORE-STAT-08"""
    agree(shape, data)
    try:
        assert not read_patch(shape, data, needs_last_updated=True).usable(strict=False)
    except InvalidBody as fault:
        assert fault.message  # noqa: PT017 - either outcome is right


@settings(derandomize=True, max_examples=COUNT // 3, deadline=None)
@given(pairs, places, actions, values)
def test_a_patch_of_a_whole_object_is_judged_like_the_object(
    pair: tuple[Any, dict[str, Any]], place: int, action: str, value: str
) -> None:
    """CORE-MUT-11"""
    shape, document = pair
    data = spoiled(document, place, action, value, blanks=False)
    try:
        whole = read_thoroughly(shape, data)
    except InvalidBody:
        with pytest.raises(InvalidBody):
            read_patch(shape, data, needs_last_updated=True)
        return
    part = read_patch(shape, data, needs_last_updated=True)
    if whole.usable(strict=False):
        assert part.usable(strict=False)
    if not part.usable(strict=False):
        assert not whole.usable(strict=False)


@pytest.mark.skipif(not EXAMPLES.exists(), reason="the specification's examples are not here")
def test_both_readings_agree_on_the_examples_of_the_standard() -> None:
    seen = 0
    for file in sorted(EXAMPLES.glob("*.json")):
        shape = kind_of(file.stem, KINDS)
        if shape is not None and kind_of(file.stem, PATCHES) is None:
            seen += 1
            agree(shape, file.read_bytes())
            agree(shape, json.dumps(json.loads(file.read_bytes())).encode())
    assert seen > 30


@pytest.mark.skipif(not EXAMPLES.exists(), reason="the specification's examples are not here")
@settings(derandomize=True, max_examples=COUNT // 3, deadline=None)
@given(st.data())
def test_both_readings_agree_on_spoiled_examples_of_the_standard(data: st.DataObject) -> None:
    files = sorted(file for file in EXAMPLES.glob("*.json") if kind_of(file.stem, KINDS))
    file = data.draw(st.sampled_from(files))
    place, value = data.draw(places), data.draw(values)
    document = json.loads(file.read_bytes())
    agree(kind_of(file.stem, KINDS), spoiled(document, place, "replace", value, blanks=True))


@pytest.mark.skipif(not FEED.exists(), reason="the real feed is not here")
def test_both_readings_agree_on_a_real_feed() -> None:
    """CORE-HTTP-18"""
    locations = json.loads(FEED.read_bytes())["items"]
    readings = []
    for document in locations:
        data = dump(document)
        agree(v.Location, data)
        readings.append(read(v.Location, data))
    assert len(readings) == 60
    assert all(reading.usable(strict=False) for reading in readings)
    assert any(not reading.usable(strict=True) for reading in readings)


def test_what_stands_twice_around_known_parts_is_seen() -> None:
    """CORE-HTTP-07: parts that were read before hide nothing beside them."""
    pieces, (member, part) = Pieces(), PARTS[v.Location]
    data = dump(VALID[0][1])
    listed = json.dumps(VALID[0][1]["evses"], ensure_ascii=False, separators=(",", ":")).encode()
    assert listed in data
    assert pieces.read(v.Location, member, part, data) == read(v.Location, data)
    for twice in (
        data.replace(b"{", b'{"evses":%b,' % listed, 1),
        data.replace(b"{", b'{"evses":[],', 1),
        data.replace(b"{", b'{"x":%b,"id":"OTHER",' % listed, 1),
        data.replace(listed, b"[%b,%b]" % (listed[1:-1], listed[1:-1])),
    ):
        reading = pieces.read(v.Location, member, part, twice)
        assert reading == read(v.Location, twice)
        assert reading.problems
