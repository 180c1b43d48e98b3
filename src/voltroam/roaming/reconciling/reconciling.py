"""Invoices against CDRs: records are issued, withdrawn, and compared with what we hold.

Direct billing: an operator's invoice, for the party whose drivers charged. Reverse billing: an
eMSP's, for the operator whose CDRs it lists; the record does not name that operator, so all of the
receiver's are looked through (OCPI 2.3.0 §mod_invoice_reconciliation).

Record kinds: `reconciliation` (one per invoice record), `invoiced` (one per CDR and record, so
that a CDR that comes later finds its invoices).
"""

import contextlib
from collections.abc import Callable, Sequence
from decimal import Decimal
from uuid import uuid4

import msgspec
from msgspec import structs

from voltroam.roaming.accept import accept, remove
from voltroam.roaming.audience import party_in
from voltroam.roaming.directory import Directory
from voltroam.roaming.following import Following
from voltroam.roaming.keys import object_key
from voltroam.roaming.platforms import Identity
from voltroam.roaming.reconciling.cdr_amount import amount_of
from voltroam.roaming.reconciling.reconciliation import (
    Line,
    Match,
    Reconciliation,
    Told,
    compared,
    judged,
)
from voltroam.standard.endpoints import CDR
from voltroam.standard.errors import CallerError, NotFound
from voltroam.standard.packages import INVOICE_RECORD
from voltroam.standard.parties import PartyId, fold
from voltroam.standard.v2_2_1.types import Role
from voltroam.standard.v2_3_0.invoicereconciliation import InvoiceReconciliationRecord
from voltroam.standard.versions import V2_3_0
from voltroam.store.interface import (
    HELD,
    Change,
    Decision,
    EventDraft,
    Held,
    ObjectKey,
    ObjectRow,
    RecordDraft,
    RecordKey,
    Store,
)
from voltroam.wire.encode import encode
from voltroam.wire.times import from_micros

RECONCILIATION = "reconciliation"
INVOICED = "invoiced"
MOST = 10_000
"""CDRs of one record."""
_DECODER = msgspec.json.Decoder(Reconciliation)
_ENCODER = msgspec.json.Encoder(decimal_format="string")
_RECORD = msgspec.json.Decoder(InvoiceReconciliationRecord)


class Reconciling:
    """Both sides of it. Raises CallerError for what cannot be issued, NotFound."""

    def __init__(
        self, store: Store, directory: Directory, identity: Identity, *, now: Callable[[], int]
    ) -> None:
        self._store = store
        self._directory = directory
        self._identity = identity
        self._now = now
        kinds = (CDR.kind, INVOICE_RECORD.kind)
        self._following = Following(
            store, RECONCILIATION, kinds, self._changed, about=(INVOICE_RECORD.kind,)
        )

    async def look(self) -> None:
        """Compare what changed: records, and CDRs that records list. One process at a time."""
        await self._following.look()

    # -- issuing ----------------------------------------------------------------------------------

    async def issue(
        self,
        invoice_id: str,
        cdrs: Sequence[str],
        *,
        owner: PartyId | None = None,
        to: PartyId | None = None,
        record_id: str | None = None,
    ) -> Reconciliation:
        """Tell which CDRs an invoice of ours covers; with a `record_id` again, it is put right.

        `to` is who gets the invoice: where none is named, the one party that all the CDRs have.
        """
        issuer = self._issuer(owner)
        party = to or await self._receiver(issuer, cdrs)
        record = InvoiceReconciliationRecord(
            country_code=issuer.country_code, party_id=issuer.party_id,
            id=record_id or str(uuid4()), invoice_id=invoice_id, cdrs=list(cdrs),
            last_updated=from_micros(self._now() // 1000 * 1000),
        )  # fmt: skip
        change = accept(
            INVOICE_RECORD, encode(record), version=V2_3_0, source=None,
            identity=self._identity, strict=True, to=party,
        )  # fmt: skip
        await self._store.apply(change)
        return await self.check(issuer, record.id)

    async def withdraw(self, owner: PartyId, record_id: str) -> Reconciliation:
        """The record itself was a mistake: its CDRs stay (RINV-007). Its receiver is told."""
        await self._store.apply(
            remove(
                INVOICE_RECORD,
                owner,
                {"id": record_id},
                version=V2_3_0,
                source=None,
                identity=self._identity,
            )
        )
        return await self.check(owner, record_id)

    # -- comparing --------------------------------------------------------------------------------

    async def tell(self, owner: PartyId, record_id: str, told: Told) -> Reconciliation:
        """What the invoice itself says that all its CDRs cost."""
        key = _key(owner, record_id)

        def decide(held: Held) -> Decision[Reconciliation]:
            record = held.records.get(key)
            if record is None:
                raise NotFound("No such invoice record")
            after = structs.replace(_DECODER.decode(record.document), told=told)
            if not any(line.match is not Match.MATCHED for line in after.lines):
                after = structs.replace(after, match=compared(after.total, told))
            return Decision(after, records=(_draft(after),), events=_events(after))

        return await self._store.apply(Change(decide, records=(key,)))

    async def check(self, owner: PartyId, record_id: str) -> Reconciliation:
        """Compare a record with what we hold now."""
        row = await self._store.get(object_key(INVOICE_RECORD, owner, {"id": record_id}))
        if row is None:
            raise NotFound("No such invoice record")
        return await self._compare(row)

    async def get(self, owner: PartyId, record_id: str) -> Reconciliation:
        record = await self._store.record(_key(owner, record_id))
        if record is None:
            raise NotFound("No such invoice record")
        return _DECODER.decode(record.document)

    async def all(self, after: str, limit: int) -> list[tuple[str, Reconciliation]]:
        """By name, those after one of them."""
        records = await self._store.records(RECONCILIATION, after=after, limit=limit)
        return [(one.key.id, _DECODER.decode(one.document)) for one in records]

    # -- inside -----------------------------------------------------------------------------------

    def _issuer(self, named: PartyId | None) -> PartyId:
        ours = self._identity.parties(*INVOICE_RECORD.owner_roles)
        found = {one.folded: one for one in ours if named is None or one.same(named)}
        if len(found) != 1:
            raise CallerError("Which party of ours issues the invoice? Name one of them")
        return next(iter(found.values()))

    async def _receiver(self, issuer: PartyId, cdrs: Sequence[str]) -> PartyId:
        parties: dict[str, PartyId] = {}
        for cdr_id in cdrs:
            for row in await self._found(issuer, cdr_id):
                country, _, code = row.key.owner.partition("/")
                operator = PartyId(country, code)
                other = party_in(CDR, row.document) if issuer.same(operator) else operator
                parties[other.folded] = other
        if len(parties) != 1:
            raise CallerError("Who gets the invoice? The CDRs do not name exactly one party")
        return next(iter(parties.values()))

    async def _changed(self, row: ObjectRow) -> None:
        if row.key.kind == INVOICE_RECORD.kind:
            with contextlib.suppress(msgspec.ValidationError):  # kept, but unusable as a record
                await self._compare(row)
            return
        for record in await self._store.records(INVOICED, parent=row.key.id):
            kind, owner, name = msgspec.json.decode(record.document, type=tuple[str, str, str])
            listed = await self._store.get(ObjectKey(kind, owner, name))
            if listed is not None and not listed.deleted:
                await self._compare(listed)

    async def _compare(self, row: ObjectRow) -> Reconciliation:
        """Write down where the record stands; what depends on it is looked at anew."""
        record = _RECORD.decode(row.document)
        owner = PartyId(record.country_code, record.party_id)
        fresh = Reconciliation(
            owner=owner, id=record.id, invoice_id=record.invoice_id, issued=row.audience != HELD,
            at=record.last_updated, withdrawn=row.deleted,
        )  # fmt: skip
        wanted = () if row.deleted else tuple(dict.fromkeys(fold(one) for one in record.cdrs))
        before = await self._listed(fresh)
        lines = () if row.deleted else tuple([await self._line(fresh, one) for one in record.cdrs])
        index = [
            RecordDraft(_index_key(one, fresh), msgspec.json.encode(tuple(row.key)), one)
            for one in wanted
            if one not in before
        ]
        index += [RecordDraft(_index_key(one, fresh), None) for one in before if one not in wanted]
        key = _key(owner, record.id)

        def decide(held: Held) -> Decision[Reconciliation]:
            old = held.records.get(key)
            told = _DECODER.decode(old.document).told if old is not None else None
            after = judged(structs.replace(fresh, told=told), lines)
            document = _ENCODER.encode(after)
            if old is not None and old.document == document:
                return Decision(after, records=index)
            return Decision(after, records=(*index, _draft(after)), events=_events(after))

        after = await self._store.apply(Change(decide, records=(key,)))
        moved = set(before) ^ set(wanted)
        for one in moved:
            await self._others(one, fresh)
        return after

    async def _others(self, cdr_id: str, changed: Reconciliation) -> None:
        """Other records of a CDR that came onto this one, or left it."""
        for record in await self._store.records(INVOICED, parent=cdr_id):
            kind, owner, name = msgspec.json.decode(record.document, type=tuple[str, str, str])
            if f"{owner}/{name}" == _folded(changed):
                continue
            row = await self._store.get(ObjectKey(kind, owner, name))
            if row is not None and not row.deleted:
                await self._compare(row)

    async def _listed(self, one: Reconciliation) -> tuple[str, ...]:
        """The CDRs under which the record stands in the index."""
        held = await self._store.record(_key(one.owner, one.id))
        if held is None:
            return ()
        lines = _DECODER.decode(held.document).lines
        return tuple(dict.fromkeys(fold(line.cdr_id) for line in lines))

    async def _line(self, record: Reconciliation, cdr_id: str) -> Line:
        found = await self._found(record.owner, cdr_id)
        if not found:
            return Line(cdr_id=cdr_id, match=Match.MISSING_CDR)
        if len(found) > 1:
            return Line(cdr_id=cdr_id, match=Match.AMBIGUOUS_CDR)
        (row,) = found
        also = await self._also(record, row, cdr_id)
        return Line(
            cdr_id=cdr_id,
            match=Match.ALREADY_INVOICED if also else Match.MATCHED,
            operator=row.key.owner,
            amount=amount_of(row.document),
            also=also,
        )

    async def _also(self, record: Reconciliation, cdr: ObjectRow, cdr_id: str) -> tuple[str, ...]:
        """Other open records that list the same CDR, not only one of the same id."""
        others = []
        for one in await self._store.records(INVOICED, parent=fold(cdr_id)):
            kind, owner, name = msgspec.json.decode(one.document, type=tuple[str, str, str])
            if f"{owner}/{name}" == _folded(record):
                continue
            row = await self._store.get(ObjectKey(kind, owner, name))
            if row is None or row.deleted:
                continue
            country, _, code = owner.partition("/")
            theirs = await self._found(PartyId(country, code), cdr_id)
            if any(found.key == cdr.key for found in theirs):
                others.append(f"{owner}/{name}")
        return tuple(others)

    async def _found(self, issuer: PartyId, cdr_id: str) -> list[ObjectRow]:
        """CDRs of that id: the issuer's own, or in reverse billing those of any operator that it
        can be of: ours, or, where the issuer is ours, all whose CDRs we hold."""
        rows = [await self._cdr(issuer, cdr_id)]
        if rows == [None]:
            ours = self._identity.parties(Role.CPO)
            rows = [await self._cdr(operator, cdr_id) for operator in _once(ours)]
        if not any(rows) and self._identity.holds(issuer):
            rows = [await self._cdr(operator, cdr_id) for operator in await self._operators()]
        return [row for row in rows if row is not None]

    async def _cdr(self, operator: PartyId, cdr_id: str) -> ObjectRow | None:
        row = await self._store.get(object_key(CDR, operator, {"id": cdr_id}))
        return None if row is None or row.deleted else row

    async def _operators(self) -> list[PartyId]:
        """Those that partners registered with us, or that hubs connect."""
        partners = await self._directory.all()
        found = [party for one in partners for party in one.parties(Role.CPO)]
        return _once([*found, *await self._directory.operators()])


def _once(parties: Sequence[PartyId]) -> list[PartyId]:
    return list({party.folded: party for party in parties}.values())


def _folded(one: Reconciliation) -> str:
    return f"{one.owner.folded}/{fold(one.id)}"


def _key(owner: PartyId, record_id: str) -> RecordKey:
    return RecordKey(RECONCILIATION, f"{owner.folded}/{fold(record_id)}")


def _index_key(cdr_id: str, record: Reconciliation) -> RecordKey:
    return RecordKey(INVOICED, f"{cdr_id}|{_folded(record)}")


def _draft(one: Reconciliation) -> RecordDraft:
    return RecordDraft(_key(one.owner, one.id), _ENCODER.encode(one), parent=one.match.value)


def _events(one: Reconciliation) -> tuple[EventDraft, ...]:
    told = {"match": one.match, "invoice_id": one.invoice_id, "withdrawn": one.withdrawn}
    return (EventDraft("invoice.reconciled", one.name, msgspec.json.encode(told)),)


def total_told(amount: Decimal, currency: str, *, with_taxes: bool) -> Told:
    """What an invoice says. Raises CallerError for a currency that is none."""
    if len(currency) != 3 or not currency.isalpha():
        raise CallerError("The currency has three letters, as EUR")
    return Told(amount, currency.upper(), with_taxes)
