"""A newcomer adds a module: one chapter file with its rows, and everything serves it."""

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.conftest import MakeNode
from tests.e2e.nodes import Served, wait_until

from voltroam.standard.endpoints import CORE, Table
from voltroam.standard.versions import V2_2_1
from voltroam.wire.openapi import openapi

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
NAME = "nlnod-weather"


def with_weather(served: Served) -> Served:
    shutil.copy(EXAMPLES / "weather.py", served.folder / "weather.py")
    text = served.config.read_text("utf-8")
    served.config.write_text('modules = ["weather:ROWS"]\n' + text, "utf-8")
    return served.serve()


def weather(identifier: str, degrees: float, moment: str = "2026-06-01T10:00:00Z") -> Any:
    return {
        "country_code": "NL", "party_id": "NOD", "id": identifier, "location_id": "LOC1",
        "degrees": degrees, "last_updated": moment,
    }  # fmt: skip


def test_one_chapter_file_is_a_module_for_server_client_and_store(node: MakeNode) -> None:
    """CORE-VER-14, CORE-VER-20: shown only to the partner that agreed on it, who is told."""
    cpo = with_weather(node("cpo", "NL/NOD/CPO", serve=False))
    emsp = with_weather(node("emsp", "DE/MOV/EMSP", serve=False))
    invitation = cpo.json("partner", "invite", "them")
    hidden = cpo.call("/ocpi/2.2.1", encoded(invitation["token"]))[1]["data"]["endpoints"]
    assert NAME not in {line["identifier"] for line in hidden}
    cpo.json("partner", "profile", "them", f"modules={NAME}")
    wait_until(
        lambda: NAME in json.dumps(cpo.call("/ocpi/2.2.1", encoded(invitation["token"]))[1]),
        what="the agreed module in the details",
    )
    emsp.json(
        "partner", "register", invitation["versions_url"], invitation["token"], "--name", "them"
    )
    emsp.json("partner", "profile", "them", f"modules={NAME}")
    wait_until(
        lambda: NAME in json.dumps(cpo.json("partner", "show", "them")["endpoints"]),
        seconds=40, what="the PUT that tells the CPO of the new endpoint",
    )  # fmt: skip

    assert cpo.load(NAME, [weather("W1", 12.5), weather("W2", 3)])["accepted"] == 2
    report = emsp.json("pull", NAME, "--partner", "them", "--full")
    assert report == {"received": 2, "refused": 0}
    cpo.load(NAME, [weather("W1", 13.5, "2026-06-01T11:00:00Z")])
    wait_until(
        lambda: {w["id"]: w["degrees"] for w in emsp.export(NAME)} == {"W1": 13.5, "W2": 3},
        what="the push",
    )
    refused = cpo.load(NAME, [{**weather("W3", 1), "degrees": "warm"}])
    assert refused["refused"][0]["problems"][0]["path"] == "$.degrees"


def encoded(token: str) -> str:
    from base64 import b64encode

    return b64encode(token.encode()).decode()


def test_openapi_describes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(EXAMPLES))
    rows = __import__("weather").ROWS
    monkeypatch.delitem(sys.modules, "weather")
    document = openapi(Table([*CORE, *rows]), V2_2_1, "https://ocpi.example.com")
    paths = [path for path in document["paths"] if NAME in path]
    assert len(paths) == 2
    assert "Weather" in document["components"]["schemas"]
