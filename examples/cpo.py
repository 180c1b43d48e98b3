"""An operator: voltroam inside its own web application; its chargers' meters run far too fast.

python examples/cpo.py cpo/voltroam.toml
"""

import asyncio
import sys
from datetime import UTC, datetime
from decimal import Decimal

import uvicorn
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route

from voltroam import Node, Order, Outcome, Reading, Unattended, open_node
from voltroam.v2_2_1 import AuthMethod, CommandResultType, StartSession, StopSession


class Chargers(Unattended):
    async def run(self, node: Node) -> None:
        self.node, self.stops, self.charges = node, {}, set()

    async def consider(self, order: Order) -> None:
        return None  # all our chargers are online: pass everything on

    async def carry_out(self, order: Order) -> Outcome:
        if isinstance(order.body, StartSession):
            self.charges.add(asyncio.create_task(self.charge(order, order.body)))
            return Outcome(result=CommandResultType.ACCEPTED)
        if isinstance(order.body, StopSession) and order.session_id in self.stops:
            self.stops[order.session_id].set()
            return Outcome(result=CommandResultType.ACCEPTED)
        return Outcome(result=CommandResultType.REJECTED)

    async def charge(self, order: Order, body: StartSession) -> None:
        kwh, now = Decimal(1000), datetime.now(UTC)
        session = await self.node.charging.begin(
            location_id=body.location_id, evse_uid=body.evse_uid, token=body.token, at=now,
            auth_method=AuthMethod.COMMAND, authorization_reference=body.authorization_reference,
            order_id=order.id, operator=order.operator, reading=Reading(at=now, kwh=kwh),
        )  # fmt: skip
        stop = self.stops[session] = asyncio.Event()
        while not stop.is_set():
            await asyncio.sleep(0.5)
            kwh, now = kwh + Decimal("0.25"), datetime.now(UTC)
            await self.node.charging.read(session, Reading(at=now, kwh=kwh, power=Decimal(10)))
        await self.node.charging.end(session, datetime.now(UTC))


async def main(settings_file: str) -> None:
    async with open_node(settings_file, host := Chargers()) as node:
        running = Route("/running", lambda _: JSONResponse(list(host.stops)))
        app = Starlette(routes=[running, Mount("/", node.app())])
        address, port = node.holdings.settings.address
        web = uvicorn.Config(app, address, port, log_level="warning", timeout_graceful_shutdown=5)
        await uvicorn.Server(web).serve()


asyncio.run(main(sys.argv[1]))
