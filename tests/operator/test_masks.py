"""Who a driver is stands nowhere in a masked document, and everything else stays as it was."""

import json
from typing import Any

import pytest
from tests.roaming import objects

from voltroam.operator.masks import fingerprint, masked
from voltroam.roaming.vault import Vault
from voltroam.standard.endpoints import CDR, SESSION, TARIFF, TOKEN, Resource
from voltroam.standard.packages import BOOKING, CONFIRMATION

VAULT = Vault([b"1" * 32])
UID, CONTRACT = "CANARY04A1B2", "CANARY-C1"


def hidden(text: str) -> str:
    return fingerprint(VAULT, text)


def shown(resource: Resource, document: Any) -> Any:
    return json.loads(masked(resource, json.dumps(document).encode(), hidden))


def test_a_fingerprint_is_the_same_in_any_case_and_only_with_our_key() -> None:
    assert hidden(UID) == hidden(UID.lower())
    assert hidden(UID) != hidden(CONTRACT)
    assert fingerprint(Vault([b"2" * 32]), UID) != hidden(UID)
    assert len(hidden(UID)) == 17
    assert hidden(UID).startswith("#")
    assert "CANARY" not in hidden(UID)


@pytest.mark.parametrize(
    ("resource", "document", "where"),
    [
        (TOKEN, objects.token(uid=UID, contract_id=CONTRACT), ()),
        (SESSION, objects.session(cdr_token=objects.cdr_token(uid=UID, contract_id=CONTRACT)),
         ("cdr_token",)),
        (CDR, objects.cdr(cdr_token=objects.cdr_token(uid=UID, contract_id=CONTRACT)),
         ("cdr_token",)),
    ],
)  # fmt: skip
def test_uid_and_contract_are_replaced_and_nothing_else(
    resource: Resource, document: Any, where: tuple[str, ...]
) -> None:
    after = shown(resource, document)
    assert "CANARY" not in json.dumps(after)
    inner = after
    for name in where:
        inner = inner[name]
        document = document[name]
    assert (inner["uid"], inner["contract_id"]) == (hidden(UID), hidden(CONTRACT))
    hides = {path.rpartition(".")[2] for path in resource.secrets}
    kept = {name: value for name, value in document.items() if name not in hides}
    assert {name: inner[name] for name in kept} == kept


def test_lists_are_masked_at_any_depth() -> None:
    """A booking names its drivers in each request; a receipt is a list of texts."""
    token = {"country_code": "DE", "party_id": "MSP", "uid": UID, "type": "RFID",
             "contract_id": CONTRACT}  # fmt: skip
    plate = {"method": "LICENSE_PLATE", "value": "CANARY-PLATE"}
    request = {"tokens": [token, token], "request_id": "R1", "access_information": [plate]}
    booking = {"id": "B1", "booking_tokens": [token],
               "booking_requests": [{"booking_request": request}] * 2}  # fmt: skip
    after = shown(BOOKING, booking)
    assert "CANARY" not in json.dumps(after)
    inner = after["booking_requests"][1]["booking_request"]
    assert [one["uid"] for one in inner["tokens"]] == [hidden(UID)] * 2
    assert (after["id"], inner["request_id"]) == ("B1", "R1")
    receipt = shown(CONFIRMATION, {"id": "F1", "eft_data": ["CANARY 1", 2], "total_costs": 1})
    assert receipt == {"id": "F1", "eft_data": [hidden("CANARY 1"), 2], "total_costs": 1}


@pytest.mark.parametrize("odd", [{}, {"cdr_token": None}, {"cdr_token": "x"}, {"cdr_token": []}])
def test_what_has_another_shape_is_left_as_it_is(odd: Any) -> None:
    assert shown(SESSION, odd) == odd


def test_a_kind_without_secrets_keeps_every_byte_and_numbers_stay_exact() -> None:
    tariff = json.dumps(objects.tariff(), indent=1).encode()
    assert masked(TARIFF, tariff, hidden) is tariff
    text = b'{"uid":"U","price":0.10000000000000000001}'
    assert b"0.10000000000000000001" in masked(TOKEN, text, hidden)
