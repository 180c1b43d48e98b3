"""In a soak what repeats in full begins first, so that no long test is left to one process."""

from collections.abc import Callable, Sequence

import pytest


def longest_first(
    items: Sequence[pytest.Item], processes: int, took: Callable[[str], float]
) -> list[pytest.Item]:
    """Each process begins with its piece of the list (xdist, worksteal): every piece begins with
    its share of the soak tests, the longest of the latest soak before the others. `took` gives
    seconds by the name of a test."""
    soaks = [item for item in items if item.get_closest_marker("soak")]
    soaks.sort(key=lambda item: -took(item.name.partition("[")[0]))
    others = [item for item in items if not item.get_closest_marker("soak")]
    dealt: list[pytest.Item] = []
    for process in range(processes):
        dealt += soaks[process::processes]
        room = max(0, len(items) * (process + 1) // processes - len(dealt))
        dealt += others[:room]
        del others[:room]
    return dealt + others
