"""Two companies that command each other, and a host that does as it is told."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from tests.roaming import objects
from tests.roaming.company import NOW, Answer, Company, Pair

from voltroam.roaming.commanding import CommandKnobs, Commands, Ending, OrderEntry, Orders
from voltroam.roaming.dispatch import Dispatch
from voltroam.roaming.host import Considered, Order, Outcome, Unattended
from voltroam.roaming.serving import Serving
from voltroam.standard.v2_2_1 import CommandResultType, Token
from voltroam.wire.call import Request

Json = dict[str, Any]
QUICK = CommandKnobs(consider=0.3, timeout=3, margin=1.0, head_start=0.0, lease=0.6, drain=0.3)
ABLE = ["REMOTE_START_STOP_CAPABLE", "RESERVABLE", "UNLOCK_CAPABLE"]
CALLBACK = "https://emsp.example/ocpi/2.2.1/sender/commands/START_SESSION/any?x=%2F&y"
Doing = Callable[[Order], Awaitable[Any]]


async def accepted(_order: Order) -> Outcome:
    return Outcome(result=CommandResultType.ACCEPTED)


async def nothing(_order: Order) -> None:
    return None


@dataclass
class Host(Unattended):
    """`consideration` and `doing` are what it answers with; it remembers what it was asked."""

    consideration: Callable[[Order], Awaitable[Any]] = nothing
    doing: Doing = accepted
    considered: list[Order] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)

    async def consider(self, order: Order) -> Considered | None:
        self.considered.append(order)
        answer: Considered | None = await self.consideration(order)
        return answer

    async def carry_out(self, order: Order) -> Outcome | None:
        self.orders.append(order)
        answer: Outcome | None = await self.doing(order)
        return answer


@dataclass
class Told:
    """What others were told: exemptions, reservations made and over."""

    exempt: list[tuple[Token, Json]] = field(default_factory=list)
    reserved: list[Order] = field(default_factory=list)
    over: list[tuple[Order, Ending]] = field(default_factory=list)
    session_id: str | None = "S-RES"
    fault: Exception | None = None

    async def on_exempt(self, token: Token, **about: Any) -> None:
        self.exempt.append((token, about))

    async def on_reserved(self, order: Order) -> str | None:
        if self.fault is not None:
            raise self.fault
        self.reserved.append(order)
        return self.session_id

    async def on_over(self, order: Order, why: Ending) -> None:
        if self.fault is not None:
            raise self.fault
        self.over.append((order, why))


@dataclass
class Live:
    """One node with its interactive parts."""

    company: Company
    commands: Commands
    orders: Orders
    host: Host
    told: Told

    def sibling(self) -> "Live":
        """Another process on the same database."""
        return equip(self.company, host=Host(), install=False)

    async def close(self) -> None:
        await self.orders.close()


def equip(
    company: Company,
    *,
    host: Host | None = None,
    knobs: CommandKnobs = QUICK,
    install: bool = True,
) -> Live:
    host, told = host or Host(), Told()
    common: Json = {
        "identity": company.identity, "table": company.table, "now": company.clock, "knobs": knobs,
    }  # fmt: skip
    commands = Commands(
        company.store, company.directory, company.exchange, router=company.router, **common
    )
    orders = Orders(
        company.store, company.directory, company.exchange, host=host, exempt=told.on_exempt,
        on_reserved=told.on_reserved, on_reservation_over=told.on_over, **common,
    )  # fmt: skip
    if install:
        company.dispatch = Dispatch(
            Serving(
                company.store, company.directory, company.identity, company.table, company.router
            ),
            {**company.registration.handlers(), **commands.handlers(), **orders.handlers()},
        )
    return Live(company, commands, orders, host, told)


@dataclass
class Scene:
    """`emsp` commands, `cpo` obeys; they know each other by their hosts."""

    emsp: Live
    cpo: Live
    pair: Pair

    async def ask(self, command: str, body: Json, *, request_id: str | None = None) -> Answer:
        """A raw command of the eMSP, to the CPO. The clock moves on, for orders list by time."""
        self.forward(0.001)
        headers = {"x-request-id": request_id} if request_id else {}
        return await self.pair.ask("POST", f"receiver/commands/{command}", body, headers=headers)

    def results(self, part: str = "") -> list[Json]:
        """What the CPO posted to the eMSP."""
        posts = self.cpo.company.network.sent("POST", f"emsp.example/ocpi/2.2.1/sender/{part}")
        return [json.loads(request.body) for request in posts]

    async def one_result(self, count: int = 1) -> list[Json]:
        await until(lambda: len(self.results()) >= count)
        return self.results()

    async def order(self) -> OrderEntry:
        """The newest order at the CPO."""
        [newest, *_] = await self.cpo.orders.newest(1)
        return newest

    async def settled(self, state: str) -> OrderEntry:
        """The newest order, once it is there."""
        found = await eventually(self.order, lambda entry: entry.state == state)
        assert isinstance(found, OrderEntry)
        return found

    def forward(self, seconds: float) -> None:
        self.cpo.company.clock.forward(seconds)


async def until(met: Callable[[], bool], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not met():
        assert time.monotonic() < end, "it did not happen"
        await asyncio.sleep(0.01)


async def eventually(
    get: Callable[[], Awaitable[Any]], met: Callable[[Any], bool], seconds: float = 60.0
) -> Any:
    end = time.monotonic() + seconds
    while True:
        found = await get()
        if met(found):
            return found
        assert time.monotonic() < end, f"it did not happen, last: {found!r}"
        await asyncio.sleep(0.01)


def later(seconds: float = 3600) -> str:
    return (NOW + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def start(**changes: Any) -> Json:
    return _body(
        {"response_url": CALLBACK, "token": objects.token(), "location_id": "LOC1"}, changes
    )


def reserve(**changes: Any) -> Json:
    plain = {
        "response_url": CALLBACK, "token": objects.token(), "location_id": "LOC1",
        "evse_uid": "E1", "expiry_date": later(), "reservation_id": "R1",
    }  # fmt: skip
    return _body(plain, changes)


def cancel(**changes: Any) -> Json:
    return _body({"response_url": CALLBACK, "reservation_id": "R1"}, changes)


def stop(**changes: Any) -> Json:
    return _body({"response_url": CALLBACK, "session_id": "S1"}, changes)


def unlock(**changes: Any) -> Json:
    plain = {
        "response_url": CALLBACK, "location_id": "LOC1", "evse_uid": "E1", "connector_id": "1",
    }  # fmt: skip
    return _body(plain, changes)


def _body(plain: Json, changes: Json) -> Json:
    """A change to None leaves the member out."""
    return {name: value for name, value in (plain | changes).items() if value is not None}


def of_command(request: Request) -> str:
    return request.url.partition("?")[0].rsplit("/", 1)[1]
