"""What Prometheus is told of a hub."""

from prometheus_client import CollectorRegistry, generate_latest

from voltroam.transport.hub_metrics import HubMetrics


def test_decisions_refusals_times_backlog_and_scores() -> None:
    registry = CollectorRegistry()
    metrics = HubMetrics(registry)
    metrics.observe("forward", 1000, 0.004, 0.003, refused=False)
    metrics.observe("forward", 4002, 1.5, 1.5, refused=True)
    metrics.observe("broadcast", 1000, 0.001, None, refused=False)
    metrics.show_backlog(12, 3.5)
    metrics.show_scores({"p1": 97, "p2": 0})
    metrics.show_scores({"p1": 98})
    lines = generate_latest(registry).decode().splitlines()
    assert {
        'voltroam_hub_decisions_total{decision="forward"} 2.0',
        'voltroam_hub_decisions_total{decision="broadcast"} 1.0',
        'voltroam_hub_refused_total{code="4002"} 1.0',
        'voltroam_hub_forward_seconds_count{part="all"} 2.0',
        'voltroam_hub_forward_seconds_bucket{le="0.0025",part="there"} 0.0',
        'voltroam_hub_forward_seconds_bucket{le="0.005",part="there"} 1.0',
        "voltroam_hub_backlog 12.0",
        "voltroam_hub_oldest_seconds 3.5",
        'voltroam_hub_score{platform="p1"} 98.0',
    } <= set(lines)
    assert "p2" not in "".join(lines)
