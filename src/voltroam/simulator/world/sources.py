"""What the world learns from its node: the operator's locations, and drivers with cards."""

from collections.abc import Sequence
from typing import TypeVar

from voltroam.standard.errors import CallerError
from voltroam.standard.v2_2_1 import Location, Token, TokenType
from voltroam.store.interface import ObjectRow, Store
from voltroam.wire.decode import read

T = TypeVar("T")
MOST_DRIVERS = 2_000
"""More would only cost memory: so many can be told apart by nobody."""


class Sources:
    """Looks for what is new since the last look."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._location = 0
        self._token = 0
        self._tokens: list[Token] = []
        self._told = 0

    async def locations(self) -> list[Location]:
        """Own locations that are new."""
        found = []
        async for row in self._store.scan("locations", after=self._location):
            self._location = row.created
            location = _read(row, Location)
            if not row.sources and location is not None:
                found.append(location)
        return found

    async def drivers(self) -> Sequence[Token] | None:
        """All drivers with a card, once no more come in; None while nothing changes.

        A city that wakes up with the first card of hundreds would be an empty one.
        """
        before = len(self._tokens)
        if before < MOST_DRIVERS:
            async for row in self._store.scan("tokens", after=self._token):
                self._token = row.created
                token = _read(row, Token)
                if token is not None and token.valid and token.type is TokenType.RFID:
                    self._tokens.append(token)
                if len(self._tokens) >= MOST_DRIVERS:
                    break
        if len(self._tokens) != before or self._told == before:
            return None
        self._told = before
        return self._tokens


def _read(row: ObjectRow, shape: type[T]) -> T | None:
    """What a lenient reading makes of it; None for what cannot be used."""
    try:
        return read(shape, row.document).value
    except CallerError:
        return None
