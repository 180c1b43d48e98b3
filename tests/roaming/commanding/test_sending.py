"""Commands that we send, and the results that come to our own URLs."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest
from msgspec import structs
from tests.roaming import objects
from tests.roaming.commanding.scene import ABLE, Json, Scene, equip
from tests.roaming.commanding.scripted import (
    ACCEPTED,
    CPO,
    RFID,
    SOON,
    Scripted,
    envelope,
    started,
)
from tests.roaming.company import NOW, Pair, meet, role, token_of
from tests.roaming.conftest import Found

from voltroam.roaming.accept import accept
from voltroam.roaming.commanding import CommandState
from voltroam.standard.endpoints import LOCATION
from voltroam.standard.errors import CallerError
from voltroam.standard.parties import PartyId
from voltroam.standard.v2_2_1 import Role, Token, TokenType
from voltroam.standard.versions import V2_2_1
from voltroam.wire.call import Response
from voltroam.wire.decode import read


async def test_a_command_goes_all_the_way_and_back(scene: Scene) -> None:
    """CMD-RSP-11, CMD-START-01, CMD-DT-01"""
    sent = await started(scene, evse_uid="E1", connector_id="1", authorization_reference="A-1")
    assert sent.state in (CommandState.ANSWERED, CommandState.RESULT)
    done = await scene.emsp.commands.await_result(sent.id, 5)
    assert done.state is CommandState.RESULT
    assert done.succeeded
    assert (await scene.cpo.orders.newest(1))[0].result == done.result
    final = await scene.settled("SENT")
    assert final.reason is None
    [order] = scene.cpo.host.orders
    assert order.body.token == read(Token, json.dumps(objects.token()).encode()).value  # type: ignore[union-attr]


async def test_the_token_goes_whole_and_the_path_has_one_slash(
    scene: Scene, script: Scripted
) -> None:
    """CMD-EP-02, CMD-START-01, CMD-DT-01"""
    await started(scene, evse_uid="E1", connector_id="1", authorization_reference="A-1")
    [asked] = script.asked
    assert asked.url == "https://cpo.example/ocpi/2.2.1/receiver/commands/START_SESSION"
    body = script.body
    url = body.pop("response_url")
    assert url.startswith("https://emsp.example/ocpi/2.2.1/sender/commands/START_SESSION/")
    assert body == {
        "token": objects.token(), "location_id": "LOC1", "evse_uid": "E1", "connector_id": "1",
        "authorization_reference": "A-1",
    }  # fmt: skip
    assert asked.headers["ocpi-to-party-id"] == "AAA"
    assert asked.headers["ocpi-from-party-id"] == "MSP"


async def test_each_command_has_a_url_of_its_own(scene: Scene, script: Scripted) -> None:
    """CMD-RSP-10"""
    script.answer = ACCEPTED
    one, other = await asyncio.gather(started(scene), started(scene))
    urls = {json.loads(request.body)["response_url"] for request in script.asked}
    assert len(urls) == 2
    assert {url.rsplit("/", 1)[1] for url in urls} == {one.id, other.id}


@pytest.mark.parametrize(
    "token",
    [
        objects.token(valid=False, last_updated="2026-11-20T15:00:00Z"),
        None,
    ],
)
async def test_a_token_that_is_blocked_or_not_ours_is_not_sent(
    scene: Scene, script: Scripted, token: Json | None
) -> None:
    """CMD-START-01, CMD-RES-04"""
    if token is not None:
        await scene.emsp.company.import_("tokens", token)
    bearer = RFID if token is not None else ("UNKNOWN", TokenType.RFID)
    with pytest.raises(CallerError, match="token"):
        await scene.emsp.commands.start_session(CPO, token=bearer, location_id="LOC1")
    with pytest.raises(CallerError, match="token"):
        await scene.emsp.commands.reserve_now(
            CPO, token=bearer, location_id="LOC1", expiry_date=SOON
        )
    assert script.asked == []
    assert await scene.emsp.commands.newest(10) == []


async def test_a_foreign_token_is_not_sent_though_we_hold_it(
    scene: Scene, script: Scripted, found: Found
) -> None:
    """CMD-START-01, CMD-RES-04"""
    foreign = objects.token(country_code="FR", party_id="FOR", uid="F1")
    whole = read(Token, json.dumps(foreign).encode()).value
    assert whole is not None
    for bearer in (("F1", TokenType.RFID), whole):
        with pytest.raises(CallerError, match="not one of ours"):
            await scene.emsp.commands.start_session(CPO, token=bearer, location_id="LOC1")
    assert script.asked == []


async def test_a_whole_token_of_an_app_user_needs_no_store(scene: Scene) -> None:
    """CMD-START-05: such tokens are never pushed."""
    app = objects.token(uid="APP-7", type="APP_USER", whitelist="NEVER")
    whole = read(Token, json.dumps(app).encode()).value
    assert whole is not None
    sent = await scene.emsp.commands.start_session(CPO, token=whole, location_id="LOC1")
    assert (await scene.emsp.commands.await_result(sent.id, 5)).succeeded
    assert [row async for row in scene.cpo.company.store.scan("tokens")] == []


async def test_a_whole_token_that_we_hold_as_blocked_is_not_sent(scene: Scene) -> None:
    """CMD-START-01"""
    blocked = objects.token(valid=False, last_updated="2026-11-20T15:00:00Z")
    await scene.emsp.company.import_("tokens", blocked)
    whole = read(Token, json.dumps(objects.token()).encode()).value
    assert whole is not None
    with pytest.raises(CallerError, match="not valid"):
        await scene.emsp.commands.start_session(CPO, token=whole, location_id="LOC1")


async def hold(scene: Scene, *evses: Json) -> None:
    """The eMSP holds the CPO's location."""
    location = objects.location(evses=list(evses))
    partner = await scene.cpo.company.partner("emsp.example")
    assert partner.token_sealed is not None
    token = scene.cpo.company.vault.open(partner.token_sealed)
    url = "receiver/locations/NL/AAA/LOC1"
    assert (await scene.emsp.company.ask(token, "PUT", url, location)).code == 1000


async def test_a_connector_is_sent_as_the_evse_wants_it(scene: Scene, script: Scripted) -> None:
    """CMD-START-07"""
    needs = [*ABLE, "START_SESSION_CONNECTOR_REQUIRED"]
    await hold(scene, objects.evse(capabilities=needs))
    with pytest.raises(CallerError, match="connector_id"):
        await started(scene, evse_uid="E1")
    with pytest.raises(CallerError, match="evse_uid"):
        await started(scene, connector_id="1")
    assert script.asked == []
    await started(scene, evse_uid="E1", connector_id="1")
    assert script.body["connector_id"] == "1"


async def test_an_evse_that_says_it_cannot_is_not_asked(scene: Scene, script: Scripted) -> None:
    """CMD-LOC-04"""
    await hold(scene, objects.evse(capabilities=["RFID_READER"]))
    commands = scene.emsp.commands
    with pytest.raises(CallerError, match="REMOTE_START_STOP_CAPABLE"):
        await started(scene, evse_uid="E1")
    with pytest.raises(CallerError, match="RESERVABLE"):
        await commands.reserve_now(CPO, token=RFID, location_id="LOC1", expiry_date=SOON)
    with pytest.raises(CallerError, match="UNLOCK_CAPABLE"):
        await commands.unlock_connector(
            CPO, location_id="LOC1", evse_uid="E1", connector_id="1", desk="Ann"
        )
    assert script.asked == []


@pytest.mark.parametrize("evses", [[], [objects.evse()], [objects.evse(uid="E8")]])
async def test_an_evse_that_says_nothing_is_asked(
    scene: Scene, script: Scripted, evses: list[Json]
) -> None:
    await hold(scene, *evses)
    await started(scene, evse_uid="E1")
    assert len(script.asked) == 1


async def test_unlocking_is_for_a_help_desk(scene: Scene, script: Scripted) -> None:
    """CMD-UNL-01, CMD-DT-02: who asks is named and kept."""
    place: Json = {"location_id": "LOC1", "evse_uid": "E1", "connector_id": "1"}
    with pytest.raises(TypeError):
        await scene.emsp.commands.unlock_connector(CPO, **place)
    with pytest.raises(CallerError, match="help desk"):
        await scene.emsp.commands.unlock_connector(CPO, **place, desk=" ")
    assert script.asked == []
    sent = await scene.emsp.commands.unlock_connector(CPO, **place, desk="Ann")
    body = script.body
    assert body.pop("response_url").endswith(f"/UNLOCK_CONNECTOR/{sent.id}")
    assert body == place
    assert sent.desk == "Ann"


async def test_the_only_connector_is_meant_where_none_is_named(
    scene: Scene, script: Scripted
) -> None:
    """CMD-DT-02: it is still sent, for UNLOCK_CONNECTOR needs it."""
    place: Json = {"location_id": "LOC1", "evse_uid": "E1", "desk": "Ann"}
    await hold(scene)
    with pytest.raises(CallerError, match="connector_id"):
        await scene.emsp.commands.unlock_connector(CPO, **place)
    evse = objects.evse(capabilities=ABLE)
    await hold(scene, evse)
    sent = await scene.emsp.commands.unlock_connector(CPO, **place)
    assert sent.connector_id == script.body["connector_id"] == evse["connectors"][0]["id"]
    two = objects.evse(
        capabilities=ABLE, connectors=[evse["connectors"][0], evse["connectors"][0] | {"id": "2"}],
        last_updated="2026-11-20T16:00:00Z",
    )  # fmt: skip
    await hold(scene, two)
    with pytest.raises(CallerError, match="connector_id"):
        await scene.emsp.commands.unlock_connector(CPO, **place)


async def test_a_uid_alone_finds_our_token_whatever_its_type(
    scene: Scene, script: Scripted
) -> None:
    """And an RFID card first."""
    app = objects.token(uid="APP-1", type="APP_USER")
    await scene.emsp.company.import_("tokens", app)
    sent = scene.emsp.commands.start_session
    await sent(CPO, token=("APP-1", None), location_id="LOC1")
    assert script.body["token"] == app
    await scene.emsp.company.import_("tokens", objects.token(type="APP_USER"))
    await sent(CPO, token=(RFID[0], None), location_id="LOC1")
    assert script.body["token"] == objects.token()


async def test_a_reservation_is_made_and_cancelled(scene: Scene, script: Scripted) -> None:
    """CMD-DT-02, CMD-CAN-01"""
    made = await scene.emsp.commands.reserve_now(
        CPO, token=RFID, location_id="LOC1", evse_uid="E1", expiry_date=SOON
    )
    assert (await scene.emsp.commands.await_result(made.id, 5)).succeeded
    assert made.reservation_id is not None
    assert len(made.reservation_id) <= 36
    body = script.body
    assert (body["reservation_id"], body["expiry_date"]) == (
        made.reservation_id,
        "2026-11-22T13:00:00Z",
    )
    await scene.settled("SENT")
    gone = await scene.emsp.commands.cancel_reservation(CPO, made.reservation_id)
    assert (await scene.emsp.commands.await_result(gone.id, 5)).succeeded
    assert set(script.body) == {"response_url", "reservation_id"}
    assert gone.operator == PartyId("NL", "AAA")


async def test_a_session_is_stopped_by_its_driver(scene: Scene, script: Scripted) -> None:
    """CMD-DT-01"""
    await scene.cpo.company.import_("sessions", objects.session())
    sent = await scene.emsp.commands.stop_session(CPO, "S1")
    assert (await scene.emsp.commands.await_result(sent.id, 5)).succeeded
    assert set(script.body) == {"response_url", "session_id"}


async def test_what_the_standard_forbids_is_not_sent(scene: Scene, script: Scripted) -> None:
    with pytest.raises(CallerError, match="location_id"):
        await started(scene, location_id="x" * 37)
    with pytest.raises(CallerError, match="expiry_date"):
        await scene.emsp.commands.reserve_now(
            CPO, token=RFID, location_id="LOC1", expiry_date=NOW - timedelta(seconds=1)
        )
    with pytest.raises(CallerError, match="nobody"):
        await scene.emsp.commands.start_session("nobody", token=RFID, location_id="LOC1")
    assert script.asked == []
    assert await scene.emsp.commands.newest(10) == []


async def test_a_partner_that_takes_no_commands_is_not_asked(scene: Scene, stranger: Pair) -> None:
    with pytest.raises(CallerError, match="takes no commands"):
        await scene.emsp.commands.start_session("other.example", token=RFID, location_id="LOC1")


async def test_an_operator_among_several_must_be_named(scene: Scene, found: Found) -> None:
    two = equip(await found("two.example", role("NL/ONE", Role.CPO), role("NL/TWO", Role.CPO)))
    await meet(two.company, scene.emsp.company)
    commands = scene.emsp.commands
    with pytest.raises(CallerError, match="2 operators"):
        await commands.start_session("two.example", token=RFID, location_id="L")
    sent = await commands.start_session(
        "two.example", token=RFID, location_id="L", operator=PartyId("nl", "two")
    )
    assert sent.code == 2003
    with pytest.raises(CallerError, match="not a party"):
        await commands.start_session(
            "two.example", token=RFID, location_id="L", operator=PartyId("NL", "AAA")
        )
    await two.close()


async def test_a_refusal_is_final_and_keeps_its_reason(scene: Scene) -> None:
    """CMD-LOC-01"""
    sent = await started(scene, location_id="LOC9")
    assert (sent.state, sent.code) == (CommandState.REFUSED, 2003)
    assert await scene.emsp.commands.await_result(sent.id, 5) == sent


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (envelope({"result": "REJECTED", "timeout": 5}), "REFUSED"),
        (envelope({"result": "NOT_SUPPORTED", "timeout": 5}), "REFUSED"),
        (envelope({"result": "UNKNOWN_SESSION", "timeout": 5}), "REFUSED"),
        (envelope(None, code=2001), "REFUSED"),
        (envelope(None, http=404, code=2000), "REFUSED"),
        (envelope(None, code=3000), "UNCERTAIN"),
        (envelope(None, http=500, code=3000), "UNCERTAIN"),
        (Response(502, {}, b"<html>"), "UNCERTAIN"),
        (Response(503, {"retry-after": "120"}, b"<html>"), "REFUSED"),
        (envelope(None, http=503, code=3000), "REFUSED"),
        (Response(200, {}, b"ok"), "UNCERTAIN"),
        (envelope(None), "UNCERTAIN"),
        (envelope({"result": "PERHAPS", "timeout": 5}), "UNCERTAIN"),
        (envelope({"result": "ACCEPTED", "timeout": 5, "message": {"text": "x"}}), "ANSWERED"),
        (envelope({"result": "ACCEPTED", "timeout": -1}), "ANSWERED"),
        (
            envelope(
                {
                    "result": "ACCEPTED",
                    "timeout": 10**9,
                    "message": [{"language": "en", "text": "x" * 600}],
                }
            ),
            "ANSWERED",
        ),
    ],
)
async def test_every_answer_has_its_state(
    scene: Scene, script: Scripted, answer: Response, state: str
) -> None:
    """CMD-RSP-02, CMD-DT-03, CMD-RSP-08: sent once whatever comes back."""
    script.answer = answer
    sent = await started(scene)
    assert sent.state == state
    assert await scene.emsp.commands.get(sent.id) == sent
    scene.forward(3601)
    await scene.emsp.commands.look()
    final = await scene.emsp.commands.get(sent.id)
    assert final is not None
    assert final.state == ("REFUSED" if state == "REFUSED" else "TIMED_OUT")
    assert len(script.asked) == 1


@pytest.mark.parametrize(("lost", "state"), [(True, "UNCERTAIN"), (False, "REFUSED")])
async def test_a_lost_answer_is_uncertain_and_a_dead_partner_refused(
    scene: Scene, lost: bool, state: str
) -> None:
    network = scene.emsp.company.network
    if lost:
        network.lose = lambda request: "/receiver/commands/" in request.url
    else:
        network.down.add(CPO)
    sent = await started(scene)
    assert sent.state == state
    assert len(network.sent("POST", "/receiver/commands/")) == 1


async def test_a_lost_answer_does_not_lose_the_result(scene: Scene) -> None:
    """CMD-RSP-11"""
    scene.emsp.company.network.lose = lambda request: "/receiver/commands/" in request.url
    sent = await started(scene)
    done = await scene.emsp.commands.await_result(sent.id, 5)
    assert done.state is CommandState.RESULT
    assert done.response is None


@pytest.mark.parametrize(
    ("changes", "known"),
    [
        ({}, "S9"),
        ({"authorization_reference": "REF-1"}, "S9"),
        ({"authorization_reference": "REF-2"}, None),
        ({"evse_uid": "#NA"}, "S9"),
        ({"evse_uid": "E2"}, None),
        ({"location_id": "LOC2"}, None),
        ({"end_date_time": objects.T2, "status": "COMPLETED"}, None),
    ],
)
async def test_a_start_names_its_session_once_the_operator_has_pushed_it(
    scene: Scene, changes: dict[str, Any], known: str | None
) -> None:
    """CMD-START-06: a result of the standard does not name it."""
    cpo, emsp = scene.cpo.company, scene.emsp.company
    platform = await cpo.directory.by_name("emsp.example")
    assert platform is not None
    token = token_of(cpo, platform)
    earlier = objects.session(id="S8")
    assert (await emsp.ask(token, "PUT", "receiver/sessions/NL/AAA/S8", earlier)).code == 1000
    sent = await started(scene, evse_uid="E1", authorization_reference="REF-1")
    await scene.emsp.commands.look()
    assert (await scene.emsp.commands.newest(1))[0].session_id is None
    body = objects.session(id="S9") | {"evse_uid": "E1"} | changes
    assert (await emsp.ask(token, "PUT", "receiver/sessions/NL/AAA/S9", body)).code == 1000
    await scene.emsp.commands.look()
    (held,) = await scene.emsp.commands.newest(1)
    assert (held.id, held.session_id) == (sent.id, known)


async def test_of_two_operators_with_the_same_location_id_one_must_be_named(
    scene: Scene, script: Scripted
) -> None:
    """Behind a hub ids are the operators' own: nobody starts at a charger that was not meant."""
    other, emsp = PartyId("BE", "BBB"), scene.emsp.company
    cpo = await emsp.partner(CPO)
    more = (*cpo.roles, role("BE/BBB", Role.CPO))
    cpo = structs.replace(cpo, roles=more)
    await emsp.directory.save(cpo)
    for country, party, uid in (("NL", "AAA", "E1"), ("BE", "BBB", "X9")):
        place = objects.location(
            country_code=country, party_id=party, evses=[objects.evse(uid=uid, capabilities=ABLE)]
        )
        change = accept(
            LOCATION, json.dumps(place).encode(), version=V2_2_1, source=cpo,
            identity=emsp.identity, strict=False,
        )  # fmt: skip
        assert (await emsp.store.apply(change)).refusal is None
    script.answer = ACCEPTED
    with pytest.raises(CallerError, match="BE/BBB and NL/AAA have a location LOC1 each"):
        await started(scene)
    assert script.asked == []
    named = await started(scene, operator=other)
    by_evse = await started(scene, evse_uid="X9")
    ours = await started(scene, operator=PartyId("NL", "AAA"))
    assert (named.operator, by_evse.operator) == (other, other)
    assert ours.operator == PartyId("NL", "AAA")
