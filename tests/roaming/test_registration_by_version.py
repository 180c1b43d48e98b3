"""Registration in each version: what is chosen, how tokens go, who is told of whom."""

import json
from typing import Any

import pytest
from tests.roaming.company import Company, Network, meet, role, token_of
from tests.roaming.conftest import Found

from voltroam.roaming.hub.agreements import Agreement, Side
from voltroam.roaming.platforms import Phase, Profile
from voltroam.standard.endpoints import Interface
from voltroam.standard.errors import CallerError, PartnerError
from voltroam.standard.trees import Tree
from voltroam.standard.v2_2_1 import Role
from voltroam.standard.versions import V2_1_1, V2_2_1, V2_3_0, VERSIONS, Version
from voltroam.wire.call import Request, Response

ALL = tuple(VERSIONS.values())
CPO, EMSP = role("NL/AAA", Role.CPO), role("DE/MSP", Role.EMSP)


@pytest.mark.parametrize("ours", [(V2_1_1,), (V2_1_1, V2_2_1), (V2_2_1, V2_3_0), ALL])
@pytest.mark.parametrize("theirs", [(V2_1_1,), (V2_2_1,), (V2_3_0,), ALL])
async def test_the_highest_common_version_is_chosen(
    found: Found, ours: tuple[Version, ...], theirs: tuple[Version, ...]
) -> None:
    """R211-027, R211-030, CORE-VER-02"""
    cpo = await found("cpo.example", CPO, versions=ours)
    emsp = await found("emsp.example", EMSP, versions=theirs)
    common = sorted(set(ours) & set(theirs), key=lambda version: version.rank)
    if not common:
        with pytest.raises(PartnerError) as fault:
            await meet(cpo, emsp)
        # Who knows no raw tokens does not even know who asks.
        unknown = theirs == (V2_1_1,) and V2_1_1 not in ours
        assert fault.value.status_code == (3001 if unknown else 3002)
        return
    await meet(cpo, emsp)
    for company, name in ((cpo, "emsp.example"), (emsp, "cpo.example")):
        partner = await company.partner(name)
        assert (partner.phase, partner.version) == (Phase.REGISTERED, common[-1].number)
        assert [one.party_id for one in partner.roles] == [
            "MSP" if company is cpo else "AAA"
        ]  # fmt: skip


async def test_a_version_may_be_pinned_for_a_partner(found: Found) -> None:
    cpo = await found("cpo.example", CPO, versions=ALL)
    emsp = await found("emsp.example", EMSP, versions=ALL)
    invitation = await cpo.registration.invite("emsp.example")
    await emsp.registration.register(
        cpo.versions_url, invitation.token, "cpo.example", Profile(version="2.2.1")
    )
    assert (await cpo.partner("emsp.example")).version == "2.2.1"


async def test_a_partner_changes_its_version_by_put(found: Found) -> None:
    """CORE-REG-22: a pin that is lifted; PUT at the new version's credentials, new tokens."""
    cpo = await found("cpo.example", CPO, versions=ALL)
    emsp = await found("emsp.example", EMSP, versions=ALL)
    invitation = await cpo.registration.invite("emsp.example")
    await emsp.registration.register(
        cpo.versions_url, invitation.token, "cpo.example", Profile(version="2.1.1")
    )
    before = await emsp.partner("cpo.example")
    old = token_of(emsp, before)
    await emsp.set_profile("cpo.example", Profile())
    await emsp.registration.rotate(before)
    after = await emsp.partner("cpo.example")
    assert after.version == (await cpo.partner("emsp.example")).version == "2.3.0"
    assert token_of(emsp, after) != old
    lists = f"{cpo.router.details_url(V2_3_0)}/sender/locations"
    # What is under way with the old token is still answered, in either version.
    assert (await cpo.ask(old, "GET", lists)).code == 1000
    assert (await cpo.ask(token_of(emsp, after), "GET", lists)).code == 1000


async def test_tokens_of_2_1_1_go_as_they_are(found: Found, network: Network) -> None:
    """R211-001, R211-031, R211-039"""
    cpo = await found("cpo.example", CPO, versions=(V2_1_1,))
    emsp = await found("emsp.example", EMSP, versions=(V2_1_1,))
    invitation = await cpo.registration.invite("emsp.example")
    await emsp.registration.register(invitation.versions_url, invitation.token, "cpo.example")
    sent = [request.headers["authorization"] for request in network.log]
    assert sent[0] == f"Token {invitation.token}"
    [post] = network.sent("POST")
    body = json.loads(post.body)
    assert sorted(body) == ["business_details", "country_code", "party_id", "token", "url"]
    assert (body["country_code"], body["party_id"]) == ("DE", "MSP")
    assert f"Token {body['token']}" in sent


async def test_a_2_1_1_partner_may_send_its_token_in_either_form(found: Found) -> None:
    """R211-003, R211-004"""
    cpo = await found("cpo.example", CPO, versions=(V2_1_1,))
    emsp = await found("emsp.example", EMSP, versions=(V2_1_1,))
    pair = await meet(cpo, emsp)
    url = cpo.router.endpoint_url(V2_1_1, "locations", Interface.SENDER)
    for base64 in (True, False):
        assert (await cpo.ask(pair.token, "GET", url, base64=base64)).code == 1000


async def test_each_tree_has_a_list_of_versions_and_details_without_roles(found: Found) -> None:
    """R211-027, R211-028"""
    both = await found("both.example", CPO, EMSP, versions=(V2_1_1, V2_2_1))
    invitation = await both.registration.invite("new", we_are=Role.CPO)
    assert invitation.versions_url == "https://both.example/ocpi/cpo/versions"

    async def got(path: str) -> Any:
        answer = await both.ask(invitation.token, "GET", f"https://both.example/ocpi/{path}")
        assert answer.http == 200
        return answer.data

    for tree in ("cpo", "emsp"):
        lines = {line["version"]: line["url"] for line in await got(f"{tree}/versions")}
        assert lines == {
            "2.1.1": f"https://both.example/ocpi/{tree}/2.1.1",
            "2.2.1": "https://both.example/ocpi/2.2.1",
        }
        details = await got(f"{tree}/2.1.1")
        assert {tuple(sorted(line)) for line in details["endpoints"]} == {("identifier", "url")}
        for line in details["endpoints"]:
            below = f"https://both.example/ocpi/{tree}/2.1.1/{line['identifier']}"
            assert line["url"] == below
    plain = {line["version"] for line in await got("versions")}
    assert plain == {"2.1.1", "2.2.1"}, "the tree that the invitation is for"


async def test_a_company_of_two_roles_registers_once_for_each(found: Found) -> None:
    """R211-027"""
    both = await found("both.example", CPO, EMSP, versions=(V2_1_1,))
    cpo = await found("cpo.example", role("NL/XXX", Role.CPO), versions=(V2_1_1,))
    emsp = await found("emsp.example", role("NL/YYY", Role.EMSP), versions=(V2_1_1,))
    for other, we_are in ((cpo, Role.EMSP), (emsp, Role.CPO)):
        invitation = await both.registration.invite(other.host, we_are=we_are)
        await other.registration.register(invitation.versions_url, invitation.token, "both")
        mine = await both.partner(other.host)
        assert [one.role for one in mine.roles] == [other.identity.roles[0].role]
        theirs = await other.partner("both")
        assert [one.role for one in theirs.roles] == [we_are]
        assert [one.party_id for one in theirs.roles] == ["AAA" if we_are is Role.CPO else "MSP"]
    partner = await both.partner("cpo.example")
    assert partner.endpoint("locations", Interface.SENDER) is not None
    assert partner.endpoint("locations", Interface.RECEIVER) is None
    assert partner.endpoint("tokens", Interface.RECEIVER) is not None


async def test_without_a_role_two_trees_cannot_be_told_apart(found: Found) -> None:
    both = await found("both.example", CPO, EMSP, versions=(V2_1_1,))
    cpo = await found("cpo.example", role("NL/XXX", Role.CPO), versions=(V2_1_1,))
    invitation = await cpo.registration.invite("both.example")
    with pytest.raises(PartnerError, match="which of our roles"):
        await both.registration.register(cpo.versions_url, invitation.token, "cpo.example")
    with pytest.raises(CallerError, match="SCSP is no role of ours"):
        await both.registration.invite("other", we_are=Role.SCSP)


async def test_roles_in_a_2_1_1_body_are_passed_over(found: Found, network: Network) -> None:
    """R211-040"""
    cpo = await found("cpo.example", CPO, versions=(V2_1_1,))
    emsp = await found("emsp.example", EMSP, versions=(V2_1_1,))
    serve = network.hosts["cpo.example"]

    async def with_roles(request: Any) -> Any:
        if request.method == "POST":
            body = json.loads(request.body)
            body["roles"] = [{"role": "CPO", "party_id": "ZZZ", "country_code": "FR",
                              "business_details": {"name": "Z"}}]  # fmt: skip
            request = type(request)(
                request.method, request.url, request.headers, json.dumps(body).encode()
            )
        return await serve(request)

    network.hosts["cpo.example"] = with_roles
    await meet(cpo, emsp)
    assert [one.party_id for one in (await cpo.partner("emsp.example")).roles] == ["MSP"]


async def test_2_1_1_hears_of_no_later_status_code(found: Found) -> None:
    """R211-026"""
    cpo = await found("cpo.example", CPO, versions=(V2_1_1,))
    emsp = await found("emsp.example", EMSP, versions=(V2_1_1,))
    pair = await meet(cpo, emsp)
    receiver = cpo.router.endpoint_url(V2_1_1, "tokens", Interface.RECEIVER)
    answer = await cpo.ask(pair.token, "GET", f"{receiver}/DE/MSP/NOBODY", base64=False)
    assert answer.http == 404
    assert answer.code in {int(code) for code in V2_1_1.statuses}
    assert {int(code) for code in V2_1_1.statuses} == {
        1000, 2000, 2001, 2002, 2003, 3000, 3001, 3002, 3003
    }  # fmt: skip


async def test_a_hub_tells_2_3_0_whom_it_connects_and_names_itself(
    found: Found, network: Network
) -> None:
    """In 2.2.1 a hub lists itself alone (CORE-HUB-25)."""
    hub = await found("hub.example", role("DE/HUB", Role.HUB), versions=(V2_2_1, V2_3_0))
    cpo = await found("cpo.example", CPO, versions=(V2_2_1,))
    emsp = await found("emsp.example", EMSP, versions=(V2_3_0,))
    await meet(hub, cpo)
    hub.clock.forward(2)
    await meet(hub, emsp)
    [credentials] = [
        json.loads(one) for one in [await _answered(hub, emsp, "2.3.0")] if b"hub_party_id" in one
    ]
    told = credentials["data"]
    assert told["hub_party_id"] == "DEHUB"
    assert [(one["role"], one["party_id"]) for one in told["roles"]] == [("CPO", "AAA")]
    for company in (cpo, emsp):
        partner = await company.partner("hub.example")
        assert partner.is_hub
        assert [(one.role, one.party_id) for one in partner.roles] == [(Role.HUB, "HUB")]


async def test_a_hub_names_only_parties_that_the_platform_may_deal_with(
    found: Found, network: Network
) -> None:
    """CORE-HCI-05: its credentials tell no more than hubclientinfo, when it registers and later."""
    hub = await found("hub.example", role("DE/HUB", Role.HUB), versions=(V2_2_1, V2_3_0))
    cpo = await found("cpo.example", CPO, versions=(V2_2_1,))
    emsp = await found("emsp.example", EMSP, versions=(V2_3_0,))
    forbids = Agreement(id="no", one=Side.read("NL/AAA"), other=Side.read("DE/MSP"), allows=False)
    await hub.book.add(forbids)
    replies: list[bytes] = []

    async def serve(request: Request) -> Response:
        response = await hub.serve(request)
        replies.append(response.body)
        return response

    network.hosts[hub.host] = serve
    await meet(hub, cpo)
    hub.clock.forward(2)
    await meet(hub, emsp)

    async def told() -> list[str]:
        hub.clock.forward(2)
        roles = json.loads(await _answered(hub, emsp, "2.3.0"))["data"]["roles"]
        return [it["party_id"] for it in roles]

    [at_first] = [json.loads(it)["data"] for it in replies if b"hub_party_id" in it]
    assert [(it["role"], it["party_id"]) for it in at_first["roles"]] == [("OTHER", "HUB")]
    assert await told() == ["HUB"]
    await hub.book.remove("no")
    assert await told() == ["AAA"]


async def _answered(hub: Company, partner: Company, version: str) -> bytes:
    token = token_of(partner, await partner.partner(hub.host))
    answer = await hub.ask(token, "GET", f"https://{hub.host}/ocpi/{version}/credentials")
    return answer.text


def test_a_tree_is_of_one_role() -> None:
    assert [(tree.role, tree.other) for tree in Tree] == [
        (Role.CPO, Tree.EMSP), (Role.EMSP, Tree.CPO)
    ]  # fmt: skip
