"""Names that do not fit the other version: long ids, twins by case, numbers, token types.

All pairs stand in the partner's tables (`Names`): nothing is ever cut, and the way back gives what
was said first.
"""

from hashlib import sha256

from voltroam.bridge.crossing import Crossing
from voltroam.bridge.members import text
from voltroam.bridge.terms import Document, Names, Relaxation, Terms

LONGEST = 36
"""Characters of an identifier since 2.2.1."""
OTHER = "OTHER"
RESERVATION = "reservation"
TOKEN_TYPE = "token-type"  # noqa: S105  (a table's name)
"""Tables of token types begin so; an owner follows."""
LARGEST_NUMBER = 2**31 - 1
"""What every reader of a 2.1.1 reservation_id can hold."""
_HASH = 12


def digest(*words: str) -> str:
    return sha256("\x1f".join(words).encode()).hexdigest()


def surrogate(name: str, others: str = "") -> str:
    """A name of at most 36 characters that only this one has."""
    return f"{name[: LONGEST - _HASH - 1]}~{digest(name, others)[:_HASH]}"


def id_up(table: str, name: str, at: str, crossing: Crossing) -> str:
    """Our id for a 2.1.1 one: itself, unless it is too long or differs only in case from another.

    2.1.1 ids have up to 39 characters and differ by case (OCPI 2.1.1 §types, string); 36 without
    case since then (OCPI 2.2.1 §types, CiString).
    """
    known = crossing.names.home(table, name)
    if known is not None:
        crossing.note("id-by-table", at)
        return known
    twin = _is_twin(table, name, crossing.terms) or crossing.first(table, name) != name
    if not twin and len(name) <= LONGEST:
        return name
    short = surrogate(name)
    crossing.names.pair(table, short, name)
    crossing.note("id-twin" if twin else "id-too-long", at)
    return short


def named_at_home(table: str, name: str, terms: Terms) -> str:
    """What we call a thing of a 2.1.1 partner that may or may not have been told of already."""
    known = terms.names.home(table, name)
    if known is not None:
        return known
    return surrogate(name) if _is_twin(table, name, terms) or len(name) > LONGEST else name


def _is_twin(table: str, name: str, terms: Terms) -> bool:
    held = terms.spelling_of(table, name)
    return held is not None and held != name


def id_down(table: str, name: str, at: str, crossing: Crossing) -> str:
    """The id as the 2.1.1 partner spells it."""
    theirs = crossing.names.theirs(table, name)
    if theirs is not None:
        crossing.note("id-restored", at)
        return theirs
    return name


def id_within(table: str, name: str, at: str, crossing: Crossing) -> str:
    """An id of ours for a field of 36 characters: a longer one gets a surrogate."""
    theirs = crossing.names.theirs(table, name)
    if theirs is not None or len(name) <= LONGEST:
        return theirs or name
    short = surrogate(name)
    crossing.names.pair(table, name, short)
    crossing.note("id-too-long", at)
    return short


def member_up(document: Document, name: str, table: str, at: str, crossing: Crossing) -> None:
    value = text(document, name)
    if value is not None:
        document[name] = id_up(table, value, f"{at}/{name}", crossing)


def member_down(document: Document, name: str, table: str, at: str, crossing: Crossing) -> None:
    value = text(document, name)
    if value is not None:
        document[name] = id_down(table, value, f"{at}/{name}", crossing)


def reservation_up(number: int, names: Names) -> str:
    """The text that stands for a 2.1.1 number: ours, or its digits."""
    return names.home(RESERVATION, str(number)) or str(number)


def reservation_down(name: str, names: Names) -> int:
    """The number that a 2.1.1 partner knows a reservation by: its digits, or one from the table.

    The number comes from a hash, so that two processes find the same; a taken one is followed by
    the next.
    """
    known = names.theirs(RESERVATION, name)
    if known is not None:
        return int(known)
    plain = name.isascii() and name.isdigit() and str(int(name)) == name
    number = int(name) if plain and int(name) <= LARGEST_NUMBER else _hashed(name)
    while names.home(RESERVATION, str(number)) not in (None, name):
        number = number % LARGEST_NUMBER + 1
    names.pair(RESERVATION, name, str(number))
    return number


def _hashed(name: str) -> int:
    return int(digest(RESERVATION, name)[:15], 16) % LARGEST_NUMBER + 1


def type_table(token: Document) -> str:
    """Tokens are told apart under their owner."""
    owner = f"{token.get('country_code', '')}/{token.get('party_id', '')}".upper()
    return f"{TOKEN_TYPE} {owner}"


def type_down(
    token: Document, at: str, crossing: Crossing, known: frozenset[str]
) -> Document | None:
    """A type without a word becomes OTHER; None if that uid already is another token there.

    The table holds a hash of the uid, never the uid (OCPI 2.1.1 §mod_tokens, TokenType).
    """
    uid, kind = text(token, "uid"), text(token, "type")
    if uid is None or kind is None or (kind in known and kind != OTHER):
        return token
    if crossing.relaxed(Relaxation.UNKNOWN_WORDS):
        return token
    table, theirs = type_table(token), digest(uid)
    ours = f"{kind}|{theirs}"
    held = crossing.names.home(table, theirs)
    if held not in (None, ours):
        crossing.note("token-twin", f"{at}/type")
        return None
    if held is None:
        crossing.names.pair(table, ours, theirs)
    if kind == OTHER:
        return token
    crossing.note("token-type-other", f"{at}/type")
    return token | {"type": OTHER}


def type_up(token: Document, at: str, crossing: Crossing) -> Document:
    """OTHER is the type that we said OTHER for, if we did."""
    uid = text(token, "uid")
    if uid is None or token.get("type") != OTHER:
        return token
    held = crossing.names.home(type_table(token), digest(uid))
    kind = OTHER if held is None else held.split("|", 1)[0]
    if kind == OTHER:
        return token
    crossing.note("token-type-restored", f"{at}/type")
    return token | {"type": kind}


def type_at_home(names: Names, owner: str, uid: str) -> str:
    """The type of the token that a partner knows as OTHER; `owner` as `NL/AAA`."""
    held = names.home(f"{TOKEN_TYPE} {owner.upper()}", digest(uid))
    return OTHER if held is None else held.split("|", 1)[0]
