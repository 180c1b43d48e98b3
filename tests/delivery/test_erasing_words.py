"""A word is found however it is written; numbers, names and ids keep their bytes."""

import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voltroam.delivery.erasing_words import (
    BESIDE,
    IN_PARTS,
    KEPT,
    NAMES,
    NESTED,
    SIGNED,
    Words,
    is_of_type,
    linked_words,
)

UID = "04A1B2C3D4"
WORDS = Words([UID, "NL-TNM-C001"], "X")
SPECIAL = KEPT | NAMES | SIGNED | IN_PARTS | set(BESIDE) | {NESTED}
OTHER_NAMES = st.text().filter(lambda name: name not in SPECIAL)
"""Names that say nothing of what is in them: Hypothesis tries words of our own sources too."""


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b'{"uid":"04A1B2C3D4"}', b'{"uid":"X"}'),
        (b'{ "uid" : "04a1b2c3d4" , "n" : 1.10 }', b'{ "uid" : "X" , "n" : 1.10 }'),
        (b'{"uid":"04\\u00411B2C3D4"}', b'{"uid":"X"}'),
        (b'{"contract_id":"nl-tnm-c001"}', b'{"contract_id":"X"}'),
        (b'{"why":"token 04A1B2C3D4 unknown"}', b'{"why":"token X unknown"}'),
        (b'{"key":"tokens/NL/TNM/04A1B2C3D4/RFID"}', b'{"key":"tokens/NL/TNM/X/RFID"}'),
        (b'["04A1B2C3D4",["04A1B2C3D4"]]', b'["X",["X"]]'),
        (b'"{\\"uid\\":\\"04A1B2C3D4\\"}"', b'"{\\"uid\\":\\"X\\"}"'),
        (b"no json 04A1B2C3D4", b"no json X"),
        (b'{"broken": "04A1B2C3D4', b'{"broken": "X'),
        (b'{"signed_data":"OCMF|{\\"ID\\":\\"04A1B2C3D4\\"}|{}"}',
         b'{"signed_data":"OCMF|{\\"ID\\":\\"X\\"}|{}"}'),
    ],
)  # fmt: skip
def test_it_is_replaced_and_nothing_else(before: bytes, after: bytes) -> None:
    assert WORDS.rewrite(before) == after


@pytest.mark.parametrize(
    "document",
    [
        b'{"id":"04A1B2C3D4","location_id":"04A1B2C3D4"}',
        b'{"04A1B2C3D4":1}',
        b'{"total_cost":{"excl_vat":10.00,"incl_vat":12.10}, "\\u00e9":"\\/"}',
        b"true",
        b"",
        b"\xff\xfe",
    ],
)
def test_names_ids_and_all_else_stay_to_the_byte(document: bytes) -> None:
    assert WORDS.rewrite(document) == document


def test_a_signed_value_that_holds_it_encoded_goes_whole() -> None:
    for inside in (b"OCMF|{ID:04a1b2c3d4}", b"\x00" + bytes.fromhex(UID) + b"\x01"):
        packed = base64.b64encode(inside)
        assert WORDS.rewrite(b'{"signed_data":"%s"}' % packed) == b'{"signed_data":"X"}'
    other = b'{"plain_data":"%s"}' % base64.b64encode(b"OCMF|{ID:0000}")
    assert WORDS.rewrite(other) == other


def test_a_short_word_is_replaced_only_where_a_member_says_what_it_is() -> None:
    short = Words(["12"], "X")
    document = b'{"uid":"12","connector_id":"12","hours":"12","text":"12 kWh","n":12}'
    after = b'{"uid":"X","connector_id":"12","hours":"12","text":"12 kWh","n":12}'
    assert short.rewrite(document) == after


@pytest.mark.parametrize("uid", ["ENERGY", "energy", "PARKING", "COMPLETED", "AVAILABLE"])
def test_a_token_called_like_a_word_of_the_standard_leaves_the_standard_alone(uid: str) -> None:
    """Prices, states and the like of all others stay what they are."""
    words = Words([uid], "X")
    for document in (
        b'{"type":"ENERGY","price":0.25}', b'{"type":"PARKING_TIME"}', b'{"status":"COMPLETED"}',
        b'{"status":"AVAILABLE"}',
    ):  # fmt: skip
        assert words.rewrite(document) == document
    assert words.rewrite(b'{"uid":"%b"}' % uid.encode()) == b'{"uid":"X"}'


def test_contract_and_number_beside_the_uid_are_the_drivers_too() -> None:
    document = (
        b'[{"uid":"A1","type":"RFID","contract_id":"C1","visual_number":"V1"},'
        b'{"uid":"B2","type":"RFID","contract_id":"C2"},{"uid":"A1","status":"AVAILABLE"}]'
    )
    assert linked_words(document, "A1", None) == ({"C1", "V1"}, {"C2"})
    assert linked_words(document, "A1", "APP_USER") == (set(), {"C2"})
    assert is_of_type(document, "A1", "RFID")
    assert not is_of_type(document, "A1", "APP_USER")
    assert is_of_type(b'{"uid":"A1"}', "A1", "APP_USER")


@settings(derandomize=True, max_examples=300, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text() | st.just(UID) | st.just(UID.lower()),
        lambda inner: st.lists(inner) | st.dictionaries(OTHER_NAMES, inner),
        max_leaves=20,
    ),
    st.booleans(),
)
def test_any_document_loses_it_and_stays_json(value: object, ascii_only: bool) -> None:
    import json

    document = json.dumps(value, ensure_ascii=ascii_only).encode("utf-8", "replace")
    after = WORDS.rewrite(document)
    expected = json.dumps(_without(value), ensure_ascii=ascii_only).encode("utf-8", "replace")
    assert json.loads(after) == json.loads(expected)
    assert WORDS.rewrite(after) == after


def _without(value: object) -> object:
    if isinstance(value, list):
        return [_without(one) for one in value]
    if isinstance(value, dict):
        return {name: _without(one) for name, one in value.items()}
    return "X" if isinstance(value, str) and value.upper() == UID else value
