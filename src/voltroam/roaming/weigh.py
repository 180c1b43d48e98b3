"""Pure decisions about a write: is it older, does it change anything, may it follow."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

import msgspec

from voltroam.roaming.received import Received, kept
from voltroam.standard.endpoints import Resource
from voltroam.standard.errors import CallerError
from voltroam.store.interface import ObjectDraft, ObjectRow
from voltroam.wire.decode import Problem, Severity

AHEAD = 10 * 60 * 1_000_000
"""Microseconds; a time further ahead of our clock is not believed (design: staleness)."""

LONGEST_FLOW = 200
"""Characters of a correlation id that are kept beside an object."""

_PLAIN = msgspec.json.Decoder(float_hook=Decimal)
_MEMBERS = msgspec.json.Decoder(dict[str, msgspec.Raw])


class Outcome(StrEnum):
    """What became of an object that came in."""

    CREATED = "created"
    CHANGED = "changed"
    REMOVED = "removed"
    UNCHANGED = "unchanged"
    """The same content: nothing moves."""
    OLDER = "older"
    """Ours is newer and stays; the sender is told 1000."""
    CONFLICT = "conflict"
    """Other content under the id of an object that never changes; the sender is told 2001."""


class Accepted(NamedTuple):
    """The result of a write that was not refused by an exception.

    `problems`: what lenient reading kept. `document`: the object as it now stands.
    """

    outcome: Outcome
    document: bytes
    problems: tuple[Problem, ...] = ()

    @property
    def refusal(self) -> CallerError | None:
        """2001 for a CONFLICT; whoever accepted must tell the sender."""
        if self.outcome is not Outcome.CONFLICT:
            return None
        return CallerError("Other content is stored under this id, and it never changes")


def is_older(new: int, held: int, now: int) -> bool:
    """Compare times in µs; a held time far ahead of our clock is compared by arrival instead."""
    return new < held <= now + AHEAD


def clock_problems(last_updated: int, now: int) -> tuple[Problem, ...]:
    """The note on a time that is too far ahead."""
    if last_updated <= now + AHEAD:
        return ()
    return (
        Problem("$.last_updated", Severity.WARNING, "clock", "more than 10 minutes ahead of ours"),
    )


def same(one: bytes, other: bytes) -> bool:
    """Equal as JSON: numbers by value, whatever the spacing and the order of members."""
    return one == other or _PLAIN.decode(one) == _PLAIN.decode(other)


def check_final(resource: Resource, held: bytes, new: bytes) -> None:
    """CallerError 2001 if a member leaves a final value (SES-FLOW-05)."""
    if not resource.finals:
        return
    before, after = _MEMBERS.decode(held), _MEMBERS.decode(new)
    for member, values in resource.finals.items():
        was, will = _text(before.get(member)), _text(after.get(member))
        if was in values and will not in values:
            raise CallerError(f"$.{member}: {was} is final")


def notes_of(problems: Iterable[Problem]) -> bytes | None:
    listed = list(problems)
    return msgspec.json.encode(listed) if listed else None


def is_private(row: ObjectRow | None) -> bool:
    """The operator's mark lives in the row's sidecar: `{"private": true}`."""
    if row is None or row.sidecar is None:
        return False
    return bool(msgspec.json.decode(row.sidecar).get("private", False))


def addressee(row: ObjectRow | None) -> tuple[str, ...] | None:
    """The folded party that an own object is addressed to, kept in its sidecar: `{"to": …}`."""
    if row is None or row.sidecar is None:
        return None
    party = msgspec.json.decode(row.sidecar).get("to")
    return (party,) if isinstance(party, str) else None


def addressed(sidecar: bytes | None, to: Sequence[str] | None) -> bytes | None:
    """The sidecar with the party that the object is for; None leaves what it says."""
    if not to:
        return sidecar
    members = msgspec.json.decode(sidecar) if sidecar else {}
    return msgspec.json.encode(members | {"to": to[0]})


def marked(
    sidecar: bytes | None, private: bool, flow: str = "", received: Received | None = None
) -> bytes | None:
    """The sidecar with the private mark set or taken away, and the flow of the newest write.

    `received`: the document in its own version, where that is another than the row's.
    """
    if not (sidecar or private or flow or received):
        return None
    members = kept(msgspec.json.decode(sidecar) if sidecar else {}, received)
    members.pop("private", None)
    members.pop("flow", None)
    if private:
        members["private"] = True
    if flow:
        members["flow"] = flow[:LONGEST_FLOW]
    return msgspec.json.encode(members) if members else None


def flow_of(row: ObjectRow) -> str:
    """The correlation id of the push that brought a hub the object as it is; empty: none did."""
    if row.sidecar is None:
        return ""
    return str(msgspec.json.decode(row.sidecar).get("flow", ""))


def with_source(row: ObjectRow, source: str | None) -> tuple[ObjectDraft, ...]:
    """A quiet draft if the source is new: no change for partners, but one more way to us."""
    if source is None or source in row.sources or row.deleted:
        return ()
    return (
        ObjectDraft(
            row.key, row.version, row.document, row.last_updated, row.audience,
            row.sources | {source}, row.notes, row.sidecar, row.deleted, quiet=True,
        ),
    )  # fmt: skip


def _text(value: msgspec.Raw | None) -> str | None:
    decoded = msgspec.json.decode(value) if value is not None else None
    return decoded if isinstance(decoded, str) else None
