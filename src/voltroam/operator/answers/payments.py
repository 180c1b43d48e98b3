"""Payment terminals, and what is paid at them."""

import msgspec

from voltroam.operator.acting import acting_party, viewed
from voltroam.operator.asked import Answers, Asked, Told
from voltroam.operator.faults import invalid, not_found
from voltroam.operator.lists import created_page, named_page
from voltroam.operator.operation import Page
from voltroam.operator.ports import Ports
from voltroam.operator.rows.payments import (
    ACTIVATE_TERMINAL,
    ADD_TERMINAL,
    ASSIGN_TERMINAL,
    CHANGE_TERMINAL,
    DEACTIVATE_TERMINAL,
    GET_PAYMENT,
    LIST_ADVICE,
    LIST_PAYMENTS,
    LIST_TERMINALS,
    RELEASE_PAYMENT,
    START_PAYMENT,
    TELL_CAPTURE,
    PaymentFacts,
    PaymentWanted,
    TerminalFacts,
    TerminalWanted,
)
from voltroam.operator.shelves import party_of
from voltroam.roaming.paying import AdviceLine, Capture, Paying, Payment, Terminals
from voltroam.standard.v2_2_1 import Role
from voltroam.store.interface import HELD, ObjectRow
from voltroam.wire.encode import encode


class Payments:
    """Who may see or do something is told by the provider's party, and of a payment the
    operator's too."""

    def __init__(self, ports: Ports, terminals: Terminals, paying: Paying) -> None:
        self._ports = ports
        self._terminals = terminals
        self._paying = paying

    def answers(self) -> Answers:
        return {
            LIST_TERMINALS.name: self._list,
            ADD_TERMINAL.name: self._add,
            ASSIGN_TERMINAL.name: self._assign,
            CHANGE_TERMINAL.name: self._change,
            ACTIVATE_TERMINAL.name: self._activate,
            DEACTIVATE_TERMINAL.name: self._deactivate,
            START_PAYMENT.name: self._start,
            LIST_PAYMENTS.name: self._payments,
            GET_PAYMENT.name: self._get,
            TELL_CAPTURE.name: self._capture,
            RELEASE_PAYMENT.name: self._release,
            LIST_ADVICE.name: self._advice,
        }

    # -- terminals --------------------------------------------------------------------------------

    async def _list(self, asked: Asked) -> Page[TerminalFacts]:
        async def shown(row: ObjectRow) -> TerminalFacts | None:
            if not self._sees(asked, row.key.owner, row.audience):
                return None
            return TerminalFacts(
                provider=row.key.owner, own=row.audience != HELD,
                state=await self._terminals.state(row),
                terminal=msgspec.json.decode(row.document),
            )  # fmt: skip

        return await created_page(asked, self._ports.store.epoch, self._terminals.rows, shown)

    async def _add(self, asked: Asked) -> Told[bytes]:
        wanted: TerminalWanted = asked.body
        identity = self._ports.identity
        by = acting_party(asked.who, identity, wanted.provider, Role.PTP)
        ours = [by] if by is not None else list(identity.parties(Role.PTP))
        if len(ours) != 1:
            raise invalid("$.provider: which party of ours is the provider?")
        made = await self._terminals.create(wanted.terminal, ours[0], party_of(wanted.to))
        return Told(encode(made), target=f"/terminals/{made.terminal_id}")

    async def _assign(self, asked: Asked) -> bytes:
        await self._own_side(asked)
        body = asked.body
        return encode(
            await self._terminals.assign(
                asked.ids["terminal_id"], body.location_ids, body.evse_uids
            )
        )

    async def _change(self, asked: Asked) -> bytes:
        await self._own_side(asked)
        return encode(await self._terminals.update(asked.ids["terminal_id"], asked.body.changes))

    async def _activate(self, asked: Asked) -> None:
        await self._own_side(asked)
        await self._terminals.activate(asked.body.partner, asked.body.terminal)

    async def _deactivate(self, asked: Asked) -> bytes:
        await self._own_side(asked)
        return encode(await self._terminals.deactivate(asked.ids["terminal_id"]))

    async def _own_side(self, asked: Asked) -> None:
        """A key that is limited must have one of our operators."""
        if not asked.who.is_limited:
            return
        if not any(asked.who.may(one) for one in self._ports.identity.parties(Role.CPO)):
            raise not_found("terminal with that id")

    def _sees(self, asked: Asked, owner: str, audience: str) -> bool:
        to = audience.partition(">")[2] or None
        ours = self._ports.identity.parties(Role.CPO) if audience == HELD else ()
        return asked.who.may(owner, to, *ours)

    # -- payments ---------------------------------------------------------------------------------

    async def _start(self, asked: Asked) -> Told[PaymentFacts]:
        wanted: PaymentWanted = asked.body
        acting_party(asked.who, self._ports.identity, None, Role.PTP)
        payment = await self._paying.start(
            wanted.partner, terminal_id=wanted.terminal_id, location_id=wanted.location_id,
            amount=wanted.amount, currency=wanted.currency and wanted.currency.upper(),
            operator=party_of(wanted.operator), evse_uid=wanted.evse_uid,
            connector_id=wanted.connector_id,
        )  # fmt: skip
        return Told(_shown(payment), target=f"/payments/{payment.reference}")

    async def _payments(self, asked: Asked) -> Page[PaymentFacts]:
        return await named_page(
            asked, self._paying.payments, lambda one: _shown(one) if _may(asked, one) else None
        )

    async def _get(self, asked: Asked) -> PaymentFacts:
        return _shown(await self._held(asked))

    async def _capture(self, asked: Asked) -> PaymentFacts:
        held = await self._held(asked)
        body = asked.body
        capture = Capture(
            status=body.status, amount=body.amount, eft_data=tuple(body.eft_data),
            message=body.message,
        )  # fmt: skip
        return _shown(await self._paying.capture(held.reference, capture))

    async def _release(self, asked: Asked) -> PaymentFacts:
        held = await self._held(asked)
        return _shown(await self._paying.release(held.reference))

    async def _advice(self, asked: Asked) -> Page[AdviceLine]:
        await self._own_side(asked)
        return await named_page(asked, self._paying.advice, lambda one: one)

    async def _held(self, asked: Asked) -> Payment:
        held = await self._paying.get(asked.ids["reference"])
        if not _may(asked, held):
            raise not_found("payment of that reference")
        return held


def _may(asked: Asked, payment: Payment) -> bool:
    return asked.who.may(payment.provider, payment.operator)


def _shown(payment: Payment) -> PaymentFacts:
    return viewed(PaymentFacts, payment)
