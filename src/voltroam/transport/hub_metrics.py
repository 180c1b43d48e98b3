"""Figures of a hub for `/metrics`: what it decided, how long forwarding took, how partners do.

Labels are few by nature: kinds of decision, codes, modules, and partners by their id in our books.
"""

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from voltroam.transport.metrics import BOUNDS


class HubMetrics:
    """Counts of this process, or of all workers together, in the registry of `Metrics`."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._decisions = Counter(
            "voltroam_hub_decisions",
            "Calls by what the hub decided on them",
            ("decision",),
            registry=registry,
        )
        self._refused = Counter(
            "voltroam_hub_refused",
            "Calls that the hub refused or could not forward, by OCPI status code",
            ("code",),
            registry=registry,
        )
        self._forwards = Histogram(
            "voltroam_hub_forward_seconds",
            "Time of forwarded calls in the hub (part: all) and of that at the receiver (there)",
            ("part",),
            buckets=BOUNDS,
            registry=registry,
        )
        self._all, self._there = self._forwards.labels("all"), self._forwards.labels("there")
        self._decided: dict[str, Counter] = {}
        self._backlog = Gauge(
            "voltroam_hub_backlog",
            "Changes that lanes have yet to deal with, over all partners",
            registry=registry,
            multiprocess_mode="livesum",
        )
        self._oldest = Gauge(
            "voltroam_hub_oldest_seconds",
            "Age of the oldest change that waits for any partner",
            registry=registry,
            multiprocess_mode="livemax",
        )
        self._scores = Gauge(
            "voltroam_hub_score",
            "Health of a partner, 0 to 100",
            ("platform",),
            registry=registry,
            multiprocess_mode="livemin",
        )
        self._shown: set[str] = set()

    def observe(
        self, decision: str, code: int, seconds: float, there: float | None, *, refused: bool
    ) -> None:
        """One call that was answered. `there`: what the receiver took of it, in seconds."""
        decided = self._decided.get(decision)
        if decided is None:
            decided = self._decided[decision] = self._decisions.labels(decision)
        decided.inc()
        if refused:
            self._refused.labels(str(code)).inc()
        if there is not None:
            self._all.observe(seconds)
            self._there.observe(there)

    def show_backlog(self, changes: int, oldest: float) -> None:
        self._backlog.set(changes)
        self._oldest.set(oldest)

    def show_scores(self, scores: Mapping[str, int]) -> None:
        """By platform id; who is not among them is shown no more."""
        for platform in self._shown - scores.keys():
            self._scores.remove(platform)
        self._shown = set(scores)
        for platform, score in scores.items():
            self._scores.labels(platform).set(score)
