"""Tariff ids in documents of locations: found, left out, dated. LOC-CON-01."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.counts import times

from voltroam.roaming.references import FEW, references_of
from voltroam.standard.endpoints import LOCATION, TARIFF
from voltroam.wire.times import parse_datetime

OLD, NOW = "2026-01-01T00:00:00Z", "2026-06-01T12:00:00Z"
FOUND = references_of(LOCATION)
assert FOUND is not None
REFERENCES = FOUND
IDS = ("GOLD", "gold", "T-1", "T/2", 'a"b', "Gold2", "x\\y")


def document(*connectors: list[str] | None, **more: Any) -> dict[str, Any]:
    """One EVSE for each connector."""
    return {
        "id": "L",
        "x_rate": 1.10,
        "evses": [
            {
                "uid": f"E{number}",
                "connectors": [
                    {"id": "1", "last_updated": OLD} | ({} if ids is None else {"tariff_ids": ids})
                ],
                "last_updated": OLD,
            }
            for number, ids in enumerate(connectors)
        ],
        "last_updated": OLD,
        **more,
    }


def raw(value: Any) -> bytes:
    return json.dumps(value).encode()


def ids(*names: str) -> frozenset[str]:
    return frozenset(name.upper() for name in names)


def test_only_locations_refer_to_tariffs() -> None:
    assert REFERENCES.kind == TARIFF.kind
    assert references_of(TARIFF) is None


def test_an_id_is_left_out_and_a_list_of_nothing_else_with_it() -> None:
    given_ = document(["GOLD", "DAY"], ["gold"], None, ["DAY"])
    assert json.loads(REFERENCES.without(raw(given_), ids("Gold"))) == document(
        ["DAY"], None, None, ["DAY"]
    )


def test_what_names_nothing_of_them_keeps_its_bytes() -> None:
    text = raw(document(["DAY"], name="GOLD"))
    assert REFERENCES.without(text, ids("GOLD")) is text
    assert REFERENCES.named(text, ids("GOLD")) == frozenset()
    assert REFERENCES.named(text, frozenset()) == frozenset()


def test_numbers_and_unknown_members_stay_as_they_are() -> None:
    text = raw(document(["GOLD"])).replace(b"1.1,", b"1.1000,")
    assert b"1.1000" in REFERENCES.without(text, ids("GOLD"))


def test_an_escaped_id_does_not_slip_through() -> None:
    text = raw(document(["GOLD"])).replace(b"GOLD", rb"G\u004fLD")
    assert REFERENCES.named(text, ids("GOLD")) == {"GOLD"}
    assert b"tariff_ids" not in REFERENCES.without(text, ids("GOLD"))


@pytest.mark.parametrize("text", [b"", b"[]", b'{"evses": 1}', b'{"evses": [{"connectors": {}}]}'])
def test_what_cannot_be_read_names_nothing(text: bytes) -> None:
    many = ids("GOLD", *(f"T{number}" for number in range(FEW + 1)))
    assert REFERENCES.named(text, many) == frozenset()


def test_dates_rise_on_the_way_to_the_id_only() -> None:
    later = "2026-12-01T00:00:00Z"
    given_ = document(["GOLD"], ["DAY"], ["GOLD"])
    given_["evses"][2]["last_updated"] = later
    dated = json.loads(REFERENCES.dated(raw(given_), ids("GOLD"), parse_datetime(NOW)))
    assert dated["last_updated"] == NOW
    assert [it["last_updated"] for it in dated["evses"]] == [NOW, OLD, later]
    assert [it["connectors"][0]["last_updated"] for it in dated["evses"]] == [NOW, OLD, NOW]


@given(
    st.lists(st.none() | st.lists(st.sampled_from(IDS), max_size=4), max_size=4),
    st.frozensets(st.sampled_from(IDS), max_size=3),
    st.booleans(),
    st.booleans(),
)
@settings(max_examples=times(200, full=5000), derandomize=True, deadline=None)
def test_a_partner_finds_every_other_id_and_none_of_these(
    connectors: list[list[str] | None], hidden: frozenset[str], many: bool, ascii_only: bool
) -> None:
    text = json.dumps(document(*connectors), ensure_ascii=ascii_only).encode()
    wanted = ids(*hidden) | (ids(*(f"N{n}" for n in range(FEW + 1))) if many else frozenset())
    named = REFERENCES.named(text, wanted)
    assert named == ids(*(one for it in connectors for one in it or ())) & wanted
    left = json.loads(REFERENCES.without(text, wanted))
    assert left == document(
        *(
            ([one for one in it if one.upper() not in wanted] or (it if it == [] else None))
            if it is not None
            else None
            for it in connectors
        )
    )
