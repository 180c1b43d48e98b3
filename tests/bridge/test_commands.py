"""Commands and their answers between versions (2.1.1, 2.2.1 §mod_commands)."""

from dataclasses import replace

import pytest
from tests.bridge.crossing import PLAIN, cross
from tests.bridge.samples import (
    CANCEL,
    PREFERENCES,
    PROFILE,
    RESERVE_211,
    RESERVE_221,
    RESPONSE_221,
    START_211,
    START_221,
    STOP,
    UNLOCK,
)

from voltroam.bridge.named import LARGEST_NUMBER, reservation_down, reservation_up
from voltroam.bridge.terms import NamesInMemory
from voltroam.standard.parties import PartyId

TERMS = replace(PLAIN, owner=PartyId("DE", "MOV"))


def test_a_start_for_2_1_1_names_neither_connector_nor_reference() -> None:
    """R211-090"""
    found = cross("StartSession", START_221, "2.2.1", "2.1.1", TERMS)
    assert found.value == START_211
    assert found.notes["connector-dropped"] == "unsafe"
    assert found.notes["reference-dropped"] == "kept"


def test_a_reservation_has_a_number_in_2_1_1() -> None:
    """R211-094"""
    assert cross("ReserveNow", RESERVE_221, "2.2.1", "2.1.1", TERMS).value == RESERVE_211
    assert cross("ReserveNow", RESERVE_211, "2.1.1", "2.2.1", TERMS).value == RESERVE_221


def test_a_name_gets_a_number_from_the_table_and_keeps_it() -> None:
    """R211-094, R211-095"""
    names = NamesInMemory()
    terms = replace(TERMS, names=names)
    named = {**RESERVE_221, "reservation_id": "6f1e-RES"}
    number = cross("ReserveNow", named, "2.2.1", "2.1.1", terms).value["reservation_id"]
    assert isinstance(number, int)
    assert 0 < number <= LARGEST_NUMBER
    again = cross("ReserveNow", named, "2.2.1", "2.1.1", terms).value["reservation_id"]
    assert again == number
    back = cross("ReserveNow", {**RESERVE_211, "reservation_id": number}, "2.1.1", "2.2.1", terms)
    assert back.value["reservation_id"] == "6f1e-RES"
    assert reservation_down("6f1e-RES", NamesInMemory()) == number


def test_two_reservations_never_share_a_number() -> None:
    names = NamesInMemory()
    first = reservation_down("one", names)
    names.pair("reservation", "two", str(reservation_down("two", NamesInMemory())))
    third = reservation_down(str(first), names)
    assert third == first + 1
    assert reservation_up(first, names) == "one"
    assert reservation_up(third, names) == str(first)
    assert reservation_down("007", NamesInMemory()) != 7
    assert reservation_down("7", NamesInMemory()) == 7


def test_2_1_1_has_no_cancellation_and_no_profiles() -> None:
    """R211-090"""
    found = cross("CancelReservation", CANCEL, "2.2.1", "2.1.1")
    assert found.value is None
    assert found.notes == {"command-unknown": "refused"}
    for kind, document in (("ChargingPreferences", PREFERENCES), ("SetChargingProfile", PROFILE)):
        refused = cross(kind, document, "2.2.1", "2.1.1")
        assert (refused.value, refused.notes) == (None, {"object-unknown": "refused"})
        assert cross(kind, document, "2.2.1", "2.3.0").value == document


@pytest.mark.parametrize(("kind", "document"), [("StopSession", STOP), ("UnlockConnector", UNLOCK)])
def test_these_commands_are_the_same_everywhere(kind: str, document: dict[str, str]) -> None:
    for source in ("2.1.1", "2.2.1", "2.3.0"):
        for target in ("2.1.1", "2.2.1", "2.3.0"):
            assert cross(kind, document, source, target).value == document


def test_an_answer_at_once_is_the_result_alone() -> None:
    """R211-091"""
    down = cross("CommandResponse", RESPONSE_221, "2.2.1", "2.1.1")
    assert down.value == {"result": "ACCEPTED"}
    up = cross("CommandResponse", down.value, "2.1.1", "2.2.1", replace(TERMS, timeout=45))
    assert up.value == {"result": "ACCEPTED", "timeout": 45}
    assert up.notes == {"timeout-put-in": "inferred"}


def test_a_timeout_at_once_is_a_refusal_since_2_2_1() -> None:
    found = cross("CommandResponse", {"result": "TIMEOUT"}, "2.1.1", "2.2.1")
    assert found.value["result"] == "REJECTED"
    assert found.value["message"][0]["language"] == "en"


@pytest.mark.parametrize(
    ("word", "written", "code"),
    [
        ("ACCEPTED", "ACCEPTED", None),
        ("TIMEOUT", "TIMEOUT", None),
        ("NOT_SUPPORTED", "NOT_SUPPORTED", None),
        ("FAILED", "REJECTED", "result-rejected"),
        ("EVSE_OCCUPIED", "REJECTED", "result-rejected"),
        ("EVSE_INOPERATIVE", "REJECTED", "result-rejected"),
        ("UNKNOWN_RESERVATION", "REJECTED", "result-rejected"),
        ("CANCELED_RESERVATION", "REJECTED", "cancelled-reservation-rejected"),
    ],
)
def test_late_results_outside_the_five_words_are_rejected(
    word: str, written: str, code: str | None
) -> None:
    """R211-093"""
    found = cross("CommandResult", {"result": word, "message": []}, "2.2.1", "2.1.1")
    assert found.value == {"result": written}
    assert set(found.notes) == {"message-dropped"} | ({code} if code else set())


def test_an_unknown_session_is_no_late_result_since_2_2_1() -> None:
    found = cross("CommandResult", {"result": "UNKNOWN_SESSION"}, "2.1.1", "2.2.1")
    assert found.value == {"result": "REJECTED"}
    assert found.notes == {"unknown-session-rejected": "inferred"}
