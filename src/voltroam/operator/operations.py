"""All rows of the operator API, in the order of the document."""

from typing import Any

from voltroam.operator.operation import Operation
from voltroam.operator.rows import (
    admin,
    bookings,
    charging,
    hub,
    invoices,
    live,
    money,
    objects,
    partners,
    payments,
    webhooks,
)

OPERATIONS: tuple[Operation[Any], ...] = (
    *objects.OPERATIONS,
    *charging.OPERATIONS,
    *live.OPERATIONS,
    *money.OPERATIONS,
    *invoices.OPERATIONS,
    *bookings.OPERATIONS,
    *payments.OPERATIONS,
    *partners.OPERATIONS,
    *hub.OPERATIONS,
    *webhooks.OPERATIONS,
    *admin.OPERATIONS,
)
