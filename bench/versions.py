"""`python -m bench.versions`: what other versions cost a page of 50 locations; writes
`docs/benchmarks-versions.md`.

Two nodes in this process, asked without sockets: one speaks 2.2.1 alone, the other every version.
"""

import asyncio
import base64
import json
import os
import platform
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from bench.documents import dumps, location
from bench.machine import processor
from bench.node import US, voltroam
from bench.report import table

from voltroam import open_node
from voltroam.node import Node
from voltroam.roaming.directory import TokenRecord, token_draft
from voltroam.roaming.platforms import InboundToken, Letter, Phase, Platform
from voltroam.standard.endpoints import Interface
from voltroam.standard.trees import Tree
from voltroam.standard.v2_2_1 import BusinessDetails, CredentialsRole, Role
from voltroam.standard.versions import VERSIONS, Version
from voltroam.store.interface import Change, Decision

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks-versions.md"
LOCATIONS, ON_A_PAGE = 200, 50
ROUNDS, ASKED = 20, 20
"""Rounds, in each of which every page is asked for so often, one after the other."""
HOME, ALONE, COLD = "2.2.1, all versions spoken", "2.2.1, spoken alone", ", changed since"
GOALS = {"2.1.1": 0.5, "2.3.0": 0.5, HOME: 0.9}

Ask = Callable[[], Awaitable[None]]


@dataclass(slots=True)
class Work:
    """Pages per second of processor time, one figure for each round."""

    what: str
    ask: Ask
    times: int = ASKED
    before: Ask | None = None
    """None: it is asked once, so that it is known."""
    rates: list[float] = field(default_factory=list)

    async def round(self) -> None:
        await (self.before or self.ask)()
        began = time.process_time()
        for _ in range(self.times):
            await self.ask()
        self.rates.append(self.times / max(time.process_time() - began, 1e-9))


async def opened(stack: AsyncExitStack, folder: Path, versions: tuple[str, ...]) -> Node:
    """A new node with its locations; nothing runs in its background."""
    parties = ("--party", "/".join((*US, "CPO")))
    voltroam(["init", str(folder), "--name", "bench", "--url", "https://bench.example", *parties,
              "--json"])  # fmt: skip
    config = folder / "voltroam.toml"
    config.write_text(f"versions = {json.dumps(versions)}\n{config.read_text()}")
    lines = b"\n".join(dumps(location(number, owner=US)) for number in range(LOCATIONS))
    voltroam(["-c", str(config), "import", "locations", "-", "--json"], stdin=lines)
    return await stack.enter_async_context(open_node(config, work=False))


async def partner(node: Node, version: Version) -> str:
    """A registered eMSP that speaks this version; its token."""
    holdings, token = node.holdings, f"token-of-{version.number}"
    role = CredentialsRole(
        role=Role.EMSP, business_details=BusinessDetails(name="x"),
        party_id=f"M{version.number.replace('.', '')[:2]}", country_code="DE",
    )  # fmt: skip
    hashed = holdings.vault.hash(token)
    made = Platform(
        id=f"p{version.number}", name=version.number, phase=Phase.REGISTERED,
        version=version.number, roles=(role,),
        we_are=Role.CPO if version.role_trees else None,
        inbound=(InboundToken(hashed, Letter.C),),
    )  # fmt: skip
    known = token_draft(hashed, TokenRecord(made.id, Letter.C))
    await holdings.store.apply(Change(lambda _: Decision(None, records=(known,))))
    await holdings.directory.save(made)
    return token


async def page_of(node: Node, version: Version) -> Ask:
    """Asks for a page in this version, and sees that it holds what it must."""
    token = await partner(node, version)
    given = token if version.role_trees else base64.b64encode(token.encode()).decode()
    url = node.holdings.router.endpoint_url(version, "locations", Interface.SENDER, Tree.CPO)
    scope: dict[str, Any] = {
        "type": "http", "method": "GET", "path": url.removeprefix("https://bench.example"),
        "raw_path": url.removeprefix("https://bench.example").encode(), "http_version": "1.1",
        "query_string": f"limit={ON_A_PAGE}".encode(), "scheme": "https", "client": ("::1", 1),
        "headers": [(b"authorization", f"Token {given}".encode()), (b"x-request-id", b"bench"),
                    (b"x-correlation-id", b"bench")],
    }  # fmt: skip
    app = node.app()

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def ask() -> None:
        seen.clear()

        async def send(message: Any) -> None:
            seen.append(message)

        await app(dict(scope), receive, send)

    seen: list[Any] = []
    await ask()
    body = json.loads(b"".join(message.get("body", b"") for message in seen))
    assert len(body.get("data", ())) == ON_A_PAGE, body
    assert ("party_id" in body["data"][0]) is version.owner_in_objects
    return ask


async def measured(folder: Path) -> list[Work]:
    """Rounds of all in turn, so that a neighbour on the machine slows each of them alike."""
    async with AsyncExitStack() as stack:
        alone = await opened(stack, folder / "alone", ("2.2.1",))
        every = await opened(stack, folder / "every", tuple(VERSIONS))
        home = VERSIONS["2.2.1"]
        works = [Work(ALONE, await page_of(alone, home)), Work(HOME, await page_of(every, home))]
        for number in ("2.1.1", "2.3.0"):
            ask = await page_of(every, VERSIONS[number])
            works.append(Work(number, ask))
            works.append(Work(number + COLD, ask, times=1, before=lambda: changed(alone, every)))
        for turn in range(ROUNDS + 1):
            for work in works if turn % 2 else reversed(works):
                await work.round()
            if not turn:
                for work in works:
                    work.rates.clear()
        return works


async def changed(*nodes: Node) -> None:
    """Every location of the page has another name, so that no projection of it is known; on both
    nodes, for what was just written is read more slowly."""
    name = f"at {time.time_ns()}"
    for number in range(ON_A_PAGE):
        document = dumps(location(number, owner=US) | {"name": name})
        for node in nodes:
            await node.holdings.keep("locations", document, strict=False)


def ratios(works: list[Work]) -> dict[str, float]:
    """Of each work to the one that it is held against: the median of the rounds' own ratios."""
    rates = {work.what: work.rates for work in works}
    against = {what: ALONE if what == HOME else HOME for what in rates if what != ALONE}
    return {
        what: median(one / other for one, other in zip(rates[what], rates[base], strict=True))
        for what, base in against.items()
    }


def written(works: list[Work]) -> list[str]:
    found = ratios(works)
    here = f"{processor()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    rows = []
    for work in works:
        ratio, goal = found.get(work.what), GOALS.get(work.what)
        held = "" if goal is None or ratio is None else "met" if ratio >= goal else "**missed**"
        rows.append((
            work.what, f"{median(work.rates):,.0f}", "" if ratio is None else f"{ratio:.2f}",
            "" if goal is None else f"≥ {goal}: {held}",
        ))  # fmt: skip
    return [
        "# Benchmarks of versions",
        "",
        "Made by `python -m bench.versions`: a page of 50 locations of 8 kB for partners of several"
        f" versions. Two nodes in one process, asked without sockets; {ROUNDS} rounds in turn,"
        f" medians, by processor time. Measured on {here}.",
        "",
        *table(("page for", "per CPU second", "ratio", "goal"), rows),
        "",
        "The ratio of 2.2.1 is to the node that speaks nothing else, that of the others to 2.2.1 in"
        " the same node. Where every location of the page changed since it was last asked for, it"
        " is bridged anew: once, for the projection is kept until the next change.",
    ]


def main() -> int:
    with TemporaryDirectory() as folder:
        works = asyncio.run(measured(Path(folder)))
    lines = written(works)
    PAGE.write_text("\n".join(lines) + "\n", "utf-8")
    print("\n".join(lines))
    found = ratios(works)
    return 0 if all(found[what] >= goal for what, goal in GOALS.items()) else 1


if __name__ == "__main__":
    raise SystemExit(main())
