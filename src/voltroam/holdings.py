"""What a node holds: its settings, objects and partners, without anything that calls or serves.

This is all that most commands need, so it loads fast; `node.py` joins the rest on top of it.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from msgspec import structs

from voltroam.modules import read_table
from voltroam.roaming.bridging import Bridging
from voltroam.roaming.directory import Directory
from voltroam.roaming.platforms import Identity, Phase, Platform, Profile
from voltroam.roaming.reclass import formerly
from voltroam.roaming.vault import Vault
from voltroam.settings import Settings, SettingsError, read_secret_keys, split_party
from voltroam.standard.endpoints import LOCATION, Removal, Resource
from voltroam.standard.errors import CallerError, NotFound
from voltroam.standard.parties import PartyId
from voltroam.standard.shapes import shape
from voltroam.standard.v2_2_1 import BusinessDetails
from voltroam.standard.v2_2_1.credentials import CredentialsRole, Role
from voltroam.standard.versions import HOME, Version
from voltroam.store.interface import Store
from voltroam.store.open import open_store
from voltroam.wire.routes import Router

ENDINGS = {
    Removal.STATUS: "import them with their EVSEs REMOVED",
    Removal.INVALID: "import them with valid=false",
    Removal.NEVER: "they stay as they are",
}
"""How objects end that the standard does not delete, as advice to the operator."""


class Refusal(CallerError):
    """An own object that cannot be taken; `problems` have path, severity, rule and message."""

    def __init__(self, message: str, problems: list[dict[str, str]] | None = None) -> None:
        super().__init__(message)
        self.problems = problems or [
            {"path": "$", "severity": "fatal", "rule": "own-objects", "message": message}
        ]


class StatusLine(msgspec.Struct):
    """One line of an `evse-status` import; the owner only where we are several operators."""

    location_id: str
    evse_uid: str
    status: str
    last_updated: str
    country_code: str | None = None
    party_id: str | None = None


def micros() -> int:
    """Microseconds since 1970 UTC, by this machine's clock."""
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
    return Identity(
        name=settings.name, url=settings.url, roles=tuple(roles), versions=settings.versions
    )


def zone_of(latitude: str, longitude: str) -> str | None:
    """The time zone of a place; None where the extra `zones` is absent or no land is."""
    from voltroam.billing.problem import BillingProblem
    from voltroam.billing.zones import zone_at
    from voltroam.standard.v2_2_1 import GeoLocation

    try:
        return zone_at(GeoLocation(latitude=latitude, longitude=longitude))
    except BillingProblem:
        return None


def default_profile(settings: Settings) -> Profile:
    """What a new partner starts with. Raises SettingsError for a key that no profile has."""
    values: dict[str, Any] = {"strict": settings.strict} | dict(settings.profile)
    unknown = set(values) - set(Profile.__struct_fields__)
    if unknown:
        raise SettingsError(f"[profile] has no key `{min(unknown)}`.")
    try:
        return msgspec.convert(values, Profile, strict=False)
    except msgspec.ValidationError as error:
        raise SettingsError(f"[profile] cannot be used: {error}.") from None


class Holdings:
    """Objects and partners of one node, from `open` to `close`.

    `before`: versions that it speaks no more, by which classes may still be made.
    """

    def __init__(
        self,
        settings: Settings,
        folder: Path,
        store: Store,
        vault: Vault,
        *,
        before: tuple[str, ...] = (),
    ) -> None:
        self.settings = settings
        self.folder = folder
        self.store = store
        self.vault = vault
        self.table = read_table(settings, folder)
        self.identity = structs.replace(identity_of(settings), formerly=before)
        self.profile = default_profile(settings)
        self.router = Router(self.table, settings.spoken, settings.url)
        self.bridging = Bridging(store, self.identity, now=micros, zone_at=zone_of)
        self.directory = Directory(store, vault, now=micros, spoken=settings.spoken)

    @classmethod
    async def open(cls, settings: Settings, folder: Path) -> "Holdings":
        """Open the database of the settings; `folder` holds the secret key and TLS files.

        Raises SettingsError, or NodeError when the database cannot be used.
        """
        vault = Vault(read_secret_keys(folder))
        store = await open_store(settings.database, queue_limit=settings.limits.queue, now=micros)
        before = await formerly(store, settings.versions)
        return cls(settings, folder, store, vault, before=before)

    async def close(self) -> None:
        """Finish what is queued and let go of the database."""
        await self.store.close()

    # -- partners -------------------------------------------------------------------------------

    async def partners(self) -> list[Platform]:
        """All that are not removed, by name."""
        found = [it for it in await self.directory.all() if it.phase is not Phase.REMOVED]
        return sorted(found, key=lambda platform: platform.name.casefold())

    async def partner(self, name: str) -> Platform:
        """The partner of that name. Raises NotFound that lists those there are."""
        platform = await self.directory.by_name(name)
        if platform is None or platform.phase is Phase.REMOVED:
            names = ", ".join(it.name for it in await self.partners()) or "none yet"
            raise NotFound(f"There is no partner {name}; there are: {names}")
        return platform

    async def change_partner(self, name: str, change: Callable[[Platform], Platform]) -> Platform:
        """Change a partner as it stands; a running node sees it within a second."""
        platform = await self.partner(name)
        changed = await self.directory.update(platform.id, change)
        if changed is None:
            raise NotFound(f"There is no partner {name} any more")
        return changed

    # -- objects of our own ---------------------------------------------------------------------

    async def keep(
        self,
        module: str,
        document: bytes,
        *,
        strict: bool,
        private: bool = False,
        version: Version | None = None,
    ) -> None:
        """Take one own object. Raises Refusal with every problem found.

        `version`: what the document is in; None: the house's own. A version whose objects do not
        say whose they are is of our only party that owns such objects.
        """
        from voltroam.roaming.accept import accept
        from voltroam.roaming.weigh import Outcome

        resource, spoken = self.table.resources[module], version or HOME
        owner = None if spoken.owner_in_objects else self.one_of_us(resource)
        try:
            inward = await self.bridging.inward(resource, spoken, None, [document], owner=owner)
            change = accept(
                resource, document, version=spoken, source=None, identity=self.identity,
                strict=strict, private=private or None, owner=owner, inward=inward,
            )  # fmt: skip
        except CallerError as error:
            raise _refusal(resource, document, error, spoken) from None
        try:
            accepted = await self.store.apply(change)
        except CallerError as error:
            raise Refusal(error.message) from None
        if accepted.outcome is Outcome.CONFLICT:
            raise Refusal(f"this {resource.kind} object was given out already and cannot change")

    async def keep_status(self, line: bytes) -> None:
        """Change the status of one own EVSE. Raises Refusal."""
        from voltroam.roaming.amend import patch
        from voltroam.roaming.settle import Writer

        try:
            wanted = msgspec.json.decode(line, type=StatusLine)
        except msgspec.DecodeError as error:
            raise Refusal(str(error)) from None
        owner = self._owner(wanted)
        body = msgspec.json.encode({"status": wanted.status, "last_updated": wanted.last_updated})
        writer = Writer(self.identity, HOME, strict=True)
        ids = {"id": wanted.location_id}
        try:
            change = patch(LOCATION, owner, ids, (wanted.evse_uid,), body, writer=writer)
            await self.store.apply(change)
        except NotFound:
            where = f"location {wanted.location_id} of {owner}"
            raise Refusal(f"there is no EVSE {wanted.evse_uid} at {where}") from None
        except CallerError as error:
            raise Refusal(error.message) from None

    async def withdraw(self, module: str, identifier: str, owner: PartyId | None = None) -> None:
        """Delete an own object of a kind that is deleted (tariffs); partners get the DELETE.

        Raises Refusal where the standard ends an object in another way, or there is none.
        """
        from voltroam.roaming.accept import remove

        resource = self.table.resources[module]
        if resource.removal is not Removal.DELETE:
            raise Refusal(f"{module} are never deleted: {ENDINGS[resource.removal]}")
        party = owner or self.one_of_us(resource)
        if not self.identity.holds(party):
            raise Refusal(f"{party} is no party of ours")
        ids = {resource.key[0]: identifier}
        try:
            await self.store.apply(
                remove(resource, party, ids, version=HOME, source=None, identity=self.identity)
            )
        except NotFound:
            raise Refusal(f"there is no {identifier} of {party}") from None

    def _owner(self, line: StatusLine) -> PartyId:
        if line.country_code and line.party_id:
            return PartyId(line.country_code, line.party_id)
        return self.one_of_us(LOCATION)

    def one_of_us(self, resource: Resource) -> PartyId:
        """Our only party that owns such objects. Raises Refusal if there are several, or none."""
        owners = {party.folded: party for party in self.identity.parties(*resource.owner_roles)}
        if len(owners) != 1:
            raise Refusal("country code and party id are needed: which of our parties owns it?")
        return next(iter(owners.values()))


def _refusal(resource: Resource, document: bytes, error: CallerError, version: Version) -> Refusal:
    """All problems of a document; where reading finds none, the error itself is the one."""
    from voltroam.wire.decode import read

    try:
        problems = read(shape(resource.object, version), document).problems
    except CallerError as broken:
        return Refusal(broken.message)
    return Refusal(error.message, msgspec.to_builtins(list(problems)))
