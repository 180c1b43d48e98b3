"""What an event says: the object as it stands, and nothing of a driver to who may not see it."""

from typing import Any

import msgspec
from tests.delivery.fakes import OUR, TABLE
from tests.roaming import objects as doc
from tests.roaming.company import role

from voltroam.delivery.telling import Telling
from voltroam.roaming.accept import accept, remove
from voltroam.roaming.authorizing.log import AUTHORIZATION, AuthorizationLog, Entry, Side
from voltroam.roaming.platforms import Identity
from voltroam.roaming.vault import Vault
from voltroam.standard.endpoints import LOCATION, TARIFF, TOKEN, Resource
from voltroam.standard.parties import PartyId
from voltroam.standard.v2_2_1 import Role
from voltroam.standard.versions import V2_2_1
from voltroam.store.interface import Change, Decision, RecordDraft, RecordKey, Store

OURSELVES = Identity(
    name="x", url="https://x.example", roles=(role("NL/AAA", Role.CPO), role("DE/MSP", Role.EMSP))
)
AAA = PartyId("NL", "AAA")


async def keep(store: Store, resource: Resource, document: Any) -> None:
    await store.apply(
        accept(
            resource, msgspec.json.encode(document), version=V2_2_1, source=None,
            identity=OURSELVES, strict=False,
        )
    )  # fmt: skip


async def told(store: Store, **more: Any) -> list[Any]:
    telling = Telling(store, TABLE)
    bodies = [await telling.tell(event, **more) for event in await store.events(0, 100)]
    return [None if body is None else msgspec.json.decode(body) for body in bodies]


async def test_each_event_tells_the_object_as_it_stands_now(any_store: Store) -> None:
    await keep(any_store, LOCATION, doc.location(name="old"))
    await keep(any_store, LOCATION, doc.location(name="new", last_updated=doc.T2))
    for event in await told(any_store):
        assert event["type"] == "locations.changed"
        assert event["data"]["object"]["name"] == "new"
        assert event["data"]["revision"] == 2


async def test_what_was_deleted_is_told_as_deleted(any_store: Store) -> None:
    await keep(any_store, TARIFF, doc.tariff())
    identifier = doc.tariff()["id"]
    await any_store.apply(
        remove(TARIFF, AAA, {"id": identifier}, version=V2_2_1, source=None, identity=OURSELVES)
    )
    for event in await told(any_store):
        data = event["data"]
        assert (data["kind"], data["owner"], data["id"]) == ("tariffs", "NL/AAA", identifier)
        assert (data["deleted"], data["object"]) == (True, None)


async def test_a_masked_token_shows_no_uid_at_all(any_store: Store) -> None:
    await keep(any_store, TOKEN, doc.token(uid="CANARY/01"))
    (shown,) = await told(any_store)
    assert (shown["data"]["id"], shown["data"]["object"]["uid"]) == ("CANARY/01/RFID", "CANARY/01")
    (masked,) = await told(any_store, mask=lambda _: "#")
    assert "CANARY" not in str(masked)
    assert masked["data"]["id"] == "#/RFID"


async def test_who_is_limited_to_others_is_told_nothing(any_store: Store) -> None:
    await keep(any_store, LOCATION, doc.location())
    assert await told(any_store, parties=("DE/MSP",)) == [None]
    assert OUR.folded != "NL/AAA"
    assert await told(any_store, parties=(OUR.folded,)) == [None]


async def test_an_authorization_is_told_by_its_record(any_store: Store) -> None:
    """The event has no copy of it: what is erased or forgotten there is not told here."""
    log = AuthorizationLog(any_store, Vault([b"k" * 32]), now=lambda: 1_790_000_000_000_000)
    entry = Entry(
        id=log.new_id(), at=log.now(), side=Side.GIVEN, token=log.fingerprint("A"), type="RFID",
        answer="ALLOWED", by="tokens", ms=0.1, asked_by="NL/AAA",
    )  # fmt: skip
    log.note(entry)
    await log.close()
    (event,) = await any_store.events(0, 10)
    assert event.document == b""
    (heard,) = await told(any_store, parties=("NL/AAA",))
    assert heard["type"] == "authorization.asked"
    assert heard["data"]["id"] == entry.id
    assert heard["data"]["details"]["answer"] == "ALLOWED"
    assert await told(any_store, parties=("DE/MSP",)) == [None]
    gone = Decision(None, records=(RecordDraft(RecordKey(AUTHORIZATION, entry.id), None),))
    await any_store.apply(Change(lambda _: gone))
    (forgotten,) = await told(any_store)
    assert "details" not in forgotten["data"]
