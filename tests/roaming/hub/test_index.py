"""How long the routing index keeps what it learnt."""

from tests.roaming import objects
from tests.roaming.company import Company
from tests.roaming.hub.conftest import Trio
from tests.roaming.hub.scene import routing

from voltroam.delivery.keeping import Keeping
from voltroam.roaming.hub.index import BOND, KEPT

SECOND = 1_000_000
DAY = 86_400
LOC = "receiver/locations/NL/AAA/LOC1"
TOKEN = "receiver/tokens/DE/MSP/0123456789AB"


def sweep(company: Company) -> Keeping:
    return Keeping(company.store, company.store.head, now=company.clock, holder="h", pause=0)


async def things(trio: Trio) -> set[str]:
    """Kinds of what the index has on disk."""
    await trio.hub.later.flush()
    return {record.key.id.partition("/")[0] for record in await trio.company.store.records(BOND)}


async def test_what_was_not_met_for_long_is_swept_and_learnt_anew(trio: Trio) -> None:
    """What was met again meanwhile stays; all go from the disk, in whatever process."""
    clock = trio.company.clock
    there = routing("DE/MSP", "NL/AAA")
    assert (await trio.cpo.ask("PUT", LOC, objects.location(), headers=there)).code == 1000
    token = objects.token(uid="0123456789AB")
    back = routing("NL/AAA", "DE/MSP")
    assert (await trio.emsp.ask("PUT", TOKEN, token, headers=back)).code == 1000
    assert await things(trio) == {"location", "token"}

    clock.forward(KEPT / SECOND - DAY)
    assert BOND not in await sweep(trio.company).look()
    assert (await trio.cpo.ask("PUT", LOC, objects.location(), headers=there)).code == 1000
    await trio.hub.later.flush()
    clock.forward(3 * DAY)
    assert (await sweep(trio.company).look())[BOND] == 1
    assert await things(trio) == {"location"}

    assert (await trio.emsp.ask("PUT", TOKEN, token, headers=back)).code == 1000
    assert await things(trio) == {"location", "token"}
    clock.forward(KEPT / SECOND + 2 * DAY)
    assert (await sweep(trio.company).look())[BOND] == 2
    assert await things(trio) == set()
