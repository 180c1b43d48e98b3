"""Every object has the members, types, lengths and cardinalities of its chapter.

LOC-DT-01/02/03/05/06/07/08, LOC-DT-10, SES-DT-01/02, CDR-DT-01/02/03/04/05, CDR-DT-07,
TAR-DT-01/02/03, TOK-DT-01/02, CMD-DT-01/02/03, CHP-DT-01/02/03, CORE-TYPE-02, CORE-TYPE-12,
CORE-TYPE-14/15, CORE-CRED-01/02, CORE-CRED-05/06, CORE-HCI-03
"""

from typing import Any, get_type_hints

import msgspec
import pytest
from msgspec import inspect
from tests.standard.chapters import ALL, Member
from tests.standard.samples import FORMS, MEMBERS, SIMPLE, TEXTS, VALID, full, least, struct

from voltroam.standard import v2_2_1 as v


def decode(name: str, document: dict[str, Any]) -> Any:
    return msgspec.json.decode(msgspec.json.encode(document), type=struct(name))


def refused(name: str, document: dict[str, Any]) -> bool:
    try:
        decode(name, document)
    except msgspec.ValidationError:
        return True
    return False


def test_every_object_of_every_chapter_is_there_and_no_other() -> None:
    ours = {name for name in v.__all__ if issubclass(getattr(v, name), msgspec.Struct)}
    assert ours == set(ALL)


@pytest.mark.parametrize("name", ALL)
def test_an_object_has_exactly_the_members_of_its_table(name: str) -> None:
    assert {field.name for field in msgspec.structs.fields(struct(name))} == {
        member.name for member in ALL[name]
    }


@pytest.mark.parametrize("name", ALL)
def test_required_members_alone_are_enough(name: str) -> None:
    assert msgspec.to_builtins(decode(name, least(name))).keys() == least(name).keys()


@pytest.mark.parametrize("name", ALL)
def test_all_members_together_survive_a_round_trip(name: str) -> None:
    document = full(name)
    again = msgspec.json.Encoder(decimal_format="number").encode(decode(name, document))
    assert msgspec.json.decode(again) == document


@pytest.mark.parametrize("member", MEMBERS, ids=str)
def test_a_required_member_cannot_be_left_out_and_an_optional_one_can(member: Member) -> None:
    document = full(member.owner)
    del document[member.name]
    assert refused(member.owner, document) is member.required


@pytest.mark.parametrize("member", [m for m in MEMBERS if m.required], ids=str)
def test_a_required_member_is_not_null(member: Member) -> None:
    assert refused(member.owner, {**full(member.owner), member.name: None})


@pytest.mark.parametrize("member", MEMBERS, ids=str)
def test_a_member_of_another_json_type_is_refused(member: Member) -> None:
    wrong: Any = {"an": "object"} if member.many or member.type in SIMPLE else [1]
    assert refused(member.owner, {**full(member.owner), member.name: wrong})


@pytest.mark.parametrize("member", TEXTS, ids=str)
def test_a_text_fits_at_its_limit_and_not_one_character_beyond(member: Member) -> None:
    assert member.length is not None
    at_limit = "ä" * member.length
    if (member.owner, member.name) in VALID:
        at_limit = VALID[member.owner, member.name]
    elif member.name in FORMS:
        at_limit = FORMS[member.name][1]
    assert len(at_limit) == member.length

    def with_text(text: str) -> dict[str, Any]:
        return {**full(member.owner), member.name: [text] if member.many else text}

    assert not refused(member.owner, with_text(at_limit))
    assert refused(member.owner, with_text(at_limit + at_limit[-1]))


@pytest.mark.parametrize("member", [m for m in MEMBERS if m.many], ids=str)
def test_only_a_plus_list_refuses_to_be_empty(member: Member) -> None:
    document = {**full(member.owner), member.name: []}
    assert refused(member.owner, document) is (member.cardinality == "+")


@pytest.mark.parametrize("member", TEXTS, ids=str)
def test_an_identifier_can_be_told_from_a_text(member: Member) -> None:
    """CORE-TYPE-01: only a CiString is limited to ASCII, so a reader must know which is which."""
    assert (ocpi_word(member) == "CiString") is member.type.startswith("CiString")


def ocpi_word(member: Member) -> object:
    """What the annotation of a member says it is."""
    hints = get_type_hints(struct(member.owner), include_extras=True)
    words = list(_words(inspect.type_info(hints[member.name])))
    assert len(words) == 1
    return words[0]


def _words(kind: inspect.Type) -> Any:
    if isinstance(kind, inspect.Metadata):
        if kind.extra is not None and "ocpi" in kind.extra:
            yield kind.extra["ocpi"]
        yield from _words(kind.type)
    elif isinstance(kind, inspect.UnionType):
        for inner in kind.types:
            yield from _words(inner)
    elif isinstance(kind, inspect.ListType):
        yield from _words(kind.item_type)


@pytest.mark.parametrize("member", ["country_code", "party_id", "id"])
def test_what_identifies_an_object_is_never_empty(member: str) -> None:
    assert refused("Tariff", {**full("Tariff"), member: ""})


@pytest.mark.parametrize("member", [m for m in MEMBERS if m.type == "int"], ids=str)
def test_an_int_has_no_fraction(member: Member) -> None:
    assert refused(member.owner, {**full(member.owner), member.name: 1.5})


def test_secrets_and_drivers_are_not_in_a_repr() -> None:
    secret = "SECRET-1234"
    shown = [
        decode("Credentials", {**full("Credentials"), "token": secret}),
        decode("Token", {**full("Token"), "uid": secret, "contract_id": secret,
                         "visual_number": secret, "group_id": secret}),
        decode("CdrToken", {**full("CdrToken"), "uid": secret, "contract_id": secret}),
        decode("PublishTokenType", {"uid": secret, "visual_number": secret, "group_id": secret}),
        decode("EnergyContract", {"supplier_name": "GreenCo", "contract_id": secret}),
    ]  # fmt: skip
    assert secret not in repr(shown)
    assert secret not in f"{shown}"
