"""All rows of the operator API, in the order of the document."""

from typing import Any

from voltroam.operator.operation import Operation
from voltroam.operator.rows import admin, objects, partners

OPERATIONS: tuple[Operation[Any], ...] = (
    *objects.OPERATIONS,
    *partners.OPERATIONS,
    *admin.OPERATIONS,
)
