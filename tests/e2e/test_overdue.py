"""A session that nobody speaks of any more is told: by webhook and in the operator's list."""

import json
from datetime import UTC, datetime
from typing import Any
from urllib.request import Request, urlopen

from tests.delivery.webhook_receiver import HttpReceiver
from tests.e2e import documents as doc
from tests.e2e.conftest import MakeNode
from tests.e2e.nodes import wait_until

NOD = ("NL", "NOD")


def test_a_silent_session_and_one_without_cdr_reach_the_operator(node: MakeNode) -> None:
    """What `charging.silence` and `charging.cdr_after` say is what a running node does."""
    cpo = node("cpo", "NL/NOD/CPO", serve=False)
    limits = "\n[charging]\nsilence = 0.2\ncdr_after = 0.2\n"
    cpo.config.write_text(cpo.config.read_text("utf-8") + limits, "utf-8")
    with HttpReceiver() as ours:
        cpo.json("webhook", "add", ours.url, "--type", "session.overdue")
        cpo.load("tariffs", [doc.tariff(NOD, "T1")])
        cpo.load("locations", [doc.location(NOD, "L1")])
        cpo.load("sessions", [doc.session(NOD, "DONE", ("DE", "MOV"), status="COMPLETED")])
        cpo.serve()
        key = cpo.json("key", "create", "backend", "--scope", "operate")["secret"]

        def ask(path: str, body: Any = None) -> Any:
            headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
            data = None if body is None else json.dumps(body).encode()
            with urlopen(Request(f"{cpo.url}/operator/v1{path}", data, headers)) as answer:
                return json.loads(answer.read())

        begin = {
            "location_id": "L1", "evse_uid": "E1", "connector_id": "1", "session_id": "QUIET",
            "token": doc.session(NOD, "S", ("DE", "MOV"))["cdr_token"], "auth_method": "WHITELIST",
            "at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        }  # fmt: skip
        assert ask("/sessions", begin)["session_id"] == "QUIET"

        def told() -> set[tuple[str, str]]:
            bodies = [one.json["data"] for one in ours.got]
            return {(one["id"].rpartition("/")[2], one["details"]["why"]) for one in bodies}

        expected = {("QUIET", "silent"), ("DONE", "no_cdr")}
        wait_until(lambda: told() == expected, seconds=60, what="the webhooks")
        listed = ask("/overdue-sessions")["items"]
        assert {(one["session_id"], one["why"]) for one in listed} == expected
        assert {one["owner"] for one in listed} == {"NL/NOD"}
