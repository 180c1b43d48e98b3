"""The CDRs that a node holds, each with its location's zone, its tariffs and its session."""

from collections.abc import Callable
from typing import Any, Protocol

import msgspec

from voltroam.billing.any_version import read_cdr, read_session, read_tariff
from voltroam.billing.audit import Context
from voltroam.billing.problem import BillingProblem
from voltroam.billing.together import Item
from voltroam.roaming.platforms import Platform
from voltroam.standard import v2_3_0
from voltroam.standard.endpoints import CDR, LOCATION, SESSION, TARIFF, Resource
from voltroam.standard.parties import PartyId, fold
from voltroam.standard.v2_3_0 import Session, Tariff
from voltroam.store.interface import ObjectKey, ObjectRow, Store


class Known(Protocol):
    """What the CDRs are held against, beside what the node holds."""

    def context(
        self, cdr: v2_3_0.CDR, *, zone: str | None = None, partner: str = ""
    ) -> Context: ...


class _Zoned(msgspec.Struct):
    time_zone: str | None = None


async def items_of(
    store: Store,
    platforms: dict[str, Platform],
    known: Known,
    *,
    partner: str | None,
    month: str | None,
    sees: Callable[[ObjectRow], bool] = lambda _: True,
) -> tuple[list[Item], list[dict[str, Any]]]:
    """Items, and the documents that cannot be read. `partner` is a name or a party `NL/AAA`."""
    items: list[Item] = []
    refused: list[dict[str, Any]] = []
    async for row in store.scan(CDR.kind):
        if not sees(row):
            continue
        try:
            cdr = read_cdr(row.document)
        except BillingProblem as problem:
            place = f"cdrs/{row.key.owner}/{row.key.id}{problem.path.removeprefix('$')}"
            refused.append({"index": len(refused), "path": place, "reason": problem.reason})
            continue
        name, party = _partner(row, cdr, platforms)
        if partner is not None and fold(partner) not in (fold(name), fold(party)):
            continue
        if month in (None, f"{cdr.start_date_time:%Y-%m}"):
            items.append(Item(cdr, await _context(store, known, row, cdr, name)))
    return items, refused


def _partner(row: ObjectRow, cdr: v2_3_0.CDR, platforms: dict[str, Platform]) -> tuple[str, str]:
    """Of a received CDR who gave it, of an own one whose driver it was."""
    if row.sources:
        named = sorted(platforms[one].name for one in row.sources if one in platforms)
        return (named[0] if named else row.key.owner), row.key.owner
    token = cdr.cdr_token
    party = PartyId(token.country_code, token.party_id).folded
    return party, party


async def _context(
    store: Store, known: Known, row: ObjectRow, cdr: v2_3_0.CDR, name: str
) -> Context:
    zone = await _zone(store, row, cdr)
    context = known.context(cdr, zone=zone, partner=name)
    session = context.session or await _session(store, row, cdr)
    published = context.published or await _published(store, row, cdr)
    return Context(
        zone=context.zone,
        policy=context.policy,
        session=session,
        published=published,
        partner=name,
    )


async def _held(store: Store, resource: Resource, row: ObjectRow, name: str) -> bytes | None:
    """A document of the owner of the CDR."""
    found = await store.get(ObjectKey(resource.kind, row.key.owner, fold(name)))
    return None if found is None or found.deleted else found.document


async def _zone(store: Store, row: ObjectRow, cdr: v2_3_0.CDR) -> str | None:
    document = await _held(store, LOCATION, row, cdr.cdr_location.id)
    if document is None:
        return None
    try:
        return msgspec.json.decode(document, type=_Zoned).time_zone
    except msgspec.DecodeError:
        return None


async def _session(store: Store, row: ObjectRow, cdr: v2_3_0.CDR) -> Session | None:
    document = await _held(store, SESSION, row, cdr.session_id or "")
    try:
        return None if document is None else read_session(document)
    except BillingProblem:
        return None  # a session that cannot be read says nothing against a CDR


async def _published(store: Store, row: ObjectRow, cdr: v2_3_0.CDR) -> tuple[Tariff, ...]:
    """What the node holds of the tariffs that the CDR has or names."""
    names = {fold(one.id): one.id for one in cdr.tariffs or ()}
    for period in cdr.charging_periods:
        if period.tariff_id is not None:
            names.setdefault(fold(period.tariff_id), period.tariff_id)
    found = []
    for name in names.values():
        document = await _held(store, TARIFF, row, name)
        try:
            if document is not None:
                found.append(read_tariff(document))
        except BillingProblem:
            continue  # likewise
    return tuple(found)
