"""Asking the host, each time with a deadline that holds whatever it does."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from voltroam.roaming.commanding.log import log
from voltroam.roaming.host import Considered, Host, Order, Outcome
from voltroam.standard.v2_2_1 import CommandResponseType, CommandResultType, CommandType

T = TypeVar("T")
TIMED_OUT = Outcome(result=CommandResultType.TIMEOUT, message="The charger did not answer in time")
FAILED = Outcome(result=CommandResultType.FAILED, message="The command could not be carried out")
INTERRUPTED = Outcome(
    result=CommandResultType.FAILED, message="The operator's system was interrupted"
)
_REJECTED = Considered(
    result=CommandResponseType.REJECTED, message="The operator's system does not answer"
)
_ACCEPTED = Considered(result=CommandResponseType.ACCEPTED)


async def considered(host: Host, order: Order, seconds: float) -> Considered:
    """Whether the order can be passed on; REJECTED when the host is late, broken or wrong."""
    try:
        answer = await _within(host.consider(order), seconds)
        return _ACCEPTED if answer is None else _sound(answer, order.command)
    except Exception as fault:
        log.warning("host did not consider", order=order.id, fault=type(fault).__name__)
        return _REJECTED


async def carried_out(host: Host, order: Order, seconds: float) -> Outcome | None:
    """What became of it: TIMEOUT when the host is late, FAILED when it is broken or wrong.

    None: the host will report.
    """
    try:
        outcome = await _within(host.carry_out(order), seconds)
    except TimeoutError:
        log.warning("host is late with an order", order=order.id)
        return TIMED_OUT
    except Exception as fault:
        log.warning("host failed at an order", order=order.id, fault=type(fault).__name__)
        return FAILED
    if outcome is not None and not is_sound(outcome):
        log.warning("host answered an order with nonsense", order=order.id)
        return FAILED
    return outcome


def is_sound(outcome: object) -> bool:
    """Whether it is an Outcome in deed: hosts are not always type-checked."""
    return (
        isinstance(outcome, Outcome)
        and outcome.result in CommandResultType.__members__
        and isinstance(outcome.message, str | None)
    )


def _sound(answer: object, command: CommandType) -> Considered:
    """UNKNOWN_SESSION is an answer only where there is a session to know."""
    if (
        not isinstance(answer, Considered)
        or answer.result not in CommandResponseType.__members__
        or not isinstance(answer.message, str | None)
    ):
        raise TypeError("no Considered")
    foreign = (
        answer.result == CommandResponseType.UNKNOWN_SESSION
        and command is not CommandType.STOP_SESSION
    )
    return Considered(
        result=CommandResponseType.REJECTED if foreign else CommandResponseType(answer.result),
        message=answer.message,
    )


async def _within(answer: Coroutine[Any, Any, T], seconds: float) -> T:
    """TimeoutError when time is up, also for what does not let itself be cancelled."""
    task = asyncio.ensure_future(answer)
    try:
        done, _ = await asyncio.wait({task}, timeout=max(0.0, seconds))
    except asyncio.CancelledError:
        task.cancel()
        raise
    if done:
        return task.result()
    task.cancel()
    task.add_done_callback(_forget)
    raise TimeoutError


def _forget(task: "asyncio.Future[Any]") -> None:
    """What it raises too late interests nobody."""
    if not task.cancelled():
        task.exception()
