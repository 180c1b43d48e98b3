"""Figures for `/metrics`: what was asked and how it ended, and how far each partner's lane is.

No names of partners or parties; a lane is known by the partner's id in our own books.
"""

import os
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Metric,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from voltroam.standard.endpoints import Endpoint

BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
"""Seconds."""
MOST = 1_000
"""Answers that wait to be counted."""
LANE_FIGURES = {
    "lag": "Changes that a partner's lane has yet to deal with",
    "waiting_seconds": "Age of the oldest change that waits for a partner",
    "pushed": "Objects delivered to a partner",
    "failed": "Deliveries to a partner that failed",
    "parked": "Objects that a partner does not take",
}
DIRECTORY = "PROMETHEUS_MULTIPROC_DIR"
"""Where workers share their figures; in the environment."""
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Times(Histogram):
    """A histogram that takes many observations at once."""

    def observe_all(self, seconds: Sequence[float]) -> None:
        """As if each were observed. Each bucket, and the sum, is written once: between processes
        they are cells of a file."""
        counts: dict[int, int] = {}
        for value in seconds:
            at = bisect_left(self._upper_bounds, value)
            counts[at] = counts.get(at, 0) + 1
        for at, count in counts.items():
            self._buckets[at].inc(count)
        self._sum.inc(sum(seconds))


class Metrics:
    """Request counts and times of this process, or of all workers together.

    Answers are noted, and counted together when somebody wants to know. Where workers share their
    figures others may want to, so each is counted at once.
    """

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry or CollectorRegistry()
        self.registry.register(_Before(self.settle))
        self._shared = DIRECTORY in os.environ
        self._requests = Counter(
            "voltroam_requests",
            "OCPI requests answered",
            ("module", "interface", "method", "http", "code"),
            registry=self.registry,
        )
        self._seconds = Times(
            "voltroam_request_seconds",
            "Time from the head of an OCPI request to its answer",
            ("module", "interface", "method"),
            buckets=BOUNDS,
            registry=self.registry,
        )
        self._lanes = {
            name: Gauge(
                f"voltroam_lane_{name}", words, ("platform",), registry=self.registry,
                multiprocess_mode="livesum",
            )
            for name, words in LANE_FIGURES.items()
        }  # fmt: skip
        self._running: set[str] = set()
        self._noted: dict[tuple[int, int, int], _Noted] = {}
        self._waiting = 0

    def observe(self, row: Endpoint | None, http: int, code: int, seconds: float) -> None:
        """Note one answer. Rows are few and live for ever, so their ids are cheap keys."""
        noted = self._noted.get((id(row), http, code))
        if noted is None:
            noted = self._first(row, http, code)
        if self._shared:
            noted.count.inc()
            noted.time.observe(seconds)
            return
        noted.seconds.append(seconds)
        self._waiting += 1
        if self._waiting >= MOST:
            self.settle()

    def settle(self) -> None:
        """Count what was noted."""
        self._waiting = 0
        for noted in self._noted.values():
            seconds, noted.seconds = noted.seconds, []
            if seconds:
                noted.count.inc(len(seconds))
                noted.time.observe_all(seconds)

    def show_lanes(self, lanes: Mapping[str, Mapping[str, float]]) -> None:
        """The figures, named as in LANE_FIGURES, of the lanes that this process runs now.

        A lane that went to another process counts nothing here, so that sums stay right.
        """
        for platform in self._running - lanes.keys():
            for gauge in self._lanes.values():
                gauge.labels(platform).set(0)
        self._running |= lanes.keys()
        for platform, figures in lanes.items():
            for name, figure in figures.items():
                self._lanes[name].labels(platform).set(figure)

    def _first(self, row: Endpoint | None, http: int, code: int) -> "_Noted":
        labels = _labels(row)
        count = self._requests.labels(*labels, str(http), str(code))
        noted = self._noted[id(row), http, code] = _Noted(row, count, self._seconds.labels(*labels))
        return noted

    def page(self) -> bytes:
        """The text for Prometheus; of all workers when they share a directory."""
        if DIRECTORY not in os.environ:
            return generate_latest(self.registry)
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # the library has no types here
        return generate_latest(registry)


@dataclass(slots=True)
class _Noted:
    """Answers of one kind that wait to be counted, and where they are."""

    row: Endpoint | None
    """Kept, so that no other ever has its id."""
    count: Counter
    time: Times
    seconds: list[float] = field(default_factory=list)


class _Before(Collector):
    """Stands first in a registry, and has nothing of its own: a collection begins with `call`."""

    def __init__(self, call: Callable[[], None]) -> None:
        self._call = call

    def collect(self) -> Iterable[Metric]:
        self._call()
        return ()

    def describe(self) -> Iterable[Metric]:
        """Asked when it is registered, in place of `collect`."""
        return ()


def _labels(row: Endpoint | None) -> tuple[str, str, str]:
    if row is None:
        return ("", "", "")
    return (row.module.name, row.interface.value if row.interface else "", row.method)
