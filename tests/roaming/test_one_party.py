"""Who has which name at a partner that knows a hub as one party."""

import json

from tests.roaming import objects
from tests.roaming.company import Company, role
from tests.roaming.conftest import Found

from voltroam.roaming.accept import accept
from voltroam.roaming.one_party import OneParty, release
from voltroam.roaming.platforms import Phase, Platform
from voltroam.standard.endpoints import LOCATION, TOKEN, Resource
from voltroam.standard.parties import PartyId
from voltroam.standard.v2_2_1 import Role
from voltroam.standard.versions import V2_2_1

ONE, OTHER = PartyId("DE", "ONE"), PartyId("DE", "TWO")
OLD = Platform(id="old", name="old", phase=Phase.REGISTERED)
OLDER = Platform(id="older", name="older", phase=Phase.REGISTERED)


async def keep(hub: Company, resource: Resource, owner: PartyId, **members: object) -> None:
    """What its owner gave the hub."""
    make = objects.token if resource is TOKEN else objects.location
    country, party = owner
    document = make(country_code=country, party_id=party, **members)
    source = Platform(
        id=party, name=party, phase=Phase.REGISTERED,
        roles=(role(str(owner), Role.CPO), role(str(owner), Role.EMSP)),
    )  # fmt: skip
    await hub.store.apply(
        accept(
            resource, json.dumps(document).encode(), version=V2_2_1, source=source,
            identity=hub.identity, strict=False,
        )
    )  # fmt: skip


async def test_who_comes_first_has_the_name(found: Found) -> None:
    """In every process, and at each partner anew; ids have no case."""
    hub = await found("hub.example", role("DE/HUB", Role.HUB))
    names = OneParty(hub.store)
    assert await names.gives(OLD, LOCATION, ONE, "L1")
    for again in (names, OneParty(hub.store)):
        assert await again.gives(OLD, LOCATION, ONE, "l1")
        assert not await again.gives(OLD, LOCATION, OTHER, "L1")
    assert await names.gives(OLDER, LOCATION, OTHER, "L1")
    assert await names.gives(OLD, TOKEN, OTHER, "L1")


async def test_a_card_that_changes_hands_is_the_new_ones(found: Found) -> None:
    """Tokens are not deleted: one that is not valid has no need of its name."""
    hub = await found("hub.example", role("DE/HUB", Role.HUB))
    names = OneParty(hub.store)
    early, late = "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"
    await keep(hub, TOKEN, ONE, uid="CARD", valid=True, last_updated=early)
    assert await names.gives(OLD, TOKEN, ONE, "CARD")
    assert not await names.gives(OLD, TOKEN, OTHER, "CARD")
    await keep(hub, TOKEN, ONE, uid="CARD", valid=False, last_updated=late)
    assert await names.gives(OLD, TOKEN, OTHER, "CARD")
    assert not await OneParty(hub.store).gives(OLD, TOKEN, ONE, "CARD")


async def test_the_names_at_a_partner_go_with_it(found: Found) -> None:
    hub = await found("hub.example", role("DE/HUB", Role.HUB))
    await OneParty(hub.store).gives(OLD, LOCATION, ONE, "L1")
    await release(hub.store, OLD.id)
    assert await OneParty(hub.store).gives(OLD, LOCATION, OTHER, "L1")
