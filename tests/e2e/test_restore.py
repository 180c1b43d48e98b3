"""A database from yesterday converges again with every partner."""

from pathlib import Path
from typing import Any

from tests.e2e.conftest import Pair
from tests.e2e.documents import moment
from tests.e2e.nodes import wait_until
from tests.e2e.test_two_nodes import held, location


def test_a_restored_backup_converges_with_the_partner(pair: Pair, tmp_path: Path) -> None:
    """CORE-HTTP-20: what the partner has and what we have are equal again on both sides."""
    token = {
        "country_code": "DE", "party_id": "MOV", "uid": "04A1B2C3", "type": "RFID",
        "contract_id": "DE-MOV-C00000001", "issuer": "Movia", "valid": True,
        "whitelist": "ALLOWED", "last_updated": moment(-60),
    }  # fmt: skip
    pair.cpo.load("locations", [location("LOC1"), location("LOC2")])
    wait_until(lambda: set(held(pair)) == {"LOC1", "LOC2"}, what="the first push")

    backup = tmp_path / "cpo.backup"
    assert pair.cpo.run("db", "backup", backup).code == 0
    # After the backup: one location more, one changed, and a token that the partner gave us.
    newer = location("LOC2", name="New name", last_updated=moment())
    pair.cpo.load("locations", [newer, location("LOC3")])
    pair.emsp.load("tokens", [token])
    wait_until(lambda: held(pair).get("LOC2", {}).get("name") == "New name", what="the change")
    wait_until(lambda: "LOC3" in held(pair), what="the new location")
    wait_until(lambda: pair.cpo.export("tokens") == [token], what="the token")

    assert pair.cpo.stop() == 0
    restored = pair.cpo.run("db", "restore", backup)
    assert restored.code == 0, restored.err
    assert len(pair.cpo.export("locations")) == 2
    pair.cpo.serve()

    # What partners own comes back by a full pull.
    wait_until(lambda: pair.cpo.export("tokens") == [token], seconds=40, what="the full pull")
    # What we own is older than what the partner holds: it is told, and reads our list anew.
    wait_until(lambda: held(pair)["LOC2"] == location("LOC2"), seconds=60, what="our older state")
    wait_until(lambda: is_withdrawn(held(pair)["LOC3"]), seconds=20, what="the end of LOC3")
    ours = {item["id"]: item for item in pair.cpo.export("locations")}
    assert ours == {name: item for name, item in held(pair).items() if name != "LOC3"}
    # From then on all goes its usual way.
    later = location("LOC2", name="After the restore", last_updated=moment(1))
    pair.cpo.load("locations", [later, location("LOC3")])
    wait_until(
        lambda: held(pair)["LOC2"] == later and held(pair)["LOC3"] == location("LOC3"),
        seconds=40, what="the push after the restore",
    )  # fmt: skip


def is_withdrawn(item: dict[str, Any]) -> bool:
    """Not shown any more, and all EVSEs gone."""
    return not item["publish"] and {evse["status"] for evse in item["evses"]} == {"REMOVED"}
