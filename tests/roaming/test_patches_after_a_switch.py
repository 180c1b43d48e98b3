"""A partner that changed its version changes objects that it gave in the one it had before."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest_asyncio
from msgspec.structs import replace
from tests.bridge.samples import LOCATION_221, PERIOD, SESSION_211, SESSION_221, TOKEN_221
from tests.roaming.bridged import CPO, EMSP, Ours, opened

from voltroam.roaming.platforms import Platform
from voltroam.roaming.received import as_received
from voltroam.standard.endpoints import LOCATION, SESSION, Resource

T1, T2 = "2026-06-01T18:05:00Z", "2026-06-01T18:10:00Z"
PLACE = "locations/NL/AAA/L1"
RUNNING = "sessions/NL/AAA/S1"
ENERGY = {"type": "ENERGY", "volume": 10.5}
OTHER_CARD = {**TOKEN_221, "uid": "04FFFFFF"}
"""Of the same contract."""


def at(version: str) -> Platform:
    """The CPO, once it speaks that version."""
    return replace(CPO, version=version)


@pytest_asyncio.fixture
async def ours(empty_database: Path, tmp_path: Path) -> AsyncIterator[Ours]:
    async with opened(empty_database, tmp_path) as found:
        yield found


async def kept(ours: Ours, name: str, resource: Resource = LOCATION) -> tuple[str, Any, Any]:
    """The version that an object is received in, it in that version, and as the house has it."""
    row = await ours.held(name, resource)
    assert row is not None
    version, said = as_received(row)
    return version.number, msgspec.json.decode(said), msgspec.json.decode(row.document)


async def test_a_patch_of_2_1_1_changes_what_came_in_2_2_1(ours: Ours) -> None:
    """R211-098: applied to the object as 2.1.1 says it, and brought home again."""
    await ours.ask(at("2.2.1"), "PUT", PLACE, LOCATION_221)
    change = {"type": "PARKING_LOT", "name": "Quay", "last_updated": T1}
    assert (await ours.ask(at("2.1.1"), "PATCH", PLACE, change)).code == 1000
    version, said, home = await kept(ours, "L1")
    assert (version, said["type"], said["name"]) == ("2.1.1", "PARKING_LOT", "Quay")
    assert home == {
        **LOCATION_221, "parking_type": "PARKING_LOT", "name": "Quay", "last_updated": T1,
    }  # fmt: skip
    assert (await ours.ask(at("2.1.1"), "GET", PLACE)).data == said


async def test_parts_in_2_1_1_change_a_location_that_came_in_2_2_1(ours: Ours) -> None:
    """On the URLs of an EVSE and of a connector, by PATCH and by PUT."""
    await ours.ask(at("2.2.1"), "PUT", PLACE, LOCATION_221)
    old = at("2.1.1")
    volts = {"voltage": 400, "tariff_id": "T2", "last_updated": T1}
    assert (await ours.ask(old, "PATCH", f"{PLACE}/E1/1", volts)).code == 1000
    plug = (await ours.ask(old, "GET", f"{PLACE}/E1/1")).data
    assert (plug["voltage"], plug["amperage"], plug["tariff_id"]) == (400, 16, "T2")
    evse = {**(await ours.ask(old, "GET", f"{PLACE}/E1")).data, "uid": "E2", "last_updated": T2}
    assert (await ours.ask(old, "PUT", f"{PLACE}/E2", evse)).http == 201
    _, _, home = await kept(ours, "L1")
    first, second = home["evses"]
    assert [one["uid"] for one in (first, second)] == ["E1", "E2"]
    assert first["connectors"] == second["connectors"]
    (connector,) = first["connectors"]
    assert (connector["max_voltage"], connector["tariff_ids"]) == (400, ["T2"])
    assert "voltage" not in connector


async def test_what_the_new_version_cannot_say_must_be_put_anew(ours: Ours) -> None:
    """R211-054: 2.1.1 has no location that is not published."""
    hidden = {**LOCATION_221, "publish": False}
    await ours.ask(at("2.2.1"), "PUT", PLACE, hidden)
    refused = await ours.ask(at("2.1.1"), "PATCH", PLACE, {"name": "Quay", "last_updated": T1})
    assert refused.code == 2001
    assert "PUT" in refused.message
    assert (await kept(ours, "L1"))[2] == hidden


async def test_a_session_of_2_2_1_is_changed_in_2_1_1(ours: Ours) -> None:
    """The location, which 2.1.1 spells out, is the one that we hold; the card stays the same."""
    await ours.ask(at("2.2.1"), "PUT", PLACE, LOCATION_221)
    assert (await ours.ask(at("2.2.1"), "PUT", RUNNING, SESSION_221)).http == 201
    change = {"kwh": 11, "total_cost": 4, "last_updated": T1}
    assert (await ours.ask(at("2.1.1"), "PATCH", RUNNING, change)).code == 1000
    version, said, home = await kept(ours, "S1", SESSION)
    assert (version, said["location"]["id"], said["total_cost"]) == ("2.1.1", "L1", 4)
    assert home == {
        **SESSION_221, "charging_periods": [PERIOD | {"dimensions": [ENERGY]}],
        "kwh": 11, "total_cost": {"excl_vat": 4}, "last_updated": T1,
    }  # fmt: skip


async def test_a_session_of_2_2_1_is_changed_in_2_3_0(ours: Ours) -> None:
    """Its amount of money has another shape there."""
    assert (await ours.ask(at("2.2.1"), "PUT", RUNNING, SESSION_221)).http == 201
    change = {"kwh": 11, "last_updated": T1}
    assert (await ours.ask(at("2.3.0"), "PATCH", RUNNING, change)).code == 1000
    version, said, home = await kept(ours, "S1", SESSION)
    assert (version, said["total_cost"]) == ("2.3.0", {"before_taxes": 3.15})
    assert (home["kwh"], home["total_cost"]) == (11, {"excl_vat": 3.15})


async def test_a_location_of_2_1_1_is_changed_in_2_2_1_and_then_in_2_3_0(ours: Ours) -> None:
    """What came in 2.1.1 is no picture of the object any more."""
    await ours.ask(at("2.2.1"), "PUT", PLACE, LOCATION_221)
    before = (await ours.ask(at("2.1.1"), "GET", PLACE)).data
    assert (await ours.ask(at("2.1.1"), "PUT", PLACE, before)).code == 1000
    change = {"parking_type": "ON_DRIVEWAY", "last_updated": T1}
    assert (await ours.ask(at("2.2.1"), "PATCH", PLACE, change)).code == 1000
    version, said, home = await kept(ours, "L1")
    assert (version, said) == ("2.2.1", home)
    assert home["parking_type"] == "ON_DRIVEWAY"
    old = (await ours.ask(at("2.1.1"), "GET", PLACE)).data
    assert "parking_type" not in old
    assert old["type"] == "OTHER"
    phone = {"help_phone": "+31201234567", "last_updated": T2}
    assert (await ours.ask(at("2.3.0"), "PATCH", PLACE, phone)).code == 1000
    version, said, home = await kept(ours, "L1")
    assert (version, said["help_phone"], "help_phone" in home) == ("2.3.0", "+31201234567", False)


async def test_a_session_keeps_its_card_through_changes_in_2_1_1(ours: Ours) -> None:
    """R211-098: 2.1.1 names the contract, which has two cards meanwhile."""
    emsp = replace(EMSP, version="2.2.1")
    card = f"tokens/DE/MOV/{TOKEN_221['uid']}"
    provider = replace(emsp, roles=(replace(emsp.roles[0], party_id="MOV"),))
    assert (await ours.ask(provider, "PUT", card, TOKEN_221)).http == 201
    await ours.ask(at("2.1.1"), "PUT", RUNNING, SESSION_211)
    assert (await kept(ours, "S1", SESSION))[2]["cdr_token"]["uid"] == TOKEN_221["uid"]
    assert (await ours.ask(provider, "PUT", "tokens/DE/MOV/04FFFFFF", OTHER_CARD)).http == 201
    change = {"kwh": 11, "last_updated": T1}
    assert (await ours.ask(at("2.1.1"), "PATCH", RUNNING, change)).code == 1000
    home = (await kept(ours, "S1", SESSION))[2]
    assert home["cdr_token"]["uid"] == TOKEN_221["uid"]
    assert home["kwh"] == 11
