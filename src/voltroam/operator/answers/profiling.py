"""Charging profiles and preferences, both ways."""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import TypeVar

import msgspec

from voltroam.operator.acting import acting_party, ledger_page, party_named, viewed
from voltroam.operator.asked import Answers, Asked, Told
from voltroam.operator.faults import invalid, not_found
from voltroam.operator.operation import Page
from voltroam.operator.ports import Ports
from voltroam.operator.rows.live import (
    ASK_ACTIVE_PROFILE,
    CHANGED_PROFILE,
    CLEAR_CHARGING_PROFILE,
    GET_PREFERENCES,
    GET_PROFILE,
    GET_PROFILE_ORDER,
    LIST_PROFILE_ORDERS,
    LIST_PROFILES,
    PREFER,
    REPORT_PROFILE_ORDER,
    SET_CHARGING_PROFILE,
    PreferenceAnswer,
    ProfileFacts,
    ProfileOrderFacts,
)
from voltroam.operator.shelves import Shelves
from voltroam.roaming.host import ProfileOutcome
from voltroam.roaming.profiling import (
    Preferences,
    ProfileCall,
    ProfileEntry,
    Profiles,
    Steering,
)
from voltroam.roaming.timed import is_timed
from voltroam.standard.endpoints import SESSION
from voltroam.standard.v2_2_1 import ActiveChargingProfile, ChargingPreferences, Role
from voltroam.wire.decode import Reading, read
from voltroam.wire.times import from_micros

S = TypeVar("S", bound=msgspec.Struct)


class Profiling:
    """The side that steers: an eMSP's or a smart charging provider's."""

    def __init__(self, ports: Ports, profiles: Profiles) -> None:
        self._ports = ports
        self._profiles = profiles
        self._shelves = Shelves(ports)

    def answers(self) -> Answers:
        return {
            SET_CHARGING_PROFILE.name: self._set,
            CLEAR_CHARGING_PROFILE.name: self._clear,
            ASK_ACTIVE_PROFILE.name: self._ask,
            LIST_PROFILES.name: self._list,
            GET_PROFILE.name: self._get,
        }

    async def _set(self, asked: Asked) -> Told[ProfileFacts]:
        call = await self._way(asked, partial(self._profiles.set, profile=asked.body.profile))
        return await self._sent(asked, call)

    async def _clear(self, asked: Asked) -> Told[ProfileFacts]:
        return await self._sent(asked, await self._way(asked, self._profiles.clear))

    async def _ask(self, asked: Asked) -> Told[ProfileFacts]:
        call = await self._way(asked, partial(self._profiles.active, duration=asked.body.duration))
        return await self._sent(asked, call)

    async def _way(
        self, asked: Asked, act: Callable[..., Awaitable[ProfileCall]]
    ) -> Awaitable[ProfileCall]:
        body = asked.body
        named = None
        if body.partner is not None:
            named = (await self._shelves.partner_named(asked.who, body.partner)).name
        by = acting_party(
            asked.who, self._ports.identity, body.as_party, Role.EMSP, Role.SCSP, Role.HUB
        )
        return act(body.session_id, operator=party_named(body.operator), partner=named, as_party=by)

    async def _sent(self, asked: Asked, sending: Awaitable[ProfileCall]) -> Told[ProfileFacts]:
        call = await sending
        if asked.query.wait and not call.is_settled:
            call = await self._profiles.await_result(call.id, asked.query.wait)
        return Told(_shown(call), target=f"/profiles/{call.id}")

    async def _list(self, asked: Asked) -> Page[ProfileFacts]:
        return await ledger_page(
            asked,
            self._profiles.newest,
            _shown,
            lambda one: asked.who.may(one.as_party, one.operator),
        )

    async def _get(self, asked: Asked) -> ProfileFacts:
        id_ = asked.ids["profile_id"]
        held = await self._profiles.get(id_) if is_timed(id_) else None
        if held is None or not asked.who.may(held.as_party, held.operator):
            raise not_found("request about a profile with that id")
        if asked.query.wait and not held.is_settled:
            held = await self._profiles.await_result(id_, asked.query.wait)
        return _shown(held)


class Steered:
    """The side whose chargers are steered."""

    def __init__(self, ports: Ports, steering: Steering) -> None:
        self._ports = ports
        self._steering = steering

    def answers(self) -> Answers:
        return {
            LIST_PROFILE_ORDERS.name: self._list,
            GET_PROFILE_ORDER.name: self._get,
            REPORT_PROFILE_ORDER.name: self._report,
            CHANGED_PROFILE.name: self._changed,
        }

    async def _list(self, asked: Asked) -> Page[ProfileOrderFacts]:
        return await ledger_page(
            asked,
            self._steering.newest,
            partial(_order_shown, await self._names()),
            lambda one: asked.who.may(one.operator, one.asked_by),
        )

    async def _get(self, asked: Asked) -> ProfileOrderFacts:
        return _order_shown(await self._names(), await self._held(asked))

    async def _report(self, asked: Asked) -> ProfileOrderFacts:
        held = await self._held(asked)
        outcome = ProfileOutcome(result=asked.body.result, active=asked.body.active)
        return _order_shown(await self._names(), await self._steering.report(held.id, outcome))

    async def _changed(self, asked: Asked) -> None:
        ours = self._ports.identity.parties(*SESSION.owner_roles)
        if not asked.who.may(asked.owner) or not any(it.same(asked.owner) for it in ours):
            raise not_found("session of ours with that owner and id")
        active = _read(ActiveChargingProfile, asked.body)
        await self._steering.changed(asked.ids["session_id"], active, operator=asked.owner)

    async def _names(self) -> dict[str, str]:
        return {one.id: one.name for one in await self._ports.directory.all()}

    async def _held(self, asked: Asked) -> ProfileEntry:
        id_ = asked.ids["order_id"]
        held = await self._steering.get(id_) if is_timed(id_) else None
        if held is None or not asked.who.may(held.operator, held.asked_by):
            raise not_found("order about a profile with that id")
        return held


class Preferring:
    """What drivers would like, told and heard."""

    def __init__(self, ports: Ports, preferences: Preferences) -> None:
        self._ports = ports
        self._preferences = preferences
        self._shelves = Shelves(ports)

    def answers(self) -> Answers:
        return {PREFER.name: self._prefer, GET_PREFERENCES.name: self._get}

    async def _prefer(self, asked: Asked) -> PreferenceAnswer:
        await self._shelves.row(asked, SESSION)
        wanted = _read(ChargingPreferences, asked.body)
        response = await self._preferences.prefer(
            asked.ids["session_id"], wanted, operator=asked.owner
        )
        return PreferenceAnswer(response=response)

    async def _get(self, asked: Asked) -> ChargingPreferences:
        await self._shelves.row(asked, SESSION)
        found = await self._preferences.of(asked.ids["session_id"], asked.owner)
        if found is None:
            raise not_found("preferences of that session")
        return found


def _read(shape: type[S], document: bytes) -> S:
    """An object of the standard. Raises Fault with every problem."""
    reading: Reading[S] = read(shape, document)
    if reading.value is None or not reading.usable(strict=True):
        raise invalid(reading.message, reading.problems)
    return reading.value


def _shown(call: ProfileCall) -> ProfileFacts:
    return viewed(
        ProfileFacts, call, state=call.state.value, action=call.action.value,
        settled=call.is_settled, succeeded=call.succeeded,
    )  # fmt: skip


def _order_shown(names: Mapping[str, str], entry: ProfileEntry) -> ProfileOrderFacts:
    return viewed(
        ProfileOrderFacts, entry, state=entry.state.value, action=entry.action.value,
        partner=names.get(entry.partner, entry.partner), at=from_micros(entry.at),
        deadline=from_micros(entry.deadline),
    )  # fmt: skip
