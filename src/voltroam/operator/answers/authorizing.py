"""Authorizations, and the limits of own tokens."""

from voltroam.operator.acting import acting_party, ledger_page, party_named
from voltroam.operator.asked import Answers, Asked
from voltroam.operator.faults import not_found
from voltroam.operator.operation import Page
from voltroam.operator.ports import Ports
from voltroam.operator.rows.live import (
    AUTHORIZE,
    GET_GROUP_LIMITS,
    GET_LIMITS,
    LIST_AUTHORIZATIONS,
    SET_GROUP_LIMITS,
    SET_LIMITS,
    AuthorizationFacts,
    AuthorizationLine,
    Limits,
    PlaceFacts,
)
from voltroam.roaming.authorizing.authorizer import Authorizer
from voltroam.roaming.authorizing.limiting import Bearer, Limiting
from voltroam.roaming.authorizing.limits import Place, TokenLimits
from voltroam.roaming.authorizing.log import AuthorizationLog, Entry
from voltroam.standard.endpoints import TOKEN
from voltroam.standard.v2_2_1 import Role
from voltroam.wire.times import from_micros


class Authorizing:
    """A charger of ours asks."""

    def __init__(self, ports: Ports, authorizer: Authorizer) -> None:
        self._ports = ports
        self._authorizer = authorizer

    def answers(self) -> Answers:
        return {AUTHORIZE.name: self._authorize}

    async def _authorize(self, asked: Asked) -> AuthorizationFacts:
        body = asked.body
        operator = acting_party(asked.who, self._ports.identity, body.operator, Role.CPO)
        found = await self._authorizer.authorize(
            body.token_uid, type=body.type, location=body.location, operator=operator,
            contract_party=party_named(body.contract_party),
        )  # fmt: skip
        partner = await self._ports.directory.platform(found.partner) if found.partner else None
        return AuthorizationFacts(
            id=found.id,
            allowed=found.allowed.value,
            by=found.by,
            auth_method=found.auth_method.value,
            token=found.token,
            partner=partner.name if partner is not None else found.partner,
            authorization_reference=found.authorization_reference,
            location=found.location,
            info=found.info,
            ms=found.ms,
        )


class Authorizations:
    """The log of both sides."""

    def __init__(self, ports: Ports, log: AuthorizationLog) -> None:
        self._ports = ports
        self._log = log

    def answers(self) -> Answers:
        return {LIST_AUTHORIZATIONS.name: self._list}

    async def _list(self, asked: Asked) -> Page[AuthorizationLine]:
        names = {one.id: one.name for one in await self._ports.directory.all()}

        async def newest(limit: int, before: str | None) -> list[Entry]:
            return await self._log.newest(limit, before=before or "")

        def shown(entry: Entry) -> AuthorizationLine:
            return AuthorizationLine(
                id=entry.id,
                at=from_micros(entry.at),
                side=entry.side.value,
                token="#" + entry.token.partition(":")[2][:16],
                type=entry.type,
                answer=entry.answer,
                by=entry.by,
                ms=entry.ms,
                partner=names.get(entry.partner or "", entry.partner),
                asked_by=entry.asked_by,
                location_id=entry.location_id,
                evse_uids=list(entry.evse_uids),
                authorization_reference=entry.authorization_reference,
            )

        return await ledger_page(asked, newest, shown, lambda one: asked.who.may(one.asked_by))


class TokenLimiting:
    """What the operator of an eMSP says of a token beyond the Token object."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self._limiting = Limiting(ports.store, ports.identity)

    def answers(self) -> Answers:
        return {
            GET_LIMITS.name: self._get,
            SET_LIMITS.name: self._set,
            GET_GROUP_LIMITS.name: self._get,
            SET_GROUP_LIMITS.name: self._set,
        }

    async def _get(self, asked: Asked) -> Limits:
        return _limits(await self._limiting.limits(self._bearer(asked)))

    async def _set(self, asked: Asked) -> Limits:
        body: Limits = asked.body
        places = None
        if body.places is not None:
            places = tuple(
                Place(
                    location_id=one.location_id,
                    evse_uids=None if one.evse_uids is None else tuple(one.evse_uids),
                    operator=None if one.operator is None else one.operator.upper(),
                )
                for one in body.places
            )
        wanted = TokenLimits(mark=body.mark, places=places)
        return _limits(await self._limiting.replace(self._bearer(asked), wanted))

    def _bearer(self, asked: Asked) -> Bearer:
        ours = self._ports.identity.parties(*TOKEN.owner_roles)
        if not asked.who.may(asked.owner) or not any(it.same(asked.owner) for it in ours):
            raise not_found("token, or group of tokens, of ours with that owner and id")
        if "group_id" in asked.ids:
            return Bearer(asked.ids["group_id"], None, asked.owner)
        return Bearer(asked.ids["token_uid"], asked.query.type, asked.owner)


def _limits(limits: TokenLimits) -> Limits:
    places = None
    if limits.places is not None:
        places = [
            PlaceFacts(
                location_id=one.location_id,
                evse_uids=None if one.evse_uids is None else list(one.evse_uids),
                operator=one.operator,
            )
            for one in limits.places
        ]
    return Limits(mark=limits.mark, places=places)
