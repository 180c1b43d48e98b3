"""The eMSP's side: what an operator hears about a token of ours."""

import asyncio
from typing import Any

import pytest
from tests.roaming import objects as doc
from tests.roaming.authorizing.scene import Ours, equip
from tests.roaming.company import Answer, Company, Pair, meet, role
from tests.roaming.conftest import Found

from voltroam.roaming.authorizing.knobs import AuthorizationKnobs
from voltroam.roaming.authorizing.limiting import Bearer, Limiting
from voltroam.roaming.authorizing.limits import Mark, Place
from voltroam.roaming.authorizing.log import Side
from voltroam.roaming.host import AuthorizationDecision
from voltroam.standard.errors import CallerError, NotFound
from voltroam.standard.parties import PartyId
from voltroam.standard.v2_2_1 import AllowedType, Role, TokenType

UID = "012345678"
AUTHORIZE = f"sender/tokens/{UID}/authorize"
HERE = {"location_id": "LOC1"}


async def ask(pair: Pair, body: Any = None, path: str = AUTHORIZE, **options: Any) -> Answer:
    return await pair.ask("POST", path, body, **options)


async def hold(ours: Ours, **changes: Any) -> None:
    await ours.company.import_("tokens", doc.token(whitelist="NEVER", **changes))


def limiting(ours: Ours) -> Limiting:
    return Limiting(ours.company.store, ours.company.identity)


async def bound(ours: Ours, *places: Place) -> None:
    await limiting(ours).permit(Bearer(UID), places)
    ours.company.clock.forward(2)


def decided(answer: Answer) -> str:
    assert (answer.http, answer.code) == (200, 1000), answer.message
    assert answer.data["token"]["uid"] == UID
    allowed = answer.data["allowed"]
    assert isinstance(allowed, str)
    return allowed


async def test_a_known_token_is_answered_with_and_without_type(
    asking: Pair, emsp_side: Ours
) -> None:
    """TOK-AUTH-01, TOK-AUTH-02, TOK-AUTH-05: an empty body, and the type by default RFID"""
    await hold(emsp_side, energy_contract={"supplier_name": "Green"})
    for path in (AUTHORIZE, AUTHORIZE + "?type=RFID", AUTHORIZE + "/"):
        answer = await ask(asking, path=path)
        assert decided(answer) == "ALLOWED"
        assert answer.data["token"]["energy_contract"] == {"supplier_name": "Green"}
        assert "location" not in answer.data


async def test_the_type_is_part_of_the_key(asking: Pair, emsp_side: Ours) -> None:
    """TOK-AUTH-01"""
    await hold(emsp_side, type="APP_USER")
    assert (await ask(asking)).code == 2004
    answer = await ask(asking, path=AUTHORIZE + "?type=APP_USER")
    assert answer.data["token"]["type"] == "APP_USER"
    assert (await ask(asking, path=AUTHORIZE + "?type=CARD")).code == 2001


async def test_an_unknown_token_is_404_and_2004_without_data(asking: Pair) -> None:
    """TOK-AUTH-03"""
    answer = await ask(asking)
    assert (answer.http, answer.code) == (404, 2004)
    assert b'"data"' not in answer.text


@pytest.mark.parametrize("body", [b"", b"null", b"  "])
async def test_the_body_may_lack(asking: Pair, emsp_side: Ours, body: bytes) -> None:
    """TOK-AUTH-02"""
    await hold(emsp_side)
    assert decided(await ask(asking, body)) == "ALLOWED"


@pytest.mark.parametrize("body", [{}, {"location_id": 7}, [], {"location_id": "x" * 37}])
async def test_a_body_that_is_no_reference_is_2001(
    asking: Pair, emsp_side: Ours, body: Any
) -> None:
    """CORE-RESP-13"""
    await hold(emsp_side)
    answer = await ask(asking, body)
    assert (answer.http, answer.code) == (200, 2001)


async def test_each_answer_can_be_had_without_a_host(asking: Pair, emsp_side: Ours) -> None:
    """TOK-AUTH-05, TOK-AUTH-06: one token per outcome, with the complete token each time"""
    await hold(emsp_side, language="de")
    assert decided(await ask(asking)) == "ALLOWED"
    for mark in Mark:
        await limiting(emsp_side).mark(Bearer(UID), mark)
        emsp_side.company.clock.forward(2)
        answer = await ask(asking, HERE)
        assert decided(answer) == mark.value
        assert answer.data["info"]["language"] == "de"
        assert "location" not in answer.data
        assert "authorization_reference" not in answer.data
    await limiting(emsp_side).mark(Bearer(UID), None)
    await bound(emsp_side, Place(location_id="LOC2"))
    assert decided(await ask(asking, HERE)) == "NOT_ALLOWED"


async def test_an_invalid_token_is_blocked_with_its_data(asking: Pair, emsp_side: Ours) -> None:
    """TOK-AUTH-05"""
    await hold(emsp_side, valid=False)
    answer = await ask(asking)
    assert decided(answer) == "BLOCKED"
    assert answer.data["token"]["valid"] is False


async def test_a_location_bound_contract_needs_the_location(asking: Pair, emsp_side: Ours) -> None:
    """TOK-AUTH-04, TOK-AUTH-07: also before the host is asked"""
    await hold(emsp_side)
    await bound(emsp_side, Place(location_id="loc1"))
    answer = await ask(asking)
    assert (answer.http, answer.code) == (200, 2002)
    assert emsp_side.host.asked == []
    assert decided(await ask(asking, HERE)) == "ALLOWED"
    assert decided(await ask(asking, {"location_id": "LOC2"})) == "NOT_ALLOWED"


async def test_the_answer_lists_the_permitted_evses_only(asking: Pair, emsp_side: Ours) -> None:
    """TOK-AUTH-07, TOK-AUTH-08"""
    await hold(emsp_side)
    await bound(emsp_side, Place(location_id="LOC1", evse_uids=("E1", "e3")))
    three = await ask(asking, HERE | {"evse_uids": ["E1", "E2", "E3"]})
    assert three.data["location"] == {"location_id": "LOC1", "evse_uids": ["E1", "E3"]}
    whole = await ask(asking, HERE)
    assert whole.data["location"] == {"location_id": "LOC1", "evse_uids": ["E1", "e3"]}
    other = await ask(asking, HERE | {"evse_uids": ["E2"]})
    assert decided(other) == "NOT_ALLOWED"
    assert "location" not in other.data


async def test_a_place_counts_for_its_operator_only(asking: Pair, emsp_side: Ours) -> None:
    """TOK-AUTH-07: location ids are unique per operator only"""
    await hold(emsp_side)
    await bound(emsp_side, Place(location_id="LOC1", operator="NL/ZZZ"))
    assert decided(await ask(asking, HERE)) == "NOT_ALLOWED"
    await bound(emsp_side, Place(location_id="LOC1", operator="nl/aaa"))
    assert decided(await ask(asking, HERE)) == "ALLOWED"


async def test_status_and_opening_hours_on_file_are_no_reason(
    asking: Pair, emsp_side: Ours
) -> None:
    """TOK-AUTH-09"""
    await hold(emsp_side)
    shut = {"twentyfourseven": False, "regular_hours": []}
    place = doc.location(evses=[doc.evse(status="OUTOFORDER")], opening_times=shut)
    put = await asking.ask("PUT", "receiver/locations/NL/AAA/LOC1", place)
    assert put.code == 1000, put.message
    answer = await ask(asking, HERE | {"evse_uids": ["E1"]})
    assert decided(answer) == "ALLOWED"
    assert answer.data["location"] == HERE | {"evse_uids": ["E1"]}


async def test_a_location_that_we_do_not_know_is_allowed(asking: Pair, emsp_side: Ours) -> None:
    """TOK-AUTH-10"""
    await hold(emsp_side)
    answer = await ask(asking, {"location_id": "PRIVATE-7"})
    assert decided(answer) == "ALLOWED"
    assert answer.data["location"] == {"location_id": "PRIVATE-7"}


async def test_each_permission_has_a_reference_of_its_own(asking: Pair, emsp_side: Ours) -> None:
    """TOK-AUTH-12"""
    await hold(emsp_side)
    given = [(await ask(asking)).data["authorization_reference"] for _ in range(3)]
    assert len(set(given)) == 3
    assert all(0 < len(reference) <= 36 for reference in given)


async def test_limits_of_a_group_hold_for_all_its_tokens(asking: Pair, emsp_side: Ours) -> None:
    """TOK-AUTH-06: the token's own places win, any mark counts"""
    await hold(emsp_side, group_id="FLEET")
    limits, group = limiting(emsp_side), Bearer("fleet", None)
    await limits.permit(group, [Place(location_id="LOC2")])
    emsp_side.company.clock.forward(2)
    assert decided(await ask(asking, HERE)) == "NOT_ALLOWED"
    await bound(emsp_side, Place(location_id="LOC1"))
    assert decided(await ask(asking, HERE)) == "ALLOWED"
    await limits.mark(group, Mark.NO_CREDIT)
    emsp_side.company.clock.forward(2)
    assert decided(await ask(asking, HERE)) == "NO_CREDIT"


async def test_limits_are_for_tokens_of_ours(emsp_side: Ours) -> None:
    await hold(emsp_side)
    limits = limiting(emsp_side)
    with pytest.raises(NotFound):
        await limits.mark(Bearer("OTHER"), Mark.BLOCKED)
    with pytest.raises(CallerError, match="eMSP parties"):
        await limits.mark(Bearer(UID, owner=PartyId("NL", "AAA")), Mark.BLOCKED)
    held = await limits.mark(Bearer(UID), Mark.BLOCKED)
    assert await limits.limits(Bearer(UID.lower())) == held
    await limits.mark(Bearer(UID), None)
    assert (await limits.limits(Bearer(UID))).mark is None


# --- the host ---


async def test_the_host_decides(asking: Pair, emsp_side: Ours) -> None:
    """TOK-AUTH-06, TOK-AUTH-08, TOK-AUTH-12"""
    await hold(emsp_side)
    emsp_side.host.says = AuthorizationDecision(
        allowed=AllowedType.ALLOWED, evse_uids=("E2",), authorization_reference="REF-1",
        info="Welcome",
    )  # fmt: skip
    answer = await ask(asking, HERE | {"evse_uids": ["E1", "E2"]})
    assert decided(answer) == "ALLOWED"
    assert answer.data["location"] == HERE | {"evse_uids": ["E2"]}
    assert answer.data["authorization_reference"] == "REF-1"
    assert answer.data["info"] == {"language": "en", "text": "Welcome"}
    question = emsp_side.host.asked[0]
    assert (question.asked_by, question.proposed) == (PartyId("NL", "AAA"), AllowedType.ALLOWED)
    assert decided(await ask(asking, HERE | {"evse_uids": ["E1"]})) == "NOT_ALLOWED"
    emsp_side.host.says = AuthorizationDecision(allowed=AllowedType.NO_CREDIT)
    assert decided(await ask(asking)) == "NO_CREDIT"


@pytest.mark.parametrize(
    ("when_late", "valid", "answer"),
    [
        ("by_tokens", True, "ALLOWED"),
        ("by_tokens", False, "BLOCKED"),
        ("allow", False, "ALLOWED"),
        ("refuse", True, "NOT_ALLOWED"),
    ],
)
@pytest.mark.parametrize("fault", ["late", "broken", "cancelled", "wrong"])
async def test_a_host_that_fails_leaves_a_legal_answer_in_time(
    emsp: Company, cpo: Company, when_late: Any, valid: bool, answer: str, fault: str
) -> None:
    """TOK-AUTH-05, TOK-AUTH-11"""
    ours = equip(emsp, AuthorizationKnobs(host_deadline=0.05, when_late=when_late))
    pair = await meet(emsp, cpo)
    await hold(ours, valid=valid)
    if fault == "late":
        ours.host.delay = 60
    else:
        ours.host.says = {
            "broken": RuntimeError("no"), "cancelled": asyncio.CancelledError(), "wrong": "yes"
        }[fault]  # fmt: skip
    async with asyncio.timeout(60):
        assert decided(await ask(pair)) == answer
    await ours.log.close()
    assert [entry.by for entry in await ours.log.newest()] == ["default"]


@pytest.mark.parametrize("reference", ["x" * 37, "caf\xe9", "a\nb", ""])
async def test_a_reference_that_does_not_fit_is_replaced(
    asking: Pair, emsp_side: Ours, reference: str
) -> None:
    """TOK-DT-02"""
    await hold(emsp_side)
    emsp_side.host.says = AuthorizationDecision(
        allowed=AllowedType.ALLOWED, authorization_reference=reference, info="a\x00b" + "x" * 600
    )
    data = (await ask(asking)).data
    assert 0 < len(data["authorization_reference"]) <= 36
    assert data["authorization_reference"] != reference
    assert len(data["info"]["text"]) <= 512
    assert data["info"]["text"].isprintable()


# --- who may ask, and what is kept ---


async def test_platforms_without_an_operator_hear_of_no_token(
    found: Found, emsp_side: Ours
) -> None:
    """TOK-AUTH-03: the same answer as for an unknown token"""
    await hold(emsp_side)
    other = await found("other.example", role("FR/OTH", Role.EMSP))
    pair = await meet(emsp_side.company, other)
    answer = await ask(pair)
    assert (answer.http, answer.code) == (404, 2004)


async def test_private_tokens_are_unknown(asking: Pair, emsp_side: Ours) -> None:
    """TOK-AUTH-03: what never leaves is not told"""
    await emsp_side.company.import_("tokens", doc.token(), private=True)
    assert (await ask(asking)).code == 2004
    await emsp_side.company.import_("tokens", doc.token(last_updated=doc.T2), private=False)
    emsp_side.company.clock.forward(2)
    assert decided(await ask(asking)) == "ALLOWED"


async def test_ocpi_to_narrows_to_one_of_our_parties(found: Found, cpo: Company) -> None:
    """TOK-AUTH-01: equal uids of two of our parties"""
    company = await found("two.example", role("DE/MSP", Role.EMSP), role("DE/SEC", Role.EMSP))
    ours = equip(company)
    pair = await meet(company, cpo)
    await hold(ours)
    await hold(ours, party_id="SEC", valid=False)
    sender = {"ocpi-from-country-code": "NL", "ocpi-from-party-id": "AAA"}
    for party, allowed in (("MSP", "ALLOWED"), ("SEC", "BLOCKED")):
        headers = sender | {"ocpi-to-country-code": "DE", "ocpi-to-party-id": party}
        assert decided(await ask(pair, headers=headers)) == allowed
    await ours.log.close()


async def test_a_change_of_a_token_counts_within_a_second(asking: Pair, emsp_side: Ours) -> None:
    """TOK-FLOW-02"""
    await hold(emsp_side)
    assert decided(await ask(asking)) == "ALLOWED"
    await hold(emsp_side, valid=False, last_updated=doc.T2)
    emsp_side.company.clock.forward(1)
    assert decided(await ask(asking)) == "BLOCKED"


async def test_every_answer_is_logged_without_the_uid(asking: Pair, emsp_side: Ours) -> None:
    """TOK-AUTH-11, TOK-AUTH-12: who asked, what we said and how long it took"""
    await hold(emsp_side)
    allowed = await ask(asking, HERE | {"evse_uids": ["E1"]})
    emsp_side.company.clock.forward(1)
    await ask(asking, path="sender/tokens/NOBODY/authorize")
    await emsp_side.log.flush()
    unknown, known = await emsp_side.log.newest()
    partner = await emsp_side.company.partner("cpo.example")
    assert (known.answer, known.by, known.side) == ("ALLOWED", "tokens", Side.GIVEN)
    assert (known.partner, known.asked_by) == (partner.id, "NL/AAA")
    assert (known.location_id, known.evse_uids) == ("LOC1", ("E1",))
    assert known.authorization_reference == allowed.data["authorization_reference"] == known.id
    assert known.token == emsp_side.log.fingerprint(UID)
    assert known.ms >= 0
    assert (unknown.answer, unknown.token) == (
        "UNKNOWN_TOKEN",
        emsp_side.log.fingerprint("nobody"),
    )
    store = emsp_side.company.store
    kept = [record.document for record in await store.records("authorization")]
    events = [it for it in await store.events(0, 100) if it.type == "authorization.asked"]
    assert len(events) == 2
    for document in (*kept, *(it.document for it in events)):
        assert UID.encode() not in document
        assert b"NOBODY" not in document.upper().replace(b"UNKNOWN", b"")


async def test_only_own_and_unblocked_tokens_are_vouched_for(emsp_side: Ours) -> None:
    """CMD-START-01, CMD-RES-04"""
    await hold(emsp_side)
    vouch = emsp_side.deciding.vouch
    assert (await vouch(UID, TokenType.RFID)).uid == UID
    with pytest.raises(CallerError) as foreign:
        await vouch("FOREIGN", TokenType.RFID)
    assert foreign.value.status_code == 2004
    await limiting(emsp_side).mark(Bearer(UID), Mark.EXPIRED)
    emsp_side.company.clock.forward(2)
    with pytest.raises(CallerError, match="EXPIRED"):
        await vouch(UID, TokenType.RFID)
