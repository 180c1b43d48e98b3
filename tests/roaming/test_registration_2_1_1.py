"""Registration as 2.1.1 demands it, in process."""

import json

import pytest
from tests.roaming.company import Clock, Company, Network, Pair, meet, role, token_of
from tests.roaming.conftest import Found

from voltroam.standard.endpoints import Interface
from voltroam.standard.errors import PartnerError
from voltroam.standard.trees import Tree
from voltroam.standard.v2_2_1 import Role
from voltroam.standard.versions import V2_1_1
from voltroam.wire.call import Request, Response

CPO, EMSP = role("NL/AAA", Role.CPO), role("DE/MSP", Role.EMSP)


@pytest.fixture
async def pair(found: Found) -> Pair:
    """An eMSP that registered with a CPO."""
    return await meet(
        await found("cpo.example", CPO, versions=(V2_1_1,)),
        await found("emsp.example", EMSP, versions=(V2_1_1,)),
    )


def credentials_of(company: Company) -> str:
    return f"{company.router.details_url(V2_1_1, Tree.CPO)}/credentials"


def posted(network: Network) -> object:
    [request] = network.sent("POST")
    return json.loads(request.body)


async def test_who_is_registered_may_not_post_again(pair: Pair, network: Network) -> None:
    """R211-032"""
    cpo = pair.receiver
    answer = await cpo.ask(
        pair.token, "POST", credentials_of(cpo), posted(network), base64=False
    )  # fmt: skip
    assert answer.http == 405
    assert (await cpo.ask(pair.token, "GET", credentials_of(cpo), base64=False)).code == 1000


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
async def test_who_is_not_registered_may_neither_put_nor_delete(
    pair: Pair, network: Network, method: str
) -> None:
    """R211-033, R211-034"""
    cpo, body = pair.receiver, posted(network)
    token = (await cpo.registration.invite("other")).token
    given = body if method == "PUT" else None
    answer = await cpo.ask(token, method, credentials_of(cpo), given, base64=False)
    assert answer.http == 405


async def test_a_deleted_registration_is_dead_at_once(pair: Pair) -> None:
    """R211-034"""
    cpo = pair.receiver
    lists = cpo.router.endpoint_url(V2_1_1, "locations", Interface.SENDER)
    assert (await cpo.ask(pair.token, "GET", lists, base64=False)).code == 1000
    ended = await cpo.ask(pair.token, "DELETE", credentials_of(cpo), base64=False)
    assert (ended.http, ended.code) == (200, 1000)
    assert (await cpo.ask(pair.token, "GET", lists, base64=False)).http == 401


async def test_put_reads_the_endpoints_again_and_gives_a_fresh_token(
    pair: Pair, network: Network, clock: Clock
) -> None:
    """R211-035: the version stays; the old token lives only until what is under way has come."""
    cpo, emsp = pair.receiver, pair.sender
    network.log.clear()
    await emsp.registration.rotate(await emsp.partner("cpo.example"))
    asked = [one.url.removeprefix("https://emsp.example") for one in network.sent("GET", "//emsp.")]
    assert len(asked) >= 2, "its list of versions and its details"
    fresh = token_of(emsp, await emsp.partner("cpo.example"))
    assert fresh != pair.token
    clock.forward(61)
    lists = cpo.router.endpoint_url(V2_1_1, "locations", Interface.SENDER)
    assert (await cpo.ask(pair.token, "GET", lists, base64=False)).http == 401
    assert (await cpo.ask(fresh, "GET", lists, base64=False)).code == 1000


async def test_a_client_that_does_not_answer_is_3001(found: Found, network: Network) -> None:
    """R211-036"""
    cpo = await found("cpo.example", CPO, versions=(V2_1_1,))
    emsp = await found("emsp.example", EMSP, versions=(V2_1_1,))
    network.down.add("emsp.example")
    with pytest.raises(PartnerError) as fault:
        await meet(cpo, emsp)
    assert fault.value.status_code == 3001


@pytest.mark.parametrize("by_server", [True, False])
async def test_without_an_endpoint_that_one_needs_nobody_registers(
    found: Found, network: Network, by_server: bool
) -> None:
    """R211-037, R211-038: the server answers 3003; the client sends no POST."""
    needed = (("chargingprofiles", None),)
    cpo = await found(
        "cpo.example", CPO, versions=(V2_1_1,), required=needed if by_server else ()
    )  # fmt: skip
    emsp = await found(
        "emsp.example", EMSP, versions=(V2_1_1,), required=() if by_server else needed
    )  # fmt: skip
    serve, answered = network.hosts["cpo.example"], []

    async def heard(request: Request) -> Response:
        response = await serve(request)
        answered.append(response.body)
        return response

    network.hosts["cpo.example"] = heard
    with pytest.raises(PartnerError, match="chargingprofiles"):
        await meet(cpo, emsp)
    codes = [json.loads(body)["status_code"] for body in answered]
    assert (3003 in codes) is by_server
    assert len(network.sent("POST")) == by_server
