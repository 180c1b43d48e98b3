"""Exchange of credentials, both sides (OCPI 2.2.1 §credentials).

As Sender: TOKEN_B is committed, and so accepted, before the request that carries it leaves. As
Receiver: nothing of the far end is kept until we have called it back; TOKEN_A is locked meanwhile.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from msgspec import structs

from voltroam.roaming import enrolment
from voltroam.roaming.directory import Directory
from voltroam.roaming.enrolment import REGISTERED_METHODS, Entry
from voltroam.roaming.exchange import Access, Exchange
from voltroam.roaming.handshake import Handshake, Offer
from voltroam.roaming.introductions import Introduced, introduce, introduced
from voltroam.roaming.listed import Listing
from voltroam.roaming.names import forget
from voltroam.roaming.one_party import release
from voltroam.roaming.platforms import (
    Caller,
    Identity,
    InboundToken,
    Letter,
    Phase,
    Platform,
    Profile,
    Status,
)
from voltroam.roaming.serving import Answering
from voltroam.roaming.vault import Vault
from voltroam.roaming.versions import only_tree
from voltroam.standard.endpoints import Endpoint
from voltroam.standard.errors import (
    CallerError,
    InvalidBody,
    OcpiError,
    PartnerError,
    Refused,
    Unreachable,
    Unusable,
    WrongMethod,
)
from voltroam.standard.v2_2_1 import Credentials, CredentialsRole, Role
from voltroam.standard.versions import VERSIONS, Version
from voltroam.store.interface import Store
from voltroam.wire.call import Call, Reply
from voltroam.wire.headers import new_id
from voltroam.wire.routes import Router

SECOND = 1_000_000
Connected = Callable[[Platform], Awaitable[Sequence[CredentialsRole]]]
"""The parties that a hub connects and that this platform may know (2.3.0)."""


async def nobody(_platform: Platform) -> Sequence[CredentialsRole]:
    return ()


class AnswerLost(PartnerError):
    """The partner took our credentials and we do not know its token."""


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds that the steps of a registration may take."""

    callback: float = 15.0
    """All calls to the far end while its POST or PUT waits; our answer comes within 20."""
    lock: float = 25.0
    """TOKEN_A is free again after this, should the process die meanwhile."""
    answer: float = 30.0
    """The far end's answer to our POST or PUT: it calls us back meanwhile."""
    grace: float = 60.0
    """The old token after a rotation: the reply with the new one may be lost."""


@dataclass(frozen=True, slots=True)
class Invitation:
    """TOKEN_A in clear, to be shown once and handed over outside of OCPI."""

    platform: Platform
    token: str
    versions_url: str

    def __repr__(self) -> str:
        return f"Invitation({self.platform.name!r}, token=…)"


Announcement = Callable[[Platform, Version], str]


class Registration:
    """Invites, registers, rotates and removes partners, and answers the credentials rows.

    `now` gives microseconds since 1970 UTC. `profile` is what a new partner starts with.
    `announcement` digests what we tell a partner of ourselves; without it changes go untold.
    """

    def __init__(
        self,
        *,
        store: Store,
        directory: Directory,
        exchange: Exchange,
        handshake: Handshake,
        vault: Vault,
        identity: Identity,
        router: Router,
        now: Callable[[], int],
        profile: Profile | None = None,
        patience: Patience | None = None,
        announcement: Announcement | None = None,
        connected: Connected = nobody,
    ) -> None:
        self._store = store
        self._directory = directory
        self._exchange = exchange
        self._handshake = handshake
        self._vault = vault
        self._identity = identity
        self._router = router
        self._now = now
        self._profile = profile or Profile()
        self._patience = patience or Patience()
        self._announcement = announcement
        self._connected = connected

    def handlers(self) -> Mapping[str, Answering]:
        """By the names that the table gives to the credentials rows."""
        return {
            "credentials_get": self._answer_get,
            "credentials_post": self._answer_post,
            "credentials_put": self._answer_put,
            "credentials_delete": self._answer_delete,
        }

    # -- as the operator asks -------------------------------------------------------------------

    async def invite(
        self, name: str, profile: Profile | None = None, we_are: Role | None = None
    ) -> Invitation:
        """Make TOKEN_A for a partner; a new one replaces one that was not used (CORE-REG-01).

        `we_are`: our role towards it, should it speak a version that knows one for each
        registration. CallerError if that is no role of ours, or the name is registered.
        """
        we_are = self._our_role(we_are)
        token = self._vault.new_token()
        former = await self._unregistered(name)
        platform = Platform(
            id=former.id if former else new_id(),
            name=name.strip(),
            phase=Phase.INVITED,
            we_are=we_are,
            profile=profile or (former.profile if former else self._profile),
            inbound=(InboundToken(self._vault.hash(token), Letter.A),),
        )
        await self._store.apply(enrolment.open_platform(platform))
        self._directory.forget(platform.id)
        return Invitation(platform, token, self._versions_url(platform))

    async def register(
        self,
        versions_url: str,
        token_a: str,
        name: str,
        profile: Profile | None = None,
        *,
        we_are: Role | None = None,
        version: str | None = None,
    ) -> Platform:
        """Register as Sender with a partner that gave us its versions URL and TOKEN_A.

        `version`: the only one to speak with it. `we_are` as in `invite`; where it is not told, the
        partner's URL may tell it (`…/ocpi/cpo/…`).
        Raises NoCommonVersion or MissingEndpoints before anything is sent to its credentials
        (CORE-REG-17), and the PartnerError family; the reason stays with the partner's record.
        """
        we_are = self._our_role(we_are, versions_url)
        former = await self._unregistered(name)
        profile = profile or (former.profile if former else self._profile)
        if version is not None:
            profile = structs.replace(profile, version=version)
        platform = Platform(
            id=former.id if former else new_id(),
            name=name.strip(),
            phase=Phase.HAVE_A,
            we_are=we_are,
            versions_url=versions_url,
            token_sealed=self._vault.seal(token_a),
            profile=profile,
        )
        await self._store.apply(enrolment.open_platform(platform))
        self._directory.forget(platform.id)
        access = Access(token_a, platform.profile.base64, platform.profile.timeout)
        flow = new_id()
        try:
            offer = await self._discover(platform, access, flow)
        except PartnerError as fault:
            await self._note(platform.id, fault.message)
            raise
        return await self._hand_over(platform, offer, access, method="POST", flow=flow)

    async def rotate(self, platform: Platform) -> Platform:
        """Renew both tokens, and tell the partner our roles and endpoints anew (PUT).

        Its own versions and endpoints are read again as well. Raises the PartnerError family; then
        all stays as it was.
        """
        current = await self._directory.platform(platform.id)
        if current is None or not current.is_registered or current.token_sealed is None:
            raise CallerError(f"{platform.name} is not registered")
        token = self._vault.open(current.token_sealed)
        access = Access(token, current.profile.base64, current.profile.timeout)
        flow = new_id()
        offer = await self._discover(current, access, flow)
        return await self._hand_over(current, offer, access, method="PUT", flow=flow)

    async def _discover(self, platform: Platform, access: Access, flow: str) -> Offer:
        return await self._handshake.discover(
            platform.versions_url or "", access, pinned=platform.profile.version,
            we_are=platform.we_are, flow=flow,
        )  # fmt: skip

    def is_behind(self, platform: Platform) -> bool:
        """Whether our endpoints or roles have changed since this partner learnt them."""
        if not platform.is_registered or platform.told is None or platform.version is None:
            return False
        version = VERSIONS.get(platform.version)
        return version is not None and self._told(platform, version) != platform.told

    def _told(self, platform: Platform, version: Version) -> str | None:
        return self._announcement(platform, version) if self._announcement else None

    async def remove(self, platform: Platform) -> Platform:
        """Unregister: tell the partner, then end all tokens here, whether it answers or not.

        `reason` of the result says if it could not be told.
        """
        reason: str | None = None
        if platform.is_registered:
            try:
                await self._exchange.call(platform, self._row("DELETE"))
            except PartnerError as fault:
                reason = f"The partner was not told: {fault.message}"
        return await self._expel(platform.id, reason)

    async def _expel(self, platform_id: str, reason: str | None) -> Platform:
        """What it calls things goes with it: should it come again, it begins anew."""
        removed = await self._store.apply(enrolment.expel(platform_id, reason))
        self._directory.forget(platform_id)
        await forget(self._store, platform_id)
        await release(self._store, platform_id)
        return removed

    # -- as Sender ------------------------------------------------------------------------------

    async def _hand_over(
        self, platform: Platform, offer: Offer, access: Access, *, method: str, flow: str
    ) -> Platform:
        """POST or PUT our credentials with a new token, and enter what comes back.

        After a PUT of unknown outcome the new token stays accepted: the partner may use it.
        """
        first = method == "POST"
        during = Phase.POSTED if first else Phase.REGISTERED
        token_b = self._vault.new_token()
        inbound = InboundToken(self._vault.hash(token_b), Letter.B)
        await self._store.apply(enrolment.expect(platform.id, inbound, during))
        self._directory.forget(platform.id)
        theirs: Introduced | None = None
        try:
            ours = await self._credentials(platform, offer.version, token_b)
            reply = await self._send(offer, access, ours, method=method, flow=flow)
            theirs = _read_theirs(reply, offer.version, platform)
            self._refuse_ours(theirs.credentials)
            entry = Entry(
                theirs.credentials, offer, self._vault.seal(theirs.credentials.token), inbound,
                None if first else self._grace_until(), self._told(platform, offer.version),
                listing=await self._listing(platform, theirs),
            )  # fmt: skip
            return await self._store.apply(enrolment.enter(platform.id, entry, phases=(during,)))
        except BaseException as fault:
            if first or not _uncertain(fault):
                await self._take_back(platform, inbound, fault, first=first)
            if first and theirs is not None:
                await self._unregister_there(offer, theirs.credentials.token, access, flow)
            raise
        finally:
            self._directory.forget(platform.id)

    async def _take_back(
        self, platform: Platform, inbound: InboundToken, fault: BaseException, *, first: bool
    ) -> None:
        """The new token was not taken: it must not work any longer (CORE-REG-35)."""
        reason = fault.message if isinstance(fault, OcpiError) else "interrupted"
        after = Phase.HAVE_A if first else Phase.REGISTERED
        await self._store.apply(enrolment.withdraw(platform, inbound.hash, after, reason))

    async def _unregister_there(
        self, offer: Offer, token_c: str, access: Access, flow: str
    ) -> None:
        """It believes that we are registered, and we refuse: tell it, as well as that goes."""
        with contextlib.suppress(PartnerError):
            await self._exchange.ask(
                offer.credentials_url, self._row("DELETE"), offer.version,
                replace(access, token=token_c), correlation_id=flow,
            )  # fmt: skip

    async def _send(
        self, offer: Offer, access: Access, body: bytes, *, method: str, flow: str
    ) -> Reply:
        """Send once, and once more when the outcome is uncertain: the token may be taken already.

        A refusal of the repeat then means that the first one had arrived.
        """
        row = self._row(method)
        patient = replace(access, timeout=self._patience.answer)
        try:
            return await self._ask(offer, row, patient, body, flow)
        except Unreachable as fault:
            if not fault.sent:
                raise
            try:
                return await self._ask(offer, row, patient, body, flow)
            except Refused as refused:
                if refused.http not in (401, 405):
                    raise
                raise AnswerLost(
                    "The partner took our credentials, but its answer was lost: it must issue "
                    "a new token"
                ) from refused

    async def _ask(
        self, offer: Offer, row: Endpoint, access: Access, body: bytes, flow: str
    ) -> Reply:
        return await self._exchange.ask(
            offer.credentials_url, row, offer.version, access, body=body, correlation_id=flow
        )

    # -- as Receiver ----------------------------------------------------------------------------

    async def _answer_get(self, call: Call, caller: Platform) -> Reply:
        """The credentials that the caller uses here, its own token included (CORE-CRED-14)."""
        token = caller.token if isinstance(caller, Caller) else ""
        return Reply(data=await self._credentials(_called_as(call, caller), call.version, token))

    async def _answer_post(self, call: Call, caller: Platform) -> Reply:
        """405 once registered; 3001, 3002 or 3003 when the way back fails (CORE-REG-14..16)."""
        if caller.phase not in (Phase.INVITED, Phase.CALLBACK):
            raise WrongMethod("Registered already", REGISTERED_METHODS)
        theirs = self._read_body(call, caller)
        roles = theirs.credentials.roles
        attempt = new_id()
        until = self._now() + round(self._patience.lock * SECOND)
        await self._store.apply(enrolment.lock(caller.id, attempt, roles, until))
        self._directory.forget(caller.id)
        reason = "interrupted"
        try:
            reply = await self._admit(call, caller, theirs, attempt=attempt)
        except OcpiError as fault:
            reason = fault.message
            raise
        finally:
            # No effect after a success: the attempt is over then.
            await self._store.apply(enrolment.unlock(caller.id, attempt, reason))
            self._directory.forget(caller.id)
        return reply

    async def _answer_put(self, call: Call, caller: Platform) -> Reply:
        """Refetch, rotate, maybe another version; all stays as it was if that fails."""
        self._need_registered(caller)
        theirs = self._read_body(call, caller)
        return await self._admit(call, caller, theirs, attempt=None)

    async def _answer_delete(self, _call: Call, caller: Platform) -> Reply:
        self._need_registered(caller)
        await self._expel(caller.id, "The partner unregistered")
        return Reply()

    async def _admit(
        self, call: Call, caller: Platform, met: Introduced, *, attempt: str | None
    ) -> Reply:
        """Call back, then commit: the new token works before the reply is out (CORE-REG-10)."""
        caller, theirs = _called_as(call, caller), met.credentials
        offer = await self._call_back(theirs, call.version, caller, call.correlation_id)
        token = self._vault.new_token()
        known = structs.replace(caller, roles=tuple(theirs.roles))
        ours = await self._credentials(known, call.version, token)
        letter = Letter.C if attempt else _letter(caller)
        entry = Entry(
            theirs,
            offer,
            self._vault.seal(theirs.token),
            InboundToken(self._vault.hash(token), letter),
            None if attempt else self._grace_until(),
            self._told(caller, call.version) if attempt else None,
            by_them=True,
            we_are=caller.we_are,
            listing=await self._listing(caller, met),
        )
        phase = Phase.CALLBACK if attempt else Phase.REGISTERED
        await self._store.apply(enrolment.enter(caller.id, entry, phases=(phase,), attempt=attempt))
        self._directory.forget(caller.id)
        return Reply(data=ours)

    async def _call_back(
        self, theirs: Credentials, version: Version, caller: Platform, flow: str
    ) -> Offer:
        """Versions and details of this endpoint's version, with their token (CORE-REG-05)."""
        access = Access(theirs.token, caller.profile.base64, self._patience.callback)
        try:
            async with asyncio.timeout(self._patience.callback):
                return await self._handshake.discover(
                    theirs.url, access, only=version, we_are=caller.we_are, flow=flow
                )
        except TimeoutError:
            raise Unreachable("Your versions did not answer in time") from None

    def _read_body(self, call: Call, caller: Platform) -> Introduced:
        if call.body is None:
            raise InvalidBody("A JSON body is needed")
        theirs = introduced(call.body, call.version, _called_as(call, caller).we_are)
        self._refuse_ours(theirs.credentials)
        return theirs

    def _refuse_ours(self, theirs: Credentials) -> None:
        ours = {_triple(role) for role in self._identity.roles}
        for role in theirs.roles:
            if _triple(role) in ours:
                raise CallerError(
                    f"{role.country_code}/{role.party_id} as {role.role.value} is a party of ours"
                )

    def _need_registered(self, caller: Platform) -> None:
        if not caller.is_registered:
            raise WrongMethod("Not registered", ("GET", "POST"))

    # -- both -----------------------------------------------------------------------------------

    async def _credentials(self, platform: Platform, version: Version, token: str) -> bytes:
        return introduce(
            self._identity, version, token=token, url=self._versions_url(platform),
            we_are=platform.we_are, behind=await self._connected(platform),
        )  # fmt: skip

    async def _listing(self, platform: Platform, theirs: Introduced) -> Listing | None:
        """What it says of those behind it, in the place of what it said before."""
        if theirs.behind is None:
            return None
        formerly = await self._directory.told_by(platform.id)
        return Listing(platform.id, theirs.behind, formerly, self._identity)

    def _versions_url(self, platform: Platform) -> str:
        """That of the tree, for a partner that knows us in one role of two."""
        several = platform.tree is not None and only_tree(self._identity) is None
        return self._router.versions_at(platform.tree if several else None)

    def _our_role(self, we_are: Role | None, url: str = "") -> Role | None:
        """The one asked for; else the one that the partner's URL leaves; else our only one.

        None where no version that we speak needs it. CallerError if it is no role of ours.
        """
        if not any(version.role_trees for version in self._router.versions):
            return None
        if we_are is not None:
            if we_are not in {tree.role for tree in self._identity.trees}:
                raise CallerError(f"{we_are.value} is no role of ours")
            return we_are
        for tree in self._identity.trees:
            if f"/{tree.other}/" in url:
                return tree.role
        only = only_tree(self._identity)
        return only.role if only else None

    def _row(self, method: str) -> Endpoint:
        name = f"credentials_{method.lower()}"
        return next(row for row in self._router.table.rows if row.handler == name)

    def _grace_until(self) -> int:
        return self._now() + round(self._patience.grace * SECOND)

    async def _unregistered(self, name: str) -> Platform | None:
        """The record of that name, if one is there that may be used anew."""
        platform = await self._directory.by_name(name)
        if platform is not None and platform.phase in (Phase.REGISTERED, Phase.CALLBACK):
            raise CallerError(f"{platform.name} is registered already")
        return platform

    async def _note(self, platform_id: str, reason: str) -> None:
        await self._directory.update(
            platform_id,
            lambda platform: structs.replace(platform, reason=reason, status=Status.PLANNED),
        )


def _uncertain(fault: BaseException) -> bool:
    return isinstance(fault, AnswerLost) or (isinstance(fault, Unreachable) and fault.sent)


def _read_theirs(reply: Reply, version: Version, platform: Platform) -> Introduced:
    try:
        return introduced(reply.data or b"null", version, platform.we_are)
    except CallerError as fault:
        reason = f"The partner's credentials cannot be used: {fault.message}"
        raise Unusable(reason) from None


def _called_as(call: Call, caller: Platform) -> Platform:
    """The caller with our role towards it, which the tree that it calls tells."""
    return caller if call.tree is None else structs.replace(caller, we_are=call.tree.role)


def _letter(caller: Platform) -> Letter:
    return caller.letter if isinstance(caller, Caller) else Letter.C


def _triple(role: CredentialsRole) -> tuple[str, str, str]:
    return role.role, role.country_code.upper(), role.party_id.upper()
