"""Commands and their answers between 2.1.1 and 2.2.1."""

from voltroam.bridge.crossing import Crossing
from voltroam.bridge.members import text, within
from voltroam.bridge.named import (
    member_down,
    member_up,
    reservation_down,
    reservation_up,
)
from voltroam.bridge.terms import Document
from voltroam.bridge.v2_1_1.locations import EVSE, LOCATION
from voltroam.bridge.v2_1_1.money import SESSION
from voltroam.bridge.v2_1_1.plain import texts_down, times_up
from voltroam.bridge.v2_1_1.tokens import token_down, token_up
from voltroam.bridge.v2_1_1.words import RESULTS

_IDS = {"location_id": LOCATION, "evse_uid": EVSE, "session_id": SESSION}
REJECTED, TIMEOUT, UNKNOWN_SESSION = "REJECTED", "TIMEOUT", "UNKNOWN_SESSION"
RESERVATION_ID = "reservation_id"
CANCELED = "CANCELED_RESERVATION"
LATE = {"language": "en", "text": "No answer from the charger in time"}


def command_up(command: Document, at: str, crossing: Crossing) -> Document:
    """Ids, the token, and a text for the reservation's number (OCPI 2.2.1 §mod_commands)."""
    raised = times_up(command, at, crossing)
    for name, table in _IDS.items():
        member_up(raised, name, table, at, crossing)
    within(raised, "token", at, lambda one, where: token_up(one, where, crossing))
    number = raised.get(RESERVATION_ID)
    if isinstance(number, int) and not isinstance(number, bool):
        raised[RESERVATION_ID] = reservation_up(number, crossing.names)
        crossing.note("reservation-as-text", f"{at}/{RESERVATION_ID}")
    return raised


def command_down(command: Document, at: str, crossing: Crossing) -> Document | None:
    """A number for the reservation; neither connector nor reference (OCPI 2.1.1 §mod_commands).

    None where the token itself cannot pass.
    """
    lowered = texts_down(command, at, crossing)
    for name, table in _IDS.items():
        member_down(lowered, name, table, at, crossing)
    if isinstance(lowered.get("token"), dict):
        token = token_down(lowered["token"], f"{at}/token", crossing)
        if token is None:
            return None
        lowered["token"] = token
    reservation = text(lowered, RESERVATION_ID)
    if reservation is not None:
        lowered[RESERVATION_ID] = reservation_down(reservation, crossing.names)
        crossing.note("reservation-as-number", f"{at}/{RESERVATION_ID}")
    crossing.drop(lowered, "reference-dropped", at, "authorization_reference")
    return lowered


def start_down(command: Document, at: str, crossing: Crossing) -> Document | None:
    """A start cannot name a connector (OCPI 2.1.1 §mod_commands, StartSession)."""
    lowered = command_down(command, at, crossing)
    if lowered is not None:
        crossing.drop(lowered, "connector-dropped", at, "connector_id")
    return lowered


def cancel_down(command: Document, at: str, crossing: Crossing) -> None:
    """2.1.1 has no such command: it is answered NOT_SUPPORTED, never emulated."""
    crossing.note("command-unknown", at)


def response_up(response: Document, at: str, crossing: Crossing) -> Document:
    """A time to wait is put in; TIMEOUT is no answer at once (OCPI 2.2.1, CommandResponse)."""
    raised = dict(response)
    if raised.get("result") == TIMEOUT:
        raised["result"] = REJECTED
        raised["message"] = [LATE]
        crossing.note("timeout-rejected", f"{at}/result")
    if "timeout" not in raised:
        raised["timeout"] = crossing.terms.timeout
        crossing.note("timeout-put-in", f"{at}/timeout")
    return raised


def response_down(response: Document, at: str, crossing: Crossing) -> Document:
    """The result alone (OCPI 2.1.1 §mod_commands, CommandResponse)."""
    lowered = dict(response)
    crossing.drop(lowered, "timeout-dropped", at, "timeout")
    crossing.drop(lowered, "message-dropped", at, "message")
    return _word_down(lowered, at, crossing)


def result_up(result: Document, at: str, crossing: Crossing) -> Document:
    """A late answer knows no UNKNOWN_SESSION (OCPI 2.2.1 §mod_commands, CommandResultType)."""
    if result.get("result") != UNKNOWN_SESSION:
        return result
    crossing.note("unknown-session-rejected", f"{at}/result")
    return result | {"result": REJECTED}


def result_down(result: Document, at: str, crossing: Crossing) -> Document:
    """Five words; all others are REJECTED (OCPI 2.1.1 §mod_commands, CommandResponseType)."""
    lowered = dict(result)
    crossing.drop(lowered, "message-dropped", at, "message")
    return _word_down(lowered, at, crossing)


def _word_down(answer: Document, at: str, crossing: Crossing) -> Document:
    word = text(answer, "result")
    if word is None or word in RESULTS:
        return answer
    code = "cancelled-reservation-rejected" if word == CANCELED else "result-rejected"
    crossing.note(code, f"{at}/result")
    return answer | {"result": REJECTED}
