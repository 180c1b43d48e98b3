"""What does not get through: parked objects, the CDR ledger, the quarantine."""

from typing import Any

import msgspec

from voltroam.operator.acting import short_page
from voltroam.operator.asked import Answers, Asked
from voltroam.operator.faults import conflict, not_found
from voltroam.operator.operation import Page
from voltroam.operator.ports import Ports
from voltroam.operator.rows.partners import (
    GET_QUARANTINED,
    LIST_LEDGER,
    LIST_PARKED,
    LIST_QUARANTINE,
    RETRY_CDR,
    RETRY_PARKED,
    RETRY_QUARANTINE,
    RETRY_QUARANTINED,
    LedgerEntry,
    ParkedObject,
    Quarantined,
    QuarantineDone,
    Retried,
)
from voltroam.operator.shelves import Shelves
from voltroam.roaming.keys import object_key, spelled
from voltroam.standard.endpoints import CDR
from voltroam.wire.decode import Problem
from voltroam.wire.times import from_micros


class Stuck:
    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self._shelves = Shelves(ports)

    def answers(self) -> Answers:
        return {
            LIST_PARKED.name: self._parked,
            RETRY_PARKED.name: self._retry_parked,
            LIST_LEDGER.name: self._ledger,
            RETRY_CDR.name: self._retry_cdr,
            LIST_QUARANTINE.name: self._quarantine,
            GET_QUARANTINED.name: self._quarantined,
            RETRY_QUARANTINE.name: self._retry_all,
            RETRY_QUARANTINED.name: self._retry_one,
        }

    async def _parked(self, asked: Asked) -> Page[ParkedObject]:
        platform = await self._shelves.partner(asked)
        found = [
            ParkedObject(
                partner=platform.name,
                state="parked",
                object=self._named(asked, one["object"]),
                http=one["http"],
                code=one["code"],
                reason=one["reason"],
                attempts=one["attempts"],
                at=from_micros(one["at"]),
                later=None if one["later"] is None else from_micros(one["later"]),
            )
            for one in await self._ports.delivery.parked(platform)
            if asked.who.may(_owner(one["object"]))
        ]
        return short_page(asked, found, [one.object for one in found])

    async def _retry_parked(self, asked: Asked) -> Retried:
        platform = await self._shelves.whole_partner(asked)
        return Retried(count=await self._ports.delivery.retry_parked(platform))

    async def _ledger(self, asked: Asked) -> Page[LedgerEntry]:
        platform = await self._shelves.partner(asked)
        found = [
            LedgerEntry(**{**one, "at": from_micros(one["at"])})
            for one in await self._ports.delivery.cdrs(platform)
            if asked.who.may(_owner(one["object"]))
        ]
        return short_page(asked, found, [one.object for one in found])

    async def _retry_cdr(self, asked: Asked) -> None:
        platform = await self._shelves.partner(asked)
        key = object_key(CDR, asked.owner, {"id": asked.ids["cdr_id"]})
        name = spelled(key)
        held = {one["object"]: one for one in await self._ports.delivery.cdrs(platform)}
        if name not in held or not asked.who.may(asked.owner):
            raise not_found("CDR of that owner and id in the ledger of this partner")
        if not await self._ports.delivery.retry_cdr(key):
            raise conflict("The partner accepted the CDR already")

    async def _quarantine(self, asked: Asked) -> Page[Quarantined]:
        found = [
            _quarantined(one)
            for one in await self._ports.delivery.quarantine.all()
            if await self._reaches(asked, one)
        ]
        found.sort(key=lambda one: one.id)
        if not asked.who.sees_drivers:
            found = [msgspec.structs.replace(one, key=_hidden(one)) for one in found]
        return short_page(asked, found, [one.id for one in found])

    async def _quarantined(self, asked: Asked) -> Quarantined:
        return _quarantined(await self._entry(asked))

    async def _retry_all(self, asked: Asked) -> QuarantineDone:
        done = {"accepted": 0, "refused": 0}
        if not asked.who.is_limited:
            return QuarantineDone(**await self._ports.delivery.quarantine.retry())
        for one in await self._ports.delivery.quarantine.all():
            if await self._reaches(asked, one):
                tried = await self._ports.delivery.quarantine.retry(one["id"])
                done = {name: done[name] + tried[name] for name in done}
        return QuarantineDone(**done)

    async def _retry_one(self, asked: Asked) -> QuarantineDone:
        entry = await self._entry(asked)
        return QuarantineDone(**await self._ports.delivery.quarantine.retry(entry["id"]))

    async def _entry(self, asked: Asked) -> dict[str, Any]:
        entry = await self._ports.delivery.quarantine.show(asked.ids["id"])
        if not await self._reaches(asked, entry):
            raise not_found("such object in quarantine")
        return entry

    async def _reaches(self, asked: Asked, entry: dict[str, Any]) -> bool:
        """Only what the key's own partners sent."""
        if not asked.who.is_limited:
            return True
        platform = await self._ports.directory.by_name(entry["partner"])
        return platform is not None and asked.who.knows(platform)

    def _named(self, asked: Asked, name: str) -> str:
        """Of a token a fingerprint where drivers are not shown."""
        kind, country, party, rest = name.split("/", 3)
        if kind != "tokens" or asked.who.sees_drivers:
            return name
        return f"{kind}/{country}/{party}/{self._ports.fingerprint(rest.rpartition('/')[0])}"


def _owner(name: str) -> str:
    """`cdrs/NL/AAA/ID` -> `NL/AAA`."""
    return "/".join(name.split("/", 3)[1:3])


def _quarantined(entry: dict[str, Any]) -> Quarantined:
    return Quarantined(
        id=entry["id"],
        partner=entry["partner"],
        module=entry["module"],
        at=from_micros(entry["at"]),
        key=None if entry["key"] is None else entry["key"].replace("\x1f", "/"),
        problems=msgspec.convert(entry["problems"], list[Problem]),
        document=entry.get("document"),
    )


def _hidden(one: Quarantined) -> str | None:
    return None if one.module == "tokens" else one.key
