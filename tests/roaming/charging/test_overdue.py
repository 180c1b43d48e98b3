"""Who waits for a CDR, or for a reading, and is told so once."""

import json

import pytest
from tests.roaming.charging.chargers import OLDER, PLAIN, Operator, meter, minute

from voltroam.roaming.accept import accept
from voltroam.roaming.platforms import Phase, Platform
from voltroam.standard.endpoints import CDR, SESSION
from voltroam.standard.v2_2_1 import BusinessDetails, CredentialsRole, Role
from voltroam.standard.versions import V2_2_1
from voltroam.store.interface import ObjectRow

THEIRS = Platform(
    id="p1", name="them", phase=Phase.REGISTERED,
    roles=(
        CredentialsRole(
            role=Role.CPO, business_details=BusinessDetails(name="B"), party_id="BBB",
            country_code="BE",
        ),
    ),
)  # fmt: skip


async def receive(operator: Operator, kind: str, document: bytes, **changes: object) -> None:
    """The same object, as another operator sends its own."""
    plain = json.loads(document) | {"country_code": "BE", "party_id": "BBB"} | changes
    resource = SESSION if kind == "sessions" else CDR
    await operator.store.apply(
        accept(
            resource, json.dumps(plain).encode(), version=V2_2_1, source=THEIRS,
            identity=operator.identity, strict=False,
        )
    )  # fmt: skip


async def look(operator: Operator, **span: float) -> list[tuple[str, str, str]]:
    operator.clock.forward(**span)
    await operator.charging.look()
    return [(one.owner, one.session_id, one.why) for one in await operator.charging.overdue()]


async def test_a_silent_session_is_told_of_once_and_forgotten_when_it_speaks(
    operator: Operator,
) -> None:
    await operator.open(PLAIN)
    name = await operator.begin(reading=meter(0, "0"))
    assert await look(operator, hours=5) == []
    assert await look(operator, hours=2) == [("NL/AAA", name, "silent")]
    assert await look(operator, hours=9) == [("NL/AAA", name, "silent")]
    events = await operator.events("session.overdue")
    assert [one.key for one in events] == [f"sessions/NL/AAA/{name.upper()}"]
    await operator.charging.read(name, meter(60, "5"))
    assert await look(operator) == []
    assert await look(operator, hours=7) == [("NL/AAA", name, "silent")]
    assert len(await operator.events("session.overdue")) == 2


async def test_a_cdr_that_could_not_be_made_is_told_of(operator: Operator) -> None:
    await operator.open(OLDER)
    name = await operator.begin(reading=meter(0, "0"))
    await operator.charging.end(name, minute(30), meter(30, "4"))
    assert await look(operator, hours=25) == [("NL/AAA", name, "fault")]
    (found,) = await operator.charging.overdue()
    assert "tariff" in (found.reason or "")
    tariff = json.dumps(PLAIN).encode()
    assert await operator.charging.bill(name, tariff=tariff) == name
    assert await look(operator, hours=25) == []
    assert len(await operator.events("session.overdue")) == 1


async def test_partners_sessions_wait_for_their_cdrs(operator: Operator) -> None:
    """Told once; the CDR settles it, whichever of the two comes first."""
    await operator.open(PLAIN)
    name = await operator.begin(reading=meter(0, "0"))
    await operator.charging.end(name, minute(30), meter(30, "4"))
    session, cdr = await operator.document("sessions", name), await operator.document("cdrs", name)
    assert session is not None
    assert cdr is not None
    for one in ("LATE", "EARLY", "NEVER"):
        await receive(operator, "sessions", session, id=one)
    await receive(operator, "sessions", session, id="RUNNING", status="ACTIVE")
    await receive(operator, "sessions", session, id="VOID", status="INVALID")
    await receive(operator, "cdrs", cdr, id="C1", session_id="EARLY")
    assert await look(operator, hours=23) == []
    expected = [("BE/BBB", "LATE", "no_cdr"), ("BE/BBB", "NEVER", "no_cdr")]
    assert sorted(await look(operator, hours=2)) == expected
    assert sorted(await look(operator, hours=2)) == expected
    await receive(operator, "cdrs", cdr, id="C2", session_id="Late")
    assert await look(operator) == [("BE/BBB", "NEVER", "no_cdr")]
    assert len(await operator.events("session.overdue")) == 2


async def test_two_processes_tell_once(operator: Operator) -> None:
    await operator.open(PLAIN)
    await operator.begin(reading=meter(0, "0"))
    other = operator.restarted()
    await look(operator, hours=7)
    await other.charging.look()
    assert len(await operator.events("session.overdue")) == 1


async def test_the_first_look_reads_sessions_and_cdrs_of_late_and_nothing_else(
    operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A node that held much before it watched: by kind, and the feed only from then on."""
    await operator.open(PLAIN)
    name = await operator.begin(reading=meter(0, "0"))
    await operator.charging.end(name, minute(30), meter(30, "4"))
    session, cdr = await operator.document("sessions", name), await operator.document("cdrs", name)
    assert session is not None
    assert cdr is not None
    await receive(operator, "sessions", session, id="OLD")
    operator.clock.forward(days=61)
    for one in ("LATE", "BILLED"):
        await receive(operator, "sessions", session, id=one)
    await receive(operator, "cdrs", cdr, id="C1", session_id="BILLED")
    head, read = await operator.store.head(), list[int]()
    feed = operator.store.feed

    async def noting(after: int, limit: int) -> list[ObjectRow]:
        read.append(after)
        return await feed(after, limit)

    monkeypatch.setattr(operator.store, "feed", noting)
    assert await look(operator) == []
    assert await look(operator, hours=25) == [("BE/BBB", "LATE", "no_cdr")]
    assert min(read) == head
