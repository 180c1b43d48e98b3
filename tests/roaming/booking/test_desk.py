"""What the desk does when the company's own system fails."""

import shutil
from pathlib import Path
from typing import Any

import msgspec
import pytest
import structlog
from tests.roaming.company import NOW, role

from voltroam.roaming.accept import accept
from voltroam.roaming.booking import Desk
from voltroam.roaming.host import BookingOrder
from voltroam.roaming.platforms import Identity, Phase, Platform
from voltroam.standard.endpoints import TOKEN, Resource
from voltroam.standard.packages import BOOKING_LOCATION, STANDARD
from voltroam.standard.parties import PartyId
from voltroam.standard.v2_2_1 import CdrToken, Role, TokenType
from voltroam.standard.v2_3_0.bookings import Booking, ReservationStatus
from voltroam.standard.versions import V2_2_1, V2_3_0
from voltroam.store.open import open_store
from voltroam.wire.call import Call
from voltroam.wire.times import to_micros

UID, PLATE = "CANARY04A1B2", "CANARY-PLATE"
SLOT = {"start_date_time": "2099-11-22T12:00:00Z", "end_date_time": "2099-11-22T20:00:00Z"}
PLACE = {
    "country_code": "NL", "party_id": "AAA", "id": "BL1", "location_id": "L1",
    "calendars": [{"id": "C1", "begin_from": SLOT["start_date_time"],
                   "end_before": SLOT["end_date_time"], "available_timeslots": [SLOT],
                   "last_updated": "2026-11-22T11:00:00Z"}],
    "last_updated": "2026-11-22T11:00:00Z",
}  # fmt: skip
REQUEST = {
    "country_code": "DE", "party_id": "MSP", "request_id": "R1", "location_id": "L1",
    "booking_location_id": "BL1", "period": SLOT, "authorization_reference": "A1",
    "tokens": [{"country_code": "DE", "party_id": "MSP", "uid": UID, "type": "RFID",
                "contract_id": "C"}],
    "access_information": [{"method": "LICENSE_PLATE", "value": PLATE}],
}  # fmt: skip
CALLER = Platform(id="p1", name="msp", phase=Phase.REGISTERED, roles=(role("DE/MSP", Role.EMSP),))
OURSELVES = Identity(name="x", url="https://x.example", roles=(role("NL/AAA", Role.CPO),))


async def broken(order: BookingOrder) -> bool | None:
    raise RuntimeError("the booking system is down")


async def test_a_host_that_raises_leaves_it_to_a_person_and_a_line_that_names_no_driver(
    empty_database: Path, tmp_path: Path
) -> None:
    """RBK-011, RBK-012"""
    shutil.copy(empty_database, tmp_path / "node.db")
    store = await open_store(f"sqlite:///{tmp_path}/node.db")
    await store.apply(
        accept(
            BOOKING_LOCATION, msgspec.json.encode(PLACE), version=V2_3_0, source=None,
            identity=OURSELVES, strict=False,
        )
    )  # fmt: skip
    desk = Desk(store, OURSELVES, now=lambda: to_micros(NOW), books=broken)
    row = next(one for one in STANDARD if one.handler == "booking_request")
    call = Call(V2_3_0, row, body=msgspec.json.encode(REQUEST))
    structlog.configure()
    try:
        with structlog.testing.capture_logs() as lines:
            reply = await desk.handlers()["booking_request"](call, CALLER)
    finally:
        structlog.reset_defaults()
        await store.close()
    booking = msgspec.json.decode(reply.data or b"", type=Booking)
    assert booking.reservation_status is ReservationStatus.PENDING
    [line] = [one for one in lines if one.get("booking") == booking.id]
    assert (line["log_level"], line["event"]) == ("error", "the host did not decide on a booking")
    assert UID not in str(lines)
    assert PLATE not in str(lines)


@pytest.mark.parametrize(("allowed", "comes"), [(True, True), (False, False)])
async def test_another_card_of_the_group_starts_where_the_terms_allow_it(
    empty_database: Path, tmp_path: Path, *, allowed: bool, comes: bool
) -> None:
    """RBK-025, RBK-034"""
    shutil.copy(empty_database, tmp_path / "node.db")
    store = await open_store(f"sqlite:///{tmp_path}/node.db")
    terms = {"supported_access_methods": ["TOKEN"], "change_until_minutes": 0,
             "cancel_until_minutes": 0, "token_groups_supported": allowed}  # fmt: skip
    offered: dict[str, Any] = {**PLACE, "booking_terms": terms}
    given: list[tuple[Resource, dict[str, Any], Platform | None]] = [
        (BOOKING_LOCATION, offered, None)
    ]
    given += [(TOKEN, _card(uid, group), CALLER) for uid, group in (
        (UID, "G1"), ("SECOND", "g1"), ("THIRD", "G2"),
    )]  # fmt: skip
    for resource, document, source in given:
        version = V2_3_0 if source is None else V2_2_1
        await store.apply(
            accept(
                resource, msgspec.json.encode(document), version=version, source=source,
                identity=OURSELVES, strict=False,
            )
        )  # fmt: skip

    async def granted(order: BookingOrder) -> bool | None:
        return True

    desk = Desk(store, OURSELVES, now=lambda: to_micros(NOW), books=granted)
    row = next(one for one in STANDARD if one.handler == "booking_request")
    call = Call(V2_3_0, row, body=msgspec.json.encode(REQUEST))
    reply = await desk.handlers()["booking_request"](call, CALLER)
    booking = msgspec.json.decode(reply.data or b"", type=Booking)
    assert booking.reservation_status is ReservationStatus.RESERVED
    found = [
        await desk.booked_for(
            PartyId("NL", "AAA"), location_id="L1", evse_uid="E1",
            token=CdrToken(country_code="DE", party_id="MSP", uid=uid, type=TokenType.RFID,
                           contract_id="C"),
            at=booking.period.start_date_time,
        )
        for uid in (UID, "SECOND", "THIRD", "STRANGER")
    ]  # fmt: skip
    assert [one is not None for one in found] == [True, comes, False, False]
    assert [one.id for _, one in await desk.living()] == [booking.id]
    await store.close()


def _card(uid: str, group: str) -> dict[str, Any]:
    return {
        "country_code": "DE", "party_id": "MSP", "uid": uid, "type": "RFID", "contract_id": "C",
        "issuer": "M", "group_id": group, "valid": True, "whitelist": "ALLOWED",
        "last_updated": "2026-11-22T11:00:00Z",
    }  # fmt: skip
