"""Objects that a partner of 2.1.1 pushes, whose paths and ids are not those of the house."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import pytest_asyncio
from tests.roaming.bridged import CPO, EMSP, MSP, Ours, opened

from voltroam.bridge.named import surrogate
from voltroam.roaming.keys import object_key
from voltroam.roaming.names import Kept, NameTables
from voltroam.standard.endpoints import TOKEN
from voltroam.store.interface import (
    Change,
    Decision,
    Held,
    RecordDraft,
    RecordKey,
    Store,
)

LONG, LONG_EVSE = "L" * 39, "E" * 39
T0, T1, T2 = (f"2026-11-22T11:0{minute}:00Z" for minute in range(3))
PLUG = {
    "id": "1", "standard": "IEC_62196_T2", "format": "SOCKET", "power_type": "AC_3_PHASE",
    "voltage": 230, "amperage": 16, "last_updated": T0,
}  # fmt: skip
EVSE = {"uid": LONG_EVSE, "status": "AVAILABLE", "connectors": [PLUG], "last_updated": T0}
PLACE = {
    "id": LONG, "type": "ON_STREET", "address": "Street 1", "city": "Town",
    "postal_code": "1000AA", "country": "NLD", "evses": [EVSE], "last_updated": T0,
    "coordinates": {"latitude": "52.123456", "longitude": "4.123456"},
}  # fmt: skip
CARD = {
    "uid": "C1", "type": "OTHER", "auth_id": "DE-MSP-1", "issuer": "MSP", "valid": True,
    "whitelist": "ALLOWED", "last_updated": T0,
}  # fmt: skip


@pytest_asyncio.fixture
async def ours(empty_database: Path, tmp_path: Path) -> AsyncIterator[Ours]:
    async with opened(empty_database, tmp_path) as found:
        yield found


async def test_a_location_of_a_long_id_is_held_under_our_name_for_it(ours: Ours) -> None:
    """R211-049: so who reads of it in our documents finds it by that name."""
    path = f"locations/NL/AAA/{LONG}"
    assert (await ours.ask(CPO, "PUT", path, PLACE)).http == 201
    row = await ours.held(surrogate(LONG))
    assert row is not None
    assert msgspec.json.decode(row.document)["id"] == surrogate(LONG)
    assert await ours.held(LONG) is None
    assert (await ours.ask(CPO, "GET", path)).data == PLACE
    again = await ours.ask(CPO, "PUT", path, {**PLACE, "city": "Other", "last_updated": T1})
    assert (again.http, again.code) == (200, 1000)
    assert (await ours.ask(CPO, "GET", path)).data["city"] == "Other"
    names = await NameTables(ours.store).of(CPO.id)
    assert names.theirs("Location", surrogate(LONG)) == LONG


async def test_evses_and_connectors_of_long_ids_are_changed_and_read(ours: Ours) -> None:
    """R211-049, on their own URLs, below a location of a long id too."""
    path = f"locations/NL/AAA/{LONG}"
    await ours.ask(CPO, "PUT", path, {**PLACE, "evses": []})
    unknown = await ours.ask(CPO, "GET", f"{path}/{LONG_EVSE}")
    assert unknown.http == 404
    assert (await ours.ask(CPO, "PUT", f"{path}/{LONG_EVSE}", EVSE)).http == 201
    status = {"status": "CHARGING", "last_updated": T1}
    assert (await ours.ask(CPO, "PATCH", f"{path}/{LONG_EVSE}", status)).code == 1000
    volts = {**PLUG, "voltage": 400, "last_updated": T2}
    assert (await ours.ask(CPO, "PUT", f"{path}/{LONG_EVSE}/1", volts)).code == 1000
    amperes = {"amperage": 32, "last_updated": T2}
    assert (await ours.ask(CPO, "PATCH", f"{path}/{LONG_EVSE}/1", amperes)).code == 1000
    there = (await ours.ask(CPO, "GET", f"{path}/{LONG_EVSE}")).data
    assert (there["uid"], there["status"]) == (LONG_EVSE, "CHARGING")
    plug = (await ours.ask(CPO, "GET", f"{path}/{LONG_EVSE}/1")).data
    assert (plug["voltage"], plug["amperage"]) == (400, 32)
    row = await ours.held(surrogate(LONG))
    assert row is not None
    (evse,) = msgspec.json.decode(row.document)["evses"]
    assert evse["uid"] == surrogate(LONG_EVSE)
    assert evse["connectors"][0]["max_voltage"] == 400
    names = await NameTables(ours.store).of(CPO.id)
    assert names.theirs("EVSE", surrogate(LONG_EVSE)) == LONG_EVSE


async def test_two_ids_that_differ_by_case_are_two_locations(ours: Ours) -> None:
    """R211-050: whichever came first has its own name with us."""
    upper, lower = ({**PLACE, "id": name, "name": name} for name in ("LOC1", "loc1"))
    assert (await ours.ask(CPO, "PUT", "locations/NL/AAA/LOC1", upper)).http == 201
    assert (await ours.ask(CPO, "GET", "locations/NL/AAA/loc1")).http == 404
    change = {"name": "x", "last_updated": T1}
    assert (await ours.ask(CPO, "PATCH", "locations/NL/AAA/loc1", change)).http == 404
    assert (await ours.ask(CPO, "PUT", "locations/NL/AAA/loc1", lower)).http == 201
    assert (await ours.ask(CPO, "GET", "locations/NL/AAA/loc1")).data == lower
    assert (await ours.ask(CPO, "GET", "locations/NL/AAA/LOC1")).data == upper
    assert (await ours.ask(CPO, "PATCH", "locations/NL/AAA/loc1", change)).code == 1000
    assert (await ours.ask(CPO, "GET", "locations/NL/AAA/LOC1")).data["name"] == "LOC1"
    row = await ours.held(surrogate("loc1"))
    assert row is not None
    assert msgspec.json.decode(row.document)["name"] == "x"
    again = await ours.ask(CPO, "PUT", "locations/NL/AAA/LOC1", upper)
    assert (again.http, again.code) == (200, 1000)


async def test_an_evse_that_differs_by_case_is_another_one(ours: Ours) -> None:
    """R211-050"""
    path = "locations/NL/AAA/L"
    one, other = ({**EVSE, "uid": name} for name in ("E1", "e1"))
    await ours.ask(CPO, "PUT", path, {**PLACE, "id": "L", "evses": [one]})
    assert (await ours.ask(CPO, "GET", f"{path}/e1")).http == 404
    assert (await ours.ask(CPO, "PUT", f"{path}/e1", other)).http == 201
    status = {"status": "CHARGING", "last_updated": T1}
    assert (await ours.ask(CPO, "PATCH", f"{path}/e1", status)).code == 1000
    assert (await ours.ask(CPO, "GET", f"{path}/E1")).data["status"] == "AVAILABLE"
    assert (await ours.ask(CPO, "GET", f"{path}/e1")).data["status"] == "CHARGING"
    row = await ours.held("L")
    assert row is not None
    home = msgspec.json.decode(row.document)["evses"]
    assert [evse["uid"] for evse in home] == ["E1", surrogate("e1")]


async def test_twins_that_come_at_once_are_two_locations(ours: Ours) -> None:
    """R211-050"""
    made = [{**PLACE, "id": name} for name in ("aa", "Aa", "aA", "AA")]
    asked = [ours.ask(CPO, "PUT", f"locations/NL/AAA/{one['id']}", one) for one in made]
    assert [answer.http for answer in await asyncio.gather(*asked)] == [201] * 4
    for one in made:
        assert (await ours.ask(CPO, "GET", f"locations/NL/AAA/{one['id']}")).data == one


async def test_an_id_that_even_2_1_1_does_not_allow_is_refused_with_its_place(ours: Ours) -> None:
    longer = LONG + "X"
    answer = await ours.ask(CPO, "PUT", f"locations/NL/AAA/{longer}", {**PLACE, "id": longer})
    assert (answer.http, answer.code) == (200, 2001)
    assert "$.id" in answer.message


async def test_a_name_that_was_given_away_meanwhile_is_no_fault_of_ours(
    ours: Ours, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was written with it must be sent again: 2001, with the reason."""
    real = NameTables.keep

    async def beaten(self: NameTables, names: Any) -> None:
        """Another process is always first, and calls something else so."""
        for pair in tuple(names.fresh):
            await _kept_elsewhere(ours.store, names.partner, pair.table, pair.theirs)
        await real(self, names)

    monkeypatch.setattr(NameTables, "keep", beaten)
    answer = await ours.ask(CPO, "PUT", f"locations/NL/AAA/{LONG}", PLACE)
    assert (answer.http, answer.code) == (200, 2001)
    assert "send it again" in answer.message


async def _kept_elsewhere(store: Store, partner: str, table: str, theirs: str) -> None:
    other = NameTables(store)
    names = await other.of(partner)
    if names.home(table, theirs) is None:
        names.pair(table, "something else", theirs)
        while names.fresh:
            pairs = tuple(names.fresh)
            names.fresh = []

            def decide(_held: Held, pairs: Any = pairs, count: int = names.count) -> Decision[None]:
                drafts = [
                    RecordDraft(
                        RecordKey("bridge_name", f"{partner}\x1f{count + index:012d}"),
                        msgspec.json.encode(pair), partner,
                    )
                    for index, pair in enumerate(pairs)
                ]  # fmt: skip
                total = msgspec.json.encode(Kept(count + len(pairs)))
                counter = RecordDraft(RecordKey("bridge_names", partner), total)
                return Decision(None, records=(*drafts, counter))

            await store.apply(Change(decide))


# -- tokens ---------------------------------------------------------------------------------------


async def test_a_token_is_found_whatever_its_type(ours: Ours) -> None:
    """The paths of 2.1.1 carry no type (OCPI 2.1.1 §mod_tokens, CPO interface)."""
    path = "tokens/DE/MSP/C1"
    assert (await ours.ask(EMSP, "PUT", path, CARD)).http == 201
    assert (await ours.ask(EMSP, "GET", path)).data == CARD
    change = {"valid": False, "type": "OTHER", "last_updated": T1}
    assert (await ours.ask(EMSP, "PATCH", path, change)).code == 1000
    assert (await ours.ask(EMSP, "GET", path)).data["valid"] is False
    row = await ours.store.get(object_key(TOKEN, MSP, {"uid": "C1", "type": "OTHER"}))
    assert row is not None
    assert msgspec.json.decode(row.document)["valid"] is False
    refused = await ours.ask(EMSP, "PATCH", path, {"type": "RFID", "last_updated": T2})
    assert (refused.code, "$.type" in refused.message) == (2001, True)


async def test_of_two_tokens_of_one_uid_the_one_that_was_updated_last_is_meant(ours: Ours) -> None:
    path = "tokens/DE/MSP/C1"
    rfid = {**CARD, "type": "RFID"}
    await ours.ask(EMSP, "PUT", path, rfid)
    await ours.ask(EMSP, "PUT", path, {**CARD, "last_updated": T1})
    assert (await ours.ask(EMSP, "GET", path)).data["type"] == "OTHER"
    await ours.ask(EMSP, "PUT", path, {**rfid, "last_updated": T2})
    assert (await ours.ask(EMSP, "GET", path)).data["type"] == "RFID"
    held = await ours.store.get(object_key(TOKEN, MSP, {"uid": "C1", "type": "OTHER"}))
    assert held is not None
    assert not held.deleted
