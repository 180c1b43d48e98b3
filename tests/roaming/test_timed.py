"""Ids that tell when they were made."""

from voltroam.roaming.timed import Lots, is_timed, time_of, timed_id

NOW = 1_790_000_000_000_000


def test_the_newest_comes_first_and_tells_its_time() -> None:
    old, new = timed_id(NOW), timed_id(NOW + 1)
    assert new < old
    assert (time_of(old), time_of(new)) == (NOW, NOW + 1)
    assert is_timed(old)
    assert not is_timed(old[:-1])


def test_no_draw_is_given_twice() -> None:
    """However many pages of them are used up."""
    lots = Lots()
    drawn = [lots.take(18) for _ in range(1_000)]
    assert {len(one) for one in drawn} == {18}
    assert len(set(drawn)) == 1_000
    assert is_timed(timed_id(NOW, lots.take))
