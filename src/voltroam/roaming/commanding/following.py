"""Which session a start led to: known once the operator has pushed it.

OCPI's result does not name it. The process that sent the command looks for a session of the same
operator, token and place, and of the same authorization_reference where both have one.
"""

from collections.abc import Callable
from functools import partial

import msgspec
from msgspec import structs

from voltroam.roaming.commanding.command import Command, CommandState
from voltroam.roaming.commanding.ledger import CommandLedger
from voltroam.standard.endpoints import SESSION
from voltroam.standard.parties import fold
from voltroam.standard.types import NOT_AVAILABLE
from voltroam.standard.v2_2_1 import StartSession
from voltroam.store.interface import ObjectRow, Store

SECOND = 1_000_000
AWAITED = 15 * 60 * SECOND
"""So long after the command a session is looked for."""
PAGE = 500


class _Card(msgspec.Struct):
    uid: str = ""
    type: str = ""


class _Seen(msgspec.Struct):
    """What tells one session from another."""

    id: str
    location_id: str = ""
    evse_uid: str = NOT_AVAILABLE
    authorization_reference: str | None = None
    cdr_token: _Card = msgspec.field(default_factory=_Card)
    end_date_time: str | None = None


_SEEN = msgspec.json.Decoder(_Seen)


class _Start(msgspec.Struct, frozen=True):
    command_id: str
    owner: str
    token: tuple[str, str]
    location_id: str
    evse_uid: str
    reference: str | None
    until: int

    def led_to(self, row: ObjectRow, seen: _Seen) -> bool:
        said, evse = seen.authorization_reference, fold(seen.evse_uid)
        return (
            row.key.owner == self.owner
            and (fold(seen.cdr_token.uid), seen.cdr_token.type) == self.token
            and fold(seen.location_id) == self.location_id
            and (
                NOT_AVAILABLE in (evse := fold(seen.evse_uid), self.evse_uid)
                or evse == self.evse_uid
            )
            and (None in (said, self.reference) or fold(said or "") == self.reference)
            and seen.end_date_time is None
        )

    def __repr__(self) -> str:
        return f"_Start({self.command_id})"


class Following:
    """Of the starts of this process. Costs nothing while there are none."""

    def __init__(self, store: Store, ledger: CommandLedger, now: Callable[[], int]) -> None:
        self._store = store
        self._ledger = ledger
        self._now = now
        self._starts: list[_Start] = []
        self._read_to = 0

    async def begin(self, command: Command, body: StartSession) -> None:
        """From now on; before the command leaves."""
        if command.operator is None:
            return
        if not self._starts:
            self._read_to = await self._store.head()
        reference = body.authorization_reference
        self._starts.append(
            _Start(
                command.id, command.operator.folded, (fold(body.token.uid), body.token.type.value),
                fold(body.location_id), fold(body.evse_uid or NOT_AVAILABLE),
                None if reference is None else fold(reference),
                self._now() + AWAITED,
            )
        )  # fmt: skip

    async def look(self) -> None:
        """Note the sessions that came since the last look."""
        now = self._now()
        self._starts = [one for one in self._starts if one.until > now]
        while self._starts and (rows := await self._store.feed(self._read_to, PAGE)):
            for row in rows:
                await self._note(row)
            self._read_to = rows[-1].changed

    async def _note(self, row: ObjectRow) -> None:
        if row.key.kind != SESSION.kind or row.deleted:
            return
        try:
            seen = _SEEN.decode(row.document)
        except msgspec.MsgspecError:
            return
        for one in self._starts:
            if one.led_to(row, seen):
                self._starts.remove(one)
                await self._ledger.move(one.command_id, partial(_led_to, session_id=seen.id))
                return


def _led_to(command: Command, _now: int, *, session_id: str) -> Command:
    if command.state is CommandState.REFUSED:
        return command
    return structs.replace(command, session_id=session_id)
