"""Changes of the active profile: whoever set a profile for a session hears of them (CHP-UPD)."""

from collections.abc import Callable, Sequence

from msgspec import structs

from voltroam.roaming.background import Background
from voltroam.roaming.directory import Directory
from voltroam.roaming.exchange import Exchange
from voltroam.roaming.host import ProfileOutcome
from voltroam.roaming.platforms import Identity
from voltroam.roaming.profiling.knobs import ProfileKnobs
from voltroam.roaming.profiling.orders import (
    SECOND,
    STEERED,
    Action,
    ProfileEntry,
    Steered,
    read_steered,
    steered_draft,
    steered_key,
)
from voltroam.roaming.profiling.places import Found, found_in, key_of, own_session, place_of
from voltroam.roaming.profiling.pushes import Push, Pushes, push_key, wanted
from voltroam.roaming.profiling.semantics import Supply, composite
from voltroam.standard.endpoints import Table
from voltroam.standard.errors import CallerError
from voltroam.standard.parties import PartyId
from voltroam.standard.v2_2_1 import ActiveChargingProfile, ChargingProfileResultType
from voltroam.store.interface import Change, Decision, Held, RecordDraft, RecordKey, Store
from voltroam.wire.times import from_micros

AGAIN = 900 * SECOND
"""How often a steered session is looked at, whether it is over (µs)."""
MANY = 500


class Changes:
    """Keeps the active profile of each steered session, and tells its followers."""

    def __init__(
        self,
        store: Store,
        directory: Directory,
        exchange: Exchange,
        *,
        identity: Identity,
        table: Table,
        now: Callable[[], int],
        knobs: ProfileKnobs,
    ) -> None:
        self._store = store
        self._identity = identity
        self._now = now
        self._knobs = knobs
        self._pushes = Pushes(store, directory, exchange, table=table, now=now, knobs=knobs)
        self._background = Background()

    async def changed(
        self, session_id: str, active: ActiveChargingProfile, *, operator: PartyId | None
    ) -> None:
        found = await self._own(session_id, operator)
        await self._note(found.name, lambda steered: steered, active)

    async def removed(
        self,
        session_id: str,
        active: ActiveChargingProfile | None,
        *,
        operator: PartyId | None,
    ) -> None:
        found = await self._own(session_id, operator)
        shown = active or await self._capacity(found)
        if shown is None:
            raise CallerError(f"There is no connector of session {session_id}")
        await self._note(
            found.name, lambda steered: structs.replace(steered, claim=None, profile=None), shown
        )

    async def after(
        self, entry: ProfileEntry, outcome: ProfileOutcome
    ) -> ActiveChargingProfile | None:
        """The active profile that follows from an outcome; after a clear the EVSE's capacity."""
        cleared = (
            entry.action is Action.CLEAR and outcome.result is ChargingProfileResultType.ACCEPTED
        )
        if outcome.active is not None or not cleared:
            return outcome.active
        found = found_in(await self._store.get(key_of(entry.session)))
        return None if found is None else await self._capacity(found)

    def drafts(
        self, session: str, steered: Steered, active: ActiveChargingProfile | None, held: Held
    ) -> list[RecordDraft]:
        """The session as it now stands, and what its followers are to be told."""
        kept = steered if active is None else structs.replace(steered, active=active)
        drafts = [steered_draft(session, kept, due=self.due(held.now))]
        if active is None:
            return drafts
        for follower in kept.followers:
            push = Push(
                session=session, session_id=kept.session_id, partner=follower.partner,
                party=follower.party, sender=kept.operator, active=active,
            )  # fmt: skip
            known = held.records.get(push_key(session, follower.partner, follower.party))
            drafts.append(wanted(known, push, held.now))
        return drafts

    async def push_keys(self, entry: ProfileEntry) -> Sequence[RecordKey]:
        """The records that `drafts` needs to find in `Held`."""
        steered = read_steered(await self._store.record(steered_key(entry.session)))
        return (
            push_key(entry.session, entry.partner, entry.asked_by),
            *_keys(entry.session, steered),
        )

    def due(self, now: int) -> int:
        return now + AGAIN

    async def tell(self, session: str) -> None:
        """Send what is due for a session."""
        await self._pushes.send_for(session)

    async def look(self) -> None:
        """Pushes to repeat, and sessions that are over: nobody follows those any more."""
        await self._pushes.look()
        for record in await self._store.records(STEERED, due_before=self._now(), limit=MANY):
            found = found_in(await self._store.get(key_of(record.key.id)))
            over = found is None or not found.is_ongoing
            if over:
                await self._pushes.forget(record.key.id)
            await self._store.apply(self._looked_at(record.key, over=over))

    def _looked_at(self, key: RecordKey, *, over: bool) -> Change[None]:
        def decide(held: Held) -> Decision[None]:
            record = held.records.get(key)
            if record is None:
                return Decision(None)
            document = None if over else record.document
            return Decision(None, records=(RecordDraft(key, document, due=self.due(held.now)),))

        return Change(decide, records=(key,))

    async def close(self) -> None:
        await self._background.close()

    async def _note(
        self, session: str, change: Callable[[Steered], Steered], active: ActiveChargingProfile
    ) -> None:
        key = steered_key(session)
        followed = _keys(session, read_steered(await self._store.record(key)))

        def decide(held: Held) -> Decision[bool]:
            steered = read_steered(held.records.get(key))
            if steered is None:
                return Decision(False)
            drafts = self.drafts(session, change(steered), active, held)
            return Decision(True, records=drafts)

        if await self._store.apply(Change(decide, records=(key, *followed))):
            self._start(session)

    def _start(self, session: str) -> None:
        """In the background: a charger's report does not wait for partners."""
        self._background.start(self.tell(session))

    async def _own(self, session_id: str, operator: PartyId | None) -> Found:
        found = await own_session(self._store, self._identity, session_id, operator)
        if found is None:
            raise CallerError(f"There is no session {session_id} of ours")
        return found

    async def _capacity(self, found: Found) -> ActiveChargingProfile | None:
        """What the EVSE gives when no profile limits it (CHP-UPD-04); None if we know no EVSE."""
        place = await place_of(self._store, found.session)
        if place.connector is None:
            return None
        return composite(
            (), from_micros(self._now()), self._knobs.push_most,
            began=found.session.start_date_time, supply=Supply.of(place.connector),
        )  # fmt: skip


def _keys(session: str, steered: Steered | None) -> tuple[RecordKey, ...]:
    if steered is None:
        return ()
    return tuple(push_key(session, one.partner, one.party) for one in steered.followers)
