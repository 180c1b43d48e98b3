"""Sessions of our own chargers, reported over the API."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from voltroam.operator.acting import acting_party
from voltroam.operator.asked import Answers, Asked, Told
from voltroam.operator.faults import invalid, not_found
from voltroam.operator.ports import Ports
from voltroam.operator.rows.charging import (
    ACTIVATE,
    BEGIN,
    END,
    INVALIDATE,
    LIST_READINGS,
    METER,
    PROGRESS,
    READ,
    RESERVATION_OVER,
    RESERVED,
    Begin,
    Begun,
    Reserved,
)
from voltroam.roaming.charging import Charging, ChargingProblem, Progress
from voltroam.roaming.host import Reading
from voltroam.standard.v2_2_1 import Role

R = TypeVar("R")
OUTCOMES = ("EXPIRED", "CANCELLED")


class Sessions:
    def __init__(self, ports: Ports, charging: Charging) -> None:
        self._ports = ports
        self._charging = charging

    def answers(self) -> Answers:
        found = {
            BEGIN.name: self._begin,
            RESERVED.name: self._reserved,
            PROGRESS.name: self._progress,
            ACTIVATE.name: self._activate,
            READ.name: self._read,
            LIST_READINGS.name: self._readings,
            METER.name: self._meter,
            END.name: self._end,
            RESERVATION_OVER.name: self._reservation_over,
            INVALIDATE.name: self._invalidate,
        }
        return {name: _worded(answer) for name, answer in found.items()}

    async def _begin(self, asked: Asked) -> Told[Begun]:
        body: Begin = asked.body
        session_id = await self._charging.begin(
            location_id=body.location_id, evse_uid=body.evse_uid, token=body.token,
            auth_method=body.auth_method, at=body.at, connector_id=body.connector_id,
            authorization_reference=body.authorization_reference, order_id=body.order_id,
            meter_id=body.meter_id, session_id=body.session_id, pending=body.pending,
            operator=self._operator(asked), reading=body.reading, preference=body.preference,
            home_charging_compensation=body.home_charging_compensation,
        )  # fmt: skip
        return await self._begun(session_id)

    async def _reserved(self, asked: Asked) -> Told[Begun]:
        body: Reserved = asked.body
        session_id = await self._charging.reserved(
            location_id=body.location_id, token=body.token, at=body.at, until=body.until,
            evse_uid=body.evse_uid, connector_id=body.connector_id, auth_method=body.auth_method,
            authorization_reference=body.authorization_reference, order_id=body.order_id,
            session_id=body.session_id, operator=self._operator(asked),
        )  # fmt: skip
        return await self._begun(session_id)

    async def _progress(self, asked: Asked) -> Progress:
        return await self._charging.progress(await self._mine(asked))

    async def _activate(self, asked: Asked) -> Progress:
        session_id, body = await self._mine(asked), asked.body
        return await self._charging.activate(session_id, body.at, reading=body.reading)

    async def _read(self, asked: Asked) -> Progress:
        return await self._charging.read_many(await self._mine(asked), asked.body.readings)

    async def _readings(self, asked: Asked) -> list[Reading]:
        return await self._charging.readings(await self._mine(asked))

    async def _meter(self, asked: Asked) -> Progress:
        session_id, body = await self._mine(asked), asked.body
        return await self._charging.replace_meter(
            session_id, body.last, body.first, meter_id=body.meter_id
        )

    async def _end(self, asked: Asked) -> Progress:
        session_id, body = await self._mine(asked), asked.body
        await self._charging.end(session_id, body.at, body.reading)
        return await self._charging.progress(session_id)

    async def _reservation_over(self, asked: Asked) -> Progress:
        session_id, body = await self._mine(asked), asked.body
        if body.outcome not in OUTCOMES:
            raise invalid(f"$.outcome: one of {', '.join(OUTCOMES)}")
        await self._charging.reservation_over(session_id, body.outcome, body.at)
        return await self._charging.progress(session_id)

    async def _invalidate(self, asked: Asked) -> Progress:
        return await self._charging.invalidate(await self._mine(asked), asked.body.why)

    def _operator(self, asked: Asked) -> Any:
        return acting_party(asked.who, self._ports.identity, asked.body.operator, Role.CPO)

    async def _begun(self, session_id: str) -> Told[Begun]:
        charge = await self._charging.charge(session_id)
        owner = charge.owner
        return Told(
            Begun(country_code=owner.country_code, party_id=owner.party_id, session_id=charge.id),
            target=f"/sessions/{owner}/{charge.id}",
        )

    async def _mine(self, asked: Asked) -> str:
        """The id of the session that the path names. Raises Fault 404."""
        charge = await self._charging.find(asked.ids["session_id"])
        if charge is None or not charge.owner.same(asked.owner) or not asked.who.may(asked.owner):
            raise not_found("session of ours with that owner and id, begun here")
        return charge.id


def _worded(answer: Callable[[Asked], Awaitable[R]]) -> Callable[[Asked], Awaitable[R]]:
    """A report that cannot be true is refused with its code."""

    async def worded(asked: Asked) -> R:
        try:
            return await answer(asked)
        except ChargingProblem as problem:
            raise invalid(f"{problem.code}: {problem.message}") from None

    return worded
