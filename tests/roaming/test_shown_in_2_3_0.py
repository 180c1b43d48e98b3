"""What partners of 2.3.0 are shown: rates of VAT, and additions of packages only where they are.

RBK-045, RBK-047, RPAY-034
"""

from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from msgspec.structs import replace
from tests.bridge.samples import CDR_230, PERIOD, SESSION_221, SESSION_230, TARIFF_221, TARIFF_230
from tests.roaming.bridged import EMSP, Ours, opened

from voltroam.roaming.platforms import EndpointAt, Platform, Profile
from voltroam.standard.endpoints import CDR, SESSION, TARIFF, Interface
from voltroam.standard.versions import V2_2_1, V2_3_0

OUR_CPO = {"country_code": "NL", "party_id": "OUR"}
TOKEN = {"country_code": "DE", "party_id": "MSP"}
PLAIN = {"price_components": [{"type": "ENERGY", "price": 0.5, "vat": 21, "step_size": 1}]}
BEYOND = {
    "price_components": [{"type": "TIME", "price": 12, "vat": 21, "step_size": 1}],
    "restrictions": {"booking": "BOOKING_OVERTIME"},
}
SLOTTED = {
    **TARIFF_230, **OUR_CPO, "id": "SLOTTED", "elements": [PLAIN, BEYOND],
    "preauthorize_amount": 40,
}  # fmt: skip
ONLY = {**SLOTTED, "id": "ONLY", "elements": [BEYOND]}
OVER = {**PERIOD, "dimensions": [*PERIOD["dimensions"],
                                 {"type": "RESERVATION_OVERTIME", "volume": 0.5}]}  # fmt: skip
RATED = {
    **TARIFF_221, **OUR_CPO, "id": "RATED", "elements": [PLAIN],
    "last_updated": "2026-01-01T00:00:00Z",
}  # fmt: skip


def by_msp(document: dict[str, Any], **members: Any) -> dict[str, Any]:
    token = {**document["cdr_token"], **TOKEN}
    return {**document, **OUR_CPO, "cdr_token": token, **members}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ours(
    empty_database: Path, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Ours]:
    async with opened(empty_database, tmp_path_factory.mktemp("shown")) as found:
        await found.keep(TARIFF, SLOTTED, V2_3_0)
        await found.keep(TARIFF, ONLY, V2_3_0)
        await found.keep(TARIFF, RATED, V2_2_1)
        booked = {"charging_periods": [OVER], "booking_id": "B1", "tariffs": [SLOTTED, ONLY]}
        await found.keep(CDR, by_msp(CDR_230, **booked), V2_3_0)
        await found.keep(SESSION, by_msp(SESSION_230, id="S2", charging_periods=[OVER]), V2_3_0)
        cost = {"excl_vat": Decimal("5.00"), "incl_vat": Decimal("6.05")}
        under = {"charging_periods": [{**PERIOD, "tariff_id": "RATED"}], "total_cost": cost}
        await found.keep(SESSION, by_msp(SESSION_221, **under), V2_2_1)
        yield found


pytestmark = pytest.mark.asyncio(loop_scope="module")


def having(*modules: str, **profile: Any) -> Platform:
    listed = [EndpointAt(name, Interface.RECEIVER, f"https://msp.example/{name}")
              for name in modules]  # fmt: skip
    return replace(
        EMSP, version="2.3.0", we_are=None, endpoints=tuple(listed), profile=Profile(**profile)
    )


async def shown(ours: Ours, who: Platform, module: str) -> dict[str, Any]:
    """By id."""
    path = f"{module}/?date_from=2020-01-01T00:00:00Z"
    answer = await ours.ask(who, "GET", path, interface=Interface.SENDER)
    assert answer.code == 1000
    return {one["id"]: one for one in answer.data}


def kinds(paper: dict[str, Any]) -> set[str]:
    return {one["type"] for period in paper["charging_periods"] for one in period["dimensions"]}


async def test_a_partner_with_the_modules_reads_all_of_it(ours: Ours) -> None:
    for who in (having("bookings", "payments"), having(relaxations=("unknown-fields",))):
        tariffs = await shown(ours, who, "tariffs")
        assert tariffs["SLOTTED"]["preauthorize_amount"] == 40
        assert len(tariffs["SLOTTED"]["elements"]) == 2
        [cdr] = (await shown(ours, who, "cdrs")).values()
        assert cdr["booking_id"] == "B1"
        sessions = await shown(ours, who, "sessions")
        assert "RESERVATION_OVERTIME" in kinds(cdr) & kinds(sessions["S2"])


async def test_a_partner_without_bookings_is_never_shown_their_prices(ours: Ours) -> None:
    """An element without its restriction would price every session."""
    who = having("payments")
    tariffs = await shown(ours, who, "tariffs")
    assert "ONLY" not in tariffs
    assert tariffs["SLOTTED"]["preauthorize_amount"] == 40
    [element] = tariffs["SLOTTED"]["elements"]
    assert "restrictions" not in element
    [cdr] = (await shown(ours, who, "cdrs")).values()
    assert "booking_id" not in cdr
    assert [one["id"] for one in cdr["tariffs"]] == ["SLOTTED"]
    sessions = await shown(ours, who, "sessions")
    assert "RESERVATION_OVERTIME" not in kinds(cdr) | kinds(sessions["S2"])


async def test_a_partner_without_payments_is_not_told_what_a_terminal_reserves(ours: Ours) -> None:
    tariffs = await shown(ours, having("bookings"), "tariffs")
    assert "preauthorize_amount" not in tariffs["SLOTTED"]
    assert len(tariffs["SLOTTED"]["elements"]) == 2


async def test_a_session_tells_the_rate_of_the_tariff_that_it_is_under(ours: Ours) -> None:
    """R230-021"""
    session = (await shown(ours, having(), "sessions"))[SESSION_221["id"]]
    assert session["total_cost"] == {
        "before_taxes": 5.00, "taxes": [{"name": "VAT", "percentage": 21, "amount": 1.05}],
    }  # fmt: skip
