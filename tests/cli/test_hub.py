"""`hub` and `trace`: the agreements of a hub that does not run, and what other nodes say."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.nodes import Served, make_node

from voltroam.cli.outcome import Exit


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Served:
    return make_node(tmp_path_factory.mktemp("hub") / "hub", "DE/HUB/HUB", name="hub")


def ids(hub: Served) -> list[Any]:
    return [it["id"] for it in hub.json("hub", "agreements", "list")]


def test_agreements_come_change_and_go(hub: Served) -> None:
    made = hub.json(
        "hub", "agreements", "add", "nl/cpo", "DE/MSP", "--module", "locations", "--module",
        "tariffs", "--since", "2026-01-01", "--note", "trial",
    )  # fmt: skip
    assert made == {
        "id": made["id"], "one": "NL/CPO/*", "other": "DE/MSP/*",
        "modules": ["locations", "tariffs"], "allows": True, "since": "2026-01-01T00:00:00Z",
        "until": None, "suspended": False, "note": "trial", "counts": True,
    }  # fmt: skip
    name = made["id"]
    assert ids(hub) == [name]
    assert hub.json("hub", "agreements", "suspend", name)["suspended"] is True
    assert hub.json("hub", "agreements", "resume", name)["suspended"] is False
    assert "locations" in hub.run("hub", "agreements", "list").out
    assert hub.json("hub", "agreements", "remove", name) == {"id": name, "removed": True}
    assert hub.run("hub", "agreements", "remove", name).code == Exit.FAILED
    audit = [(it["what"], it["status"]) for it in hub.json("audit")][::-1]
    assert audit == [
        ("put_agreement", 201), ("suspend_agreement", 200), ("resume_agreement", 200),
        ("delete_agreement", 204), ("delete_agreement", 404),
    ]  # fmt: skip


def test_a_sheet_with_a_bad_line_changes_nothing_and_names_it(hub: Served, tmp_path: Path) -> None:
    sheet = tmp_path / "agreements.csv"
    sheet.write_text("id;one;other;allows\na;NL/CPO;DE/MSP;\nb;NL/CPO;FR/MSP;maybe\n")
    ran = hub.run("hub", "agreements", "import", str(sheet), "--json")
    assert ran.code == Exit.FAILED
    told = json.loads(ran.out)
    assert told["problems"] == [{"line": 3, "message": "allows: `maybe` is neither yes nor no"}]
    assert ids(hub) == []
    sheet.write_text("id;one;other;allows\na;NL/CPO;DE/MSP;\nb;NL/CPO;FR/MSP;no\n")
    dry = hub.run("hub", "agreements", "import", str(sheet), "--dry-run")
    assert dry.out == "2 new, 0 changed, 0 removed, 0 as they were; nothing was written.\n"
    assert ids(hub) == []
    assert hub.json("hub", "agreements", "import", str(sheet))["added"] == ["a", "b"]
    sheet.write_text("id,one,other\nb,NL/CPO,FR/MSP\n")
    whole = hub.json("hub", "agreements", "import", str(sheet), "--whole")
    assert (whole["changed"], whole["removed"], whole["written"]) == (["b"], ["a"], True)
    hub.json("hub", "agreements", "remove", "b")


def test_what_is_no_agreement_is_refused_in_a_sentence(hub: Served) -> None:
    ran = hub.run("hub", "agreements", "add", "NL/CPO", "DE/MSP", "--module", "location")
    assert ran.code == Exit.FAILED
    assert "there is no module location" in ran.err


def test_of_an_unknown_correlation_id_nothing_is_kept(hub: Served) -> None:
    ran = hub.run("trace", "no-such-flow")
    assert ran.code == Exit.FAILED
    assert "Nothing is kept of no-such-flow" in ran.err
    assert hub.json("trace") == []


def test_a_node_that_is_no_hub_says_so(tmp_path: Path) -> None:
    node = make_node(tmp_path / "cpo", "NL/NOD/CPO", name="cpo")
    for arguments in (("trace", "x"), ("hub", "health"), ("hub", "agreements", "list")):
        ran = node.run(*arguments)
        assert ran.code == Exit.SETUP
        assert "This node is no hub" in ran.err
