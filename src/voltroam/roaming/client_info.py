"""What a hub keeps about each party, in each role: its own word, or what another hub told.

Both stand in one row, which is the list and what is pushed. A party that we reach directly is
described by us alone. Of what another hub told, its own status stays known beside the row while
that hub cannot be reached itself (OCPI 2.2.1 §mod_hub_client_info).
"""

from collections.abc import Sequence

import msgspec

from voltroam.roaming.described import MILLISECOND, Beside, beside, sidecar, told
from voltroam.roaming.settle import Target, event, older, settle, unchanged
from voltroam.roaming.weigh import Accepted, Outcome, is_older, same
from voltroam.standard.parties import PartyId
from voltroam.standard.v2_2_1 import ClientInfo, ConnectionStatus, Role
from voltroam.store.interface import Decision, Held, ObjectDraft, ObjectRow
from voltroam.wire.decode import Problem

_INFO = msgspec.json.Decoder(ClientInfo)


def info_of(row: ObjectRow) -> ClientInfo:
    return _INFO.decode(row.document)


def told_status(row: ObjectRow) -> ConnectionStatus:
    """What the hub that knows the party said last."""
    return beside(row).told or info_of(row).status


def hear(
    target: Target,
    row: ObjectRow | None,
    document: bytes,
    held: Held,
    *,
    stamp: int,
    problems: Sequence[Problem],
) -> Decision[Accepted]:
    """Another hub tells about a party; of one that is ours it is thanked, and not believed."""
    if row is not None and not row.deleted:
        kept = _kept(target, row, document, stamp, held.now)
        if kept is not None:
            return kept
        row = msgspec.structs.replace(row, sidecar=None)
    return settle(target, row, document, held, last_updated=stamp, problems=problems)


def _kept(
    target: Target, row: ObjectRow, document: bytes, stamp: int, now: int
) -> Decision[Accepted] | None:
    """The decision that leaves what is announced as it is; None: what was told is announced."""
    noted = beside(row)
    if not row.sources and not noted.left:
        return Decision(Accepted(Outcome.UNCHANGED, row.document))
    if row.sources and is_older(stamp, noted.told_at or row.last_updated, now):
        return older(row, target.writer)
    if row.sources and (stamp == noted.told_at or same(row.document, document)):
        return unchanged(row, target.writer)
    return _back(target, row, document, stamp) if stamp <= row.last_updated else None


def _back(target: Target, row: ObjectRow, document: bytes, stamp: int) -> Decision[Accepted]:
    """Its own time is before what we announced: the word is kept, and announced anew by us."""
    note = Beside(told=_INFO.decode(document).status, told_at=stamp)
    source = target.writer.source_id
    draft = ObjectDraft(
        row.key, row.version, row.document, row.last_updated, row.audience,
        row.sources | ({source} if source else set()), row.notes, msgspec.json.encode(note),
        quiet=True,
    )  # fmt: skip
    return Decision(Accepted(Outcome.CHANGED, row.document), objects=(draft,))


def own_word(
    party: PartyId,
    role: Role,
    status: ConnectionStatus,
    row: ObjectRow | None,
    now: int,
    *,
    left: bool = False,
) -> Decision[bool]:
    """We describe a party ourselves; False: nothing moved."""
    note = Beside(left=left)
    ours = row is not None and not row.deleted and not row.sources
    if row is not None and ours and info_of(row).status is status:
        return _quietly(row, note)
    moment = now if row is None else max(now, row.last_updated + MILLISECOND)
    return _written(told(party, role, status, moment, sources=frozenset(), note=note))


def hubs_word(row: ObjectRow, status: ConnectionStatus, now: int) -> Decision[bool]:
    """A party behind another hub, as far as we can reach it; False: nothing moved."""
    info = info_of(row)
    if info.status is status:
        return Decision(False)
    noted = beside(row)
    note = Beside(told=told_status(row), told_at=noted.told_at or row.last_updated)
    moment = max(now, row.last_updated + MILLISECOND)
    party = PartyId(info.country_code, info.party_id)
    return _written(told(party, info.role, status, moment, sources=row.sources, note=note))


def _quietly(row: ObjectRow, note: Beside) -> Decision[bool]:
    if beside(row) == note:
        return Decision(False)
    draft = ObjectDraft(
        row.key, row.version, row.document, row.last_updated, row.audience, row.sources, row.notes,
        sidecar(note), quiet=True,
    )  # fmt: skip
    return Decision(False, objects=(draft,))


def _written(draft: ObjectDraft) -> Decision[bool]:
    """Its time is later than all before, so that nobody takes it for old."""
    return Decision(True, objects=(draft,), events=(event(draft.key, "changed"),))
