"""Exchange of credentials: both sides whole, and our side as Receiver, with its tokens."""

import asyncio
import json
import re
from collections.abc import Mapping
from typing import Any

import pytest
from tests.roaming import objects
from tests.roaming.company import Company, Network, Pair, meet, role, token_of
from tests.roaming.conftest import Found
from tests.roaming.far_end import CREDENTIALS, FarEnd, envelope, invited, registered, token_in

from voltroam.roaming.platforms import Letter, Phase, Profile, Status
from voltroam.standard.endpoints import Behaviour, Interface
from voltroam.standard.errors import CallerError
from voltroam.standard.v2_2_1 import Role
from voltroam.wire.call import Response

# -- both sides whole -------------------------------------------------------------------------


async def test_both_sides_are_connected_after_registration(cpo: Company, emsp: Company) -> None:
    """CORE-REG-10, CORE-CRED-15, CORE-VER-01"""
    pair = await meet(cpo, emsp)
    ours, theirs = await cpo.partner("emsp.example"), await emsp.partner("cpo.example")
    assert (ours.phase, theirs.phase) == (Phase.REGISTERED, Phase.REGISTERED)
    assert (ours.status, theirs.status) == (Status.CONNECTED, Status.CONNECTED)
    assert ours.version == theirs.version == "2.2.1"
    assert [role.party_id for role in theirs.roles] == ["AAA"]
    assert theirs.endpoint("locations", Interface.SENDER) == cpo.url("sender/locations")
    answer = await pair.ask("GET", "sender/locations")
    assert (answer.http, answer.code, answer.data) == (200, 1000, [])


async def test_the_tokens_travel_as_the_standard_says(
    cpo: Company, emsp: Company, network: Network
) -> None:
    """CORE-AUTH-01, CORE-REG-02, CORE-REG-03, CORE-REG-04, CORE-REG-05, CORE-REG-07"""
    invitation = await cpo.registration.invite("emsp.example")
    await emsp.registration.register(cpo.versions_url, invitation.token, "cpo.example")
    log = [(one.method, one.url, token_in(one)) for one in network.log]
    token_b = json.loads(network.sent("POST")[0].body)["token"]
    assert log == [
        ("GET", cpo.versions_url, invitation.token),
        ("GET", "https://cpo.example/ocpi/2.2.1", invitation.token),
        ("POST", cpo.url(CREDENTIALS), invitation.token),
        ("GET", emsp.versions_url, token_b),
        ("GET", "https://emsp.example/ocpi/2.2.1", token_b),
    ]
    token_c = token_of(emsp, await emsp.partner("cpo.example"))
    assert len({invitation.token, token_b, token_c}) == 3
    assert token_of(cpo, await cpo.partner("emsp.example")) == token_b


async def test_registration_carries_ids_but_no_routing_headers(
    cpo: Company, emsp: Company, network: Network
) -> None:
    """CORE-ROUTE-03"""
    await meet(cpo, emsp)
    for request in network.log:
        assert not [name for name in request.headers if name.startswith("ocpi-")]
    assert len({request.headers["x-request-id"] for request in network.log}) == len(network.log)


async def test_after_registration_the_sender_uses_token_c_only(
    to_cpo: Pair, network: Network
) -> None:
    """CORE-REG-08, CORE-REG-09, CORE-AUTH-01, CORE-AUTH-02"""
    [post] = network.sent("POST")
    network.log.clear()
    emsp = to_cpo.sender
    partner = await emsp.partner("cpo.example")
    lists = [
        row for row in emsp.table.rows
        if row.behaviour is Behaviour.LIST and row.module.name in {"locations", "tariffs", "cdrs"}
    ]  # fmt: skip
    for row in lists:
        assert (await emsp.exchange.call(partner, row)).status_code == 1000
    assert [token_in(request) for request in network.log] == [to_cpo.token] * 3
    assert token_in(post) != to_cpo.token
    for request in network.log:
        assert re.fullmatch(r"Token [A-Za-z0-9+/]+={0,2}", request.headers["authorization"])


async def test_a_lasting_token_works_and_a_consumed_token_a_does_not(to_cpo: Pair) -> None:
    """CORE-REG-31"""
    cpo = to_cpo.receiver
    [request] = cpo.network.sent("POST")
    token_a = token_in(request)
    for method, path in (("GET", "sender/locations"), ("POST", CREDENTIALS)):
        answer = await cpo.ask(token_a, method, path, json.loads(request.body))
        assert answer.http == 401
    assert (await to_cpo.ask("GET", "sender/locations")).http == 200


async def test_several_parties_and_roles_share_one_connection(found: Found) -> None:
    """CORE-CRED-09, CORE-CRED-10, CORE-VER-13"""
    many = await found(
        "many.example",
        role("NL/AAA", Role.CPO), role("NL/BBB", Role.CPO), role("BE/CCC", Role.CPO),
        role("NL/AAA", Role.EMSP),
    )  # fmt: skip
    both = await found("both.example", role("FR/BTH", Role.EMSP), role("FR/BTH", Role.CPO))
    pair = await meet(both, many)
    token = objects.token(country_code="NL", party_id="AAA", uid="U")
    assert (await pair.ask("PUT", "receiver/tokens/NL/AAA/U", token)).http == 201
    for path, body in (
        ("receiver/locations/NL/AAA/LOC1", objects.location()),
        ("receiver/locations/NL/BBB/LOC1", objects.location(party_id="BBB")),
        ("receiver/locations/BE/CCC/LOC1", objects.location(country_code="BE", party_id="CCC")),
    ):
        assert (await pair.ask("PUT", path, body)).http == 201


async def test_a_registered_client_may_not_post_again(to_cpo: Pair) -> None:
    """CORE-REG-11"""
    [request] = to_cpo.receiver.network.sent("POST")
    answer = await to_cpo.ask("POST", CREDENTIALS, json.loads(request.body))
    assert answer.http == 405
    assert (await to_cpo.ask("GET", "sender/locations")).http == 200


async def test_credentials_show_the_callers_own_token_and_our_roles(to_cpo: Pair) -> None:
    """CORE-CRED-14, CORE-CRED-04, CORE-CRED-01, CORE-CRED-05"""
    answer = await to_cpo.ask("GET", CREDENTIALS)
    assert answer.data == {
        "token": to_cpo.token,
        "url": to_cpo.receiver.versions_url,
        "roles": [
            {
                "role": "CPO",
                "business_details": {"name": "NL/AAA"},
                "party_id": "AAA",
                "country_code": "NL",
            }
        ],
    }


async def test_credentials_with_an_unused_token_a_show_that_token(cpo: Company) -> None:
    """CORE-CRED-17"""
    token_a = await invited(cpo)
    assert (await cpo.ask(token_a, "GET", CREDENTIALS)).data["token"] == token_a


async def test_patch_of_credentials_is_refused(to_cpo: Pair) -> None:
    """CORE-CRED-16"""
    assert (await to_cpo.ask("PATCH", CREDENTIALS, {"token": "x"})).http == 405
    assert (await to_cpo.ask("GET", CREDENTIALS)).data["token"] == to_cpo.token


# -- invitations and TOKEN_A ------------------------------------------------------------------


async def test_each_invitation_has_a_token_of_its_own(cpo: Company) -> None:
    """CORE-REG-01"""
    one, two = await invited(cpo, "one"), await invited(cpo, "two")
    assert one != two
    for token in (one, two):
        assert (await cpo.ask(token, "GET", cpo.versions_url)).code == 1000


async def test_a_new_invitation_replaces_the_one_that_was_not_used(cpo: Company) -> None:
    """CORE-REG-01"""
    first, second = await invited(cpo), await invited(cpo)
    assert (await cpo.ask(first, "GET", cpo.versions_url)).http == 401
    assert (await cpo.ask(second, "GET", cpo.versions_url)).http == 200


async def test_names_of_partners_are_unique_without_case(to_cpo: Pair) -> None:
    with pytest.raises(CallerError, match="registered already"):
        await to_cpo.receiver.registration.invite("EMSP.example")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "sender/locations"),
        ("GET", "sender/sessions?date_from=2026-01-01T00:00:00Z"),
        ("PUT", "receiver/tokens/DE/MSP/X"),
        ("GET", "receiver/hubclientinfo/NL/AAA"),
    ],
)
async def test_token_a_opens_nothing_but_versions_details_and_credentials(
    cpo: Company, method: str, path: str
) -> None:
    """CORE-AUTH-07"""
    token_a = await invited(cpo)
    for url in (cpo.versions_url, "https://cpo.example/ocpi/2.2.1"):
        assert (await cpo.ask(token_a, "GET", url)).code == 1000
    answer = await cpo.ask(token_a, method, path, objects.token() if method == "PUT" else None)
    assert answer.http == 401


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
async def test_put_and_delete_before_registration_are_405(
    cpo: Company, far: FarEnd, method: str
) -> None:
    """CORE-REG-12, CORE-REG-13"""
    token_a = await invited(cpo)
    assert (await cpo.ask(token_a, method, CREDENTIALS, far.body())).http == 405
    assert (await cpo.ask(token_a, "GET", cpo.versions_url)).http == 200


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
async def test_an_unknown_token_is_401_everywhere(cpo: Company, far: FarEnd, method: str) -> None:
    """CORE-AUTH-05, CORE-AUTH-06, CORE-AUTH-17"""
    for token in ("unknown", None):
        for path in (CREDENTIALS, cpo.versions_url, "sender/locations", "receiver/tokens/DE/M/U"):
            answer = await cpo.ask(token, method, path, far.body())
            assert (answer.http, answer.code) == (401, 2000)


# -- as Receiver ------------------------------------------------------------------------------


async def test_the_way_back_is_made_with_token_b_before_the_reply(
    cpo: Company, far: FarEnd
) -> None:
    """CORE-REG-05, CORE-REG-06, CORE-VER-16, CORE-VER-10, CORE-VER-12"""
    answer = await cpo.ask(await invited(cpo), "POST", CREDENTIALS, far.body())
    assert (answer.http, answer.code) == (200, 1000)
    assert far.asked() == [("GET", "/versions"), ("GET", "/odd/details")]
    assert {token_in(one) for one in far.requests} == {"their-token-b"}
    partner = await cpo.partner("far")
    assert partner.endpoint("locations", Interface.RECEIVER) == f"{far.url}/r/loc"
    assert partner.endpoint("locations", Interface.SENDER) == f"{far.url}/s/loc/"
    assert partner.endpoint("credentials", Interface.RECEIVER) == f"{far.url}/cred"
    assert partner.endpoint("nl-xyz-odd", Interface.SENDER) == "https://cdn.example/odd"
    assert partner.endpoint("cdrs", Interface.RECEIVER) is None
    assert set(partner.hosts) == {"far.example:443", "cdn.example:443"}
    assert (await cpo.ask(answer.data["token"], "GET", "sender/locations")).http == 200


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (lambda far: setattr(far, "versions", "no list"), 3001),
        (lambda far: setattr(far, "versions", Response(500, {}, b"oops")), 3001),
        (lambda far: setattr(far, "versions", Response(200, {}, b"<html>")), 3001),
        (lambda far: setattr(far, "versions", envelope(None, code=2000, http=401)), 3001),
        (lambda far: setattr(far, "delay", 5.0), 3001),
        (lambda far: setattr(far, "details", {"version": "2.2.1"}), 3001),
        (lambda far: far.details.update(version="2.1.1"), 3001),
        (lambda far: far.versions.pop(1), 3002),
        (lambda far: far.details["endpoints"].pop(0), 3003),
    ],
    ids=["no list", "500", "html", "401", "slow", "no details", "other", "version", "endpoint"],
)  # fmt: skip
async def test_a_failing_way_back_leaves_the_invitation_as_it_was(
    cpo: Company, far: FarEnd, spoil: Any, code: int
) -> None:
    """CORE-REG-14, CORE-REG-15, CORE-REG-16, CORE-REG-18, CORE-REG-32"""
    token_a = await invited(cpo)
    good_versions, good_details = list(far.versions), json.loads(json.dumps(far.details))
    spoil(far)
    answer = await cpo.ask(token_a, "POST", CREDENTIALS, far.body())
    assert (answer.http, answer.code, answer.data) == (200, code, None)
    partner = await cpo.partner("far")
    assert (partner.phase, partner.token_sealed, partner.roles) == (Phase.INVITED, None, ())
    assert partner.reason
    far.versions, far.details, far.delay = good_versions, good_details, 0.0
    assert (await cpo.ask(token_a, "POST", CREDENTIALS, far.body())).code == 1000


async def test_a_far_end_that_cannot_be_reached_is_3001(cpo: Company, far: FarEnd) -> None:
    """CORE-REG-14"""
    cpo.network.down.add("far.example")
    answer = await cpo.ask(await invited(cpo), "POST", CREDENTIALS, far.body())
    assert (answer.http, answer.code) == (200, 3001)


async def test_configured_modules_are_needed_too(found: Found, far: FarEnd) -> None:
    """CORE-REG-16"""
    picky = await found(
        "picky.example", role("DE/MSP", Role.EMSP), required=(("cdrs", Interface.SENDER),)
    )
    answer = await picky.ask(await invited(picky), "POST", CREDENTIALS, far.body())
    assert (answer.http, answer.code) == (200, 3003)
    assert "cdrs" in answer.message


def _without(body: Mapping[str, Any], *path: str | int) -> Any:
    copy = json.loads(json.dumps(body))
    inner = copy
    for step in path[:-1]:
        inner = inner[step]
    del inner[path[-1]]
    return copy


@pytest.mark.parametrize(
    "path",
    [
        ("token",), ("url",), ("roles",), ("roles", 0), ("roles", 0, "role"),
        ("roles", 0, "party_id"), ("roles", 0, "country_code"), ("roles", 0, "business_details"),
        ("roles", 0, "business_details", "name"),
    ],
    ids=str,
)  # fmt: skip
async def test_credentials_that_lack_something_are_2001(
    cpo: Company, far: FarEnd, path: tuple[str | int, ...]
) -> None:
    """CORE-CRED-01, CORE-CRED-05"""
    token_a = await invited(cpo)
    answer = await cpo.ask(token_a, "POST", CREDENTIALS, _without(far.body(), *path))
    assert (answer.http, answer.code) == (200, 2001)
    assert far.requests == []
    assert (await cpo.partner("far")).phase is Phase.INVITED


@pytest.mark.parametrize(
    "changes",
    [{"role": "cpo"}, {"role": "FOO"}, {"party_id": "ABCD"}, {"country_code": "NLD"}],
    ids=str,
)
async def test_roles_that_are_none_are_2001(
    cpo: Company, far: FarEnd, changes: dict[str, str]
) -> None:
    """CORE-CRED-06, CORE-CRED-07"""
    roles = [{**far.credentials["roles"][0], **changes}]
    answer = await cpo.ask(await invited(cpo), "POST", CREDENTIALS, far.body(roles=roles))
    assert (answer.http, answer.code) == (200, 2001)


@pytest.mark.parametrize("word", ["CPO", "EMSP", "HUB", "NAP", "NSP", "OTHER", "SCSP"])
async def test_all_seven_roles_are_accepted(cpo: Company, far: FarEnd, word: str) -> None:
    """CORE-CRED-07"""
    roles = [{**far.credentials["roles"][0], "role": word}]
    answer = await cpo.ask(await invited(cpo), "POST", CREDENTIALS, far.body(roles=roles))
    assert answer.code == 1000


@pytest.mark.parametrize("again", [{}, {"party_id": "far", "country_code": "nl"}], ids=str)
async def test_a_role_that_stands_there_twice_is_2001(
    cpo: Company, far: FarEnd, again: dict[str, str]
) -> None:
    """CORE-CRED-08"""
    one = far.credentials["roles"][0]
    answer = await cpo.ask(
        await invited(cpo), "POST", CREDENTIALS, far.body(roles=[one, {**one, **again}])
    )
    assert (answer.http, answer.code) == (200, 2001)


@pytest.mark.parametrize(("token", "code"), [("x" * 64, 1000), ("x" * 65, 2001)])
async def test_a_partners_token_has_at_most_64_characters(
    cpo: Company, far: FarEnd, token: str, code: int
) -> None:
    """CORE-CRED-02"""
    answer = await cpo.ask(await invited(cpo), "POST", CREDENTIALS, far.body(token=token))
    assert (answer.http, answer.code) == (200, code)


async def test_a_party_of_another_platform_is_not_taken_over(
    cpo: Company, emsp: Company, far: FarEnd
) -> None:
    """CORE-CRED-13"""
    await meet(emsp, cpo)
    token_a = await invited(emsp)
    roles = [{**far.credentials["roles"][0], "party_id": "aaa"}]
    answer = await emsp.ask(token_a, "POST", CREDENTIALS, far.body(roles=roles))
    assert (answer.http, answer.code) == (200, 2001)
    assert far.requests == []
    other_role = [{**roles[0], "role": "EMSP"}]
    assert (await emsp.ask(token_a, "POST", CREDENTIALS, far.body(roles=other_role))).code == 1000


async def test_our_own_party_is_not_a_partners(cpo: Company, far: FarEnd) -> None:
    """CORE-CRED-13"""
    roles = [{**far.credentials["roles"][0], "party_id": "AAA"}]
    answer = await cpo.ask(await invited(cpo), "POST", CREDENTIALS, far.body(roles=roles))
    assert (answer.http, answer.code) == (200, 2001)


async def test_two_posts_at_once_make_one_registration(cpo: Company, far: FarEnd) -> None:
    """CORE-REG-34"""
    token_a = await invited(cpo)
    far.delay = 0.05
    answers = await asyncio.gather(
        *(cpo.ask(token_a, "POST", CREDENTIALS, far.body()) for _ in range(4))
    )
    won = [answer for answer in answers if answer.code == 1000]
    assert len(won) == 1
    assert all(answer.code >= 2000 for answer in answers if answer is not won[0])
    assert (await cpo.ask(won[0].data["token"], "GET", "sender/locations")).http == 200


async def test_a_post_that_died_does_not_lock_the_token_for_ever(cpo: Company, far: FarEnd) -> None:
    """CORE-REG-18, CORE-REG-34"""
    token_a = await invited(cpo)
    partner = await cpo.partner("far")
    from voltroam.roaming import enrolment

    until = cpo.clock() + 25_000_000
    await cpo.store.apply(enrolment.lock(partner.id, "died", partner.roles, until))
    cpo.directory.forget(partner.id)
    assert (await cpo.ask(token_a, "POST", CREDENTIALS, far.body())).code == 2000
    cpo.clock.forward(26)
    assert (await cpo.ask(token_a, "POST", CREDENTIALS, far.body())).code == 1000


async def test_put_refetches_and_rotates_and_the_old_token_lives_for_a_while(
    cpo: Company, far: FarEnd
) -> None:
    """CORE-REG-19, CORE-REG-20, CORE-REG-21, CORE-REG-25"""
    token_c = await registered(cpo, far)
    far.details["endpoints"][2]["url"] = f"{far.url}/new/loc"
    answer = await cpo.ask(token_c, "PUT", CREDENTIALS, far.body(token="their-new-b"))
    assert (answer.http, answer.code) == (200, 1000)
    renewed = answer.data["token"]
    assert renewed != token_c
    assert far.asked() == [("GET", "/versions"), ("GET", "/odd/details")]
    assert {token_in(one) for one in far.requests} == {"their-new-b"}
    partner = await cpo.partner("far")
    assert partner.endpoint("locations", Interface.RECEIVER) == f"{far.url}/new/loc"
    assert token_of(cpo, partner) == "their-new-b"
    for token in (renewed, token_c):
        assert (await cpo.ask(token, "GET", "sender/locations")).http == 200
    cpo.clock.forward(61)
    assert (await cpo.ask(renewed, "GET", "sender/locations")).http == 200
    assert (await cpo.ask(token_c, "GET", "sender/locations")).http == 401


async def test_roles_of_a_put_replace_the_earlier_ones(emsp: Company, far: FarEnd) -> None:
    """CORE-REG-23"""
    token = await registered(emsp, far)
    old, new = "receiver/locations/NL/FAR/L", "receiver/locations/NL/NEW/L"
    assert (await emsp.ask(token, "PUT", old, objects.location(id="L", party_id="FAR"))).http == 201
    roles = [{**far.credentials["roles"][0], "party_id": "NEW"}]
    token = (await emsp.ask(token, "PUT", CREDENTIALS, far.body(roles=roles))).data["token"]
    assert (await emsp.ask(token, "PUT", new, objects.location(id="L", party_id="NEW"))).http == 201
    assert (await emsp.ask(token, "GET", old.replace("/L", "/M"))).http == 404
    again = objects.location(id="L", party_id="FAR", last_updated=objects.T2)
    assert (await emsp.ask(token, "PUT", old, again)).http == 404
    free = await emsp.ask(await invited(emsp, "next"), "POST", CREDENTIALS, far.body())
    assert free.code == 1000


async def test_a_failed_put_keeps_everything(cpo: Company, far: FarEnd) -> None:
    """CORE-REG-24"""
    token_c = await registered(cpo, far)
    before = await cpo.partner("far")
    far.details["endpoints"].pop(0)
    answer = await cpo.ask(token_c, "PUT", CREDENTIALS, far.body(token="new", roles=[
        {**far.credentials["roles"][0], "party_id": "NEW"}
    ]))  # fmt: skip
    assert (answer.http, answer.code) == (200, 3003)
    assert await cpo.partner("far") == before
    assert (await cpo.ask(token_c, "GET", "sender/locations")).http == 200


async def test_delete_ends_both_tokens_and_a_new_invitation_starts_anew(
    cpo: Company, far: FarEnd
) -> None:
    """CORE-REG-28, CORE-REG-30, CORE-REG-36"""
    token_c = await registered(cpo, far)
    answer = await cpo.ask(token_c, "DELETE", CREDENTIALS)
    assert (answer.http, answer.code, answer.data) == (200, 1000, None)
    assert (await cpo.ask(token_c, "GET", "sender/locations")).http == 401
    partner = await cpo.partner("far")
    assert (partner.phase, partner.token_sealed) == (Phase.REMOVED, None)
    assert partner.status is Status.SUSPENDED
    again = await cpo.ask(await invited(cpo), "POST", CREDENTIALS, far.body())
    assert again.code == 1000


# -- tokens -----------------------------------------------------------------------------------


async def test_a_raw_token_counts_only_where_the_profile_says_so(to_cpo: Pair) -> None:
    """CORE-AUTH-04, CORE-AUTH-11"""
    cpo = to_cpo.receiver
    raw = await cpo.ask(to_cpo.token, "GET", "sender/locations", base64=False)
    assert raw.http == 401
    await cpo.set_profile("emsp.example", Profile(raw_token=True))
    assert (await cpo.ask(to_cpo.token, "GET", "sender/locations", base64=False)).http == 200
    assert (await to_cpo.ask("GET", "sender/locations")).http == 200


async def test_tokens_are_told_apart_by_case(to_cpo: Pair) -> None:
    """CORE-AUTH-10"""
    swapped = to_cpo.token.swapcase()
    assert (await to_cpo.receiver.ask(swapped, "GET", "sender/locations")).http == 401


async def test_our_tokens_are_nowhere_in_clear(to_cpo: Pair) -> None:
    store = to_cpo.receiver.store
    events = await store.events(0, 1000)
    records = [*await store.records("platform"), *await store.records("credentials_token")]
    kept = b"".join([*(one.document for one in events), *(one.document for one in records)])
    kept += "".join(one.key.id for one in records).encode()
    partner = await to_cpo.receiver.partner("emsp.example")
    assert to_cpo.token.encode() not in kept
    assert token_of(to_cpo.receiver, partner).encode() not in kept
    assert [token.letter for token in partner.inbound] == [Letter.C]


async def test_a_token_works_in_another_process_at_once(
    cpo: Company, far: FarEnd, network: Network, found: Found
) -> None:
    """CORE-REG-10"""
    from voltroam.roaming.directory import Directory
    from voltroam.wire.headers import Presented

    elsewhere = Directory(cpo.store, cpo.vault, now=cpo.clock, clock=cpo.clock.seconds)
    token_a = await invited(cpo)
    seen = await elsewhere.by_token(Presented(token_a, token_a))
    assert seen is not None
    assert not seen.is_registered
    answer = await cpo.ask(token_a, "POST", CREDENTIALS, far.body())
    token_c = answer.data["token"]
    caller = await elsewhere.by_token(Presented(token_c, token_c))
    assert caller is not None
    assert caller.is_registered
