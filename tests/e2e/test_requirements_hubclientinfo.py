"""What a hub tells the node about its parties."""

import pytest
from tests.e2e import documents as doc
from tests.e2e.mock_partner import Answered
from tests.e2e.stage import Stage


def put(stage: Stage, party: tuple[str, str], body: doc.Json) -> Answered:
    url = stage.hub.url("hubclientinfo", "RECEIVER", *party)
    return stage.hub.send("PUT", url, body=body)


def get(stage: Stage, party: tuple[str, str]) -> Answered:
    return stage.hub.send("GET", stage.hub.url("hubclientinfo", "RECEIVER", *party))


def test_client_info_is_put_and_read(stage: Stage) -> None:
    """CORE-HCI-10, CORE-HCI-21: without routing headers on both ways."""
    party = ("SE", "AAA")
    body = doc.client_info(party)
    assert put(stage, party, body).code == 1000
    answer = get(stage, party)
    assert answer.data == body
    assert not [name for name in answer.headers if name.startswith("ocpi-")]
    assert "x-request-id" in answer.headers


@pytest.mark.parametrize("status", ["CONNECTED", "OFFLINE", "PLANNED", "SUSPENDED"])
def test_all_four_states_are_accepted(stage: Stage, status: str) -> None:
    """CORE-HCI-04"""
    party = ("SE", "AAB")
    body = doc.client_info(party, status=status, last_updated=doc.moment())
    assert put(stage, party, body).code == 1000
    assert get(stage, party).data["status"] == status


@pytest.mark.parametrize("member", ["party_id", "country_code", "role", "status", "last_updated"])
def test_each_member_is_required(stage: Stage, member: str) -> None:
    """CORE-HCI-03"""
    body = doc.client_info(("SE", "AAC"))
    del body[member]
    answer = put(stage, ("SE", "AAC"), body)
    assert (answer.status, answer.code) == (200, 2001)


def test_an_unknown_state_is_2001(stage: Stage) -> None:
    """CORE-HCI-04"""
    answer = put(stage, ("SE", "AAC"), doc.client_info(("SE", "AAC"), status="FOO"))
    assert (answer.status, answer.code) == (200, 2001)


def test_a_party_never_told_is_404(stage: Stage) -> None:
    """CORE-HCI-11"""
    assert get(stage, ("XX", "XXX")).status == 404


def test_only_a_hub_tells_about_others(stage: Stage) -> None:
    """CORE-HCI-13"""
    url = stage.partner.url("hubclientinfo", "RECEIVER", "SE", "AAD")
    answer = stage.partner.send("PUT", url, body=doc.client_info(("SE", "AAD")))
    assert answer.status == 404 or 2000 <= answer.code < 3000
    assert get(stage, ("SE", "AAD")).status == 404
