"""The short way of an authorization says, and logs, what the thorough one does."""

import itertools

import msgspec
import pytest
from tests.roaming import objects as doc
from tests.roaming.authorizing.scene import Ours, ScriptedHost
from tests.roaming.company import Company, Pair

from voltroam.roaming.authorizing.deciding import Deciding
from voltroam.roaming.authorizing.limiting import Bearer, Limiting
from voltroam.roaming.authorizing.limits import Mark, Place
from voltroam.roaming.authorizing.log import AuthorizationLog, Entry
from voltroam.roaming.dispatch import Dispatch
from voltroam.roaming.host import Host, Unattended
from voltroam.roaming.platforms import Caller
from voltroam.roaming.serving import Serving
from voltroam.wire.call import Call, Reply, Request
from voltroam.wire.calls import read_call
from voltroam.wire.headers import read_authorization, write_authorization

UIDS = ("PLAIN", "INVALID", "MARKED", "BOUND", "GROUPED", "PRIVATE", "NOBODY")
BODIES = (
    b"", b"null", b'{"location_id":"LOC1"}', b'{"location_id":"loc1","evse_uids":["E1","E9"]}',
    b'{"location_id":"LOC2"}', b'{"location_id":7}', b"[]", b"{",
    b'{"location_id":"LOC1","evse_uids":["' + b"x" * 300 + b'"]}',
)  # fmt: skip
QUERIES = ("", "?type=RFID", "?type=APP_USER", "?type=CARD")
ROUTES: tuple[dict[str, str], ...] = (
    {},
    {"ocpi-to-country-code": "DE", "ocpi-to-party-id": "MSP"},
    {
        "ocpi-to-country-code": "de", "ocpi-to-party-id": "msp",
        "ocpi-from-country-code": "NL", "ocpi-from-party-id": "AAA",
    },
    {"ocpi-to-country-code": "FR", "ocpi-to-party-id": "XXX"},
    {"ocpi-from-country-code": "FR", "ocpi-from-party-id": "XXX"},
)  # fmt: skip


def dispatching(ours: Ours, log: AuthorizationLog, host: Host) -> Dispatch:
    company = ours.company
    deciding = Deciding(company.store, company.identity, host, log, clock=company.clock.seconds)
    serving = Serving(
        company.store, company.directory, company.identity, company.table, company.router
    )
    return Dispatch(serving, deciding.handlers(), deciding.prompt())


async def caller(company: Company, token: str) -> Caller:
    found = await company.directory.by_token(
        read_authorization(write_authorization(token, base64=True))
    )
    assert found is not None
    return found


def call(company: Company, uid: str, query: str, route: dict[str, str], body: bytes) -> Call:
    url = f"/ocpi/2.2.1/sender/tokens/{uid}/authorize{query}"
    return read_call(Request("POST", url, route, body), company.router)


async def stock(company: Company) -> None:
    """A token of each kind that is answered in its own way."""
    limiting = Limiting(company.store, company.identity)
    for uid in UIDS[:-1]:
        changes = {"valid": uid != "INVALID", "group_id": "GROUP" if uid == "GROUPED" else uid}
        await company.import_("tokens", doc.token(uid=uid, **changes), private=uid == "PRIVATE")
    await limiting.mark(Bearer("MARKED"), Mark.NO_CREDIT)
    await limiting.permit(Bearer("BOUND"), [Place(location_id="LOC1", evse_uids=("E1",))])
    await limiting.permit(Bearer("GROUP", None), [Place(location_id="LOC1", operator="NL/AAA")])


def alike(reply: Reply, id_: str) -> Reply:
    """Without what was drawn by lot for it."""
    data = reply.data.replace(id_.encode(), b"*") if reply.data and id_ else reply.data
    return msgspec.structs.replace(reply, data=data)


async def last(log: AuthorizationLog, former: Entry | None) -> Entry | None:
    """What was logged since; None: nothing."""
    await log.flush()
    entry = next(iter(await log.newest(1)), None)
    return None if former is not None and entry is not None and entry.id == former.id else entry


async def test_the_short_way_says_and_logs_what_the_thorough_one_does(
    asking: Pair, emsp_side: Ours
) -> None:
    """TOK-AUTH-01..12: every kind of token, place, type and route."""
    company = emsp_side.company
    await stock(company)
    dispatch = dispatching(emsp_side, emsp_side.log, Unattended())
    partner = await caller(company, asking.token)
    prompt: set[str] = set()
    former: Entry | None = None
    cases = itertools.product(UIDS, QUERIES[:3], ROUTES, BODIES)
    rare = itertools.product(UIDS[:1], QUERIES[3:], ROUTES[:1], BODIES[:3])
    for uid, query, route, body in itertools.chain(cases, rare):
        asked = call(company, uid, query, route, body)
        company.clock.micros += 1
        thorough = await dispatch.answer(asked, partner)
        logged = await last(emsp_side.log, former)
        former = logged or former
        company.clock.micros += 1
        short = dispatch.at_once(asked, partner)
        noted = await last(emsp_side.log, former)
        former = noted or former
        if short is None:
            assert noted is None
            continue
        assert alike(short, noted.id if noted else "") == alike(
            thorough, logged.id if logged else ""
        )
        assert (noted is None) is (logged is None)
        if noted is None or logged is None:
            continue
        prompt.add(uid)
        reference = noted.id if logged.authorization_reference else None
        assert noted == msgspec.structs.replace(
            logged, id=noted.id, at=noted.at, ms=noted.ms, authorization_reference=reference
        )
    assert prompt == {"PLAIN", "INVALID", "MARKED", "BOUND", "GROUPED"}


async def test_the_short_way_is_for_what_is_known_by_heart(asking: Pair, emsp_side: Ours) -> None:
    """A token that was never asked for, and one that may have changed, are looked up."""
    company = emsp_side.company
    await company.import_("tokens", doc.token(uid="PLAIN"))
    dispatch = dispatching(emsp_side, emsp_side.log, Unattended())
    partner = await caller(company, asking.token)
    asked = call(company, "PLAIN", "", {}, b"")
    assert dispatch.at_once(asked, partner) is None
    await dispatch.answer(asked, partner)
    assert dispatch.at_once(asked, partner) is not None
    company.clock.forward(1)
    assert dispatch.at_once(asked, partner) is None


async def test_a_host_that_decides_is_asked(asking: Pair, emsp_side: Ours) -> None:
    company = emsp_side.company
    await company.import_("tokens", doc.token(uid="PLAIN"))
    dispatch = dispatching(emsp_side, emsp_side.log, ScriptedHost())
    partner = await caller(company, asking.token)
    asked = call(company, "PLAIN", "", {}, b"")
    await dispatch.answer(asked, partner)
    assert dispatch.at_once(asked, partner) is None


@pytest.mark.parametrize("seconds", [0.0, 1.0])
async def test_a_caller_is_known_by_heart_for_a_second(
    asking: Pair, emsp_side: Ours, seconds: float
) -> None:
    """CORE-AUTH-06: then its token is looked up again."""
    company = emsp_side.company
    presented = read_authorization(write_authorization(asking.token, base64=True))
    company.clock.forward(2)
    assert company.directory.recall(presented) is None
    known = await company.directory.by_token(presented)
    company.clock.forward(seconds)
    assert company.directory.recall(presented) is (None if seconds else known)
    company.directory.forget(known.id if known else "")
    assert company.directory.recall(presented) is None
