"""For which party a key acts, and what of the ledgers it sees."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

import msgspec

from voltroam.operator.asked import Asked, Who
from voltroam.operator.cursors import bad_cursor, read_cursor, write_cursor
from voltroam.operator.faults import invalid, not_found
from voltroam.operator.operation import Page
from voltroam.operator.shelves import party_of
from voltroam.roaming.platforms import Identity
from voltroam.roaming.timed import is_timed
from voltroam.standard.parties import PartyId
from voltroam.standard.v2_2_1 import Role

E = TypeVar("E")
F = TypeVar("F", bound=msgspec.Struct)
PIECES = 20
"""Pages of a ledger that one request reads at most for a key that sees few of its entries."""


def party_named(text: str | None) -> PartyId | None:
    return None if text is None else party_of(text)


def acting_party(who: Who, identity: Identity, named: str | None, *roles: Role) -> PartyId | None:
    """The party of ours in whose name it is done; None: whichever fits.

    A key that is limited acts for its own parties only. Raises Fault.
    """
    ours = [party for party in identity.parties(*roles) if who.may(party)]
    if named is not None:
        for party in ours:
            if party.folded == named.upper():
                return party
        raise not_found("party of ours with that name and role")
    if not who.is_limited:
        return None
    if len(ours) != 1:
        raise invalid("which party of ours acts? The key is limited to several, or to none of them")
    return ours[0]


async def ledger_page(
    asked: Asked,
    newest: Callable[[int, str | None], Awaitable[Sequence[E]]],
    shown: Callable[[E], F],
    sees: Callable[[E], bool],
) -> Page[F]:
    """Entries with a timed id, newest first."""
    query: Any = asked.query
    before: str | None = read_cursor(query.cursor) or None
    if before is not None and not is_timed(before):
        raise bad_cursor()
    items: list[F] = []
    for _ in range(PIECES):
        found = await newest(query.limit, before)
        for at, entry in enumerate(found):
            before = str(getattr(entry, "id"))  # noqa: B009  (each ledger's entry has one)
            if sees(entry):
                items.append(shown(entry))
            if len(items) == query.limit and at + 1 < len(found):
                return Page(items=items, next=write_cursor(before))
        if len(found) < query.limit:
            return Page(items=items)
        if len(items) == query.limit:
            break
    return Page(items=items, next=None if before is None else write_cursor(before))


def short_page(asked: Asked, items: Sequence[E], names: Sequence[str]) -> Page[E]:
    """One page of a short list in the order of its names, after the one in the cursor."""
    after = read_cursor(asked.query.cursor)
    chosen = sorted(
        ((name, item) for name, item in zip(names, items, strict=True) if name > after),
        key=lambda pair: pair[0],
    )
    part = chosen[: asked.query.limit]
    more = len(chosen) > len(part)
    return Page(items=[item for _, item in part], next=write_cursor(part[-1][0]) if more else None)


def viewed(shape: type[F], thing: Any, **changes: Any) -> F:
    """The members of a ledger's entry that a view shows under the same name; parties as text."""
    values = {
        name: _plain(getattr(thing, name))
        for name in shape.__struct_fields__
        if name not in changes
    }
    return shape(**values, **changes)


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, PartyId) else value
