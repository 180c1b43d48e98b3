"""What a CPO does with a token that it holds: the table of whitelist and valid, pure.

`valid=false` never ends the matter by itself: where the whitelist has the CPO ask, it asks, for the
token's state may have changed (OCPI 2.2.1 §mod_tokens, WhitelistType).
"""

from collections.abc import Mapping
from typing import NamedTuple

from voltroam.standard.parties import fold
from voltroam.standard.v2_2_1 import AllowedType, Token, WhitelistType


class Rule(NamedTuple):
    asks: bool
    otherwise: AllowedType
    """What holds when nobody is asked, or the eMSP cannot be reached."""


_ALLOWED, _BLOCKED, _NOT = AllowedType.ALLOWED, AllowedType.BLOCKED, AllowedType.NOT_ALLOWED

_TABLE: Mapping[tuple[WhitelistType, bool], Rule] = {
    (WhitelistType.ALWAYS, True): Rule(asks=False, otherwise=_ALLOWED),
    (WhitelistType.ALWAYS, False): Rule(asks=False, otherwise=_BLOCKED),
    (WhitelistType.ALLOWED, True): Rule(asks=False, otherwise=_ALLOWED),
    (WhitelistType.ALLOWED, False): Rule(asks=True, otherwise=_BLOCKED),
    (WhitelistType.ALLOWED_OFFLINE, True): Rule(asks=True, otherwise=_ALLOWED),
    (WhitelistType.ALLOWED_OFFLINE, False): Rule(asks=True, otherwise=_BLOCKED),
    (WhitelistType.NEVER, True): Rule(asks=True, otherwise=_NOT),
    (WhitelistType.NEVER, False): Rule(asks=True, otherwise=_NOT),
}


def rule_for(token: Token, *, prefer_asking: bool = False) -> Rule:
    """`prefer_asking` matters for ALLOWED only, where the choice is the CPO's."""
    rule = _TABLE[token.whitelist, token.valid]
    if prefer_asking and token.whitelist is WhitelistType.ALLOWED:
        return rule._replace(asks=True)
    return rule


def work_as_one(one: Token, other: Token) -> bool:
    """Tokens of one eMSP with the same group_id: either stops what the other started."""
    return (
        one.group_id is not None
        and other.group_id is not None
        and fold(one.group_id) == fold(other.group_id)
        and fold(one.country_code) == fold(other.country_code)
        and fold(one.party_id) == fold(other.party_id)
    )
