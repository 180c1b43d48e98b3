"""Is a silent party still there? After a while a hub asks for its versions (CORE-HCI-18).

Every process notes when it last heard of each platform; one of them asks. Who does not answer is
OFFLINE, who answers or calls is CONNECTED again, and the others learn of it by client info.
"""

import asyncio

from voltroam.delivery.knobs import Knobs
from voltroam.delivery.log import Log
from voltroam.delivery.ports import Calls, Now, Platforms
from voltroam.delivery.presence import Presence
from voltroam.delivery.records import write
from voltroam.roaming.platforms import Platform, Status
from voltroam.standard.endpoints import VERSIONS_MODULE, Endpoint, Table
from voltroam.standard.errors import PartnerError, Refused
from voltroam.store.interface import RecordDraft, RecordKey, Store

log = Log("voltroam.alive")

CONTACT = "contact"
"""Record kind: the document is when a platform was last heard of (µs), the id the platform's."""
SECOND = 1_000_000
AT_ONCE = 32
_TOO_MANY = 429


class Alive:
    """Asks whoever was silent for `after` seconds; the answer to any call counts as well."""

    def __init__(
        self,
        store: Store,
        platforms: Platforms,
        calls: Calls,
        presence: Presence,
        table: Table,
        *,
        after: float,
        now: Now,
        knobs: Knobs,
        holder: str,
    ) -> None:
        self._store = store
        self._platforms = platforms
        self._calls = calls
        self._presence = presence
        self._row = _versions(table)
        self._after = after
        self._now = now
        self._knobs = knobs
        self._holder = holder
        self._began = now()
        self._noted: dict[str, int] = {}
        self._asked: dict[str, int] = {}
        self._busy: dict[str, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Until cancelled."""
        pause = min(self._after / 10, 5.0)
        try:
            while True:
                await self.note()
                if await self._store.lease("alive", self._holder, self._knobs.lease + pause):
                    await self.look()
                await asyncio.sleep(pause)
        finally:
            for task in self._busy.values():
                task.cancel()
            await asyncio.gather(*self._busy.values(), return_exceptions=True)

    async def note(self) -> None:
        """Tell the other processes whom this one heard of, not with every call."""
        step = int(self._after * SECOND / 4)
        drafts = []
        for platform in await self._platforms.all():
            heard = self._platforms.last_contact(platform.id)
            if heard is not None and heard - self._noted.get(platform.id, -step) >= step:
                self._noted[platform.id] = heard
                drafts.append(RecordDraft(_key(platform.id), str(heard).encode()))
        await write(self._store, *drafts)

    async def look(self) -> None:
        """Begin to ask all that are due."""
        heard = await self._heard()
        limit = self._now() - int(self._after * SECOND)
        self._busy = {name: task for name, task in self._busy.items() if not task.done()}
        for platform in await self._platforms.all():
            last = max(
                heard.get(platform.id, self._began),
                self._platforms.last_contact(platform.id) or 0,
                self._asked.get(platform.id, 0),
                platform.registered_at or 0,
            )
            due = _is_asked(platform) and last <= limit and platform.id not in self._busy
            if due and len(self._busy) < AT_ONCE:
                self._asked[platform.id] = self._now()
                self._busy[platform.id] = asyncio.create_task(self.ask(platform))

    async def ask(self, platform: Platform) -> None:
        """GET its versions, and note what that says of it."""
        try:
            await self._calls.call(platform, self._row, url=platform.versions_url)
        except PartnerError as fault:
            if isinstance(fault, Refused) and fault.http == _TOO_MANY:
                return
            log.warning("no sign of life", platform=platform.name, reason=fault.message)
            await self._presence.offline(platform.id)
        else:
            await self._presence.connected(platform.id)

    async def _heard(self) -> dict[str, int]:
        found: dict[str, int] = {}
        after = ""
        while page := await self._store.records(CONTACT, after=after):
            found |= {record.key.id: int(record.document) for record in page}
            after = page[-1].key.id
        return found


def _is_asked(platform: Platform) -> bool:
    """Not those that are suspended or not yet there."""
    return (
        platform.is_registered
        and not platform.paused
        and platform.status in (Status.CONNECTED, Status.OFFLINE)
        and platform.versions_url is not None
    )


def _key(platform_id: str) -> RecordKey:
    return RecordKey(CONTACT, platform_id)


def _versions(table: Table) -> Endpoint:
    return next(row for row in table.rows if row.module is VERSIONS_MODULE and not row.path)
