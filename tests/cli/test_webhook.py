"""Webhooks from the command line, before a real receiver on loopback."""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.delivery.webhook_receiver import HttpReceiver
from tests.e2e.nodes import Ran, command

from voltroam.cli.outcome import Exit
from voltroam.delivery.webhook_signing import key_of, signed


@pytest.fixture
def config(tmp_path: Path) -> Path:
    ran = command(
        "init", tmp_path / "cpo", "--party", "NL/NOD/CPO", "--name", "Noda",
        "--url", "http://127.0.0.1:8102", "--json",
    )  # fmt: skip
    assert ran.code == 0, ran.err
    return tmp_path / "cpo" / "voltroam.toml"


@pytest.fixture
def receiver() -> Iterator[HttpReceiver]:
    with HttpReceiver() as made:
        yield made


def run(config: Path, *arguments: str | Path) -> Ran:
    return command("-c", config, *arguments)


def added(config: Path, *arguments: str) -> Any:
    ran = run(config, "webhook", "add", *arguments, "--json")
    assert ran.code == 0, ran.err
    return ran.json


def test_the_secret_is_shown_once_and_checks_what_comes(
    config: Path, receiver: HttpReceiver
) -> None:
    made = added(config, receiver.url, "--type", "cdrs.*", "--party", "nl/nod")
    assert (made["types"], made["parties"], made["active"]) == (["cdrs.*"], ["NL/NOD"], True)
    listed = run(config, "webhook", "list", "--json")
    assert made["secret"] not in listed.out
    (one,) = listed.json
    assert (one["id"], one["behind"], one["waiting"], one["dead"]) == (made["id"], 0, 0, 0)
    pinged = run(config, "webhook", "test", made["id"], "--json")
    assert pinged.json == {"ok": True, "http": 200, "reason": None}
    (got,) = receiver.got
    assert got.json["type"] == "webhook.ping"
    mine = signed(
        got.body, message=got.headers["webhook-id"], at=int(got.headers["webhook-timestamp"]),
        keys=[key_of(made["secret"])],
    )  # fmt: skip
    assert mine["webhook-signature"] == got.headers["webhook-signature"]


def test_a_new_secret_signs_at_once(config: Path, receiver: HttpReceiver) -> None:
    made = added(config, receiver.url)
    secret = run(config, "webhook", "rotate", made["id"], "--json").json["secret"]
    assert secret != made["secret"]
    run(config, "webhook", "test", made["id"])
    assert len(receiver.got[0].headers["webhook-signature"].split()) == 2


def test_a_receiver_that_fails_is_told_as_such(config: Path, receiver: HttpReceiver) -> None:
    made = added(config, receiver.url)
    receiver.status = 500
    ran = run(config, "webhook", "test", made["id"], "--json")
    assert (ran.code, ran.json["http"]) == (Exit.FAILED, 500)
    receiver.close()
    ran = run(config, "webhook", "test", made["id"], "--json")
    assert (ran.code, ran.json["ok"]) == (Exit.UNREACHABLE, False)


@pytest.mark.parametrize(
    "url", ["http://10.0.0.1/hook", "ftp://127.0.0.1/", "no-url", "http://169.254.169.254/"]
)
def test_a_url_that_the_settings_do_not_allow_is_refused(config: Path, url: str) -> None:
    ran = run(config, "webhook", "add", url, "--json")
    assert ran.code == Exit.FAILED
    assert run(config, "webhook", "list", "--json").json == []


def test_only_one_decides(config: Path, receiver: HttpReceiver) -> None:
    assert added(config, receiver.url, "--decide")["types"] == []
    assert run(config, "webhook", "add", receiver.url, "--decide", "--json").code == Exit.FAILED


def test_removed_and_unknown_ones_are_not_there(config: Path, receiver: HttpReceiver) -> None:
    made = added(config, receiver.url)
    assert run(config, "webhook", "enable", made["id"], "--json").json["active"] is True
    assert run(config, "webhook", "remove", made["id"], "--json").json == {"removed": made["id"]}
    for name in ("remove", "test", "rotate", "enable", "replay"):
        ran = run(config, "webhook", name, made["id"], "--json")
        assert ran.code == Exit.FAILED
        assert made["id"] in ran.json["error"]
    assert run(config, "webhook", "dead", "--json").json == []


def test_acts_are_in_the_audit(config: Path, receiver: HttpReceiver) -> None:
    made = added(config, receiver.url)
    run(config, "webhook", "remove", made["id"])
    with sqlite3.connect(config.parent / "voltroam.db") as database:
        rows = database.execute("select document from records where kind = 'audit'").fetchall()
    acts = {json.loads(row[0])["what"] for row in rows}
    assert acts == {"add_webhook", "remove_webhook"}
