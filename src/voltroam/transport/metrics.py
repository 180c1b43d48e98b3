"""Figures for `/metrics`: what was asked and how it ended, and how far each partner's lane is.

No names of partners or parties; a lane is known by the partner's id in our own books.
"""

import os
from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from voltroam.standard.endpoints import Endpoint

BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
"""Seconds."""
LANE_FIGURES = {
    "lag": "Changes that a partner's lane has yet to deal with",
    "waiting_seconds": "Age of the oldest change that waits for a partner",
    "pushed": "Objects delivered to a partner",
    "failed": "Deliveries to a partner that failed",
    "parked": "Objects that a partner does not take",
}
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """Request counts and times of this process, or of all workers together."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry or CollectorRegistry()
        self._requests = Counter(
            "voltroam_requests",
            "OCPI requests answered",
            ("module", "interface", "method", "http", "code"),
            registry=self.registry,
        )
        self._seconds = Histogram(
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
        self._count: dict[tuple[int, int, int], Counter] = {}
        self._time: dict[int, Histogram] = {}
        self._rows: dict[int, Endpoint | None] = {}

    def observe(self, row: Endpoint | None, http: int, code: int, seconds: float) -> None:
        """Count one answer. Rows are few and live for ever, so their ids are cheap keys."""
        name = id(row)
        counter = self._count.get((name, http, code))
        if counter is None:
            counter = self._first(row, http, code)
        counter.inc()
        self._time[name].observe(seconds)

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

    def _first(self, row: Endpoint | None, http: int, code: int) -> Counter:
        labels = _labels(row)
        self._rows[id(row)] = row
        self._time.setdefault(id(row), self._seconds.labels(*labels))
        counter = self._requests.labels(*labels, str(http), str(code))
        self._count[id(row), http, code] = counter
        return counter

    def page(self) -> bytes:
        """The text for Prometheus; of all workers when they share a directory."""
        if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
            return generate_latest(self.registry)
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # the library has no types here
        return generate_latest(registry)


def _labels(row: Endpoint | None) -> tuple[str, str, str]:
    if row is None:
        return ("", "", "")
    return (row.module.name, row.interface.value if row.interface else "", row.method)
