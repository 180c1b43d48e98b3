"""A hub's copies of what one party shared: from the hub, to each party that may have it.

A lane serves a platform; the parties on it that get an owner's objects stand among its classes as
`NL/AAA>DE/MSP`, beside the class `NL/AAA` that the objects carry. So a lane notices when one of
them comes or goes, keeps that over a restart, and takes back from that one alone
(OCPI 2.2.1 §transport, broadcast push).
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from voltroam.delivery.address import CONTRACT, contract_party, owner_in
from voltroam.delivery.sight import NOBODY, Classes, Sight
from voltroam.roaming.audience import at_version, bare, contract_class
from voltroam.roaming.bridging import spoken_by
from voltroam.roaming.hub.sharing import Receivers, Sharing
from voltroam.roaming.platforms import Identity, Platform, Profile
from voltroam.standard.endpoints import Resource
from voltroam.standard.parties import PartyId
from voltroam.store.interface import ObjectRow
from voltroam.wire.call import Routing

Ways = Sequence[Routing]


class _Known(NamedTuple):
    """The classes of one platform, and what they were read from."""

    sharing: Sharing
    reads: tuple[Collection[str], str | None, Profile]
    receivers: Mapping[str, Receivers]
    classes: Classes


class Shares:
    """The classes of each platform by one `Sharing`; worked out anew only when that moved."""

    def __init__(self, resources: Iterable[Resource], identity: Identity) -> None:
        self._resources = tuple(resources)
        self._identity = identity
        self._known: dict[str, _Known] = {}

    def classes_of(self, platform: Platform, sharing: Sharing, served: Collection[str]) -> Classes:
        """Of the kinds that it takes: what was shared with all, nothing meant for one party."""
        known = self._known.get(platform.id)
        reads = (served, platform.version, platform.profile)
        if known is None or known.reads != reads:
            known = None
        elif known.sharing is sharing:
            return known.classes
        receivers = {
            resource.kind: sharing.receivers(platform.id, resource) for resource in self._resources
        }
        classes = {
            resource.kind: self._seen(platform, receivers[resource.kind], resource, known)
            if resource.kind in served
            else NOBODY
            for resource in self._resources
        }
        self._known[platform.id] = _Known(sharing, reads, receivers, classes)
        return classes

    def _seen(
        self, platform: Platform, now: Receivers, resource: Resource, known: _Known | None
    ) -> frozenset[str]:
        """Of hundreds of owners few move at a time: the others' names stay as they are."""
        if known is None:
            return frozenset(self._names(platform, now, resource))
        before, names = known.receivers[resource.kind], known.classes[resource.kind]
        if before is now:
            return names
        gone = {name: it for name, it in before.items() if now.get(name) != it}
        came = {name: it for name, it in now.items() if before.get(name) != it}
        if not gone and not came:
            return names
        return names.difference(self._names(platform, gone, resource)).union(
            self._names(platform, came, resource)
        )

    def _names(self, platform: Platform, receivers: Receivers, resource: Resource) -> Iterable[str]:
        """The classes, and beside each the parties that get it: once, whatever its floor."""
        yield from at_version(
            receivers, spoken_by(platform), self._identity, resource, platform.profile
        )
        for owner, parties in receivers.items():
            for party in parties:
                yield _mark(owner, party)


def _mark(owner: str, party: PartyId) -> str:
    country, _, code = owner.partition("/")
    return contract_class(PartyId(country, code), party)


class Copies:
    """To whom the copies of one object go. Reads each set of classes once."""

    def __init__(self, hub: PartyId) -> None:
        self._hub = hub
        self._read: dict[tuple[str, str, bool], tuple[frozenset[str], Mapping[str, Ways]]] = {}

    def due(self, sight: Sight, row: ObjectRow) -> Ways:
        """The parties that get it now."""
        return self._ways(sight, row, lost=False)

    def gone(self, sight: Sight, row: ObjectRow) -> Ways:
        """Those that got it once and may not have it any more."""
        return self._ways(sight, row, lost=True)

    def _ways(self, sight: Sight, row: ObjectRow, *, lost: bool) -> Ways:
        kind = row.key.kind
        names = (sight.lost if lost else sight.classes).get(kind, NOBODY)
        at = (sight.platform, kind, lost)
        known = self._read.get(at)
        if known is None:
            known = self._read[at] = (names, self._sorted(names))
        elif known[0] is not names:
            known = self._read[at] = (names, self._mended(*known, names))
        return known[1].get(bare(row.audience), ())

    def _sorted(self, names: Iterable[str]) -> Mapping[str, Ways]:
        found: dict[str, list[Routing]] = {}
        for name in sorted(names):
            party = contract_party(name)
            if party is not None:
                found.setdefault(owner_in(name), []).append(Routing(party, self._hub))
        return found

    def _mended(
        self, before: frozenset[str], ways: Mapping[str, Ways], names: frozenset[str]
    ) -> Mapping[str, Ways]:
        """Of hundreds of owners few move at a time."""
        found = dict(ways)
        for name in before ^ names:
            party = contract_party(name)
            if party is None:
                continue
            owner = owner_in(name)
            way = [one for one in found.pop(owner, ()) if one.to != party]
            if name in names:
                way.append(Routing(party, self._hub))
            if way:
                found[owner] = sorted(way, key=lambda one: one.to or party)
        return found


def moved(before: Classes, now: Classes) -> Mapping[str, frozenset[str]]:
    """Classes by kind that a platform still sees, but not for the same parties as before."""
    found = {
        kind: frozenset(
            owner
            for name in before[kind] ^ names
            if CONTRACT in name and (owner := owner_in(name)) in names and owner in before[kind]
        )
        for kind, names in now.items()
        if before.get(kind, names) is not names
    }
    return {kind: names for kind, names in found.items() if names}
