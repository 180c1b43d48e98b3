"""A provider: registers with an operator, starts a charge, watches it, stops it, gets the CDR.

python examples/emsp.py emsp/voltroam.toml VERSIONS_URL TOKEN_A TOKEN_UID
"""

import asyncio
import sys

import uvicorn

from voltroam import AuthorizationDecision, AuthorizationQuestion, Node, Unattended, open_node
from voltroam.v2_2_1 import CDR, Location, Session, TokenType
from voltroam.wire.decode import read


class Drivers(Unattended):
    async def authorize(self, question: AuthorizationQuestion) -> AuthorizationDecision:
        """A driver stands at a charger: the place to look whether the last bill was paid."""
        return AuthorizationDecision(allowed=question.proposed)


async def first(node: Node, module: str, kind: type, ready=lambda it: True):
    """The first such object that an operator gives us, once it is ready."""
    while True:
        async for row in node.store.scan(module):
            found = read(kind, row.document).value
            if found is not None and ready(found):
                return found
        await asyncio.sleep(0.5)


async def charge(node: Node, token_uid: str) -> None:
    place = await first(node, "locations", Location)
    command = await node.commands.start_session(
        "noda", token=(token_uid, TokenType.RFID), location_id=place.id,
        evse_uid=place.evses[0].uid, authorization_reference="trip-1",
    )  # fmt: skip
    done = await node.commands.await_result(command.id)
    print("start:", done.result.result if done.result else done.reason)
    session = await first(node, "sessions", Session, lambda it: it.kwh > 0)
    print("session:", session.id, session.status, session.kwh, "kWh")
    await node.commands.stop_session("noda", session.id)
    cdr = await first(node, "cdrs", CDR, lambda it: it.session_id == session.id)
    print("cdr:", cdr.id, cdr.total_energy, "kWh", cdr.total_cost.excl_vat, cdr.currency)


async def main(settings_file: str, versions_url: str, token_a: str, token_uid: str) -> None:
    async with open_node(settings_file, Drivers()) as node:
        address, port = node.holdings.settings.address
        server = uvicorn.Server(uvicorn.Config(node.app(), address, port, log_level="warning"))
        serving = asyncio.create_task(server.serve())
        await node.registration.register(versions_url, token_a, "noda")
        await charge(node, token_uid)
        server.should_exit = True
        await serving


asyncio.run(main(*sys.argv[1:]))
