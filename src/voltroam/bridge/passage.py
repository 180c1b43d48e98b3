"""Documents as bytes between a partner's version and the house's own."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec

from voltroam.bridge.convert import KINDS, NEW_IN_2_3_0, at_home, convert, is_same
from voltroam.bridge.crossing import Crossing
from voltroam.bridge.named import named_at_home
from voltroam.bridge.notes import Note, Severity
from voltroam.bridge.packages import may_say, without
from voltroam.bridge.reach import (
    RULES,
    is_above_home,
    matters_above_home,
    opened,
    reach,
    turn,
)
from voltroam.bridge.terms import Document, Terms
from voltroam.standard.errors import CallerError
from voltroam.standard.versions import HOME, VERSIONS, Version, is_above_lowest

_PLAIN = msgspec.json.Decoder(float_hook=Decimal)
_ENCODER = msgspec.json.Encoder(decimal_format="number")
_NOT_KNOWN = {
    "CommandResponse": b'{"result":"NOT_SUPPORTED","timeout":0}',
    "ChargingProfileResponse": b'{"result":"NOT_SUPPORTED","timeout":0}',
    "ChargingPreferencesResponse": b'"NOT_POSSIBLE"',
}

_DATED = b"_date_time"


class Passed(NamedTuple):
    """What a document became; `document` None: it must not pass, the notes say why."""

    document: bytes | None
    notes: tuple[Note, ...] = ()

    @property
    def why_not(self) -> str:
        """The reason of a refusal in one sentence."""
        told = [note for note in self.notes if note.severity is Severity.REFUSED]
        return "; ".join(f"${note.pointer.replace('/', '.')}: {note.text}" for note in told)


_IDS = {"Location": "id", "Session": "id", "Tariff": "id", "Token": "uid"}
"""The members whose names stand in a partner's tables, which are called by the kind."""


class Inward(NamedTuple):
    """From the version of the one who writes to the house's own."""

    kind: str
    version: Version
    terms: Terms

    def __call__(self, document: bytes) -> Passed:
        return home(self.kind, document, self.version, self.terms)

    def said(self, document: bytes, version: Version) -> Passed:
        """An object of another version as this writer says it."""
        return between(self.kind, document, version, self.version, self.terms)

    def ids(self, ids: Mapping[str, object]) -> dict[str, object]:
        """The identifying members of an object as the house has them."""
        return ids_at_home(self.kind, self.version, self.terms, ids)


def ids_at_home(
    kind: str, version: Version, terms: Terms, ids: Mapping[str, object]
) -> dict[str, object]:
    """The same of a path: 2.1.1 allows ids that are too long for later versions, and such that
    differ by case only."""
    name = id_to_name(kind, version, ids)
    return dict(ids) if name is None else {**ids, _IDS[kind]: named_at_home(kind, name, terms)}


def id_to_name(kind: str, version: Version, ids: Mapping[str, object]) -> str | None:
    """The id that may have another name in the house; None if it has none."""
    member = _IDS.get(kind)
    name = None if version.folded_ids or member is None else ids.get(member)
    return name if isinstance(name, str) else None


def may_have_twin(kind: str) -> bool:
    """Whether two ids that differ by case only are two objects; the uid of a card has no case."""
    return _IDS.get(kind) == "id"


def is_spoken_here(version: Version) -> bool:
    """Whether it is the house's own version: nothing is to be bridged."""
    return version == HOME


def are_one(source: Version, target: Version) -> bool:
    """Whether two parties speak the same version: what they say passes as it is."""
    return source is target


def not_known(kind: str) -> bytes | None:
    """The answer to what the asked party's version does not have, where its kind has a word for it.

    CANCEL_RESERVATION and charging profiles came after 2.1.1 (OCPI 2.2.1 §changelog).
    """
    return _NOT_KNOWN.get(kind)


def is_home(kind: str, version: Version) -> bool:
    """Whether documents of that kind are kept as they come in that version.

    A module of one's own has no steps: its objects pass as they are.
    """
    return version == HOME or kind in NEW_IN_2_3_0 or kind not in KINDS


def is_as_kept(kind: str, version: Version, relaxations: Collection[str]) -> bool:
    """Whether a partner of that version and profile is shown documents as the house keeps them.

    One of the house's own version that allows what is unsafe is shown more of what came in 2.3.0.
    """
    if not is_home(kind, version):
        return False
    return not relaxations or matters_above_home(kind).isdisjoint(relaxations)


def is_newer(version: Version) -> bool:
    """Whether it may say more than the house's own version."""
    return version.rank > HOME.rank


def is_unsaid_here(kind: str, document: bytes) -> bool:
    """Whether a document is kept in 2.3.0, for ours would say something else (decision 0006)."""
    return is_above_home(kind, _members(document))


def home(kind: str, document: bytes, version: Version, terms: Terms) -> Passed:
    """The document as the house keeps it. InvalidBody cannot be: it was read before."""
    if is_home(kind, version):
        return Passed(document)
    bridged = at_home(kind, _members(document), source=version, terms=terms)
    return _passed(document, bridged.value, bridged.notes)


def is_alike(kind: str, version: Version, terms: Terms) -> bool:
    """Whether documents of that kind are the same in a partner's version as in the house's."""
    return is_home(kind, version) or is_same(kind, source=HOME, target=version, terms=terms)


def outward(
    kind: str, document: bytes, version: Version, terms: Terms, members: Document | None = None
) -> Passed:
    """A document of the house in a partner's version; `members`: it, where it is read already."""
    if is_alike(kind, version, terms):
        return Passed(document)
    plain = _members(document) if members is None else members
    bridged = convert(kind, plain, source=HOME, target=version, terms=terms)
    return _passed(document, bridged.value, bridged.notes)


def cored(kind: str, document: bytes, lacking: Collection[str]) -> Passed:
    """A document of 2.3.0 for a partner that lacks these packages (OCPI 2.3.0 §mod_bookings)."""
    step = without(kind, lacking)
    if step is None or not may_say(document, lacking):
        return Passed(document)
    crossing = Crossing(Terms())
    found = step(_members(document), "", crossing)
    return _passed(document, found, tuple(crossing.notes)) if crossing.notes else Passed(document)


def between(kind: str, document: bytes, source: Version, target: Version, terms: Terms) -> Passed:
    """A document of one partner's version in another's."""
    if source == target or (is_home(kind, target) and is_home(kind, source)):
        return Passed(document)
    bridged = convert(kind, _members(document), source=source, target=target, terms=terms)
    return _passed(document, bridged.value, bridged.notes)


def floor(
    kind: str, document: bytes, spoken: Sequence[str], *, foreign: bool, now: int | None = None
) -> str:
    """The number of the lowest version that an object may be shown to, or nothing.

    Nothing where that is no matter: to every version that the house speaks. `foreign`: it came in
    another version, so that it may say what ours cannot. After `!` stand the letters of what a
    profile must allow to be shown it in the version below too, and after another one those of the
    next: `2.2.1!ls`, `2.3.0!r!s`. `now`: microseconds.
    """
    if not has_floors(kind, spoken, foreign=foreign):
        return ""
    found = reach(kind, _members(document), now=_moment(now))
    if not is_above_lowest(found.lowest, spoken):
        return ""
    return f"{found.lowest.number}{found.opens}"


def has_floors(kind: str, spoken: Sequence[str], *, foreign: bool) -> bool:
    """Whether objects of that kind can be such that not all that the house speaks can say them."""
    return kind in KINDS and (foreign or is_above_lowest(HOME, spoken))


def turn_of(kind: str, document: bytes, spoken: Sequence[str], now: int) -> int | None:
    """When (µs) the floor of an object changes next by itself; None if it does not."""
    if not is_above_lowest(HOME, spoken) or _DATED not in document:
        return None
    moment = datetime.fromtimestamp(now / 1e6, UTC)
    found = turn(kind, _members(document), moment)
    return None if found is None else round(found.timestamp() * 1e6)


def first_turn(tariffs: Iterable[Document], terms: Terms) -> int | None:
    """When (µs) the first of these tariffs begins or ends; None if none will."""
    now = terms.now
    found = [] if now is None else [turn("Tariff", tariff, now) for tariff in tariffs]
    return min((round(one.timestamp() * 1e6) for one in found if one is not None), default=None)


def floors_shown(
    kind: str,
    version: Version,
    spoken: Iterable[str],
    relaxations: Iterable[str] = (),
    *,
    postal_code: bool = False,
) -> Iterator[str]:
    """The floors of what a partner of that version and profile is shown, beside what has none."""
    spoken = tuple(spoken)
    given = frozenset(relaxations)
    for one in VERSIONS.values():
        if is_above_lowest(one, spoken):
            if one.rank <= version.rank:
                yield one.number
            for more in opened(kind, one, version, given, postal_code=postal_code):
                yield f"{one.number}{more}"


def basis(spoken: Iterable[str]) -> tuple[tuple[str, ...], int]:
    """What the floors of stored objects depend on beside the objects: versions and rules."""
    return tuple(sorted(spoken)), RULES


def has_older_than_home(versions: Iterable[Version]) -> bool:
    """Whether one of them says less than the house's own."""
    return any(one.rank < HOME.rank for one in versions)


def read_plain(document: bytes) -> Any:
    """Plain JSON with exact numbers."""
    return _PLAIN.decode(document)


def _moment(now: int | None) -> datetime | None:
    return None if now is None else datetime.fromtimestamp(now / 1e6, UTC)


def _members(document: bytes) -> Document:
    found = _PLAIN.decode(document)
    if not isinstance(found, dict):
        raise CallerError("$: a JSON object is needed")
    return found


def _passed(before: bytes, after: Document | None, notes: tuple[Note, ...]) -> Passed:
    """The same bytes where nothing changed."""
    if after is None:
        return Passed(None, notes)
    data = _ENCODER.encode(after)
    return Passed(data, notes)
