"""One node in one process: where the floors are joined.

`Node.open` gives the store and what stands directly on it; the rest is joined on first use, so
that a command that only reads a record does not wait for an HTTP client to load.
"""

import time
from pathlib import Path
from typing import Any

import msgspec

from voltroam.roaming.accept import Writer, accept
from voltroam.roaming.amend import patch
from voltroam.roaming.directory import Directory
from voltroam.roaming.platforms import Identity, Profile
from voltroam.roaming.vault import Vault
from voltroam.roaming.weigh import Outcome
from voltroam.settings import (
    Settings,
    SettingsError,
    read_secret_keys,
    split_party,
)
from voltroam.standard.endpoints import LOCATION, Resource, Table
from voltroam.standard.errors import CallerError, NotFound
from voltroam.standard.parties import PartyId
from voltroam.standard.v2_2_1 import BusinessDetails
from voltroam.standard.v2_2_1.credentials import CredentialsRole, Role
from voltroam.standard.versions import V2_2_1, VERSIONS
from voltroam.store.interface import Store
from voltroam.store.open import open_store
from voltroam.wire.decode import Problem, read
from voltroam.wire.routes import Router

SECRET_NAMES = frozenset(
    {"token", "authorization", "uid", "token_uid", "contract_id", "password", "secret", "key"}
)
"""Keys of a log line whose values are never written."""


class Refusal(CallerError):
    """An own object that cannot be taken, with every problem found."""

    def __init__(self, message: str, problems: tuple[Problem, ...] = ()) -> None:
        super().__init__(message)
        self.problems = problems


def micros() -> int:
    return time.time_ns() // 1000


def identity_of(settings: Settings) -> Identity:
    """Who we are, as our credentials say it (OCPI 2.2.1 §credentials)."""
    business = BusinessDetails(name=settings.name, website=settings.website)
    roles = []
    for text in settings.parties:
        country, party, role = split_party(text)
        roles.append(
            CredentialsRole(
                role=Role(role), business_details=business, party_id=party, country_code=country
            )
        )
    return Identity(name=settings.name, url=settings.url, roles=tuple(roles))


def default_profile(settings: Settings) -> Profile:
    """What a new partner starts with. Raises SettingsError for a key that no profile has."""
    values: dict[str, Any] = {"strict": settings.strict} | dict(settings.profile)
    unknown = set(values) - set(Profile.__struct_fields__)
    if unknown:
        raise SettingsError(f"[profile] has no key `{min(unknown)}`.")
    try:
        return msgspec.convert(values, Profile)
    except msgspec.ValidationError as error:
        raise SettingsError(f"[profile] cannot be used: {error}.") from None


class Node:
    """The parts of one node, for the time between `open` and `close`."""

    def __init__(self, settings: Settings, store: Store, vault: Vault) -> None:
        self.settings = settings
        self.store = store
        self.vault = vault
        self.table = Table()
        self.identity = identity_of(settings)
        self.router = Router(self.table, VERSIONS.values(), settings.url)
        self.directory = Directory(store, vault, now=micros)
        self._sender: Any = None

    @classmethod
    async def open(cls, settings: Settings, folder: Path) -> "Node":
        """Open the database of the settings; `folder` holds the secret key.

        Raises SettingsError, or NodeError when the database cannot be used.
        """
        default_profile(settings)
        vault = Vault(read_secret_keys(folder))
        store = await open_store(settings.database, queue_limit=settings.limits.queue, now=micros)
        return cls(settings, store, vault)

    async def close(self) -> None:
        """Finish what is queued and let go of everything."""
        if self._sender is not None:
            await self._sender.close()
        await self.store.close()

    # -- objects of our own ---------------------------------------------------------------------

    def resource(self, module: str) -> Resource:
        return self.table.resources[module]

    async def keep_own(
        self, module: str, document: bytes, *, strict: bool, private: bool = False
    ) -> None:
        """Take one own object. Raises Refusal (a CallerError) that lists the problems."""
        resource = self.resource(module)
        try:
            change = accept(
                resource, document, version=V2_2_1, source=None, identity=self.identity,
                strict=strict, private=private or None,
            )  # fmt: skip
        except CallerError as error:
            raise self._refusal(resource, document, error, strict=strict) from None
        accepted = await self.store.apply(change)
        if accepted.outcome is Outcome.CONFLICT:
            raise Refusal(f"$: this {resource.kind} object was given out already and cannot change")

    def _refusal(
        self, resource: Resource, document: bytes, error: CallerError, *, strict: bool
    ) -> Refusal:
        try:
            problems = read(resource.object, document).problems
        except CallerError as broken:
            return Refusal(broken.message)
        return Refusal(error.message, problems)

    async def set_status(self, line: bytes) -> None:
        """Change the status of one own EVSE. Raises Refusal."""
        try:
            change = msgspec.json.decode(line, type=StatusLine)
        except msgspec.DecodeError as error:
            raise Refusal(f"$: {error}") from None
        body = msgspec.json.encode({"status": change.status, "last_updated": change.last_updated})
        owner = self._owner_of(change)
        writer = Writer(self.identity, V2_2_1, strict=True)
        ids = {"id": change.location_id}
        try:
            patched = patch(LOCATION, owner, ids, (change.evse_uid,), body, writer=writer)
            await self.store.apply(patched)
        except NotFound:
            raise Refusal(
                f"$: {owner} has no EVSE {change.evse_uid} at a location {change.location_id}"
            ) from None

    def _owner_of(self, line: "StatusLine") -> PartyId:
        if line.country_code and line.party_id:
            return PartyId(line.country_code, line.party_id)
        owners = {party.folded: party for party in self.identity.parties(*LOCATION.owner_roles)}
        if len(owners) != 1:
            raise Refusal("$: country_code and party_id are needed, for we are several operators")
        return next(iter(owners.values()))


class StatusLine(msgspec.Struct):
    """One line of an `evse-status` import."""

    location_id: str
    evse_uid: str
    status: str
    last_updated: str
    country_code: str | None = None
    party_id: str | None = None
