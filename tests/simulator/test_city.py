"""The city is the same for the same seed, and valid by the strictest reading."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import msgspec

from voltroam.simulator import city
from voltroam.standard.endpoints import Table
from voltroam.standard.parties import PartyId
from voltroam.wire.decode import Reading, read

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
    assert flawless("tariffs", city.tariffs(CPO, now=NOW)) == 3
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
