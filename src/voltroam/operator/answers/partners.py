"""Partners: how they are, and what is done about them."""

from collections.abc import Callable
from typing import Any

import msgspec

from voltroam.delivery.operators import Operators
from voltroam.operator.asked import Answers, Asked, Who
from voltroam.operator.cursors import read_cursor, write_cursor
from voltroam.operator.faults import conflict, forbidden, invalid, not_found
from voltroam.operator.operation import Page
from voltroam.operator.ports import Ports
from voltroam.operator.rows.partners import (
    GET_PARTNER,
    INVITE,
    LIST_PARTNERS,
    PAUSE,
    PULL,
    REGISTER,
    REMOVE,
    RESUME,
    RESYNC,
    ROTATE,
    SET_PROFILE,
    Invited,
    Partner,
    PartnerDetails,
    PullDone,
    Pulled,
    Question,
)
from voltroam.operator.shelves import Shelves
from voltroam.roaming.hub.planning import plan, planned_roles
from voltroam.roaming.platforms import Phase, Platform, Profile
from voltroam.standard.errors import CallerError
from voltroam.standard.v2_2_1 import Role
from voltroam.wire.times import from_micros


class Partners:
    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self._shelves = Shelves(ports)
        self._operators = Operators(ports.store, ports.directory, ports.now)

    def answers(self) -> Answers:
        return {
            LIST_PARTNERS.name: self._list,
            GET_PARTNER.name: self._get,
            INVITE.name: self._invite,
            REGISTER.name: self._register,
            PAUSE.name: self._pause,
            RESUME.name: self._resume,
            RESYNC.name: self._resync,
            ROTATE.name: self._rotate,
            REMOVE.name: self._remove,
            SET_PROFILE.name: self._set_profile,
            PULL.name: self._pull,
        }

    async def _list(self, asked: Asked) -> Page[Partner]:
        """By name; the cursor is the last one's."""
        after = read_cursor(asked.query.cursor)
        known = {
            platform.name.casefold(): platform
            for platform in await self._ports.directory.all()
            if platform.phase is not Phase.REMOVED and asked.who.knows(platform)
        }
        names = [name for name in sorted(known) if name > after]
        part = names[: asked.query.limit]
        more = len(names) > len(part)
        return Page(
            items=[await self._shown(known[name]) for name in part],
            next=write_cursor(part[-1]) if more else None,
        )

    async def _shown(self, platform: Platform) -> Partner:
        return Partner(**await self._facts(platform))

    async def _facts(self, platform: Platform) -> dict[str, Any]:
        brief = await self._operators.brief(platform)
        return {
            "name": platform.name,
            "status": platform.status.value,
            "phase": platform.phase.value,
            "version": platform.version,
            "roles": [
                f"{role.country_code}/{role.party_id}/{role.role.value}" for role in platform.roles
            ],
            "paused": platform.paused,
            "reason": platform.reason,
            "lag": brief["lag"],
            "parked": brief["parked"],
        }

    async def _get(self, asked: Asked) -> PartnerDetails:
        platform = await self._shelves.partner(asked)
        facts = await self._operators.facts(platform)
        questions = await self._operators.questions(platform)
        return PartnerDetails(
            **await self._facts(platform),
            versions_url=platform.versions_url,
            endpoints=list(platform.endpoints),
            profile=platform.profile,
            filling=facts["filling"],
            delivered=facts["delivered"],
            failed=facts["failed"],
            stopped=facts["stopped"],
            cdrs=facts["cdrs"],
            pulled=[
                Pulled(
                    module=module,
                    last=_moment(one["last"]),
                    full=_moment(one["full"]),
                    reason=one["reason"],
                )
                for module, one in sorted(facts["pulled"].items())
            ],
            questions=[
                Question(
                    module=one["module"],
                    at=from_micros(one["at"]),
                    vanished=one["vanished"],
                    held=one["held"],
                    ids=one.get("ids", []),
                )
                for one in questions
            ],
        )

    async def _invite(self, asked: Asked) -> Invited:
        _refuse_limited(asked.who)
        name = asked.body.name
        try:
            roles = planned_roles(self._ports.identity, name, asked.body.parties)
        except CallerError as error:
            raise invalid(error.message) from None
        made = await self._ports.registration.invite(name, we_are=_role(asked.body.we_are))
        await plan(self._ports.directory, made.platform.id, roles)
        return Invited(name=asked.body.name, versions_url=made.versions_url, token=made.token)

    async def _register(self, asked: Asked) -> Partner:
        _refuse_limited(asked.who)
        body = asked.body
        platform = await self._ports.registration.register(
            body.versions_url, body.token, body.name,
            we_are=_role(body.we_are), version=body.version,
        )  # fmt: skip
        return await self._shown(platform)

    async def _pause(self, asked: Asked) -> Partner:
        return await self._changed(asked, lambda it: msgspec.structs.replace(it, paused=True))

    async def _resume(self, asked: Asked) -> Partner:
        return await self._changed(asked, lambda it: msgspec.structs.replace(it, paused=False))

    async def _resync(self, asked: Asked) -> Partner:
        platform = await self._registered(asked)
        await self._ports.delivery.resync(platform)
        return await self._shown(platform)

    async def _rotate(self, asked: Asked) -> Partner:
        platform = await self._registered(asked)
        return await self._shown(await self._ports.registration.rotate(platform))

    async def _remove(self, asked: Asked) -> None:
        await self._ports.registration.remove(await self._shelves.whole_partner(asked))

    async def _set_profile(self, asked: Asked) -> Profile:
        given = {
            name: value
            for name, value in msgspec.structs.asdict(asked.body).items()
            if value is not msgspec.UNSET
        }
        platform = await self._change(
            asked,
            lambda it: msgspec.structs.replace(
                it, profile=msgspec.structs.replace(it.profile, **given)
            ),
        )
        return platform.profile

    async def _pull(self, asked: Asked) -> PullDone:
        platform, body = await self._registered(asked), asked.body
        if body.module not in self._ports.delivery.modules(platform):
            raise invalid(f"$.module: {platform.name} offers no list of {body.module}")
        report = await self._ports.delivery.pull(
            platform, body.module, full=body.full, force=body.force
        )
        return PullDone(
            received=report.received,
            changed=report.changed,
            unchanged=report.unchanged,
            refused=report.refused,
            removed=report.removed,
            questioned=report.questioned,
        )

    async def _registered(self, asked: Asked) -> Platform:
        platform = await self._shelves.whole_partner(asked)
        if not platform.is_registered:
            raise conflict(f"{platform.name} is not registered")
        return platform

    async def _changed(self, asked: Asked, change: Callable[[Platform], Platform]) -> Partner:
        return await self._shown(await self._change(asked, change))

    async def _change(self, asked: Asked, change: Callable[[Platform], Platform]) -> Platform:
        platform = await self._shelves.whole_partner(asked)
        changed = await self._ports.directory.update(platform.id, change)
        if changed is None:
            raise not_found("partner of that name")
        return changed


def _refuse_limited(who: Who) -> None:
    """Whom a new partner will hold is not known yet."""
    if who.is_limited:
        raise forbidden("a key that is limited to parties makes no partners")


def _moment(at: int | None) -> Any:
    return None if at is None else from_micros(at)


def _role(name: str | None) -> Role | None:
    return None if name is None else Role(name)
