"""What `/metrics` says of requests and lanes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Histogram, generate_latest
from tests.counts import times

from voltroam.standard.endpoints import Endpoint, Table
from voltroam.standard.versions import V2_2_1
from voltroam.transport.metrics import BOUNDS, LANE_FIGURES, MOST, Metrics, Times


def figures(lag: float) -> dict[str, float]:
    return dict.fromkeys(LANE_FIGURES, 0.0) | {"lag": lag}


def test_each_lane_has_its_figures_by_the_id_of_its_platform() -> None:
    metrics = Metrics()
    metrics.show_lanes({"p1": figures(3), "p2": figures(0)})
    page = metrics.page().decode()
    assert 'voltroam_lane_lag{platform="p1"} 3.0' in page
    assert 'voltroam_lane_parked{platform="p2"} 0.0' in page


def test_a_lane_that_another_process_took_over_counts_there_only() -> None:
    metrics = Metrics()
    metrics.show_lanes({"p1": figures(3)})
    metrics.show_lanes({})
    assert 'voltroam_lane_lag{platform="p1"} 0.0' in metrics.page().decode()
    metrics.show_lanes({"p1": figures(2)})
    assert 'voltroam_lane_lag{platform="p1"} 2.0' in metrics.page().decode()


@given(
    seconds=st.lists(
        st.sampled_from(BOUNDS) | st.floats(0, 20) | st.sampled_from([0.0, -0.0, float("inf")]),
        max_size=30,
    )
)
@settings(max_examples=times(50, full=2_000), derandomize=True, deadline=None)
def test_observed_together_is_as_one_by_one(seconds: list[float]) -> None:
    pages = []
    for kind in (Histogram, Times):
        registry = CollectorRegistry()
        held = kind("x_seconds", "x", ("a",), buckets=BOUNDS, registry=registry).labels("1")
        if isinstance(held, Times):
            held.observe_all(seconds)
        else:
            for value in seconds:
                held.observe(value)
        lines = generate_latest(registry).decode().splitlines()
        pages.append([line for line in lines if "_created" not in line and "_sum" not in line])
    assert pages[0] == pages[1]


@pytest.mark.parametrize("shared", [False, True])
def test_whoever_asks_finds_every_answer_counted(
    shared: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each kind for itself, on our page and in a registry of somebody else's."""
    if shared:
        monkeypatch.setattr("voltroam.transport.metrics.DIRECTORY", "PATH")
    metrics = Metrics(CollectorRegistry())
    rows = {row.module.name: row for row in Table().at(V2_2_1)}
    row, other = rows["locations"], rows["tokens"]

    def count(http: int, code: int, row: Endpoint) -> float | None:
        labels = {
            "module": row.module.name, "interface": row.interface or "", "method": row.method,
            "http": str(http), "code": str(code),
        }  # fmt: skip
        return metrics.registry.get_sample_value("voltroam_requests_total", labels)

    for number in range(MOST + 10):
        metrics.observe(row, 200, 1000, 0.002)
        if number % 400 == 0:
            metrics.observe(row, 404, 2003, 0.3)
            metrics.observe(other, 200, 1000, 0.002)
            assert count(200, 1000, row) == number + 1
            assert count(404, 2003, row) == count(200, 1000, other) == number // 400 + 1
    metrics.observe(None, 401, 2000, 0.002)
    page = generate_latest(metrics.registry).decode()
    assert 'http="401",interface="",method="",module=""} 1.0' in page
    assert f"{MOST + 10}.0" in page
