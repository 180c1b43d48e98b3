"""Exchange of credentials between two whole nodes, and against far ends that misbehave."""

from tests.roaming.company import Company, meet

from voltroam.roaming.platforms import Phase, Status


async def test_both_sides_are_connected_after_registration(cpo: Company, emsp: Company) -> None:
    """CORE-REG-04, CORE-REG-05, CORE-REG-07, CORE-REG-09, CORE-REG-10, CORE-CRED-15"""
    pair = await meet(cpo, emsp)
    ours, theirs = await cpo.partner("emsp.example"), await emsp.partner("cpo.example")
    assert (ours.phase, theirs.phase) == (Phase.REGISTERED, Phase.REGISTERED)
    assert (ours.status, theirs.status) == (Status.CONNECTED, Status.CONNECTED)
    assert ours.version == theirs.version == "2.2.1"
    answer = await pair.ask("GET", "sender/locations")
    assert (answer.http, answer.code, answer.data) == (200, 1000, [])
