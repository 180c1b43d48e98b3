"""What `/metrics` says of lanes."""

from voltroam.transport.metrics import LANE_FIGURES, Metrics


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
