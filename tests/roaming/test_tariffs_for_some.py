"""Lists and single objects where some tariffs are for certain partners only. LOC-CON-01."""

import asyncio
from typing import Any

import pytest
import pytest_asyncio
from tests.roaming import objects
from tests.roaming.company import Company, Pair, meet, role
from tests.roaming.conftest import Found

from voltroam.roaming.audience import includes, members_of, narrow_class
from voltroam.roaming.marks import KNOWN_FOR
from voltroam.roaming.narrowing import SETTLE, Narrowed, Narrowing
from voltroam.standard.endpoints import TARIFF
from voltroam.standard.parties import PartyId
from voltroam.standard.v2_2_1 import Role

AAA, BBB = PartyId("NL", "AAA"), PartyId("NL", "BBB")
MSP, OTHER = PartyId("DE", "MSP"), PartyId("FR", "OTH")


@pytest_asyncio.fixture
async def sides(found: Found) -> tuple[Pair, Pair]:
    """An operator of two parties; partners DE/MSP and FR/OTH that ask it."""
    operator = await found("cpo.example", role("NL/AAA", Role.CPO), role("NL/BBB", Role.CPO))
    one = await found("emsp.example", role("DE/MSP", Role.EMSP))
    other = await found("other.example", role("FR/OTH", Role.EMSP))
    return await meet(operator, one), await meet(operator, other)


async def fill(company: Company) -> None:
    for party in (AAA, BBB):
        owned = {"country_code": party.country_code, "party_id": party.party_id}
        for name in ("GOLD", "DAY"):
            await company.import_("tariffs", objects.tariff(id=name, **owned))
        plug = objects.connector(tariff_ids=["GOLD", "DAY"])
        place = objects.location(id="L", evses=[objects.evse(connectors=[plug])], **owned)
        await company.import_("locations", place)


async def show(company: Company, *parties: PartyId, owner: PartyId = AAA) -> Narrowed:
    narrowing = Narrowing(company.store, company.identity, company.table, now=company.clock)
    return await narrowing.show(TARIFF, owner, "GOLD", parties or None)


async def tariffs(pair: Pair) -> list[tuple[str, str]]:
    answer = await pair.ask("GET", "sender/tariffs")
    assert answer.headers["x-total-count"] == str(len(answer.data))
    return [(one["party_id"], one["id"]) for one in answer.data]


def ids(location: Any) -> Any:
    return location["evses"][0]["connectors"][0].get("tariff_ids")


async def test_each_partner_lists_what_is_for_it_and_locations_without_other_ids(
    sides: tuple[Pair, Pair],
) -> None:
    """A tariff of the same id of another party of ours is another tariff."""
    one, other = sides
    await fill(one.receiver)
    all_ = [("AAA", "GOLD"), ("AAA", "DAY"), ("BBB", "GOLD"), ("BBB", "DAY")]
    assert await tariffs(other) == all_
    assert (await show(one.receiver, MSP)).shown_anew == 1
    assert await tariffs(one) == all_
    assert await tariffs(other) == all_[1:]
    held = {"AAA": ["GOLD", "DAY"], "BBB": ["GOLD", "DAY"]}
    seen = (await one.ask("GET", "sender/locations")).data
    assert {place["party_id"]: ids(place) for place in seen} == held
    seen = (await other.ask("GET", "sender/locations")).data
    assert {place["party_id"]: ids(place) for place in seen} == held | {"AAA": ["DAY"]}


async def test_a_location_and_its_parts_are_the_same_by_their_own_url(
    sides: tuple[Pair, Pair],
) -> None:
    one, other = sides
    await fill(one.receiver)
    await show(one.receiver, MSP)
    for pair, wanted in ((one, ["GOLD", "DAY"]), (other, ["DAY"])):
        headers = _from(pair)
        whole = (await pair.ask("GET", "sender/locations/L", headers=headers)).data
        assert ids(whole) == wanted
        evse = whole["evses"][0]
        path = f"sender/locations/L/{evse['uid']}"
        assert (await pair.ask("GET", path, headers=headers)).data == evse
        plug = evse["connectors"][0]
        assert (await pair.ask("GET", f"{path}/{plug['id']}", headers=headers)).data == plug


def _from(pair: Pair) -> dict[str, str]:
    """To the first of the operator's parties."""
    sender = pair.sender.identity.parties()[0]
    return {
        "ocpi-from-country-code": sender.country_code, "ocpi-from-party-id": sender.party_id,
        "ocpi-to-country-code": "NL", "ocpi-to-party-id": "AAA",
    }  # fmt: skip


async def test_the_change_is_found_by_date_and_undone_by_showing_it_to_all(
    sides: tuple[Pair, Pair],
) -> None:
    one, other = sides
    company = one.receiver
    await fill(company)
    company.clock.forward(60)
    since = "2026-11-22T12:00:30Z"
    await show(company, MSP)
    for kind, pair, count in (("tariffs", one, 1), ("tariffs", other, 0), ("locations", other, 1)):
        answer = await pair.ask("GET", f"sender/{kind}?date_from={since}")
        assert len(answer.data) == count, kind
    company.clock.forward(60)
    await show(company)
    since = "2026-11-22T12:01:30Z"
    for kind in ("tariffs", "locations"):
        assert len((await other.ask("GET", f"sender/{kind}?date_from={since}")).data) == 1
    assert ("AAA", "GOLD") in await tariffs(other)


async def test_an_update_of_the_tariff_does_not_show_it_to_others(
    sides: tuple[Pair, Pair],
) -> None:
    one, other = sides
    await show(one.receiver, MSP)
    await fill(one.receiver)
    later = objects.tariff(id="GOLD", currency="SEK", last_updated="2027-01-01T00:00:00Z")
    await one.receiver.import_("tariffs", later)
    await one.receiver.mark_private("tariffs", AAA, "GOLD", private=True)
    assert ("AAA", "GOLD") not in await tariffs(one)
    await one.receiver.mark_private("tariffs", AAA, "GOLD", private=False)
    assert ("AAA", "GOLD") in await tariffs(one)
    assert ("AAA", "GOLD") not in await tariffs(other)


async def test_after_the_wait_no_process_shows_what_came_later(sides: tuple[Pair, Pair]) -> None:
    """The answer that another process gave just before does not count any more."""
    one, other = sides
    assert SETTLE > KNOWN_FOR
    assert await tariffs(other) == []
    await show(one.receiver, MSP)
    await fill(one.receiver)
    seen = (await other.ask("GET", "sender/locations")).data
    assert {place["party_id"]: ids(place) for place in seen}["AAA"] == ["DAY"]


async def test_a_tariff_that_comes_while_it_is_marked_gets_its_class(
    sides: tuple[Pair, Pair],
) -> None:
    one, other = sides
    marking = asyncio.create_task(show(one.receiver, MSP))
    await asyncio.sleep(0.01)
    await fill(one.receiver)
    await marking
    assert ("AAA", "GOLD") not in await tariffs(other)
    assert ("AAA", "GOLD") in await tariffs(one)


@pytest.mark.parametrize(
    ("classes", "audience", "expected"),
    [
        ({"NL/AAA"}, "NL/AAA", True),
        ({"NL/AAA"}, "NL/AAA#DE/MSP", False),
        ({"NL/AAA#DE/MSP"}, "NL/AAA#DE/MSP+FR/OTH", True),
        ({"NL/AAA#DE/MS"}, "NL/AAA#DE/MSP+FR/OTH", False),
        ({"NL/BBB#DE/MSP"}, "NL/AAA#DE/MSP", False),
        ({"NL/AAA#DE/MSP"}, "NL/AAA", False),
        ({"NL/AAA#DE/MSP"}, "NL/AAA>DE/MSP", False),
        ({"NL/AAA#DE/MSP"}, "-", False),
        ({"NL/AAA#DE/MSP"}, "", False),
    ],
)
def test_a_narrow_class_is_for_each_of_its_parties(
    classes: set[str], audience: str, expected: bool
) -> None:
    assert includes(classes, audience) is expected


def test_a_narrow_class_names_its_parties_in_one_order() -> None:
    assert narrow_class("NL/AAA", ["FR/OTH", "DE/MSP"]) == "NL/AAA#DE/MSP+FR/OTH"
    assert members_of("NL/AAA#DE/MSP+FR/OTH") == ("NL/AAA", ("DE/MSP", "FR/OTH"))
    assert members_of("NL/AAA") == ("NL/AAA", ())
