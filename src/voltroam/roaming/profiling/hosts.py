"""Asking the host with a deadline: late, wrong or broken, the partner gets a legal answer."""

import asyncio

from voltroam.roaming.host import Host, ProfileOrder, ProfileOutcome, Wish
from voltroam.standard.v2_2_1 import (
    ChargingPreferencesResponse,
    ChargingProfileResponseType,
    ChargingProfileResultType,
)

_REJECTED = ProfileOutcome(result=ChargingProfileResultType.REJECTED)


async def considered(
    host: Host, order: ProfileOrder, seconds: float
) -> ChargingProfileResponseType:
    """Whether the order can be passed on; REJECTED when the host does not say in time."""
    try:
        async with asyncio.timeout(seconds):
            answer = await host.consider_profile(order)
        return ChargingProfileResponseType.ACCEPTED if answer is None else _response(answer)
    except Exception:
        return ChargingProfileResponseType.REJECTED


async def carried_out(host: Host, order: ProfileOrder, seconds: float) -> ProfileOutcome:
    """What the charger made of it; REJECTED when the host does not say in time, for nothing is
    known to be in force."""
    try:
        async with asyncio.timeout(max(0.0, seconds)):
            outcome = await host.carry_out_profile(order)
        ChargingProfileResultType(outcome.result)
    except Exception:
        return _REJECTED
    return sound(outcome, asked=order.duration is not None)


def sound(outcome: ProfileOutcome, *, asked: bool) -> ProfileOutcome:
    """A question for the active profile that is answered without one was not answered."""
    accepted = outcome.result is ChargingProfileResultType.ACCEPTED
    return _REJECTED if asked and accepted and outcome.active is None else outcome


async def preferred(host: Host, wish: Wish, seconds: float) -> ChargingPreferencesResponse:
    """NOT_POSSIBLE when the host does not say in time."""
    try:
        async with asyncio.timeout(seconds):
            return ChargingPreferencesResponse(await host.prefer(wish))
    except Exception:
        return ChargingPreferencesResponse.NOT_POSSIBLE


def _response(answer: ChargingProfileResponseType) -> ChargingProfileResponseType:
    return ChargingProfileResponseType(answer)
