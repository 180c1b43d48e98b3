"""Companies with the parts for charging profiles, and the chargers behind them."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from tests.roaming.company import Answer, Company, Pair, Serve
from tests.roaming.far_end import envelope

from voltroam.roaming.dispatch import Dispatch
from voltroam.roaming.host import Host, ProfileOrder, ProfileOutcome, Unattended, Wish
from voltroam.roaming.profiling import Preferences, ProfileKnobs, Profiles, Steering
from voltroam.roaming.serving import Serving
from voltroam.standard.v2_2_1 import (
    ActiveChargingProfile,
    ChargingPreferencesResponse,
    ChargingProfile,
    ChargingProfilePeriod,
    ChargingProfileResponseType,
    ChargingProfileResultType,
    ChargingRateUnit,
)
from voltroam.wire.call import Request, Response

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
ACCEPTED = ChargingProfileResultType.ACCEPTED
REJECTED = ChargingProfileResultType.REJECTED
UNKNOWN = ChargingProfileResultType.UNKNOWN


def profile(*limits: tuple[int, float], unit: str = "A", **more: Any) -> ChargingProfile:
    """`profile((0, 16), (600, 8))`: seconds and limits."""
    return ChargingProfile(
        charging_rate_unit=ChargingRateUnit(unit),
        charging_profile_period=[
            ChargingProfilePeriod(start_period=start, limit=Decimal(str(limit)))
            for start, limit in limits
        ],
        **more,
    )


def active(*limits: tuple[int, float], duration: int | None = 900) -> ActiveChargingProfile:
    return ActiveChargingProfile(
        start_date_time=NOON, charging_profile=profile(*limits, duration=duration)
    )


class Charger(Unattended):
    """A host that does what it is told, and remembers it."""

    def __init__(
        self,
        result: ChargingProfileResultType = ACCEPTED,
        *,
        consider: ChargingProfileResponseType | None = None,
        shows: ActiveChargingProfile | None = None,
    ) -> None:
        self.result = result
        self.verdict = consider
        self.shows = shows
        self.orders: list[ProfileOrder] = []
        self.wishes: list[Wish] = []
        self.gate: asyncio.Event | None = None
        """While it is there and not set, the charger does not answer."""
        self.prefers = ChargingPreferencesResponse.ACCEPTED

    async def consider_profile(self, order: ProfileOrder) -> ChargingProfileResponseType | None:
        return self.verdict

    async def carry_out_profile(self, order: ProfileOrder) -> ProfileOutcome:
        self.orders.append(order)
        if self.gate is not None:
            await self.gate.wait()
        return ProfileOutcome(result=self.result, active=self.shows)

    async def prefer(self, wish: Wish) -> ChargingPreferencesResponse:
        self.wishes.append(wish)
        return self.prefers


class Actor:
    """One company with both sides of the module; `restart` is a new process on the same store."""

    def __init__(self, company: Company, host: Host, knobs: ProfileKnobs) -> None:
        self.company = company
        self.host = host
        self.knobs = knobs
        self._join()

    def _join(self) -> None:
        it = self.company
        self.profiles = Profiles(
            it.store, it.directory, it.exchange, identity=it.identity, router=it.router,
            table=it.table, now=it.clock, knobs=self.knobs,
        )  # fmt: skip
        self.steering = Steering(
            it.store, it.directory, it.exchange, identity=it.identity, table=it.table,
            host=self.host, now=it.clock, knobs=self.knobs, relay=self.profiles.relay,
        )  # fmt: skip
        self.preferences = Preferences(
            it.store, it.directory, it.exchange, identity=it.identity, table=it.table,
            host=self.host, now=it.clock, knobs=self.knobs,
        )  # fmt: skip
        it.dispatch = Dispatch(
            Serving(it.store, it.directory, it.identity, it.table, it.router),
            {
                **it.registration.handlers(),
                **self.profiles.handlers(),
                **self.steering.handlers(),
                **self.preferences.handlers(),
            },
        )

    @property
    def charger(self) -> Charger:
        assert isinstance(self.host, Charger)
        return self.host

    async def crash(self) -> None:
        await self.steering.close()
        await self.profiles.close()

    async def restart(self) -> None:
        await self.crash()
        self._join()

    close = crash

    async def look(self) -> None:
        await self.steering.look()
        await self.profiles.look()


@dataclass
class Stage:
    cpo: Actor
    emsp: Actor
    pair: Pair
    asked: list[str] = field(default_factory=list)

    async def hold(self, kind: str, document: Any, id_: str) -> None:
        """Own object of the operator, which the eMSP has got as well."""
        await self.cpo.company.import_(kind, document)
        back = await self.cpo.company.partner("emsp.example")
        token = self.cpo.company.vault.open(back.token_sealed or "")
        path = f"receiver/{kind}/NL/AAA/{id_}"
        answer = await self.emsp.company.ask(token, "PUT", path, document)
        assert answer.code == 1000, answer.message

    def path(self, **query: object) -> str:
        session = query.pop("session", "S1")
        path = f"receiver/chargingprofiles/{session}"
        return f"{path}?{urlencode(query)}" if query else path

    async def put(self, url: str, *limits: tuple[int, float], session: str = "S1") -> Answer:
        periods = [{"start_period": start, "limit": limit} for start, limit in limits]
        body = {
            "charging_profile": {"charging_rate_unit": "A", "charging_profile_period": periods},
            "response_url": url,
        }
        return await self.pair.ask("PUT", self.path(session=session), body)


def listening(node: Serve) -> Serve:
    """The node, and beside it a program that takes results below `/any/`."""

    async def serve(request: Request) -> Response:
        return envelope(None) if "/any/" in request.url else await node(request)

    return serve


async def until(met: Callable[[], Any], seconds: float = 60.0) -> Any:
    """The first truthy answer."""
    async with asyncio.timeout(seconds):
        while not (found := met()):
            await asyncio.sleep(0.005)
    return found
