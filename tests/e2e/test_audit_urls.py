"""Every URL that a partner names passes the guard, and a refusal is told to the operator.

Loopback is allowed in these tests, other private addresses are not.
"""

import functools
from collections.abc import Iterator
from typing import Any

import pytest
from tests.e2e import documents as doc
from tests.e2e import mock_http
from tests.e2e.conftest import nodes_in
from tests.e2e.mock_http import Answer, Fault, Recorded, Reply
from tests.e2e.mock_partner import MockPartner, envelope
from tests.e2e.nodes import Served, wait_until
from tests.e2e.stage import EMSP, NODE, guests, joined

PRIVATE = "http://10.0.0.1:8080/ocpi"
METADATA = "http://169.254.169.254/latest"


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with nodes_in(tmp_path_factory.mktemp("urls")) as make:
        yield make("node", "NL/NOD/CPO", "NL/NOD/EMSP")


@pytest.fixture
def ours(serving: Served) -> Iterator[Served]:
    """Whoever the test made known is gone after it; its settings are as they were."""
    settings = serving.config.read_text("utf-8")
    with guests(serving):
        yield serving
        serving.config.write_text(settings, "utf-8")


@pytest.fixture
def partner() -> Iterator[MockPartner]:
    with MockPartner((*EMSP, "EMSP"), (*EMSP, "CPO"), name="Partner") as made:
        yield made


def linking(url: str) -> Fault:
    async def fault(request: Recorded, answer: Answer) -> Reply:
        reply = await answer(request)
        reply.headers["Link"] = f'<{url}>; rel="next"'
        return reply

    return fault


def located(url: str) -> Fault:
    async def fault(request: Recorded, answer: Answer) -> Reply:
        reply = await answer(request)
        reply.headers["Location"] = url
        return reply

    return fault


def versions_at(url: str) -> Fault:
    return mock_http.document(
        {
            "status_code": 1000,
            "timestamp": "2026-01-01T00:00:00Z",
            "data": [{"version": "2.2.1", "url": url}],
        }
    )


@pytest.mark.parametrize("url", [PRIVATE, METADATA, "http://[::ffff:10.0.0.1]/", "file:///etc"])
def test_a_versions_url_at_a_private_address_is_refused(ours: Served, url: str) -> None:
    ran = ours.run("partner", "register", url, "token-a", "--name", "far", "--json")
    assert ran.code != 0
    assert ran.json["error"]


def test_a_node_without_loopback_calls_no_loopback(ours: Served, partner: MockPartner) -> None:
    text = ours.config.read_text("utf-8")
    assert "allow_loopback = true" in text
    ours.config.write_text(text.replace("allow_loopback = true", "allow_loopback = false"), "utf-8")
    url, token = partner.versions_url, partner.invite()
    ran = ours.run("partner", "register", url, token, "--name", "far", "--json")
    assert ran.code != 0
    assert "loopback" in ran.json["error"]
    assert partner.http.recorded == []
    assert "loopback" in ours.json("partner", "show", "far")["reason"]


@pytest.mark.parametrize("url", [PRIVATE, METADATA])
def test_version_details_at_a_private_address_are_refused(
    ours: Served, partner: MockPartner, url: str
) -> None:
    partner.http.on("GET", "/versions$", versions_at(url))
    token = partner.invite()
    ran = ours.run("partner", "register", partner.versions_url, token, "--name", "far", "--json")
    assert ran.code != 0
    assert ours.json("partner", "show", "far")["reason"] in ran.json["error"]
    assert not [r for r in partner.http.recorded if r.method == "POST"]


def test_a_registering_platform_cannot_send_us_to_a_private_address(
    ours: Served, partner: MockPartner
) -> None:
    """3001, as for any way back that fails (CORE-REG-14)."""
    token_a = ours.json("partner", "invite", "far")["token"]
    body = partner.credentials("token-b") | {"url": METADATA}
    url = f"{ours.url}/ocpi/2.2.1/credentials"
    answer = partner.send("POST", url, body=body, token=token_a)
    assert (answer.status, answer.code) == (200, 3001)
    shown = ours.json("partner", "show", "far")
    assert shown["status"] == "PLANNED"
    assert "169.254.169.254" in shown["reason"]


def test_an_endpoint_at_a_private_address_stops_its_lane_visibly(
    ours: Served, partner: MockPartner
) -> None:
    partner.hidden_endpoints.add(("tariffs", "RECEIVER"))
    partner.extra_endpoints.append(
        {"identifier": "tariffs", "role": "RECEIVER", "url": f"{PRIVATE}/tariffs"}
    )
    joined(ours, partner, "far")
    ours.load("tariffs", [doc.tariff(NODE, "T1")])

    def stopped() -> Any:
        return ours.json("partner", "show", "far")["delivery"]["stopped"]

    assert "10.0.0.1" in wait_until(stopped, what="the stop of the lane")


def test_a_link_leads_nowhere_but_to_the_partner(ours: Served, partner: MockPartner) -> None:
    joined(ours, partner, "far")
    wait_until(lambda: ours.json("pull", "tariffs", "--partner", "far"), what="the first pull")
    with MockPartner(("FR", "OTH", "CPO"), name="Elsewhere") as elsewhere:
        for url in (PRIVATE, METADATA, f"{elsewhere.base}/2.2.1/s/tariffs"):
            rule = partner.http.on("GET", "/s/tariffs", linking(url), times=1)
            ran = ours.run("pull", "tariffs", "--partner", "far", "--json")
            assert (ran.code != 0, rule.used) == (True, 1), url
            assert "host" in ran.json["error"]
        assert elsewhere.http.recorded == []


@pytest.mark.parametrize("url", [PRIVATE, METADATA])
def test_a_redirect_to_a_private_address_is_not_followed(
    ours: Served, partner: MockPartner, url: str
) -> None:
    joined(ours, partner, "far")
    partner.http.on("GET", "/s/tariffs", mock_http.redirect(url))
    ran = ours.run("pull", "tariffs", "--partner", "far", "--json")
    assert ran.code != 0
    assert "redirect" in ran.json["error"]


def test_the_location_of_a_cdr_is_asked_only_at_the_partner(
    ours: Served, partner: MockPartner
) -> None:
    """CDR-GET-02: exactly the URL that was given, if it is one that may be called."""
    joined(ours, partner, "far")
    there = f"{partner.base}/2.2.1/r/cdrs/odd%20place?of=C2"
    for name, url in (("C1", f"{PRIVATE}/cdrs/C1"), ("C2", there)):
        rule = partner.http.on("POST", "/r/cdrs", located(url), times=1)
        ours.load("cdrs", [doc.cdr(NODE, name, EMSP)])
        wait_until(functools.partial(getattr, rule, "used"), what=f"the POST of {name}")
    ran = ours.run("get", "far", f"{PRIVATE}/cdrs/C1", "--json")
    assert ran.code != 0
    assert "host" in ran.json["error"]
    partner.http.on("GET", "/r/cdrs/odd", answering(doc.cdr(NODE, "C2", EMSP)))
    assert ours.json("get", "far", there) == doc.cdr(NODE, "C2", EMSP)
    assert partner.http.recorded[-1].target == there.removeprefix(
        f"http://127.0.0.1:{partner.http.port}"
    )


def answering(data: object) -> Fault:
    async def fault(_request: Recorded, _answer: Answer) -> Reply:
        return envelope(data=data)

    return fault
