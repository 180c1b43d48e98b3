"""A node embedded in another program answers as a served one does."""

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.documents import tariff
from tests.e2e.nodes import command, process

from voltroam import open_node
from voltroam.holdings import micros
from voltroam.operator.keys import local_key
from voltroam.roaming.interactive import interactive
from voltroam.wire.headers import write_authorization


async def get(app: Any, path: str, headers: dict[str, str] | None = None) -> tuple[int, bytes]:
    """Who reads a stream leaves as soon as it is open."""
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        if sent:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {
        "type": "http", "method": "GET", "path": path, "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(k.encode(), v.encode()) for k, v in (headers or {}).items()],
    }  # fmt: skip
    await app(scope, receive, send)
    return sent[0]["status"], b"".join(part.get("body", b"") for part in sent[1:])


async def test_a_node_can_be_mounted_in_another_application(tmp_path: Path) -> None:
    made = await asyncio.to_thread(
        process, "init", tmp_path / "node", "--name", "Inside", "--url", "https://inside.test",
        "--party", "NL/INS/CPO", "--json",
    )  # fmt: skip
    assert made.code == 0, made.err
    async with open_node(tmp_path / "node" / "voltroam.toml") as node:
        app = node.app()
        assert (await get(app, "/ready"))[0] == 200
        status, body = await get(app, "/ocpi/versions")
        assert (status, b'"status_code":2000' in body) == (401, True)
        invitation = await node.registration.invite("partner")
        status, body = await get(
            app,
            "/ocpi/versions",
            {"authorization": write_authorization(invitation.token, base64=True)},
        )
        assert (status, b'"version":"2.2.1"' in body) == (200, True)


async def test_a_program_that_is_interrupted_still_closes_its_node(tmp_path: Path) -> None:
    """uvicorn raises the signal anew when it has ended, so the cancellation meets `close`."""
    made = await asyncio.to_thread(
        process, "init", tmp_path / "node", "--name", "Inside", "--url", "https://inside.test",
        "--party", "NL/INS/CPO", "--json",
    )  # fmt: skip
    assert made.code == 0, made.err
    file = tmp_path / "node" / "voltroam.toml"

    async def program() -> None:
        async with open_node(file) as node:
            await node.authorizer.authorize("NOBODY")
            task = asyncio.current_task()
            assert task is not None
            task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await asyncio.create_task(program())
    async with open_node(file, work=False) as node:
        assert [it.by for it in await node.authorizations.newest()] == ["unknown"]


@pytest.mark.parametrize(
    ("role", "relay", "versions"),
    [
        *((role, "false", "2.2.1") for role in ("CPO", "EMSP", "SCSP", "NSP")),
        *((role, "true", "2.2.1,2.3.0") for role in ("CPO", "EMSP", "SCSP", "PTP")),
    ],
)
async def test_a_command_that_registers_names_what_a_serving_node_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, role: str, relay: str, versions: str
) -> None:
    """CORE-VER-20: partners are told the same of us whichever process tells them."""
    monkeypatch.setenv("VOLTROAM_PROFILES__RELAY", relay)
    monkeypatch.setenv("VOLTROAM_VERSIONS", versions)
    made = await asyncio.to_thread(
        process, "init", tmp_path / "node", "--name", "Inside", "--url", "https://inside.test",
        "--party", f"NL/INS/{role}", "--json",
    )  # fmt: skip
    assert made.code == 0, made.err
    async with open_node(tmp_path / "node" / "voltroam.toml", work=False) as node:
        named = interactive(node.holdings.identity, relay=relay == "true")
        offered = {row.handler for row in node.holdings.table.rows}
        assert node.live.handlers().keys() & offered == named & offered


@pytest.mark.parametrize(("days", "status"), [("0", 410), ("1", 200)])
async def test_events_are_kept_as_long_as_is_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, days: str, status: int
) -> None:
    """`retention.events`: who comes back to the stream later than that must read anew."""
    config = tmp_path / "node" / "voltroam.toml"
    made = await asyncio.to_thread(
        process, "init", tmp_path / "node", "--name", "Inside", "--url", "https://inside.test",
        "--party", "NL/INS/CPO",
    )  # fmt: skip
    assert made.code == 0, made.err
    monkeypatch.setenv("VOLTROAM_RETENTION__EVENTS", days)
    async with open_node(config, work=False) as node:
        for name in ("T1", "T2", "T3"):
            document = json.dumps(tariff(("NL", "INS"), name)).encode()
            await node.holdings.keep("tariffs", document, strict=True)
        await node.delivery.retention.purge()
        shown = {
            "authorization": f"Bearer {local_key(node.holdings.vault, micros())}",
            "last-event-id": "1",
        }
        assert (await get(node.app(), "/operator/v1/events/stream", shown))[0] == status


async def test_the_processes_of_a_node_share_the_rate_of_a_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`operator.rate` is that of the node: one of four processes gives a quarter of it."""
    config = tmp_path / "node" / "voltroam.toml"
    made = await asyncio.to_thread(
        process, "init", tmp_path / "node", "--name", "Inside", "--url", "https://inside.test",
        "--party", "NL/INS/CPO",
    )  # fmt: skip
    assert made.code == 0, made.err
    key = await asyncio.to_thread(
        process, "-c", config, "key", "create", "k", "--scope", "read", "--json"
    )
    monkeypatch.setenv("VOLTROAM_WORKERS", "4")
    monkeypatch.setenv("VOLTROAM_OPERATOR__RATE", "4")
    async with open_node(config, work=False) as node:
        shown = {"authorization": f"Bearer {json.loads(key.out)['secret']}"}
        app = node.app()
        statuses = [(await get(app, "/operator/v1/locations", shown))[0] for _ in range(4)]
    assert (statuses[:2], statuses[-1]) == ([200, 200], 429)


def test_serve_tells_its_processes_how_many_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = process("init", tmp_path / "n", "--name", "N", "--url", "http://127.0.0.1:1",
                   "--party", "NL/INS/CPO")  # fmt: skip
    assert made.code == 0, made.err
    for name in ("VOLTROAM_WORKERS", "VOLTROAM_CONFIG"):
        monkeypatch.setenv(name, "")  # put back after the test
        monkeypatch.delenv(name)
    told: list[str | None] = []

    def serving(*_: object) -> int:
        told.append(os.environ.get("VOLTROAM_WORKERS"))
        return 0

    monkeypatch.setattr("voltroam.transport.workers.serve", serving)
    assert command("-c", tmp_path / "n" / "voltroam.toml", "serve", "--workers", "3").code == 0
    assert told == ["3"]
