"""Commands that change the database themselves are on record as acts over the API are."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.documents import tariff, token
from tests.e2e.nodes import Served, free_port, make_node

from voltroam.operator.operations import OPERATIONS

WHO = "local command line"
KNOWN = {one.name for one in OPERATIONS} | {"restore_database"}
CPO, EMSP = ("NL", "NOD"), ("DE", "MOV")


@pytest.fixture
def node(tmp_path: Path) -> Served:
    return make_node(tmp_path / "node", "NL/NOD/CPO", "DE/MOV/EMSP", name="node")


def lines(node: Served, *flags: str) -> list[tuple[str, str, int]]:
    """What, to what, and how it ended; oldest first."""
    found: list[dict[str, Any]] = node.json("audit", *flags)
    assert {one["who"] for one in found} <= {WHO}
    assert {one["what"] for one in found} <= KNOWN
    return [(one["what"], one["target"], one["status"]) for one in reversed(found)]


def test_acts_on_partners_leave_a_line_each(node: Served) -> None:
    node.json("partner", "invite", "movia & co")
    node.json("partner", "pause", "movia & co")
    node.json("partner", "resume", "movia & co")
    node.json("partner", "profile", "movia & co")
    node.json("partner", "profile", "movia & co", "push=put")
    assert node.run("partner", "resync", "movia & co").code == 1, "it is not registered yet"
    node.json("partner", "retry", "movia & co")
    node.json("partner", "remove", "movia & co")
    at = "/partners/movia%20%26%20co"
    assert lines(node) == [
        ("invite_partner", at, 201),
        ("pause_partner", f"{at}/pause", 200),
        ("resume_partner", f"{at}/resume", 200),
        ("set_partner_profile", f"{at}/profile", 200),
        ("resync_partner", f"{at}/resync", 422),
        ("retry_parked", f"{at}/parked/retry", 200),
        ("remove_partner", at, 204),
    ]


def test_an_act_that_was_refused_leaves_a_line_too(node: Served) -> None:
    assert node.run("partner", "pause", "nobody").code == 1
    url = f"http://127.0.0.1:{free_port()}/ocpi/versions"
    assert node.run("partner", "register", url, "secret-token", "--name", "x").code == 3
    assert node.run("withdraw", "tariffs", "T1").code == 1
    assert lines(node) == [
        ("pause_partner", "/partners/nobody/pause", 404),
        ("register_partner", "/partners/x", 424),
        ("withdraw_tariff", "/tariffs/NL/NOD/T1", 422),
    ]
    assert "secret-token" not in json.dumps(node.json("audit"))


def test_objects_leave_one_line_for_a_file_and_none_for_what_chargers_report(node: Served) -> None:
    node.load("tariffs", [tariff(CPO, "T1"), tariff(CPO, "T2")])
    node.json("withdraw", "tariffs", "T1")
    node.json("tariff", "visible", "T2", "--to-all")
    node.load("tokens", [token(EMSP, "04A1B2C3")])
    node.load("evse-status", [])
    assert node.run("withdraw", "tokens", "04A1B2C3").code == 1
    node.json("quarantine", "retry")
    assert node.run("export", "tariffs", "--json").code == 0
    assert lines(node) == [
        ("put_tariffs", "/tariffs", 200),
        ("withdraw_tariff", "/tariffs/NL/NOD/T1", 204),
        ("show_tariff", "/tariffs/NL/NOD/T2/visibility", 200),
        ("put_tokens", "/tokens", 200),
        ("retry_quarantine", "/quarantine/retry", 200),
    ]  # a token is never withdrawn, and no line names one


def test_a_restored_database_says_so(node: Served, tmp_path: Path) -> None:
    node.json("partner", "invite", "a")
    node.json("db", "backup", tmp_path / "monday.backup")
    node.json("partner", "invite", "b")
    node.json("db", "restore", tmp_path / "monday.backup")
    assert lines(node) == [
        ("invite_partner", "/partners/a", 201),
        ("restore_database", "/database/monday.backup", 200),
    ]


def test_the_newest_lines_are_read_by_number_and_as_a_table(node: Served) -> None:
    for name in "abc":
        node.json("partner", "invite", name)
    assert [target for _, target, _ in lines(node, "--limit", "2")] == [
        "/partners/b",
        "/partners/c",
    ]
    shown = node.run("audit", "--limit", "1").out.splitlines()
    assert shown[0].split("\t") == ["at", "who", "scope", "what", "target", "status"]
    assert shown[1].split("\t")[1:] == [WHO, "admin", "invite_partner", "/partners/c", "201"]
    assert node.run("audit", "--limit", "0").code == 2
