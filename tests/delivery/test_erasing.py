"""A driver's token leaves every table of the database; the money stays to the last digit."""

import base64
import sqlite3
import time
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import pytest
from tests.delivery.fakes import TABLE
from tests.delivery.receivers import happen
from tests.roaming import objects as doc
from tests.roaming.company import role

from voltroam.bridge.named import digest
from voltroam.delivery.erasing import Erasing
from voltroam.delivery.records import (
    QUARANTINE,
    CdrEntry,
    CdrState,
    Parked,
    Quarantined,
    draft,
    ledger_key,
    parked_key,
    write,
)
from voltroam.delivery.webhook_records import Letter, dead_key
from voltroam.roaming.accept import accept
from voltroam.roaming.names import NameTables
from voltroam.roaming.platforms import Identity
from voltroam.roaming.received import Received, kept, received_in
from voltroam.roaming.timed import timed_id
from voltroam.roaming.vault import Vault
from voltroam.standard.endpoints import Resource
from voltroam.standard.packages import BOOKING, CONFIRMATION, INVOICE_RECORD
from voltroam.standard.parties import PartyId, fold
from voltroam.standard.v2_2_1 import Role
from voltroam.standard.v2_3_0.bookings import Booking
from voltroam.standard.versions import V2_1_1, V2_2_1, V2_3_0
from voltroam.store.interface import (
    Change,
    Decision,
    Held,
    ObjectDraft,
    ObjectKey,
    RecordDraft,
    RecordKey,
    Store,
)

UID, CONTRACT, NUMBER = "CANARY04A1B2", "NL-CAN-CANARY01", "CANARY-V-77"
OTHER = "OTHER99887766"
OURSELVES = Identity(
    name="x", url="https://x.example", roles=(role("NL/AAA", Role.CPO), role("DE/MSP", Role.EMSP))
)
VAULT = Vault([b"0" * 32])
DRIVER = {"uid": UID.lower(), "contract_id": CONTRACT}


async def keep(store: Store, kind: str, **changes: Any) -> ObjectKey:
    document = getattr(doc, kind.removesuffix("s"))(**changes)
    text = msgspec.json.encode(document).replace(b":1.5", b":1.50")
    await store.apply(
        accept(
            TABLE.resources[kind], text, version=V2_2_1, source=None, identity=OURSELVES,
            strict=False,
        )
    )  # fmt: skip
    return ObjectKey(
        kind, f"{document['country_code']}/{document['party_id']}", document.get("id", "")
    )


def signed(text: str) -> dict[str, Any]:
    return {"nature": "End", "plain_data": text, "signed_data": f"OCMF|{text}|{{}}"}


async def everything(store: Store) -> None:
    """The token in each table and each kind of record that there is."""
    await keep(store, "tokens", uid=UID, contract_id=CONTRACT, visual_number=NUMBER)
    await keep(store, "tokens", uid=OTHER, contract_id="NL-CAN-OTHER")
    await keep(store, "sessions", status="COMPLETED", cdr_token=doc.cdr_token(**DRIVER))
    packed = base64.b64encode(f"ID={UID}".encode()).decode()
    await keep(
        store, "cdrs", cdr_token=doc.cdr_token(**DRIVER),
        signed_data={
            "encoding_method": "OCMF",
            "signed_values": [signed(f'{{"ID":"{UID}"}}'), signed("RV:1") | {"plain_data": packed}],
        },
    )  # fmt: skip
    await keep(
        store, "locations",
        publish=False, publish_allowed_to=[{"uid": UID, "type": "RFID", "visual_number": NUMBER}],
    )  # fmt: skip
    body = msgspec.json.encode(doc.token(uid=UID, contract_id=CONTRACT))
    fingerprint = VAULT.hash(fold(UID))
    now = time.time_ns() // 1000
    token_key = ObjectKey("tokens", "DE/MSP", f"{UID}\x1fRFID")
    parked = Parked(platform="p", key=token_key, changed=1, since=0, reason=f"no {UID}")
    aside = Quarantined(platform="p", module="tokens", at=now, document=msgspec.Raw(body),
                        key=f"tokens/DE/MSP/{UID}/RFID")  # fmt: skip
    letter = Letter(subscription="s", sequence=1, at=now, type="tokens.changed",
                    key=f"tokens/DE/MSP/{UID}/RFID", details=msgspec.Raw(body))  # fmt: skip
    await write(
        store,
        draft(parked_key("p", token_key), parked, parent="p"),
        draft(RecordKey(QUARANTINE, "1"), aside),
        draft(dead_key(letter), letter, parent="s"),
        RecordDraft(RecordKey("exempt", "1"), b'{"token":%s}' % body, fingerprint),
        RecordDraft(RecordKey("hub_bond", f"token/{fingerprint} DE/MSP"), b'["DE/MSP",""]'),
        RecordDraft(RecordKey("hub_name", f"p/tokens/{digest(fold(UID))}"), b'"DE/MSP"', "p"),
        RecordDraft(RecordKey("token_limits", f"DE/MSP\x1f{UID}\x1fRFID"), b'{"mark":"BLOCKED"}'),
        RecordDraft(
            RecordKey("authorization", timed_id(now)), b'{"token":"%s"}' % fingerprint.encode()
        ),
        RecordDraft(RecordKey("order", timed_id(now)), b'{"body":{"token":%s},"n":1.10}' % body),
        RecordDraft(RecordKey("charge", "S1"), b'{"token":%s,"base":"7.100"}' % body, "closed"),
    )
    await happen(store, f"tokens/DE/MSP/{UID}/RFID", "cdrs/NL/AAA/C1", document=body)


async def whole(url: str) -> bytes:
    """Every byte of a SQLite store's files; every row of all tables of a PostgreSQL one."""
    if url.startswith("sqlite"):
        path = Path(url.removeprefix("sqlite:///"))
        with sqlite3.connect(path) as connection:
            assert connection.execute("pragma integrity_check").fetchone()[0] == "ok"
        return b"".join(file.read_bytes() for file in path.parent.glob(f"{path.name}*"))
    server = await asyncpg.connect(url)
    try:
        tables = [row[0] for row in await server.fetch(
            "select tablename from pg_tables where schemaname = 'public'")]  # fmt: skip
        assert {"objects", "records", "events"} <= set(tables)
        rows = [row for table in tables for row in await server.fetch(f"select * from {table}")]
    finally:
        await server.close()
    return b"\n".join(
        value if isinstance(value, bytes) else str(value).encode() for row in rows for value in row
    )


async def test_the_whole_database_holds_no_trace_of_it(any_store: Store, any_url: str) -> None:
    await everything(any_store)
    before = await whole(any_url)
    secrets = (UID, UID.lower(), CONTRACT, NUMBER, VAULT.hash(fold(UID)), digest(fold(UID)))
    assert all(secret.encode() in before for secret in secrets)
    report = await Erasing(any_store, VAULT).erase(UID)
    assert report.scrubbed
    after = (await whole(any_url)).upper()
    for secret in secrets:
        assert secret.upper().encode() not in after, secret
    assert base64.b64encode(f"ID={UID}".encode()).upper() not in after
    assert OTHER.encode() in after
    assert report.pseudonym is not None
    assert UID not in str(report)
    assert report.found == {
        "tokens": 1, "sessions": 1, "cdrs": 1, "locations": 1, "parked": 1, "quarantine": 1,
        "webhook_dead": 1, "exempt": 1, "token_limits": 1, "hub_bond": 1, "hub_name": 1,
        "authorization": 1, "order": 1, "charge": 1, "event": 3,
    }  # fmt: skip
    assert report.valid == 1
    assert (await any_store.check()).ok
    again = await Erasing(any_store, VAULT).find(UID)
    assert again.found == {}


async def test_the_money_stays_to_the_byte(any_store: Store) -> None:
    await everything(any_store)
    before = {row.key: row for row in await any_store.feed(0, 100)}
    head = await any_store.head()
    report = await Erasing(any_store, VAULT).erase(UID)
    assert await any_store.head() == head, "no lane is told"
    pseudonym = (report.pseudonym or "").encode()
    for row in await any_store.feed(0, 100):
        was = before[row.key]
        assert (row.created, row.changed) == (was.created, was.changed)
        assert (row.last_updated, row.audience) == (was.last_updated, was.audience)
        if row.key.kind in ("sessions", "cdrs"):
            assert b":1.50" in row.document
            members = msgspec.json.decode(row.document)
            old = msgspec.json.decode(was.document)
            assert members.pop("cdr_token")["uid"].encode() == pseudonym
            del old["cdr_token"]
            if row.key.kind == "cdrs":
                first, second = members.pop("signed_data")["signed_values"]
                assert pseudonym.decode() in first["plain_data"]
                assert second["plain_data"] == pseudonym.decode()
                assert second["signed_data"] == "OCMF|RV:1|{}"
                del old["signed_data"]
            assert members == old
    (charge,) = await any_store.records("charge")
    assert b'"base":"7.100"' in charge.document
    assert charge.parent == "closed"


async def test_finding_and_a_dry_run_change_nothing(any_store: Store, any_url: str) -> None:
    await everything(any_store)
    before = await any_store.feed(0, 100)
    erasing = Erasing(any_store, VAULT)
    found = await erasing.find(UID.lower())
    assert found == await erasing.erase(UID, dry_run=True)
    assert found.pseudonym is None
    assert "sessions/NL/AAA/S1" in found.places
    assert found.found["sessions"] == 1
    assert UID not in str(found)
    assert await any_store.feed(0, 100) == before
    assert UID.encode() in await whole(any_url)


async def test_a_type_names_one_of_two_tokens_with_the_same_uid(any_store: Store) -> None:
    await keep(any_store, "tokens", uid=UID, type="RFID", contract_id="NL-CAN-ONE")
    await keep(any_store, "tokens", uid=UID, type="APP_USER", contract_id="NL-CAN-TWO")
    card = doc.cdr_token(uid=UID, type="RFID", contract_id="NL-CAN-ONE")
    app = doc.cdr_token(uid=UID, type="APP_USER", contract_id="NL-CAN-TWO")
    await keep(any_store, "sessions", id="CARD", status="COMPLETED", cdr_token=card)
    await keep(any_store, "sessions", id="APP", status="COMPLETED", cdr_token=app)
    report = await Erasing(any_store, VAULT).erase(UID, "RFID")
    assert (report.found["tokens"], report.found["sessions"]) == (1, 1)
    left = {row.key.id: row.document for row in await any_store.feed(0, 100)}
    assert UID.encode() not in left["CARD"]
    assert UID.encode() in left["APP"]
    assert [key for key in left if key.startswith(UID)] == [f"{UID}\x1fAPP_USER"]


async def test_a_contract_that_another_token_has_stays_there(any_store: Store) -> None:
    await keep(any_store, "tokens", uid=UID, contract_id=CONTRACT)
    await keep(any_store, "tokens", uid=OTHER, contract_id=CONTRACT)
    await Erasing(any_store, VAULT).erase(UID)
    (row,) = await any_store.feed(0, 100)
    assert CONTRACT.encode() in row.document


@pytest.mark.parametrize("what", ["session", "cdr"])
async def test_what_is_still_to_be_billed_is_not_touched_unless_forced(
    any_store: Store, what: str
) -> None:
    if what == "session":
        key = await keep(any_store, "sessions", cdr_token=doc.cdr_token(**DRIVER))
    else:
        key = await keep(any_store, "cdrs", cdr_token=doc.cdr_token(**DRIVER))
        entry = CdrEntry(key=key, platform="p", to="DE/MSP", state=CdrState.UNCERTAIN)
        await write(any_store, draft(ledger_key(key), entry))
    erasing = Erasing(any_store, VAULT)
    assert len((await erasing.find(UID)).live) == 1
    with pytest.raises(Exception, match="force"):
        await erasing.erase(UID)
    assert UID.lower().encode() in (await any_store.feed(0, 1))[0].document
    assert (await erasing.erase(UID, force=True)).pseudonym is not None
    assert UID.lower().encode() not in (await any_store.feed(0, 1))[0].document


async def test_an_unknown_uid_is_not_found_and_nothing_is_rewritten(any_store: Store) -> None:
    await everything(any_store)
    report = await Erasing(any_store, VAULT).erase("NOBODY0001")
    assert (report.found, report.pseudonym, report.scrubbed) == ({}, None, False)


async def test_an_evse_of_the_same_uid_stays(any_store: Store) -> None:
    await keep(any_store, "locations", evses=[doc.evse(uid=UID)])
    assert (await Erasing(any_store, VAULT).find(UID)).found == {}


PRIVATE = Identity(
    name="x", url="https://x.example",
    roles=(role("NL/AAA", Role.CPO), role("DE/MSP", Role.EMSP), role("DE/PAY", Role.PTP)),
)  # fmt: skip
PLATE, CARD, REFERENCE = "CANARY-PLATE", "VISA **** CANARY", "CANARY-0b9f-4c55-8a07-1d2e3f40"
DAY = {"start_date_time": "2026-11-20T10:00:00Z", "end_date_time": "2026-11-20T11:00:00Z"}


async def packaged(store: Store, resource: Resource, document: dict[str, Any]) -> None:
    """An object of a module that 2.3.0 brings, ours."""
    change = accept(
        resource, msgspec.json.encode(document), version=V2_3_0, source=None, identity=PRIVATE,
        strict=False, owner=PartyId("DE", "PAY") if not resource.owner_in_body else None,
        to=None if resource.owner_in_body else PartyId("NL", "AAA"),
    )  # fmt: skip
    await store.apply(change)


def booking(state: str, *tokens: tuple[str, str]) -> dict[str, Any]:
    cards = [
        {"country_code": "DE", "party_id": "MSP", "uid": uid, "type": "RFID", "contract_id": of}
        for uid, of in tokens
    ]
    ways = [{"method": "LICENSE_PLATE", "value": PLATE}]
    request = {
        "country_code": "DE", "party_id": "MSP", "request_id": "R1", "location_id": "LOC1",
        "booking_location_id": "BL1", "period": DAY, "authorization_reference": "AUTH1",
        "tokens": cards, "access_information": ways,
    }  # fmt: skip
    return {
        "id": "B1", "country_code": "NL", "party_id": "AAA", "request_id": "R1",
        "location_id": "LOC1", "period": DAY, "reservation_status": state,
        "authorization_reference": "AUTH1", "booking_tokens": cards, "access_information": ways,
        "booking_terms": {"supported_access_methods": ["LICENSE_PLATE"],
                          "change_until_minutes": 0, "cancel_until_minutes": 0},
        "booking_requests": [{"request_status": "ACCEPTED", "booking_request": request,
                              "request_received": "2026-11-19T10:00:00Z"}],
        "last_updated": "2026-11-20T12:00:00Z",
    }  # fmt: skip


def payment(state: str) -> bytes:
    return msgspec.json.encode(
        {
            "reference": REFERENCE, "terminal_id": "T1", "provider": ["DE", "PAY"],
            "operator": ["NL", "AAA"], "partner": "noda", "location_id": "LOC1", "evse_uid": None,
            "state": state, "at": "2026-11-20T10:00:00Z", "currency": "EUR",
            "preauthorised": "50.00", "captured": "12.50", "confirmation_id": "CONF1",
        }
    )  # fmt: skip


@pytest.mark.parametrize("uid", [UID, "4A1"])
async def test_bookings_forget_the_driver_and_the_plate(
    any_store: Store, any_url: str, uid: str
) -> None:
    """A short uid too, and those of others who booked the place stay."""
    await packaged(any_store, BOOKING, booking("FULFILLED", (uid, CONTRACT)))
    taken = [
        {"booking": "B1", "start": DAY["start_date_time"], "end": DAY["end_date_time"],
         "tokens": [f"DE/MSP/RFID/{uid}", f"DE/MSP/RFID/{OTHER}"]},
    ]  # fmt: skip
    booked = RecordDraft(RecordKey("booked", "NL/AAA/BL1"), msgspec.json.encode(taken), "NL/AAA/L")
    await write(any_store, booked)
    report = await Erasing(any_store, VAULT).erase(uid, "RFID")
    assert (report.found["bookings"], report.found["booked"]) == (1, 1)
    after = await whole(any_url)
    assert PLATE.encode() not in after
    assert CONTRACT.encode() not in after
    (row,) = await any_store.feed(0, 10)
    held = msgspec.json.decode(row.document, type=Booking)
    assert (held.period.end_date_time.hour, held.authorization_reference) == (11, "AUTH1")
    assert [one.uid for one in held.booking_tokens or ()] == [report.pseudonym]
    (record,) = await any_store.records("booked", parent="NL/AAA/L")
    assert msgspec.json.decode(record.document)[0]["tokens"] == [
        f"DE/MSP/RFID/{report.pseudonym}", f"DE/MSP/RFID/{OTHER}",
    ]  # fmt: skip
    assert (await Erasing(any_store, VAULT).find(uid)).found == {}


async def test_a_booking_of_another_type_of_token_stays(any_store: Store) -> None:
    taken = [{"booking": "B1", "start": DAY["start_date_time"], "end": DAY["end_date_time"],
              "tokens": [f"DE/MSP/APP_USER/{UID}"]}]  # fmt: skip
    key = RecordKey("booked", "NL/AAA/BL1")
    await write(any_store, RecordDraft(key, msgspec.json.encode(taken), "NL/AAA/L"))
    assert (await Erasing(any_store, VAULT).find(UID, "RFID")).found == {}


async def test_a_card_payment_is_known_by_its_reference_and_its_money_stays(
    any_store: Store, any_url: str
) -> None:
    """The reference is the uid of the token that the terminal made up."""
    card = doc.cdr_token(uid=REFERENCE, contract_id=REFERENCE, type="AD_HOC_USER")
    await keep(any_store, "cdrs", cdr_token=card, authorization_reference=REFERENCE)
    confirmation = {
        "id": "CONF1", "authorization_reference": REFERENCE, "currency": "EUR",
        "total_costs": {"before_taxes": 12.50}, "capture_status_code": "SUCCESS",
        "eft_data": [CARD], "last_updated": "2026-11-20T12:00:00Z",
    }  # fmt: skip
    await packaged(any_store, CONFIRMATION, confirmation)
    advice = {
        "id": "CONF1", "provider": "DE/PAY", "reference": REFERENCE, "status": "SUCCESS",
        "captured": "12.50", "currency": "EUR", "match": "MATCHED", "cdr_id": "C1",
        "at": "2026-11-20T12:00:00Z", "eft_data": [CARD],
    }  # fmt: skip
    await write(
        any_store,
        RecordDraft(RecordKey("payment", fold(REFERENCE)), payment("CONFIRMED"), "CONFIRMED"),
        RecordDraft(
            RecordKey("advice", "DE/PAY/CONF1"), msgspec.json.encode(advice), fold(REFERENCE)
        ),
        RecordDraft(RecordKey("cdr_reference", fold(REFERENCE)), b'["C1","12.50"]'),
    )
    report = await Erasing(any_store, VAULT).erase(REFERENCE)
    assert report.live == []
    after = (await whole(any_url)).upper()
    assert REFERENCE.upper().encode() not in after
    assert CARD.upper().encode() not in after
    named = fold(report.pseudonym or "")
    (paid,) = await any_store.records("payment")
    assert paid.key.id == named
    assert b'"captured":"12.50"' in paid.document
    (told,) = await any_store.records("advice", parent=named)
    assert msgspec.json.decode(told.document)["captured"] == "12.50"
    assert await any_store.record(RecordKey("cdr_reference", named)) is not None
    assert (await Erasing(any_store, VAULT).find(REFERENCE)).found == {}


@pytest.mark.parametrize("what", ["booking", "payment"])
async def test_a_booking_or_payment_that_goes_on_is_in_the_way(any_store: Store, what: str) -> None:
    if what == "booking":
        await packaged(any_store, BOOKING, booking("RESERVED", (REFERENCE, CONTRACT)))
    else:
        key = RecordKey("payment", fold(REFERENCE))
        await write(any_store, RecordDraft(key, payment("SESSION_ACTIVE"), "SESSION_ACTIVE"))
    erasing = Erasing(any_store, VAULT)
    with pytest.raises(Exception, match="force"):
        await erasing.erase(REFERENCE)
    assert (await erasing.erase(REFERENCE, force=True)).pseudonym is not None
    assert (await erasing.find(REFERENCE)).found == {}


async def test_the_document_as_received_forgets_too(any_store: Store, any_url: str) -> None:
    """Its numbers and its ids stay as they were written, escapes and all."""
    received = (
        f'{{"id":"S-{UID}","auth_id":"{CONTRACT}","kwh":1.50,"meter_id":"M\\u0031",'
        f'"why":"of {UID}"}}'
    ).encode()
    await keep(any_store, "sessions", status="COMPLETED", cdr_token=doc.cdr_token(**DRIVER))
    (row,) = await any_store.feed(0, 10)
    sidecar = kept({"x": 1}, Received(V2_1_1, received))

    def decide(_held: Held) -> Decision[None]:
        draft = ObjectDraft(
            row.key, row.version, row.document, row.last_updated, row.audience, row.sources,
            row.notes, msgspec.json.encode(sidecar),
        )  # fmt: skip
        return Decision(None, objects=[draft])

    await any_store.apply(Change(decide, objects=[row.key]))
    report = await Erasing(any_store, VAULT).erase(UID)
    assert CONTRACT.encode() not in await whole(any_url)
    (after,) = await any_store.feed(0, 10)
    found = received_in(after.sidecar)
    assert found is not None
    name = (report.pseudonym or "").encode()
    assert found.document == received.replace(CONTRACT.encode(), name).replace(
        b"of " + UID.encode(), b"of " + name
    )


async def test_names_that_a_bridge_gave_tell_no_more_of_a_token(
    any_store: Store, any_url: str
) -> None:
    """A hash of the uid finds it again, however the uid is spelt; names of other things stay."""
    await keep(any_store, "tokens", uid="CanaryMixed1", type="APP_USER")
    tables = NameTables(any_store)
    names = await tables.of("p1")
    mine = digest("CanaryMixed1")
    names.pair("token-type DE/MSP", f"APP_USER|{mine}", mine)
    names.pair("token-type DE/MSP", f"APP_USER|{digest(OTHER)}", digest(OTHER))
    names.pair("Session", "CANARYMIXED1-S", "canarymixed1-s")
    await tables.keep(names)
    report = await Erasing(any_store, VAULT).erase("CANARYMIXED1")
    assert report.found["bridge_name"] == 1
    assert mine.encode() not in await whole(any_url)
    left = await NameTables(any_store).of("p1")
    assert left.count == 3
    assert left.home("token-type DE/MSP", digest(OTHER)) == f"APP_USER|{digest(OTHER)}"
    assert left.home("Session", "canarymixed1-s") == "CANARYMIXED1-S"


async def test_an_invoice_finds_its_cdrs_though_their_ids_name_the_driver(any_store: Store) -> None:
    """Ids stay, on both sides."""
    record = {
        "country_code": "NL", "party_id": "AAA", "id": "I1", "invoice_id": f"2026-{UID}",
        "cdrs": [f"C-{UID}"], "last_updated": "2026-11-20T12:00:00Z",
    }  # fmt: skip
    change = accept(
        INVOICE_RECORD, msgspec.json.encode(record), version=V2_3_0, source=None,
        identity=OURSELVES, strict=False, to=PartyId("DE", "MSP"),
    )  # fmt: skip
    await any_store.apply(change)
    line = {"owner": ["NL", "AAA"], "id": "I1", "lines": [{"cdr_id": f"C-{UID}"}]}
    await write(
        any_store,
        RecordDraft(RecordKey("reconciliation", "NL/AAA/I1"), msgspec.json.encode(line)),
        RecordDraft(RecordKey("invoiced", f"C-{UID}|NL/AAA/I1"), b'["x","y","z"]', f"C-{UID}"),
    )
    await keep(any_store, "cdrs", id=f"C-{UID}", cdr_token=doc.cdr_token(**DRIVER))
    report = await Erasing(any_store, VAULT).erase(UID)
    assert (report.found, report.kept) == ({"cdrs": 1}, ["cdrs/NL/AAA/…"])
