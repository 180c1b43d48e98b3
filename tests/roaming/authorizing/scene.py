"""Our node as CPO or eMSP, and scripted platforms around it that answer `authorize`."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec
from tests.roaming import objects as doc
from tests.roaming.company import Company, Network, role
from tests.roaming.far_end import envelope

from voltroam.roaming.accept import accept
from voltroam.roaming.authorizing.authorizer import Authorizer
from voltroam.roaming.authorizing.deciding import Deciding
from voltroam.roaming.authorizing.knobs import AuthorizationKnobs
from voltroam.roaming.authorizing.log import AuthorizationLog
from voltroam.roaming.dispatch import Dispatch
from voltroam.roaming.host import AuthorizationDecision, AuthorizationQuestion, Unattended
from voltroam.roaming.platforms import EndpointAt, Phase, Platform, Status
from voltroam.roaming.serving import Serving
from voltroam.standard.endpoints import Interface
from voltroam.standard.v2_2_1 import Role, Token
from voltroam.standard.versions import V2_2_1
from voltroam.wire.call import Request, Response

Json = dict[str, Any]
QUICK = AuthorizationKnobs(host_deadline=0.05, partner_deadline=0.1)


class ScriptedHost(Unattended):
    """Says what it is told to, and remembers what it was asked."""

    def __init__(self) -> None:
        self.says: Any = None
        self.delay = 0.0
        self.asked: list[AuthorizationQuestion] = []

    async def authorize(self, question: AuthorizationQuestion) -> AuthorizationDecision | None:
        self.asked.append(question)
        await asyncio.sleep(self.delay)
        if isinstance(self.says, BaseException):
            raise self.says
        decision: AuthorizationDecision | None = self.says
        return decision


@dataclass
class Ours:
    """One node of ours with both sides of authorization."""

    company: Company
    log: AuthorizationLog
    host: ScriptedHost
    deciding: Deciding
    authorizer: Authorizer


def equip(company: Company, knobs: AuthorizationKnobs = QUICK, *, own: bool = False) -> Ours:
    """Give a company its two sides. `own`: its authorizer knows its own eMSP side."""
    clock = company.clock
    log = AuthorizationLog(company.store, company.vault, now=clock, within=0.01)
    host = ScriptedHost()
    deciding = Deciding(
        company.store, company.identity, host, log, knobs=knobs, clock=clock.seconds
    )
    serving = Serving(
        company.store, company.directory, company.identity, company.table, company.router
    )
    company.dispatch = Dispatch(serving, {**company.registration.handlers(), **deciding.handlers()})
    authorizer = Authorizer(
        company.store, company.directory, company.exchange, table=company.table,
        identity=company.identity, vault=company.vault, log=log,
        deciding=deciding if own else None, knobs=knobs, clock=clock.seconds,
    )  # fmt: skip
    return Ours(company, log, host, deciding, authorizer)


@dataclass
class FarEmsp:
    """A scripted eMSP: `known` uids get `allowed`; it can be slow, and answer anything."""

    platform: Platform
    known: dict[str, Json] = field(default_factory=dict)
    allowed: str = "ALLOWED"
    more: Json = field(default_factory=dict)
    """Further members of the AuthorizationInfo."""
    answer: Response | None = None
    """What it says instead."""
    delay: float = 0.0
    asked: list[Request] = field(default_factory=list)
    finished: int = 0

    def holds(self, **changes: Any) -> Json:
        party = self.platform.roles[0]
        token = doc.token(country_code=party.country_code, party_id=party.party_id, **changes)
        self.known[token["uid"].upper()] = token
        return token

    async def serve(self, request: Request) -> Response:
        self.asked.append(request)
        await asyncio.sleep(self.delay)
        self.finished += 1
        if self.answer is not None:
            return self.answer
        uid = request.url.split("/tokens/")[1].split("/")[0]
        token = self.known.get(uid.upper())
        if token is None:
            return envelope(None, code=2004, http=404)
        return envelope({"allowed": self.allowed, "token": token} | self.more)

    def headers(self, name: str) -> Sequence[str | None]:
        return [request.headers.get(name) for request in self.asked]


async def far_emsp(
    company: Company, network: Network, host: str, *parties: str, hub: bool = False
) -> FarEmsp:
    """A registered platform `host` with these eMSP parties."""
    roles = [role(party, Role.EMSP) for party in parties]
    if hub:
        roles.append(role("NL/HUB", Role.HUB))
    platform = Platform(
        id=f"id-{host}", name=host, phase=Phase.REGISTERED, status=Status.CONNECTED,
        version="2.2.1", roles=tuple(roles), hosts=(f"{host}:443",),
        endpoints=(EndpointAt("tokens", Interface.SENDER, f"https://{host}/tokens"),),
        token_sealed=company.vault.seal(f"for-{host}"),
    )  # fmt: skip
    await company.directory.save(platform)
    far = FarEmsp(platform)
    network.hosts[host] = far.serve
    return far


async def push(company: Company, far: FarEmsp, token: Json) -> None:
    """The eMSP gives us a token."""
    await company.store.apply(
        accept(
            company.table.resources["tokens"], json.dumps(token).encode(), version=V2_2_1,
            source=far.platform, identity=company.identity, strict=False,
        )
    )  # fmt: skip


def as_token(document: Json) -> Token:
    return msgspec.json.decode(json.dumps(document), type=Token)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)
