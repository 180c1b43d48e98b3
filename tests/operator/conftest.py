"""A company with an operator API on its own store, asked in process, without sockets."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
import pytest_asyncio
from tests.counts import BACK_ENDS
from tests.roaming.company import Clock, Company, Network, meet, role
from tests.roaming.conftest import (
    empty_database,  # noqa: F401  (a fixture)
    prepared,
)

from voltroam.delivery.deliver import Delivery
from voltroam.delivery.freshness import Freshness
from voltroam.delivery.hub_sight import HubSight
from voltroam.delivery.standing import Standings
from voltroam.delivery.webhooks import Webhooks
from voltroam.operator.app import OperatorApp
from voltroam.operator.asked import Answer, Asked
from voltroam.operator.faults import Fault, fault_of
from voltroam.operator.join import operator_app
from voltroam.operator.keys import Keys
from voltroam.operator.openapi import refusals
from voltroam.operator.operation import Scope
from voltroam.operator.ports import Ports
from voltroam.roaming.authorizing.authorizer import Authorizer
from voltroam.roaming.authorizing.log import AuthorizationLog
from voltroam.roaming.booking import Bookings
from voltroam.roaming.booking import Desk as BookingDesk
from voltroam.roaming.charging import Charging
from voltroam.roaming.commanding import Commands, Orders
from voltroam.roaming.dispatch import Dispatch
from voltroam.roaming.host import (
    Considered,
    Host,
    Order,
    Outcome,
    ProfileOrder,
    ProfileOutcome,
    Unattended,
    Wish,
)
from voltroam.roaming.hub.book import AgreementBook
from voltroam.roaming.hub.index import RoutingIndex
from voltroam.roaming.hub.surroundings import Surroundings
from voltroam.roaming.hub.tally import Tally
from voltroam.roaming.hub.trace import Trace
from voltroam.roaming.later import Later
from voltroam.roaming.paying import Paying, Terminals
from voltroam.roaming.profiling import Preferences, Profiles, Steering
from voltroam.roaming.reconciling import Reconciling
from voltroam.roaming.serving import Serving
from voltroam.standard.errors import OcpiError
from voltroam.standard.packages import STANDARD
from voltroam.standard.v2_2_1 import (
    ChargingPreferencesResponse,
    ChargingProfileResponseType,
    ChargingProfileResultType,
    CredentialsRole,
    Role,
)
from voltroam.standard.versions import V2_3_0
from voltroam.store.interface import Store
from voltroam.store.open import open_store
from voltroam.transport.limits import Limits


class Street(Unattended):
    """Chargers that take every order; what became of it is told later, through the API.

    What is made of a profile they tell themselves too, once for each `released`.
    """

    def __init__(self) -> None:
        self.orders: list[str] = []
        self.profiles: list[str] = []
        self.wishes: list[Wish] = []
        self.released = asyncio.Semaphore(0)

    async def consider(self, order: Order) -> Considered | None:
        return None

    async def carry_out(self, order: Order) -> Outcome | None:
        self.orders.append(order.id)
        return None

    async def consider_profile(self, order: ProfileOrder) -> ChargingProfileResponseType | None:
        return None

    async def carry_out_profile(self, order: ProfileOrder) -> ProfileOutcome:
        self.profiles.append(order.id)
        await self.released.acquire()
        return ProfileOutcome(result=ChargingProfileResultType.UNKNOWN)

    async def prefer(self, wish: Wish) -> ChargingPreferencesResponse:
        self.wishes.append(wish)
        return ChargingPreferencesResponse.ACCEPTED


def live_parts(company: Company, clock: Clock, host: Host) -> dict[str, Any]:
    """What a node has beside objects and partners."""
    store, directory, exchange = company.store, company.directory, company.exchange
    identity, table, router = company.identity, company.table, company.router
    log = AuthorizationLog(store, company.vault, now=clock, within=0.01)
    return {
        "authorizations": log,
        "authorizer": Authorizer(
            store, directory, exchange, table=table, identity=identity, vault=company.vault, log=log
        ),
        "commands": Commands(
            store, directory, exchange, identity=identity, router=router, table=table, now=clock
        ),
        "orders": Orders(
            store, directory, exchange, identity=identity, table=table, host=host, now=clock
        ),
        "profiles": Profiles(
            store, directory, exchange, identity=identity, router=router, table=table, now=clock
        ),
        "steering": Steering(
            store, directory, exchange, identity=identity, table=table, host=host, now=clock
        ),
        "preferences": Preferences(
            store, directory, exchange, identity=identity, table=table, host=host, now=clock
        ),
        "charging": Charging(store, identity, clock),
        "webhooks": Webhooks(store, company.vault, table, company.network.send, now=clock),
    }


def hub_of(company: Company, clock: Clock) -> HubSight | None:
    if not company.identity.is_hub:
        return None
    store, directory = company.store, company.directory
    later = Later(store, within=0.01)
    book = AgreementBook(store, "open", clock, clock.seconds)
    return HubSight(
        store, directory, company.table, book=book,
        surroundings=Surroundings(store, directory, company.identity, book, clock.seconds),
        index=RoutingIndex(store, company.vault, later, now=clock),
        freshness=Freshness(store, later, clock), tally=Tally(store, directory, later, clock),
        standings=Standings(store, directory, company.identity, company.table),
        trace=Trace(store, later, now=clock), now=clock,
    )  # fmt: skip


def package_parts(company: Company, clock: Clock, commands: Commands) -> dict[str, Any]:
    """The modules of 2.3.0."""
    store, directory, exchange = company.store, company.directory, company.exchange
    identity, table = company.identity, company.table
    return {
        "reconciling": Reconciling(store, directory, identity, now=clock),
        "bookings": Bookings(store, directory, exchange, identity=identity, table=table, now=clock),
        "desk": BookingDesk(store, identity, now=clock),
        "terminals": Terminals(
            store, directory, exchange, identity=identity, table=table, now=clock
        ),
        "paying": Paying(store, identity, commands, now=clock),
    }


def take_calls(
    company: Company, live: dict[str, Any], packages: Mapping[str, Any] = MappingProxyType({})
) -> None:
    """The company answers its partners' commands and profiles as well."""
    serving = Serving(
        company.store, company.directory, company.identity, company.table, company.router,
        page_default=100, page_maximum=1000,
    )  # fmt: skip
    handlers = dict(company.registration.handlers())
    for name in ("commands", "orders", "profiles", "steering", "preferences"):
        handlers |= live[name].handlers()
    for name in packages.keys() & {"desk", "terminals"}:
        handlers |= packages[name].handlers()
    company.dispatch = Dispatch(serving, handlers)


@dataclass(frozen=True)
class Heard:
    """An answer as a program sees it."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Desk:
    """A company's operator API, and who asks it."""

    company: Company
    delivery: Delivery
    app: OperatorApp
    keys: Keys
    host: Host
    answered: set[str]
    """Operations that ended well."""
    hub: HubSight | None = None
    packages: Mapping[str, Any] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)

    async def key(self, scope: str = "admin", *parties: str) -> str:
        name = "-".join((scope, *parties)).replace("/", "")
        if name not in self.secrets:
            _, self.secrets[name] = await self.keys.create(name, Scope(scope), parties)
        return self.secrets[name]

    async def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        scope: str = "admin",
        parties: tuple[str, ...] = (),
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Heard:
        """`body` bytes go as they are; `key` empty: none is shown."""
        secret = await self.key(scope, *parties) if key is None else key
        sent = {"content-type": "application/json"} if body is not None else {}
        if secret:
            sent["authorization"] = f"Bearer {secret}"
        data = (
            body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        )
        return await heard(
            self.app, method, f"/operator/v1{path}", sent | dict(headers or {}), data
        )


async def heard(
    app: Any, method: str, url: str, headers: Mapping[str, str], body: bytes = b""
) -> Heard:
    path, _, query = url.partition("?")
    raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    if body:
        raw.append((b"content-length", str(len(body)).encode()))
    scope = {
        "type": "http", "method": method, "path": path, "raw_path": path.encode(),
        "query_string": query.encode(), "headers": raw, "scheme": "http", "http_version": "1.1",
        "server": ("test", 80), "client": ("test", 1), "root_path": "",
    }  # fmt: skip
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)
    answered = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return Heard(sent[0]["status"], answered, b"".join(part.get("body", b"") for part in sent[1:]))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def network() -> Network:
    return Network()


@pytest.fixture(params=BACK_ENDS)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/node.db"
    return str(request.getfixturevalue("postgres_url"))


Open = Callable[..., Awaitable[Desk]]


def watched(app: OperatorApp, answered: set[str], undocumented: set[str]) -> None:
    """From now on the app notes which of its operations end well, and how else they must not."""
    documented = {one.name: refusals(one) for one in app.operations}

    def noting(name: str, answer: Answer) -> Answer:
        async def noted(asked: Asked) -> Any:
            try:
                given = await answer(asked)
            except (Fault, OcpiError) as error:
                status = (error if isinstance(error, Fault) else fault_of(error)).status
                if status not in documented[name]:
                    undocumented.add(f"{name}: {status}")
                raise
            answered.add(name)
            return given

        return noted

    app._answers = {name: noting(name, answer) for name, answer in app._answers.items()}


@pytest.fixture
def answered() -> set[str]:
    return set()


@pytest.fixture
def undocumented() -> set[str]:
    return set()


@pytest.fixture(autouse=True)
def claims(
    request: pytest.FixtureRequest, answered: set[str], undocumented: set[str]
) -> Iterator[None]:
    """A test that says which operations it shows has seen them end well, and no operation ends
    with a status that its document does not know."""
    yield
    assert undocumented == set()
    claimed = {name for mark in request.node.iter_markers("operations") for name in mark.args}
    assert claimed <= answered, f"never ended well: {sorted(claimed - answered)}"


@pytest_asyncio.fixture
async def opened(
    database: str,
    empty_database: Path,  # noqa: F811  (the fixture)
    tmp_path: Path,
    network: Network,
    clock: Clock,
    answered: set[str],
    undocumented: set[str],
) -> AsyncIterator[Open]:
    """Open a desk: `await opened("cpo.example", role("NL/AAA", Role.CPO))`."""
    stores: list[Store] = []
    parts: list[dict[str, Any]] = []

    async def make(
        host: str,
        *roles: CredentialsRole,
        behind: Host | None = None,
        modern: bool = False,
        **options: Any,
    ) -> Desk:
        """`modern`: it speaks 2.3.0 and has that version's modules."""
        behind = behind or Unattended()
        url = database if not stores else f"sqlite:///{tmp_path}/{host}.db"
        await prepared(url, empty_database)
        store = await open_store(url, now=clock)
        stores.append(store)
        spoken: dict[str, Any] = {"rows": STANDARD, "versions": (V2_3_0,)} if modern else {}
        company = Company(host, roles, store, network, clock, **spoken)
        live = live_parts(company, clock, behind)
        parts.append(live)
        packages = package_parts(company, clock, live["commands"]) if modern else {}
        take_calls(company, live, packages)
        delivery = Delivery(
            store, company.directory, company.exchange, company.identity, company.table, now=clock
        )
        ports = Ports(
            store=store, vault=company.vault, directory=company.directory,
            identity=company.identity, table=company.table, registration=company.registration,
            delivery=delivery, now=clock, hub=hub_of(company, clock),
            **live, **packages,
        )  # fmt: skip
        app = operator_app(ports, limits=Limits(body=200_000), **options)
        watched(app, answered, undocumented)
        keys = Keys(store, company.vault, clock)
        return Desk(company, delivery, app, keys, behind, answered, ports.hub, packages)

    yield make
    for live in parts:
        for name in ("commands", "orders", "profiles", "steering"):
            if hasattr(live[name], "close"):
                await live[name].close()
    for store in stores:
        await store.close()


@pytest_asyncio.fixture
async def cpo(opened: Open) -> Desk:
    """One operator with two parties of its own."""
    return await opened("cpo.example", role("NL/AAA", Role.CPO), role("NL/BBB", Role.CPO))


@pytest_asyncio.fixture
async def street(opened: Open, emsp: Desk) -> Desk:
    """An operator whose chargers obey, registered with the eMSP."""
    cpo = await opened("cpo.example", role("NL/AAA", Role.CPO), behind=Street())
    await meet(emsp.company, cpo.company)
    return cpo


async def deliver(desk: Desk) -> None:
    """Until all that can be is delivered and noted."""
    running = asyncio.create_task(desk.delivery.run())
    async with asyncio.timeout(60):
        while not await desk.delivery.at_rest():
            await asyncio.sleep(0.02)
    await desk.delivery.stop()
    await running


@pytest_asyncio.fixture
async def emsp(opened: Open) -> Desk:
    return await opened("emsp.example", role("DE/MSP", Role.EMSP))


@pytest_asyncio.fixture
async def met(cpo: Desk, emsp: Desk) -> Desk:
    """The operator, registered with an eMSP."""
    await meet(emsp.company, cpo.company)
    return cpo
