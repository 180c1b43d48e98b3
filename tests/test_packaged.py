"""What charging is told of bookings and of payments at terminals."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from voltroam.packaged import Packaged
from voltroam.roaming.charging.ports import BookedFor, Coming
from voltroam.standard.parties import PartyId
from voltroam.standard.v2_2_1 import CdrToken, TokenType

END = datetime(2026, 11, 22, 14, tzinfo=UTC)


def coming(reference: str | None = "A1", kind: TokenType = TokenType.AD_HOC_USER) -> Coming:
    token = CdrToken(country_code="DE", party_id="PAY", uid="U", type=kind, contract_id="C")
    at = datetime(2026, 11, 22, 13, tzinfo=UTC)
    return Coming(PartyId("NL", "AAA"), "L1", "E1", token, at, reference)


def having(**parts: Any) -> Packaged:
    """Of a node that has these modules only."""
    made = object.__new__(Packaged)
    made.desk, made.terminals = parts.get("desk"), parts.get("terminals")
    return made


async def test_who_comes_for_a_booking_is_known_until_its_slot_is_over() -> None:
    """RBK-046, RBK-047"""
    asked: list[Any] = []

    async def booked_for(owner: PartyId, **said: Any) -> Any:
        asked.append((owner, said))
        period = SimpleNamespace(end_date_time=END)
        return SimpleNamespace(id="B1", authorization_reference="R1", period=period)

    desk = SimpleNamespace(booked_for=booked_for)
    one = coming()
    assert await having(desk=desk).booked(one) == BookedFor("B1", "R1", END)
    assert asked == [(one.owner, {"location_id": "L1", "evse_uid": "E1", "token": one.token,
                                  "at": one.at, "reference": "A1"})]  # fmt: skip

    async def nobody(_owner: PartyId, **_said: Any) -> None:
        return None

    assert await having(desk=SimpleNamespace(booked_for=nobody)).booked(one) is None
    assert await having().booked(one) is None


@pytest.mark.parametrize("ours", [True, False])
async def test_an_invoice_is_ours_where_the_terminals_there_say_so(*, ours: bool) -> None:
    """RPAY-022"""

    async def we_invoice(provider: PartyId, location_id: str, evse_uid: str) -> bool:
        assert (provider, location_id, evse_uid) == (PartyId("DE", "PAY"), "L1", "E1")
        return ours

    parts = having(terminals=SimpleNamespace(we_invoice=we_invoice))
    assert await parts.invoiced(coming()) == ("A1" if ours else None)
    assert await parts.invoiced(coming(reference=None)) is None
    assert await parts.invoiced(coming(kind=TokenType.RFID)) is None
    assert await having().invoiced(coming()) is None
