"""Calls to partners: headers, hosts, and lists page by page."""

import contextlib
import json
from collections.abc import Mapping

import pytest
from tests.roaming.company import Company, Network

from voltroam.roaming.exchange import Exchange, host_of
from voltroam.roaming.platforms import EndpointAt, Phase, Platform, Profile
from voltroam.standard.endpoints import CORE, Behaviour, Endpoint, Interface
from voltroam.standard.errors import ForbiddenUrl, PartnerError, Refused, Unreachable, Unusable
from voltroam.standard.parties import PartyId
from voltroam.standard.versions import V2_2_1
from voltroam.wire.call import Call, Request, Response, Routing
from voltroam.wire.headers import read_authorization

LIST = next(
    row for row in CORE if row.module.name == "locations" and row.behaviour is Behaviour.LIST
)
PUT = next(
    row for row in CORE
    if row.module.name == "locations" and row.method == "PUT" and row.part is None
)  # fmt: skip
GET = next(
    row for row in CORE
    if row.module.name == "locations" and row.behaviour is Behaviour.GET and row.part is None
)  # fmt: skip
SESSIONS = next(
    row for row in CORE if row.module.name == "sessions" and row.behaviour is Behaviour.LIST
)
URL = "https://far.example/s/loc"


def page(
    *objects: object, link: str | None = None, total: int | None = None, data: object = ...
) -> Response:
    headers = {"content-type": "application/json"}
    if link is not None:
        headers["link"] = f'<{link}>; rel="next"'
    if total is not None:
        headers["x-total-count"] = str(total)
    body = {"data": list(objects) if data is ... else data, "status_code": 1000, "timestamp": ""}
    return Response(200, headers, json.dumps(body).encode())


class Pages:
    """Answers by whole URL."""

    def __init__(self, network: Network, answers: Mapping[str, Response]) -> None:
        self.answers = dict(answers)
        self.asked: list[str] = []
        network.hosts["far.example"] = self.serve

    async def serve(self, request: Request) -> Response:
        self.asked.append(request.url)
        return self.answers[request.url]


@pytest.fixture
def far(cpo: Company) -> Platform:
    return Platform(
        id="far",
        name="far",
        phase=Phase.REGISTERED,
        version="2.2.1",
        token_sealed=cpo.vault.seal("secret"),
        hosts=("far.example:443",),
        endpoints=(
            EndpointAt("locations", Interface.SENDER, URL),
            EndpointAt("locations", Interface.RECEIVER, "https://far.example/r/loc/"),
        ),
    )


async def crawl(exchange: Exchange, far: Platform, **query: str) -> list[object]:
    found: list[object] = []
    async for objects in exchange.pages(far, LIST, query=query):
        found += (json.loads(one) for one in objects)
    return found


async def test_a_push_names_the_owner_in_its_path_and_both_parties_in_its_headers(
    cpo: Company, far: Platform, network: Network
) -> None:
    """CORE-AUTH-01, CORE-AUTH-02, CORE-COO-01, CORE-VER-12"""
    url = "https://far.example/r/loc/NL/AAA/LOC%2F1"
    pages = Pages(network, {url: page(data=None)})
    keys = {"country_code": "NL", "party_id": "AAA", "location_id": "LOC/1"}
    routing = Routing(to=PartyId("DE", "MSP"), sender=PartyId("NL", "AAA"))
    reply = await cpo.exchange.call(far, PUT, keys=keys, body=b"{}", routing=routing)
    assert reply.status_code == 1000
    assert pages.asked == [url]
    [request] = network.log
    assert read_authorization(request.headers["authorization"]).decoded == "secret"
    assert request.headers["ocpi-from-party-id"] == "AAA"
    assert request.headers["ocpi-to-country-code"] == "DE"
    assert request.headers["content-type"] == "application/json"


async def test_a_raw_token_is_sent_where_the_profile_says_so(
    cpo: Company, far: Platform, network: Network
) -> None:
    """CORE-AUTH-12"""
    import msgspec

    Pages(network, {URL: page()})
    old = msgspec.structs.replace(far, profile=Profile(base64=False))
    await cpo.exchange.call(old, LIST)
    assert network.log[0].headers["authorization"] == "Token secret"


async def test_replies_without_routing_headers_are_fine(
    cpo: Company, far: Platform, network: Network
) -> None:
    """CORE-ROUTE-12"""
    Pages(network, {URL: page(data={"id": 1})})
    routing = Routing(to=PartyId("DE", "MSP"), sender=PartyId("NL", "AAA"))
    assert (await cpo.exchange.call(far, LIST, routing=routing)).data == b'{"id": 1}'


async def test_an_endpoint_that_the_partner_lacks_is_not_called(
    cpo: Company, far: Platform, network: Network
) -> None:
    with pytest.raises(Unusable, match="sessions SENDER"):
        await cpo.exchange.call(far, SESSIONS)
    assert network.log == []


@pytest.mark.parametrize(
    "url",
    ["https://evil.example/x", "http://far.example/x", "https://far.example:8443/x", "ftp://x", ""],
)
async def test_a_url_at_another_host_is_not_called(
    cpo: Company, far: Platform, network: Network, url: str
) -> None:
    with pytest.raises((ForbiddenUrl, Unusable)):
        await cpo.exchange.call(far, SESSIONS, url=url)
    assert network.log == []


async def test_contact_is_noted_and_silence_too(
    cpo: Company, far: Platform, network: Network
) -> None:
    Pages(network, {URL: Response(500, {}, b"")})
    with pytest.raises(Refused):
        await cpo.exchange.call(far, LIST)
    network.down.add("far.example")
    with pytest.raises(Unreachable):
        await cpo.exchange.call(far, LIST)
    assert cpo.contacts == [("far", True), ("far", False)]


async def test_pages_are_followed_by_their_links_to_the_end(
    cpo: Company, far: Platform, network: Network
) -> None:
    """CORE-PAG-21, CORE-PAG-22, CORE-PAG-24"""
    pages = Pages(
        network,
        {
            f"{URL}?limit=50": page(1, link="https://far.example/opaque?x=1", total=3),
            "https://far.example/opaque?x=1": page(2, link="/opaque?x=2", total=4),
            "https://far.example/opaque?x=2": page(3, 4, total=4),
        },
    )
    assert await crawl(cpo.exchange, far, limit="50") == [1, 2, 3, 4]
    assert len(pages.asked) == 3
    correlation = {request.headers["x-correlation-id"] for request in network.log}
    requests = {request.headers["x-request-id"] for request in network.log}
    assert (len(correlation), len(requests)) == (1, 3)


async def test_the_page_limit_of_the_profile_is_asked_for(
    cpo: Company, far: Platform, network: Network
) -> None:
    import msgspec

    Pages(network, {f"{URL}?limit=7": page(1)})
    small = msgspec.structs.replace(far, profile=Profile(page_limit=7))
    assert await crawl(cpo.exchange, small) == [1]


@pytest.mark.parametrize("data", [None, []], ids=["null", "empty"])
async def test_no_data_is_an_empty_list(
    cpo: Company, far: Platform, network: Network, data: object
) -> None:
    Pages(network, {URL: page(data=data)})
    assert await crawl(cpo.exchange, far) == []


async def test_data_that_is_no_list_is_unusable(
    cpo: Company, far: Platform, network: Network
) -> None:
    Pages(network, {URL: page(data={"id": 1})})
    with pytest.raises(Unusable, match="list"):
        await crawl(cpo.exchange, far)


async def test_objects_come_as_the_partner_wrote_them(
    cpo: Company, far: Platform, network: Network
) -> None:
    body = b'{"data":[{"id":1.50} , "odd"],"status_code":1000,"timestamp":""}'
    Pages(network, {URL: Response(200, {}, body)})
    async for objects in cpo.exchange.pages(far, LIST):
        assert list(objects) == [b'{"id":1.50}', b'"odd"']


async def test_links_in_a_circle_end_in_a_problem(
    cpo: Company, far: Platform, network: Network
) -> None:
    """CORE-PAG-25"""
    other = "https://far.example/p2"
    Pages(network, {URL: page(1, link=other), other: page(2, link=other)})
    with pytest.raises(Unusable, match="circle"):
        await crawl(cpo.exchange, far)


async def test_endless_links_end_in_a_problem(
    cpo: Company, far: Platform, network: Network
) -> None:
    """CORE-PAG-25"""
    count = 0

    async def endless(_request: Request) -> Response:
        nonlocal count
        count += 1
        return page(count, link=f"https://far.example/p{count}")

    network.hosts["far.example"] = endless
    exchange = Exchange(network.send, cpo.vault, most_pages=10)
    with pytest.raises(Unusable, match="more than 10"):
        await crawl(exchange, far)
    assert count == 10


async def test_a_link_to_another_host_is_not_followed(
    cpo: Company, far: Platform, network: Network
) -> None:
    Pages(network, {URL: page(1, link="https://evil.example/p2")})
    with pytest.raises(ForbiddenUrl):
        await crawl(cpo.exchange, far)
    assert len(network.log) == 1


async def test_a_list_that_shrinks_is_asked_again_further_to_the_front(
    cpo: Company, far: Platform, network: Network
) -> None:
    """CORE-PAG-23"""
    base = "https://far.example/s/loc"
    pages = Pages(
        network,
        {
            f"{base}?limit=2": page(1, 2, link=f"{base}?offset=2&limit=2", total=6),
            f"{base}?offset=2&limit=2": page(4, 5, link=f"{base}?offset=4&limit=2", total=5),
            f"{base}?offset=1&limit=2": page(3, 4, link=f"{base}?offset=3&limit=2", total=5),
            f"{base}?offset=3&limit=2": page(5, 6, total=5),
        },
    )
    assert set(await crawl(cpo.exchange, far, limit="2")) == {1, 2, 3, 4, 5, 6}
    assert pages.asked[2] == f"{base}?offset=1&limit=2"


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://A.example/x", "a.example:443"),
        ("http://a.example", "a.example:80"),
        ("https://a.example:8443/", "a.example:8443"),
        ("https://[::1]:99/", "::1:99"),
        ("https://a.example:99999/", None),
        ("ftp://a.example/", None),
        ("no url", None),
    ],
)
def test_a_host_is_named_with_its_port(url: str, host: str | None) -> None:
    assert host_of(url) == host


def test_rows_used_here_are_the_ones_meant() -> None:
    assert isinstance(LIST, Endpoint)
    assert (LIST.interface, PUT.interface) == (Interface.SENDER, Interface.RECEIVER)


async def test_a_page_may_be_large_and_a_single_answer_may_not(
    cpo: Company, network: Network, far: Platform
) -> None:
    """A partner chooses the length of its pages: 1,000 locations of 8 kB are 8 MB."""
    large = [{"id": str(number), "text": "x" * 8_000} for number in range(1_000)]
    Pages(network, {URL: page(*large)})
    found = [one async for objects in cpo.exchange.pages(far, LIST) for one in objects]
    assert len(found) == 1_000
    with pytest.raises(Unusable, match="bytes"):
        await cpo.exchange.call(far, GET, url=URL)


async def test_each_request_has_an_id_of_its_own_on_every_page_and_repeat(
    cpo: Company, emsp: Company, network: Network, far: Platform
) -> None:
    """CORE-MSGID-01, CORE-MSGID-02: pages of one crawl share the correlation id only."""
    second, third = f"{URL}?p=2", f"{URL}?p=3"
    Pages(network, {URL: page(1, link=second), second: page(2, link=third), third: page(3)})
    assert await crawl(cpo.exchange, far) == [1, 2, 3]
    crawled = list(network.log)
    assert len({request.headers["x-correlation-id"] for request in crawled}) == 1
    lost = [True]
    network.lose = lambda request: request.method == "POST" and bool(lost) and lost.pop()
    invitation = await cpo.registration.invite("emsp.example")
    with contextlib.suppress(PartnerError):
        await emsp.registration.register(cpo.versions_url, invitation.token, "cpo.example")
    assert len(network.sent("POST")) == 2
    ids = [request.headers["x-request-id"] for request in network.log]
    assert len(ids) > 6
    assert len(set(ids)) == len(ids)
    assert all(request.headers["x-correlation-id"] for request in network.log)


def passing(body: bytes | None = b'{"a": 1.50}', **query: str) -> Call:
    return Call(
        V2_2_1, PUT, {"location_id": "LOC/1"}, query, body, Routing(PartyId("DE", "MSP")),
        request_id="theirs", correlation_id="flow",
    )  # fmt: skip


async def test_a_call_of_others_goes_on_with_our_token_and_its_own_path(
    cpo: Company, far: Platform, network: Network
) -> None:
    """CORE-HUB-04, CORE-HUB-05, CORE-MSGID-08"""
    raw = Response(404, {"x-odd": "1"}, b"not looked at")
    Pages(network, {"https://far.example/r/loc/A%2DB/LOC%2F1?x=1": raw})
    assert await cpo.exchange.forward(far, passing(x="1"), tail="A%2DB/LOC%2F1", timeout=5) is raw
    [request] = network.log
    assert read_authorization(request.headers["authorization"]).decoded == "secret"
    assert request.headers["x-correlation-id"] == "flow"
    assert request.body == b'{"a": 1.50}'
    assert cpo.contacts == [("far", True)]


async def test_a_call_of_others_goes_to_a_whole_url_only_at_the_partners_hosts(
    cpo: Company, far: Platform, network: Network
) -> None:
    url = "https://far.example/odd?x=1"
    Pages(network, {url: Response(200)})
    await cpo.exchange.forward(far, passing(), url=url, timeout=5)
    with pytest.raises(ForbiddenUrl):
        await cpo.exchange.forward(far, passing(), url="https://evil.example/x", timeout=5)
    network.down.add("far.example")
    with pytest.raises(Unreachable):
        await cpo.exchange.forward(far, passing(), url=url, timeout=5)
    assert cpo.contacts == [("far", True), ("far", False)]
    assert [request.url for request in network.log] == [url, url]
