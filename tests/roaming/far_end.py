"""A scripted partner for registration: it misbehaves on demand and remembers what it was asked."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from tests.roaming.company import Company, Network

from voltroam.wire.call import Request, Response
from voltroam.wire.headers import read_authorization

CREDENTIALS = "credentials"


def token_in(request: Request) -> str | None:
    return read_authorization(request.headers["authorization"]).decoded


def envelope(data: object, *, code: int = 1000, http: int = 200) -> Response:
    body = {"data": data, "status_code": code, "timestamp": "2026-11-22T12:00:00Z"}
    return Response(http, {"content-type": "application/json"}, json.dumps(body).encode())


class FarEnd:
    """A scripted partner at `far.example`: answers by path, remembers what it was asked."""

    def __init__(self, network: Network) -> None:
        self.url = "https://far.example"
        self.versions: Any = [
            {"version": "2.1.1", "url": f"{self.url}/2.1.1"},
            {"version": "2.2.1", "url": f"{self.url}/odd/details"},
            {"version": "2.2", "url": f"{self.url}/2.2"},
            {"version": "9.9", "url": f"{self.url}/9.9", "more": 1},
        ]
        self.details: Any = {
            "version": "2.2.1",
            "endpoints": [
                {"identifier": "credentials", "role": "NONSENSE", "url": f"{self.url}/cred"},
                {"identifier": "locations", "role": "SENDER", "url": f"{self.url}/s/loc/"},
                {"identifier": "locations", "role": "RECEIVER", "url": f"{self.url}/r/loc"},
                {"identifier": "nl-xyz-odd", "role": "SENDER", "url": "https://cdn.example/odd"},
                {"identifier": "cdrs", "role": "WRONG", "url": f"{self.url}/cdrs"},
            ],
        }
        self.credentials: Any = {
            "token": "their-token-c",
            "url": f"{self.url}/versions",
            "roles": [
                {
                    "role": "CPO",
                    "country_code": "NL",
                    "party_id": "FAR",
                    "business_details": {"name": "Far"},
                }
            ],
        }
        self.answer: Response | None = None
        """What POST and PUT get instead of credentials."""
        self.during: Any = None
        """Awaited while a POST or PUT is open."""
        self.delay = 0.0
        self.requests: list[Request] = []
        network.hosts["far.example"] = self.serve

    async def serve(self, request: Request) -> Response:
        self.requests.append(request)
        path = request.url.removeprefix(self.url)
        if path == "/versions":
            await asyncio.sleep(self.delay)
            return (
                envelope(self.versions)
                if not isinstance(self.versions, Response)
                else (self.versions)
            )
        if path == "/odd/details":
            return envelope(self.details)
        if path == "/cred" and request.method in {"POST", "PUT"}:
            if self.during is not None:
                await self.during()
            return self.answer or envelope(self.credentials)
        if path == "/cred":
            return envelope(None)
        return envelope(None, code=2000, http=404)

    def asked(self) -> list[tuple[str, str]]:
        return [(one.method, one.url.removeprefix(self.url)) for one in self.requests]

    def body(self, **changes: object) -> Mapping[str, object]:
        """Its credentials as it would POST them to us."""
        return {**self.credentials, "token": "their-token-b", **changes}


async def invited(company: Company, name: str = "far") -> str:
    return (await company.registration.invite(name)).token


async def registered(company: Company, far: FarEnd) -> str:
    """`far` registered with us; its TOKEN_C."""
    answer = await company.ask(await invited(company), "POST", CREDENTIALS, far.body())
    assert (answer.http, answer.code) == (200, 1000), answer.message
    far.requests.clear()
    token = answer.data["token"]
    assert isinstance(token, str)
    return token
