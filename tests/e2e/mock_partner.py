"""A scripted OCPI 2.2.1 platform, independent of the code under test.

It plays Sender or Receiver of a registration, serves versions, details, credentials, paged lists
and object endpoints, keeps what is pushed to it, records every request (`partner.http.recorded`)
and misbehaves on order (`partner.http.on("PATCH", "/locations/", mock_http.status(503))`).
"""

import asyncio
import base64
import http.client
import json
import re
import secrets
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, urlencode, urlsplit

from tests.e2e.mock_http import Answer, Fault, MockHttp, Recorded, Reply

MODULES = ("locations", "sessions", "cdrs", "tariffs", "tokens", "hubclientinfo")
Json = dict[str, Any]
Party = tuple[str, str, str]
"""country_code, party_id, role."""


def timestamp() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def encode_token(token: str, *, as_base64: bool = True) -> str:
    return "Token " + (base64.b64encode(token.encode()).decode() if as_base64 else token)


@dataclass(frozen=True, slots=True)
class Answered:
    """A response of the node under test."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> int:
        """The OCPI status code of the envelope."""
        value = self.json["status_code"]
        assert isinstance(value, int)
        return value

    @property
    def data(self) -> Any:
        return self.json.get("data")

    @property
    def next(self) -> str | None:
        """The URL of the `Link` header with rel="next"."""
        found = re.search(r'<([^>]*)>\s*;\s*rel="?next"?', self.headers.get("link", ""))
        return found[1] if found else None


def http_call(
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes | None = None,
    timeout: float = 30,
) -> Answered:
    """One request, byte for byte as given; redirects are not followed."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=timeout)
    try:
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        connection.putrequest(method, target, skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name, value)
        if body is not None:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        response = connection.getresponse()
        seen = {name.lower(): value for name, value in response.getheaders()}
        return Answered(response.status, seen, response.read())
    finally:
        connection.close()


@dataclass(slots=True)
class Peer:
    """What the partner knows of the node: where it is and which token to present."""

    versions_url: str
    token: str
    endpoints: dict[tuple[str, str], str] = field(default_factory=dict)
    roles: list[Json] = field(default_factory=list)

    @property
    def party(self) -> tuple[str, str]:
        return self.roles[0]["country_code"], self.roles[0]["party_id"]


class MockPartner:
    """One platform with its parties. Use it as a context manager."""

    def __init__(
        self,
        *roles: Party,
        name: str = "Mock",
        modules: Sequence[str] = MODULES,
        page: int = 50,
        as_base64: bool = True,
    ) -> None:
        self.roles: list[Party] = list(roles) or [("DE", "MCK", "EMSP")]
        self.name = name
        self.page = page
        self.as_base64 = as_base64
        self.prefix = "/ocpi"
        self.http = MockHttp(self._answer)
        self.token_a: str | None = None
        """Valid for a registration that the node starts."""
        self.tokens: set[str] = set()
        """What the node may present to us now."""
        self.peer: Peer | None = None
        self.modules = modules
        self.version_numbers = ["2.2.1"]
        self.objects: dict[str, list[Json]] = {module: [] for module in MODULES}
        """What our SENDER lists serve."""
        self.held: dict[tuple[str, ...], Json] = {}
        """What was pushed to us: (module, COUNTRY, PARTY, ID[, TYPE]) → document."""
        self.extra_endpoints: list[Json] = []
        self.hidden_endpoints: set[tuple[str, str]] = set()
        self.endpoint_slash = ""
        self.reply_routing = True

    def __enter__(self) -> Self:
        self.http.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.http.stop()

    # --- who we are ---

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.http.port}{self.prefix}"

    @property
    def versions_url(self) -> str:
        return f"{self.base}/versions"

    @property
    def party(self) -> tuple[str, str]:
        return self.roles[0][0], self.roles[0][1]

    def endpoints(self) -> list[Json]:
        """The lines of version details."""
        lines: list[Json] = [
            {"identifier": "credentials", "role": "SENDER", "url": f"{self.base}/2.2.1/credentials"}
        ]
        for module in self.modules:
            for role, short in (("SENDER", "s"), ("RECEIVER", "r")):
                if (module, role) not in self.hidden_endpoints:
                    url = f"{self.base}/2.2.1/{short}/{module}{self.endpoint_slash}"
                    lines.append({"identifier": module, "role": role, "url": url})
        return lines + self.extra_endpoints

    def credentials(self, token: str) -> Json:
        roles = [
            {
                "role": role,
                "country_code": country,
                "party_id": party,
                "business_details": {"name": self.name},
            }
            for country, party, role in self.roles
        ]
        return {"token": token, "url": self.versions_url, "roles": roles}

    # --- calls to the node ---

    def invite(self) -> str:
        """A TOKEN_A for the node; give it to `partner register`."""
        self.token_a = "A-" + secrets.token_hex(16)
        return self.token_a

    def register(self, versions_url: str, token_a: str) -> Answered:
        """As Sender: versions, details, POST credentials; keeps TOKEN_C and the endpoints."""
        peer = Peer(versions_url, token_a)
        self.read_details(peer)
        token_b = "B-" + secrets.token_hex(16)
        self.tokens.add(token_b)
        url = peer.endpoints["credentials", "SENDER"]
        answer = self.send("POST", url, body=self.credentials(token_b), token=token_a)
        if answer.status in (200, 201) and answer.code == 1000:
            peer.token, peer.roles = answer.data["token"], answer.data["roles"]
            self.peer = peer
        else:
            self.tokens.discard(token_b)
        return answer

    def read_details(self, peer: Peer) -> None:
        versions = self.send("GET", peer.versions_url, token=peer.token)
        assert versions.code == 1000, versions
        details = next(v["url"] for v in versions.data if v["version"] == "2.2.1")
        answer = self.send("GET", details, token=peer.token)
        assert answer.code == 1000, answer
        lines = answer.data["endpoints"]
        peer.endpoints = {(line["identifier"], line["role"]): line["url"] for line in lines}

    def url(self, module: str, interface: str, *keys: str, **query: object) -> str:
        """URL of an object at the node; keys are percent-encoded."""
        assert self.peer is not None, "not registered"
        url = self.peer.endpoints[module, interface].rstrip("/")
        url = "/".join([url, *(quote(key, safe="") for key in keys)])
        return url + (f"?{urlencode(query)}" if query else "")

    def call(
        self,
        method: str,
        module: str,
        interface: str,
        *keys: str,
        body: Any = None,
        **query: object,
    ) -> Answered:
        """A signed call with ids and routing headers."""
        url = self.url(module, interface, *keys, **query)
        return self.send(method, url, body=body, headers=self.routing())

    def routing(self) -> dict[str, str]:
        assert self.peer is not None, "not registered"
        (to_country, to_party), (country, party) = self.peer.party, self.party
        return {
            "OCPI-to-country-code": to_country,
            "OCPI-to-party-id": to_party,
            "OCPI-from-country-code": country,
            "OCPI-from-party-id": party,
        }

    def send(
        self,
        method: str,
        url: str,
        *,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        token: str | None = "",
        timeout: float = 30,
    ) -> Answered:
        """`body`: bytes as they are, anything else as JSON. `token=None`: no Authorization."""
        if token == "":
            assert self.peer is not None, "not registered"
            token = self.peer.token
        given = {"X-Request-ID": str(uuid.uuid4()), "X-Correlation-ID": str(uuid.uuid4())}
        if token is not None:
            given["Authorization"] = encode_token(token, as_base64=self.as_base64)
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        if data is not None:
            given["Content-Type"] = "application/json"
        return http_call(method, url, given | dict(headers or {}), data, timeout)

    def crawl(self, url: str) -> list[Any]:
        """Follow `Link` to the end."""
        found: list[Any] = []
        link: str | None = url
        while link is not None:
            answer = self.send("GET", link, headers=self.routing())
            assert answer.code == 1000, answer
            found += answer.data
            link = answer.next
        return found

    # --- answers to the node ---

    async def _answer(self, request: Recorded) -> Reply:
        if request.path.rstrip("/").endswith("/credentials"):
            reply = await asyncio.to_thread(self._route, request)  # it calls back
        else:
            reply = self._route(request)
        for name in ("x-request-id", "x-correlation-id"):
            if name in request.headers:
                reply.headers.setdefault(name.title().replace("Id", "ID"), request.headers[name])
        if self.reply_routing:
            reply.headers |= _swapped(request.headers)
        return reply

    def _route(self, request: Recorded) -> Reply:
        presented = self._presented(request)
        if presented is None:
            return envelope(2000, status=401, message="unknown token")
        path = request.path.rstrip("/").removeprefix(self.prefix)
        if path == "/versions":
            numbers = self.version_numbers
            return envelope(data=[{"version": n, "url": f"{self.base}/{n}"} for n in numbers])
        if path.lstrip("/") in self.version_numbers:
            return envelope(data={"version": path.lstrip("/"), "endpoints": self.endpoints()})
        if path == "/2.2.1/credentials":
            return self._credentials(request, presented)
        found = re.match(r"/2\.2\.1/([sr])/([a-z]+)(?:/|$)", path)
        if found is None:
            return envelope(2000, status=404, message="no such endpoint")
        keys = request.segments[len(self.prefix.strip("/").split("/")) + 3 :]
        if found[1] == "s":
            return self._sender(request, found[2], keys)
        return self._receiver(request, found[2], keys)

    def _presented(self, request: Recorded) -> str | None:
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        if scheme != "Token":
            return None
        known = [*self.tokens, *([self.token_a] if self.token_a else [])]
        for token in known:
            if value == encode_token(token, as_base64=self.as_base64).partition(" ")[2]:
                return token
        return None

    def _credentials(self, request: Recorded, presented: str) -> Reply:
        if request.method == "GET":
            return envelope(data=self.credentials(presented))
        if request.method == "DELETE":
            self.tokens.discard(presented)
            self.peer = None
            return envelope()
        peer = Peer(request.json["url"], request.json["token"], roles=request.json["roles"])
        self.read_details(peer)
        token = "C-" + secrets.token_hex(16)
        self.tokens = {token} if request.method == "POST" else {token, presented}
        self.token_a = None
        self.peer = peer
        return envelope(data=self.credentials(token))

    def _sender(self, request: Recorded, module: str, keys: Sequence[str]) -> Reply:
        if request.method != "GET":
            return envelope(2000, status=405, message="method not allowed")
        objects = self.objects[module]
        if keys:
            wanted = keys[0].upper()
            found = [o for o in objects if str(o.get("id") or o.get("uid")).upper() == wanted]
            return envelope(data=found[0]) if found else envelope(2000, status=404)
        since, until = request.query.get("date_from", ""), request.query.get("date_to", "~")
        fitting = [o for o in objects if since <= o.get("last_updated", "") < until]
        offset = int(request.query.get("offset", "0"))
        limit = min(int(request.query.get("limit", self.page)), self.page)
        reply = envelope(data=fitting[offset : offset + limit])
        reply.headers |= {"X-Total-Count": str(len(fitting)), "X-Limit": str(self.page)}
        if offset + limit < len(fitting):
            query = urlencode({**request.query, "offset": offset + limit, "limit": limit})
            reply.headers["Link"] = f'<{self.base}/2.2.1/s/{module}?{query}>; rel="next"'
        return reply

    def _receiver(self, request: Recorded, module: str, keys: Sequence[str]) -> Reply:
        if module == "cdrs" and request.method == "POST":
            return self._post_cdr(request)
        if request.method == "POST" or (module == "cdrs" and request.method != "GET"):
            return envelope(2000, status=405, message="method not allowed")
        key = (module, *(part.upper() for part in keys[:3]))
        if module == "tokens":
            key = (*key, request.query.get("type", "RFID"))
        if request.method == "DELETE":
            return envelope() if self.held.pop(key, None) else envelope(2000, status=404)
        if request.method == "PUT" and len(keys) <= 3:
            new = key not in self.held
            self.held[key] = request.json
            return envelope(status=201 if new else 200)
        whole = self.held.get(key)
        target = _part(whole, keys[3:]) if whole is not None else None
        if request.method == "GET":
            return envelope(data=target) if target is not None else envelope(2000, status=404)
        if whole is None or (target is None and request.method == "PATCH"):
            return envelope(2003, status=404, message="unknown object")
        return self._change(request, whole, target, keys[3:])

    def _change(
        self, request: Recorded, whole: Json, target: Json | None, inner: Sequence[str]
    ) -> Reply:
        change = request.json
        if request.method == "PUT":
            if target is not None:
                target.clear()
                target.update(change)
            else:
                siblings = _siblings(whole, inner)
                if siblings is None:
                    return envelope(2003, status=404, message="unknown parent")
                siblings.append(change)
        elif target is not None:
            periods = change.pop("charging_periods", None)
            target.update(change)
            if periods:
                target.setdefault("charging_periods", []).extend(periods)
        for depth in range(len(inner)):
            above = _part(whole, inner[:depth])
            if above is not None and change.get("last_updated", "") > above["last_updated"]:
                above["last_updated"] = change["last_updated"]
        return envelope()

    def _post_cdr(self, request: Recorded) -> Reply:
        cdr = request.json
        key = ("cdrs", cdr["country_code"].upper(), cdr["party_id"].upper(), cdr["id"].upper())
        if self.held.setdefault(key, cdr) != cdr:
            return envelope(2001, message="another CDR has this id")
        reply = envelope()
        reply.headers["Location"] = f"{self.base}/2.2.1/r/cdrs/" + "/".join(key[1:])
        return reply


def envelope(
    code: int = 1000, *, data: Any = None, status: int = 200, message: str | None = None
) -> Reply:
    value: Json = {"status_code": code, "timestamp": timestamp()}
    if data is not None:
        value["data"] = data
    if message is not None:
        value["status_message"] = message
    return Reply(status, json.dumps(value).encode())


def _swapped(headers: Mapping[str, str]) -> dict[str, str]:
    pairs = {}
    for half in ("country-code", "party-id"):
        for here, there in (("to", "from"), ("from", "to")):
            if value := headers.get(f"ocpi-{here}-{half}"):
                pairs[f"OCPI-{there}-{half}"] = value
    return pairs


def _siblings(whole: Json, inner: Sequence[str]) -> list[Json] | None:
    """The list that the last segment of `inner` stands in."""
    above = _part(whole, inner[:-1])
    member = "evses" if len(inner) == 1 else "connectors"
    return None if above is None else above.setdefault(member, [])


def _part(whole: Json, inner: Sequence[str]) -> Json | None:
    """The location itself, an EVSE (one segment) or a connector (two)."""
    found: Json | None = whole
    for segment, (member, key) in zip(
        inner, (("evses", "uid"), ("connectors", "id")), strict=False
    ):
        below = (found or {}).get(member) or []
        found = next((p for p in below if p[key].upper() == segment.upper()), None)
    return found


# --- OCPI faults; those of HTTP are in `mock_http` ---


def refuses(code: int, *, status: int = 200, message: str = "scripted") -> Fault:
    """An envelope with this status code, whatever was asked."""

    async def fault(_request: Recorded, _answer: Answer) -> Reply:
        return envelope(code, status=status, message=message)

    return fault


def endless_links() -> Fault:
    """Each page links to a further one, for ever, with the objects of the first."""

    async def fault(request: Recorded, answer: Answer) -> Reply:
        reply = await answer(request)
        page = int(request.query.get("page", "0")) + 1
        url = f"http://{request.headers['host']}{request.path}?page={page}"
        reply.headers["Link"] = f'<{url}>; rel="next"'
        return reply

    return fault


def same_link() -> Fault:
    """Each page links to itself."""

    async def fault(request: Recorded, answer: Answer) -> Reply:
        reply = await answer(request)
        reply.headers["Link"] = f'<http://{request.headers["host"]}{request.target}>; rel="next"'
        return reply

    return fault


def shrinking_totals() -> Fault:
    """X-Total-Count falls from page to page."""

    async def fault(request: Recorded, answer: Answer) -> Reply:
        reply = await answer(request)
        total = int(reply.headers.get("X-Total-Count", "0"))
        offset = int(request.query.get("offset", "0"))
        reply.headers["X-Total-Count"] = str(max(0, total - offset))
        return reply

    return fault


def changed(change: Mapping[str, Any]) -> Fault:
    """The honest envelope with other members."""

    async def fault(request: Recorded, answer: Answer) -> Reply:
        reply = await answer(request)
        reply.body = json.dumps(json.loads(reply.body) | dict(change)).encode()
        return reply

    return fault
