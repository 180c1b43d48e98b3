"""Quotes, audits, corrections, and what was not billed."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import msgspec

from voltroam.billing.any_version import read_as, read_tariff, zone_for
from voltroam.billing.audit import Context
from voltroam.billing.problem import BillingProblem
from voltroam.billing.together import audit_all
from voltroam.operator.acting import acting_party
from voltroam.operator.asked import Answers, Asked, Told
from voltroam.operator.cursors import read_cursor, write_cursor
from voltroam.operator.faults import invalid, not_found
from voltroam.operator.held_cdrs import items_of
from voltroam.operator.operation import Page
from voltroam.operator.ports import Ports
from voltroam.operator.rows.money import (
    AUDIT_CDRS,
    CORRECT,
    OVERDUE,
    QUOTE,
    AuditFacts,
    AuditQuery,
    Correct,
    CorrectDone,
    OverdueSession,
    QuoteFacts,
    QuoteWanted,
    Unread,
)
from voltroam.operator.shelves import Shelves, party_of
from voltroam.pricing import Policy, quote
from voltroam.pricing.problem import PricingProblem
from voltroam.pricing.quote import limits_of
from voltroam.roaming.charging import Charging, ChargingProblem
from voltroam.roaming.charging.correcting import Correction
from voltroam.roaming.charging.terms import pick
from voltroam.roaming.marks import Marks
from voltroam.roaming.narrowing import parties_named
from voltroam.standard import v2_3_0
from voltroam.standard.endpoints import CDR, LOCATION, TARIFF
from voltroam.standard.parties import PartyId, fold
from voltroam.standard.v2_2_1 import Role
from voltroam.standard.v2_3_0 import Connector, Tariff
from voltroam.store.interface import ObjectKey
from voltroam.wire.times import from_micros


class _Connector(msgspec.Struct):
    id: str


class _Evse(msgspec.Struct):
    uid: str
    connectors: list[msgspec.Raw] = []


class _Place(msgspec.Struct):
    time_zone: str | None = None
    evses: list[_Evse] = []


class _Against(msgspec.Struct, frozen=True):
    """CDRs of a node are held against what the node holds."""

    zone: str | None

    def context(self, cdr: v2_3_0.CDR, *, zone: str | None = None, partner: str = "") -> Context:
        return Context(
            zone=self.zone or zone, policy=Policy(), session=None, published=(), partner=partner
        )


class Money:
    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self._shelves = Shelves(ports)
        self._marks = Marks(ports.store)

    def answers(self) -> Answers:
        return {QUOTE.name: self._quote, AUDIT_CDRS.name: self._audit}

    async def _quote(self, asked: Asked) -> QuoteFacts:
        """PricingProblem and BillingProblem name the place that is wrong."""
        wanted: QuoteWanted = asked.body
        try:
            if wanted.tariffs is not None:
                tariffs = [read_tariff(bytes(one)) for one in wanted.tariffs]
                ids = [one.id for one in tariffs]
                return self._quoted(wanted, tariffs, [ids], None, wanted.zone)
            return await self._at_connector(asked, wanted)
        except (PricingProblem, BillingProblem) as problem:
            raise invalid(f"{problem.path}: {problem.reason}") from None

    async def _at_connector(self, asked: Asked, wanted: QuoteWanted) -> QuoteFacts:
        named = (wanted.owner, wanted.location_id, wanted.evse_uid, wanted.connector_id)
        owner, location, evse, connector = named
        if owner is None or location is None or evse is None or connector is None:
            raise invalid("$.tariffs, or $.owner, location_id, evse_uid and connector_id: needed")
        row = await self._ports.store.get(ObjectKey(LOCATION.kind, owner.upper(), fold(location)))
        if row is None or row.deleted or not self._shelves.sees(asked.who, LOCATION, row):
            raise not_found("location of that owner and id")
        place = msgspec.json.decode(row.document, type=_Place)
        found = _connector(place, evse, connector)
        if found is None:
            raise not_found("connector with that id at that EVSE")
        tariffs = []
        for name in found.tariff_ids or ():
            held = await self._ports.store.get(ObjectKey(TARIFF.kind, owner.upper(), fold(name)))
            if held is not None and not held.deleted:
                tariffs.append(read_tariff(held.document))
        ids = found.tariff_ids or [one.id for one in tariffs]
        groups = await self._groups(asked, party_of(owner), wanted.partner, ids)
        return self._quoted(wanted, tariffs, groups, found, wanted.zone or place.time_zone)

    async def _groups(
        self, asked: Asked, owner: PartyId, partner: str | None, ids: Sequence[str]
    ) -> Sequence[Sequence[str]]:
        """What the partner's drivers alone get comes first. A key sees the prices of its own
        parties and, as their owner, of all."""
        directory, parties = self._ports.directory, list[PartyId]()
        if partner is not None:
            parties += await parties_named(directory, [partner])
            if not (asked.who.may(owner) or all(map(asked.who.may, parties))):
                raise not_found("partner of that name")
            routes = [await directory.route_to(party, (Role.EMSP,)) for party in parties]
            parties += [party for one in routes if one for party in one.parties(Role.HUB)]
        return await self._marks.groups(owner, parties, TARIFF.kind, ids)

    def _quoted(
        self,
        wanted: QuoteWanted,
        tariffs: list[Tariff],
        groups: Sequence[Sequence[str]],
        connector: Connector | None,
        zone: str | None,
    ) -> QuoteFacts:
        policy = Policy.parse(wanted.policy)
        start = wanted.start or from_micros(self._ports.now())
        choice = pick(
            tariffs, groups, start,
            preference=wanted.preference, ad_hoc=wanted.ad_hoc, policy=policy,
        )  # fmt: skip
        if choice.tariff is None:
            raise invalid(f"no tariff fits: {choice.why}")
        limits = limits_of(connector)
        power = wanted.power or (min(limits) if limits else None)
        if power is None:
            raise invalid("$.power: needed, for no connector tells it")
        stay = None if wanted.stay is None else timedelta(minutes=wanted.stay)
        found = quote(
            choice.tariff, connector, wanted.energy, power, start, stay,
            zone_for([choice.tariff], zone), policy=policy,
        )  # fmt: skip
        return QuoteFacts(
            tariff_id=choice.tariff.id,
            why=choice.why or None,
            energy=found.energy,
            power=found.power,
            charged_until=found.charged_until,
            end_date_time=found.end,
            bill=found.bill.plain(),
        )

    async def _audit(self, asked: Asked) -> AuditFacts:
        """In a thread: thousands of CDRs take seconds."""
        query: AuditQuery = asked.query
        platforms = {
            one.id: one for one in await self._ports.directory.all() if asked.who.knows(one)
        }
        items, unread = await items_of(
            self._ports.store, platforms, _Against(query.zone), partner=query.partner,
            month=query.month, sees=lambda row: self._shelves.sees(asked.who, CDR, row),
        )  # fmt: skip
        report = await asyncio.to_thread(audit_all, items)
        return AuditFacts(
            verdict=report.verdict,
            audits=report.audits,
            balances=report.balances,
            summaries=report.summaries,
            unread=[Unread(path=one["path"], reason=one["reason"]) for one in unread],
        )


class Billing:
    """What only who has chargers can do."""

    def __init__(self, ports: Ports, charging: Charging) -> None:
        self._ports = ports
        self._charging = charging

    def answers(self) -> Answers:
        return {CORRECT.name: self._correct, OVERDUE.name: self._overdue}

    async def _correct(self, asked: Asked) -> Told[CorrectDone]:
        body: Correct = asked.body
        named = str(asked.owner)
        operator = acting_party(asked.who, self._ports.identity, named, Role.CPO)
        facts: dict[str, Any] = {
            name: value
            for name in body.__struct_fields__
            if (value := getattr(body, name)) is not None
        }
        if body.readings is not None:
            facts["readings"] = tuple(body.readings)
        for name in ("tariff", "cdr"):
            if name in facts:
                facts[name] = bytes(facts[name])
        try:
            done = await self._charging.correct(asked.ids["cdr_id"], Correction(**facts), operator)
        except ChargingProblem as problem:
            raise invalid(f"{problem.code}: {problem.message}") from None
        return Told(CorrectDone(credit_id=done.credit_id, cdr_id=done.cdr_id))

    async def _overdue(self, asked: Asked) -> Page[OverdueSession]:
        after = read_cursor(asked.query.cursor)
        found = sorted(
            (
                (f"{one.owner}/{one.session_id}", one)
                for one in await self._charging.overdue()
                if asked.who.may(party_of(one.owner))
            ),
            key=lambda pair: pair[0],
        )
        rest = [pair for pair in found if pair[0] > after]
        part = rest[: asked.query.limit]
        return Page(
            items=[
                OverdueSession(
                    owner=one.owner,
                    session_id=one.session_id,
                    why=one.why,
                    since=one.since,
                    reason=one.reason,
                )
                for _, one in part
            ],
            next=write_cursor(part[-1][0]) if len(rest) > len(part) else None,
        )


def _connector(place: _Place, evse: str, connector: str) -> Connector | None:
    for one in place.evses:
        if fold(one.uid) != fold(evse):
            continue
        for raw in one.connectors:
            if fold(msgspec.json.decode(raw, type=_Connector).id) == fold(connector):
                return read_as(Connector, bytes(raw))
    return None
