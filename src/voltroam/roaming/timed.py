"""Ids of our own records that tell when they were made: the newest comes first in a list.

Records are listed by id, ascending. The time stands in the id counted down, so that
`store.records(kind, after=...)` reads from the newest to the oldest, page by page.
"""

import os
import re
from collections.abc import Callable

LONGEST = 36
"""Characters: as long as the ids of the standard (CiString(36))."""
_LAST = 2**63 - 1
_RANDOM = LONGEST - 17
_PAGE = 4096
_FORM = re.compile(rf"[0-7][0-9a-f]{{15}}-[0-9a-f]{{{_RANDOM}}}")


class Lots:
    """Random bytes drawn from the system by the page, where ids are drawn by the thousand.

    Each draw lets go of the interpreter, and gets it back behind the thread that commits.
    """

    def __init__(self) -> None:
        self._page = b""
        self._at = 0

    def take(self, count: int) -> bytes:
        """So many that were never given before; at most 4,096."""
        end = self._at + count
        if end > len(self._page):
            self._page = os.urandom(_PAGE)
            self._at, end = 0, count
        taken = self._page[self._at : end]
        self._at = end
        return taken


def timed_id(now: int, draw: Callable[[int], bytes] = os.urandom) -> str:
    """An id that nobody can guess (76 random bits), sorted before all older ones.

    `now` in microseconds since 1970 UTC.
    """
    return f"{_countdown(now)}-{draw(LONGEST // 2).hex()[:_RANDOM]}"


def is_timed(text: str) -> bool:
    """Whether a text has the form of such an id: all others name no record of ours."""
    return _FORM.fullmatch(text) is not None


def time_of(id_: str) -> int:
    """When the id was made, in microseconds since 1970 UTC."""
    return _LAST - int(id_[:16], 16)


def before(moment: int) -> str:
    """What to give as `after` to read only ids made before this moment (µs)."""
    return f"{_countdown(moment)}."


def _countdown(moment: int) -> str:
    return format(_LAST - max(0, moment), "016x")
