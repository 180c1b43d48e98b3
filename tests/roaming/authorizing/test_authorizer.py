"""The CPO's side: a driver at our charger, and the eMSPs behind the token."""

import asyncio
import json
from typing import Any

import pytest
from tests.roaming import objects as doc
from tests.roaming.authorizing.scene import (
    FarEmsp,
    Ours,
    as_token,
    at,
    equip,
    far_emsp,
    push,
)
from tests.roaming.company import Company, Network
from tests.roaming.far_end import envelope

from voltroam.roaming.authorizing.authorizer import Authorization
from voltroam.roaming.authorizing.exempt import exemption
from voltroam.roaming.authorizing.knobs import AuthorizationKnobs
from voltroam.roaming.visibility import may_show
from voltroam.standard.errors import CallerError
from voltroam.standard.parties import PartyId
from voltroam.standard.v2_2_1 import (
    AllowedType,
    AuthMethod,
    CdrToken,
    Location,
    LocationReferences,
    TokenType,
)
from voltroam.wire.call import Response
from voltroam.wire.decode import read

UID = "04A1B2"
HERE = LocationReferences(location_id="LOC1", evse_uids=["E1"])


@pytest.fixture
async def far(cpo_side: Ours, network: Network) -> FarEmsp:
    return await far_emsp(cpo_side.company, network, "far.example", "DE/FAR")


async def tap(ours: Ours, uid: str = UID, **options: Any) -> Authorization:
    return await ours.authorizer.authorize(uid, **options)


async def give(ours: Ours, far: FarEmsp, **changes: Any) -> doc.Json:
    """The eMSP has the token and pushed it."""
    token = far.holds(uid=UID, **changes)
    await push(ours.company, far, token)
    return token


# --- the table of whitelist and valid ---

LIST, ASKED, OFFLINE = "list", "emsp", "offline"
TABLE = [
    # whitelist, valid; then (answer, by) when the eMSP allows, refuses, is not reached
    ("ALWAYS", True, ("ALLOWED", LIST), ("ALLOWED", LIST), ("ALLOWED", LIST)),
    ("ALWAYS", False, ("BLOCKED", LIST), ("BLOCKED", LIST), ("BLOCKED", LIST)),
    ("ALLOWED", True, ("ALLOWED", LIST), ("ALLOWED", LIST), ("ALLOWED", LIST)),
    ("ALLOWED", False, ("ALLOWED", ASKED), ("BLOCKED", ASKED), ("BLOCKED", "unreachable")),
    ("ALLOWED_OFFLINE", True, ("ALLOWED", ASKED), ("BLOCKED", ASKED), ("ALLOWED", OFFLINE)),
    (
        "ALLOWED_OFFLINE", False,
        ("ALLOWED", ASKED), ("BLOCKED", ASKED), ("BLOCKED", "unreachable"),
    ),
    ("NEVER", True, ("ALLOWED", ASKED), ("BLOCKED", ASKED), ("NOT_ALLOWED", "unreachable")),
    ("NEVER", False, ("ALLOWED", ASKED), ("BLOCKED", ASKED), ("NOT_ALLOWED", "unreachable")),
]  # fmt: skip


@pytest.mark.parametrize(("whitelist", "valid", "allows", "refuses", "gone"), TABLE)
async def test_the_whitelist_says_whether_the_emsp_is_asked(
    cpo_side: Ours, far: FarEmsp, network: Network,
    whitelist: str, valid: bool, allows: Any, refuses: Any, gone: Any,
) -> None:  # fmt: skip
    """TOK-WL-01, TOK-WL-02, TOK-WL-03, TOK-WL-04, TOK-WL-05, TOK-FLOW-04"""
    await give(cpo_side, far, whitelist=whitelist, valid=valid)
    found = await tap(cpo_side, location=HERE)
    assert (found.allowed, found.by) == allows
    assert len(far.asked) == (allows[1] == ASKED)
    far.allowed = "BLOCKED"
    refused = await tap(cpo_side, location=HERE)
    assert (refused.allowed, refused.by) == refuses
    network.down.add("far.example")
    left = await tap(cpo_side, location=HERE)
    assert (left.allowed, left.by) == gone
    for one in (found, refused, left):
        assert one.token is not None
        assert one.token.uid == UID
        assert one.partner == far.platform.id
        by_list = one.by in (LIST, OFFLINE)
        if one.is_allowed:
            wanted = AuthMethod.WHITELIST if by_list else AuthMethod.AUTH_REQUEST
            assert one.auth_method is wanted


async def test_allowed_may_be_asked_first(cpo: Company, network: Network) -> None:
    """TOK-WL-02: the choice is a setting; offline the list holds"""
    ours = equip(cpo, AuthorizationKnobs(prefer_asking=True, partner_deadline=0.1))
    far = await far_emsp(cpo, network, "far.example", "DE/FAR")
    await give(ours, far, whitelist="ALLOWED")
    far.allowed = "NO_CREDIT"
    assert (await tap(ours)).allowed is AllowedType.NO_CREDIT
    network.down.add("far.example")
    assert (await tap(ours)).by == OFFLINE
    await ours.log.close()


# --- the request, and what is made of the answer ---


async def test_the_request_names_both_parties_type_and_place(cpo_side: Ours, far: FarEmsp) -> None:
    """TOK-AUTH-01, TOK-AUTH-02, CORE-ROUTE-01"""
    await give(cpo_side, far, whitelist="NEVER", type="APP_USER")
    await tap(cpo_side, type=TokenType.APP_USER)
    await tap(cpo_side, type=TokenType.APP_USER, location=HERE)
    bare, placed = far.asked
    assert bare.method == "POST"
    assert bare.url == f"https://far.example/tokens/{UID}/authorize?type=APP_USER"
    assert bare.body == b""
    assert json.loads(placed.body) == {"location_id": "LOC1", "evse_uids": ["E1"]}
    assert far.headers("ocpi-to-party-id") == ["FAR", "FAR"]
    assert far.headers("ocpi-from-party-id") == ["AAA", "AAA"]


async def test_reference_info_and_place_come_back(cpo_side: Ours, far: FarEmsp) -> None:
    """TOK-AUTH-08, TOK-AUTH-12"""
    await give(cpo_side, far, whitelist="NEVER")
    far.more = {
        "authorization_reference": "REF-9",
        "info": {"language": "en", "text": "Hello"},
        "location": {"location_id": "LOC1", "evse_uids": ["E1"]},
    }
    found = await tap(cpo_side, location=HERE)
    assert (found.authorization_reference, found.auth_method) == ("REF-9", AuthMethod.AUTH_REQUEST)
    assert found.info is not None
    assert found.info.text == "Hello"
    assert found.location == HERE


async def test_permission_for_another_evse_is_none_here(cpo_side: Ours, far: FarEmsp) -> None:
    """TOK-AUTH-08"""
    await give(cpo_side, far, whitelist="NEVER")
    far.more = {"location": {"location_id": "LOC1", "evse_uids": ["E2"]}}
    assert (await tap(cpo_side, location=HERE)).allowed is AllowedType.NOT_ALLOWED


def _other_token() -> Response:
    return envelope({"allowed": "ALLOWED", "token": doc.token(uid="OTHER", party_id="FAR")})


def _other_type() -> Response:
    token = doc.token(uid=UID, party_id="FAR", type="OTHER")
    return envelope({"allowed": "ALLOWED", "token": token})


def _other_party() -> Response:
    return envelope({"allowed": "ALLOWED", "token": doc.token(uid=UID, party_id="XXX")})


@pytest.mark.parametrize(
    "answer",
    [
        Response(500, {}, b"oops"),
        Response(503, {}, b""),
        Response(200, {}, b"<html>"),
        Response(200, {}, b""),
        envelope(None),
        envelope({"allowed": "SURE"}),
        envelope({"allowed": "ALLOWED"}),
        envelope(None, code=3000),
        envelope(None, code=2000, http=401),
        envelope(None, code=2000, http=429),
        _other_token(),
        _other_type(),
        _other_party(),
    ],
)
async def test_a_wrong_answer_is_none(cpo_side: Ours, far: FarEmsp, answer: Response) -> None:
    """TOK-WL-03, TOK-WL-04: faults, garbage, and information about another token"""
    await give(cpo_side, far, whitelist="ALLOWED_OFFLINE")
    far.answer = answer
    assert (await tap(cpo_side)).by == OFFLINE
    await give(cpo_side, far, whitelist="NEVER", last_updated=doc.T2)
    refused = await tap(cpo_side)
    assert (refused.is_allowed, refused.by) == (False, "unreachable")


async def test_a_late_answer_is_none(cpo_side: Ours, far: FarEmsp) -> None:
    """TOK-WL-03, TOK-WL-04: and the request is given up"""
    await give(cpo_side, far, whitelist="ALLOWED_OFFLINE")
    far.delay = 30
    async with asyncio.timeout(60):
        assert (await tap(cpo_side)).by == OFFLINE
    assert far.finished == 0


async def test_who_would_not_decide_has_refused(cpo_side: Ours, far: FarEmsp) -> None:
    """TOK-AUTH-04: 2002 is an answer, so the list does not count"""
    await give(cpo_side, far, whitelist="ALLOWED_OFFLINE")
    far.answer = envelope(None, code=2002)
    found = await tap(cpo_side)
    assert (found.allowed, found.by) == (AllowedType.NOT_ALLOWED, "emsp")
    assert found.token is not None


async def test_a_token_that_its_emsp_disowns_is_refused(cpo_side: Ours, far: FarEmsp) -> None:
    """TOK-AUTH-03"""
    await give(cpo_side, far, whitelist="ALLOWED_OFFLINE")
    far.known.clear()
    found = await tap(cpo_side)
    assert (found.is_allowed, found.by, found.token) == (False, "unknown", None)


# --- tokens that nobody gave us ---


async def test_every_emsp_is_asked_about_a_token_that_nobody_gave_us(
    cpo_side: Ours, network: Network
) -> None:
    """TOK-WL-07: at once, each of its parties; the uid says nothing about the owner"""
    company = cpo_side.company
    fars = [await far_emsp(company, network, f"e{n}.example", f"DE/E{n:02}") for n in range(4)]
    two = await far_emsp(company, network, "two.example", "FR/ONE", "FR/TWO")
    far = fars[3]
    far.holds(uid=UID)
    found = await tap(cpo_side)
    assert (found.allowed, found.by, found.partner) == ("ALLOWED", "emsp", far.platform.id)
    assert [len(it.asked) for it in fars] == [1, 1, 1, 1]
    assert sorted(map(str, two.headers("ocpi-to-party-id"))) == ["ONE", "TWO"]
    unknown = await tap(cpo_side, "NOBODY")
    assert (unknown.allowed, unknown.by, unknown.token) == ("NOT_ALLOWED", "unknown", None)


async def test_the_first_allowed_wins_over_slow_and_refusing_ones(
    cpo: Company, network: Network
) -> None:
    """TOK-WL-07, TOK-AUTH-11"""
    ours = equip(cpo, AuthorizationKnobs(partner_deadline=30))
    slow = await far_emsp(cpo, network, "slow.example", "DE/SLO")
    no = await far_emsp(cpo, network, "no.example", "DE/NOO")
    yes = await far_emsp(cpo, network, "yes.example", "DE/YES")
    for far in (slow, no, yes):
        far.holds(uid=UID)
    slow.delay, no.allowed, yes.delay = 20, "BLOCKED", 0.05
    async with asyncio.timeout(60):
        found = await tap(ours)
    assert (found.allowed, found.partner) == ("ALLOWED", yes.platform.id)
    assert slow.finished == 0
    yes.allowed = "NO_CREDIT"
    network.down.add("slow.example")
    refused = await tap(ours)
    assert refused.allowed in (AllowedType.BLOCKED, AllowedType.NO_CREDIT)
    await ours.log.close()


async def test_a_known_contract_party_is_asked_alone(cpo_side: Ours, network: Network) -> None:
    """TOK-WL-07"""
    company = cpo_side.company
    one = await far_emsp(company, network, "one.example", "DE/ONE")
    two = await far_emsp(company, network, "two.example", "DE/TWO")
    two.holds(uid=UID)
    found = await tap(cpo_side, contract_party=PartyId("de", "two"))
    assert found.is_allowed
    assert one.asked == []
    nobody = await tap(cpo_side, contract_party=PartyId("XX", "YYY"))
    assert nobody.by == "unknown"


async def test_a_hub_finds_the_owner_itself(cpo_side: Ours, network: Network) -> None:
    """TOK-WL-07, TOK-AUTH-14: without OCPI-to; the owner may be any party"""
    hub = await far_emsp(cpo_side.company, network, "hub.example", hub=True)
    hub.known[UID] = doc.token(uid=UID, party_id="BEH")
    found = await tap(cpo_side)
    assert found.is_allowed
    assert hub.headers("ocpi-to-party-id") == [None]
    assert hub.headers("ocpi-from-party-id") == ["AAA"]


async def test_nobody_reached_is_not_the_same_as_nobody_knows(
    cpo_side: Ours, far: FarEmsp, network: Network
) -> None:
    """TOK-WL-07"""
    network.down.add("far.example")
    assert (await tap(cpo_side)).by == "unreachable"
    network.down.clear()
    assert (await tap(cpo_side)).by == "unknown"


async def test_one_uid_of_two_emsps_is_allowed_by_either(cpo_side: Ours, network: Network) -> None:
    """TOK-RCV-03: a uid is unique within one eMSP only"""
    company = cpo_side.company
    one = await far_emsp(company, network, "one.example", "DE/ONE")
    two = await far_emsp(company, network, "two.example", "DE/TWO")
    await give(cpo_side, one, whitelist="NEVER")
    await give(cpo_side, two, whitelist="NEVER")
    one.allowed = "BLOCKED"
    found = await tap(cpo_side)
    assert found.is_allowed
    assert found.token is not None
    assert found.token.party_id == "TWO"
    two.allowed = "BLOCKED"
    assert (await tap(cpo_side)).allowed is AllowedType.BLOCKED


# --- commands have vouched ---


async def test_an_app_user_of_a_command_is_not_asked_about(cpo_side: Ours, far: FarEmsp) -> None:
    """CMD-START-03, CMD-START-05, CMD-START-06, CMD-RES-05: the token was never pushed"""
    token = as_token(far.holds(uid=UID, type="APP_USER", whitelist="NEVER"))
    await cpo_side.authorizer.exempt(
        token, partner=far.platform.id, location_id="LOC1", evse_uid="E1",
        authorization_reference="REF-5",
    )  # fmt: skip
    cpo_side.company.clock.forward(3 * 3600)
    found = await tap(cpo_side, type=TokenType.APP_USER)
    assert (found.allowed, found.by) == ("ALLOWED", "command")
    assert (found.authorization_reference, found.auth_method) == ("REF-5", AuthMethod.COMMAND)
    assert found.token == token
    assert far.asked == []


async def test_a_card_of_a_command_is_not_asked_about_there_for_15_minutes(
    cpo_side: Ours, far: FarEmsp
) -> None:
    """CMD-START-04, CMD-RES-05"""
    token = as_token(await give(cpo_side, far, whitelist="NEVER"))
    await cpo_side.authorizer.exempt(
        token, partner=far.platform.id, location_id="LOC1", evse_uid="E1", id="ORDER-1"
    )
    cpo_side.company.clock.forward(14 * 60)
    restarted = equip(cpo_side.company)
    assert (await tap(restarted, location=HERE)).by == "command"
    await restarted.log.close()
    assert far.asked == []
    elsewhere = LocationReferences(location_id="LOC1", evse_uids=["E2"])
    for place in (elsewhere, LocationReferences(location_id="LOC2"), None):
        assert (await tap(cpo_side, location=place)).by == "emsp"
    assert (await tap(cpo_side, location=HERE, type=TokenType.OTHER)).by != "command"
    cpo_side.company.clock.forward(2 * 60)
    assert (await tap(cpo_side, location=HERE)).by == "emsp"


async def test_notes_that_are_over_go_with_new_ones(cpo_side: Ours, far: FarEmsp) -> None:
    token = as_token(far.holds(uid=UID))
    exempt, store = cpo_side.authorizer.exempt, cpo_side.company.store
    for order in ("A", "A", "B"):
        await exempt(token, partner="p", location_id="LOC1", id=order)
    assert [it.key.id for it in await store.records("exempt")] == ["A", "B"]
    cpo_side.company.clock.forward(16 * 60)
    await exempt(token, partner="p", location_id="LOC1", id="C")
    assert [it.key.id for it in await store.records("exempt")] == ["C"]
    assert all(UID not in it.parent for it in await store.records("exempt"))


def test_a_note_of_a_whole_location_covers_its_evses() -> None:
    """CMD-START-04"""
    token = as_token(doc.token(uid=UID))
    note = exemption(
        token, at=at(doc.T0), partner="p", operator=PartyId("nl", "aaa"), location_id="loc1"
    )
    ours = PartyId("NL", "AAA")
    assert note.covers(TokenType.RFID, HERE, ours)
    assert note.covers(TokenType.RFID, HERE, None)
    assert not note.covers(TokenType.RFID, HERE, PartyId("NL", "BBB"))
    assert note.until == at("2026-11-20T10:15:00Z")


# --- groups ---


async def test_tokens_of_a_group_stop_what_the_other_started(cpo_side: Ours, far: FarEmsp) -> None:
    """TOK-GRP-01"""
    company, stop = cpo_side.company, cpo_side.authorizer.may_stop
    started = far.holds(uid="A", group_id="FAMILY", whitelist="ALWAYS")
    for token in (
        started,
        far.holds(uid="B", group_id="family", whitelist="ALWAYS"),
        far.holds(uid="C", group_id="OTHERS", whitelist="ALWAYS"),
        far.holds(uid="D", whitelist="ALWAYS"),
        far.holds(uid="E", group_id="FAMILY", whitelist="ALWAYS", valid=False),
    ):
        await push(company, far, token)
    session = CdrToken(
        country_code="DE", party_id="FAR", uid="A", type=TokenType.RFID, contract_id="C1"
    )
    assert await stop(session, "a")
    assert await stop(session, "B")
    assert await stop(as_token(started), "B")
    assert not await stop(session, "B", group_capable=False)
    assert not await stop(session, "B", type=TokenType.OTHER)
    for other in ("C", "D", "E"):
        assert not await stop(session, other)
    assert await stop(as_token(doc.token(uid="X")), "x", group_capable=False)


async def test_a_token_that_was_never_pushed_is_asked_for_its_group(
    cpo_side: Ours, far: FarEmsp, network: Network
) -> None:
    """TOK-GRP-01: and never across eMSPs"""
    other = await far_emsp(cpo_side.company, network, "other.example", "DE/OTH")
    other.holds(uid="B", group_id="FAMILY")
    far.holds(uid="B", group_id="FAMILY")
    started = as_token(far.holds(uid="A", group_id="FAMILY"))
    assert await cpo_side.authorizer.may_stop(started, "B")
    assert other.asked == []
    far.known.pop("B")
    assert not await cpo_side.authorizer.may_stop(started, "B")


# --- one node with both sides ---


async def test_own_tokens_are_decided_in_process(both: Ours, network: Network) -> None:
    """TOK-AUTH-07: by the same rules, and logged on both sides"""
    far = await far_emsp(both.company, network, "far.example", "DE/FAR")
    token = doc.token(country_code="NL", party_id="AAA", uid=UID, whitelist="NEVER")
    await both.company.import_("tokens", token, private=True)
    found = await tap(both, location=HERE)
    assert (found.allowed, found.by, found.partner) == ("ALLOWED", "own", None)
    assert found.authorization_reference
    assert far.asked == []
    await both.log.flush()
    assert sorted(it.side for it in await both.log.newest()) == ["given", "taken"]


async def test_a_foreign_token_that_sees_a_place_starts_nothing(
    both: Ours, network: Network
) -> None:
    """LOC-PUB-07"""
    far = await far_emsp(both.company, network, "far.example", "DE/FAR")
    foreign = far.holds(uid=UID)
    await push(both.company, far, foreign)
    place = doc.location(publish=False, publish_allowed_to=[{"uid": UID, "type": "RFID"}])
    location = read(Location, json.dumps(place).encode()).value
    assert location is not None
    assert may_show(location, [as_token(foreign)])
    with pytest.raises(CallerError) as refusal:
        await both.deciding.vouch(UID, TokenType.RFID)
    assert refusal.value.status_code == 2004


# --- the operator, and the log ---


async def test_bad_questions_are_refused(cpo_side: Ours) -> None:
    for uid in ("", "x" * 37, "a\nb", "caf\xe9"):
        with pytest.raises(CallerError):
            await tap(cpo_side, uid)
    with pytest.raises(CallerError, match="operator"):
        await tap(cpo_side, operator=PartyId("XX", "YYY"))


async def test_every_authorization_is_logged_without_the_uid(cpo_side: Ours, far: FarEmsp) -> None:
    """TOK-FLOW-06: which eMSP it was is kept"""
    await give(cpo_side, far, whitelist="ALWAYS")
    found = await tap(cpo_side, location=HERE, operator=PartyId("nl", "aaa"))
    await cpo_side.log.flush()
    (entry,) = await cpo_side.log.newest(partner=far.platform.id)
    assert (entry.id, entry.answer, entry.by) == (found.id, "ALLOWED", "list")
    assert (entry.asked_by, entry.location_id) == ("NL/AAA", "LOC1")
    assert entry.token == cpo_side.log.fingerprint(UID.lower())
    (record,) = await cpo_side.company.store.records("authorization")
    assert UID.encode() not in record.document
