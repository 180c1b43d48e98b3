"""When the class of an object changes by itself: noted where it is written, read by a clock.

A tariff with a start or an end is shown to versions that know neither while it is in force
(`bridge.reach`). What is noted in vain does no harm: the object is judged as it then stands.
"""

import msgspec

from voltroam.bridge.passage import turn_of
from voltroam.roaming.keys import spelled
from voltroam.roaming.platforms import Identity
from voltroam.standard.endpoints import Resource
from voltroam.store.interface import HELD, ObjectDraft, ObjectKey, RecordDraft, RecordKey

TURN = "turn"
"""Record kind; the id is the object's key, due at the moment when it turns."""


class Turn(msgspec.Struct, frozen=True):
    key: ObjectKey


_TURN = msgspec.json.Decoder(Turn)


def turn_key(key: ObjectKey) -> RecordKey:
    return RecordKey(TURN, spelled(key))


def read_turn(document: bytes) -> ObjectKey:
    return _TURN.decode(document).key


def turns(
    resource: Resource, draft: ObjectDraft, identity: Identity, now: int
) -> tuple[RecordDraft, ...]:
    """The note that goes with an object as it is written at `now` (µs), if it will turn."""
    if draft.audience == HELD:
        return ()
    due = turn_of(resource.object.__name__, draft.document, identity.versions, now)
    if due is None:
        return ()
    note = msgspec.json.encode(Turn(draft.key))
    return (RecordDraft(turn_key(draft.key), note, draft.key.owner, due),)
