"""Partners that allow what is unsafe see more of what we have in 2.3.0, in 2.2.1 too."""

from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from msgspec.structs import replace
from tests.bridge.samples import CONNECTOR_221, EVSE_221, LOCATION_221, TARIFF_230, TOKEN_221
from tests.roaming.bridged import CPO, EMSP, Ours, opened

from voltroam.roaming.platforms import Platform, Profile
from voltroam.standard.endpoints import LOCATION, TARIFF, TOKEN, Interface
from voltroam.standard.versions import V2_2_1, V2_3_0

OUR_CPO = {"country_code": "NL", "party_id": "OUR"}
OUR_EMSP = {"country_code": "DE", "party_id": "OUR"}
PRICED = {"type": "ENERGY", "price": Decimal("0.35"), "vat": 19, "step_size": 1}
GROSS = {
    **TARIFF_230, **OUR_CPO, "tax_included": "YES", "elements": [{"price_components": [PRICED]}],
}  # fmt: skip
"""Without its tax the price has no end."""
J3400 = {**CONNECTOR_221, "standard": "SAE_J3400"}
PLACE = {
    **LOCATION_221, **OUR_CPO, "help_phone": "+31201234567",
    "evses": [
        EVSE_221,
        {**EVSE_221, "uid": "E2", "parking_restrictions": ["TAXIS"]},
        {**EVSE_221, "uid": "E3", "connectors": [J3400]},
    ],
}  # fmt: skip
CONTRACT = {**TOKEN_221, **OUR_EMSP, "uid": "CONTRACT", "type": "EMAID"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ours(
    empty_database: Path, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Ours]:
    async with opened(empty_database, tmp_path_factory.mktemp("relaxed")) as found:
        await found.keep(TARIFF, GROSS, V2_3_0)
        await found.keep(LOCATION, PLACE, V2_3_0)
        await found.keep(LOCATION, {**LOCATION_221, **OUR_CPO, "id": "L2"}, V2_2_1)
        await found.keep(TOKEN, CONTRACT, V2_3_0)
        yield found


pytestmark = pytest.mark.asyncio(loop_scope="module")


def allowing(who: Platform, version: str, *relaxations: str) -> Platform:
    return replace(who, version=version, profile=Profile(relaxations=relaxations))


async def listed(ours: Ours, who: Platform, module: str) -> Any:
    answer = await ours.ask(who, "GET", module, interface=Interface.SENDER)
    assert answer.code == 1000
    assert answer.headers["x-total-count"] == str(len(answer.data))
    return answer.data


async def price(ours: Ours, who: Platform) -> Any:
    """Of the one tariff that is listed; None if none is."""
    tariffs = await listed(ours, who, "tariffs")
    if not tariffs:
        return None
    [tariff] = tariffs
    assert "tax_included" not in tariff
    return tariff["elements"][0]["price_components"][0]["price"]


@pytest.mark.parametrize("version", ["2.2.1", "2.1.1"])
async def test_a_price_is_rounded_for_who_takes_it_so(ours: Ours, version: str) -> None:
    """Refused by default in both."""
    assert await price(ours, allowing(EMSP, version)) is None
    assert await price(ours, allowing(EMSP, version, "unknown-words")) is None
    assert await price(ours, allowing(EMSP, version, "rounded-net-prices")) == 0.294118


@pytest.mark.parametrize(
    ("relaxations", "evses"),
    [
        ([], ["E1"]),
        (["parking-restrictions-dropped"], ["E1", "E2"]),
        (["j3400-as-tesla-s"], ["E1", "E3"]),
        (["unknown-words"], ["E1", "E2", "E3"]),
    ],
)
@pytest.mark.parametrize("version", ["2.2.1", "2.1.1"])
async def test_evses_that_would_be_left_out_are_shown(
    ours: Ours, version: str, relaxations: list[str], evses: list[str]
) -> None:
    """What came in 2.2.1 is the same for all."""
    who = allowing(EMSP, version, *relaxations)
    found = {one["id"]: one for one in await listed(ours, who, "locations")}
    assert set(found) == {"L1", "L2"}
    assert [one["uid"] for one in found["L1"]["evses"]] == evses
    assert "help_phone" not in found["L1"]
    plugs = [one["connectors"][0]["standard"] for one in found["L1"]["evses"]]
    assert ("TESLA_S" in plugs) == ("j3400-as-tesla-s" in relaxations)
    one = await ours.ask(who, "GET", "locations/L1", interface=Interface.SENDER)
    assert one.data == found["L1"]


async def test_members_and_words_of_2_3_0_are_shown_to_who_reads_over_them(ours: Ours) -> None:
    who = allowing(EMSP, "2.2.1", "unknown-fields")
    [found] = [one for one in await listed(ours, who, "locations") if one["id"] == "L1"]
    assert found["help_phone"] == "+31201234567"
    assert await listed(ours, allowing(CPO, "2.2.1"), "tokens") == []
    [token] = await listed(ours, allowing(CPO, "2.2.1", "unknown-words"), "tokens")
    assert (token["uid"], token["type"]) == ("CONTRACT", "EMAID")
