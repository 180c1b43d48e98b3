"""Events by an open line: resumed by number, limited by key, never holding the node up."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
import pytest_asyncio
from tests.delivery.fakes import TABLE
from tests.delivery.receivers import happen
from tests.operator.conftest import Desk, Open
from tests.roaming import objects as doc
from tests.roaming.company import role

from voltroam.delivery.event_tail import EventTail
from voltroam.delivery.telling import Telling
from voltroam.operator.app import OperatorApp
from voltroam.operator.asked import Who
from voltroam.operator.operation import Scope
from voltroam.operator.stream import EventStream, StreamKnobs
from voltroam.roaming.accept import accept
from voltroam.roaming.platforms import Identity
from voltroam.standard.endpoints import LOCATION, SESSION, TOKEN
from voltroam.standard.v2_2_1 import Role
from voltroam.standard.versions import V2_2_1
from voltroam.store.interface import Store
from voltroam.store.migrations import migrate
from voltroam.store.open import open_store

OURSELVES = Identity(
    name="x", url="https://x.example", roles=(role("NL/AAA", Role.CPO), role("DE/MSP", Role.EMSP))
)
KEYS = {
    "Bearer all": Who(id="1", name="all", scope=Scope.ADMIN),
    "Bearer aaa": Who(id="2", name="aaa", scope=Scope.OPERATE, parties=("NL/AAA",)),
    "Bearer msp": Who(id="3", name="msp", scope=Scope.OPERATE, parties=("DE/MSP",)),
    "Bearer read": Who(id="4", name="read", scope=Scope.READ),
}


@pytest.fixture(params=["sqlite", "postgresql"])
def any_url(request: pytest.FixtureRequest, tmp_path: Any) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/node.db"
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest_asyncio.fixture
async def store(any_url: str) -> AsyncIterator[Store]:
    await migrate(any_url)
    opened = await open_store(any_url)
    yield opened
    await opened.close()


class Client:
    """Asks a stream as a server would, and takes what comes."""

    def __init__(
        self,
        app: EventStream | OperatorApp,
        key: str = "all",
        *,
        method: str = "GET",
        **headers: str,
    ) -> None:
        self._app = app
        self._method = method
        named = {"authorization": f"Bearer {key}"} | {
            name.replace("_", "-"): value
            for name, value in headers.items()
            if name not in ("query", "path")
        }
        self._query = headers.get("query", "")
        self._path = headers.get("path", "/")
        self._headers = [(name.encode(), value.encode()) for name, value in named.items()]
        self.status = 0
        self.kind = ""
        self.text = ""
        self.ended = False
        self.blocked = False
        self._gone = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "Client":
        scope = {
            "type": "http", "method": self._method, "headers": self._headers,
            "path": self._path, "raw_path": self._path.encode(), "root_path": "",
            "query_string": self._query.encode(),
        }  # fmt: skip
        self._task = asyncio.create_task(self._app(scope, self._receive, self._send))
        await self.until(lambda: self.status)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._gone.set()
        assert self._task is not None
        async with asyncio.timeout(60):
            await self._task

    async def _receive(self) -> dict[str, Any]:
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.kind = dict(message["headers"])[b"content-type"].decode()
            return
        if self.blocked:
            await asyncio.sleep(3600)
        self.text += message["body"].decode()
        self.ended = not message.get("more_body", False)

    async def until(self, met: Any) -> None:
        async with asyncio.timeout(60):
            while not met():
                await asyncio.sleep(0.005)

    @property
    def let_go(self) -> bool:
        """The application has done with it, whether or not it took the end."""
        return self._task is not None and self._task.done()

    @property
    def messages(self) -> list[tuple[int, str, Any]]:
        """Number, type and content of each, read as a browser reads them."""
        found = []
        for block in self.text.split("\n\n"):
            fields = [line.partition(": ") for line in block.splitlines()]
            data = "\n".join(value for name, _, value in fields if name == "data")
            one = {name: value for name, _, value in fields}
            if data:
                found.append((int(one["id"]), one["event"], msgspec.json.decode(data)))
        return found

    @property
    def numbers(self) -> list[int]:
        return [number for number, _, _ in self.messages]


def stream(store: Store, **knobs: float) -> EventStream:
    async def who(authorization: str | None) -> Who | None:
        return KEYS.get(authorization or "")

    return EventStream(
        store, EventTail(store, 100), Telling(store, TABLE), who,
        fingerprint=lambda text: f"#{len(text)}",
        knobs=StreamKnobs(**knobs),  # type: ignore[arg-type]  # one of them is a count
    )  # fmt: skip


async def keep(store: Store, resource: Any, **changes: Any) -> None:
    make = getattr(doc, resource.kind.removesuffix("s"))
    document = msgspec.json.encode(make(**changes))
    await store.apply(
        accept(resource, document, version=V2_2_1, source=None, identity=OURSELVES, strict=False)
    )


@pytest.mark.operations("stream_events")
async def test_the_api_has_the_stream_among_its_operations(cpo: Desk) -> None:
    document = (await cpo.ask("GET", "/openapi.json", key="")).json
    row = document["paths"]["/events/stream"]["get"]
    assert list(row["responses"]["200"]["content"]) == ["text/event-stream"]
    assert "410" in row["responses"]
    named = {(one["in"], one["name"]) for one in row["parameters"]}
    assert named == {("query", "after"), ("query", "types"), ("header", "Last-Event-ID")}
    assert (await cpo.ask("GET", "/events/stream", key="")).status == 401
    assert (await cpo.ask("GET", "/events/stream?after=x")).status == 422
    assert (await cpo.ask("GET", "/events/stream?colour=red")).status == 422
    assert (await cpo.ask("GET", "/events/stream?after=99")).status == 410
    key = f"Bearer {await cpo.key('read')}"
    async with Client(cpo.app, authorization=key, path="/operator/v1/events/stream") as client:
        assert (client.status, client.kind) == (200, "text/event-stream; charset=utf-8")
        cpo.answered.add("stream_events")


async def test_events_come_as_they_happen_with_the_object_as_it_stands(store: Store) -> None:
    async with Client(stream(store)) as client:
        assert (client.status, client.kind) == (200, "text/event-stream; charset=utf-8")
        await keep(store, LOCATION, id="LOC1")
        await client.until(lambda: client.messages)
        (number, type_, body) = client.messages[0]
        assert (number, type_, body["type"]) == (1, "locations.changed", "locations.changed")
        assert body["data"]["object"]["id"] == "LOC1"
        assert (body["data"]["owner"], body["data"]["version"]) == ("NL/AAA", "2.2.1")


@pytest.mark.parametrize("how", ["header", "query"])
async def test_who_comes_back_misses_nothing(store: Store, how: str) -> None:
    await happen(store, *(f"k/{n}" for n in range(250)))
    more = {"last_event_id": "100"} if how == "header" else {"query": "after=100"}
    async with Client(stream(store), **more) as client:
        await client.until(lambda: len(client.messages) == 150)
        assert client.numbers == list(range(101, 251))


async def test_without_a_place_it_begins_now(store: Store) -> None:
    await happen(store, "k/1")
    async with Client(stream(store)) as client:
        await happen(store, "k/2")
        await client.until(lambda: client.messages)
        assert client.numbers == [2]


@pytest.mark.parametrize(("after", "status"), [("0", 410), ("5", 200), ("9", 410), ("x", 422)])
async def test_a_place_that_is_not_kept_is_gone(store: Store, after: str, status: int) -> None:
    await happen(store, *(f"k/{n}" for n in range(5)))
    await store.purge(tombstones_before=0, events_before=2**60)
    await happen(store, "k/after")
    async with Client(stream(store), query=f"after={after}") as client:
        assert client.status == status
        if status != 200:
            assert client.kind == "application/problem+json"
            await client.until(lambda: client.ended)
            assert msgspec.json.decode(client.text)["status"] == status


async def test_no_key_and_no_other_method(store: Store) -> None:
    async with Client(stream(store), key="nobody") as client:
        assert client.status == 401
    async with Client(stream(store), method="POST") as client:
        assert client.status == 405


async def test_types_are_chosen_by_pattern(store: Store) -> None:
    await happen(store, "k/1", type_="a.x")
    await happen(store, "k/2", type_="b.x")
    await happen(store, "k/3", type_="c.x")
    async with Client(stream(store), query="after=0&types=a.*,c.*") as client:
        await client.until(lambda: len(client.messages) == 2)
        assert [type_ for _, type_, _ in client.messages] == ["a.x", "c.x"]


async def test_a_key_limited_to_parties_sees_only_theirs(store: Store) -> None:
    await keep(store, LOCATION, id="LOC1")
    await keep(store, SESSION, id="S1")
    await happen(store, "orders/1", document=b'{"operator":["NL","AAA"]}')
    await happen(store, "orders/2", document=b'{"operator":"DE/MSP"}')
    await happen(store, "partner/1", document=b'{"name":"x"}')
    seen = {}
    for key in ("aaa", "msp", "all"):
        async with Client(stream(store, beat=0.05), key, query="after=0") as client:
            await client.until(lambda shown=client: "still here" in shown.text)
            seen[key] = [body["data"]["id"] for _, _, body in client.messages]
            assert "id: 5" in client.text, "the place moves on although nothing was for it"
    assert seen["aaa"] == ["LOC1", "S1", "1"]
    assert seen["msp"] == ["S1", "2"]
    assert len(seen["all"]) == 5


async def test_who_only_reads_sees_no_driver(store: Store) -> None:
    await keep(store, TOKEN, country_code="DE", party_id="MSP", uid="CANARY01")
    await keep(store, SESSION, id="S1", cdr_token=doc.cdr_token(uid="CANARY01"))
    await happen(store, "orders/1", document=b'{"token":{"uid":"CANARY01","type":"RFID"}}')
    for key, shown in (("read", False), ("all", True)):
        async with Client(stream(store), key, query="after=0") as client:
            await client.until(lambda one=client: len(one.messages) == 3)
            assert ("CANARY01" in client.text) is shown


async def test_it_lives_while_nothing_happens_and_ends_with_its_key(store: Store) -> None:
    app = stream(store, beat=0.03)
    async with Client(app) as client:
        await client.until(lambda: client.text.count("still here") > 1)
        KEYS["Bearer all"], before = KEYS["Bearer read"], KEYS["Bearer all"]
        try:
            await client.until(lambda: client.ended)
        finally:
            KEYS["Bearer all"] = before


async def test_a_client_that_takes_nothing_is_let_go(store: Store) -> None:
    async with Client(stream(store, slow=0.05)) as slow, Client(stream(store)) as quick:
        slow.blocked = True
        await happen(store, *(f"k/{n}" for n in range(300)))
        await quick.until(lambda: quick.text.count("\nid: ") == 300)
        await slow.until(lambda: slow.let_go)
    assert not slow.ended


async def test_only_so_many_streams_are_open(store: Store) -> None:
    app = stream(store, clients=1)
    async with Client(app) as first, Client(app) as second:
        assert (first.status, second.status) == (200, 429)
    async with Client(app) as third:
        assert third.status == 200


async def test_only_so_many_streams_are_open_with_one_key(store: Store) -> None:
    app = stream(store, each=1)
    async with Client(app) as first, Client(app) as second, Client(app, "aaa") as other:
        assert (first.status, second.status, other.status) == (200, 429, 200)
    async with Client(app) as third:
        assert third.status == 200


async def test_opening_a_stream_counts_as_a_request(opened: Open) -> None:
    desk = await opened("slow.example", role("NL/AAA", Role.CPO), rate=1.0)
    secret = await desk.key("read")
    statuses = []
    for _ in range(3):
        async with Client(desk.app, secret, path="/operator/v1/events/stream") as client:
            statuses.append((client.status, client.kind.partition(";")[0]))
    assert statuses == [(200, "text/event-stream")] * 2 + [(429, "application/problem+json")]
    assert (await desk.ask("GET", "/locations", scope="read")).status == 429


async def test_another_process_is_heard_too(store: Store, any_url: str) -> None:
    other = await open_store(any_url)
    try:
        async with Client(stream(store)) as client:
            await happen(other, "k/1")
            await client.until(lambda: client.messages)
    finally:
        await other.close()
