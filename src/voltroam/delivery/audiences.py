"""Which audience classes each partner sees, with one route for each destination party."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from voltroam.delivery.address import contract_party
from voltroam.delivery.sight import Classes
from voltroam.roaming.audience import at_version, narrowed_to, visible
from voltroam.roaming.bridging import spoken_by
from voltroam.roaming.platforms import Identity, Platform
from voltroam.standard.endpoints import Resource
from voltroam.standard.parties import PartyId

Routes = Mapping[str, Mapping[str, str]]
"""By kind: the platform of each destination party, by its folded name."""
Granted = Mapping[str, frozenset[str]]
"""By kind: classes that a smart charging service provider sees by grants."""
Behind = Mapping[str, Sequence[PartyId]]
"""By kind: the parties that have their route through one hub."""


def routes(resources: Iterable[Resource], platforms: Sequence[Platform]) -> Routes:
    """Direct routes; the first platform that holds a party keeps it (design: one route)."""
    found: dict[str, dict[str, str]] = {}
    for resource in resources:
        if not resource.is_for_one:
            continue
        ways = found[resource.kind] = {}
        for platform in platforms:
            for party in platform.parties(*resource.readers):
                ways.setdefault(party.folded, platform.id)
    return found


def classes_of(
    platform: Platform,
    identity: Identity,
    resources: Iterable[Resource],
    *,
    ways: Routes,
    behind: Behind,
    served: Collection[str],
    granted: Granted | None = None,
) -> Classes:
    """The classes by kind that go to this platform; contract classes only if the route is its.

    `served` are the kinds that it has an endpoint for: when one comes to be, its objects follow.
    `granted` classes go to it beside the one route of their party (CHP-TOP-04).
    """
    more = granted or {}
    found: dict[str, frozenset[str]] = {}
    for resource in resources:
        kind = resource.kind
        if kind not in served:
            found[kind] = frozenset()
            continue
        seen = visible(platform, identity, resource, behind=behind.get(kind, ()))
        own = [name for name in seen if _routed(name, platform, ways.get(kind, {}))]
        few = narrowed_to(platform, own) if resource.narrowable else ()
        names = frozenset((*own, *few)) | more.get(kind, frozenset())
        found[kind] = frozenset(
            at_version(names, spoken_by(platform), identity, resource, platform.profile)
        )
    return found


def _routed(audience: str, platform: Platform, ways: Mapping[str, str]) -> bool:
    party = contract_party(audience)
    return party is None or ways.get(party.folded, platform.id) == platform.id
