"""The CDRs that a node holds, each with what it is held against."""

from typing import Any

from voltroam.billing.together import Item
from voltroam.cli.money_audit import Known
from voltroam.holdings import Holdings
from voltroam.operator import held_cdrs


async def items_of(
    holdings: Holdings, known: Known, *, partner: str | None, month: str | None
) -> tuple[list[Item], list[dict[str, Any]]]:
    """Items, and the documents that cannot be read. `partner` is a name or a party `NL/AAA`."""
    platforms = {one.id: one for one in await holdings.directory.all()}
    return await held_cdrs.items_of(holdings.store, platforms, known, partner=partner, month=month)
