"""Received objects that are unusable: kept with their reasons, tried again on request."""

from collections.abc import AsyncIterator, Sequence
from hashlib import sha256
from typing import Any

import msgspec

from voltroam.delivery.ports import Now, Platforms
from voltroam.delivery.records import QUARANTINE, SEPARATOR, Quarantined, draft, load, read, write
from voltroam.roaming.accept import accept, named_owner
from voltroam.roaming.bridging import Bridging
from voltroam.roaming.keys import object_key
from voltroam.roaming.platforms import Identity, Platform
from voltroam.standard.endpoints import Resource, Table
from voltroam.standard.errors import CallerError, NotFound
from voltroam.standard.shapes import shape
from voltroam.standard.versions import HOME, VERSIONS, Version
from voltroam.store.interface import (
    Change,
    Decision,
    EventDraft,
    Held,
    ObjectKey,
    RecordDraft,
    RecordKey,
    Store,
)
from voltroam.wire.decode import read as read_document

KEY_SEPARATOR = "/"
_PLAIN = msgspec.json.Decoder()


def readable_key(resource: Resource, document: bytes, source: Platform) -> ObjectKey | None:
    """The identity of an object, if at least that can be read."""
    try:
        members = _PLAIN.decode(document)
        if not isinstance(members, dict):
            return None
        owner = named_owner(resource, members, source)
        return None if owner is None else object_key(resource, owner, members)
    except (msgspec.DecodeError, UnicodeDecodeError, CallerError):
        return None


def problems_of(
    resource: Resource, document: bytes, error: CallerError, version: Version
) -> list[dict[str, str]]:
    """Every problem with its JSON path; where reading finds none, the refusal itself."""
    try:
        found = read_document(shape(resource.object, version), document).problems
    except CallerError as broken:
        found, error = (), broken
    if found:
        plain: list[dict[str, str]] = msgspec.to_builtins(list(found))
        return plain
    return [{"path": "$", "severity": "fatal", "rule": "accept", "message": error.message}]


def _spoken(platform: Platform) -> Version:
    """The version in which a partner's objects come."""
    return VERSIONS.get(platform.version or "", HOME)


def group_of(platform: str, module: str) -> str:
    """The parent of one partner's quarantined objects of one module."""
    return SEPARATOR.join((platform, module))


def record_key(platform: str, module: str, document: bytes, key: ObjectKey | None) -> RecordKey:
    name = KEY_SEPARATOR.join(key) if key is not None else sha256(document).hexdigest()[:32]
    return RecordKey(QUARANTINE, sha256(f"{platform}|{module}|{name}".encode()).hexdigest()[:16])


def as_json(document: bytes) -> msgspec.Raw:
    """The document itself, or as a JSON string what is no JSON."""
    try:
        _PLAIN.decode(document)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return msgspec.Raw(msgspec.json.encode(document.decode("utf-8", "replace")))
    return msgspec.Raw(document)


class Quarantine:
    """What was set aside, by partner and module."""

    def __init__(
        self,
        store: Store,
        platforms: Platforms,
        identity: Identity,
        table: Table,
        now: Now,
        *,
        bridging: Bridging | None = None,
    ) -> None:
        self._bridging = bridging
        self._store = store
        self._platforms = platforms
        self._identity = identity
        self._table = table
        self._now = now

    async def keep(
        self,
        platform: Platform,
        resource: Resource,
        module: str,
        document: bytes,
        error: CallerError,
    ) -> ObjectKey | None:
        """Set one object aside (CORE-HTTP-18); its key, if it can be read."""
        key = readable_key(resource, document, platform)
        entry = Quarantined(
            platform=platform.id,
            module=module,
            at=self._now(),
            document=as_json(document),
            problems=problems_of(resource, document, error, _spoken(platform)),
            key=None if key is None else KEY_SEPARATOR.join(key),
        )
        record = record_key(platform.id, module, document, key)
        note = draft(record, entry, parent=group_of(platform.id, module))

        def decide(held: Held) -> Decision[None]:
            before = held.records.get(record)
            again = before is not None and read(before, Quarantined).document == entry.document
            return Decision(
                None, records=(note,), events=() if again else (_added(record, platform, entry),)
            )

        await self._store.apply(Change(decide, records=(record,)))
        return key

    async def waiting(self, platform: Platform, module: str) -> set[str]:
        """Ids of what is set aside of one partner's module."""
        return {record_id async for record_id, _ in self._entries(group_of(platform.id, module))}

    async def clear(
        self, platform: Platform, module: str, key: ObjectKey, waiting: set[str]
    ) -> None:
        """The object was accepted after all."""
        record = record_key(platform.id, module, b"", key)
        if record.id in waiting:
            waiting.discard(record.id)
            await write(self._store, RecordDraft(record, None))

    async def all(self) -> list[dict[str, Any]]:
        """All, without the documents."""
        found = []
        async for record_id, entry in self._entries(None):
            if await self._held_since(entry):
                await write(self._store, RecordDraft(RecordKey(QUARANTINE, record_id), None))
                continue
            found.append(await self._plain(record_id, entry))
        return found

    async def show(self, record_id: str) -> dict[str, Any]:
        """One, as it was received. Raises NotFound."""
        entry = await self._entry(record_id)
        plain = await self._plain(record_id, entry)
        return {**plain, "document": _PLAIN.decode(entry.document)}

    async def retry(self, record_id: str | None = None) -> dict[str, int]:
        """Read one again, or all. Raises NotFound for an unknown id."""
        if record_id is not None:
            entries = [(record_id, await self._entry(record_id))]
        else:
            entries = [pair async for pair in self._entries(None)]
        taken = 0
        for one_id, entry in entries:
            taken += await self._again(one_id, entry)
        return {"accepted": taken, "refused": len(entries) - taken}

    async def _again(self, record_id: str, entry: Quarantined) -> bool:
        resource = self._table.resources.get(entry.module)
        platform = await self._platforms.platform(entry.platform)
        version = VERSIONS.get(platform.version or "") if platform is not None else None
        if resource is None or platform is None or version is None:
            return False
        document, version = bytes(entry.document), VERSIONS[platform.version or ""]
        try:
            inward = None
            if self._bridging is not None:
                inward = await self._bridging.inward(resource, version, platform, [document])
            change = accept(
                resource,
                document,
                version=version,
                source=platform,
                identity=self._identity,
                strict=platform.profile.strict,
                inward=inward,
            )
            refusal = (await self._store.apply(change)).refusal
            if refusal is not None:
                raise refusal
            if self._bridging is not None:
                await self._bridging.keep(platform)
        except CallerError as error:
            await self.keep(platform, resource, entry.module, document, error)
            return False
        await write(self._store, RecordDraft(RecordKey(QUARANTINE, record_id), None))
        return True

    async def _held_since(self, entry: Quarantined) -> bool:
        """Has the partner pushed a good one since?"""
        if entry.key is None:
            return False
        row = await self._store.get(ObjectKey(*_split(entry.key)))
        return row is not None and row.stored_at > entry.at and entry.platform in row.sources

    async def _plain(self, record_id: str, entry: Quarantined) -> dict[str, Any]:
        platform = await self._platforms.platform(entry.platform)
        return {
            "id": record_id,
            "partner": platform.name if platform is not None else entry.platform,
            "module": entry.module,
            "at": entry.at,
            "key": entry.key,
            "problems": entry.problems,
        }

    async def _entry(self, record_id: str) -> Quarantined:
        entry = await load(self._store, RecordKey(QUARANTINE, record_id), Quarantined)
        if entry is None:
            raise NotFound(f"There is no object {record_id} in quarantine")
        return entry

    async def _entries(self, parent: str | None) -> AsyncIterator[tuple[str, Quarantined]]:
        after = ""
        while page := await self._store.records(QUARANTINE, parent=parent, after=after):
            for record in page:
                yield record.key.id, read(record, Quarantined)
            after = page[-1].key.id


def _added(record: RecordKey, platform: Platform, entry: Quarantined) -> EventDraft:
    """Without the object: what makes it unusable may stand where a secret belongs."""
    told = {
        "partner": platform.name,
        "module": entry.module,
        "problems": [
            {name: problem[name] for name in ("path", "rule") if name in problem}
            for problem in entry.problems
        ],
    }
    return EventDraft("quarantine.added", f"{QUARANTINE}/{record.id}", msgspec.json.encode(told))


def _split(key: str) -> Sequence[str]:
    """`locations/NL/AAA/LOC1` -> kind, owner, id."""
    kind, country, party, ident = key.split(KEY_SEPARATOR, 3)
    return kind, f"{country}/{party}", ident
