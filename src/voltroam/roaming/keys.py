"""From paths and documents to the identity of an object (identifiers compare folded)."""

from collections.abc import Mapping
from enum import Enum
from functools import cache
from typing import get_type_hints

from voltroam.standard.endpoints import LOCATION, Endpoint, Resource
from voltroam.standard.errors import CallerError
from voltroam.standard.parties import PartyId, fold
from voltroam.store.interface import ObjectKey

JOINT = "\x1f"
OWNER_SEGMENTS = frozenset({"country_code", "party_id"})


def object_key(resource: Resource, owner: PartyId, ids: Mapping[str, object]) -> ObjectKey:
    """The key of an object whose identifying members are in `ids` (a document, or `path_ids`).

    A member that is missing takes its default (`type=RFID`); CallerError 2001 if it has none.
    """
    return ObjectKey(resource.kind, owner.folded, JOINT.join(_folded_ids(resource, ids)))


def place_of(resource: Resource, owner: PartyId, members: Mapping[str, object]) -> ObjectKey | None:
    """The location of the same owner that the members name, of a kind that lies at one."""
    named = members.get(resource.lies_at) if resource.lies_at is not None else None
    return object_key(LOCATION, owner, {"id": named}) if isinstance(named, str) else None


def path_ids(row: Endpoint, keys: Mapping[str, str], query: Mapping[str, str]) -> dict[str, str]:
    """The object's identifying members as a path and query name them.

    Path segments stand in the order of `resource.key`; members with a default come from the query.
    """
    resource = _resource(row)
    segments = [keys[name] for name in _key_names(row) if name in keys]
    named = [member for member in resource.key if member not in resource.key_defaults]
    found = dict(zip(named, segments, strict=False))
    for member in resource.key_defaults:
        if member in query:
            found[member] = query[member]
    return found


def part_ids(row: Endpoint, keys: Mapping[str, str]) -> tuple[str, ...]:
    """The ids of the nested objects that a path names below its object, outermost first."""
    resource = _resource(row)
    named = [member for member in resource.key if member not in resource.key_defaults]
    names = _key_names(row)[len(named) :] if row.part else ()
    return tuple(keys[name] for name in names)


def owner_in(document: Mapping[str, object]) -> PartyId | None:
    """The owner that a document names itself."""
    country, party = document.get("country_code"), document.get("party_id")
    if isinstance(country, str) and isinstance(party, str):
        return PartyId(country, party)
    return None


def parts_of(resource: Resource, key: ObjectKey) -> dict[str, str]:
    """The identifying members that a key is made of, folded."""
    return dict(zip(resource.key, key.id.split(JOINT), strict=True))


def values_of(resource: Resource, member: str) -> tuple[str, ...]:
    """What an identifying member that has a default can be: the words of its enum."""
    return _words(resource.object, member)


def spelled(key: ObjectKey) -> str:
    """One readable line for events and logs: `locations/NL/AAA/LOC1`."""
    return f"{key.kind}/{key.owner}/{key.id.replace(JOINT, '/')}"


def _folded_ids(resource: Resource, ids: Mapping[str, object]) -> list[str]:
    folded = []
    for member in resource.key:
        value = ids.get(member, resource.key_defaults.get(member))
        if not isinstance(value, str) or not value:
            raise CallerError(f"$.{member}: needed to identify the object")
        folded.append(fold(value))
    return folded


def _key_names(row: Endpoint) -> tuple[str, ...]:
    return _names_in(row.segments)


@cache
def _names_in(segments: tuple[str, ...]) -> tuple[str, ...]:
    names = (part[1:-1] for part in segments if part.startswith("{"))
    return tuple(name for name in names if name not in OWNER_SEGMENTS)


@cache
def _words(kind: type, member: str) -> tuple[str, ...]:
    hint = get_type_hints(kind)[member]
    return tuple(word.value for word in hint) if issubclass(hint, Enum) else ()


def _resource(row: Endpoint) -> Resource:
    if row.resource is None:
        raise ValueError(f"row {row.method} {row.path} has no resource")
    return row.resource
