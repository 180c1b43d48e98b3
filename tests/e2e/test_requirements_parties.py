"""A platform of several parties: each is addressed and speaks for itself."""

from collections.abc import Iterator

import pytest
from tests.e2e import documents as doc
from tests.e2e.mock_partner import Answered, MockPartner
from tests.e2e.nodes import Served, make_node
from tests.e2e.stage import EMSP, joined, make_partner, wait_for_push

FIRST, SECOND = ("NL", "AAA"), ("NL", "BBB")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("parties") / "node"
    made = make_node(folder, "NL/AAA/CPO", "NL/BBB/CPO", "NL/BBB/EMSP", name="two")
    yield made.serve()
    made.kill()


@pytest.fixture(scope="module")
def partner(served: Served) -> Iterator[MockPartner]:
    with make_partner() as made:
        yield joined(served, made, "partner")


@pytest.fixture(scope="module")
def names(served: Served, partner: MockPartner) -> dict[tuple[str, str], str]:
    """A location of each party."""
    names = {party: doc.fresh("L") for party in (FIRST, SECOND)}
    report = served.load("locations", [doc.location(party, names[party]) for party in names])
    assert report["accepted"] == 2
    return names


def lists(partner: MockPartner, to: tuple[str, str]) -> Answered:
    headers = partner.routing() | {
        "OCPI-to-country-code": to[0],
        "OCPI-to-party-id": to[1],
        "OCPI-from-country-code": EMSP[0],
        "OCPI-from-party-id": EMSP[1],
    }
    return partner.send("GET", partner.url("locations", "SENDER"), headers=headers)


def test_credentials_list_all_roles(partner: MockPartner) -> None:
    """CORE-CRED-09, CORE-CRED-10, CORE-TOPO-02"""
    assert partner.peer is not None
    roles = [(r["country_code"], r["party_id"], r["role"]) for r in partner.peer.roles]
    assert sorted(roles) == [(*FIRST, "CPO"), (*SECOND, "CPO"), (*SECOND, "EMSP")]


@pytest.mark.parametrize("party", [FIRST, SECOND])
def test_a_push_comes_from_the_party_that_owns_the_object(
    partner: MockPartner, names: dict[tuple[str, str], str], party: tuple[str, str]
) -> None:
    """CORE-ROUTE-06, CORE-ROUTE-01, CORE-COO-01"""
    request = wait_for_push(partner, "PUT", names[party])
    headers = request.headers
    assert (headers["ocpi-from-country-code"], headers["ocpi-from-party-id"]) == party
    assert (headers["ocpi-to-country-code"], headers["ocpi-to-party-id"]) == EMSP
    assert request.segments[-3:-1] == party


@pytest.mark.parametrize("party", [FIRST, SECOND])
def test_a_list_is_that_of_the_party_addressed(
    partner: MockPartner, names: dict[tuple[str, str], str], party: tuple[str, str]
) -> None:
    """CORE-ROUTE-11, CORE-ROUTE-02: data, total and the answer's from are its own."""
    answer = lists(partner, party)
    assert [item["id"] for item in answer.data] == [names[party]]
    assert answer.headers["x-total-count"] == "1"
    assert (
        answer.headers["ocpi-from-country-code"],
        answer.headers["ocpi-from-party-id"],
    ) == party
