"""Which tariff a session is under, from its start and after a wish of its driver."""

from collections.abc import Sequence
from decimal import Decimal

import pytest
from tests.roaming.charging.chargers import (
    DRIVER,
    OLDER,
    PLAIN,
    Operator,
    component,
    element,
    location,
    meter,
    minute,
    tariff,
)

from voltroam.billing.findings import Verdict
from voltroam.roaming.charging import Charging
from voltroam.standard.parties import PartyId
from voltroam.standard.v2_2_1 import CdrToken, ProfileType, TokenType

GREEN = tariff("GREEN", element(component("ENERGY", "0.50")), type="PROFILE_GREEN")
TERMINAL = tariff("TERMINAL", element(component("ENERGY", "0.90")), type="AD_HOC_PAYMENT")
REGULAR = tariff("REGULAR", element(component("ENERGY", "0.30")), type="REGULAR")
AD_HOC = CdrToken(
    country_code="NL", party_id="AAA", uid="T1", type=TokenType.AD_HOC_USER, contract_id="T1"
)


async def price(operator: Operator, name: str) -> Decimal:
    """Of one kWh."""
    await operator.charging.read(name, meter(10, "1"))
    found: Decimal = (await operator.session(name))["total_cost"]["excl_vat"]
    return found


@pytest.mark.parametrize(
    ("token", "wish", "expected"),
    [
        (DRIVER, None, "0.30"),
        (DRIVER, ProfileType.GREEN, "0.50"),
        (DRIVER, ProfileType.CHEAP, "0.30"),
        (AD_HOC, None, "0.90"),
    ],
)
async def test_the_tariff_is_that_of_the_driver_and_the_wish(
    operator: Operator, token: CdrToken, wish: ProfileType | None, expected: str
) -> None:
    """The one valid tariff of the type; a wish that there is no tariff for is REGULAR."""
    await operator.open(OLDER, GREEN, TERMINAL, REGULAR)
    name = await operator.begin(token=token, preference=wish, reading=meter(0, "0"))
    assert await price(operator, name) == Decimal(expected)


async def test_a_wish_during_the_session_changes_the_tariff_from_then_on(
    operator: Operator,
) -> None:
    """SES-OBJ-06, SES-PREF-09: 3 kWh for 0.30, then 2 for 0.50, then 1 for 0.30 again."""
    await operator.open(GREEN, REGULAR)
    name = await operator.begin(reading=meter(0, "0"))
    await operator.charging.read(name, meter(30, "3"))
    assert await operator.charging.prefer(name, ProfileType.GREEN, minute(30))
    assert await operator.charging.prefer(name, ProfileType.GREEN, minute(31))
    await operator.charging.read(name, meter(50, "5"))
    assert await operator.charging.prefer(name, ProfileType.REGULAR, minute(50))
    assert not await operator.charging.prefer(name, ProfileType.CHEAP, minute(51))
    operator.clock.forward(hours=3)
    cdr_id = await operator.charging.end(name, minute(60), meter(60, "6"))
    cdr = await operator.cdr(cdr_id or "")
    assert cdr["total_cost"]["excl_vat"] == Decimal("2.20")
    assert cdr["charging_periods"][0]["tariff_id"] == "REGULAR"
    assert {one["id"] for one in cdr["tariffs"]} == {"REGULAR", "GREEN"}
    assert (await operator.audited(cdr_id or "", name)).verdict is Verdict.OK


async def test_another_process_sees_the_new_tariff(operator: Operator) -> None:
    await operator.open(GREEN, REGULAR)
    name = await operator.begin(reading=meter(0, "0"))
    other = operator.restarted()
    await other.charging.read(name, meter(1, "0"))
    assert await operator.charging.prefer(name, ProfileType.GREEN, minute(1))
    assert (await other.charging.read(name, meter(10, "1"))).total_cost is not None
    assert (await other.session(name))["total_cost"]["excl_vat"] == Decimal("0.50")


async def test_a_tariff_of_one_partner_is_asked_for(operator: Operator) -> None:
    """The driver's party gets the tariffs that are meant for it."""
    await operator.open(tariff("FOR-MSP", element(component("ENERGY", "0.05"))), PLAIN)
    asked: list[tuple[PartyId, PartyId]] = []

    async def only(owner: PartyId, party: PartyId, ids: Sequence[str]) -> Sequence[Sequence[str]]:
        asked.append((owner, party))
        return [[one for one in ids if one != "FOR-MSP"]]

    charging = Charging(operator.store, operator.identity, operator.clock, tariff_for=only)
    operator.charging = charging
    name = await operator.begin(reading=meter(0, "0"))
    assert await price(operator, name) == Decimal("0.30")
    assert asked == [(PartyId("NL", "AAA"), PartyId("DE", "MSP"))]


@pytest.mark.parametrize(
    ("wish", "expected"), [(None, "0.05"), (ProfileType.CHEAP, "0.05"), (ProfileType.GREEN, "0.50")]
)
async def test_a_tariff_of_ones_own_comes_before_those_of_all_and_a_wish_before_both(
    operator: Operator, wish: ProfileType | None, expected: str
) -> None:
    """The one of its own has no type, that for all is REGULAR."""
    await operator.open(GREEN, REGULAR, tariff("OWN", element(component("ENERGY", "0.05"))))

    async def first(owner: PartyId, party: PartyId, ids: Sequence[str]) -> Sequence[Sequence[str]]:
        return [["OWN"], [one for one in ids if one != "OWN"]]

    operator.charging = Charging(
        operator.store, operator.identity, operator.clock, tariff_for=first
    )
    name = await operator.begin(reading=meter(0, "0"), preference=wish)
    assert await price(operator, name) == Decimal(expected)


async def test_no_tariff_that_fits_is_a_fault_and_no_free_charge(operator: Operator) -> None:
    """CDR-OBJ-05: the session is over; a person gives the tariff, and the CDR follows."""
    await operator.open(OLDER)
    name = await operator.begin(reading=meter(0, "0"))
    assert await operator.charging.end(name, minute(30), meter(30, "4")) is None
    session = await operator.document("sessions", name)
    assert (await operator.session(name))["status"] == "COMPLETED"
    assert "tariff" in ((await operator.charging.progress(name)).fault or "")
    assert await operator.charging.bill(name) is None
    await operator.hold("tariffs", PLAIN)
    document = await operator.document("tariffs", "PLAIN")
    assert await operator.charging.bill(name, tariff=document) == name
    assert (await operator.cdr(name))["total_cost"]["excl_vat"] == Decimal("1.20")
    assert await operator.charging.bill(name, tariff=document) == name
    assert await operator.document("sessions", name) == session


async def test_a_connector_without_tariff_is_free(operator: Operator) -> None:
    await operator.hold("locations", location())
    name = await operator.begin(reading=meter(0, "0"))
    cdr = await operator.cdr(await operator.charging.end(name, minute(30), meter(30, "4")) or "")
    assert cdr["total_cost"]["excl_vat"] == 0
    assert "tariffs" not in cdr
    assert cdr["currency"] == "EUR"
