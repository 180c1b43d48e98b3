"""Tokens and authorizations between 2.1.1 and 2.2.1."""

from voltroam.bridge.crossing import Crossing
from voltroam.bridge.members import listed, renamed, within
from voltroam.bridge.named import id_down, id_up, member_down, member_up, type_down, type_up
from voltroam.bridge.terms import Document
from voltroam.bridge.v2_1_1.locations import EVSE, LOCATION
from voltroam.bridge.v2_1_1.plain import owner_down, owner_up, texts_down, times_up
from voltroam.bridge.v2_1_1.words import TOKEN_TYPES

TOKEN = "Token"  # noqa: S105 - the name of an object
ALLOWED = "ALLOWED"
_MOMENT = "%Y-%m-%dT%H:%M:%SZ"
_CONTRACT = {"auth_id": "contract_id"}


def token_up(token: Document, at: str, crossing: Crossing) -> Document:
    """`auth_id` is the contract; OTHER is again what it was said for (OCPI 2.2.1 §mod_tokens)."""
    raised = owner_up(times_up(token, at, crossing), at, crossing)
    raised = dict(renamed(raised, _CONTRACT))
    if "auth_id" in token:
        crossing.note("contract-renamed", f"{at}/auth_id")
    member_up(raised, "uid", TOKEN, at, crossing)
    return type_up(raised, at, crossing)


def token_down(token: Document, at: str, crossing: Crossing) -> Document | None:
    """RFID or OTHER, without group and energy contract (OCPI 2.1.1 §mod_tokens, Token).

    None if another token of that uid already is OTHER there.
    """
    typed = type_down(token, at, crossing, TOKEN_TYPES)
    if typed is None:
        return None
    lowered = owner_down(texts_down(typed, at, crossing), at, crossing)
    member_down(lowered, "uid", TOKEN, at, crossing)
    crossing.drop(lowered, "group-dropped", at, "group_id")
    crossing.drop(lowered, "contract-details-dropped", at, "energy_contract")
    crossing.drop(lowered, "contract-details-dropped", at, "default_profile_type")
    if "contract_id" in lowered:
        crossing.note("contract-renamed", f"{at}/contract_id")
    return renamed(lowered, {new: old for old, new in _CONTRACT.items()})


def references_up(references: Document, at: str, crossing: Crossing) -> Document:
    """Connectors are not asked for any more (OCPI 2.2.1 §mod_tokens, LocationReferences)."""
    raised = dict(references)
    member_up(raised, "location_id", LOCATION, at, crossing)
    if isinstance(raised.get("evse_uids"), list):
        raised["evse_uids"] = [
            id_up(EVSE, one, f"{at}/evse_uids/{index}", crossing) if isinstance(one, str) else one
            for index, one in enumerate(raised["evse_uids"])
        ]
    crossing.drop(raised, "connectors-dropped", at, "connector_ids")
    return raised


def references_down(references: Document, at: str, crossing: Crossing) -> Document:
    """The ids as the 2.1.1 partner spells them."""
    lowered = dict(references)
    member_down(lowered, "location_id", LOCATION, at, crossing)
    if isinstance(lowered.get("evse_uids"), list):
        lowered["evse_uids"] = [
            id_down(EVSE, one, f"{at}/evse_uids/{index}", crossing) if isinstance(one, str) else one
            for index, one in enumerate(lowered["evse_uids"])
        ]
    remembered = listed(crossing.terms.memory or {}, "connector_ids")
    return lowered | {"connector_ids": remembered} if remembered else lowered


def authorization_up(info: Document, at: str, crossing: Crossing) -> Document | None:
    """The token is put in that was asked for (OCPI 2.2.1 §mod_tokens, AuthorizationInfo).

    As we hold it; else made of what was asked, whose contract nobody knows.
    """
    raised = dict(info)
    within(raised, "location", at, lambda one, where: references_up(one, where, crossing))
    if "token" in raised:
        return raised
    asked = crossing.terms.asked
    where = f"{at}/token"
    if asked is None:
        crossing.note("token-unknown", where)
        return raised
    if asked.token is not None:
        crossing.note("token-found", where)
        return raised | {"token": dict(asked.token)}
    crossing.note("token-made", where)
    owner = crossing.terms.owner
    token = {
        "uid": asked.uid,
        "type": asked.type,
        "contract_id": asked.uid,
        "issuer": "unknown" if owner is None else f"{owner.country_code}-{owner.party_id}",
        "valid": info.get("allowed") == ALLOWED,
        "whitelist": "NEVER",
    }
    if owner is not None:
        token = {"country_code": owner.country_code, "party_id": owner.party_id, **token}
    if crossing.terms.now is not None:
        token["last_updated"] = crossing.terms.now.strftime(_MOMENT)
    return raised | {"token": token}


def authorization_down(info: Document, at: str, crossing: Crossing) -> Document:
    """The answer names neither token nor reference (OCPI 2.1.1 §mod_tokens, AuthorizationInfo)."""
    lowered = dict(info)
    crossing.drop(lowered, "token-of-answer-dropped", at, "token")
    crossing.drop(lowered, "reference-dropped", at, "authorization_reference")
    within(lowered, "location", at, lambda one, where: references_down(one, where, crossing))
    return lowered
