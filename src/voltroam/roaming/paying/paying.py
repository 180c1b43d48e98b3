"""Payments of a terminal provider, and what an operator learns of them (OCPI 2.3.0 §mod_payments).

Record kinds: `payment` (one per authorization_reference, the provider's), `advice` (one per
confirmation that an operator got, against its own CDR).
"""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from functools import partial
from uuid import uuid4

import msgspec
from msgspec import structs

from voltroam.roaming.accept import accept
from voltroam.roaming.commanding import Command, Commands, CommandState
from voltroam.roaming.following import Following
from voltroam.roaming.paying.payment import (
    Advice,
    Capture,
    Payment,
    PaymentState,
    captured,
    judged,
    moved,
)
from voltroam.roaming.paying.reserving import preauthorisation
from voltroam.roaming.platforms import Identity
from voltroam.roaming.reconciling.cdr_amount import amount_of
from voltroam.standard.endpoints import CDR, SESSION
from voltroam.standard.errors import CallerError, NotFound, PartnerError
from voltroam.standard.packages import CONFIRMATION, TERMINAL
from voltroam.standard.parties import PartyId, fold
from voltroam.standard.v2_2_1 import CommandResultType, Role, Token, TokenType, WhitelistType
from voltroam.standard.v2_3_0.payments import CaptureStatusCode, FinancialAdviceConfirmation
from voltroam.standard.v2_3_0.types import Price, TaxAmount
from voltroam.standard.versions import V2_3_0
from voltroam.store.interface import (
    HELD,
    Change,
    Decision,
    EventDraft,
    Held,
    ObjectRow,
    RecordDraft,
    RecordKey,
    Store,
)
from voltroam.wire.encode import encode
from voltroam.wire.times import from_micros

PAYMENT, ADVICE = "payment", "advice"
REFERRED = "cdr_reference"
"""Record kind: our own CDR of an authorization_reference, for confirmations that come later."""
_PAYMENT = msgspec.json.Decoder(Payment)
_ENCODER = msgspec.json.Encoder(decimal_format="string")
_CONFIRMATION = msgspec.json.Decoder(FinancialAdviceConfirmation)


class AdviceLine(msgspec.Struct, frozen=True, kw_only=True):
    """One confirmation that we got, and how it fits our CDR."""

    id: str
    provider: str
    reference: str
    status: CaptureStatusCode
    captured: Decimal
    currency: str
    match: Advice
    at: datetime
    cdr_id: str | None = None
    eft_data: tuple[str, ...] = ()


class _Referring(msgspec.Struct):
    """What sessions and CDRs say of a payment."""

    id: str
    authorization_reference: str | None = None
    status: str = ""
    invoice_reference_id: str | None = None
    session_id: str | None = None
    credit: bool | None = None


_REFERRING = msgspec.json.Decoder(_Referring)
_ADVICE = msgspec.json.Decoder(AdviceLine)


class Paying:
    """Both sides. Raises CallerError, NotFound, PartnerError."""

    def __init__(
        self, store: Store, identity: Identity, commands: Commands, *, now: Callable[[], int]
    ) -> None:
        self._store = store
        self._identity = identity
        self._commands = commands
        self._now = now
        kinds = (SESSION.kind, CDR.kind, CONFIRMATION.kind)
        self._following = Following(
            store, "payments", kinds, self._changed,
            about=(TERMINAL.kind, CONFIRMATION.kind), noted=(PAYMENT,),
        )  # fmt: skip

    async def look(self) -> None:
        """Sessions, CDRs and confirmations that came, starts that were refused. One process at a
        time."""
        await self._following.look()
        waiting = PaymentState.PREAUTHORISED.value
        for record in await self._store.records(PAYMENT, parent=waiting):
            await self._unless_refused(_PAYMENT.decode(record.document))

    # -- the provider -----------------------------------------------------------------------------

    async def start(
        self,
        partner: str,
        *,
        terminal_id: str,
        location_id: str,
        operator: PartyId,
        amount: Decimal | None = None,
        currency: str | None = None,
        evse_uid: str | None = None,
        connector_id: str | None = None,
    ) -> Payment:
        """Money was reserved at a terminal: start the charge (RPAY-019).

        The amount is what the tariff's `preauthorize_amount` asks for, where none is named
        (RPAY-018). The payment is RELEASED
        where the operator refuses the command, at once or by its result. Where nobody knows what
        became of the command it stays PREAUTHORISED, for the charge may run.
        """
        providers = self._identity.parties(Role.PTP)
        if not providers:
            raise CallerError("Payments are started by a PTP party of this node")
        reference, now = str(uuid4()), from_micros(self._now())
        if amount is None or currency is None:
            wanted = await preauthorisation(
                self._store, operator, location_id, evse_uid, connector_id, at=now
            )
            if wanted is None:
                raise CallerError("$.amount: needed, for no tariff there has a preauthorize_amount")
            amount, currency = amount or wanted.amount, currency or wanted.currency
        if amount <= 0:
            raise CallerError("The amount that was reserved must be more than nothing")
        payment = Payment(
            reference=reference, terminal_id=terminal_id, provider=providers[0], operator=operator,
            partner=partner, location_id=location_id, evse_uid=evse_uid,
            state=PaymentState.PREAUTHORISED, at=now, currency=currency, preauthorised=amount,
        )  # fmt: skip
        await self._write(payment)
        token = Token(
            country_code=providers[0].country_code, party_id=providers[0].party_id, uid=reference,
            type=TokenType.AD_HOC_USER, contract_id=reference, issuer=str(providers[0]),
            valid=True, whitelist=WhitelistType.NEVER, last_updated=now,
        )  # fmt: skip
        try:
            command = await self._commands.start_session(
                partner, token=token, location_id=location_id, evse_uid=evse_uid,
                connector_id=connector_id, authorization_reference=reference,
                as_party=providers[0], operator=operator,
            )  # fmt: skip
        except CallerError:
            await self.release(reference)
            raise
        payment = await self._move(
            reference, lambda one: structs.replace(one, command_id=command.id)
        )
        return await self._unless_refused(payment)

    async def release(self, reference: str) -> Payment:
        """The charge never began: give the reserved money back."""
        return await self._move(reference, lambda one: moved(one, PaymentState.RELEASED))

    async def capture(self, reference: str, capture: Capture) -> Payment:
        """What the payment service captured. Where the operator makes the invoice it is told by a
        confirmation with the same reference (RPAY-023), once."""
        if capture.status is not CaptureStatusCode.FAILED and not capture.eft_data:
            raise CallerError("$.eft_data: needed for the invoice unless the capture failed")
        payment = await self.get(reference)
        if payment.state is PaymentState.CDR_RECEIVED:
            payment = await self._move(reference, lambda one: captured(one, capture))
        if payment.invoice_reference is None or payment.confirmation_id is not None:
            return payment
        confirmation = FinancialAdviceConfirmation(
            id=payment.reference, authorization_reference=payment.reference,
            total_costs=_price(payment, capture.amount), currency=payment.currency,
            capture_status_code=capture.status, eft_data=list(capture.eft_data) or None,
            capture_status_message=capture.message, last_updated=from_micros(self._now()),
        )  # fmt: skip
        change = accept(
            CONFIRMATION, encode(confirmation), version=V2_3_0, source=None,
            identity=self._identity, strict=True, owner=payment.provider, to=payment.operator,
        )  # fmt: skip
        await self._store.apply(change)
        return await self._move(
            reference,
            lambda one: structs.replace(
                moved(one, PaymentState.CONFIRMED), confirmation_id=confirmation.id
            ),
        )

    async def get(self, reference: str) -> Payment:
        record = await self._store.record(_key(reference))
        if record is None:
            raise NotFound("No such payment")
        return _PAYMENT.decode(record.document)

    async def payments(self, after: str = "", limit: int = 1000) -> list[tuple[str, Payment]]:
        """By reference, those after one of them."""
        records = await self._store.records(PAYMENT, after=after, limit=limit)
        return [(one.key.id, _PAYMENT.decode(one.document)) for one in records]

    # -- the operator -----------------------------------------------------------------------------

    async def advice(self, after: str = "", limit: int = 1000) -> list[tuple[str, AdviceLine]]:
        """The confirmations that we got, each against our CDR; by name, those after one of them."""
        records = await self._store.records(ADVICE, after=after, limit=limit)
        return [(one.key.id, _ADVICE.decode(one.document)) for one in records]

    # -- what came --------------------------------------------------------------------------------

    async def _changed(self, row: ObjectRow) -> None:
        if row.deleted:
            return
        if row.key.kind == CONFIRMATION.kind:
            if row.audience == HELD:
                await self._advised(row)
            return
        said = _REFERRING.decode(row.document)
        reference = said.authorization_reference
        if reference is None:
            return
        if row.audience != HELD:
            if row.key.kind == CDR.kind:
                await self._own_cdr(reference, row)
            return
        record = await self._store.record(_key(reference))
        if record is None:
            return
        if row.key.kind == SESSION.kind:
            await self._session(_PAYMENT.decode(record.document), said, row)
        else:
            await self._move(reference, partial(_billed, said=said, document=row.document))

    async def _session(self, payment: Payment, said: _Referring, row: ObjectRow) -> None:
        """It charges; when it reaches what was reserved it is stopped (RPAY-021)."""
        if payment.state is PaymentState.PREAUTHORISED and said.status in ("ACTIVE", "COMPLETED"):
            payment = await self._move(
                payment.reference,
                lambda one: structs.replace(
                    moved(one, PaymentState.SESSION_ACTIVE), session_id=said.id
                ),
            )
        cost = amount_of(row.document)
        so_far = None if cost is None else (cost.after or cost.before)
        if said.status != "ACTIVE" or payment.stopped or so_far is None:
            return
        if so_far < payment.preauthorised:
            return
        await self._move(payment.reference, lambda one: structs.replace(one, stopped=True))
        try:
            await self._commands.stop_session(
                payment.partner, said.id, as_party=payment.provider, operator=payment.operator
            )
        except (CallerError, PartnerError):  # it ended meanwhile, or the operator stops it
            return

    async def _advised(self, row: ObjectRow) -> None:
        confirmation = _CONFIRMATION.decode(row.document)
        reference = confirmation.authorization_reference
        cdr_id, total = await _referred(self._store, reference) or (None, None)
        paid = _with_taxes(confirmation.total_costs)
        line = AdviceLine(
            id=confirmation.id, provider=row.key.owner, reference=reference,
            status=confirmation.capture_status_code, captured=paid,
            currency=confirmation.currency,
            match=judged(confirmation.capture_status_code, paid, total, known=cdr_id is not None),
            at=confirmation.last_updated or from_micros(row.stored_at), cdr_id=cdr_id,
            eft_data=tuple(confirmation.eft_data or ()),
        )  # fmt: skip
        key = RecordKey(ADVICE, f"{row.key.owner}/{row.key.id}")
        told = msgspec.json.encode({"match": line.match, "reference": reference})
        draft = RecordDraft(key, _ENCODER.encode(line), fold(reference))
        await self._put(draft, EventDraft("payment.advised", key.id, told))

    async def _own_cdr(self, reference: str, row: ObjectRow) -> None:
        """A confirmation may come before or after the CDR. A Credit CDR is paid by nobody."""
        said = _REFERRING.decode(row.document)
        if said.credit:
            return
        cost = amount_of(row.document)
        total = None if cost is None else cost.after
        document = _ENCODER.encode((said.id, total))
        await self._put(RecordDraft(RecordKey(REFERRED, fold(reference)), document))
        for record in await self._store.records(ADVICE, parent=fold(reference)):
            line = _ADVICE.decode(record.document)
            match = judged(line.status, line.captured, total, known=True)
            after = structs.replace(line, match=match, cdr_id=said.id)
            await self._put(RecordDraft(record.key, _ENCODER.encode(after), record.parent))

    # -- inside -----------------------------------------------------------------------------------

    async def _unless_refused(self, payment: Payment) -> Payment:
        """Its command was refused, and no session came all the same: RELEASED."""
        if payment.command_id is None:
            return payment
        command = await self._commands.get(payment.command_id)
        if command is None or not _is_refused(command):
            return payment

        def step(one: Payment) -> Payment:
            waits = one.state is PaymentState.PREAUTHORISED
            return moved(one, PaymentState.RELEASED) if waits else one

        return await self._move(payment.reference, step)

    async def _move(self, reference: str, step: Callable[[Payment], Payment]) -> Payment:
        key = _key(reference)

        def decide(held: Held) -> Decision[Payment]:
            record = held.records.get(key)
            if record is None:
                raise NotFound("No such payment")
            before = _PAYMENT.decode(record.document)
            after = step(before)
            if after == before:
                return Decision(before)
            told = msgspec.json.encode({"state": after.state})
            return Decision(
                after,
                records=(RecordDraft(key, _ENCODER.encode(after), after.state.value),),
                events=(EventDraft("payment.changed", after.reference, told),),
            )

        return await self._store.apply(Change(decide, records=(key,)))

    async def _write(self, payment: Payment) -> None:
        document = _ENCODER.encode(payment)
        await self._put(RecordDraft(_key(payment.reference), document, payment.state.value))

    async def _put(self, draft: RecordDraft, *events: EventDraft) -> None:
        def decide(_held: Held) -> Decision[None]:
            return Decision(None, records=(draft,), events=events)

        await self._store.apply(Change(decide))


async def cdr_of(store: Store, reference: str) -> str | None:
    """The CDR of ours that has this authorization_reference, the newest that is no Credit CDR."""
    found = await _referred(store, reference)
    return None if found is None else found[0]


async def advice_of(store: Store, reference: str) -> list[AdviceLine]:
    """The confirmations that we got of one payment."""
    records = await store.records(ADVICE, parent=fold(reference))
    return [_ADVICE.decode(one.document) for one in records]


async def _referred(store: Store, reference: str) -> tuple[str, Decimal | None] | None:
    record = await store.record(RecordKey(REFERRED, fold(reference)))
    if record is None:
        return None
    return msgspec.json.decode(record.document, type=tuple[str, Decimal | None], strict=False)


def _is_refused(command: Command) -> bool:
    """For certain: an answer that is lost says nothing."""
    if command.state is CommandState.REFUSED:
        return True
    return command.result is not None and command.result.result is not CommandResultType.ACCEPTED


def _billed(payment: Payment, *, said: _Referring, document: bytes) -> Payment:
    """The CDR: with an invoice reference the operator makes the invoice (RPAY-022)."""
    if payment.state not in (PaymentState.PREAUTHORISED, PaymentState.SESSION_ACTIVE):
        return payment
    cost = amount_of(document)
    return structs.replace(
        moved(payment, PaymentState.CDR_RECEIVED),
        cdr_id=said.id,
        session_id=payment.session_id or said.session_id,
        cost=None if cost is None else cost.before,
        cost_with_taxes=None if cost is None else cost.after,
        invoice_reference=said.invoice_reference_id,
    )


def _price(payment: Payment, amount: Decimal) -> Price:
    """What was captured has its taxes in it: they are told where it is just the CDR's total."""
    cost, total = payment.cost, payment.cost_with_taxes
    if cost is None or total is None or total != amount or cost == total:
        return Price(before_taxes=amount)
    return Price(before_taxes=cost, taxes=[TaxAmount(name="VAT", amount=total - cost)])


def _with_taxes(price: Price) -> Decimal:
    return price.before_taxes + sum((tax.amount for tax in price.taxes or ()), Decimal(0))


def _key(reference: str) -> RecordKey:
    return RecordKey(PAYMENT, fold(reference))
