"""Where a driver's token stands, and its erasure from every table while the money stays.

A token object goes whole. In sessions, CDRs and everything that we noted, uid, contract and visual
number give way to one random pseudonym that leads nowhere back; amounts, times and ids keep their
bytes. No partner is told: feed numbers stand still.
"""

import secrets
from collections.abc import AsyncIterator, Sequence

import msgspec
from msgspec import structs

from voltroam.bridge.named import TOKEN_TYPE, digest
from voltroam.bridge.v2_1_1.tokens import TOKEN as TOKEN_NAMES
from voltroam.delivery.erasing_words import Words, is_of_type, linked_words, spellings
from voltroam.delivery.records import PARKED, QUARANTINE, CdrEntry, CdrState, ledger_key, read
from voltroam.roaming.keys import JOINT, spelled
from voltroam.roaming.names import PAIR, Pair, rewritten
from voltroam.roaming.one_party import NAME
from voltroam.roaming.paying.paying import ADVICE, PAYMENT, REFERRED
from voltroam.roaming.paying.payment import Payment, is_settled
from voltroam.roaming.received import received_in
from voltroam.roaming.redaction import secrets_in
from voltroam.roaming.vault import Vault
from voltroam.standard.endpoints import CDR, LOCATION, SESSION, TOKEN
from voltroam.standard.errors import CallerError, NodeError
from voltroam.standard.packages import BOOKING
from voltroam.standard.parties import fold
from voltroam.store.interface import (
    Change,
    Decision,
    Event,
    Held,
    ObjectDraft,
    ObjectRow,
    Record,
    RecordDraft,
    RecordKey,
    Store,
)

PIECE = 200
WHOLE = frozenset({PARKED, "exempt", "token_limits", "hub_bond", NAME})
"""Kinds of records that are about the token alone: they go whole."""
SEALED = frozenset(
    {
        "platform", "credentials_token", "webhook", "operator_key", "following", "booking_due",
        "terminal_off", "reconciliation", "invoiced",
    }
)  # fmt: skip
"""Kinds that hold no driver's data; those of invoices name CDRs by their ids, and ids stay."""
BY_REFERENCE = frozenset({PAYMENT, REFERRED})
"""Kinds whose id is an authorization_reference: of a card payment it is the token's uid too."""
SETTLED = frozenset({CdrState.ACCEPTED, CdrState.REFUSED})
_LISTED = 1_000
"""Places that a report names; it counts all of them."""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What was found, or changed, by kind; objects by their key, the rest by kind and id."""

    found: dict[str, int] = {}
    places: list[str] = []
    live: list[str] = []
    """Sessions that run, CDRs on their way, bookings and payments that are not over: erasing now
    would spoil their bill."""
    valid: int = 0
    """Token objects that say `valid`: partners that hold them are not told."""
    kept: list[str] = []
    """Ids of sessions, CDRs and the like that hold the uid themselves; ids stay."""
    pseudonym: str | None = None
    """What stands in its place now; None: nothing was changed."""
    scrubbed: bool = False
    """The database file holds no older copies any more."""


class _Found:
    """A report in the making; a place never shows the uid."""

    def __init__(self, words: Words) -> None:
        self._words = words
        self.counts: dict[str, int] = {}
        self.places: list[str] = []
        self.live: list[str] = []
        self.kept: list[str] = []
        self.valid = 0

    def add(self, kind: str, place: str) -> None:
        self.counts[kind] = self.counts.get(kind, 0) + 1
        if kind not in ("event", TOKEN.kind) and len(self.places) < _LISTED:
            self.places.append(self._words.replaced(place))

    def report(self, pseudonym: str | None, scrubbed: bool) -> Report:
        return Report(
            found=dict(sorted(self.counts.items())), places=self.places, live=self.live,
            valid=self.valid, kept=self.kept, pseudonym=pseudonym, scrubbed=scrubbed,
        )  # fmt: skip


class Erasing:
    """Reads the whole database for each question: an act of minutes, not of every day."""

    def __init__(self, store: Store, vault: Vault) -> None:
        self._store = store
        self._vault = vault

    async def find(self, uid: str, type_: str | None = None) -> Report:
        """Where it stands. Changes nothing."""
        words = await self._words(uid, type_, "[uid]")
        return (await self._look(words, fold(uid), type_)).report(None, False)

    async def erase(
        self, uid: str, type_: str | None = None, *, force: bool = False, dry_run: bool = False
    ) -> Report:
        """Erase it. Raises CallerError, changing nothing, while a session, booking or payment of it
        goes on or its CDR is on its way, unless `force`."""
        if dry_run:
            return await self.find(uid, type_)
        pseudonym = f"ERASED-{secrets.token_hex(8)}"
        words = await self._words(uid, type_, pseudonym)
        found = await self._look(words, fold(uid), type_)
        if found.live and not force:
            raise CallerError(
                f"{len(found.live)} sessions, bookings, payments or CDRs of it are not over:"
                f" {', '.join(found.live[:5])}; wait for them, or force it"
            )
        if not found.counts:
            return found.report(None, False)
        await self._erase(words, fold(uid), type_)
        try:
            await self._store.scrub()
        except NodeError:
            return found.report(pseudonym, False)
        return found.report(pseudonym, True)

    async def _words(self, uid: str, type_: str | None, instead: str) -> Words:
        """The uid and its fingerprints; its contract and number unless another token has them."""
        folded = fold(uid)
        alone = Words([uid], instead)
        mine: set[str] = set()
        others: set[str] = set()
        spelt = {uid, folded, uid.lower()}
        async for document in self._documents():
            if alone.maybe_in(document):
                mine |= linked_words(document, folded, type_)[0]
                spelt |= spellings(document, folded)
        linked = Words(mine, instead)
        async for document in self._documents():
            if mine and linked.maybe_in(document):
                others |= linked_words(document, folded, type_)[1]
        traces = [*self._vault.hashes(folded), *(digest(one) for one in spelt)]
        return Words([uid, *traces, *(mine - others)], instead)

    async def _documents(self) -> AsyncIterator[bytes]:
        async for rows in self._objects():
            for row in rows:
                yield row.document
        async for records in self._records():
            for record in records:
                yield record.document
        async for events in self._events():
            for event in events:
                yield event.document

    # -- looking --------------------------------------------------------------------------------

    async def _look(self, words: Words, uid: str, type_: str | None) -> _Found:
        found = _Found(words)
        async for rows in self._objects():
            for row in rows:
                if self._is_hit(words, row, uid, type_):
                    await self._note(found, words, row)
        async for records in self._records():
            for record in records:
                if _after(words, record, uid, type_) != [_same(record)]:
                    place = f"{record.key.kind} {record.key.id}"
                    found.add(record.key.kind, place)
                    if record.key.kind == PAYMENT and not is_settled(read(record, Payment)):
                        found.live.append(words.replaced(place))
        async for events in self._events():
            for event in events:
                if _reworded(words, event, uid, type_) != event:
                    found.add("event", "")
        return found

    async def _note(self, found: _Found, words: Words, row: ObjectRow) -> None:
        found.add(row.key.kind, spelled(row.key))
        if _is_token(row):
            found.valid += _status(row.document).valid and not row.deleted
            return
        if words.in_text(row.key.id):
            found.kept.append(f"{row.key.kind}/{row.key.owner}/…")
        if await self._is_live(row):
            found.live.append(words.replaced(spelled(row.key)))

    def _is_hit(self, words: Words, row: ObjectRow, uid: str, type_: str | None) -> bool:
        if _is_token(row):
            own, of = _token_id(row)
            return own == uid and type_ in (None, of)
        return _rewritten(words, row, uid, type_) is not None

    async def _is_live(self, row: ObjectRow) -> bool:
        if row.deleted:
            return False
        if row.key.kind == SESSION.kind:
            return _status(row.document).status not in SESSION.finals["status"]
        if row.key.kind == BOOKING.kind:
            state = _status(row.document).reservation_status
            return state not in BOOKING.finals["reservation_status"]
        if row.key.kind != CDR.kind:
            return False
        record = await self._store.record(ledger_key(row.key))
        return record is not None and read(record, CdrEntry).state not in SETTLED

    # -- erasing --------------------------------------------------------------------------------

    async def _erase(self, words: Words, uid: str, type_: str | None) -> None:
        async for rows in self._objects():
            hits = [row for row in rows if self._is_hit(words, row, uid, type_)]
            tokens = [row for row in hits if _is_token(row)]
            for row in tokens:
                await self._forget(row)
            if others := [row for row in hits if not _is_token(row)]:
                await self._store.apply(_objects_change(words, others, uid, type_))
        async for records in self._records():
            hits_of = [it for it in records if _after(words, it, uid, type_) != [_same(it)]]
            if hits_of:
                await self._store.apply(_records_change(words, hits_of, uid, type_))
            for partner in {it.parent for it in hits_of if it.key.kind == PAIR}:
                await rewritten(self._store, partner)
        async for events in self._events():
            changed = [
                new for event in events if (new := _reworded(words, event, uid, type_)) != event
            ]
            if changed:
                await self._store.rewrite_events(changed)

    async def _forget(self, row: ObjectRow) -> None:
        """Whatever it has become meanwhile."""
        held: ObjectRow | None = row
        while held is not None and not await self._store.forget([(held.key, held.revision)]):
            held = await self._store.get(row.key)

    # -- the whole database ---------------------------------------------------------------------

    async def _objects(self) -> AsyncIterator[list[ObjectRow]]:
        """Tombstones too."""
        after = 0
        while rows := await self._store.feed(after, PIECE):
            yield rows
            after = rows[-1].changed

    async def _records(self) -> AsyncIterator[list[Record]]:
        for kind in await self._store.record_kinds():
            if kind in SEALED:
                continue
            after = ""
            while page := await self._store.records(kind, after=after, limit=PIECE):
                yield page
                after = page[-1].key.id

    async def _events(self) -> AsyncIterator[list[Event]]:
        after = 0
        while events := await self._store.events(after, PIECE):
            yield events
            after = events[-1].sequence


class _Status(msgspec.Struct):
    status: str = ""
    reservation_status: str = ""
    valid: bool = False
    module: str = ""


def _status(document: bytes) -> _Status:
    try:
        return msgspec.json.decode(document, type=_Status)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return _Status()


def _is_token(row: ObjectRow) -> bool:
    return row.key.kind == TOKEN.kind


def _token_id(row: ObjectRow) -> tuple[str, str]:
    """Uid and type, folded."""
    uid, _, type_ = row.key.id.rpartition(JOINT)
    return uid, type_


def _rewritten(words: Words, row: ObjectRow, uid: str, type_: str | None) -> ObjectDraft | None:
    """The object without the words; None: they are not in it."""
    if not is_of_type(row.document, uid, type_):
        return None
    if row.key.kind == LOCATION.kind and not _names_driver(words, row):
        return None
    document = words.rewrite(row.document)
    notes = None if row.notes is None else words.rewrite(row.notes)
    sidecar = None if row.sidecar is None else words.rewrite(row.sidecar)
    if (document, notes, sidecar) == (row.document, row.notes, row.sidecar):
        return None
    return ObjectDraft(
        row.key, row.version, document, row.last_updated, row.audience, row.sources, notes,
        sidecar, deleted=row.deleted, quiet=True,
    )  # fmt: skip


def _names_driver(words: Words, row: ObjectRow) -> bool:
    """An EVSE has a `uid` too: only where a location names drivers is it looked through."""
    received = received_in(row.sidecar)
    documents = [row.document] if received is None else [row.document, received.document]
    return any(fold(text) in words.words for one in documents for text in secrets_in(LOCATION, one))


def _objects_change(
    words: Words, rows: Sequence[ObjectRow], uid: str, type_: str | None
) -> Change[None]:
    keys = [row.key for row in rows]

    def decide(held: Held) -> Decision[None]:
        standing = (held.objects.get(key) for key in keys)
        drafts = (_rewritten(words, row, uid, type_) for row in standing if row is not None)
        return Decision(None, objects=[draft for draft in drafts if draft is not None])

    return Change(decide, objects=keys)


def _same(record: Record) -> RecordDraft:
    return RecordDraft(record.key, record.document, record.parent, record.due)


def _after(words: Words, record: Record, uid: str, type_: str | None) -> list[RecordDraft]:
    """The record as it shall stand: rewritten, under another id, or gone."""
    kind = record.key.kind
    named = words.in_parts(record.key.id) or words.in_parts(record.parent)
    if not is_of_type(record.document, uid, type_):
        return [_same(record)]
    if kind == PAIR and not _is_of_token(record, type_):
        return [_same(record)]
    document = _document(words, record)
    if named and kind in WHOLE:
        return [RecordDraft(record.key, None)]
    if (
        document != record.document
        and kind == QUARANTINE
        and _status(document).module == TOKEN.kind
    ):
        return [RecordDraft(record.key, None)]
    key, parent = record.key, record.parent
    if kind in BY_REFERENCE:
        key = RecordKey(kind, fold(words.replaced(key.id)))
    if kind == ADVICE:
        parent = fold(words.replaced(parent))
    gone = [] if key == record.key else [RecordDraft(record.key, None)]
    return [*gone, RecordDraft(key, document, parent, record.due)]


def _document(words: Words, record: Record) -> bytes:
    if record.key.kind == REFERRED:  # nothing within but the CDR's id, which stays
        return record.document
    if record.key.kind == PAIR:
        pair = msgspec.json.decode(record.document, type=Pair)
        return msgspec.json.encode(
            Pair(pair.table, words.replaced(pair.home), words.replaced(pair.theirs))
        )
    return words.rewrite(record.document)


def _is_of_token(record: Record, type_: str | None) -> bool:
    """Of a bridge's names, only those of tokens tell of a driver; the rest are ids, and stay."""
    pair = msgspec.json.decode(record.document, type=Pair)
    if not pair.table.startswith(TOKEN_TYPE):
        return pair.table == TOKEN_NAMES
    return type_ is None or pair.home.startswith(f"{type_}|")


def _records_change(
    words: Words, records: Sequence[Record], uid: str, type_: str | None
) -> Change[None]:
    keys = [record.key for record in records]

    def decide(held: Held) -> Decision[None]:
        standing = (held.records.get(key) for key in keys)
        return Decision(
            None,
            records=[
                draft
                for one in standing
                if one is not None
                for draft in _after(words, one, uid, type_)
            ],
        )

    return Change(decide, records=keys)


def _reworded(words: Words, event: Event, uid: str, type_: str | None) -> Event:
    key = event.key
    if key.startswith(f"{TOKEN.kind}/"):
        if type_ is None or key.upper().endswith(f"/{type_}"):
            key = words.replaced(key)
    elif not key.startswith(tuple(f"{kind}/" for kind in (SESSION.kind, CDR.kind))):
        key = words.replaced(key)
    document = event.document
    if document and is_of_type(document, uid, type_):
        document = words.rewrite(document)
    return structs.replace(event, key=key, document=document)
