"""What a registration writes: platform, tokens and claims on parties, all or nothing.

A party in a role belongs to one platform at a time (CORE-CRED-13); the claim is a record, so that
two registrations at once cannot both have it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec
from msgspec import structs

from voltroam.roaming.directory import (
    TokenRecord,
    claim_name,
    name_key,
    platform_draft,
    read_platform,
    token_draft,
    token_gone,
)
from voltroam.roaming.handshake import Offer
from voltroam.roaming.listed import Listing
from voltroam.roaming.platforms import PLATFORM, InboundToken, Phase, Platform, Status
from voltroam.standard.errors import CallerError, Unauthorized, WrongMethod
from voltroam.standard.status import StatusCode
from voltroam.standard.v2_2_1 import Credentials, CredentialsRole, Role
from voltroam.store.interface import (
    Change,
    Decision,
    EventDraft,
    Held,
    RecordDraft,
    RecordKey,
)

PARTY_ROLE = "party_role"
"""Record kind: the document is the id of the platform that registered this party in this role."""

REGISTERED_METHODS = ("DELETE", "GET", "PUT")


@dataclass(frozen=True, slots=True)
class Entry:
    """What a finished exchange of credentials says about the far end.

    `token_sealed`: what we present from now on. `inbound`: the new token that we accept; those
    before it live until `grace_until` (µs), or end at once when that is None. `told`: the digest
    of what it learnt of us on the way; None if it did not look.
    """

    credentials: Credentials
    offer: Offer
    token_sealed: str
    inbound: InboundToken
    grace_until: int | None
    told: str | None = None
    we_are: Role | None = None
    """Our role towards it, if the tree that it called told; None leaves what we took it for."""
    by_them: bool = False
    """The far end began it: it registers, or tells us that something changed."""
    listing: Listing | None = None
    """Whom it connects, if it is a hub that lists them."""


def open_platform(platform: Platform) -> Change[None]:
    """Write a platform that is being invited or registered, and its tokens; names stay unique."""
    key = RecordKey(PLATFORM, platform.id)

    def decide(held: Held) -> Decision[None]:
        record = held.records.get(key)
        before = read_platform(record.document) if record else None
        if before is not None and before.phase in (Phase.REGISTERED, Phase.CALLBACK):
            raise CallerError(f"{before.name} is registered already")
        former = before.inbound if before else ()
        drafts = (claim_name(held, platform), *_written(platform, former))
        return Decision(None, records=drafts, events=(_event(platform),))

    return Change(decide, records=(key, name_key(platform.name)))


def lock(
    platform_id: str, attempt: str, roles: Sequence[CredentialsRole], until: int
) -> Change[None]:
    """Take TOKEN_A for one POST until a moment (µs), so that a crash does not lock it for ever.

    Raises WrongMethod or Unauthorized if the registration is over, CallerError while another POST
    is being answered or if a party is another platform's.
    """
    key = RecordKey(PLATFORM, platform_id)

    def decide(held: Held) -> Decision[None]:
        platform = _held(held, key)
        if platform.phase is Phase.REGISTERED:
            raise Unauthorized("This token was used up by a registration")
        if platform.phase not in (Phase.INVITED, Phase.CALLBACK):
            raise WrongMethod("No registration is expected", REGISTERED_METHODS)
        busy = platform.phase is Phase.CALLBACK and (platform.callback_until or 0) > held.now
        if busy:
            raise CallerError(
                "A registration with this token is under way", status_code=StatusCode.CLIENT_ERROR
            )
        _refuse_taken(held, platform_id, roles)
        locked = structs.replace(
            platform, phase=Phase.CALLBACK, attempt=attempt, callback_until=until
        )
        return Decision(None, records=(platform_draft(locked),))

    return Change(decide, records=(key, *_claims(roles)))


def unlock(platform_id: str, attempt: str, reason: str) -> Change[None]:
    """Give TOKEN_A back after a failed POST, if this POST still holds it."""
    key = RecordKey(PLATFORM, platform_id)

    def decide(held: Held) -> Decision[None]:
        platform = _held(held, key)
        if platform.attempt != attempt:
            return Decision(None)
        freed = structs.replace(
            platform, phase=Phase.INVITED, attempt=None, callback_until=None, reason=reason
        )
        return Decision(None, records=(platform_draft(freed),), events=(_event(freed),))

    return Change(decide, records=(key,))


def expect(platform_id: str, token: InboundToken, phase: Phase) -> Change[Platform]:
    """Accept one more inbound token: TOKEN_B works before the request that carries it leaves."""
    key = RecordKey(PLATFORM, platform_id)

    def decide(held: Held) -> Decision[Platform]:
        platform = _held(held, key)
        after = structs.replace(platform, phase=phase, inbound=(*platform.inbound, token))
        return Decision(after, records=_written(after, platform.inbound))

    return Change(decide, records=(key,))


def withdraw(before: Platform, hashed: str, phase: Phase, reason: str) -> Change[Platform]:
    """Take an expected token back, for the far end did not take it.

    No effect if a registration stands by now: what we present is another token than `before`.
    """
    key = RecordKey(PLATFORM, before.id)

    def decide(held: Held) -> Decision[Platform]:
        platform = _held(held, key)
        if platform.token_sealed != before.token_sealed:
            return Decision(platform)
        kept = tuple(token for token in platform.inbound if token.hash != hashed)
        after = structs.replace(platform, phase=phase, inbound=kept, reason=reason)
        return Decision(after, records=_written(after, platform.inbound), events=(_event(after),))

    return Change(decide, records=(key,))


def enter(
    platform_id: str, entry: Entry, *, phases: Sequence[Phase], attempt: str | None = None
) -> Change[Platform]:
    """The registration stands: new token, roles, endpoints and version replace the old ones.

    Raises WrongMethod if the platform is in none of `phases` (any more), or another attempt came
    between; CallerError 2001 if a party is another platform's.
    """
    key = RecordKey(PLATFORM, platform_id)
    roles = tuple(entry.credentials.roles)

    def decide(held: Held) -> Decision[Platform]:
        before = _held(held, key)
        if before.phase not in phases or before.attempt != attempt:
            raise WrongMethod("The registration changed meanwhile", REGISTERED_METHODS)
        _refuse_taken(held, platform_id, roles)
        after = _entered(before, entry, held.now)
        freed = set(_claims(before.roles)) - set(_claims(roles))
        drafts = (
            *_written(after, before.inbound),
            *(RecordDraft(claim, platform_id.encode()) for claim in _claims(roles)),
            *(RecordDraft(claim, None) for claim in sorted(freed)),
        )
        listed = Decision(None) if entry.listing is None else entry.listing.decide(held)
        return Decision(after, listed.objects, drafts, (_event(after), *listed.events))

    objects = () if entry.listing is None else entry.listing.objects
    return Change(decide, objects, (key, *_claims(roles)))


def expel(platform_id: str, reason: str | None) -> Change[Platform]:
    """Unregister: all tokens and claims end at once, what was exchanged stays."""
    key = RecordKey(PLATFORM, platform_id)

    def decide(held: Held) -> Decision[Platform]:
        before = _held(held, key)
        after = structs.replace(
            before, phase=Phase.REMOVED, status=Status.SUSPENDED, inbound=(), token_sealed=None,
            attempt=None, callback_until=None, reason=reason, planned=(),
        )  # fmt: skip
        drafts = (
            *_written(after, before.inbound),
            *(RecordDraft(claim, None) for claim in _claims(before.roles)),
        )
        return Decision(after, records=drafts, events=(_event(after),))

    return Change(decide, records=(key,))


def _entered(before: Platform, entry: Entry, now: int) -> Platform:
    first = before.phase is not Phase.REGISTERED
    return structs.replace(
        before,
        phase=Phase.REGISTERED,
        status=Status.CONNECTED,
        version=entry.offer.version.number,
        we_are=entry.we_are or before.we_are,
        versions_url=entry.credentials.url,
        roles=tuple(entry.credentials.roles),
        planned=(),
        endpoints=entry.offer.endpoints,
        hosts=entry.offer.hosts,
        token_sealed=entry.token_sealed,
        inbound=_succession(before, entry, now),
        registered_at=now if first else before.registered_at,
        rotated_at=now,
        introduced_at=now if entry.by_them else before.introduced_at,
        told=entry.told or before.told,
        attempt=None,
        callback_until=None,
        reason=None,
    )


def _succession(before: Platform, entry: Entry, now: int) -> tuple[InboundToken, ...]:
    """The new token for good, those before it for their grace period."""
    if entry.grace_until is None:
        return (entry.inbound,)
    fading = (
        structs.replace(token, valid_until=min(token.valid_until or grace, grace))
        for token in before.inbound
        if token.hash != entry.inbound.hash
        for grace in (entry.grace_until,)
    )
    alive = (token for token in fading if (token.valid_until or 0) > now)
    return (*alive, entry.inbound)


def _written(platform: Platform, former: Iterable[InboundToken]) -> tuple[RecordDraft, ...]:
    """The platform, a record for each token that it has, and none for those it had."""
    alive = {token.hash for token in platform.inbound}
    return (
        platform_draft(platform),
        *(
            token_draft(token.hash, TokenRecord(platform.id, token.letter, token.valid_until))
            for token in platform.inbound
        ),
        *(token_gone(token.hash) for token in former if token.hash not in alive),
    )


def _refuse_taken(held: Held, platform_id: str, roles: Sequence[CredentialsRole]) -> None:
    for role, claim in zip(roles, _claims(roles), strict=True):
        taken = held.records.get(claim)
        if taken is not None and taken.document.decode() != platform_id:
            raise CallerError(
                f"{role.country_code}/{role.party_id} as {role.role.value} is registered by "
                "another platform"
            )


def _claims(roles: Iterable[CredentialsRole]) -> tuple[RecordKey, ...]:
    return tuple(
        RecordKey(PARTY_ROLE, f"{role.role.value}:{role.country_code}/{role.party_id}".upper())
        for role in roles
    )


def _held(held: Held, key: RecordKey) -> Platform:
    record = held.records.get(key)
    if record is None:
        raise CallerError("There is no such partner (any more)")
    return read_platform(record.document)


def _event(platform: Platform) -> EventDraft:
    facts = {"name": platform.name, "phase": platform.phase, "status": platform.status}
    if platform.reason is not None:
        facts["reason"] = platform.reason
    return EventDraft("partner.changed", f"partner/{platform.id}", msgspec.json.encode(facts))
