"""The rate of a platform, and bodies within bounds."""

import gzip
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voltroam.standard.errors import CallerError, TooMany
from voltroam.transport.body import RATIO_FREE, unpack
from voltroam.transport.limits import RateLimit


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def taken(limit: RateLimit, platform: str, rate: float | None, tries: int) -> int:
    count = 0
    for _ in range(tries):
        try:
            limit.take(platform, rate)
        except TooMany:
            continue
        count += 1
    return count


def test_a_platform_gets_its_burst_and_then_its_rate() -> None:
    clock = Clock()
    limit = RateLimit(10.0, 2.0, clock)
    assert taken(limit, "a", None, 100) == 20
    clock.now = 1.0
    assert taken(limit, "a", None, 100) == 10
    clock.now = 1000.0
    assert taken(limit, "a", None, 100) == 20


def test_platforms_do_not_spend_each_others_rate() -> None:
    limit = RateLimit(1.0, 1.0, Clock())
    assert taken(limit, "a", None, 5) == 1
    assert taken(limit, "b", None, 5) == 1


def test_no_rate_bounds_nothing() -> None:
    assert taken(RateLimit(None, 2.0, Clock()), "a", None, 1000) == 1000


@pytest.mark.parametrize(("rate", "seconds"), [(10.0, 1), (0.5, 2), (0.1, 10), (0.0, 3600)])
def test_retry_after_is_when_a_request_is_free_again(rate: float, seconds: int) -> None:
    clock = Clock()
    limit = RateLimit(None, 1.0, clock)
    taken(limit, "a", rate, 100)
    with pytest.raises(TooMany) as refused:
        limit.take("a", rate)
    assert refused.value.retry_after == seconds
    if rate:
        clock.now = float(seconds)
        limit.take("a", rate)


@given(
    st.lists(st.floats(0, 5), min_size=1, max_size=200),
    st.floats(0.1, 50),
    st.floats(0.1, 5),
)
@settings(max_examples=200, derandomize=True)
def test_never_more_than_burst_and_rate_allow(
    waits: list[float], rate: float, burst: float
) -> None:
    clock = Clock()
    limit = RateLimit(rate, burst, clock)
    count = 0
    for wait in waits:
        clock.now += wait
        count += taken(limit, "a", None, 3)
    assert count <= max(1.0, rate * burst) + rate * sum(waits) + 1e-6


@given(st.binary(max_size=3000), st.integers(1, 9))
@settings(max_examples=200, derandomize=True)
def test_what_was_packed_comes_out_the_same(body: bytes, level: int) -> None:
    assert unpack(gzip.compress(body, level), "gzip", limit=3000, ratio=100) == body


@given(st.binary(max_size=300), st.sampled_from([gzip.compress, zlib.compress, bytes]))
@settings(max_examples=300, derandomize=True)
def test_any_bytes_are_unpacked_within_the_limit_or_refused(
    body: bytes, pack: Callable[[bytes], bytes]
) -> None:
    try:
        plain = unpack(pack(body * 50), "gzip", limit=1000, ratio=100)
    except CallerError:
        return
    assert len(plain) <= 1000


def test_the_ratio_counts_only_for_large_results() -> None:
    small = gzip.compress(b"\0" * RATIO_FREE)
    assert len(unpack(small, "gzip", limit=10**7, ratio=2)) == RATIO_FREE
    with pytest.raises(CallerError):
        unpack(gzip.compress(b"\0" * (RATIO_FREE + 1)), "gzip", limit=10**7, ratio=2)
