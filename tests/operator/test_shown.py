"""Which partners see an own tariff, over the operator API."""

import pytest
from tests.counts import BOTH
from tests.e2e.documents import connector, evse, location, tariff
from tests.operator.conftest import Desk

pytestmark = pytest.mark.parametrize("database", BOTH, indirect=True)
"""They are about what the store finds."""

AAA = ("NL", "AAA")
AT = "/tariffs/NL/AAA/GOLD"


@pytest.mark.operations("get_tariff_visibility", "show_tariff")
async def test_a_tariff_is_shown_to_some_and_to_all_again(cpo: Desk) -> None:
    place = location(AAA, "L1", evses=[evse(connectors=[connector(tariff_ids=["GOLD"])])])
    assert (await cpo.ask("PUT", AT, tariff(AAA, "GOLD"))).status == 201
    assert (await cpo.ask("PUT", "/locations/NL/AAA/L1", place)).status == 201
    told = await cpo.ask("GET", f"{AT}/visibility", scope="read")
    assert told.json == {"parties": None, "held": True, "locations": None}
    told = await cpo.ask("PUT", f"{AT}/visibility", {"to": ["de/msp", "FR/OTH"]}, scope="operate")
    assert told.json == {"parties": ["DE/MSP", "FR/OTH"], "held": True, "locations": 1}
    assert (await cpo.ask("GET", f"{AT}/facts")).json["only_for"] == ["DE/MSP", "FR/OTH"]
    told = await cpo.ask("PUT", f"{AT}/visibility", {"to": None})
    assert (told.json["parties"], told.json["locations"]) == (None, 1)
    assert (await cpo.ask("GET", f"{AT}/facts")).json["only_for"] == []


async def test_it_can_be_said_before_the_tariff_is_there(cpo: Desk) -> None:
    assert (await cpo.ask("GET", f"{AT}/visibility")).status == 404
    told = await cpo.ask("PUT", f"{AT}/visibility", {"to": ["DE/MSP"]})
    assert told.json == {"parties": ["DE/MSP"], "held": False, "locations": 0}
    assert (await cpo.ask("GET", f"{AT}/visibility")).json["parties"] == ["DE/MSP"]


async def test_what_cannot_be_is_refused(cpo: Desk) -> None:
    at = f"{AT}/visibility"
    assert (await cpo.ask("PUT", at, {"to": ["DE/MSP"]}, scope="read")).status == 403
    assert (await cpo.ask("PUT", at, {"to": []})).status == 422
    assert (await cpo.ask("PUT", at, {})).status == 422
    assert (await cpo.ask("PUT", at, {"to": ["nobody"]})).status == 404
    assert (await cpo.ask("PUT", at, {"to": ["DE/TOO/MANY"]})).status == 404
    elsewhere = "/tariffs/DE/XXX/GOLD/visibility"
    assert (await cpo.ask("PUT", elsewhere, {"to": None})).status == 404
    told = await cpo.ask("PUT", at, {"to": ["DE/MSP"]}, parties=("NL/BBB",))
    assert told.status == 404


async def test_a_quote_is_by_the_tariffs_that_the_partner_gets(cpo: Desk) -> None:
    """And a key sees no prices of other parties than its own, except as their owner."""
    place = location(AAA, "L1", evses=[evse(connectors=[connector(tariff_ids=["GOLD", "ALL"])])])
    cheap = [{"price_components": [{"type": "ENERGY", "price": 0.1, "step_size": 1}]}]
    assert (await cpo.ask("PUT", AT, tariff(AAA, "GOLD", elements=cheap))).status == 201
    assert (await cpo.ask("PUT", "/tariffs/NL/AAA/ALL", tariff(AAA, "ALL"))).status == 201
    assert (await cpo.ask("PUT", "/locations/NL/AAA/L1", place)).status == 201
    assert (await cpo.ask("PUT", f"{AT}/visibility", {"to": ["DE/MSP"]})).status == 200
    where = {
        "owner": "NL/AAA", "location_id": "L1", "evse_uid": "E1", "connector_id": "1",
        "energy": 10, "power": 11,
    }  # fmt: skip

    async def chosen(partner: str | None, *parties: str) -> str | None:
        told = await cpo.ask("POST", "/quotes", where | {"partner": partner}, parties=parties)
        return told.json["tariff_id"] if told.status == 200 else None

    assert [await chosen(one) for one in (None, "DE/MSP", "de/msp", "FR/OTH")] == [
        "ALL", "GOLD", "GOLD", "ALL",
    ]  # fmt: skip
    assert await chosen("nobody") is None
    assert await chosen("DE/MSP", "NL/AAA") == "GOLD"
    assert await chosen("DE/MSP", "FR/OTH") is None
