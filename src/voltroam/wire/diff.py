"""Whether one small PATCH says all that changed between two states of an object.

A PATCH cannot remove members, and it addresses one object: whatever it cannot express needs a PUT
(OCPI 2.2.1 §mod_locations, PATCH; §mod_sessions, PATCH).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from voltroam.standard.endpoints import Part, Resource
from voltroam.standard.errors import CallerError
from voltroam.standard.versions import Version
from voltroam.wire.parts import last_updated_of
from voltroam.wire.patch import Members, append_only, items_of, members_of, same_json, write_members

_LAST_UPDATED = "last_updated"
_OWNER = ("country_code", "party_id")
_TEXT = msgspec.json.Decoder(str)


@dataclass(frozen=True, slots=True)
class PatchPlan:
    """One PATCH: which object below the resource it addresses, and its body."""

    parts: tuple[Part, ...]
    """From the resource downwards; empty: the resource itself."""
    ids: tuple[str, ...]
    """Of each part, as the document spells it."""
    body: bytes

    @property
    def part(self) -> Part | None:
        """The part that the endpoint row addresses."""
        return self.parts[-1] if self.parts else None

    @property
    def keys(self) -> dict[str, str]:
        """Key segments below the resource's own, by name (`evse_uid`)."""
        return {
            part.segment.strip("{}"): key for part, key in zip(self.parts, self.ids, strict=True)
        }


def patch_between(old: bytes, new: bytes, resource: Resource, version: Version) -> PatchPlan | None:
    """The PATCH that turns `old` into `new`; None where only a PUT does, or nothing changed.

    Both are in that version. Applied by its rules it gives `new` as JSON value, `last_updated`
    included.
    """
    appends = resource.appended(version)
    try:
        return _between(old, new, (*resource.key, *_OWNER), resource.parts, appends)
    except CallerError:
        return None  # a document that cannot be taken apart is sent whole


def _between(
    old: bytes | msgspec.Raw,
    new: bytes | msgspec.Raw,
    identity: Sequence[str],
    parts: Sequence[Part],
    appends: frozenset[str],
) -> PatchPlan | None:
    before, after = _present(members_of(old)), _present(members_of(new))
    changed = {name for name, raw in after.items() if not _same(before.get(name), raw)}
    removed = before.keys() - after.keys()
    if removed or not changed or changed.intersection(identity) or _LAST_UPDATED not in after:
        return None
    if parts and parts[0].member in changed:
        if changed - {parts[0].member, _LAST_UPDATED}:
            return None
        return _inside(before, after, (old, new), parts)
    body: Members = {}
    for name in after:
        if name in changed and name in appends:
            added = append_only(before.get(name), after[name])
            if added is None:
                return None
            body[name] = added
        elif name in changed or name == _LAST_UPDATED:
            body[name] = after[name]
    return PatchPlan((), (), write_members(body))


def _inside(
    before: Members,
    after: Members,
    documents: tuple[bytes | msgspec.Raw, bytes | msgspec.Raw],
    parts: Sequence[Part],
) -> PatchPlan | None:
    """Exactly one nested object changed, and the whole only by its `last_updated`."""
    part = parts[0]
    held, wanted = items_of(before.get(part.member)), items_of(after[part.member])
    if len(held) != len(wanted):
        return None
    differing = [pair for pair in zip(held, wanted, strict=True) if not _same(*pair)]
    if len(differing) != 1:
        return None
    old, new = differing[0]
    plan = _between(old, new, (part.key,), parts[1:], frozenset())
    if plan is None:
        return None
    raised = max(last_updated_of(documents[0]), last_updated_of(new))
    if last_updated_of(documents[1]) != raised:
        return None  # the receiver's copy of the whole would get another time than ours
    key = _TEXT.decode(members_of(new)[part.key])
    return PatchPlan((part, *plan.parts), (key, *plan.ids), plan.body)


def _present(members: Members) -> Members:
    """null says the same as absent (OCPI 2.2.1 §terminology, cardinality)."""
    return {name: raw for name, raw in members.items() if bytes(raw) != b"null"}


def _same(one: msgspec.Raw | None, other: msgspec.Raw) -> bool:
    return one is not None and same_json(one, other)
