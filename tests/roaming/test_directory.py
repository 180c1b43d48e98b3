"""The partners we know, and whose token that is."""

import msgspec
import pytest
from tests.roaming.company import Company, Pair

from voltroam.roaming.directory import Directory
from voltroam.roaming.platforms import Phase, Platform, Status
from voltroam.standard.errors import CallerError
from voltroam.wire.headers import Presented


def offline(platform: Platform) -> Platform:
    return msgspec.structs.replace(platform, status=Status.OFFLINE)


async def test_a_platform_is_found_by_id_and_by_name_in_any_case(cpo: Company) -> None:
    platform = Platform(id="p1", name="Movia", phase=Phase.INVITED)
    await cpo.directory.save(platform)
    assert await cpo.directory.platform("p1") == platform
    assert await cpo.directory.by_name(" MOVIA ") == platform
    assert await cpo.directory.by_name("other") is None
    assert await cpo.directory.platform("p2") is None
    assert await cpo.directory.all() == (platform,)


async def test_two_platforms_cannot_have_one_name(cpo: Company) -> None:
    await cpo.directory.save(Platform(id="p1", name="Movia", phase=Phase.INVITED))
    with pytest.raises(CallerError, match="already"):
        await cpo.directory.save(Platform(id="p2", name="movia", phase=Phase.INVITED))
    assert await cpo.directory.platform("p2") is None


async def test_a_change_in_this_process_is_seen_at_once(cpo: Company) -> None:
    await cpo.directory.save(Platform(id="p1", name="Movia", phase=Phase.REGISTERED))
    await cpo.directory.all()
    changed = await cpo.directory.update("p1", offline)
    assert changed is not None
    assert changed.status is Status.OFFLINE
    assert await cpo.directory.platform("p1") == changed
    assert await cpo.directory.all() == (changed,)
    assert await cpo.directory.update("nobody", offline) is None


async def test_a_change_in_another_process_is_seen_within_a_second(cpo: Company) -> None:
    elsewhere = Directory(cpo.store, cpo.vault, now=cpo.clock, clock=cpo.clock.seconds)
    await cpo.directory.save(Platform(id="p1", name="Movia", phase=Phase.REGISTERED))
    await elsewhere.platform("p1")
    await elsewhere.all()
    changed = await cpo.directory.update("p1", offline)
    cpo.clock.forward(1.0)
    assert await elsewhere.platform("p1") == changed
    assert await elsewhere.all() == (changed,)


async def test_a_dead_token_is_refused_in_another_process_within_a_second(to_cpo: Pair) -> None:
    cpo = to_cpo.receiver
    elsewhere = Directory(cpo.store, cpo.vault, now=cpo.clock, clock=cpo.clock.seconds)
    presented = Presented(to_cpo.token, "raw")
    assert await elsewhere.by_token(presented) is not None
    await cpo.registration.remove(await cpo.partner("emsp.example"))
    cpo.clock.forward(1.0)
    assert await elsewhere.by_token(presented) is None


async def test_a_change_of_status_is_an_event_for_the_host(cpo: Company) -> None:
    await cpo.directory.save(Platform(id="p1", name="Movia", phase=Phase.REGISTERED))
    await cpo.directory.update("p1", offline)
    await cpo.directory.update("p1", offline)
    events = [event for event in await cpo.store.events(0, 10) if event.type == "partner.changed"]
    assert [msgspec.json.decode(event.document)["status"] for event in events] == ["OFFLINE"]


async def test_the_last_contact_is_kept_in_memory(to_cpo: Pair) -> None:
    cpo = to_cpo.receiver
    partner = await cpo.partner("emsp.example")
    await to_cpo.ask("GET", cpo.versions_url)
    assert cpo.directory.last_contact(partner.id) == cpo.clock()
    assert cpo.directory.last_contact("nobody") is None


async def test_tokens_hashed_with_an_older_key_still_open_the_door(to_cpo: Pair) -> None:
    from voltroam.roaming.vault import Vault

    cpo = to_cpo.receiver
    rotated = Vault([b"new" * 12, cpo.host.encode().ljust(32, b"-")])
    directory = Directory(cpo.store, rotated, now=cpo.clock, clock=cpo.clock.seconds)
    assert await directory.by_token(Presented(to_cpo.token, "raw")) is not None


async def test_the_token_is_not_in_the_repr_of_a_caller(to_cpo: Pair) -> None:
    caller = await to_cpo.receiver.directory.by_token(Presented(to_cpo.token, "raw"))
    assert to_cpo.token not in repr(caller)


async def test_of_many_partners_only_those_that_moved_are_read_anew(cpo: Company) -> None:
    for name in ("p1", "p2"):
        await cpo.directory.save(Platform(id=name, name=name, phase=Phase.REGISTERED))
    one, other = await cpo.directory.all()
    changed = await cpo.directory.update("p2", offline)
    now = await cpo.directory.all()
    assert now[0] is one
    assert now[1] == changed != other
    cpo.clock.forward(1.0)
    assert await cpo.directory.all() is now
