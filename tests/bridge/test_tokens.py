"""Tokens and authorizations between versions (2.1.1, 2.2.1, 2.3.0 §mod_tokens)."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.bridge.crossing import PLAIN, cross
from tests.bridge.samples import (
    AUTHORIZATION_211,
    AUTHORIZATION_221,
    REFERENCES_211,
    REFERENCES_221,
    START_221,
    TOKEN_211,
    TOKEN_221,
)

from voltroam.bridge.convert import at_home
from voltroam.bridge.named import type_at_home
from voltroam.bridge.reach import lowest
from voltroam.bridge.terms import Asked, NamesInMemory, Relaxation
from voltroam.standard.parties import PartyId
from voltroam.standard.versions import V2_1_1, V2_3_0

MOVIA = replace(PLAIN, owner=PartyId("DE", "MOV"))


def fresh() -> Any:
    return replace(MOVIA, names=NamesInMemory())


def test_the_contract_has_two_names() -> None:
    """R211-081"""
    up = cross("Token", TOKEN_211, "2.1.1", "2.2.1", MOVIA)
    assert up.value == TOKEN_221
    assert cross("Token", up.value, "2.2.1", "2.1.1", MOVIA).value == TOKEN_211


def test_what_a_contract_prefers_is_lost_and_the_group_is_missed() -> None:
    more: dict[str, Any] = {
        "group_id": "G", "default_profile_type": "GREEN",
        "energy_contract": {"supplier_name": "Sun"},
    }  # fmt: skip
    found = cross("Token", {**TOKEN_221, **more}, "2.2.1", "2.1.1", fresh())
    assert found.value == TOKEN_211
    assert found.notes["group-dropped"] == "unsafe"
    assert found.notes["contract-details-dropped"] == "kept"


@pytest.mark.parametrize(
    ("kind", "source", "target"),
    [("APP_USER", "2.2.1", "2.1.1"), ("AD_HOC_USER", "2.3.0", "2.1.1"),
     ("EMAID", "2.3.0", "2.2.1"), ("FOB", "2.3.0", "2.2.1")],
)  # fmt: skip
def test_a_type_without_a_word_is_other_and_comes_back(kind: str, source: str, target: str) -> None:
    """R211-081, R230-050"""
    terms = fresh()
    given = {**TOKEN_221, "type": kind}
    down = cross("Token", given, source, target, terms)
    assert down.value["type"] == "OTHER"
    assert down.notes["token-type-other"] == "kept"
    up = cross("Token", down.value, target, source, terms)
    assert up.value == given
    assert type_at_home(terms.names, "DE/MOV", TOKEN_221["uid"]) == kind
    assert type_at_home(terms.names, "DE/MOV", "another") == "OTHER"


def test_the_second_token_that_would_be_other_is_refused() -> None:
    """R211-083"""
    terms = fresh()
    app, other = {**TOKEN_221, "type": "APP_USER"}, {**TOKEN_221, "type": "OTHER"}
    assert cross("Token", app, "2.2.1", "2.1.1", terms).value is not None
    second = cross("Token", other, "2.2.1", "2.1.1", terms)
    assert second.value is None
    assert second.notes == {"token-twin": "refused"}
    assert cross("Token", app, "2.2.1", "2.1.1", terms).value is not None
    of_another = {**other, "party_id": "XYZ"}
    assert cross("Token", of_another, "2.2.1", "2.1.1", terms).value is not None
    assert cross("StartSession", {**START_221, "token": other}, "2.2.1", "2.1.1", terms
                 ).value is None  # fmt: skip


def test_the_house_keeps_a_token_under_its_own_type() -> None:
    """R230-050, R230-051: those below 2.3.0 are not shown it at all."""
    given = {**TOKEN_221, "type": "EMAID"}
    kept = at_home("Token", given, source=V2_3_0, terms=fresh())
    assert kept.value == given
    assert lowest("Token", given) is V2_3_0
    assert lowest("Token", TOKEN_221) is V2_1_1


def test_the_tables_never_hold_the_uid() -> None:
    class Spy(NamesInMemory):
        said: list[str] = []  # noqa: RUF012 - one test, one spy

        def pair(self, table: str, home: str, theirs: str) -> None:
            self.said += [table, home, theirs]
            super().pair(table, home, theirs)

    terms = replace(MOVIA, names=Spy())
    cross("Token", {**TOKEN_221, "type": "APP_USER"}, "2.2.1", "2.1.1", terms)
    assert Spy.said
    assert not [word for word in Spy.said if TOKEN_221["uid"] in word]


def test_connectors_are_not_referred_to_since_2_2_1() -> None:
    """R211-087"""
    up = cross("LocationReferences", REFERENCES_211, "2.1.1", "2.2.1")
    assert up.value == REFERENCES_221
    assert up.notes == {"connectors-dropped": "kept"}
    down = cross("LocationReferences", up.value, "2.2.1", "2.1.1",
                 replace(PLAIN, memory=REFERENCES_211))  # fmt: skip
    assert down.value == REFERENCES_211


def test_the_answer_of_2_1_1_names_neither_token_nor_reference() -> None:
    """R211-088"""
    found = cross("AuthorizationInfo", AUTHORIZATION_221, "2.2.1", "2.1.1")
    assert found.value == AUTHORIZATION_211
    assert set(found.notes) == {"token-of-answer-dropped", "reference-dropped"}


def test_the_token_of_an_answer_is_the_one_asked_for() -> None:
    asked = replace(MOVIA, asked=Asked("04A1B2C3", token=TOKEN_221))
    found = cross("AuthorizationInfo", AUTHORIZATION_211, "2.1.1", "2.2.1", asked)
    assert found.value["token"] == TOKEN_221
    assert found.notes["token-found"] == "inferred"


def test_a_token_that_is_not_held_is_made_and_told() -> None:
    now = datetime(2026, 6, 1, 18, tzinfo=UTC)
    asked = replace(MOVIA, asked=Asked("04A1B2C3", "RFID"), now=now)
    found = cross("AuthorizationInfo", {"allowed": "ALLOWED"}, "2.1.1", "2.2.1", asked)
    assert found.value["token"] == {
        "country_code": "DE", "party_id": "MOV", "uid": "04A1B2C3", "type": "RFID",
        "contract_id": "04A1B2C3", "issuer": "DE-MOV", "valid": True, "whitelist": "NEVER",
        "last_updated": "2026-06-01T18:00:00Z",
    }  # fmt: skip
    assert found.notes == {"token-made": "unsafe"}
    nobody = cross("AuthorizationInfo", {"allowed": "BLOCKED"}, "2.1.1", "2.2.1")
    assert "token" not in nobody.value
    assert nobody.notes == {"token-unknown": "unsafe"}


def test_new_words_pass_where_the_partner_takes_them() -> None:
    terms = replace(fresh(), relaxations=frozenset({Relaxation.UNKNOWN_WORDS}))
    given = {**TOKEN_221, "type": "EMAID"}
    assert cross("Token", given, "2.3.0", "2.2.1", terms).value == given
