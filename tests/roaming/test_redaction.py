"""A partner's words about a call, without the secrets of that call."""

from base64 import b64encode
from collections.abc import Mapping

import msgspec
import pytest
from tests.roaming import objects

from voltroam.roaming.redaction import redacted, secrets_in
from voltroam.standard.endpoints import CORE, Endpoint, Interface
from voltroam.standard.packages import BOOKING, CONFIRMATION
from voltroam.standard.versions import V2_2_1
from voltroam.wire.call import Call
from voltroam.wire.encode import encode

TOKEN = "c-0123456789"


def row(module: str, method: str) -> Endpoint:
    return next(
        one for one in CORE
        if one.module.name == module and one.method == method and one.part is None
        and one.interface in (None, Interface.RECEIVER)
    )  # fmt: skip


def about(
    module: str, method: str, body: object = None, keys: Mapping[str, str] | None = None
) -> Call:
    data = None if body is None else encode(body)
    return Call(V2_2_1, row(module, method), keys or {}, body=data)


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        (f"Token {TOKEN} is unknown", "Token [hidden] is unknown"),
        (f"{b64encode(TOKEN.encode()).decode()}?", "[hidden]?"),
        ("$.uid: 012345678 is no RFID", "$.uid: [hidden] is no RFID"),
        ("at /tokens/DE/MSP/012345678?type=RFID", "at /tokens/DE/MSP/[hidden]?type=RFID"),
        ("contract de8acc12e46l89 is blocked", "contract [hidden] is blocked"),
        ("nothing to hide: 01234567", "nothing to hide: 01234567"),
    ],
)
def test_tokens_and_contracts_are_hidden_however_they_are_spelled(message: str, shown: str) -> None:
    call = about("tokens", "PUT", objects.token(contract_id="DE8ACC12E46L89"))
    assert redacted(message, call, TOKEN) == shown


def test_the_driver_of_a_session_or_cdr_is_hidden_and_the_evse_is_not() -> None:
    driver = objects.cdr_token(uid="CAFE01", contract_id="DE-1")
    for kind, method, body in (
        ("sessions", "PUT", objects.session(cdr_token=driver)),
        ("cdrs", "POST", objects.cdr(cdr_token=driver)),
    ):
        said = redacted("cafe01 (DE-1, not DE-12) at EVSE 3256", about(kind, method, body), TOKEN)
        assert said == "[hidden] ([hidden], not DE-12) at EVSE 3256"


def test_a_token_that_only_the_path_names_is_hidden() -> None:
    keys = {"country_code": "DE", "party_id": "MSP", "token_uid": "RF ID/1"}
    call = about("tokens", "PATCH", {"valid": False}, keys)
    assert redacted("no RF ID/1, no RF%20ID%2F1", call, TOKEN) == "no [hidden], no [hidden]"


def test_who_may_see_a_location_is_hidden() -> None:
    allowed = [{"uid": "CAFE01", "type": "RFID"}, {"group_id": "FAMILY-7"}]
    call = about("locations", "PUT", objects.location(publish=False, publish_allowed_to=allowed))
    assert redacted("CAFE01 and FAMILY-7 at 3256", call, TOKEN) == "[hidden] and [hidden] at 3256"


def test_the_token_that_credentials_carry_is_hidden() -> None:
    call = about("credentials", "POST", {"token": "b-9876543210"})
    assert redacted("b-9876543210 does not work here", call, TOKEN) == "[hidden] does not work here"


def test_a_body_that_is_no_object_hides_nothing_but_the_token() -> None:
    assert redacted(f"x {TOKEN}", about("locations", "PUT", []), TOKEN) == "x [hidden]"


def test_what_bookings_and_payments_say_of_a_driver_is_a_secret() -> None:
    """RBK-021, RPAY-023"""
    way = [{"method": "LICENSE_PLATE", "value": "PLATE-1"}]
    asked = {"tokens": [{"uid": "UID-1", "contract_id": "CON-1"}], "access_information": way}
    booking = {
        "id": "B1", "booking_tokens": [{"uid": "UID-2", "contract_id": "CON-2"}],
        "booking_requests": [{"booking_request": asked}],
    }  # fmt: skip
    found = set(secrets_in(BOOKING, msgspec.json.encode(booking)))
    assert found == {"PLATE-1", "UID-1", "CON-1", "UID-2", "CON-2"}
    assert set(secrets_in(BOOKING, msgspec.json.encode(asked))) == {"UID-1", "CON-1", "PLATE-1"}
    advice = msgspec.json.encode({"id": "F1", "eft_data": ["VISA ****1", "OK"]})
    assert set(secrets_in(CONFIRMATION, advice)) == {"VISA ****1", "OK"}
