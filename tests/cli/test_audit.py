"""Commands that change the database themselves are on record as acts over the API are."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.documents import tariff, token
from tests.e2e.mock_partner import MockPartner
from tests.e2e.nodes import Served, free_port, make_node
from tests.e2e.stage import joined_by_node

from voltroam.operator.operations import OPERATIONS
from voltroam.store.schema import NEWEST

WHO = "local command line"
KNOWN = {one.name for one in OPERATIONS} | {
    "back_up_database", "migrate_database", "restore_database",
    "delete_at_partner", "patch_at_partner", "post_at_partner", "put_at_partner",
}  # fmt: skip
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


def test_a_database_that_is_migrated_or_copied_says_so(node: Served, tmp_path: Path) -> None:
    node.json("db", "migrate")
    node.json("db", "check")
    node.json("db", "backup", tmp_path / "monday.backup")
    assert node.run("db", "backup", tmp_path / "monday.backup").code == 2
    assert lines(node) == [
        ("migrate_database", f"/database/schema%20{NEWEST}", 200),
        ("back_up_database", "/database/monday.backup", 200),
    ]


def test_what_is_written_at_a_partner_by_hand_leaves_a_line(node: Served, tmp_path: Path) -> None:
    """Whoever the driver is, the line does not say; what was only read leaves none."""
    data = tmp_path / "body.json"
    data.write_text('{"country_code": "NL", "party_id": "NOD", "id": "1"}', "utf-8")
    with MockPartner(("DE", "TNM", "EMSP"), ("DE", "TNM", "CPO")) as them:
        node.serve()
        try:
            joined_by_node(node, them, "movia")
        finally:
            node.kill()
        node.run("put", "movia", "tokens/DE/MOV/04A1B2C3?type=RFID", "--data", data)
        node.run("patch", "movia", "locations/NL/NOD/L1", "--data", data)
        node.run("post", "movia", "cdrs", "--data", data)
        node.run("delete", "movia", f"{them.base}/2.2.1/r/tokens/DE/MOV/04A1B2C3/more")
        node.run("get", "movia", "locations")
        assert node.run("put", "movia", "bookings/1", "--data", data).code == 2
    assert node.run("delete", "nobody", "tariffs/NL/NOD/T1").code == 1
    written = [line for line in lines(node) if line[0].endswith("_at_partner")]
    assert "04A1B2C3" not in str(written)
    assert [(what, target.split("%23")[0]) for what, target, _ in written] == [
        ("put_at_partner", "/partners/movia/tokens/DE/MOV/"),
        ("patch_at_partner", "/partners/movia/locations/NL/NOD/L1"),
        ("post_at_partner", "/partners/movia/cdrs"),
        ("delete_at_partner", "/partners/movia/tokens/"),
        ("delete_at_partner", "/partners/nobody/tariffs/NL/NOD/T1"),
    ]
    assert written[-1][2] == 404


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
