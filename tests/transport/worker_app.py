"""The application that worker processes of the tests build."""

import asyncio
import os
from collections.abc import Mapping

from voltroam.roaming.platforms import Phase, Platform
from voltroam.standard.endpoints import Table
from voltroam.standard.versions import V2_2_1
from voltroam.transport.metrics import Metrics
from voltroam.transport.server import OcpiApp
from voltroam.wire.call import Call, Reply
from voltroam.wire.routes import Router

PARTNER = Platform(id="p1", name="Partner", phase=Phase.REGISTERED)


async def authenticate(_headers: Mapping[str, str]) -> Platform | None:
    return PARTNER


async def answer(call: Call, _platform: Platform) -> Reply:
    """Names the process; `date_from` says how many seconds to take."""
    await asyncio.sleep(float(call.query.get("date_from", "0")))
    return Reply(data=b"%d" % os.getpid())


def make() -> OcpiApp:
    if os.environ.get("WORKER_APP_BROKEN"):
        raise SystemExit(3)
    return OcpiApp(
        router=Router(Table(), [V2_2_1], "http://node.example"),
        authenticate=authenticate,
        answer=answer,
        metrics=Metrics(),
    )
