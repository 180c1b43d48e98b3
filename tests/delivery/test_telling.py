"""What an event says: the object as it stands, and nothing of a driver to who may not see it."""

from typing import Any

import msgspec
from tests.delivery.fakes import OUR, TABLE
from tests.roaming import objects as doc
from tests.roaming.company import role

from voltroam.delivery.telling import Telling
from voltroam.roaming.accept import accept, remove
from voltroam.roaming.platforms import Identity
from voltroam.standard.endpoints import LOCATION, TARIFF, TOKEN, Resource
from voltroam.standard.parties import PartyId
from voltroam.standard.v2_2_1 import Role
from voltroam.standard.versions import V2_2_1
from voltroam.store.interface import Store

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
