"""Pushes from a committed change to the partners' 200, beside the HTTP client alone."""

import json
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bench import receivers
from bench.documents import dumps
from bench.node import Node
from bench.servers import ROOT, ask


@dataclass(frozen=True, slots=True)
class Pushed:
    """Seconds and pushes per second."""

    partners: int
    changes: int
    per_second: float
    client_alone: float
    fresh_p50: float
    fresh_p99: float
    fresh_rate: float
    """Changes per second during the measurement of freshness."""

    @property
    def share(self) -> float:
        return self.per_second / self.client_alone


def read_stats(port: int, what: str = "stats") -> dict[str, float | list[float]]:
    answer = json.loads(ask("GET", f"http://{receivers.host(0)}:{port}/{what}", {}))
    return answer["data"] or {}


def wait_for(port: int, count: int, seconds: float) -> dict[str, float | list[float]]:
    """The stats when so many pushes came; RuntimeError when they do not."""
    end = time.monotonic() + seconds
    while (stats := read_stats(port))["count"] < count:  # type: ignore[operator]
        if time.monotonic() > end:
            raise RuntimeError(f"{stats['count']} of {count} pushes came in {seconds} s")
        time.sleep(0.2)
    return stats


def wait_for_rest(port: int, seconds: float = 300) -> None:
    """Until no push has come for a second and a half: the first fill is over."""
    before, end = -1.0, time.monotonic() + seconds
    while time.monotonic() < end:
        now = read_stats(port)["count"]
        if now == before:
            return
        assert not isinstance(now, list)
        before = now
        time.sleep(1.5)


def client_alone(port: int, partners: int, count: int) -> float:
    command = [
        sys.executable,
        "-m",
        "bench.client_alone",
        str(port),
        str(partners),
        str(count),
        "8",
    ]
    done = subprocess.run(
        ["taskset", "-c", "0", *command], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return float(done.stdout)


def measure(
    node: Node, port: int, *, partners: int, changes: int, locations: int, rounds: int, rate: float
) -> Pushed:
    """The node serves with `partners` registered and is at rest."""
    bursts, alone = [], []
    for index in range(rounds):
        read_stats(port, "clear")
        node.cli("import", "evse-status", "-", stdin=_burst(changes, locations, index))
        stats = wait_for(port, changes * partners, 180)
        assert isinstance(stats["first"], float)
        assert isinstance(stats["last"], float)
        bursts.append(changes * partners / (stats["last"] - stats["first"]))
        alone.append(client_alone(port, partners, changes * partners))
    ages = _freshness(node, port, partners, locations, rate)
    return Pushed(
        partners, changes, statistics.median(bursts), statistics.median(alone),
        statistics.median(ages), statistics.quantiles(ages, n=100)[98], rate,
    )  # fmt: skip


def _burst(changes: int, locations: int, index: int) -> bytes:
    """One change at each location in turn, another EVSE and status each round."""
    stamp = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    lines = [
        {
            "location_id": f"LOC{number % locations}",
            "evse_uid": str(3256 + (9 - index - number // locations) % 10),
            "status": "INOPERATIVE" if index % 2 == 0 else "BLOCKED",
            "last_updated": stamp,
        }
        for number in range(changes)
    ]
    return b"\n".join(dumps(line) for line in lines)


def _freshness(node: Node, port: int, partners: int, locations: int, rate: float) -> list[float]:
    read_stats(port, "clear")
    config: Path = node.folder / "voltroam.toml"
    command = [sys.executable, "-m", "bench.changes", str(config), str(rate), "8", str(locations)]
    done = subprocess.run(
        ["taskset", "-c", "1", *command], capture_output=True, text=True, check=True, cwd=ROOT
    )
    stats = wait_for(port, int(done.stdout) * partners, 60)
    ages = stats["ages"]
    assert isinstance(ages, list)
    return ages
