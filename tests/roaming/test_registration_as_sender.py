"""Exchange of credentials that we begin: registering, rotating and removing."""

import json
from dataclasses import replace

import pytest
from tests.roaming.company import Company, Network, Pair, token_of
from tests.roaming.far_end import CREDENTIALS, FarEnd, envelope, token_in

from voltroam.roaming.exchange import Access
from voltroam.roaming.handshake import Handshake, MissingEndpoints, NoCommonVersion
from voltroam.roaming.names import PAIR, NameTables
from voltroam.roaming.platforms import Phase
from voltroam.roaming.registration import AnswerLost
from voltroam.standard.errors import CallerError, PartnerError, Refused, Unreachable, Unusable
from voltroam.standard.versions import V2_2_1
from voltroam.wire.call import Request, Response


async def test_unknown_versions_are_passed_over_and_201_is_fine(cpo: Company, far: FarEnd) -> None:
    """CORE-VER-04, CORE-REG-33"""
    far.answer = envelope(far.credentials, http=201)
    partner = await cpo.registration.register(f"{far.url}/versions", "token-a", "far")
    assert (partner.version, partner.phase) == ("2.2.1", Phase.REGISTERED)
    assert far.asked() == [("GET", "/versions"), ("GET", "/odd/details"), ("POST", "/cred")]
    assert {token_in(one) for one in far.requests} == {"token-a"}


@pytest.mark.parametrize("order", [["2.9", "2.10"], ["2.10", "2.9"]])
async def test_of_several_common_versions_the_highest_number_wins(
    cpo: Company, far: FarEnd, order: list[str]
) -> None:
    """CORE-VER-05"""
    nine = replace(V2_2_1, number="2.9", rank=(2, 9))
    ten = replace(V2_2_1, number="2.10", rank=(2, 10))
    far.versions = [{"version": one, "url": f"{far.url}/odd/details"} for one in order]
    far.details["version"] = "2.10"
    handshake = Handshake(cpo.exchange, cpo.table, [ten, nine])
    offer = await handshake.discover(f"{far.url}/versions", Access("token-a"))
    assert offer.version is ten


async def test_token_b_works_while_the_post_is_open(cpo: Company, far: FarEnd) -> None:
    """CORE-REG-04"""
    seen: list[int] = []

    async def call_back() -> None:
        token_b = json.loads(far.requests[-1].body)["token"]
        for url in (cpo.versions_url, "https://cpo.example/ocpi/2.2.1"):
            seen.append((await cpo.ask(token_b, "GET", url)).http)

    far.during = call_back
    await cpo.registration.register(f"{far.url}/versions", "token-a", "far")
    assert seen == [200, 200]


async def test_nothing_is_posted_when_the_receiver_lacks_what_is_needed(
    cpo: Company, far: FarEnd
) -> None:
    """CORE-REG-17"""
    far.details["endpoints"].pop(0)
    with pytest.raises(MissingEndpoints, match="credentials"):
        await cpo.registration.register(f"{far.url}/versions", "token-a", "far")
    assert "POST" not in [method for method, _ in far.asked()]
    partner = await cpo.partner("far")
    assert partner.phase is Phase.HAVE_A
    assert "credentials" in (partner.reason or "")


async def test_nothing_is_posted_without_a_common_version(cpo: Company, far: FarEnd) -> None:
    """CORE-REG-17"""
    far.versions.pop(1)
    with pytest.raises(NoCommonVersion, match=r"2\.1\.1"):
        await cpo.registration.register(f"{far.url}/versions", "token-a", "far")


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (envelope(None, code=3001), Refused),
        (envelope(None, code=2001), Refused),
        (envelope(None), Unusable),
        (envelope({"token": "c"}), Unusable),
        (Response(200, {}, b"<html>"), Unusable),
        (Response(500, {}, b""), Refused),
    ],
    ids=["3001", "2001", "no data", "no credentials", "html", "500"],
)
async def test_a_refused_post_withdraws_token_b_and_tells_why(
    cpo: Company, far: FarEnd, answer: Response, error: type[PartnerError]
) -> None:
    """CORE-REG-35"""
    far.answer = answer
    with pytest.raises(error):
        await cpo.registration.register(f"{far.url}/versions", "token-a", "far")
    token_b = json.loads(far.requests[-1].body)["token"]
    assert (await cpo.ask(token_b, "GET", cpo.versions_url)).http == 401
    partner = await cpo.partner("far")
    assert (partner.phase, partner.inbound) == (Phase.HAVE_A, ())
    assert partner.reason
    far.answer = None
    again = await cpo.registration.register(f"{far.url}/versions", "token-a", "far")
    assert again.phase is Phase.REGISTERED


async def test_a_lost_answer_is_asked_for_once_more(
    cpo: Company, far: FarEnd, network: Network
) -> None:
    posts: list[Request] = []

    def lose(request: Request) -> bool:
        if request.method == "POST":
            posts.append(request)
        return request.method == "POST" and len(posts) == 1

    network.lose = lose
    partner = await cpo.registration.register(f"{far.url}/versions", "token-a", "far")
    assert partner.phase is Phase.REGISTERED
    assert [post.body for post in posts] == [posts[0].body] * 2
    assert posts[0].headers["x-request-id"] != posts[1].headers["x-request-id"]


async def test_a_repeat_that_is_refused_means_that_the_first_post_had_arrived(
    cpo: Company, emsp: Company, network: Network
) -> None:
    """CORE-REG-31, CORE-REG-35"""
    invitation = await emsp.registration.invite("cpo.example")
    network.lose = lambda request: request.method == "POST" and len(network.sent("POST")) == 1
    with pytest.raises(AnswerLost, match="new token"):
        await cpo.registration.register(emsp.versions_url, invitation.token, "emsp.example")
    assert (await emsp.partner("cpo.example")).phase is Phase.REGISTERED
    partner = await cpo.partner("emsp.example")
    assert (partner.phase, partner.inbound) == (Phase.HAVE_A, ())


async def test_an_unreachable_partner_leaves_nothing_behind(cpo: Company, far: FarEnd) -> None:
    cpo.network.down.add("far.example")
    with pytest.raises(Unreachable):
        await cpo.registration.register(f"{far.url}/versions", "token-a", "far")
    assert (await cpo.partner("far")).phase is Phase.HAVE_A


async def test_an_answer_with_parties_of_ours_is_refused_and_undone_there(
    cpo: Company, far: FarEnd
) -> None:
    """CORE-CRED-13"""
    far.credentials["roles"][0]["party_id"] = "AAA"
    with pytest.raises(CallerError, match="ours"):
        await cpo.registration.register(f"{far.url}/versions", "token-a", "far")
    assert far.asked()[-1] == ("DELETE", "/cred")
    assert token_in(far.requests[-1]) == "their-token-c"
    assert (await cpo.partner("far")).phase is Phase.HAVE_A


async def test_rotation_renews_both_tokens_and_both_sides_go_on(
    to_cpo: Pair, network: Network
) -> None:
    """CORE-REG-19, CORE-REG-25, CORE-REG-26"""
    cpo, emsp = to_cpo.receiver, to_cpo.sender
    before = token_of(cpo, await cpo.partner("emsp.example"))
    await cpo.registration.rotate(await cpo.partner("emsp.example"))
    assert len(network.sent("PUT", CREDENTIALS)) == 1
    after = token_of(cpo, await cpo.partner("emsp.example"))
    renewed = token_of(emsp, await emsp.partner("cpo.example"))
    assert after != before
    assert renewed != to_cpo.token
    assert (await cpo.ask(renewed, "GET", "sender/locations")).http == 200
    assert (await emsp.ask(after, "GET", "sender/tokens")).http == 200
    cpo.clock.forward(61)
    assert (await cpo.ask(to_cpo.token, "GET", "sender/locations")).http == 401
    assert (await emsp.ask(before, "GET", "sender/tokens")).http == 401
    await emsp.registration.rotate(await emsp.partner("cpo.example"))
    assert (await cpo.partner("emsp.example")).phase is Phase.REGISTERED


async def test_a_failed_rotation_keeps_everything(to_cpo: Pair, network: Network) -> None:
    """CORE-REG-24"""
    cpo = to_cpo.receiver
    before = await cpo.partner("emsp.example")
    network.down.add("emsp.example")
    with pytest.raises(Unreachable):
        await cpo.registration.rotate(before)
    network.down.clear()
    after = await cpo.partner("emsp.example")
    assert (after.token_sealed, after.inbound) == (before.token_sealed, before.inbound)
    assert (await to_cpo.ask("GET", "sender/locations")).http == 200


async def test_a_rotation_of_unknown_outcome_still_accepts_what_the_partner_may_use(
    to_cpo: Pair, network: Network
) -> None:
    """CORE-REG-24"""
    cpo, emsp = to_cpo.receiver, to_cpo.sender
    network.lose = lambda request: request.method == "PUT"
    with pytest.raises(Unreachable):
        await cpo.registration.rotate(await cpo.partner("emsp.example"))
    network.lose = lambda _request: False
    used = token_of(emsp, await emsp.partner("cpo.example"))
    assert (await cpo.ask(used, "GET", "sender/locations")).http == 200
    partner = await cpo.registration.rotate(await cpo.partner("emsp.example"))
    assert partner.reason is None


async def test_removing_a_partner_tells_it_and_ends_both_sides(
    to_cpo: Pair, network: Network
) -> None:
    """CORE-REG-28"""
    cpo, emsp = to_cpo.receiver, to_cpo.sender
    removed = await cpo.registration.remove(await cpo.partner("emsp.example"))
    assert (removed.phase, removed.reason) == (Phase.REMOVED, None)
    assert len(network.sent("DELETE", CREDENTIALS)) == 1
    assert (await emsp.partner("cpo.example")).phase is Phase.REMOVED
    assert (await to_cpo.ask("GET", "sender/locations")).http == 401


async def test_what_a_partner_calls_things_goes_with_it(to_cpo: Pair) -> None:
    """On the side that removes and on the one that is told."""
    cpo, emsp = to_cpo.receiver, to_cpo.sender
    for company, other in ((cpo, "emsp.example"), (emsp, "cpo.example")):
        tables = NameTables(company.store)
        names = await tables.of((await company.partner(other)).id)
        names.pair("EVSE", "a", "A" * 39)
        await tables.keep(names)
        assert len(await company.store.records(PAIR)) == 1
    await cpo.registration.remove(await cpo.partner("emsp.example"))
    for company in (cpo, emsp):
        assert await company.store.records(PAIR) == []


async def test_a_partner_that_cannot_be_told_is_removed_all_the_same(
    to_cpo: Pair, network: Network
) -> None:
    cpo = to_cpo.receiver
    network.down.add("emsp.example")
    removed = await cpo.registration.remove(await cpo.partner("emsp.example"))
    assert removed.phase is Phase.REMOVED
    assert "not told" in (removed.reason or "")
    assert (await to_cpo.ask("GET", "sender/locations")).http == 401
