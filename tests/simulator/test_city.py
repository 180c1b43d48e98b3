"""The city is the same for the same seed, and valid by the strictest reading."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from voltroam.simulator import city
from voltroam.simulator.life import Happening, Life
from voltroam.standard.endpoints import Table
from voltroam.standard.parties import PartyId
from voltroam.wire.decode import Reading, read
from voltroam.wire.times import parse_datetime

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
CPO, EMSP = PartyId("NL", "NOD"), PartyId("DE", "MOV")
ENCODER = msgspec.json.Encoder(decimal_format="number")
RESOURCES = Table().resources


def locations(seed: int = 1, count: int = 200) -> list[dict[str, Any]]:
    return list(city.locations(CPO, count=count, seed=seed, now=NOW))


def tokens() -> list[dict[str, Any]]:
    return list(city.tokens(EMSP, count=100, seed=1, now=NOW))


def flawless(module: str, documents: Iterable[dict[str, Any]]) -> int:
    """How many there are; none may have a problem, not even a warning."""
    shape = RESOURCES[module].object
    readings: list[Reading[Any]] = [read(shape, ENCODER.encode(document)) for document in documents]
    assert [reading.problems for reading in readings if reading.problems] == []
    return len(readings)


def test_the_city_is_valid_strictly() -> None:
    assert flawless("locations", locations()) == 200
    assert flawless("tariffs", city.tariffs(CPO, now=NOW)) == 2
    assert flawless("tokens", tokens()) == 100


def test_the_same_seed_gives_the_same_city_and_another_one_another() -> None:
    assert locations(1) == locations(1)
    assert locations(1) != locations(2)


def test_identifiers_are_unique_and_connectors_have_a_tariff() -> None:
    evses = [evse for location in locations() for evse in location["evses"]]
    assert len({evse["evse_id"] for evse in evses}) == len(evses) > 400
    assert len({evse["uid"] for evse in evses}) == len(evses)
    known = {tariff["id"] for tariff in city.tariffs(CPO, now=NOW)}
    for evse in evses:
        for connector in evse["connectors"]:
            assert set(connector["tariff_ids"]) <= known
    assert len({token["uid"] for token in tokens()}) == 100


def test_all_locations_lie_in_the_city() -> None:
    for location in locations():
        place = location["coordinates"]
        assert abs(float(place["latitude"]) - city.CENTRE[0]) < 0.05
        assert abs(float(place["longitude"]) - city.CENTRE[1]) < 0.08


def lived(seconds: int) -> list[Happening]:
    """What happened, tick by tick of half a second."""
    life = Life(CPO, locations(), tokens(), seed=1, pace=4)
    found = life.wake(NOW)
    for half in range(1, 2 * seconds + 1):
        found += life.tick(NOW + timedelta(seconds=half / 2))
    return found


@pytest.fixture(scope="module")
def happenings() -> list[Happening]:
    return lived(180)


def of(found: list[Happening], module: str) -> list[dict[str, Any]]:
    return [one.document for one in found if one.module == module]


def test_life_is_valid_strictly_and_the_same_for_the_same_seed(
    happenings: list[Happening],
) -> None:
    assert flawless("sessions", of(happenings, "sessions")) > 100
    assert flawless("cdrs", of(happenings, "cdrs")) > 20
    assert happenings == lived(180)


def test_a_session_only_grows_and_ends_once(happenings: list[Happening]) -> None:
    last: dict[str, dict[str, Any]] = {}
    for session in of(happenings, "sessions"):
        before = last.get(session["id"])
        if before is not None:
            assert before["status"] == "ACTIVE"
            assert session["kwh"] >= before["kwh"]
            periods = before.get("charging_periods", [])
            assert session["charging_periods"][: len(periods)] == periods
            assert parse_datetime(session["last_updated"]) > parse_datetime(before["last_updated"])
        last[session["id"]] = session
    ended = {it["id"] for it in last.values() if it["status"] == "COMPLETED"}
    assert {cdr["session_id"] for cdr in of(happenings, "cdrs")} == ended


def test_the_totals_of_a_cdr_are_the_sums_of_its_periods(happenings: list[Happening]) -> None:
    for cdr in of(happenings, "cdrs"):
        volumes = [
            {dimension["type"]: dimension["volume"] for dimension in period["dimensions"]}
            for period in cdr["charging_periods"]
        ]
        assert sum(volume["ENERGY"] for volume in volumes) == cdr["total_energy"]
        assert sum(volume["TIME"] for volume in volumes) == cdr["total_time"]
        fixed = cdr.get("total_fixed_cost", {}).get("excl_vat", Decimal(0))
        net = cdr["total_energy_cost"]["excl_vat"] + fixed
        assert cdr["total_cost"]["excl_vat"] == net
        assert cdr["total_cost"]["incl_vat"] == (net * Decimal("1.21")).quantize(Decimal("0.01"))


def test_an_evse_is_never_taken_twice(happenings: list[Happening]) -> None:
    taken: set[str] = set()
    for line in of(happenings, "evse-status"):
        if line["status"] == "CHARGING":
            assert line["evse_uid"] not in taken
            taken.add(line["evse_uid"])
        else:
            taken.remove(line["evse_uid"])
    assert taken
