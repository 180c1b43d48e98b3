"""What 2.3.0 demands, of a node that speaks every version, asked by a platform of 2.3.0."""

import base64
from collections.abc import Iterator

import pytest
from tests.e2e import documents as doc
from tests.e2e.hub.city import answers
from tests.e2e.mock_http import Recorded
from tests.e2e.mock_partner import Json
from tests.e2e.nodes import wait_until
from tests.e2e.speaker import Speaker
from tests.e2e.stage import wait_for_pull, wait_for_push
from tests.e2e.versions_stage import MET, NEW, NODE, Versions, call


def test_members_that_nobody_knows_hinder_nothing(versions: Versions) -> None:
    """R230-001, R230-002, R230-003: they stood in every answer of the registration and the pull."""
    (place,) = versions.held("locations", id=MET)
    assert place["foo"] == place["evses"][0]["connectors"][0]["foo"] == {"bar": [1]}
    name = doc.fresh("L")
    body = doc.location(NEW, name, foo=1)
    path = f"RECEIVER/locations/BE/NEW/{name}"
    assert call(versions.new, "PUT", path, body).code == 1000
    assert call(versions.new, "GET", path).data["foo"] == 1


def test_modules_and_versions_that_nobody_knows_are_passed_over(versions: Versions) -> None:
    """R230-010, R230-011: it lists a module foo and a version 9.9."""
    assert versions.node.json("partner", "show", "new")["version"] == "2.3.0"
    asked = [one.path for one in versions.new.http.recorded]
    assert not [path for path in asked if path.endswith(("/9.9", "/foo"))]
    numbers = versions.new.send("GET", versions.node.versions_url).data
    url = next(one["url"] for one in numbers if one["version"] == "2.3.0")
    endpoints = versions.new.send("GET", url).data["endpoints"]
    assert {one["role"] for one in endpoints} == {"SENDER", "RECEIVER"}


def test_who_is_unknown_is_401_and_who_may_not_is_told_nothing(versions: Versions) -> None:
    """R230-007"""
    url = versions.new.url("locations", "RECEIVER", "BE", "NEW", "L1")
    for token in (None, "nobody's"):
        assert versions.new.send("GET", url, token=token).status == 401
    stranger = call(versions.new, "PUT", "RECEIVER/locations/XX/YYY/L1", doc.location(NEW, "L1"))
    assert stranger.status in (403, 404)
    faulty = doc.location(NEW, "L1")
    del faulty["city"]
    answer = call(versions.new, "PUT", "RECEIVER/locations/BE/NEW/L1", faulty)
    assert (answer.status, answer.code) == (200, 2001)


def test_the_token_is_base64_of_itself_alone(versions: Versions) -> None:
    """R230-008, R230-009: what the samples end in is read, never written."""
    sent = versions.new.http.recorded[-1].headers["authorization"]
    scheme, _, text = sent.partition(" ")
    assert scheme == "Token"
    assert base64.b64decode(text, validate=True).decode() in versions.new.tokens
    assert versions.new.peer is not None
    mine = base64.b64encode(f"{versions.new.peer.token}\n".encode()).decode()
    headers = {"Authorization": f"Token {mine}"}
    assert versions.new.send("GET", versions.node.versions_url, headers=headers).code == 1000


def test_a_command_that_nobody_knows_is_not_supported(versions: Versions) -> None:
    """R230-053"""
    body = {"response_url": f"{versions.new.base}/result"}
    answer = call(versions.new, "POST", "RECEIVER/commands/FOO", body)
    assert answer.status == 404 or answer.data["result"] == "NOT_SUPPORTED"


def test_a_price_of_2_2_1_is_read_and_told(versions: Versions) -> None:
    """R230-019, R230-020: written in the shape of this version."""
    cdr = doc.cdr(NEW, doc.fresh("C"), NODE)
    answer = call(versions.new, "POST", "RECEIVER/cdrs", cdr)
    assert answer.code == 1000, answer.json
    name = doc.fresh("C")
    versions.load("cdrs", doc.cdr(NODE, name, ("BE", "NWM")))
    told = wait_for_push(versions.new, "POST", "/cdrs")
    assert told.json["total_cost"] == {
        "before_taxes": 4.0, "taxes": [{"name": "VAT", "amount": 0.84}],
    }  # fmt: skip


BEHIND, CHARGING = ("SE", "BEH"), ("SE", "CHA")
"""Behind the hub: an eMSP and a CPO, known by the roles of its credentials alone."""


class Hub(Speaker):
    """A hub of 2.3.0: its own party is `hub_party_id`, its roles are those behind it."""

    def credentials(self, token: str) -> Json:
        return super().credentials(token) | {"hub_party_id": "SEHUB"}


@pytest.fixture(scope="module")
def hub(whole_versions: Versions) -> Iterator[Speaker]:
    roles = ((*BEHIND, "EMSP"), (*CHARGING, "CPO"))
    with Hub("2.3.0", *roles, name=doc.fresh("hub")) as made:
        made.join(whole_versions.node)
        wait_for_pull(whole_versions.node, made.name)
        yield made
        whole_versions.node.run("partner", "remove", made.name, "--yes")


def ends(request: Recorded) -> list[str]:
    """Country and party, to and from."""
    parts = ("to-country-code", "to-party-id", "from-country-code", "from-party-id")
    return [request.headers.get(f"ocpi-{part}", "") for part in parts]


def test_what_is_for_a_hub_itself_names_its_hub_party(versions: Versions, hub: Speaker) -> None:
    """R230-013, R230-017, CORE-BCAST-01, CORE-ALL-01: a broadcast, and the list of all it has."""
    name = doc.fresh("L")
    versions.load("locations", doc.location(NODE, name))
    pushed = wait_for_push(hub, "PUT", f"/locations/NL/NOD/{name}")
    pulled = wait_until(
        lambda: [one for one in hub.http.recorded if one.method == "GET" and "/s/" in one.path],
        what="a pull",
    )
    assert ends(pushed) == ends(pulled[0]) == ["SE", "HUB", "NL", "NOD"]


def test_a_party_that_a_hub_lists_is_reached_through_it(versions: Versions, hub: Speaker) -> None:
    """CORE-HUB-01, R230-014: at the hub's endpoint, to the party behind it, from ours."""
    name = doc.fresh("C")
    versions.load("cdrs", doc.cdr(NODE, name, BEHIND))
    posted = wait_for_push(hub, "POST", "/cdrs")
    assert posted.json["id"] == name
    assert ends(posted) == [*BEHIND, *NODE]

    uid = doc.fresh("T")
    versions.load("tokens", doc.token(NODE, uid))
    at = ("--location", "L1", "--token", uid, "--no-wait")
    hub.http.on("POST", "/r/commands/", answers(result="ACCEPTED", timeout=30))
    started = versions.node.run("command", "start", "--partner", hub.name, *at, "--json")
    assert started.code == 0, started.out + started.err
    command = wait_for_push(hub, "POST", "/commands/START_SESSION")
    assert ends(command) == [*CHARGING, *NODE]
