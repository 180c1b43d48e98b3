"""Tokens by their contract, as they stand now."""

from tests.roaming import objects
from tests.roaming.company import Company

from voltroam.roaming.contracts import Contracts


async def test_a_token_is_found_by_the_contract_that_it_has_now(emsp: Company) -> None:
    """And of contracts that no token has any more nothing stays in memory."""
    contracts = Contracts(emsp.store)
    for number in range(1, 6):
        moment = f"2026-02-0{number}T00:00:00Z"
        await emsp.import_("tokens", objects.token(contract_id=f"C{number}", last_updated=moment))
        (found,) = await contracts.tokens(f"c{number}")
        assert found["contract_id"] == f"C{number}"
        assert await contracts.tokens(f"C{number - 1}") == []
    assert contracts.known == 1
