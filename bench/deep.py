"""The last page of a long list against the first, following our own links."""

import http.client
import re
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from bench import load
from bench.documents import small_location
from bench.node import US, Node
from bench.servers import Server

PAGE = load.Work("GET page", "GET", "", "SENDER", connections=8)
CHUNK = 50_000


@dataclass(frozen=True, slots=True)
class Deep:
    """Milliseconds of the median page."""

    objects: int
    first: float
    last: float
    offset: float
    """The same last page asked by offset."""

    @property
    def ratio(self) -> float:
        return self.last / self.first


def fill(node: Node, count: int) -> None:
    for start in range(0, count, CHUNK):
        end = min(count, start + CHUNK)
        node.load(small_location(number, owner=US) for number in range(start, end))


def last_link(server: Server, limit: int) -> str:
    """Crawl to the last page by following `Link`; its URL."""
    url = f"{server.sender_url}?limit={limit}"
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
    while True:
        at = urlsplit(url)
        connection.request("GET", f"{at.path}?{at.query}", headers=dict(server.sender_headers))
        response = connection.getresponse()
        response.read()
        found = re.search(r'<([^>]*)>; *rel="next"', response.getheader("link") or "")
        if found is None:
            connection.close()
            return url
        url = found[1]


def measure(server: Server, objects: int, folder: Path, rounds: int, seconds: float) -> Deep:
    limit = 50
    urls = {
        "first": f"{server.sender_url}?limit={limit}",
        "last": last_link(server, limit),
        "offset": f"{server.sender_url}?offset={objects - limit}&limit={limit}",
    }
    clock = load.Clock.start()
    found: dict[str, list[float]] = {name: [] for name in urls}
    for _ in range(rounds):
        for name, url in urls.items():
            few = replace(PAGE, connections=1)
            result = load.run(few, url, server.sender_headers, seconds, clock, folder)
            found[name].append(result.p50)
    medians = {name: sorted(times)[len(times) // 2] for name, times in found.items()}
    return Deep(objects, medians["first"], medians["last"], medians["offset"])
