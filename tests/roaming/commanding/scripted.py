"""A CPO that answers as it is told to, and results as it posts them."""

import json
from datetime import timedelta
from typing import Any

from tests.roaming.commanding.scene import Json, Scene
from tests.roaming.company import NOW, Answer, Company

from voltroam.roaming.commanding import Command
from voltroam.standard.v2_2_1 import TokenType
from voltroam.wire.call import Request, Response

RFID = ("012345678", TokenType.RFID)
CPO = "cpo.example"
SOON = NOW + timedelta(hours=1)


class Scripted:
    """Stands before the CPO: remembers commands, answers them with what it is told to."""

    def __init__(self, company: Company) -> None:
        self.company = company
        self.asked: list[Request] = []
        self.answer: Response | None = None
        self.during: Any = None
        self._serve = company.network.hosts[company.host]
        company.network.hosts[company.host] = self.serve

    async def serve(self, request: Request) -> Response:
        if "/receiver/commands/" not in request.url:
            return await self._serve(request)
        self.asked.append(request)
        if self.during is not None:
            await self.during()
        return self.answer or await self._serve(request)

    @property
    def body(self) -> Json:
        found: Json = json.loads(self.asked[-1].body)
        return found


def envelope(data: Any, *, code: int = 1000, http: int = 200) -> Response:
    body = {"data": data, "status_code": code, "timestamp": "2026-11-22T12:00:00Z"}
    return Response(http, {"content-type": "application/json"}, json.dumps(body).encode())


ACCEPTED = envelope({"result": "ACCEPTED", "timeout": 20})


async def started(scene: Scene, **changes: Any) -> Command:
    return await scene.emsp.commands.start_session(
        CPO, token=RFID, **{"location_id": "LOC1"} | changes
    )


async def post(scene: Scene, url: str, result: Any, *, token: str = "") -> Answer:
    """What the CPO posts, raw."""
    partner = await scene.cpo.company.partner("emsp.example")
    assert partner.token_sealed is not None
    given = token or scene.cpo.company.vault.open(partner.token_sealed)
    body = result if isinstance(result, bytes) else json.dumps(result).encode()
    return await scene.emsp.company.ask(given, "POST", url, body)
