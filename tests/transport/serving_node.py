"""A server over a real socket with one partner, and what its dispatch saw."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from voltroam.roaming.platforms import Phase, Platform, Profile
from voltroam.standard.endpoints import Table
from voltroam.standard.versions import V2_2_1
from voltroam.transport.limits import Limits
from voltroam.transport.server import OcpiApp
from voltroam.transport.serving import Listen, running
from voltroam.wire.call import Call, Reply
from voltroam.wire.routes import Router

TOKEN = "Token dG9rZW4="
KNOWN = {"authorization": TOKEN}
IDS = {"x-request-id": "774321", "x-correlation-id": "~ any ASCII ! {}"}
LOCATION = "/ocpi/2.2.1/receiver/locations/NL/AAA/LOC1"
Answer = Callable[[Call, Platform], Awaitable[Reply]]


@dataclass
class Answered:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Node:
    """A server with one partner, and what its dispatch saw."""

    profile: Profile = field(default_factory=Profile)
    calls: list[Call] = field(default_factory=list)
    seen_tokens: list[str | None] = field(default_factory=list)
    port: int = 0

    async def authenticate(self, headers: Mapping[str, str]) -> Platform | None:
        self.seen_tokens.append(headers.get("authorization"))
        if headers.get("authorization") != TOKEN:
            return None
        return Platform(id="p1", name="Partner", phase=Phase.REGISTERED, profile=self.profile)

    async def answer(self, call: Call, _platform: Platform) -> Reply:
        self.calls.append(call)
        return Reply(data=b"[]") if call.endpoint.method == "GET" else Reply()

    async def ask(
        self,
        method: str = "GET",
        path: str = "/ocpi/versions",
        headers: Mapping[str, str] = KNOWN,
        body: bytes = b"",
    ) -> Answered:
        lines = [f"{method} {path} HTTP/1.1", "host: node", "connection: close"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if body and not any(name.lower() == "transfer-encoding" for name in headers):
            lines.append(f"content-length: {len(body)}")
        return read_answer(await self.raw("\r\n".join([*lines, "", ""]).encode() + body))

    async def raw(self, data: bytes) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write(data)
            async with asyncio.timeout(60):
                return await reader.read()
        finally:
            writer.close()


def read_answer(data: bytes) -> Answered:
    head, _, body = data.partition(b"\r\n\r\n")
    line, *fields = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, _, value in (one.partition(": ") for one in fields)}
    return Answered(int(line.split()[1]), headers, body[: int(headers["content-length"])])


@asynccontextmanager
async def node(
    *,
    base: str = "https://node.example",
    limits: Limits | None = None,
    profile: Profile | None = None,
    answer: Answer | None = None,
    listen: Listen | None = None,
    **options: Any,
) -> AsyncIterator[Node]:
    one = Node(profile or Profile())
    app = OcpiApp(
        router=Router(Table(), [V2_2_1], base),
        authenticate=one.authenticate,
        answer=answer or one.answer,
        limits=limits,
        **options,
    )
    async with running(app, listen, limits) as url:
        one.port = int(url.rpartition(":")[2])
        yield one


def assert_envelope(answered: Answered) -> None:
    """CORE-RESP-01, CORE-RESP-02, CORE-RESP-03"""
    assert answered.headers["content-type"].partition(";")[0] == "application/json"
    assert type(answered.json["status_code"]) is int
    assert 1000 <= answered.json["status_code"] <= 4999
    stamp = answered.json["timestamp"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?Z", stamp)
    age = datetime.now(UTC) - datetime.fromisoformat(stamp)
    assert abs(age.total_seconds()) < 5
