"""Keys, the audit, and the log of events."""

from msgspec import Raw

from voltroam.delivery.erasing import Erasing, Report
from voltroam.delivery.telling import Telling
from voltroam.operator.asked import Answers, Asked
from voltroam.operator.audit import Audit
from voltroam.operator.cursors import read_cursor, write_cursor
from voltroam.operator.faults import forbidden, invalid
from voltroam.operator.keys import Keys, facts_of
from voltroam.operator.operation import Page
from voltroam.operator.ports import Ports
from voltroam.operator.rows.admin import (
    CREATE_KEY,
    ERASE_DRIVER,
    FIND_DRIVER,
    LIST_AUDIT,
    LIST_EVENTS,
    LIST_KEYS,
    REVOKE_KEY,
    AuditLine,
    Event,
    Events,
    KeyFacts,
    KeyMade,
)
from voltroam.wire.times import from_micros, to_micros


class Admin:
    def __init__(self, ports: Ports, keys: Keys, audit: Audit) -> None:
        self._ports = ports
        self._keys = keys
        self._audit = audit
        self._telling = Telling(ports.store, ports.table)
        self._erasing = Erasing(ports.store, ports.vault)

    def answers(self) -> Answers:
        return {
            LIST_KEYS.name: self._list,
            CREATE_KEY.name: self._create,
            REVOKE_KEY.name: self._revoke,
            LIST_AUDIT.name: self._lines,
            LIST_EVENTS.name: self._events,
            FIND_DRIVER.name: self._find,
            ERASE_DRIVER.name: self._erase,
        }

    async def _list(self, asked: Asked) -> Page[KeyFacts]:
        """A key that is limited sees the keys within its limits."""
        found = [
            KeyFacts(**facts_of(record))
            async for record in self._keys.all()
            if _within(asked, record.parties)
        ]
        return Page(items=sorted(found, key=lambda one: one.name.casefold()))

    async def _create(self, asked: Asked) -> KeyMade:
        body = asked.body
        if not _within(asked, tuple(party.upper() for party in body.parties)):
            raise invalid("$.parties: a limited key makes keys within its own limits only")
        expires = None if body.expires is None else to_micros(body.expires)
        record, secret = await self._keys.create(body.name, body.scope, body.parties, expires)
        return KeyMade(**facts_of(record), secret=secret)

    async def _revoke(self, asked: Asked) -> None:
        named = asked.ids["name"]
        async for record in self._keys.all():
            if record.name.casefold() == named.casefold() and _within(asked, record.parties):
                await self._keys.revoke(named)
                return
        await self._keys.revoke("")

    async def _lines(self, asked: Asked) -> Page[AuditLine]:
        after = read_cursor(asked.query.cursor)
        lines = await self._audit.lines(asked.query.limit, after)
        more = len(lines) == asked.query.limit
        shown = [
            AuditLine(
                id=one.id,
                at=from_micros(one.at),
                who=one.who,
                scope=one.scope,
                what=one.what,
                target=one.target,
                status=one.status,
            )
            for one in lines
            if not asked.who.is_limited or one.who == asked.who.name
        ]
        return Page(items=shown, next=write_cursor(lines[-1].id) if more else None)

    async def _events(self, asked: Asked) -> Events:
        """A key that is limited gets the events that concern its parties."""
        who, items = asked.who, []
        for one in await self._ports.store.events(asked.query.after, asked.query.limit):
            mask = None if who.sees_drivers else self._ports.fingerprint
            told = await self._telling.tell(one, who.parties, mask)
            if told is not None:
                event = Raw(told)
                items.append(Event(sequence=one.sequence, type=one.type, event=event))
        return Events(items=items, oldest=await self._ports.store.oldest_event())

    async def _find(self, asked: Asked) -> Report:
        _refuse_limited(asked)
        kind = None if asked.body.type is None else asked.body.type.value
        return await self._erasing.find(asked.body.token_uid, kind)

    async def _erase(self, asked: Asked) -> Report:
        _refuse_limited(asked)
        body = asked.body
        kind = None if body.type is None else body.type.value
        return await self._erasing.erase(
            body.token_uid, kind, force=body.force, dry_run=body.dry_run
        )


def _refuse_limited(asked: Asked) -> None:
    """A driver is erased in the whole node, or not at all."""
    if asked.who.is_limited:
        raise forbidden("a key that is limited to parties erases nothing")


def _within(asked: Asked, parties: tuple[str, ...]) -> bool:
    if not asked.who.is_limited:
        return True
    return bool(parties) and all(asked.who.may(party) for party in parties)
