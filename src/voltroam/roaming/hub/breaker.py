"""A receiver that does not answer must not hold up the others: each has a line of its own."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(slots=True)
class _Line:
    under_way: int = 0
    silent: int = 0
    until: float = 0.0
    tried: bool = False


class Breaker:
    """`after` silences in a row stop a receiver's calls for `pause` seconds, then one is tried.

    Each further silence doubles the pause, up to `longest`. No receiver has more than `most` calls
    under way. `clock` gives monotonic seconds.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        *,
        after: int = 5,
        pause: float = 2.0,
        longest: float = 60.0,
        most: int = 256,
    ) -> None:
        self._clock = clock
        self._after = after
        self._pause = pause
        self._longest = longest
        self._most = most
        self._lines: dict[str, _Line] = {}

    def enter(self, receiver: str) -> str | None:
        """Begin a call; otherwise the reason why not, and `leave` must not be called."""
        line = self._lines.setdefault(receiver, _Line())
        if line.under_way >= self._most:
            return f"{self._most} calls wait for its answers already"
        if line.silent >= self._after:
            if line.tried or self._clock() < line.until:
                return f"it left {line.silent} calls in a row without an answer"
            line.tried = True
        line.under_way += 1
        return None

    def leave(self, receiver: str, answered: bool | None) -> None:
        """A call ended; None: nobody waited for its end."""
        line = self._lines[receiver]
        line.under_way -= 1
        line.tried = False
        if answered:
            line.silent = 0
        elif answered is False:
            line.silent += 1
            doubled = self._pause * 2.0 ** min(max(0, line.silent - self._after), 20)
            line.until = self._clock() + min(self._longest, doubled)
        if not line.under_way and not line.silent:
            del self._lines[receiver]

    def under_way(self, receiver: str) -> int:
        line = self._lines.get(receiver)
        return line.under_way if line else 0

    def is_open(self, receiver: str) -> bool:
        """Whether its calls are stopped now."""
        line = self._lines.get(receiver)
        return line is not None and line.silent >= self._after and self._clock() < line.until
