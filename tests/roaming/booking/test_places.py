"""What lies at a location is held against the locations of its operator."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.e2e import documents
from tests.roaming.company import role

from voltroam.roaming.accept import accept
from voltroam.roaming.amend import patch
from voltroam.roaming.platforms import Identity, Phase, Platform
from voltroam.roaming.settle import Writer
from voltroam.roaming.weigh import Accepted
from voltroam.standard.endpoints import LOCATION
from voltroam.standard.errors import UnknownPlace
from voltroam.standard.packages import BOOKING_LOCATION
from voltroam.standard.parties import PartyId
from voltroam.standard.v2_2_1 import Role
from voltroam.standard.versions import V2_2_1, V2_3_0
from voltroam.store.interface import Store
from voltroam.store.open import open_store

THEIRS, OTHERS = PartyId("NL", "AAA"), PartyId("NL", "BBB")
OURSELVES = Identity(
    name="x", url="https://x.example",
    roles=(role("DE/MSP", Role.EMSP), role("NL/OUR", Role.CPO)),
)  # fmt: skip
PARTNER = Platform(
    id="p1", name="cpo", phase=Phase.REGISTERED,
    roles=(role("NL/AAA", Role.CPO), role("NL/BBB", Role.CPO)),
)  # fmt: skip
SLOT = {"start_date_time": "2099-11-22T12:00:00Z", "end_date_time": "2099-11-22T20:00:00Z"}


def place(owner: PartyId = THEIRS, **changes: Any) -> dict[str, Any]:
    return {
        "country_code": owner.country_code, "party_id": owner.party_id, "id": "BL1",
        "location_id": "L1", "last_updated": "2026-11-22T11:00:00Z",
        "calendars": [{"id": "C1", "begin_from": SLOT["start_date_time"],
                       "end_before": SLOT["end_date_time"], "available_timeslots": [SLOT],
                       "last_updated": "2026-11-22T11:00:00Z"}],
    } | changes  # fmt: skip


@pytest.fixture
async def store(empty_database: Path, tmp_path: Path) -> AsyncIterator[Store]:
    shutil.copy(empty_database, tmp_path / "node.db")
    opened = await open_store(f"sqlite:///{tmp_path}/node.db")
    yield opened
    await opened.close()


async def located(store: Store, owner: PartyId, name: str = "L1") -> None:
    document = msgspec.json.encode(documents.location((owner.country_code, owner.party_id), name))
    source = PARTNER if owner in (THEIRS, OTHERS) else None
    change = accept(
        LOCATION, document, version=V2_2_1, source=source, identity=OURSELVES, strict=False
    )
    await store.apply(change)


async def offered(store: Store, document: dict[str, Any], *, strict: bool) -> Accepted:
    ours = document["party_id"] == "OUR"
    change = accept(
        BOOKING_LOCATION, msgspec.json.encode(document), version=V2_3_0,
        source=None if ours else PARTNER, identity=OURSELVES, strict=strict,
    )  # fmt: skip
    return await store.apply(change)


def rules(accepted: Accepted) -> list[tuple[str, str]]:
    return [(one.path, one.rule) for one in accepted.problems]


async def test_an_offer_at_a_location_that_its_operator_has_not_told_us_of(store: Store) -> None:
    """RBK-004: refused with 2003 of who is held to the standard, else kept and noted."""
    await located(store, OTHERS)  # a location of that name, and of another company
    with pytest.raises(UnknownPlace) as refused:
        await offered(store, place(), strict=True)
    assert refused.value.status_code == 2003
    kept = await offered(store, place(), strict=False)
    assert rules(kept) == [("$.location_id", "location")]
    await located(store, THEIRS)
    again = place(last_updated="2026-11-22T11:30:00Z")
    assert rules(await offered(store, again, strict=True)) == []


async def test_an_offer_of_ours_lies_at_a_location_of_ours(store: Store) -> None:
    """RBK-004"""
    ours = PartyId("NL", "OUR")
    with pytest.raises(UnknownPlace):
        await offered(store, place(ours), strict=True)
    await located(store, ours)
    assert rules(await offered(store, place(ours), strict=True)) == []


async def test_an_offer_is_not_moved_to_a_location_that_nobody_knows(store: Store) -> None:
    """RBK-004: nor does a new calendar ask for the location once more."""
    await located(store, THEIRS)
    await offered(store, place(), strict=True)

    def patched(strict: bool, below: tuple[str, ...] = (), **members: Any) -> Any:
        body = msgspec.json.encode({"last_updated": "2026-11-22T12:00:00Z", **members})
        writer = Writer(OURSELVES, V2_3_0, PARTNER, strict)
        ids = {"id": "BL1"}
        return store.apply(patch(BOOKING_LOCATION, THEIRS, ids, below, body, writer=writer))

    with pytest.raises(UnknownPlace):
        await patched(True, location_id="L2")
    accepted = await patched(True, below=("C1",), timeslot_increment=15)
    assert rules(accepted) == []
    accepted = await patched(False, location_id="L2", last_updated="2026-11-22T12:01:00Z")
    assert rules(accepted) == [("$.location_id", "location")]
