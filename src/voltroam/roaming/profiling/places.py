"""Which session is meant, whose it is, and what its EVSE can do."""

from collections.abc import Sequence
from dataclasses import dataclass

from voltroam.roaming.directory import Directory
from voltroam.roaming.platforms import Identity, Platform
from voltroam.standard.endpoints import CONNECTOR_PART, EVSE_PART, LOCATION, SESSION
from voltroam.standard.errors import CallerError
from voltroam.standard.parties import PartyId, fold
from voltroam.standard.v2_2_1 import (
    EVSE,
    Capability,
    Connector,
    Role,
    Session,
    SessionStatus,
)
from voltroam.store.interface import PRIVATE, ObjectKey, ObjectRow, Store
from voltroam.wire.decode import read
from voltroam.wire.parts import get_part

ONGOING = frozenset({SessionStatus.ACTIVE, SessionStatus.PENDING})
"""While one of these a session can be steered; a reservation does not charge yet."""


@dataclass(frozen=True, slots=True)
class Found:
    """One session as we hold it."""

    key: ObjectKey
    row: ObjectRow
    session: Session

    @property
    def operator(self) -> PartyId:
        return PartyId(self.session.country_code, self.session.party_id)

    @property
    def contract(self) -> PartyId:
        """Whose driver it is."""
        token = self.session.cdr_token
        return PartyId(token.country_code, token.party_id)

    @property
    def name(self) -> str:
        """`NL/AAA/S1`, folded: the id of records about it."""
        return session_name(self.operator, self.session.id)

    @property
    def is_ongoing(self) -> bool:
        return self.session.status in ONGOING


@dataclass(frozen=True, slots=True)
class Place:
    """The EVSE of a session, with its connectors; both absent where we hold no such location."""

    evse: EVSE | None = None
    connector: Connector | None = None

    def can(self, capability: Capability) -> bool:
        return self.evse is not None and capability in (self.evse.capabilities or ())


def session_name(operator: PartyId, session_id: str) -> str:
    return f"{operator.folded}/{fold(session_id)}"


def session_key(operator: PartyId, session_id: str) -> ObjectKey:
    return ObjectKey(SESSION.kind, operator.folded, fold(session_id))


def key_of(name: str) -> ObjectKey:
    """The session that a record's id names (see `Found.name`)."""
    country, party, session_id = name.split("/", 2)
    return ObjectKey(SESSION.kind, f"{country}/{party}", session_id)


def found_in(row: ObjectRow | None) -> Found | None:
    """A live session that can be read."""
    if row is None or row.deleted or row.audience == PRIVATE:
        return None
    session = read(Session, row.document).value
    return None if session is None else Found(row.key, row, session)


async def own_session(
    store: Store, identity: Identity, session_id: str, to: PartyId | None = None
) -> Found | None:
    """A session of ours; `to` names one of our parties if the caller does."""
    for owner in identity.parties(Role.CPO):
        if to is None or owner.same(to):
            found = found_in(await store.get(session_key(owner, session_id)))
            if found is not None:
                return found
    return None


async def held_session(
    store: Store, directory: Directory, session_id: str, operator: PartyId | None = None
) -> Found:
    """A session that an operator gave us. CallerError if there is none, or several of that id."""
    operators = (operator,) if operator else await directory.operators()
    rows = [await store.get(session_key(owner, session_id)) for owner in operators]
    found = [it for it in map(found_in, rows) if it is not None and it.row.sources]
    if not found:
        raise CallerError(f"There is no session {session_id}")
    if len(found) > 1:
        names = ", ".join(str(it.operator) for it in found)
        raise CallerError(f"Several operators have a session {session_id}: {names}")
    return found[0]


async def place_of(store: Store, session: Session) -> Place:
    """Where a session charges, as its operator describes it."""
    owner = f"{session.country_code}/{session.party_id}".upper()
    row = await store.get(ObjectKey(LOCATION.kind, owner, fold(session.location_id)))
    if row is None or row.deleted:
        return Place()
    part = get_part(row.document, (EVSE_PART,), (session.evse_uid,))
    evse = None if part is None else read(EVSE, part).value
    if evse is None:
        return Place()
    wanted = fold(session.connector_id)
    connectors: Sequence[Connector] = evse.connectors
    named = [it for it in connectors if fold(getattr(it, CONNECTOR_PART.key)) == wanted]
    return Place(evse, named[0] if named else connectors[0])


def holds(caller: Platform, party: PartyId, sender: PartyId | None) -> bool:
    """Whether the caller speaks for that party: its own, or one behind a hub that names it."""
    if sender is not None:
        return sender.same(party)
    return any(own.same(party) for own in caller.parties(Role.EMSP, Role.SCSP))
