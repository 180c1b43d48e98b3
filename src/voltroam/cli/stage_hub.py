"""The demo's hub: three companies with chargers and three with drivers, who know the hub alone."""

import asyncio
import contextlib
import random
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from voltroam.cli import stage_sight as sight
from voltroam.cli.load import load
from voltroam.cli.outcome import remark
from voltroam.cli.stage_servers import Servers, begins, opened, world
from voltroam.node import Node
from voltroam.simulator import city
from voltroam.simulator.world.standstill import stand_still
from voltroam.standard.errors import OcpiError
from voltroam.standard.parties import PartyId
from voltroam.standard.v2_2_1 import TokenType

HUB = PartyId("EU", "HUB")
CPOS = {"noda": PartyId("NL", "NOD"), "volta": PartyId("BE", "VOL"), "strom": PartyId("DE", "STR")}
EMSPS = {"movia": PartyId("DE", "MOV"), "ecar": PartyId("FR", "ECA"), "plug": PartyId("NL", "PLU")}
SHARED, BETWEEN_TWO = ("tariffs", "locations"), ("sessions", "cdrs")
DRIVERS = 60
"""Of each eMSP."""
TICK = 0.5
SETTLE_TIME = 60.0
"""Seconds for the last changes to arrive."""
APP_EVERY = 0.7
"""Seconds between two drivers who start in an app."""
HOPS = 500
SHOWN = 10
"""Differences that are told."""
ENCODER = msgspec.json.Encoder(decimal_format="number")


@dataclass(slots=True)
class Talk:
    """What is seen of who talks to whom."""

    urls: dict[str, str] = field(default_factory=dict)
    tries: list[str] = field(default_factory=list)
    calls: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Calls that came to the hub, by sender and receiver; the hub itself is one for broadcasts."""
    delivered: dict[str, int] = field(default_factory=dict)
    """Copies of broadcasts, by platform."""
    failed: int = 0
    objects: dict[str, dict[str, int]] = field(default_factory=dict)
    commands: dict[str, int] = field(default_factory=lambda: {"sent": 0, "accepted": 0})
    refused: list[str] = field(default_factory=list)
    started: float = field(default_factory=time.monotonic)
    newest: str = ""
    """The last hop that was counted."""

    def summary(self, unlike: Sequence[str]) -> dict[str, Any]:
        """`unlike`: what somebody holds otherwise than its owner, in words."""
        return {
            "equal": not unlike,
            **({"unlike": list(unlike[:SHOWN])} if unlike else {}),
            "seconds": round(time.monotonic() - self.started, 1),
            "calls": [
                {"from": one, "to": other, "count": count}
                for (one, other), count in self.calls.most_common()
            ],
            "delivered": self.delivered,
            "failed": self.failed,
            "objects": self.objects,
            "commands": self.commands,
            "refused": self.refused[:5],
            "urls": self.urls,
            "try": self.tries,
        }


class HubStage:
    """One demo of seven nodes; `play` runs it from the first process to the last."""

    def __init__(self, *, locations: int, pace: float, seed: int, scale: float) -> None:
        self._dice = random.Random(f"{seed} apps")  # noqa: S311
        self._seen = Talk()
        self._servers = Servers()
        now = datetime.now(UTC)
        self._begins = at = begins(now, scale)
        each = max(1, locations // len(CPOS))
        self._locations = {
            name: list(city.locations(party, count=each, seed=seed + number, now=at))
            for number, (name, party) in enumerate(CPOS.items())
        }
        self._tokens = {
            name: list(city.tokens(party, count=DRIVERS, seed=seed + number, now=at))
            for number, (name, party) in enumerate(EMSPS.items())
        }
        self._worlds = {
            name: world(
                now - at, sum(len(it["evses"]) for it in made), seed=seed, scale=scale,
                pace=pace / len(CPOS),
            )
            for name, made in self._locations.items()
        }  # fmt: skip

    async def play(self, seconds: float | None, *, show: bool) -> dict[str, Any]:
        """Until time is up or a signal says stop; the summary. No process is left behind."""
        return await self._servers.play(
            lambda folder, stop: self._acts(folder, seconds, stop, show=show)
        )

    async def _acts(
        self, folder: Path, seconds: float | None, stop: asyncio.Event, *, show: bool
    ) -> dict[str, Any]:
        files = await self._make(folder)
        self._seen.urls = dict(self._servers.urls)
        await asyncio.gather(
            *(self._servers.serve(file, self._worlds.get(name, {})) for name, file in files.items())
        )
        async with contextlib.AsyncExitStack() as stack:
            nodes = {
                name: await stack.enter_async_context(opened(file)) for name, file in files.items()
            }
            hub = nodes.pop("hub")
            await self._introduce(hub, nodes)
            await self._load(nodes)
            desk = f"voltroam -c {files['hub']}"
            self._seen.tries = [
                f"{desk} {words}" for words in ("hub parties", "hub health", "trace")
            ]
            if show:
                from voltroam.cli.screen_hub import hub_screen

                stack.enter_context(hub_screen(self._seen))
            else:
                for line in (*(f"{name}: {url}" for name, url in self._seen.urls.items()),
                             *self._seen.tries):  # fmt: skip
                    remark(line)
            await self._run(hub, nodes, seconds, stop)
            unlike = await self._settle(nodes)
            await self._look(hub, nodes)
            return self._seen.summary(unlike)

    async def _make(self, folder: Path) -> dict[str, Path]:
        roles = {"hub": f"{HUB}/HUB"}
        roles |= {name: f"{party}/CPO" for name, party in CPOS.items()}
        roles |= {name: f"{party}/EMSP" for name, party in EMSPS.items()}
        return {
            name: await self._servers.make(folder / name, name.title(), party)
            for name, party in roles.items()
        }

    async def _introduce(self, hub: Node, nodes: dict[str, Node]) -> None:
        for name, node in nodes.items():
            made = await hub.registration.invite(name)
            await node.registration.register(made.versions_url, made.token, "hub")

    async def _load(self, nodes: dict[str, Node]) -> None:
        """Drivers first: a city wakes up when it has both, and then they are all there."""
        for name, tokens in self._tokens.items():
            await self._write(nodes[name], "tokens", tokens)
        deadline = time.monotonic() + SETTLE_TIME
        wanted = DRIVERS * len(EMSPS)
        for name, party in CPOS.items():
            node = nodes[name]
            head = 0
            while await sight.count(node, "tokens") < wanted and time.monotonic() < deadline:
                head = await node.store.wait_for_change(head, 0.5)
            await self._write(node, "tariffs", city.tariffs(party, now=self._begins))
            await self._write(node, "locations", self._locations[name])

    async def _write(self, node: Node, module: str, documents: Iterable[Any]) -> None:
        encoded = [ENCODER.encode(document) for document in documents]
        report = await load(node.holdings, module, encoded, strict=True)
        self._seen.refused += [str(refusal) for refusal in report.refused]

    async def _run(
        self, hub: Node, nodes: dict[str, Node], seconds: float | None, stop: asyncio.Event
    ) -> None:
        began = time.monotonic()
        driving = asyncio.create_task(self._drive(nodes))
        try:
            while not stop.is_set() and (seconds is None or time.monotonic() - began < seconds):
                self._servers.check()
                await self._look(hub, nodes)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), TICK)
        finally:
            driving.cancel()
            await asyncio.gather(driving, return_exceptions=True)

    async def _drive(self, nodes: dict[str, Node]) -> None:
        """Drivers start in the app of their eMSP, at a charger of anybody's."""
        async with asyncio.TaskGroup() as group:
            while True:
                await asyncio.sleep(APP_EVERY)
                name = self._dice.choice(list(EMSPS))
                group.create_task(self._start(name, nodes[name]))

    async def _start(self, name: str, emsp: Node) -> None:
        cpo = self._dice.choice(list(CPOS))
        place = self._dice.choice(self._locations[cpo])
        users = [it for it in self._tokens[name] if it["type"] == "APP_USER" and it["valid"]]
        if not users:
            return
        uid, commands = self._dice.choice(users)["uid"], self._seen.commands
        try:
            sent = await emsp.commands.start_session(
                "hub", token=(uid, TokenType.APP_USER), location_id=place["id"],
                operator=CPOS[cpo],
            )  # fmt: skip
            commands["sent"] += 1
            done = await emsp.commands.await_result(sent.id)
        except OcpiError as error:
            self._seen.refused.append(error.message)
            return
        commands["accepted"] += done.succeeded

    async def _look(self, hub: Node, nodes: dict[str, Node]) -> None:
        """Count the hops that are new, the copies, and what everybody holds."""
        seen = self._seen
        if hub.hubbing is not None:
            hops = await hub.hubbing.trace.newest(HOPS)
            for hop in hops:
                if hop.id == seen.newest:
                    break
                to = hop.receiver or hop.to or "-"
                seen.calls[hop.sender or "-", to] += 1
                seen.failed += hop.code >= 4000
            seen.newest = hops[0].id if hops else seen.newest
        for platform in await hub.directory.all():
            facts = await hub.delivery.facts(platform)
            seen.delivered[platform.name] = int(facts.get("delivered") or 0)
        seen.objects = {
            module: {name: await sight.count(node, module) for name, node in nodes.items()}
            for module in sight.MODULES
        }

    async def _settle(self, nodes: dict[str, Node]) -> list[str]:
        """What somebody holds otherwise than it should be once all is quiet."""
        for name in CPOS:
            await stand_still(nodes[name].store)
        deadline = time.monotonic() + SETTLE_TIME
        found = await _differences(nodes)
        while found and time.monotonic() < deadline:
            await asyncio.sleep(0.25)
            found = await _differences(nodes)
        return found


async def _differences(nodes: dict[str, Node]) -> list[str]:
    """What is for all is the same everywhere; a charge is known to its two parties alone."""
    cpos, emsps = {name: nodes[name] for name in CPOS}, {name: nodes[name] for name in EMSPS}
    found: list[str] = []
    for module in SHARED:
        whole = await _together(cpos.values(), module)
        for name, emsp in emsps.items():
            found += _unlike(name, whole, await sight.documents(emsp, module))
    drivers = await _together(emsps.values(), "tokens")
    for name, cpo in cpos.items():
        found += _unlike(name, drivers, await sight.documents(cpo, "tokens"))
    for module in BETWEEN_TWO:
        there = await _together(emsps.values(), module)
        found += _unlike("its eMSP", await _together(cpos.values(), module), there)
    return found


def _unlike(where: str, whole: Mapping[Any, Any], held: Mapping[Any, Any]) -> list[str]:
    """In words, one for each object that differs; a token is not named."""
    found = []
    for key in whole.keys() | held.keys():
        one, other = whole.get(key), held.get(key)
        if one != other:
            name = "one" if key.kind == "tokens" else key.id
            found.append(f"{key.kind} {key.owner} {name} at {where}: {_how(one, other)}")
    return sorted(found)


def _how(one: dict[str, Any] | None, other: dict[str, Any] | None) -> str:
    if one is None:
        return "nobody's"
    if other is None:
        return "missing"
    names = (name for name in one.keys() | other.keys() if one.get(name) != other.get(name))
    return "other " + ", ".join(sorted(names))


async def _together(nodes: Iterable[Node], module: str) -> dict[Any, Any]:
    found: dict[Any, Any] = {}
    for node in nodes:
        found |= await sight.documents(node, module)
    return found
