"""A hub's agreements, routes, trace and health. Keys that are limited to parties see none of it:
all of it is about what others do with each other."""

from collections.abc import Mapping
from dataclasses import asdict

from msgspec import structs

from voltroam.delivery.hub_sight import HealthSeen, HubSight, PartySeen
from voltroam.operator.acting import short_page
from voltroam.operator.asked import Answers, Asked, Told
from voltroam.operator.cursors import bad_cursor, read_cursor, write_cursor
from voltroam.operator.faults import forbidden, invalid, not_found
from voltroam.operator.operation import Moment, Page
from voltroam.operator.ports import Ports
from voltroam.operator.rows.hub import (
    DELETE_AGREEMENT,
    EXPLAIN_ROUTES,
    GET_AGREEMENT,
    HUB_HEALTH,
    IMPORT_AGREEMENTS,
    LIST_AGREEMENTS,
    LIST_HUB_PARTIES,
    PUT_AGREEMENT,
    READ_TRACE,
    RESUME_AGREEMENT,
    SUSPEND_AGREEMENT,
    AgreementFacts,
    AgreementTerms,
    CopyFacts,
    Freshness,
    HealthFacts,
    HopFacts,
    HubParty,
    Imported,
    RouteFacts,
    SheetLine,
)
from voltroam.operator.shelves import party_of
from voltroam.roaming.hub.agreement_sheet import checked, read_sheet
from voltroam.roaming.hub.agreements import Agreement, Side
from voltroam.roaming.hub.index import KINDS
from voltroam.roaming.hub.trace import Hop
from voltroam.roaming.timed import is_timed
from voltroam.standard.errors import CallerError
from voltroam.wire.times import from_micros, to_micros


class Connected:
    """Only for nodes with the role HUB."""

    def __init__(self, ports: Ports, sight: HubSight) -> None:
        self._now = ports.now
        self._sight = sight

    def answers(self) -> Answers:
        found: Answers = {
            LIST_AGREEMENTS.name: self._list,
            GET_AGREEMENT.name: self._get,
            PUT_AGREEMENT.name: self._put,
            DELETE_AGREEMENT.name: self._delete,
            SUSPEND_AGREEMENT.name: self._suspend,
            RESUME_AGREEMENT.name: self._resume,
            IMPORT_AGREEMENTS.name: self._import,
            LIST_HUB_PARTIES.name: self._parties,
            EXPLAIN_ROUTES.name: self._routes,
            READ_TRACE.name: self._trace,
            HUB_HEALTH.name: self._health,
        }
        return found

    # -- agreements -----------------------------------------------------------------------------

    async def _list(self, asked: Asked) -> Page[AgreementFacts]:
        _refuse_limited(asked)
        found = await self._sight.book.all()
        return short_page(asked, [self._shown(it) for it in found], [it.id for it in found])

    async def _get(self, asked: Asked) -> AgreementFacts:
        _refuse_limited(asked)
        found = await self._sight.book.find(asked.ids["agreement_id"])
        if found is None:
            raise not_found("agreement with that id")
        return self._shown(found)

    async def _put(self, asked: Asked) -> Told[AgreementFacts]:
        _refuse_limited(asked)
        wanted = self._read(asked.ids["agreement_id"], asked.body)
        plan = await self._sight.book.plan([wanted], whole=False)
        await self._sight.book.carry_out(plan)
        return Told(self._shown(wanted), status=201 if plan.added else 200)

    async def _delete(self, asked: Asked) -> None:
        _refuse_limited(asked)
        await self._sight.book.remove(asked.ids["agreement_id"])

    async def _suspend(self, asked: Asked) -> AgreementFacts:
        return await self._moved(asked, suspended=True)

    async def _resume(self, asked: Asked) -> AgreementFacts:
        return await self._moved(asked, suspended=False)

    async def _moved(self, asked: Asked, *, suspended: bool) -> AgreementFacts:
        _refuse_limited(asked)
        changed = await self._sight.book.suspend(asked.ids["agreement_id"], suspended=suspended)
        return self._shown(changed)

    async def _import(self, asked: Asked) -> Imported:
        _refuse_limited(asked)
        book, body = self._sight.book, asked.body
        sheet = read_sheet(body.csv, self._sight.modules)
        plan = await book.plan(sheet.agreements, whole=body.whole)
        written = not sheet.problems and not body.dry_run
        if written:
            await book.carry_out(plan)
        return Imported(
            added=[it.id for it in plan.added],
            changed=[it.id for it in plan.changed],
            removed=[] if sheet.problems else list(plan.removed),
            unchanged=plan.unchanged,
            problems=[SheetLine(line=it.line, message=it.message) for it in sheet.problems],
            written=written,
        )

    def _read(self, id_: str, terms: AgreementTerms) -> Agreement:
        try:
            return checked(
                Agreement(
                    id=id_,
                    one=Side.read(terms.one),
                    other=Side.read(terms.other),
                    modules=tuple(dict.fromkeys(terms.modules)),
                    allows=terms.allows,
                    since=None if terms.since is None else to_micros(terms.since),
                    until=None if terms.until is None else to_micros(terms.until),
                    suspended=terms.suspended,
                    note=terms.note,
                ),
                self._sight.modules,
            )
        except CallerError as error:
            raise invalid(error.message) from None

    def _shown(self, it: Agreement) -> AgreementFacts:
        return AgreementFacts(
            id=it.id,
            one=str(it.one),
            other=str(it.other),
            modules=list(it.modules),
            allows=it.allows,
            since=_moment(it.since),
            until=_moment(it.until),
            suspended=it.suspended,
            note=it.note,
            counts=it.counts(self._now()),
        )

    # -- what it does ---------------------------------------------------------------------------

    async def _parties(self, asked: Asked) -> Page[HubParty]:
        _refuse_limited(asked)
        found = [_party(it) for it in await self._sight.parties()]
        names = [f"{it.party}/{it.role}/{it.partner}" for it in found]
        return short_page(asked, found, names)

    async def _routes(self, asked: Asked) -> Page[RouteFacts]:
        _refuse_limited(asked)
        query = asked.query
        to = None if query.to is None else party_of(query.to)
        things = {kind: id_ for kind in KINDS if (id_ := getattr(query, kind)) is not None}
        found = await self._sight.routes(
            party_of(query.sender), to, module=query.module, about=things
        )
        return Page(
            items=[
                RouteFacts(
                    call=it.call, decision=it.decision, row=it.row, reason=it.reason,
                    code=it.code, receiver=it.receiver, partner=it.platform,
                    agreement=it.agreement,
                )
                for it in found
            ]
        )  # fmt: skip

    async def _trace(self, asked: Asked) -> Page[HopFacts]:
        _refuse_limited(asked)
        query, trace = asked.query, self._sight.trace
        names = await self._sight.platform_names()
        if query.correlation_id is not None:
            hops = await trace.of(query.correlation_id)
            return Page(items=[_hop(it, names, await self._copies(it)) for it in hops])
        before = read_cursor(query.cursor)
        if before and not is_timed(before):
            raise bad_cursor()
        hops = await trace.newest(query.limit, before=before)
        more = len(hops) == query.limit
        return Page(
            items=[_hop(it, names) for it in hops], next=write_cursor(hops[-1].id) if more else None
        )

    async def _copies(self, hop: Hop) -> list[CopyFacts] | None:
        found = await self._sight.receivers(hop)
        if found is None:
            return None
        return [
            CopyFacts(
                partner=it.platform.name, state=it.state, http=it.http, code=it.code,
                reason=it.reason,
            )
            for it in found
        ]  # fmt: skip

    async def _health(self, asked: Asked) -> Page[HealthFacts]:
        _refuse_limited(asked)
        found = await self._sight.health(within=60.0 * asked.query.minutes)
        return Page(items=[_health(it) for it in found])


def _party(it: PartySeen) -> HubParty:
    return HubParty(
        party=str(it.party),
        role=it.role,
        partner=it.platform,
        status=it.status,
        behind=None if it.behind is None else str(it.behind),
        offers=list(it.offers),
        fresh=[
            Freshness(module=name, pushed=_moment(at.pushed), pulled=_moment(at.pulled))
            for name, at in sorted(it.fresh.items())
        ],
    )


def _hop(it: Hop, names: Mapping[str, str], copies: list[CopyFacts] | None = None) -> HopFacts:
    values = structs.asdict(it)
    platform, _ = values.pop("platform"), values.pop("change")
    values |= {
        "at": from_micros(it.at),
        "caller": names.get(it.caller, it.caller),
        "partner": None if platform is None else names.get(platform, platform),
    }
    return HopFacts(**values, copies=copies)


def _health(it: HealthSeen) -> HealthFacts:
    facts = HealthFacts(
        partner=it.platform.name, status=it.platform.status.value, lag=it.lag,
        score=None, availability=None, error_rate=None, p95=None, calls=None, oldest=None,
    )  # fmt: skip
    return facts if it.health is None else structs.replace(facts, **asdict(it.health))


def _moment(at: int | None) -> Moment | None:
    return None if at is None else from_micros(at)


def _refuse_limited(asked: Asked) -> None:
    if asked.who.is_limited:
        raise forbidden("a key that is limited to parties sees nothing of the hub")
