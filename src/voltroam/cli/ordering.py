"""How the commands about charging ask the running node, and what they end with."""

import asyncio
import getpass
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

import msgspec
import typer

from voltroam.cli.operating import OperatorClient, with_operator
from voltroam.cli.outcome import Exit, Stop, remark, write, write_json
from voltroam.operator.operation import Operation
from voltroam.operator.rows.live import GET_COMMAND, GET_PROFILE, CommandFacts, ProfileFacts
from voltroam.operator.rows.objects import LISTS
from voltroam.standard.v2_2_1 import CommandType, TokenType
from voltroam.wire.times import format_datetime

LONGEST = 600.0
"""Seconds that a command waits in all; a partner may say that its chargers take long."""
AT_ONCE = 40.0
"""Seconds of one question to the node."""
SESSION_TIME = 15.0
"""Seconds after the charger's yes until the session must have come."""
Asked = TypeVar("Asked", CommandFacts, ProfileFacts)


async def _led_to(node: OperatorClient, done: CommandFacts) -> CommandFacts:
    """The start with its session, once the operator has pushed it; without, if it did not."""
    deadline = time.monotonic() + SESSION_TIME
    while done.session_id is None and time.monotonic() < deadline:
        await asyncio.sleep(0.25)
        done = await node.ask(GET_COMMAND, query={"wait": 0}, command_id=done.id)
    return done


def token_type(text: str) -> TokenType:
    try:
        return TokenType(text.upper())
    except ValueError:
        names = ", ".join(TokenType)
        raise typer.BadParameter(f"one of {names}", param_hint="--type") from None


def any_type(text: str | None) -> TokenType | None:
    """None where the uid shall do."""
    return None if text is None else token_type(text)


def who_asks() -> str:
    """The account that runs this, for the ledger."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "command line"


def said(one: dict[str, Any]) -> str | None:
    """The last word of a command in JSON: the charger's, else its operator's."""
    last = one["result"] or one["response"]
    return str(last["result"]) if last else None


def slot(start: str, end: str) -> tuple[datetime, datetime]:
    """Both ends by one clock: calendars have steps, and a slot is as long as it was meant to be."""
    now = datetime.now(UTC)
    return moment(start, now), moment(end, now)


def moment(text: str, now: datetime | None = None) -> datetime:
    """A moment as the standard writes it, or minutes from now."""
    try:
        if text.isdecimal():
            return (now or datetime.now(UTC)) + timedelta(minutes=int(text))
        found = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        raise typer.BadParameter(f"`{text}` is no moment and no minutes") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def facts(struct: msgspec.Struct) -> dict[str, Any]:
    """As JSON: moments as the standard writes them, numbers as numbers."""
    found: dict[str, Any] = msgspec.to_builtins(struct, builtin_types=(datetime, Decimal))
    return {name: _spelled(value) for name, value in found.items()}


def _spelled(value: Any) -> Any:
    if isinstance(value, datetime):
        return format_datetime(value)
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, dict):
        return {name: _spelled(one) for name, one in value.items()}
    return [_spelled(one) for one in value] if isinstance(value, list) else value


def order(
    context: typer.Context,
    operation: Operation[CommandFacts],
    wanted: msgspec.Struct,
    *,
    wait: bool,
    json: bool,
) -> None:
    """Send a command, wait for its result; exit code 0 only if the charger said yes."""

    async def work(node: OperatorClient) -> CommandFacts:
        done = await _settled(node, operation, wanted, GET_COMMAND, "command_id", wait=wait)
        if wait and done.succeeded and done.command is CommandType.START_SESSION:
            return await _led_to(node, done)
        return done

    done = with_operator(context, work, as_json=json)
    if json:
        write_json(facts(done))
    else:
        _tell(done)
    _leave(done.succeeded or (not wait and _taken(done)), unreachable=_unheard(done))


def steer(
    context: typer.Context,
    operation: Operation[ProfileFacts],
    wanted: msgspec.Struct,
    *,
    wait: bool,
    json: bool,
    show: Callable[[ProfileFacts], None],
) -> None:
    """The same for what is said about charging profiles."""

    async def work(node: OperatorClient) -> ProfileFacts:
        return await _settled(node, operation, wanted, GET_PROFILE, "profile_id", wait=wait)

    done = with_operator(context, work, as_json=json)
    if json:
        write_json(facts(done))
    else:
        show(done)
    _leave(done.succeeded or (not wait and _taken(done)), unreachable=_unheard(done))


async def _settled(
    node: OperatorClient,
    operation: Operation[Asked],
    wanted: msgspec.Struct,
    asking: Operation[Asked],
    named: str,
    *,
    wait: bool,
) -> Asked:
    deadline = time.monotonic() + LONGEST
    query = {"wait": AT_ONCE if wait else 0}
    done = await node.ask(operation, wanted, query=query)
    while wait and not done.settled and time.monotonic() < deadline:
        done = await node.ask(asking, query=query, **{named: done.id})
    return done


def _taken(done: CommandFacts | ProfileFacts) -> bool:
    """The partner said that it passes it on."""
    return done.response is not None and done.response.result.value == "ACCEPTED"


def _unheard(done: CommandFacts | ProfileFacts) -> bool:
    """The partner has not answered at all."""
    return done.response is None and done.result is None and done.code is None


def _leave(good: bool, *, unreachable: bool) -> None:
    if not good:
        raise typer.Exit(int(Exit.UNREACHABLE if unreachable else Exit.FAILED))


def _tell(done: CommandFacts) -> None:
    if done.result is not None:
        write(f"{done.command.value}: {done.result.result.value}, says the charger.")
    elif done.response is not None:
        write(f"{done.command.value}: {done.response.result.value}, says {done.partner}.")
    else:
        write(f"{done.command.value}: {done.state}.")
    for said in (done.response, done.result):
        for text in (said.message if said is not None else None) or ():
            remark(text.text)
    if done.reason:
        remark(done.reason)
    elif done.settled and done.result is None and _taken(done):
        remark("No result of the charger came in time.")
    if done.reservation_id:
        write(f"reservation {done.reservation_id}")
    if done.session_id and done.command is CommandType.START_SESSION:
        write(f"session {done.session_id}")


async def operator_of(node: OperatorClient, session_id: str, given: str | None) -> tuple[str, str]:
    """Whose session it is, as country code and party id. Raises Stop."""
    if given is not None:
        country, _, party = given.partition("/")
        return country, party
    async for session in node.each(LISTS["sessions"], query={"whose": "received"}):
        if str(session.get("id", "")).upper() == session_id.upper():
            return session["country_code"], session["party_id"]
    raise Stop(f"There is no session {session_id}.")
