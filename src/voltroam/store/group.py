"""What a group of changes writes: pure, shared by both back ends.

Changes run in order over an overlay, so a later one sees what an earlier one of the same group
wrote. One that raises writes nothing and fails only its own caller. Each object ends in one row
and takes at most one feed number, whatever the count of its writes in the group.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from voltroam.store.interface import (
    Change,
    Decision,
    EventDraft,
    Former,
    Held,
    ObjectDraft,
    ObjectKey,
    ObjectRow,
    Record,
    RecordDraft,
    RecordKey,
)
from voltroam.store.rows import Values, write_former, write_sources

AnyChange = Change[Any]


class Outcome(msgspec.Struct, frozen=True):
    """What one caller gets: a result, or the error that its own change raised."""

    result: Any = None
    error: Exception | None = None


@dataclass(slots=True)
class Entry:
    """One object of the group: as loaded, as it will be, and whether its feed number moves."""

    loaded: ObjectRow | None
    row: ObjectRow
    moves: bool = False


@dataclass(slots=True)
class Plan:
    """All that a group writes, before feed numbers are known."""

    outcomes: list[Outcome] = field(default_factory=list)
    objects: dict[ObjectKey, Entry] = field(default_factory=dict)
    records: dict[RecordKey, Record | None] = field(default_factory=dict)
    """The final state of each record written; None removes it."""
    events: list[EventDraft] = field(default_factory=list)
    unnamed_objects: set[ObjectKey] = field(default_factory=set)
    unnamed_records: set[RecordKey] = field(default_factory=set)
    """Keys that drafts write although their change did not name them: load them, plan again."""

    @property
    def writes(self) -> bool:
        return bool(self.objects or self.records or self.events)

    @property
    def complete(self) -> bool:
        return not (self.unnamed_objects or self.unnamed_records)

    @property
    def moves(self) -> int:
        """How many feed numbers it takes."""
        return sum(entry.moves for entry in self.objects.values())


def plan(
    changes: Sequence[AnyChange],
    objects: Mapping[ObjectKey, ObjectRow | None],
    records: Mapping[RecordKey, Record | None],
    now: int,
) -> Plan:
    """Run each `decide` in order. `objects` and `records` hold None for a key that is absent."""
    return _Planner(objects, records, now).run(changes)


class _Planner:
    def __init__(
        self,
        objects: Mapping[ObjectKey, ObjectRow | None],
        records: Mapping[RecordKey, Record | None],
        now: int,
    ) -> None:
        self._loaded = objects
        self._objects = dict(objects)
        self._records = dict(records)
        self._now = now
        self._plan = Plan()

    def run(self, changes: Sequence[AnyChange]) -> Plan:
        outcomes = self._plan.outcomes
        for change in changes:
            try:
                decision = change.decide(self._held(change))
            except Exception as error:
                outcomes.append(Outcome(error=error))
                continue
            outcomes.append(Outcome(decision.result))
            if self._known(decision):
                self._write(decision)
        return self._plan

    def _held(self, change: AnyChange) -> Held:
        objects = {}
        for key in change.objects:
            row = self._objects[key]
            if row is not None:
                objects[key] = row
        records = {}
        for name in change.records:
            record = self._records[name]
            if record is not None:
                records[name] = record
        return Held(objects, records, self._now)

    def _known(self, decision: Decision[Any]) -> bool:
        known = True
        for draft in decision.objects:
            if draft.key not in self._objects:
                self._plan.unnamed_objects.add(draft.key)
                known = False
        for record in decision.records:
            if not record.new and record.key not in self._records:
                self._plan.unnamed_records.add(record.key)
                known = False
        return known

    def _write(self, decision: Decision[Any]) -> None:
        for draft in decision.objects:
            self._write_object(draft)
        for record in decision.records:
            self._write_record(record)
        if decision.events:
            self._plan.events.extend(decision.events)

    def _write_object(self, draft: ObjectDraft) -> None:
        before = self._objects[draft.key]
        if before is not None and _same_object(before, draft) and not draft.again:
            return
        # A deleted object that comes again is a new one: the end of every list is its place.
        fresh = before is None or (before.deleted and not draft.deleted)
        row = ObjectRow(
            draft.key,
            draft.version,
            draft.document,
            draft.last_updated,
            draft.audience,
            draft.sources,
            draft.notes,
            draft.sidecar,
            before.former if before else (),
            draft.deleted,
            before.stored_at if before and (draft.alike or draft.again) else self._now,
            0 if before is None or fresh else before.created,
            before.changed if before else 0,
            before.revision + 1 if before else 1,
        )
        self._objects[draft.key] = row
        entry = self._plan.objects.get(draft.key)
        if entry is None:
            entry = self._plan.objects[draft.key] = Entry(self._loaded[draft.key], row)
        entry.row = row
        entry.moves = (
            entry.moves
            or fresh
            or not (draft.quiet or draft.alike)
            or before is None
            or (before.audience != draft.audience and not draft.alike)
            or before.deleted != draft.deleted
        )

    def _write_record(self, draft: RecordDraft) -> None:
        before = self._records.get(draft.key)
        if draft.document is None:
            if before is None:
                return
            after = None
        else:
            revision = before.revision + 1 if before else 1
            after = Record(draft.key, draft.document, draft.parent, draft.due, revision)
            if before is not None and _same_record(before, draft):
                return
        self._records[draft.key] = after
        self._plan.records[draft.key] = after


def _same_object(row: ObjectRow, draft: ObjectDraft) -> bool:
    return (
        row.last_updated == draft.last_updated
        and row.document == draft.document
        and row.version == draft.version
        and row.audience == draft.audience
        and row.deleted == draft.deleted
        and row.sources == draft.sources
        and row.notes == draft.notes
        and row.sidecar == draft.sidecar
    )


def _same_record(record: Record, draft: RecordDraft) -> bool:
    return (
        record.document == draft.document
        and record.parent == draft.parent
        and record.due == draft.due
    )


class Write(msgspec.Struct, frozen=True):
    """One object row with its numbers, in the order of OBJECT_COLUMNS."""

    loaded: ObjectRow | None
    values: Values

    @property
    def in_place(self) -> bool:
        """Only content moves: no list, no count, no place in a list."""
        return (
            self.loaded is not None
            and self.loaded.created == self.values[10]
            and self.loaded.audience == self.values[5]
            and self.loaded.deleted == bool(self.values[8])
            and self.loaded.former == ()
        )


def number(plan: Plan, feed: int) -> list[Write]:
    """Give out the feed numbers after `feed`, without a gap."""
    writes = []
    for entry in plan.objects.values():
        row = entry.row
        changed = row.changed
        if entry.moves:
            feed += 1
            changed = feed
        former = _former(entry.loaded, row.audience, changed)
        values = (
            *row.key,
            row.version,
            row.last_updated,
            row.audience,
            write_sources(row.sources),
            write_former(former),
            int(row.deleted),
            row.stored_at,
            row.created or changed,
            changed,
            row.revision,
            row.notes,
            row.sidecar,
            row.document,
        )
        writes.append(Write(entry.loaded, values))
    return writes


def _former(loaded: ObjectRow | None, audience: str, changed: int) -> tuple[Former, ...]:
    """An audience that sees the object again is no former one; each stands once."""
    if loaded is None:
        return ()
    if loaded.audience == audience:
        return loaded.former
    kept = [entry for entry in loaded.former if entry.audience not in (audience, loaded.audience)]
    return (*kept, Former(loaded.audience, changed))


def counted(plan: Plan) -> dict[tuple[str, str], int]:
    """How the kept totals move, by kind and audience; tombstones do not count."""
    totals: dict[tuple[str, str], int] = {}
    for entry in plan.objects.values():
        for row, step in ((entry.loaded, -1), (entry.row, 1)):
            if row is not None and not row.deleted:
                place = (row.key.kind, row.audience)
                totals[place] = totals.get(place, 0) + step
    return {place: step for place, step in totals.items() if step}
