"""A driver's request, answered from the command line."""

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from tests.e2e import documents as doc
from tests.e2e.nodes import Ran, command

from voltroam.cli.outcome import Exit

UID = "CANARY04A1B2"
CPO = ("NL", "NOD")
EMSP = ("DE", "MOV")


@pytest.fixture
def config(tmp_path: Path) -> Path:
    ran = command(
        "init", tmp_path / "node", "--party", "NL/NOD/CPO", "--party", "NL/NOD/EMSP",
        "--name", "Noda", "--url", "http://127.0.0.1:8102", "--json",
    )  # fmt: skip
    assert ran.code == 0, ran.err
    config = tmp_path / "node" / "voltroam.toml"
    driver = doc.cdr_token(EMSP) | {"uid": UID, "contract_id": "CANARYCONTRACT"}
    load(config, "tokens", doc.token(CPO, UID) | {"contract_id": "CANARYCONTRACT"})
    load(config, "sessions", doc.session(CPO, "S1", EMSP, cdr_token=driver, status="COMPLETED"))
    load(config, "cdrs", doc.cdr(CPO, "C1", EMSP, cdr_token=driver))
    return config


def load(config: Path, module: str, document: Any) -> None:
    ran = run(config, "import", module, "-", "--lenient", "--json", stdin=json.dumps([document]))
    assert ran.code == 0, ran.out + ran.err


def run(config: Path, *arguments: str | Path, stdin: str | None = None) -> Ran:
    return command("-c", config, *arguments, stdin=stdin)


def stored(config: Path) -> bytes:
    return b"".join(
        file.read_bytes() for file in config.parent.iterdir() if file.name.startswith("voltroam.db")
    )


def test_found_erased_and_gone_from_the_files(config: Path) -> None:
    found = run(config, "gdpr", "find", UID.lower(), "--json").json
    assert {"tokens": 1, "sessions": 1, "cdrs": 1}.items() <= found["found"].items()
    assert UID.encode() in stored(config)
    (before,) = run(config, "export", "cdrs", "--json").lines
    ran = run(config, "gdpr", "erase", UID, "--json")
    assert ran.code == 0, ran.err
    assert (ran.json["scrubbed"], ran.json["valid"]) == (True, 1)
    assert b"CANARY" not in stored(config).upper()
    (after,) = run(config, "export", "cdrs", "--json").lines
    pseudonym = ran.json["pseudonym"]
    driver = after.pop("cdr_token")
    assert (driver["uid"], driver["contract_id"]) == (pseudonym, pseudonym)
    del before["cdr_token"]
    assert after == before
    assert run(config, "export", "tokens", "--json").lines == []
    assert run(config, "gdpr", "find", UID, "--json").json["found"] == {}
    assert run(config, "db", "check", "--json").json["ok"] is True


def test_a_dry_run_changes_nothing(config: Path) -> None:
    ran = run(config, "gdpr", "erase", UID, "--dry-run", "--json")
    assert ran.json["pseudonym"] is None
    assert len(run(config, "export", "tokens", "--json").lines) == 1


def test_a_running_session_is_in_the_way_unless_forced(config: Path) -> None:
    driver = doc.cdr_token(EMSP) | {"uid": UID}
    load(config, "sessions", doc.session(CPO, "S2", EMSP, cdr_token=driver, status="ACTIVE"))
    ran = run(config, "gdpr", "erase", UID, "--json")
    assert ran.code == Exit.FAILED
    assert "S2" in ran.json["error"]
    assert UID not in ran.json["error"]
    assert run(config, "gdpr", "erase", UID, "--force", "--json").code == 0


def test_the_audit_names_the_pseudonym_and_not_the_uid(config: Path) -> None:
    pseudonym = run(config, "gdpr", "erase", UID, "--json").json["pseudonym"]
    with sqlite3.connect(config.parent / "voltroam.db") as database:
        rows = database.execute("select document from records where kind = 'audit'").fetchall()
    lines = [json.loads(row[0]) for row in rows]
    acts = [(line["what"], line["target"]) for line in lines if line["target"][:5] == "/gdpr"]
    assert acts == [("erase_driver", f"/gdpr/{pseudonym}")]


def test_people_are_told_in_words(config: Path) -> None:
    ran = run(config, "gdpr", "erase", UID)
    assert "ERASED-" in ran.out
    assert "valid=false" in ran.err
    assert UID not in ran.out + ran.err
    assert "nowhere" in run(config, "gdpr", "find", UID).out


def test_an_unknown_type_is_wrong_usage(config: Path) -> None:
    assert run(config, "gdpr", "find", UID, "--type", "CARD").code == Exit.USAGE
