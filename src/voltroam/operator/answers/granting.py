"""Whom our operators let steer the sessions of whose drivers."""

from voltroam.operator.acting import short_page
from voltroam.operator.asked import Answers, Asked, Told
from voltroam.operator.faults import forbidden, invalid, not_found
from voltroam.operator.operation import Page
from voltroam.operator.ports import Ports
from voltroam.operator.rows.live import (
    GRANT,
    LIST_GRANTS,
    REVOKE_GRANT,
    GrantFacts,
    GrantQuery,
)
from voltroam.operator.shelves import party_of
from voltroam.roaming.grants import Grant, Grants
from voltroam.standard.v2_2_1 import Role


class Granting:
    """A key that is limited grants for its own operators only."""

    def __init__(self, ports: Ports, grants: Grants) -> None:
        self._ports = ports
        self._grants = grants

    def answers(self) -> Answers:
        return {
            LIST_GRANTS.name: self._list,
            GRANT.name: self._grant,
            REVOKE_GRANT.name: self._revoke,
        }

    async def _list(self, asked: Asked) -> Page[GrantFacts]:
        found = [
            _shown(one)
            for one in await self._grants.all()
            if asked.who.may(one.operator, one.provider, one.contract)
        ]
        return short_page(asked, found, [_named(one) for one in found])

    async def _grant(self, asked: Asked) -> Told[GrantFacts]:
        grant = _read(asked.body)
        ours = self._ports.identity.parties(Role.CPO)
        if not any(party.same(grant.operator) for party in ours):
            raise invalid(f"$.operator: {grant.operator} is no operator of ours")
        if not asked.who.may(grant.operator):
            raise forbidden(f"the key is not for {grant.operator}")
        await self._grants.grant(grant)
        shown = _shown(grant)
        return Told(shown, target=f"/grants/{_named(shown)}")

    async def _revoke(self, asked: Asked) -> Told[None]:
        grant = _read(asked.query)
        held = await self._grants.permits(grant.operator, grant.contract, grant.provider)
        if not held or not asked.who.may(grant.operator):
            raise not_found("grant of that operator")
        await self._grants.revoke(grant)
        return Told(None, target=f"/grants/{_named(_shown(grant))}")


def _read(wanted: GrantFacts | GrantQuery) -> Grant:
    return Grant(
        operator=party_of(wanted.operator),
        provider=party_of(wanted.provider),
        contract=party_of(wanted.contract),
    )


def _shown(grant: Grant) -> GrantFacts:
    return GrantFacts(
        operator=grant.operator.folded,
        provider=grant.provider.folded,
        contract=grant.contract.folded,
    )


def _named(grant: GrantFacts) -> str:
    return f"{grant.operator}>{grant.provider}>{grant.contract}"
