"""The scripted partner keeps its own word, else the tests with it prove nothing."""

import http.client
from collections.abc import Iterator

import pytest
from tests.e2e import mock_http
from tests.e2e.mock_partner import (
    Answered,
    MockPartner,
    Peer,
    changed,
    endless_links,
    refuses,
    shrinking_totals,
)

LOCATION = {
    "country_code": "NL",
    "party_id": "NOD",
    "id": "L1",
    "last_updated": "2026-01-01T00:00:00Z",
    "evses": [{"uid": "E1", "status": "AVAILABLE", "last_updated": "2026-01-01T00:00:00Z"}],
}


@pytest.fixture
def pair() -> Iterator[tuple[MockPartner, MockPartner]]:
    """Two mock platforms, registered with each other."""
    with (
        MockPartner(("DE", "ONE", "EMSP")) as one,
        MockPartner(("NL", "NOD", "CPO"), page=2) as two,
    ):
        answer = one.register(two.versions_url, two.invite())
        assert answer.code == 1000
        yield one, two


def test_two_mocks_register_and_call_each_other(pair: tuple[MockPartner, MockPartner]) -> None:
    one, two = pair
    assert two.call("PUT", "locations", "RECEIVER", "NL", "NOD", "L1", body=LOCATION).status == 201
    patch = {"status": "CHARGING", "last_updated": "2026-01-02T00:00:00Z"}
    assert (
        two.call("PATCH", "locations", "RECEIVER", "NL", "NOD", "l1", "e1", body=patch).code == 1000
    )
    held = one.held["locations", "NL", "NOD", "L1"]
    assert held["evses"][0]["status"] == "CHARGING"
    assert held["last_updated"] == "2026-01-02T00:00:00Z"
    last = one.http.recorded[-1]
    assert last.segments[-2:] == ("l1", "e1")
    assert last.json == patch


def test_pages_are_linked(pair: tuple[MockPartner, MockPartner]) -> None:
    one, two = pair
    two.objects["tariffs"] = [{"id": str(n), "last_updated": "2026"} for n in range(5)]
    assert [t["id"] for t in one.crawl(one.url("tariffs", "SENDER"))] == ["0", "1", "2", "3", "4"]


def test_faults_on_order(pair: tuple[MockPartner, MockPartner]) -> None:
    one, two = pair
    url = one.url("tariffs", "SENDER")

    def get() -> Answered:
        return one.send("GET", url, timeout=1)

    two.http.on("GET", "tariffs", refuses(3000), times=1)
    assert get().code == 3000
    assert get().code == 1000
    two.http.on("GET", "tariffs", mock_http.status(429, retry_after="7"))
    assert (get().status, get().headers["retry-after"]) == (429, "7")
    two.http.on("GET", "tariffs", mock_http.reset())
    with pytest.raises((http.client.HTTPException, ConnectionError)):
        get()
    two.http.on("GET", "tariffs", mock_http.hang())
    with pytest.raises(TimeoutError):
        get()
    two.http.on("GET", "tariffs", mock_http.redirect("http://10.0.0.1/"))
    assert get().headers["location"] == "http://10.0.0.1/"
    two.http.on("GET", "tariffs", mock_http.huge(1 << 20))
    assert len(get().body) == 1 << 20
    two.http.on("GET", "tariffs", mock_http.text(b'{"data": ['))
    assert get().body == b'{"data": ['
    two.http.on("GET", "tariffs", changed({"status_code": 1901}))
    assert get().code == 1901
    two.http.on("GET", "tariffs", endless_links())
    assert get().next is not None
    two.http.on("GET", "tariffs", shrinking_totals())
    assert get().headers["x-total-count"] == "0"
    two.http.behave()
    assert get().code == 1000


def test_a_paused_partner_refuses_connections(pair: tuple[MockPartner, MockPartner]) -> None:
    one, two = pair
    two.http.pause()
    with pytest.raises(ConnectionError):
        one.send("GET", two.versions_url)
    two.http.resume()
    assert one.send("GET", two.versions_url).code == 1000


def test_strangers_get_401() -> None:
    with MockPartner() as one:
        one.peer = Peer(one.versions_url, "nobody")
        assert one.send("GET", one.versions_url).status == 401
        assert one.send("GET", one.versions_url, token=None).status == 401
