"""What is old goes; what is money, runs, waits or is not delivered stays."""

import time
from typing import Any

import msgspec
import pytest
from msgspec import structs
from tests.delivery.fakes import TABLE
from tests.roaming import objects as doc
from tests.roaming.company import role

from voltroam.delivery.keeping import DAY, PIECE, Keeping, RetentionKnobs
from voltroam.delivery.records import QUARANTINE, Parked, Quarantined, draft, parked_key, write
from voltroam.delivery.webhook_records import DEAD, Letter, dead_key
from voltroam.roaming.accept import accept
from voltroam.roaming.platforms import Identity
from voltroam.roaming.timed import timed_id
from voltroam.standard.packages import BOOKING
from voltroam.standard.v2_2_1 import Role
from voltroam.standard.versions import V2_2_1, V2_3_0
from voltroam.store.interface import ObjectKey, RecordDraft, RecordKey, Store
from voltroam.wire.times import format_datetime, from_micros

NOW = time.time_ns() // 1000
OLD = NOW - 100 * DAY
KNOBS = RetentionKnobs(
    sessions=30, ledger=30, authorizations=30, audit=30, traces=30, quarantine=30, dead_letters=30
)
OURSELVES = Identity(name="x", url="https://x.example", roles=(role("NL/AAA", Role.CPO),))
TODAY = format_datetime(from_micros(NOW))
LONG_AGO = "2020-01-01T00:00:00Z"


def keeping(store: Store, knobs: RetentionKnobs = KNOBS, *, passed: int = 2**60) -> Keeping:
    async def upto() -> int:
        return passed

    return Keeping(store, upto, now=lambda: NOW, holder="h", knobs=knobs, pause=0)


async def note(
    store: Store, kind: str, identifier: str, document: bytes = b"{}", **more: Any
) -> None:
    await write(store, RecordDraft(RecordKey(kind, identifier), document, **more))


async def keep(store: Store, kind: str, **changes: Any) -> ObjectKey:
    document = getattr(doc, kind.removesuffix("s"))(**{"last_updated": LONG_AGO} | changes)
    await store.apply(
        accept(
            TABLE.resources[kind], msgspec.json.encode(document), version=V2_2_1, source=None,
            identity=OURSELVES, strict=False,
        )
    )  # fmt: skip
    return ObjectKey(kind, "NL/AAA", document["id"])


async def left(store: Store, kind: str) -> set[str]:
    return {record.key.id for record in await store.records(kind)}


@pytest.mark.parametrize("kind", ["command", "order", "profile", "authorization", "audit", "trace"])
async def test_old_records_go_and_young_or_waiting_ones_stay(any_store: Store, kind: str) -> None:
    old, young, waits = timed_id(OLD), timed_id(NOW - DAY), timed_id(OLD)
    await note(any_store, kind, old)
    await note(any_store, kind, young)
    await note(any_store, kind, waits, due=NOW)
    await note(any_store, kind, "zz-of-another-form")
    assert await keeping(any_store).look() == {kind: 1}
    assert await left(any_store, kind) == {young, waits, "zz-of-another-form"}
    assert await keeping(any_store).look() == {}


async def test_none_keeps_a_kind_for_good(any_store: Store) -> None:
    await note(any_store, "audit", timed_id(OLD))
    assert await keeping(any_store, structs.replace(KNOBS, audit=None)).look() == {}


async def test_many_records_go_in_pieces(any_store: Store) -> None:
    drafts = [
        RecordDraft(RecordKey("order", timed_id(OLD + n)), b"{}") for n in range(2 * PIECE + 1)
    ]
    await write(any_store, *drafts)
    assert await keeping(any_store).look() == {"order": 2 * PIECE + 1}


async def test_what_was_set_aside_or_given_up_long_ago_goes(any_store: Store) -> None:
    for at, name in ((OLD, "old"), (NOW, "new")):
        aside = Quarantined(platform="p", module="tokens", at=at, document=msgspec.Raw(b"{}"))
        letter = Letter(
            subscription=name, sequence=1, at=at, last=at, type="x", key="k",
            details=msgspec.Raw(b"null"),
        )  # fmt: skip
        await write(
            any_store, draft(RecordKey(QUARANTINE, name), aside), draft(dead_key(letter), letter)
        )
    assert await keeping(any_store).look() == {QUARANTINE: 1, DEAD: 1}
    assert await left(any_store, QUARANTINE) == {"new"}


async def test_remembered_requests_go_when_they_are_over(any_store: Store) -> None:
    await note(any_store, "operator_request", "over", due=NOW - 2 * DAY)
    await note(any_store, "operator_request", "good", due=NOW + DAY)
    assert await keeping(any_store).look() == {"operator_request": 1}
    assert await left(any_store, "operator_request") == {"good"}


async def test_only_sessions_that_are_long_over_go_and_nobody_is_told(any_store: Store) -> None:
    """Running ones and CDRs stay, however old; no feed number moves, so no lane sends a thing."""
    await keep(any_store, "sessions", id="DONE", status="COMPLETED")
    await keep(any_store, "sessions", id="BAD", status="INVALID")
    runs = await keep(any_store, "sessions", id="RUNS", status="ACTIVE")
    young = await keep(any_store, "sessions", id="YOUNG", status="COMPLETED", last_updated=TODAY)
    cdr = await keep(any_store, "cdrs", id="C1")
    head = await any_store.head()
    assert await keeping(any_store).look() == {"sessions": 2}
    assert await any_store.head() == head
    assert [row.key for row in await any_store.feed(0, 100)] == [runs, young, cdr]
    assert (await any_store.check()).ok


async def test_what_a_partner_has_yet_to_get_stays(any_store: Store) -> None:
    await keep(any_store, "sessions", id="SENT", status="COMPLETED")
    sent = await any_store.head()
    waits = await keep(any_store, "sessions", id="WAITS", status="COMPLETED")
    assert await keeping(any_store, passed=sent).look() == {"sessions": 1}
    assert [row.key for row in await any_store.feed(0, 100)] == [waits]


async def test_a_session_whose_cdr_is_still_to_be_made_stays(any_store: Store) -> None:
    await keep(any_store, "sessions", id="OPEN", status="COMPLETED")
    await keep(any_store, "sessions", id="BILLED", status="COMPLETED")
    await note(any_store, "charge", "OPEN", b'{"status":"COMPLETED"}')
    await note(any_store, "charge", "BILLED", b'{"status":"COMPLETED","cdr_id":"C1"}')
    await note(any_store, "charge_terms", "BILLED")
    await note(any_store, "charge_readings", "BILLED|1", parent="BILLED")
    await note(any_store, "charge_signed", "BILLED|1", parent="BILLED")
    await note(any_store, "preferences", "NL/AAA/BILLED")
    assert await keeping(any_store).look() == {"sessions": 1}
    assert await any_store.record_kinds() == ["charge"]
    assert await left(any_store, "charge") == {"OPEN"}


async def test_a_forgotten_session_is_parked_no_more(any_store: Store) -> None:
    gone = await keep(any_store, "sessions", id="DONE", status="COMPLETED")
    stays = ObjectKey("locations", "NL/AAA", "L1")
    for key in (gone, stays):
        parked = Parked(platform="p", key=key, changed=1, since=0, reason="x")
        await write(any_store, draft(parked_key("p", key), parked, parent="p"))
    await keeping(any_store).look()
    assert await left(any_store, "parked") == {parked_key("p", stays).id}


async def test_bookings_that_are_long_over_go_with_the_tokens_of_their_place(
    any_store: Store,
) -> None:
    """By their state or, where nobody said NO_SHOW, by their time; what is still to come stays."""

    async def booked(name: str, state: str, ends: str) -> None:
        day = {"start_date_time": LONG_AGO, "end_date_time": ends}
        request = {
            "country_code": "DE", "party_id": "MSP", "request_id": name, "location_id": "L",
            "booking_location_id": "BL1", "period": day, "authorization_reference": name,
        }  # fmt: skip
        document = {
            "country_code": "NL", "party_id": "AAA", "id": name, "request_id": name,
            "location_id": "L", "period": day, "reservation_status": state,
            "authorization_reference": name, "last_updated": LONG_AGO,
            "booking_terms": {"supported_access_methods": ["OPEN"], "change_until_minutes": 0,
                              "cancel_until_minutes": 0},
            "booking_requests": [{"request_status": "ACCEPTED", "booking_request": request,
                                  "request_received": LONG_AGO}],
        }  # fmt: skip
        await any_store.apply(
            accept(
                BOOKING, msgspec.json.encode(document), version=V2_3_0, source=None,
                identity=OURSELVES, strict=False,
            )
        )  # fmt: skip

    later = format_datetime(from_micros(NOW + DAY))
    await booked("OVER", "CANCELED", later)
    await booked("PAST", "RESERVED", "2020-01-01T01:00:00Z")
    await booked("COMES", "RESERVED", later)
    taken = [
        {
            "booking": "PAST",
            "start": LONG_AGO,
            "end": "2020-01-01T01:00:00Z",
            "tokens": ["A/B/C/D"],
        },
        {"booking": "COMES", "start": LONG_AGO, "end": later, "tokens": []},
    ]
    await note(any_store, "booked", "NL/AAA/BL1", msgspec.json.encode(taken), parent="NL/AAA/L")
    await note(any_store, "booked", "NL/AAA/BL2", msgspec.json.encode(taken[:1]))
    knobs = structs.replace(KNOBS, bookings=30)
    assert await keeping(any_store, structs.replace(KNOBS, bookings=None)).look() == {}
    assert await keeping(any_store, knobs).look() == {"bookings": 2}
    assert [row.key.id for row in await any_store.feed(0, 10)] == ["COMES"]
    (record,) = await any_store.records("booked", parent="NL/AAA/L")
    assert [one["booking"] for one in msgspec.json.decode(record.document)] == ["COMES"]
    assert await left(any_store, "booked") == {"NL/AAA/BL1"}


async def test_settled_payments_go_and_those_whose_money_is_open_stay(any_store: Store) -> None:
    for name, state, more in (
        ("PAID", "CAPTURED", {}),
        ("FREE", "RELEASED", {}),
        ("TELL", "CAPTURED", {"invoice_reference": "I1"}),
        ("OPEN", "PREAUTHORISED", {}),
    ):
        payment = {
            "reference": name, "terminal_id": "T", "provider": ["DE", "PAY"],
            "operator": ["NL", "AAA"], "partner": "p", "location_id": "L", "evse_uid": None,
            "state": state, "at": LONG_AGO, "currency": "EUR", "preauthorised": "50", **more,
        }  # fmt: skip
        await note(any_store, "payment", name, msgspec.json.encode(payment), parent=state)
    for name, at in (("OLD", LONG_AGO), ("NEW", TODAY)):
        advice = {
            "id": name, "provider": "DE/PAY", "reference": name, "status": "SUCCESS",
            "captured": "1", "currency": "EUR", "match": "MATCHED", "at": at,
        }  # fmt: skip
        await note(any_store, "advice", f"DE/PAY/{name}", msgspec.json.encode(advice), parent=name)
        await note(any_store, "cdr_reference", name, b'["C1","1"]')
    knobs = structs.replace(KNOBS, payments=30)
    assert await keeping(any_store, knobs).look() == {"advice": 1, "payment": 2}
    assert await left(any_store, "payment") == {"TELL", "OPEN"}
    assert await left(any_store, "cdr_reference") == {"NEW"}
