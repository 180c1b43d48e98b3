"""Random histories: at rest each partner holds exactly what it may see, in its newest state.

CORE-OFF-01, CORE-OFF-03, LOC-FLOW-03, LOC-FLOW-06, TOK-FLOW-02, TAR-FLOW-02, SES-FLOW-01.
Tariffs are for all partners or for some, and locations name tariffs: a partner holds only what is
for it, and no location that names another tariff.
20 histories by default, 200 with VOLTROAM_SOAK=1.
"""

import asyncio
import contextlib
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.counts import times
from tests.delivery.fakes import (
    OUR,
    TABLE,
    Mode,
    Partner,
    Sent,
    contract,
    identity,
    location,
    platform,
    role,
    session,
    tariff,
    token,
)
from tests.delivery.node import Node, node

from voltroam.roaming.narrowing import Narrowing
from voltroam.roaming.platforms import Platform
from voltroam.standard.endpoints import LOCATION, SESSION, TARIFF, TOKEN, Resource
from voltroam.standard.errors import PartnerError, Refused
from voltroam.standard.parties import PartyId
from voltroam.standard.v2_2_1 import Role
from voltroam.wire.times import format_datetime, from_micros, parse_datetime, to_micros

COUNT = times(20, full=200)
IDS = ("A", "B", "C")
NAMES = ("p0", "p1", "p2")
START = to_micros(parse_datetime("2026-01-01T00:00:00Z"))

PLUGS = ((), ("A",), ("A", "B"), ("a", "C"), ("A", "B", "C"))
"""Tariffs of a connector."""
AUDIENCES = (None, ("DE/MS0",), ("DE/MS1", "DE/MS2"), ("DE/MS0", "DE/MS1"), ("DE/XX1",))
"""`DE/XXn` is what partner n has beside `DE/MSn` while it is grown."""
KINDS = ("location", "tariff", "token")
MODES = ("up", "down", "lost", "slow", "busy", "broken")


def _step(name: str, *choices: tuple[Any, ...]) -> st.SearchStrategy[tuple[Any, ...]]:
    one, other = (*choices, (0,), (0,))[:2]
    return st.tuples(st.just(name), st.sampled_from(one), st.sampled_from(other))


steps = st.lists(
    st.one_of(
        _step("location", IDS, ("AVAILABLE", "CHARGING")),
        _step("rename", IDS, (0, 1, 2)),
        _step("plug", IDS, PLUGS),
        _step("show", IDS, AUDIENCES),
        _step("die_showing", IDS, AUDIENCES),
        _step("settle", ("own", "other")),
        _step("grow", NAMES, (True, False)),
        _step("tariff", IDS, (1, 2, 3)),
        _step("token", IDS, (True, False)),
        _step("session", IDS),
        _step("delete", IDS),
        _step("hide", KINDS, IDS),
        _step("unhide", KINDS, IDS),
        _step("mode", NAMES, MODES),
        _step("narrow", NAMES),
        _step("widen", NAMES),
        _step("join", NAMES),
        _step("restart", (True, False)),
        _step("wait", (0, 1, 5)),
    ),
    min_size=5,
    max_size=40,
)

tariff_steps = st.lists(
    st.one_of(
        _step("plug", IDS, PLUGS),
        _step("location", IDS, ("AVAILABLE", "CHARGING")),
        _step("show", IDS, AUDIENCES),
        _step("show", IDS, AUDIENCES),
        _step("die_showing", IDS, AUDIENCES),
        _step("grow", NAMES, (True, False)),
        _step("join", NAMES),
        _step("mode", NAMES, MODES),
        _step("restart", (True, False)),
        _step("wait", (0, 5, 5)),
    ),
    min_size=8,
    max_size=25,
)
"""About who sees which tariff, where all three locations name all three and two partners look."""
OPENING: list[tuple[Any, ...]] = [
    *(("tariff", ident, 1) for ident in IDS),
    *(("plug", ident, PLUGS[-1]) for ident in IDS),
    ("join", "p1", 0),
]

RESOURCES: dict[str, tuple[Resource, str]] = {
    "location": (LOCATION, "id"),
    "tariff": (TARIFF, "id"),
    "token": (TOKEN, "uid"),
}
WIDE = ("CPO", "EMSP")


def partner_platform(name: str, roles: tuple[str, ...] = WIDE) -> Platform:
    party = f"MS{name[1]}"
    return platform(name, *(role(Role(one), "DE", party) for one in roles))


class History:
    """One node, three partners, and what each may see."""

    def __init__(self, ours: Node) -> None:
        self.ours = ours
        self.tick = 0
        self.plugs: dict[str, tuple[str, ...]] = {}

    async def play(self, history: list[tuple[Any, ...]]) -> None:
        await self.join("p0", 0)
        self.ours.start()
        for name, one, other in history:
            await getattr(self, name)(one, other)
        for partner in self.ours.calls.partners.values():
            partner.mode, partner.delay = Mode.UP, 0.0
            partner.refuse = lambda sent: None
        await self.settle("", 0)
        for parked in await self.ours.directory.all():
            await self.ours.delivery.retry_parked(parked)
        await self.ours.rest(10.0)

    def at(self) -> str:
        self.tick += 1
        return format_datetime(from_micros(self.ours.now() + self.tick * 1000))

    async def location(self, ident: str, status: str) -> None:
        row = await self.ours.store.get(self.ours.key(LOCATION, id=ident))
        held = {} if row is None else msgspec.json.decode(row.document)
        tariffs = self.plugs.get(ident, ())
        more = {"name": held.get("name", "n")} if held else {}
        at = self.at()
        await self.ours.put(
            LOCATION, location(ident, at=at, status=status, tariffs=tariffs, **more)
        )

    async def plug(self, ident: str, tariffs: tuple[str, ...]) -> None:
        self.plugs[ident] = tariffs
        await self.location(ident, "AVAILABLE")

    async def show(self, ident: str, parties: tuple[str, ...] | None) -> None:
        await self._show(ident, parties, asyncio.sleep)

    async def die_showing(self, ident: str, parties: tuple[str, ...] | None) -> None:
        """The process that says so dies before all is written; another one finishes it."""

        async def die(_seconds: float) -> None:
            raise ProcessLookupError

        with contextlib.suppress(ProcessLookupError):
            await self._show(ident, parties, die)

    async def _show(
        self, ident: str, parties: tuple[str, ...] | None, sleep: Callable[[float], Any]
    ) -> None:
        narrowing = self.narrowing(sleep)
        few = None if parties is None else [PartyId(*one.split("/")) for one in parties]
        await narrowing.show(TARIFF, OUR, ident, few)

    def narrowing(self, sleep: Callable[[float], Any] = asyncio.sleep) -> Narrowing:
        ours = self.ours
        return Narrowing(
            ours.store, ours.identity, TABLE, now=ours.now, wait=ours.knobs.marks_settle,
            sleep=sleep,
        )  # fmt: skip

    async def settle(self, _: str, __: int) -> None:
        await asyncio.sleep(self.ours.knobs.marks_settle)
        await self.narrowing().look(0)

    async def grow(self, name: str, more: bool) -> None:
        """The partner gets a party, or loses it."""
        parties = (f"MS{name[1]}", f"XX{name[1]}") if more else (f"MS{name[1]}",)
        if await self.ours.directory.platform(name) is not None:
            await self.ours.directory.update(
                name,
                lambda it: msgspec.structs.replace(
                    it,
                    roles=tuple(
                        role(one, "DE", party)
                        for party in parties
                        for one in sorted({held.role for held in it.roles})
                    ),
                ),
            )

    async def rename(self, ident: str, number: int) -> None:
        tariffs = self.plugs.get(ident, ())
        at = self.at()
        await self.ours.put(
            LOCATION, location(ident, at=at, name=f"name {number}", tariffs=tariffs)
        )

    async def tariff(self, ident: str, price: int) -> None:
        await self.ours.put(TARIFF, tariff(ident, at=self.at(), price=price))

    async def token(self, ident: str, valid: bool) -> None:
        await self.ours.put(TOKEN, token(ident, at=self.at(), valid=valid))

    async def session(self, ident: str, _: int) -> None:
        to = contract(party="MS0" if ident == "A" else "MS1")
        periods = [
            {
                "start_date_time": format_datetime(from_micros(START + n * 60_000_000)),
                "dimensions": [{"type": "ENERGY", "volume": n}],
            }
            for n in range(1, 2 + self.tick % 4)
        ]
        await self.ours.put(
            SESSION, session(ident, at=self.at(), kwh=self.tick, to=to, charging_periods=periods)
        )

    async def delete(self, ident: str, _: int) -> None:
        row = await self.ours.store.get(self.ours.key(TARIFF, id=ident))
        if row is not None and not row.deleted:
            await self.ours.delete(TARIFF, id=ident)

    async def hide(self, kind: str, ident: str, private: bool = True) -> None:
        resource, member = RESOURCES[kind]
        await self.ours.hide(resource, private=private, **{member: ident})

    async def unhide(self, kind: str, ident: str) -> None:
        await self.hide(kind, ident, private=False)

    async def mode(self, name: str, mode: str) -> None:
        partner = self.ours.calls.partners.get(name)
        if partner is None:
            return
        partner.delay = 0.03 if mode == "slow" else 0.0
        partner.mode = {"down": Mode.DOWN, "lost": Mode.LOST}.get(mode, Mode.UP)
        partner.refuse = FAULTS.get(mode, lambda sent: None)
        if partner.mode is Mode.UP:
            await self.ours.delivery.contact(name)

    async def narrow(self, name: str, _: int) -> None:
        await self._roles(name, ("CPO",))

    async def widen(self, name: str, _: int) -> None:
        await self._roles(name, WIDE)

    async def _roles(self, name: str, roles: tuple[str, ...]) -> None:
        if await self.ours.directory.platform(name) is not None:
            await self.ours.directory.update(
                name,
                lambda it: msgspec.structs.replace(it, roles=partner_platform(name, roles).roles),
            )

    async def join(self, name: str, _: int) -> None:
        if await self.ours.directory.platform(name) is None:
            await self.ours.join(partner_platform(name))

    async def restart(self, killed: bool, _: int) -> None:
        if killed:
            await self.ours.kill()
            await self.ours.rise()
        else:
            await self.ours.restart()

    async def wait(self, hundredths: int, _: int) -> None:
        await asyncio.sleep(hundredths / 100)

    async def check(self) -> None:
        for name, partner in self.ours.calls.partners.items():
            known = await self.ours.directory.platform(name)
            assert known is not None
            await self._check(partner, known)

    async def _check(self, partner: Partner, known: Platform) -> None:
        roles = {one.role for one in known.roles}
        parties = {one.folded for one in known.parties()}
        marks = {mark.key.id: set(mark.parties or ()) for mark in await self.narrowing().all()}
        hidden = {name for name, few in marks.items() if not few & parties}
        wanted: dict[str, bytes] = {}
        for resource in (LOCATION, TARIFF, TOKEN, SESSION):
            readers = roles & resource.readers
            async for row in self.ours.store.scan(resource.kind, owner=OUR.folded):
                party = row.audience.partition(">")[2]
                theirs = not party or party == f"DE/MS{partner.id[1]}"
                if resource is TARIFF and row.key.id in hidden:
                    continue
                if readers and row.audience != "-" and theirs:
                    wanted[f"{row.key.kind}/{OUR.folded}/{row.key.id.split(chr(31))[0]}"] = (
                        without(row.document, hidden) if resource is LOCATION else row.document
                    )
        for path, document in wanted.items():
            assert msgspec.json.decode(partner.held[path]) == msgspec.json.decode(document), path
        for path in partner.held.keys() - wanted.keys():
            assert is_taken_back(path, partner.holds(path)), path


def without(document: bytes, hidden: set[str]) -> bytes:
    """A location as whoever may not see these tariffs shall have it."""
    value = msgspec.json.decode(document)
    for evse in value["evses"]:
        for plug in evse["connectors"]:
            kept = [one for one in plug.pop("tariff_ids", ()) if one.upper() not in hidden]
            if kept:
                plug["tariff_ids"] = kept
    return msgspec.json.encode(value)


def is_taken_back(path: str, document: dict[str, Any]) -> bool:
    if path.startswith("locations/"):
        evses = document["evses"]
        return document["publish"] is False and all(it["status"] == "REMOVED" for it in evses)
    if path.startswith("tokens/"):
        return document["valid"] is False
    return path.startswith("sessions/")


def _busy(sent: Sent) -> PartnerError:
    return Refused("busy", http=429, retry_after=0.02)


def _broken(sent: Sent) -> PartnerError:
    return Refused("broken", http=500)


FAULTS = {"busy": _busy, "broken": _broken}


@pytest.mark.soak(f"{COUNT} random histories")
@given(steps)
@settings(
    max_examples=COUNT,
    deadline=None,
    derandomize=True,
    phases=(Phase.generate,),  # what fails depends on timing too: a shrunk history misleads
    suppress_health_check=[HealthCheck.too_slow],
)
def test_at_rest_each_partner_holds_exactly_what_it_may_see(
    history: list[tuple[Any, ...]],
) -> None:
    asyncio.run(_play(history))


@pytest.mark.soak(f"{COUNT} random histories of tariffs")
@given(tariff_steps)
@settings(
    max_examples=COUNT,
    deadline=None,
    derandomize=True,
    phases=(Phase.generate,),
    suppress_health_check=[HealthCheck.too_slow],
)
def test_at_rest_no_partner_knows_of_a_tariff_that_is_for_others(
    history: list[tuple[Any, ...]],
) -> None:
    """TAR-DEL-01: whoever loses sight of a tariff gets its DELETE, and locations without its id."""
    asyncio.run(_play([*OPENING, *history]))


async def _play(history: list[tuple[Any, ...]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run"
        path.mkdir()
        both = identity(role(Role.CPO, "NL", "OUR"), role(Role.EMSP, "NL", "OUR"))
        async with node(path, ident=both) as ours:
            told = History(ours)
            await told.play(history)
            await told.check()
