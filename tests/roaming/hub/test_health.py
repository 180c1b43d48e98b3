"""Health as figures and as one score: each expected value worked out by hand from the formula."""

import pytest

from voltroam.roaming.hub.health import BOUNDS_MS, Count, health_of, percentile


def times(**counts: int) -> list[int]:
    """`times(upto_100=3)`: three answers took 50 to 100 ms; `longer`: more than 15 s."""
    found = [0] * (len(BOUNDS_MS) + 1)
    for name, count in counts.items():
        place = -1 if name == "longer" else BOUNDS_MS.index(int(name.removeprefix("upto_")))
        found[place] = count
    return found


def test_who_was_never_called_and_is_there_is_in_full_health() -> None:
    health = health_of(Count(looks=6, connected=6), None)
    assert (health.score, health.availability, health.error_rate) == (100, 1.0, 0.0)
    assert health.p95 is None


def test_of_whom_nothing_is_known_nothing_bad_is_said() -> None:
    assert health_of(Count(), None).score == 100


@pytest.mark.parametrize(
    ("count", "oldest", "score"),
    [
        (Count(looks=10, connected=5), None, 50),
        (Count(looks=4, connected=4, calls=10, silent=2), None, 80),
        (Count(looks=10, connected=5, calls=10, silent=5), None, 25),
        (Count(calls=10, unusable=1), None, 90),
        (Count(calls=12, silent=2, unusable=5), None, 42),  # 10/12 × 5/10
        (Count(calls=4, silent=4), None, 0),
        (Count(calls=20, times=times(longer=20)), None, 50),
        (Count(), 60.0, 100),
        (Count(), 3600.0, 50),
        (Count(), 86_400.0, 50),
        (Count(), 464.758, 75),  # half the way from 1 min to 1 h, by the logarithm
    ],
)
def test_the_score(count: Count, oldest: float | None, score: int) -> None:
    assert health_of(count, oldest).score == score


def test_the_p95_lies_within_the_bounds_that_it_falls_between() -> None:
    assert percentile(times(), 0.95) is None
    assert percentile(times(upto_100=100), 0.95) == pytest.approx(0.0975)
    assert percentile(times(upto_10=90, upto_200=10), 0.95) == pytest.approx(0.150)
    assert percentile(times(longer=1), 0.95) == 15.0


def test_counts_of_processes_add_up() -> None:
    total = Count()
    for ms in (0.4, 80.0, 80.0, 99_999.0):
        one = Count(calls=1, looks=2, connected=1, times=times())
        one.time(ms)
        total.add(one)
    assert (total.calls, total.looks, total.connected) == (4, 8, 4)
    assert total.times == times(upto_1=1, upto_100=2, longer=1)
