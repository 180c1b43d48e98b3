"""How much a payment terminal reserves before a charge (OCPI 2.3.0 §mod_payments, §mod_tariffs).

The tariff says it with `preauthorize_amount`; only partners of 2.3.0 are told of that.
"""

from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

import msgspec

from voltroam.pricing import Policy
from voltroam.roaming.charging.terms import choose
from voltroam.roaming.keys import object_key
from voltroam.standard import v2_2_1 as old
from voltroam.standard.endpoints import LOCATION
from voltroam.standard.parties import PartyId, fold
from voltroam.store.interface import Store
from voltroam.wire.decode import read


class Preauthorisation(NamedTuple):
    """What the tariff wants reserved."""

    amount: Decimal
    currency: str


class _Said(msgspec.Struct):
    currency: str
    preauthorize_amount: Decimal | None = None


async def preauthorisation(
    store: Store,
    operator: PartyId,
    location_id: str,
    evse_uid: str | None,
    connector_id: str | None,
    *,
    at: datetime,
) -> Preauthorisation | None:
    """The most that a tariff for drivers without a contract wants at these connectors (RPAY-018).

    None: the location is not known here, or none of its tariffs says an amount.
    """
    row = await store.get(object_key(LOCATION, operator, {"id": location_id}))
    place = None if row is None or row.deleted else read(old.Location, row.document).value
    if place is None:
        return None
    found: list[Preauthorisation] = []
    asked = set()
    for evse in place.evses or ():
        if evse_uid is not None and fold(evse.uid) != fold(evse_uid):
            continue
        for connector in evse.connectors:
            if connector_id is None or fold(connector.id) == fold(connector_id):
                asked.add(tuple(connector.tariff_ids or ()))
    for names in sorted(asked):
        chosen = await choose(
            store, operator, [names], at,
            preference=None, ad_hoc=True, only=False, policy=Policy(),
        )  # fmt: skip
        if chosen is None or chosen.modern is None:
            continue
        said = msgspec.json.decode(chosen.modern, type=_Said)
        if said.preauthorize_amount:
            found.append(Preauthorisation(said.preauthorize_amount, said.currency))
    if len({one.currency for one in found}) > 1:
        return None
    return max(found, default=None)
