"""What programs may rely on, sentence by sentence, where one node alone shows it."""

import json
import re
import sqlite3
import stat
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tests.e2e import documents as doc
from tests.e2e.nodes import Ran, command

from voltroam.cli.outcome import Exit

PARTY = ("NL", "NOD")
GOOD = doc.location(PARTY, "LOC1")
FAR = {"latitude": "52.0907", "longitude": "5.121400"}
"""Four decimals, where five are the least."""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    folder = tmp_path / "cpo"
    ran = command(
        "init", folder, "--party", "NL/NOD/CPO", "--party", "NL/NOD/EMSP", "--name", "Noda",
        "--url", "http://127.0.0.1:8101", "--json",
    )  # fmt: skip
    assert ran.code == 0, ran.err
    assert ran.json["parties"] == ["NL/NOD/CPO", "NL/NOD/EMSP"]
    return folder / "voltroam.toml"


def run(config: Path, *arguments: str | Path, stdin: str | None = None) -> Ran:
    return command("-c", config, *arguments, stdin=stdin)


def load(config: Path, module: str, text: str, *flags: str) -> Ran:
    return run(config, "import", module, "-", "--json", *flags, stdin=text)


def exported(config: Path, module: str = "locations") -> list[Any]:
    return run(config, "export", module, "--json").lines


# -- init and where the settings are ------------------------------------------------------------


def test_init_writes_settings_database_and_a_key_for_its_owner_only(config: Path) -> None:
    folder = config.parent
    assert {"voltroam.toml", "voltroam.db", "secret.key"} <= {it.name for it in folder.iterdir()}
    assert stat.S_IMODE((folder / "secret.key").stat().st_mode) == 0o600
    assert run(config, "db", "check", "--json").json["ok"] is True


def test_init_refuses_a_folder_that_has_a_node(config: Path) -> None:
    before = config.read_bytes()
    ran = command(
        "init", config.parent, "--party", "NL/NOD/CPO", "--name", "x", "--url", "http://127.0.0.1:1"
    )
    assert ran.code in (Exit.USAGE, Exit.SETUP)
    assert config.read_bytes() == before


@pytest.mark.parametrize(
    ("url", "allowed"), [("http://127.0.0.1:8101", True), ("https://ocpi.example.com", False)]
)
def test_a_loopback_url_allows_loopback_partners(tmp_path: Path, url: str, allowed: bool) -> None:
    command("init", tmp_path / "n", "--party", "NL/NOD/CPO", "--name", "x", "--url", url)
    settings = (tmp_path / "n" / "voltroam.toml").read_text()
    assert bool(re.search(r"^allow_loopback = true", settings, re.M)) is allowed


def test_the_settings_file_may_stand_in_the_environment(
    config: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert command("partner", "list", "--json").code == Exit.SETUP
    monkeypatch.setenv("VOLTROAM_CONFIG", str(config))
    assert command("partner", "list", "--json").json == []
    missing = ("-c", tmp_path / "none.toml")
    assert command(*missing, "partner", "list", "--json").code == Exit.SETUP, "-c wins"
    monkeypatch.delenv("VOLTROAM_CONFIG")
    monkeypatch.chdir(config.parent)
    assert command("partner", "list", "--json").json == [], "voltroam.toml of this folder"


# -- import -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        json.dumps([GOOD]),
        json.dumps({"items": [GOOD]}),
        json.dumps({"data": [GOOD], "status_code": 1000, "timestamp": doc.LONG_AGO}),
        json.dumps(GOOD),
        json.dumps(GOOD) + "\n",
    ],
    ids=["array", "items", "envelope", "object", "lines"],
)
def test_every_shape_of_file_is_imported(config: Path, text: str) -> None:
    ran = load(config, "locations", text)
    assert (ran.code, ran.json) == (0, {"accepted": 1, "refused": []})
    assert exported(config) == [GOOD]


def test_an_empty_file_is_imported(config: Path) -> None:
    assert load(config, "locations", "").json == {"accepted": 0, "refused": []}


def test_refused_objects_are_numbered_from_zero_and_do_not_stop_the_others(config: Path) -> None:
    bad = doc.location(PARTY, "LOC0", coordinates=FAR)
    other = doc.location(PARTY, "LOC2")
    ran = load(config, "locations", json.dumps([bad, GOOD, bad, other]))
    assert ran.code == Exit.FAILED
    assert set(ran.json) == {"accepted", "refused"}
    assert ran.json["accepted"] == 2
    assert [one["index"] for one in ran.json["refused"]] == [0, 2]
    for refused in ran.json["refused"]:
        assert set(refused) == {"index", "problems"}
        (problem,) = refused["problems"]
        assert set(problem) == {"path", "severity", "rule", "message"}
        assert (problem["path"], problem["severity"]) == ("$.coordinates.latitude", "error")
    assert [it["id"] for it in exported(config)] == ["LOC1", "LOC2"]


def test_lenient_keeps_what_is_against_the_standard_but_not_what_is_unusable(config: Path) -> None:
    bad = doc.location(PARTY, "LOC0", coordinates=FAR)
    unusable = doc.location(PARTY, "LOC9", coordinates=7)
    ran = load(config, "locations", json.dumps([bad, unusable]), "--lenient")
    assert ran.code == Exit.FAILED
    assert (ran.json["accepted"], [it["index"] for it in ran.json["refused"]]) == (1, [1])
    assert exported(config) == [bad]


def test_a_broken_line_is_refused_by_its_number(config: Path) -> None:
    text = f'{json.dumps(GOOD)}\n{{"id": \n{json.dumps(doc.location(PARTY, "LOC3"))}\n'
    ran = load(config, "locations", text)
    assert (ran.json["accepted"], [it["index"] for it in ran.json["refused"]]) == (2, [1])


def test_the_same_object_again_changes_nothing_and_is_accepted(config: Path) -> None:
    assert load(config, "locations", json.dumps([GOOD])).json["accepted"] == 1
    assert load(config, "locations", json.dumps([GOOD, GOOD])).json["accepted"] == 2
    assert exported(config) == [GOOD]


def test_repeats_in_one_file_apply_in_order(config: Path) -> None:
    names = [
        GOOD | {"name": f"name {n}", "last_updated": f"2026-02-01T00:00:{n:02d}Z"}
        for n in range(20)
    ]
    assert load(config, "locations", json.dumps(names)).json == {"accepted": 20, "refused": []}
    assert exported(config) == [names[-1]]


def status(value: str, second: int) -> str:
    line = {"location_id": "LOC1", "evse_uid": "E1", "status": value}
    return json.dumps(line | {"last_updated": f"2026-03-01T00:00:{second:02d}Z"})


def test_lines_of_evse_status_change_the_evse_and_lift_its_location(config: Path) -> None:
    load(config, "locations", json.dumps([GOOD]))
    lines = [status("CHARGING", 1), status("BLOCKED", 2), status("AVAILABLE", 3)]
    ran = load(config, "evse-status", "\n".join(lines))
    assert (ran.code, ran.json) == (0, {"accepted": 3, "refused": []})
    (held,) = exported(config)
    assert held["evses"][0]["status"] == "AVAILABLE"
    assert held["evses"][0]["last_updated"] == held["last_updated"] == "2026-03-01T00:00:03Z"


def test_a_changed_cdr_is_refused_and_an_equal_one_is_not(config: Path) -> None:
    cdr = doc.cdr(PARTY, "C1", ("DE", "MOV"))
    changed = cdr | {"total_energy": 99.5}
    ran = load(config, "cdrs", json.dumps([cdr, cdr, changed]))
    assert ran.code == Exit.FAILED
    assert (ran.json["accepted"], [it["index"] for it in ran.json["refused"]]) == (2, [2])
    assert exported(config, "cdrs") == [cdr]


def test_objects_of_another_company_are_refused(config: Path) -> None:
    ran = load(config, "locations", json.dumps([doc.location(("DE", "XYZ"), "L")]))
    assert ran.json["accepted"] == 0
    assert "DE/XYZ" in ran.json["refused"][0]["problems"][0]["message"]


def test_one_pair_of_codes_may_own_what_each_of_its_roles_owns(config: Path) -> None:
    token = doc.token(PARTY, "04AA")
    assert load(config, "tokens", json.dumps([token])).json["accepted"] == 1
    assert load(config, "locations", json.dumps([GOOD])).json["accepted"] == 1


# -- what people read ---------------------------------------------------------------------------


def test_people_see_the_worst_first_and_each_kind_of_problem_once(config: Path) -> None:
    bad = [doc.location(PARTY, f"LOC{n}", coordinates=FAR) for n in range(8)]
    odd = doc.location(PARTY, "LOC8", coordinates=FAR)
    odd["evses"][0]["physical_reference"] = ""
    broken = doc.location(PARTY, "LOC9", coordinates=7)
    ran = run(config, "import", "locations", "-", stdin=json.dumps([*bad, odd, broken]))
    assert ran.code == Exit.FAILED
    first, fatal, error, warning = ran.out.splitlines()
    assert first == "0 accepted, 10 refused"
    assert fatal.startswith("  #9  fatal $.coordinates: ")
    assert error.startswith("  #0, #1, #2, #3, #4 and 4 more  error $.coordinates.latitude: ")
    assert warning.startswith("  #8  warning $.evses[…].physical_reference: ")


def test_people_see_twenty_kinds_of_problems_at_most(config: Path) -> None:
    bad = [doc.location((f"D{chr(65 + n)}", "XYZ"), "L") for n in range(26)]
    ran = run(config, "import", "locations", "-", stdin=json.dumps(bad))
    assert len(ran.out.splitlines()) == 22
    assert ran.out.splitlines()[-1].strip() == "… and 6 more (use --json for all)"


def test_tables_have_a_header_in_a_pipe_too(config: Path) -> None:
    load(config, "locations", json.dumps([GOOD]))
    header, row = run(config, "export", "locations").out.splitlines()
    assert header.split("\t") == ["owner", "id", "version", "bytes", "from"]
    assert row.split("\t")[:3] == ["NL/NOD", "LOC1", "2.2.1"]
    run(config, "partner", "invite", "movia")
    header, row = run(config, "partner", "list").out.splitlines()
    cells = dict(zip(header.split("\t"), row.split("\t"), strict=True))
    assert (cells["name"], cells["status"], cells["parked"]) == ("movia", "PLANNED", "0")


def test_a_partner_is_shown_without_the_spelling_of_a_programming_language(config: Path) -> None:
    run(config, "partner", "invite", "movia")
    plain = run(config, "partner", "show", "movia").out
    assert plain.startswith("movia is PLANNED\n")
    assert "Profile" not in plain, "it is the usual one"
    run(config, "partner", "profile", "movia", "push=put", "page_limit=50")
    shown = run(config, "partner", "show", "movia").out
    section = shown.partition("Profile, where it is not the usual one\n")[2].splitlines()
    assert [line.split() for line in section[:2]] == [["push", "put"], ["page_limit", "50"]]
    assert not re.search(r"None|True|False|[{}']", shown)


# -- the database -------------------------------------------------------------------------------


def test_a_wrong_count_is_found(config: Path) -> None:
    load(config, "locations", json.dumps([GOOD]))
    assert run(config, "db", "check", "--json").code == 0
    with closing(sqlite3.connect(config.parent / "voltroam.db")) as database, database:
        database.execute("update counts set n = n + 1 where kind = 'locations'")
    ran = run(config, "db", "check", "--json")
    assert ran.code == Exit.SETUP
    assert set(ran.json) == {"ok", "details"}
    assert ran.json["ok"] is False
    assert ran.json["details"]["totals"] == "1 kept totals are wrong"
    assert run(config, "db", "check").code == Exit.SETUP


def test_a_database_that_is_none_fails_the_check(config: Path) -> None:
    (config.parent / "voltroam.db").write_bytes(b"no database at all" * 300)
    ran = run(config, "db", "check", "--json")
    assert ran.code == Exit.SETUP
    assert ran.json["ok"] is False
