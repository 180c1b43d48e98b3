"""Random histories of a hub: at rest each platform holds exactly what its parties may see, nothing
else, in its newest state, and knows whom they may deal with.

CORE-BCAST-07, CORE-BCAST-08, CORE-BCAST-10, CORE-BCAST-11, CORE-BCAST-17, CORE-OFF-01, CORE-HCI-05,
CORE-HCI-07, CORE-HCI-08. Platforms are up, down, slow, or lose answers; they leave and come back;
agreements come, go and are suspended; the hub restarts or dies.
10 histories by default, 1,000 with VOLTROAM_SOAK=1.
"""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.counts import times
from tests.delivery.fakes import FakeCalls, Mode, Partner, location, tariff, token
from tests.delivery.hub_node import WITH_INFO, HubNode, of, party
from tests.delivery.node import QUICK, fresh_store
from tests.delivery.test_histories import FAULTS, MODES, is_taken_back

from voltroam.roaming.hub.agreements import Agreement, Side
from voltroam.roaming.platforms import Phase as Joined
from voltroam.roaming.platforms import Platform, Status
from voltroam.standard.endpoints import LOCATION, TARIFF, TOKEN, Resource
from voltroam.standard.parties import PartyId
from voltroam.standard.v2_2_1 import Role
from voltroam.store.interface import Store
from voltroam.wire.times import format_datetime, from_micros

COUNT = times(10, full=1000)
SPEED = 200
"""What is read of platforms and agreements counts for a second: here for 5 ms."""
NO_TARIFFS = tuple(name for name in WITH_INFO if name != "tariffs")
PLATFORMS = {
    it.id: it
    for it in (
        party("cpo", (Role.CPO, "NL/AAA"), modules=WITH_INFO),
        party("both", (Role.CPO, "NL/BBB"), (Role.EMSP, "AT/BBE"), modules=WITH_INFO),
        party("one", (Role.EMSP, "DE/MSP"), modules=WITH_INFO),
        party("two", (Role.EMSP, "DE/MS2"), (Role.EMSP, "FR/MS2"), modules=WITH_INFO),
        party("nsp", (Role.NSP, "FR/NSP"), modules=NO_TARIFFS),
    )
}
NAMES = tuple(PLATFORMS)
HOME = {
    (role.role, f"{role.country_code}/{role.party_id}"): it.id
    for it in PLATFORMS.values()
    for role in it.roles
}
OWNERS = {
    "locations": ("NL/AAA", "NL/BBB"),
    "tariffs": ("NL/AAA", "NL/BBB"),
    "tokens": ("AT/BBE", "DE/MSP", "DE/MS2", "FR/MS2"),
}
READERS = {
    "locations": {Role.EMSP, Role.NSP},
    "tariffs": {Role.EMSP, Role.NSP},
    "tokens": {Role.CPO},
}
RESOURCES: dict[str, Resource] = {"locations": LOCATION, "tariffs": TARIFF, "tokens": TOKEN}
ROUTED = ("locations", "sessions", "cdrs", "tariffs", "tokens", "commands", "chargingprofiles")
SIDES = (("NL/AAA", "DE/MSP"), ("NL/AAA", "FR/MS2"), ("NL/BBB", "DE/MS2"), ("NL/AAA", "AT/BBE"))
IDS = ("A", "B")


def _step(name: str, *choices: tuple[Any, ...]) -> st.SearchStrategy[tuple[Any, ...]]:
    one, other, third = (*choices, (0,), (0,), (0,))[:3]
    return st.tuples(
        st.just(name), st.sampled_from(one), st.sampled_from(other), st.sampled_from(third)
    )


steps = st.lists(
    st.one_of(
        *(_step("write", (kind,), owners, IDS) for kind, owners in OWNERS.items()),
        _step("write", ("locations",), OWNERS["locations"], IDS),
        _step("delete", OWNERS["tariffs"], IDS),
        _step("mode", NAMES, MODES),
        _step("leave", NAMES),
        _step("come", NAMES),
        _step("agree", SIDES, ("", "locations", "tokens"), (True, False)),
        _step("suspend", (True, False)),
        _step("end"),
        _step("restart", (True, False)),
        _step("wait", (0, 1, 4)),
    ),
    min_size=5,
    max_size=40,
)


class QuickHub(HubNode):
    """Believes what it has read for a moment only."""

    def __init__(self, store: Store) -> None:
        super().__init__(store, FakeCalls(), QUICK, "open", 300.0)

    def clock(self) -> float:
        return time.monotonic() * SPEED

    async def settle(self, seconds: float = 60.0) -> None:
        async with asyncio.timeout(seconds):
            await asyncio.sleep(2 / SPEED + 2 * self.knobs.watch)
            while await self.announcing.announce():
                pass
            await asyncio.sleep(2 * self.knobs.poll)  # two that announce at once: one does it again
            await self.rest(seconds)


class History:
    """What was done, as the world sees it: the newest documents, who is there, who may what."""

    def __init__(self, hub: QuickHub) -> None:
        self.hub = hub
        self.tick = 0
        self.documents: dict[tuple[str, str, str], bytes] = {}
        self.there = set(NAMES)
        self.agreements: list[Agreement] = []

    async def play(self, history: list[tuple[Any, ...]]) -> None:
        for it in PLATFORMS.values():
            await self.hub.join(it)
        self.hub.start()
        for name, *choices in history:
            await getattr(self, name)(*choices)
        for partner in self.hub.calls.partners.values():
            partner.mode, partner.delay = Mode.UP, 0.0
            partner.refuse = lambda sent: None
        await self.hub.settle()
        for name in self.there:
            await self.hub.delivery.contact(name)
            await self.hub.delivery.retry_parked(PLATFORMS[name])
        await self.hub.settle()

    # -- steps

    async def write(self, kind: str, owner: str, ident: str) -> None:
        self.tick += 1
        at = format_datetime(from_micros(self.hub.now() + self.tick * 1000))
        if kind == "locations":
            document = location(ident, at=at, status=("AVAILABLE", "CHARGING")[self.tick % 2])
        elif kind == "tariffs":
            document = tariff(ident, at=at, price=self.tick)
        else:
            document = token(ident, at=at, valid=self.tick % 3 > 0)
        source = self._platform(kind, owner)
        if source.id in self.there:
            self.documents[kind, owner, ident] = of(document, owner)
            await self.hub.share(RESOURCES[kind], of(document, owner), source)

    async def delete(self, owner: str, ident: str, _: int) -> None:
        source = self._platform("tariffs", owner)
        if source.id in self.there and self.documents.pop(("tariffs", owner, ident), b""):
            await self.hub.unshare(TARIFF, PartyId(*owner.split("/")), source, id=ident)

    async def mode(self, name: str, mode: str, _: int) -> None:
        partner = self.hub.calls.partners[name]
        partner.delay = 0.03 if mode == "slow" else 0.0
        partner.mode = {"down": Mode.DOWN, "lost": Mode.LOST}.get(mode, Mode.UP)
        partner.refuse = FAULTS.get(mode, lambda sent: None)
        if partner.mode is Mode.UP and name in self.there:
            await self.hub.delivery.contact(name)

    async def leave(self, name: str, _: int, __: int) -> None:
        self.there.discard(name)
        await self.hub.change(PLATFORMS[name], phase=Joined.REMOVED, status=Status.SUSPENDED)

    async def come(self, name: str, _: int, __: int) -> None:
        """It begins anew, with nothing of before."""
        if name not in self.there:
            await asyncio.sleep(3 * self.hub.knobs.watch)  # its lane of before is over
            self.hub.calls.partners[name].held.clear()
            self.there.add(name)
            await self.hub.change(
                PLATFORMS[name], phase=Joined.REGISTERED, status=Status.CONNECTED,
                registered_at=self.hub.now(),
            )  # fmt: skip

    async def agree(self, sides: tuple[str, str], module: str, allows: bool) -> None:
        one, other = sides
        modules = {"modules": (module,)} if module else {}
        self.agreements.append(await self.hub.agree(one, other, allows=allows, **modules))

    async def suspend(self, suspended: bool, _: int, __: int) -> None:
        if self.agreements:
            last = self.agreements.pop()
            self.agreements.append(await self.hub.book.suspend(last.id, suspended=suspended))

    async def end(self, *_: int) -> None:
        if self.agreements:
            await self.hub.book.remove(self.agreements.pop(0).id)

    async def restart(self, killed: bool, _: int, __: int) -> None:
        if killed:
            await self.hub.kill()
            await self.hub.rise()
        else:
            await self.hub.restart()

    async def wait(self, hundredths: int, _: int, __: int) -> None:
        await asyncio.sleep(hundredths / 100)

    # -- what ought to be

    def _platform(self, kind: str, owner: str) -> Platform:
        role = Role.EMSP if kind == "tokens" else Role.CPO
        return PLATFORMS[HOME[role, owner]]

    def may(self, one: str, other: str, module: str) -> bool:
        """An agreement that names the module says more than one that does not; to forbid wins."""
        fitting = [
            it
            for it in self.agreements
            if {it.one, it.other} == {Side.read(one), Side.read(other)}
            and (not it.modules or module in it.modules)
        ]
        exact = [it for it in fitting if it.modules] or fitting
        return not any(it.suspended or not it.allows for it in exact)

    def seen(self, name: str) -> Iterator[tuple[str, bytes]]:
        """Path and newest document of all that a platform's parties may see."""
        for (kind, owner, ident), document in self.documents.items():
            source = self._platform(kind, owner)
            readers = [
                it for (role, it), at in HOME.items() if at == name and role in READERS[kind]
            ]
            served = any(at.identifier == kind for at in PLATFORMS[name].endpoints)
            if source.id == name or source.id not in self.there or not served:
                continue
            if any(self.may(owner, reader, kind) for reader in readers):
                yield f"{kind}/{owner}/{ident}", document

    def known(self, name: str) -> Iterator[tuple[str, str]]:
        """Path and status of the parties that a platform's own may deal with in anything."""
        mine = [it for (_, it), at in HOME.items() if at == name]
        for (_, it), at in HOME.items():
            if at != name and any(self.may(one, it, module) for one in mine for module in ROUTED):
                yield f"hubclientinfo/{it}", "CONNECTED" if at in self.there else "SUSPENDED"

    def check(self) -> None:
        for name in self.there:
            self._check(self.hub.calls.partners[name])

    def _check(self, partner: Partner) -> None:
        wanted = dict(self.seen(partner.id))
        for path, document in wanted.items():
            told = partner.held.get(path)
            assert told is not None, (partner.id, path)
            assert msgspec.json.decode(told) == msgspec.json.decode(document), (partner.id, path)
        infos = dict(self.known(partner.id))
        for path, status in infos.items():
            if status == "CONNECTED" or path in partner.held:
                assert partner.holds(path)["status"] == status, (partner.id, path)
        for path in partner.held.keys() - wanted.keys() - infos.keys():
            held = partner.holds(path)
            over = held["status"] == "SUSPENDED" if "status" in held else is_taken_back(path, held)
            assert over, (partner.id, path)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("histories")


@pytest.mark.soak(f"{COUNT} random histories of a hub")
@given(history=steps)
@settings(
    max_examples=COUNT,
    deadline=None,
    derandomize=True,
    phases=(Phase.generate,),  # what fails depends on timing too: a shrunk history misleads
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
def test_at_rest_each_platform_holds_exactly_what_it_may_see(
    folder: Path, history: list[tuple[Any, ...]]
) -> None:
    asyncio.run(_play(folder, history))


async def _play(folder: Path, history: list[tuple[Any, ...]]) -> None:
    run = folder / "run"
    run.mkdir(exist_ok=True)
    store = await fresh_store(run)
    hub = QuickHub(store)
    try:
        told = History(hub)
        await told.play(history)
        told.check()
    finally:
        await hub.stop()
        await store.close()
        for file in run.iterdir():
            file.unlink()
