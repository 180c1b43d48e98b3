"""The ledger of the commands that we sent: every step is committed, and whoever waits is woken."""

from collections.abc import Callable
from functools import partial

import msgspec

from voltroam.roaming.bells import Bells
from voltroam.roaming.commanding.command import COMMAND, Command, lapsed
from voltroam.standard.errors import NotFound
from voltroam.standard.parties import fold
from voltroam.standard.v2_2_1 import CommandType
from voltroam.store.interface import (
    Change,
    Decision,
    EventDraft,
    Held,
    RecordDraft,
    RecordKey,
    Store,
)

RESERVED = "command_reservation"
"""Record kind: the id of the newest RESERVE_NOW by partner and folded reservation id."""
UNKNOWN = "No such command"
Step = Callable[[Command, int], Command]
"""From what is held, and the time in microseconds, to what shall be."""
_COMMAND = msgspec.json.Decoder(Command)


class CommandLedger:
    """Rows of kind `command`. `wait`: seconds for a result that nobody set a time for."""

    def __init__(self, store: Store, now: Callable[[], int], wait: int) -> None:
        self._store = store
        self._now = now
        self._wait = wait
        self._bells = Bells()

    async def get(self, command_id: str) -> Command | None:
        record = await self._store.record(RecordKey(COMMAND, command_id))
        return None if record is None else _COMMAND.decode(record.document)

    async def newest(self, limit: int, before: str | None) -> list[Command]:
        records = await self._store.records(COMMAND, after=before or "", limit=limit)
        return [_COMMAND.decode(record.document) for record in records]

    async def reserved(self, platform_id: str, reservation_id: str) -> Command | None:
        """The newest RESERVE_NOW of that id."""
        record = await self._store.record(_reserved_key(platform_id, reservation_id))
        return None if record is None else await self.get(record.document.decode())

    async def open(self, command: Command) -> None:
        """Write a new one down."""
        drafts = [_draft(command)]
        if command.command is CommandType.RESERVE_NOW:
            key = _reserved_key(command.platform, command.reservation_id or "")
            drafts.append(RecordDraft(key, command.id.encode(), command.platform))

        def decide(_held: Held) -> Decision[None]:
            return Decision(None, records=drafts)

        await self._store.apply(Change(decide))

    async def move(self, command_id: str, step: Step) -> Command:
        """One step inside a transaction, with its event. NotFound if there is no such command."""
        key = RecordKey(COMMAND, command_id)

        def decide(held: Held) -> Decision[Command]:
            record = held.records.get(key)
            if record is None:
                raise NotFound(UNKNOWN)
            before = _COMMAND.decode(record.document)
            after = step(before, held.now)
            if after == before:
                return Decision(before)
            return Decision(after, records=(_draft(after),), events=(_event(after),))

        command = await self._store.apply(Change(decide, records=(key,)))
        self._bells.ring(command_id)
        return command

    async def settled(self, command_id: str, timeout: float | None) -> Command:
        """Wait until it is settled, whichever process settles it, or until time is up."""
        return await self._bells.until(
            command_id, partial(self._lapse, command_id), _is_settled, timeout
        )

    async def look(self) -> None:
        """Settle what time has settled."""
        for record in await self._store.records(COMMAND, due_before=self._now()):
            await self._lapse(record.key.id)

    async def _lapse(self, command_id: str) -> Command:
        command = await self.get(command_id)
        if command is None:
            raise NotFound(UNKNOWN)
        if command.due is None or self._now() < command.due:
            return command
        return await self.move(command_id, partial(_lapsed, wait=self._wait))


def _is_settled(command: Command) -> bool:
    return command.is_settled


def _lapsed(command: Command, now: int, *, wait: int) -> Command:
    return lapsed(command, now, wait)


def _reserved_key(platform_id: str, reservation_id: str) -> RecordKey:
    return RecordKey(RESERVED, f"{platform_id}|{fold(reservation_id)}")


def _draft(command: Command) -> RecordDraft:
    return RecordDraft(
        RecordKey(COMMAND, command.id), msgspec.json.encode(command), command.platform, command.due
    )


def _event(command: Command) -> EventDraft:
    return EventDraft("command.result", f"commands/{command.id}", msgspec.json.encode(command))
