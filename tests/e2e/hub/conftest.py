"""One hub and its platforms for all tests of this folder."""

from collections.abc import Iterator

import pytest
from tests.e2e.hub.city import City, built


@pytest.fixture(scope="session")
def whole_city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    with built(tmp_path_factory.mktemp("hub") / "hub") as made:
        yield made


@pytest.fixture
def city(whole_city: City) -> Iterator[City]:
    """Its platforms misbehave for one test only."""
    yield whole_city
    for partner in whole_city.partners:
        partner.http.behave()
