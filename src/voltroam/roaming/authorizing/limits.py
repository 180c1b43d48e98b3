"""What the operator of an eMSP says of a token beyond the Token object: marks and places.

OCPI's Token knows `valid` only, while an answer may be BLOCKED, EXPIRED, NO_CREDIT or NOT_ALLOWED
(OCPI 2.2.1 §mod_tokens, AllowedType). Limits are for one token, or for all tokens of one group.
"""

from collections.abc import Callable
from enum import StrEnum

import msgspec
from msgspec import structs

from voltroam.roaming.keys import JOINT
from voltroam.standard.parties import PartyId, fold
from voltroam.standard.v2_2_1 import AllowedType, TokenType
from voltroam.store.interface import Change, Decision, Held, RecordDraft, RecordKey

TOKEN_LIMITS = "token_limits"  # noqa: S105  (a record kind)
"""Record kind of `TokenLimits`; the id is owner, uid and type as in the token's own key, or owner
and group."""
_GROUP = "GROUP"
LIMITS_STAMP = RecordKey("token_limits_stamp", "all")
"""Counts the changes of all limits: what was read stays true while it stands."""


class Mark(StrEnum):
    """Why a token may not charge anywhere, in the words of AllowedType."""

    BLOCKED = "BLOCKED"
    EXPIRED = "EXPIRED"
    NO_CREDIT = "NO_CREDIT"

    @property
    def allowed(self) -> AllowedType:
        return AllowedType(self.value)


class Place(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where a location-bound contract permits charging.

    `evse_uids` None: the whole location. Location ids are unique per operator only: without
    `operator` (`NL/AAA`) the id counts at each.
    """

    location_id: str
    evse_uids: tuple[str, ...] | None = None
    operator: str | None = None


class TokenLimits(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`places` None: anywhere; an empty tuple: nowhere."""

    mark: Mark | None = None
    places: tuple[Place, ...] | None = None

    def within(self, group: "TokenLimits") -> "TokenLimits":
        """Together with those of its group: any mark counts, the token's own places win."""
        return TokenLimits(
            mark=self.mark or group.mark,
            places=group.places if self.places is None else self.places,
        )


NO_LIMITS = TokenLimits()
_LIMITS = msgspec.json.Decoder(TokenLimits)


def limits_key(owner: PartyId, uid: str, type_: TokenType) -> RecordKey:
    return RecordKey(TOKEN_LIMITS, JOINT.join((owner.folded, fold(uid), type_.value)))


def group_limits_key(owner: PartyId, group_id: str) -> RecordKey:
    return RecordKey(TOKEN_LIMITS, JOINT.join((owner.folded, fold(group_id), _GROUP)))


def read_limits(document: bytes | None) -> TokenLimits:
    return NO_LIMITS if document is None else _LIMITS.decode(document)


def set_limits(key: RecordKey, limits: TokenLimits) -> Change[TokenLimits]:
    """Replace what is held; no limits at all removes the record."""
    return change_limits(key, lambda _: limits)


def set_mark(key: RecordKey, mark: Mark | None) -> Change[TokenLimits]:
    """Mark, or clear the mark; places stay."""
    return change_limits(key, lambda held: structs.replace(held, mark=mark))


def set_places(key: RecordKey, places: tuple[Place, ...] | None) -> Change[TokenLimits]:
    """Permit these places only, or all; a mark stays."""
    return change_limits(key, lambda held: structs.replace(held, places=places))


def change_limits(
    key: RecordKey, change: Callable[[TokenLimits], TokenLimits]
) -> Change[TokenLimits]:
    def decide(held: Held) -> Decision[TokenLimits]:
        record = held.records.get(key)
        after = change(read_limits(record.document if record else None))
        document = None if after == NO_LIMITS else msgspec.json.encode(after)
        owner = key.id.partition(JOINT)[0]
        stamp = held.records.get(LIMITS_STAMP)
        count = int(stamp.document) + 1 if stamp else 1
        stamped = RecordDraft(LIMITS_STAMP, b"%d" % count)
        return Decision(after, records=(RecordDraft(key, document, owner), stamped))

    return Change(decide, records=(key, LIMITS_STAMP))
