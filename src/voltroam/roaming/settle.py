"""How a decided write is put down: draft, audience, sources, notes and event together."""

from collections.abc import Callable, Mapping, Sequence

import msgspec

from voltroam.bridge.passage import Inward
from voltroam.roaming.audience import audience_of
from voltroam.roaming.directory import ROSTER
from voltroam.roaming.keys import spelled
from voltroam.roaming.marks import mark_key, only
from voltroam.roaming.owners import Claim
from voltroam.roaming.platforms import Identity, Platform
from voltroam.roaming.received import Received, as_received
from voltroam.roaming.turns import turns
from voltroam.roaming.weigh import (
    Accepted,
    Outcome,
    addressed,
    addressee,
    clock_problems,
    is_private,
    marked,
    notes_of,
    with_source,
)
from voltroam.standard.endpoints import Audience, Resource
from voltroam.standard.errors import CallerError, UnknownPlace
from voltroam.standard.parties import PartyId
from voltroam.standard.versions import HOME, Version
from voltroam.store.interface import (
    Change,
    Decision,
    EventDraft,
    Held,
    ObjectDraft,
    ObjectKey,
    ObjectRow,
    RecordDraft,
    RecordKey,
)
from voltroam.wire.decode import Problem, Severity


class Writer(msgspec.Struct, frozen=True):
    """On whose behalf an object comes in, and how it is read.

    `source` None: we ourselves (an import). `strict` refuses what is against the standard, else
    only what is unusable is refused. `authoritative`: a full pull from the owner, which wins over
    stored times.
    """

    identity: Identity
    version: Version
    source: Platform | None = None
    strict: bool = False
    authoritative: bool = False
    began: int | None = None
    """When that pull began (µs): what arrived since is newer than its pages."""
    flow: str = ""
    """The correlation id under which a hub passes the object on (CORE-MSGID-10)."""
    to: PartyId | None = None
    """The party that our own object is for, of a kind that is addressed; None leaves it."""
    inward: Inward | None = None
    """How what it writes is brought home, where it speaks another version than the house."""

    def wins_over(self, row: ObjectRow) -> bool:
        """Whether what is written stands whatever the times in the documents say."""
        return self.authoritative and (self.began is None or row.stored_at < self.began)

    def home(self, document: bytes) -> tuple[bytes, Received | None]:
        """The document as the house keeps it, and as it was received if that is another.

        CallerError 2001 if it cannot be said in the house's version at all.
        """
        if self.inward is None:
            return document, None
        passed = self.inward(document)
        if passed.document is None:
            raise CallerError(f"not usable in this version: {passed.why_not}")
        return passed.document, Received(self.version, document)

    def said(self, row: ObjectRow) -> bytes:
        """What is held, in the version that the writer speaks: a change is one of that.

        As received, else as we would tell it: a partner may have changed its version meanwhile.
        CallerError 2001 if that version cannot say it.
        """
        if self.inward is None:
            return row.document
        held = as_received(row)
        passed = self.inward.said(held.document, held.version)
        if passed.document is None:
            raise CallerError(f"PUT it whole, it cannot be changed here: {passed.why_not}")
        return passed.document

    def ids(self, ids: Mapping[str, object]) -> Mapping[str, object]:
        """The identifying members that it writes, as the house has them."""
        return ids if self.inward is None else self.inward.ids(ids)

    @property
    def source_id(self) -> str | None:
        return self.source.id if self.source else None


class Target(msgspec.Struct, frozen=True):
    """One object that one writer wants to change."""

    resource: Resource
    owner: PartyId
    key: ObjectKey
    writer: Writer
    place: ObjectKey | None = None
    """The location that it says to lie at, where its kind has one."""

    def change(
        self, decide: Callable[[ObjectRow | None, Held], Decision[Accepted]]
    ) -> Change[Accepted]:
        """The writer's right is checked first, inside the transaction."""
        claim = Claim(self.resource, self.owner, self.writer.source, self.writer.identity)

        def checked(held: Held) -> Decision[Accepted]:
            claim.check(held)
            decision = decide(held.objects.get(self.key), held)
            met = claim.met(held)
            return _with(decision, met) if met else decision

        return Change(
            checked,
            objects=(self.key, *claim.objects, *([self.place] if self.place else [])),
            records=(*claim.records, *self._mark()),
        )

    def unplaced(self, held: Held) -> tuple[Problem, ...]:
        """Its operator told us of no such location (yet). Raises UnknownPlace where strict."""
        if self.place is None:
            return ()
        row = held.objects.get(self.place)
        if row is not None and not row.deleted:
            return ()
        if self.writer.strict:
            raise UnknownPlace(f"$.{self.resource.lies_at}: no such location of that operator")
        return (
            Problem(
                f"$.{self.resource.lies_at}", Severity.ERROR, "location",
                "no such location of that operator",
            ),
        )  # fmt: skip

    def _mark(self) -> tuple[RecordKey, ...]:
        """Who alone may see an object of ours is asked where it is written."""
        own = self.resource.narrowable and self.writer.identity.holds(self.owner)
        return (mark_key(self.key),) if own else ()


def _with(decision: Decision[Accepted], met: tuple[ObjectDraft, ...]) -> Decision[Accepted]:
    """The decision, and whom it makes known."""
    events = (event(draft.key, "changed") for draft in met if not draft.quiet)
    return msgspec.structs.replace(
        decision, objects=(*decision.objects, *met), events=(*decision.events, *events)
    )


def settle(
    target: Target,
    row: ObjectRow | None,
    document: bytes,
    held: Held,
    *,
    last_updated: int,
    problems: Sequence[Problem],
    outcome: Outcome | None = None,
    private: bool | None = None,
    received: Received | None = None,
) -> Decision[Accepted]:
    """Write the object as it shall stand. `private` None leaves the operator's mark.

    `received`: its document in the version that it came in, where that is not the house's.
    """
    resource, writer = target.resource, target.writer
    live = row is not None and not row.deleted
    found = (*problems, *target.unplaced(held), *clock_problems(last_updated, held.now))
    hidden = is_private(row) if private is None else private
    sidecar = marked(row.sidecar if row else None, hidden, writer.flow, received)
    few = only(held, target.key)
    if resource.audience is Audience.ADDRESSED:
        few = addressee(row) if writer.to is None else (writer.to.folded,)
        sidecar = addressed(sidecar, few)
    draft = ObjectDraft(
        target.key,
        (HOME if received else writer.version).number,
        document,
        last_updated,
        audience_of(
            resource, document, target.owner, writer.identity,
            private=hidden, only=few, foreign=received is not None, now=held.now,
        ),
        _sources(row, writer),
        notes_of(found),
        sidecar,
    )  # fmt: skip
    turning = turns(resource, draft, writer.identity, held.now)
    return Decision(
        Accepted(outcome or (Outcome.CHANGED if live else Outcome.CREATED), document, found),
        objects=(draft,),
        records=(*_roster(resource, writer), *turning),
        events=(event(target.key, "changed"),),
    )


def older(row: ObjectRow, writer: Writer) -> Decision[Accepted]:
    """Ours is newer: keep it, tell 1000, and count it."""
    return Decision(
        Accepted(Outcome.OLDER, row.document),
        objects=with_source(row, writer.source_id),
        events=(event(row.key, "older"),),
    )


def unchanged(row: ObjectRow, writer: Writer) -> Decision[Accepted]:
    """Nothing moves; a source that is new is remembered."""
    return Decision(
        Accepted(Outcome.UNCHANGED, row.document), objects=with_source(row, writer.source_id)
    )


def conflict(row: ObjectRow, document: bytes) -> Decision[Accepted]:
    """Other content for what never changes: ours stays, the event shows what came."""
    return Decision(
        Accepted(Outcome.CONFLICT, row.document),
        events=(event(row.key, "conflict", document),),
    )


def event(key: ObjectKey, what: str, document: bytes = b"") -> EventDraft:
    """`locations.changed` and the like. The object itself is in the store and would make the log
    as large as all traffic; only what the store does not keep comes along."""
    return EventDraft(f"{key.kind}.{what}", spelled(key), document)


def _sources(row: ObjectRow | None, writer: Writer) -> frozenset[str]:
    """Own objects have none; a removed object starts anew."""
    if writer.source_id is None:
        return frozenset()
    held = row.sources if row is not None and not row.deleted else frozenset()
    return held | {writer.source_id}


def _roster(resource: Resource, writer: Writer) -> tuple[RecordDraft, ...]:
    """Once a hub has told about one party, only parties that it told about come in through it."""
    if resource.audience is not Audience.NOBODY or writer.source is None:
        return ()
    return (RecordDraft(RecordKey(ROSTER, writer.source.id), b"true"),)
