"""All rows of the operator API, in the order of the document."""

from typing import Any

from voltroam.operator.operation import Operation
from voltroam.operator.rows import admin, charging, live, objects, partners

OPERATIONS: tuple[Operation[Any], ...] = (
    *objects.OPERATIONS,
    *charging.OPERATIONS,
    *live.OPERATIONS,
    *partners.OPERATIONS,
    *admin.OPERATIONS,
)
