"""Whole companies in one process: store, directory, dispatch and registration on a made-up network.

Every request passes the same bytes as over HTTP; only the sockets are missing.
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from voltroam.roaming.accept import accept, mark_private
from voltroam.roaming.directory import Directory
from voltroam.roaming.dispatch import Dispatch
from voltroam.roaming.exchange import Exchange
from voltroam.roaming.handshake import Handshake, Required
from voltroam.roaming.hub.book import AgreementBook
from voltroam.roaming.hub.reach import Reach
from voltroam.roaming.keys import object_key
from voltroam.roaming.platforms import Identity, Platform, Profile
from voltroam.roaming.registration import Patience, Registration, nobody
from voltroam.roaming.serving import Serving
from voltroam.roaming.vault import Vault
from voltroam.roaming.weigh import Accepted
from voltroam.standard.endpoints import CORE, Endpoint, Table
from voltroam.standard.errors import OcpiError, Unauthorized, Unreachable, Unusable
from voltroam.standard.parties import PartyId
from voltroam.standard.v2_2_1 import BusinessDetails, CredentialsRole, Role
from voltroam.standard.versions import V2_2_1, Version
from voltroam.store.interface import Store
from voltroam.wire.call import Request, Response
from voltroam.wire.calls import read_call, write_response
from voltroam.wire.envelope import fault_reply
from voltroam.wire.headers import read_authorization, read_ids, write_authorization
from voltroam.wire.routes import Router
from voltroam.wire.times import to_micros

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


class Clock:
    """Wall and monotonic time that stand until they are moved."""

    def __init__(self) -> None:
        self.micros = to_micros(NOW)

    def __call__(self) -> int:
        return self.micros

    def seconds(self) -> float:
        return self.micros / 1e6

    def forward(self, seconds: float) -> None:
        self.micros += round(seconds * 1e6)


@dataclass(frozen=True)
class Answer:
    """A response as a partner sees it."""

    http: int
    code: int
    data: Any
    message: str
    headers: Mapping[str, str]
    text: bytes


def answer_of(response: Response) -> Answer:
    envelope = json.loads(response.body)
    return Answer(
        response.status,
        envelope["status_code"],
        envelope.get("data"),
        envelope.get("status_message", ""),
        response.headers,
        response.body,
    )


Serve = Callable[[Request], Awaitable[Response]]


@dataclass
class Network:
    """Hosts by name; `log` holds every request that was sent, with the host it went to."""

    hosts: dict[str, Serve] = field(default_factory=dict)
    log: list[Request] = field(default_factory=list)
    down: set[str] = field(default_factory=set)
    """Hosts that do not answer."""
    lose: Callable[[Request], bool] = lambda _request: False
    """Requests whose answer gets lost on the way back."""

    async def send(self, request: Request, *, timeout: float, limit: int) -> Response:
        assert timeout > 0
        self.log.append(request)
        host = request.url.split("/")[2]
        if host in self.down or host not in self.hosts:
            raise Unreachable(f"nobody at {host}", sent=False)
        response = await self.hosts[host](request)
        if len(response.body) > limit:
            raise Unusable(f"the answer has more than {limit} bytes")
        if self.lose(request):
            raise Unreachable("the answer was lost")
        return response

    def sent(self, method: str, part: str = "") -> list[Request]:
        return [one for one in self.log if one.method == method and part in one.url]


class Company:
    """One node."""

    def __init__(
        self,
        host: str,
        roles: tuple[CredentialsRole, ...],
        store: Store,
        network: Network,
        clock: Clock,
        *,
        required: tuple[Required, ...] = (),
        rows: tuple[Endpoint, ...] = CORE,
        page_maximum: int = 1000,
        versions: tuple[Version, ...] = (V2_2_1,),
    ) -> None:
        self.host = host
        self.store = store
        self.network = network
        self.clock = clock
        self.table = Table(rows)
        self.identity = Identity(name=host, url=f"https://{host}", roles=roles)
        self.router = Router(self.table, versions, self.identity.url)
        self.vault = Vault([host.encode().ljust(32, b"-")])
        self.directory = Directory(
            store, self.vault, now=clock, clock=clock.seconds, spoken=versions
        )
        self.contacts: list[tuple[str, bool]] = []
        self.exchange = Exchange(
            network.send, self.vault, on_contact=lambda who, ok: self.contacts.append((who, ok))
        )
        self.book = AgreementBook(store, "open", clock, clock.seconds)
        """Of a hub."""
        routed = [it.name for it in self.table.modules.values() if it.functional]
        reach = Reach(self.directory, self.book, routed).of
        self.registration = Registration(
            store=store,
            directory=self.directory,
            exchange=self.exchange,
            handshake=Handshake(self.exchange, self.table, versions, required),
            vault=self.vault,
            identity=self.identity,
            router=self.router,
            now=clock,
            patience=Patience(callback=0.5),
            connected=reach if self.identity.is_hub else nobody,
        )
        self.dispatch = Dispatch(
            Serving(
                store, self.directory, self.identity, self.table, self.router,
                page_default=min(100, page_maximum), page_maximum=page_maximum,
            ),
            self.registration.handlers(),
        )  # fmt: skip
        network.hosts[host] = self.serve

    @property
    def versions_url(self) -> str:
        return self.router.versions_url

    def url(self, path: str) -> str:
        """`receiver/locations/NL/AAA/LOC1` below our 2.2.1."""
        return f"{self.router.details_url(V2_2_1)}/{path}"

    async def serve(self, request: Request) -> Response:
        """What the HTTP server does with a request."""
        path = "/" + request.url.split("/", 3)[3]
        call = None
        try:
            presented = read_authorization(request.headers.get("authorization"))
            caller = await self.directory.by_token(presented)
            if caller is None:
                raise Unauthorized("unknown credentials token")
            received = Request(request.method, path, request.headers, request.body)
            call = read_call(received, self.router)
            reply = await self.dispatch.answer(call, caller)
        except OcpiError as fault:
            reply = fault_reply(fault)
        return write_response(reply, call or read_ids(request.headers), now=NOW)

    async def ask(
        self,
        token: str | None,
        method: str,
        path: str,
        body: object = None,
        *,
        headers: Mapping[str, str] | None = None,
        base64: bool = True,
    ) -> Answer:
        """A request of somebody who holds `token`. `body` bytes go as they are."""
        sent = dict(headers or {})
        if token is not None:
            sent["authorization"] = write_authorization(token, base64=base64)
        url = path if path.startswith("https://") else self.url(path)
        data = body if isinstance(body, bytes) else b"" if body is None else _json(body)
        return answer_of(await self.serve(Request(method, url, sent, data)))

    async def import_(self, kind: str, document: object, **options: Any) -> Accepted:
        """Take an own object, as `voltroam import` does."""
        data = document if isinstance(document, bytes) else _json(document)
        change = accept(
            self.table.resources[kind], data, version=V2_2_1, source=None,
            identity=self.identity, strict=options.pop("strict", False), **options,
        )  # fmt: skip
        return await self.store.apply(change)

    async def mark_private(self, kind: str, party: PartyId, id_: str, *, private: bool) -> bool:
        resource = self.table.resources[kind]
        key = object_key(resource, party, {"id": id_})
        change = mark_private(resource, key, party, self.identity, private=private)
        return await self.store.apply(change)

    async def partner(self, name: str) -> Platform:
        self.clock.forward(2)
        platform = await self.directory.by_name(name)
        assert platform is not None
        return platform

    async def set_profile(self, name: str, profile: Profile) -> None:
        platform = await self.partner(name)
        await self.directory.update(platform.id, lambda held: _with_profile(held, profile))


async def meet(receiver: Company, sender: Company) -> "Pair":
    """Register `sender` with `receiver` over the network; names are the hosts."""
    invitation = await receiver.registration.invite(sender.host)
    await sender.registration.register(receiver.versions_url, invitation.token, receiver.host)
    return Pair(receiver, sender, token_of(sender, await sender.partner(receiver.host)))


@dataclass(frozen=True)
class Pair:
    """Two registered companies; `token` is what the sender presents to the receiver."""

    receiver: Company
    sender: Company
    token: str

    async def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """A request of the sender to the receiver."""
        return await self.receiver.ask(self.token, method, path, body, headers=headers)


def token_of(company: Company, partner: Platform) -> str:
    assert partner.token_sealed is not None
    return company.vault.open(partner.token_sealed)


def role(party: str, role_: Role) -> CredentialsRole:
    """`role("NL/AAA", Role.CPO)`."""
    country, code = party.split("/")
    return CredentialsRole(
        role=role_, business_details=BusinessDetails(name=party), party_id=code,
        country_code=country,
    )  # fmt: skip


def _json(body: object) -> bytes:
    return json.dumps(body).encode()


def _with_profile(platform: Platform, profile: Profile) -> Platform:
    import msgspec

    return msgspec.structs.replace(platform, profile=profile)
