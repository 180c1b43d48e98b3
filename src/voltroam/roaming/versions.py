"""Which versions we speak and where their endpoints are, generated from the table.

A module is listed when one of our roles plays a side of it and this node serves that side
(OCPI 2.2.1 §version_information_endpoint).
"""

from collections.abc import Collection, Iterable, Iterator
from hashlib import sha256

import msgspec

from voltroam.roaming.platforms import Identity, Platform
from voltroam.standard.endpoints import (
    VERSIONS_MODULE,
    Behaviour,
    Endpoint,
    Interface,
    Module,
    Table,
)
from voltroam.standard.packages import STANDARD
from voltroam.standard.shapes import shape
from voltroam.standard.trees import Tree, tree_of
from voltroam.standard.v2_2_1 import Endpoint as EndpointLine
from voltroam.standard.v2_2_1 import Role, VersionDetails, VersionInfo
from voltroam.standard.versions import Version
from voltroam.wire.routes import Router

STANDARD_MODULES = frozenset(row.module.name for row in STANDARD)


def versions_list(router: Router, identity: Identity, tree: Tree | None = None) -> bytes:
    """JSON of the versions list; a version of two trees is in it where one of them is meant."""
    tree = tree or only_tree(identity)
    return msgspec.json.encode(
        [
            VersionInfo(version=version.number, url=router.details_url(version, tree))
            for version in router.versions
            if not version.role_trees or tree in identity.trees
        ]
    )


def only_tree(identity: Identity) -> Tree | None:
    """The one tree that we serve; None where there are two, or none."""
    return identity.trees[0] if len(identity.trees) == 1 else None


def version_details(
    version: Version,
    router: Router,
    identity: Identity,
    handlers: Collection[str],
    caller: Platform,
    *,
    tree: Tree | None = None,
) -> bytes:
    """JSON of one version's details, as this caller may see them; of one `tree` if it has two."""
    tree = tree or caller.tree or only_tree(identity) or Tree.CPO
    line, whole = shape(EndpointLine, version), shape(VersionDetails, version)
    lines = []
    for module, interface in _sides(router.table, version, identity, handlers, caller):
        if version.role_trees and tree_of(module, interface) not in (None, tree):
            continue
        side = interface or Interface.SENDER
        url = router.endpoint_url(version, module, interface, tree)
        named = {"role": side} if version.endpoint_roles else {}
        lines.append(line(identifier=_name(module, caller), url=url, **named))
    return msgspec.json.encode(whole(version=version.number, endpoints=lines))


def _name(module: Module, caller: Platform) -> str:
    """As printed in the standard, unless the partner knows it by another name."""
    return caller.profile.called(module)


def announcement(
    version: Version,
    router: Router,
    identity: Identity,
    handlers: Collection[str],
    caller: Platform,
) -> str:
    """A digest of all that a partner learns of us when it registers: endpoints, versions, roles."""
    told = (
        versions_list(router, identity, caller.tree),
        version_details(version, router, identity, handlers, caller),
        msgspec.json.encode(identity.roles),
    )
    return sha256(b"\n".join(told)).hexdigest()


def is_offered(
    row: Endpoint, identity: Identity, handlers: Collection[str], caller: Platform
) -> bool:
    """Whether a row answers this caller: its side is played here, its handler is installed.

    Custom modules are for platforms whose profile lists them (CORE-VER-14).
    """
    module = row.module
    if module.name not in STANDARD_MODULES and module.name not in caller.profile.modules:
        return False
    played = plays(identity, module, row.interface) or _between_hubs(row, identity, caller)
    return _is_served(row, handlers) and played


def _between_hubs(row: Endpoint, identity: Identity, caller: Platform) -> bool:
    """Two hubs in a row tell each other what only hubs tell: whom they connect."""
    told = row.interface is Interface.RECEIVER and row.module.sender_roles <= {Role.HUB}
    return told and identity.is_hub and caller.is_hub


def plays(identity: Identity, module: Module, interface: Interface | None) -> bool:
    """Whether one of our roles has that side of the module."""
    if interface is None:
        return True
    sides = module.sender_roles if interface is Interface.SENDER else module.receiver_roles
    return any(role.role in sides for role in identity.roles)


def _sides(
    table: Table,
    version: Version,
    identity: Identity,
    handlers: Collection[str],
    caller: Platform,
) -> Iterator[tuple[Module, Interface | None]]:
    """Each once, in the order of the table; a module without sides has None."""
    rows: Iterable[Endpoint] = (
        row for row in table.at(version) if row.module.name != VERSIONS_MODULE.name
    )
    seen: set[tuple[str, Interface | None]] = set()
    for row in rows:
        side = (row.module.name, row.interface)
        if side in seen or not is_offered(row, identity, handlers, caller):
            continue
        seen.add(side)
        yield row.module, row.interface


def _is_served(row: Endpoint, handlers: Collection[str]) -> bool:
    return row.behaviour is not Behaviour.HANDLED or row.handler in handlers
