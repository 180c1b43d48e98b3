"""The audit of commands that write the database themselves, in the words of the operator API."""

import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import quote

from voltroam.holdings import micros
from voltroam.operator.audit import Audit
from voltroam.operator.faults import fault_of
from voltroam.operator.keys import LOCAL
from voltroam.standard.errors import NodeError, OcpiError
from voltroam.store.interface import Store


@asynccontextmanager
async def noted(
    store: Store, what: str, *segments: str | None, status: int = 200
) -> AsyncIterator[None]:
    """Leave a line about what is done in the block: who, what, to what, and how it ended.

    `what` is the name of the operation that does the same, `segments` are its path.
    """
    audit = Audit(store, micros)
    target = "/" + "/".join(quote(part, safe="") for part in segments if part is not None)
    try:
        yield
    except OcpiError as error:
        with contextlib.suppress(NodeError):  # what failed is told, whether it can be noted or not
            await audit.note(LOCAL, what, target, fault_of(error).status)
        raise
    await audit.note(LOCAL, what, target, status)
