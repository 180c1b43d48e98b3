"""The demo's stage: two served nodes, a city that lives on one, and drivers who use the other."""

import asyncio
import base64
import contextlib
import random
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from voltroam.cli import stage_sight as sight
from voltroam.cli.load import load
from voltroam.cli.outcome import remark
from voltroam.cli.stage_packages import Deals
from voltroam.cli.stage_servers import Servers, begins, opened, world
from voltroam.cli.stage_sight import Play
from voltroam.node import Node
from voltroam.simulator import city
from voltroam.simulator.world.standstill import stand_still
from voltroam.standard.errors import OcpiError
from voltroam.standard.parties import PartyId
from voltroam.standard.v2_2_1 import Capability, TokenType
from voltroam.standard.versions import V2_3_0

CPO, EMSP, PTP = PartyId("NL", "NOD"), PartyId("DE", "MOV"), PartyId("DE", "PAY")
TICK = 0.5
"""Seconds between two looks."""
SETTLE_TIME = 15.0
"""Seconds for the last changes to arrive."""
DRIVERS = 300
NEEDED = Capability.REMOTE_START_STOP_CAPABLE
APP_EVERY = 1.5
"""Seconds between two drivers who start in the app."""
ENCODER = msgspec.json.Encoder(decimal_format="number")


class Stage:
    """One demo; `play` runs it from the first process to the last."""

    def __init__(
        self, *, locations: int, pace: float, seed: int, scale: float, modern: bool = False
    ) -> None:
        """`modern`: both speak 2.3.0, and book, pay and settle invoices."""
        self._seed = seed
        self._modern = modern
        self._deals: Deals | None = None
        self._scale = scale
        self._seen = Play()
        self._servers = Servers()
        now = datetime.now(UTC)
        self._begins = begins(now, scale)
        self._locations = list(
            city.locations(CPO, count=locations, seed=seed, now=self._begins, cards=modern)
        )
        self._tokens = list(city.tokens(EMSP, count=DRIVERS, seed=seed, now=self._begins))
        places = sum(len(location["evses"]) for location in self._locations)
        self._world = world(now - self._begins, places, seed=seed, scale=scale, pace=pace)

    async def play(self, seconds: float | None, *, show: bool) -> dict[str, Any]:
        """Until time is up or a signal says stop; the summary. No process is left behind."""
        return await self._servers.play(
            lambda folder, stop: self._acts(folder, seconds, stop, show=show)
        )

    async def _acts(
        self, folder: Path, seconds: float | None, stop: asyncio.Event, *, show: bool
    ) -> dict[str, Any]:
        provider = [f"{PTP}/PTP"] if self._modern else []
        files = [
            await self._servers.make(
                folder / "cpo", "Noda Charging", f"{CPO}/CPO", modern=self._modern
            ),
            await self._servers.make(
                folder / "emsp", "Movia", f"{EMSP}/EMSP", *provider, modern=self._modern
            ),
        ]
        self._seen.urls = dict(self._servers.urls)
        await asyncio.gather(
            self._servers.serve(files[0], self._world), self._servers.serve(files[1], {})
        )
        async with contextlib.AsyncExitStack() as stack:
            cpo, emsp = [await stack.enter_async_context(opened(file)) for file in files]
            await self._introduce(cpo, emsp)
            await self._load(cpo, emsp)
            self._seen.tries = _tries(files[1], self._locations, self._tokens)
            if not show:
                for name, url in self._seen.urls.items():
                    remark(f"{name}: {url}")
                for line in (self._seen.curl, *self._seen.tries):
                    remark(line)
            else:
                from voltroam.cli.screen import screen

                stack.enter_context(screen(self._seen))
            await self._run(cpo, emsp, seconds, stop)
            equal = await self._settle(cpo, emsp)
            return self._seen.summary(equal)

    async def _introduce(self, cpo: Node, emsp: Node) -> None:
        made = await cpo.registration.invite("movia")
        await emsp.registration.register(made.versions_url, made.token, "noda")
        partner = await emsp.holdings.partner("noda")
        shown = base64.b64encode(
            emsp.holdings.vault.open(partner.token_sealed or "").encode()
        ).decode()
        url = next(at.url for at in partner.endpoints if at.identifier == "locations")
        self._seen.curl = f"curl -H 'Authorization: Token {shown}' '{url}?limit=2'"

    async def _load(self, cpo: Node, emsp: Node) -> None:
        """Drivers first: a city wakes up when it has both, and then they are all there."""
        await self._write(emsp, "tokens", self._tokens)
        deadline = time.monotonic() + SETTLE_TIME
        head = 0
        while await sight.count(cpo, "tokens") < DRIVERS and time.monotonic() < deadline:
            head = await cpo.store.wait_for_change(head, 0.5)
        await self._write(cpo, "tariffs", city.tariffs(CPO, now=self._begins))
        if self._modern:
            card = ENCODER.encode(city.card_tariff(CPO, now=self._begins))
            await cpo.holdings.keep("tariffs", card, strict=True, version=V2_3_0)
        await self._write(cpo, "locations", self._locations)

    async def _write(self, node: Node, module: str, documents: Iterable[Any]) -> None:
        encoded = [ENCODER.encode(document) for document in documents]
        report = await load(node.holdings, module, encoded, strict=True)
        self._seen.refused += [str(refusal) for refusal in report.refused]

    async def _run(self, cpo: Node, emsp: Node, seconds: float | None, stop: asyncio.Event) -> None:
        began = time.monotonic()
        beside = [
            asyncio.create_task(self._probe(cpo, emsp)),
            asyncio.create_task(self._drive(emsp)),
        ]
        if self._modern:
            self._deals = Deals(cpo, emsp, self._tokens, seed=self._seed, operator=CPO)
            beside.append(asyncio.create_task(self._deals.run()))
        try:
            while not stop.is_set() and (seconds is None or time.monotonic() - began < seconds):
                self._servers.check()
                await self._look(cpo, emsp)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), TICK)
        finally:
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)

    async def _probe(self, cpo: Node, emsp: Node) -> None:
        while True:
            await sight.watch_one(self._seen, cpo, emsp, CPO)

    async def _drive(self, emsp: Node) -> None:
        """Drivers with the eMSP's app: START_SESSION where the app shows a free EVSE."""
        dice = random.Random(f"{self._seed} app")  # noqa: S311
        users = [it["uid"] for it in self._tokens if it["type"] == "APP_USER" and it["valid"]]
        async with asyncio.TaskGroup() as group:
            while users:
                await asyncio.sleep(APP_EVERY)
                group.create_task(self._start(emsp, dice.choice(users), dice))

    async def _start(self, emsp: Node, user: str, dice: random.Random) -> None:
        location = dice.choice(self._locations)
        commands = self._seen.commands
        try:
            sent = await emsp.commands.start_session(
                "noda", token=(user, TokenType.APP_USER), location_id=location["id"]
            )
            commands["sent"] += 1
            done = await emsp.commands.await_result(sent.id)
        except OcpiError as error:
            self._seen.refused.append(error.message)
            return
        commands["accepted"] += done.succeeded

    async def _settle(self, cpo: Node, emsp: Node) -> bool:
        """Whether the other side holds exactly what it may see, once all is quiet."""
        await stand_still(cpo.store)
        deadline = time.monotonic() + SETTLE_TIME
        equal = await sight.equal(cpo, emsp)
        while not equal and time.monotonic() < deadline:
            await asyncio.sleep(0.25)
            equal = await sight.equal(cpo, emsp)
        await self._look(cpo, emsp)
        return equal

    async def _look(self, cpo: Node, emsp: Node) -> None:
        await sight.look(self._seen, cpo, emsp)
        if self._deals is not None:
            self._seen.deals = await self._deals.seen()
            self._seen.declined = self._deals.refused[-5:]


def _tries(file: Path, locations: list[Any], tokens: list[Any]) -> list[str]:
    """What a provider's desk may type meanwhile: start a charge, follow it to its bill."""
    desk = f"voltroam -c {file}"
    user = next((it["uid"] for it in tokens if it["type"] == "APP_USER" and it["valid"]), None)
    place = next(
        (
            (location["id"], evse["uid"])
            for location in reversed(locations)
            for evse in location["evses"]
            if evse["status"] == "AVAILABLE" and NEEDED in evse["capabilities"]
        ),
        None,
    )
    if user is None or place is None:
        return []
    return [
        f"{desk} command start --partner noda --location {place[0]} --evse {place[1]}"
        f" --token {user} --json",
        f"{desk} watch --session SESSION_ID",
    ]
