"""Commands as programs use them: one JSON value on stdout, words on stderr, a meaning per code."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.nodes import Ran, command
from typer.main import get_command

from voltroam.cli.app import app
from voltroam.cli.outcome import Exit

TOKEN: dict[str, Any] = {
    "country_code": "DE",
    "party_id": "MOV",
    "uid": "04A1B2C3",
    "type": "RFID",
    "contract_id": "DE-MOV-C00000001",
    "issuer": "Movia",
    "valid": True,
    "whitelist": "ALLOWED",
    "last_updated": "2026-01-01T00:00:00Z",
}


def commands(group: Any, name: str = "") -> list[tuple[str, Any]]:
    found = []
    for part, inner in group.commands.items():
        full = f"{name} {part}".strip()
        found += commands(inner, full) if hasattr(inner, "commands") else [(full, inner)]
    return found


ALL = commands(get_command(app))


@pytest.fixture
def config(tmp_path: Path) -> Path:
    ran = command(
        "init", tmp_path / "emsp", "--party", "DE/MOV/EMSP", "--name", "Movia",
        "--url", "http://127.0.0.1:8102", "--json",
    )  # fmt: skip
    assert ran.code == 0, ran.err
    assert ran.json["versions_url"] == "http://127.0.0.1:8102/ocpi/versions"
    return tmp_path / "emsp" / "voltroam.toml"


def run(config: Path, *arguments: str | Path, stdin: str | None = None) -> Ran:
    return command("-c", config, *arguments, stdin=stdin)


def test_the_commands_are_those_that_the_docs_promise() -> None:
    names = {name for name, _ in ALL}
    partner = "invite register list show pause resume resync rotate remove parked retry profile"
    webhook = "add list remove enable rotate test dead replay"
    agreements = "list add remove suspend resume import"
    booking = "accept cancel change decline list offer places request show"
    terminal = "activate add advice assign capture change deactivate list pay payments"
    assert names == {
        "init", "serve", "import", "export", "pull", "get", "put", "patch", "post", "delete",
        "demo", "version", "validate", "convert", "withdraw", "price", "quote", "verify",
        "cdr audit", "authorize", "prefer", "watch", "audit", "trace",
        *(f"hub {name}" for name in ("parties", "routes", "health")),
        *(f"hub agreements {name}" for name in agreements.split()),
        *(f"command {name}" for name in ["start", "stop", "reserve", "cancel", "unlock", "list"]),
        *(f"charging-profile {name}" for name in ("set", "clear", "active")),
        *(f"tariff {name}" for name in ("lint", "text", "grid", "visible")),
        *(f"partner {name}" for name in partner.split()),
        *(f"quarantine {name}" for name in ("list", "show", "retry")),
        *(f"webhook {name}" for name in webhook.split()),
        "gdpr find", "gdpr erase",
        *(f"key {name}" for name in ("create", "list", "revoke")),
        *(f"db {name}" for name in ("migrate", "check", "backup", "restore")),
        *(f"booking {name}" for name in booking.split()),
        *(f"invoice {name}" for name in ("amount", "issue", "list", "show", "withdraw")),
        *(f"terminal {name}" for name in terminal.split()),
    }  # fmt: skip


@pytest.mark.parametrize(("name", "one"), ALL, ids=[name for name, _ in ALL])
def test_each_command_has_an_example_and_json(name: str, one: Any) -> None:
    ran = command(*name.split(), "--help")
    assert ran.code == 0
    assert "Example: voltroam" in " ".join(ran.out.split())
    assert name == "serve" or any("--json" in parameter.opts for parameter in one.params)


def test_the_same_token_twice_in_one_file_is_applied_in_order(config: Path) -> None:
    later = TOKEN | {"valid": False, "last_updated": "2026-01-02T00:00:00Z"}
    ran = run(config, "import", "tokens", "-", "--json", stdin=json.dumps([TOKEN, later]))
    assert (ran.code, ran.json) == (0, {"accepted": 2, "refused": []})
    assert run(config, "export", "tokens", "--json").lines == [later]


def test_export_writes_bare_objects_one_per_line(config: Path) -> None:
    other = TOKEN | {"uid": "04FFFFFF", "x_extra": [1.10, {"a": None}]}
    pretty = json.dumps([TOKEN, other], indent=2)
    assert run(config, "import", "tokens", "-", "--json", stdin=pretty).code == 0
    ran = run(config, "export", "tokens", "--json")
    assert ran.lines == [TOKEN, other]
    assert "1.1" in ran.out
    assert run(config, "export", "cdrs", "--json").out == ""


def test_a_changed_cdr_is_refused(tmp_path: Path) -> None:
    examples = sorted(
        Path(__file__).parents[2].parent.glob("shared/data/spec-examples/2.2.1/*cdr*")
    )
    if not examples:
        pytest.skip("needs ../shared/data/spec-examples")
    cdr = json.loads(examples[0].read_text())
    party = f"{cdr['country_code']}/{cdr['party_id']}/CPO"
    folder = tmp_path / "cpo"
    command("init", folder, "--party", party, "--name", "x", "--url", "http://127.0.0.1:1")
    changed = cdr | {"total_energy": 999}
    ran = run(
        folder / "voltroam.toml", "import", "cdrs", "-", "--lenient", "--json",
        stdin=json.dumps([cdr, cdr, changed]),
    )  # fmt: skip
    assert ran.code == Exit.FAILED
    assert ran.json["accepted"] == 2
    assert [refused["index"] for refused in ran.json["refused"]] == [2]


def test_a_private_location_is_held_and_marked(tmp_path: Path) -> None:
    from tests.e2e.test_two_nodes import location

    folder = tmp_path / "cpo"
    command("init", folder, "--party", "NL/NOD/CPO", "--name", "x", "--url", "http://127.0.0.1:1")
    config = folder / "voltroam.toml"
    one = json.dumps([location("LOC1")])
    assert run(config, "import", "locations", "-", "--private", "--json", stdin=one).code == 0
    assert [it["id"] for it in run(config, "export", "locations", "--json").lines] == ["LOC1"]


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ('{"location_id": "X", "evse_uid": "Y"}', "status"),
        ('{"location_id": "X", "evse_uid": "Y", "status": "CHARGING",'
         ' "last_updated": "2026-01-01T00:00:00Z"}', "no EVSE"),
        ("{broken", "JSON"),
    ],
)  # fmt: skip
def test_a_status_line_that_cannot_be_says_why(tmp_path: Path, line: str, word: str) -> None:
    folder = tmp_path / "cpo"
    command("init", folder, "--party", "NL/NOD/CPO", "--name", "x", "--url", "http://127.0.0.1:1")
    good_json = line if line.endswith("}") else f'{{"location_id": "A"}}\n{line}'
    ran = run(folder / "voltroam.toml", "import", "evse-status", "-", "--json", stdin=good_json)
    assert ran.code == Exit.FAILED
    assert ran.json["accepted"] == 0
    assert word in ran.json["refused"][-1]["problems"][0]["message"]


def test_no_database_and_no_settings_are_setup_faults(config: Path) -> None:
    missing = command("-c", config.parent / "none.toml", "partner", "list", "--json")
    assert missing.code == Exit.SETUP
    assert "voltroam init" in missing.json["error"]
    (config.parent / "voltroam.db").write_bytes(b"this is no database" * 100)
    broken = run(config, "partner", "list", "--json")
    assert broken.code == Exit.SETUP
    assert set(broken.json) == {"error"}
    assert "Traceback" not in broken.err


def test_a_missing_secret_key_is_named(config: Path) -> None:
    (config.parent / "secret.key").unlink()
    ran = run(config, "partner", "list", "--json")
    assert ran.code == Exit.SETUP
    assert "secret" in ran.json["error"]


def test_wrong_use_is_two(config: Path, tmp_path: Path) -> None:
    assert run(config, "import", "lorries", "-", "--json", stdin="[]").code == Exit.USAGE
    assert run(config, "import", "tokens", tmp_path / "none", "--json").code == Exit.USAGE
    party = ("--party", "NL/TOOLONG/CPO")
    ran = command("init", tmp_path / "x", *party, "--name", "x", "--url", "http://127.0.0.1:1")
    assert ran.code == Exit.USAGE
    assert not (tmp_path / "x" / "voltroam.toml").exists()


def test_an_unreachable_partner_is_three_and_stays_planned(config: Path) -> None:
    ran = run(
        config, "partner", "register", "http://127.0.0.1:9/ocpi/versions", "secret-token-a",
        "--name", "noda", "--json",
    )  # fmt: skip
    assert ran.code in (Exit.UNREACHABLE, Exit.FAILED)
    assert "error" in ran.json
    assert "secret-token-a" not in ran.out + ran.err
    (partner,) = run(config, "partner", "list", "--json").json
    assert (partner["name"], partner["status"]) == ("noda", "PLANNED")
    assert partner["reason"]


def test_an_unknown_partner_lists_those_there_are(config: Path) -> None:
    assert run(config, "partner", "invite", "noda", "--json").code == 0
    ran = run(config, "partner", "show", "nodda", "--json")
    assert ran.code == Exit.FAILED
    assert "noda" in ran.json["error"]


def test_an_invited_partner_is_planned_and_its_token_shown_once(config: Path) -> None:
    """CORE-REG-01"""
    invited = run(config, "partner", "invite", "noda", "--json").json
    assert set(invited) == {"name", "versions_url", "token"}
    assert invited["versions_url"] == "http://127.0.0.1:8102/ocpi/versions"
    shown = run(config, "partner", "show", "noda", "--json")
    assert shown.json["status"] == "PLANNED"
    assert invited["token"] not in shown.out
    database = config.parent / "voltroam.db"
    wal = config.parent / "voltroam.db-wal"
    held = database.read_bytes() + (wal.read_bytes() if wal.exists() else b"")
    assert invited["token"].encode() not in held


def test_pause_resume_and_profile_are_kept(config: Path) -> None:
    run(config, "partner", "invite", "noda")
    assert run(config, "partner", "pause", "noda", "--json").json["paused"] is True
    assert run(config, "partner", "resume", "noda", "--json").json["paused"] is False
    changed = run(
        config, "partner", "profile", "noda", "base64=false", "push=put", "page_limit=50", "--json"
    )
    assert (changed.json["base64"], changed.json["push"]) == (False, "put")
    assert run(config, "partner", "profile", "noda", "--json").json["page_limit"] == 50
    for wrong in ("colour=red", "push=fax", "push"):
        assert run(config, "partner", "profile", "noda", wrong, "--json").code == Exit.USAGE


def test_a_backup_holds_the_objects_and_not_the_key(config: Path, tmp_path: Path) -> None:
    run(config, "import", "tokens", "-", stdin=json.dumps([TOKEN]))
    file = tmp_path / "monday.backup"
    assert run(config, "db", "backup", file, "--json").code == 0
    secret = (config.parent / "secret.key").read_bytes().strip()
    assert secret not in file.read_bytes()
    assert run(config, "db", "backup", file, "--json").code == Exit.USAGE
    later = TOKEN | {"uid": "04000000"}
    run(config, "import", "tokens", "-", stdin=json.dumps([later]))
    assert run(config, "db", "restore", file, "--json").code == 0
    assert run(config, "export", "tokens", "--json").lines == [TOKEN]
    assert run(config, "db", "check", "--json").json["ok"] is True


def test_version_names_the_standard() -> None:
    assert command("version", "--json").json["ocpi"] == ["2.1.1", "2.2.1", "2.3.0"]
