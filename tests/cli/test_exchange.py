"""What programs may rely on between partners: reports, words of status, decisions."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.e2e import documents as doc
from tests.e2e import mock_http
from tests.e2e.mock_partner import MockPartner
from tests.e2e.nodes import Served, command, make_node, wait_until

from voltroam.cli.outcome import Exit

CPO = ("BE", "BEC")


@dataclass(frozen=True, slots=True)
class Scene:
    """A node of both roles, one of a single role that knows it as `node`, and a scripted CPO."""

    node: Served
    emsp: Served
    source: MockPartner
    registered: Any
    """What `partner register` printed at the eMSP."""

    def pull(self, module: str, *flags: str) -> Any:
        return self.node.json("pull", module, "--partner", "source", *flags)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("exchange")
    node = make_node(folder / "node", "NL/NOD/CPO", "NL/NOD/EMSP", name="Noda")
    emsp = make_node(folder / "emsp", "DE/MOV/EMSP", name="Movia")
    with MockPartner((*CPO, "CPO"), name="Source") as source:
        try:
            for one in (node, emsp):
                one.serve()
            invitation = node.json("partner", "invite", "movia")
            assert set(invitation) == {"name", "versions_url", "token"}
            registered = emsp.json(
                "partner", "register", invitation["versions_url"], invitation["token"],
                "--name", "node",
            )  # fmt: skip
            node.json("partner", "register", source.versions_url, source.invite(),
                      "--name", "source")  # fmt: skip
            yield Scene(node, emsp, source, registered)
        finally:
            node.kill()
            emsp.kill()


def partner(node: Served, name: str) -> Any:
    return node.json("partner", "show", name)


def test_register_reports_name_status_version_and_all_roles_of_a_pair(scene: Scene) -> None:
    assert scene.registered == {
        "name": "node",
        "status": "CONNECTED",
        "version": "2.2.1",
        "roles": ["NL/NOD/CPO", "NL/NOD/EMSP"],
    }


def test_both_sides_use_the_same_word_for_a_partner(scene: Scene) -> None:
    (theirs,) = scene.emsp.json("partner", "list")
    ours = {one["name"]: one for one in scene.node.json("partner", "list")}["movia"]
    assert theirs["status"] == ours["status"] == "CONNECTED"
    assert ours["roles"] == ["DE/MOV/EMSP"]
    assert scene.node.run("partner", "pause", "movia", "--json").json["paused"] is True
    assert partner(scene.node, "movia")["status"] == "CONNECTED"
    assert scene.node.run("partner", "resume", "movia", "--json").json["paused"] is False


def test_a_second_registration_with_the_same_token_fails_with_one_value(scene: Scene) -> None:
    ran = scene.emsp.run(
        "partner", "register", scene.node.versions_url, "no-such-token", "--name", "other", "--json"
    )
    assert ran.code == Exit.FAILED
    assert set(ran.json) == {"error"}
    assert "401" in ran.json["error"]
    assert "no-such-token" not in ran.out + ran.err


def test_a_pull_counts_valid_objects_unchanged_ones_too(scene: Scene) -> None:
    bad = doc.location(CPO, "BAD") | {"coordinates": 7}
    scene.source.objects["locations"] = [doc.location(CPO, f"P{n}") for n in range(3)] + [bad]
    assert scene.pull("locations", "--full") == {"received": 3, "refused": 1}
    assert scene.pull("locations", "--full") == {"received": 3, "refused": 1}


def test_export_has_own_objects_and_received_ones(scene: Scene) -> None:
    own = doc.tariff(("NL", "NOD"), "OWN")
    theirs = doc.tariff(CPO, "THEIRS") | {"x_theirs": [1.50]}
    assert scene.node.load("tariffs", [own]) == {"accepted": 1, "refused": []}
    scene.source.objects["tariffs"] = [theirs]
    assert scene.pull("tariffs", "--full") == {"received": 1, "refused": 0}
    assert scene.node.export("tariffs") == [own, theirs]


def test_a_failed_pull_says_so_with_one_value_and_keeps_what_came(scene: Scene) -> None:
    scene.source.http.on("GET", "/s/tokens", mock_http.status(503))
    ran = scene.node.run("pull", "tokens", "--partner", "source", "--json")
    scene.source.http.behave()
    assert ran.code != 0
    assert set(ran.json) == {"error"}
    assert scene.node.run("pull", "tokens", "--partner", "nobody", "--json").code == Exit.FAILED
    assert scene.node.run("pull", "lorries", "--partner", "source", "--json").code == Exit.USAGE


def test_get_writes_the_data_of_the_reply(scene: Scene) -> None:
    one = doc.location(CPO, "ASKED")
    scene.source.objects["locations"] = [one]
    assert scene.node.json("get", "source", "locations/ASKED") == one
    assert scene.node.json("get", "source", "locations?limit=1") == [one]


def test_what_is_imported_reaches_the_partner_of_a_running_node(scene: Scene) -> None:
    one = doc.location(("NL", "NOD"), "LIVE")
    scene.node.load("locations", [one])
    wait_until(lambda: one in scene.emsp.export("locations"), seconds=10, what="the push")


def vanish(scene: Scene) -> None:
    """Ten of twenty tariffs are in the list no more."""
    tariffs = [doc.tariff(CPO, f"V{n}") for n in range(20)]
    scene.source.objects["tariffs"] = tariffs
    assert scene.pull("tariffs", "--full")["received"] == 20
    scene.source.objects["tariffs"] = tariffs[:10]


def left(scene: Scene) -> int:
    return sum(one["id"].startswith("V") for one in scene.node.export("tariffs"))


def test_when_much_vanished_the_partner_shows_a_question_until_it_is_decided(scene: Scene) -> None:
    vanish(scene)
    ran = scene.node.run("pull", "tariffs", "--partner", "source", "--full", "--json")
    assert ran.code == 0
    assert ran.json == {"received": 10, "refused": 0}
    assert "--force" in ran.err
    assert left(scene) == 20
    (question,) = partner(scene.node, "source")["questions"]
    assert set(question) == {"module", "at", "vanished", "held", "ids", "decide"}
    assert (question["module"], question["vanished"]) == ("tariffs", len(question["ids"]))
    sentence = "voltroam pull tariffs --partner source --full --force"
    assert sentence in question["decide"]
    plain = scene.node.run("partner", "show", "source").out
    assert "To decide" in plain
    assert sentence in plain

    scene.pull("tariffs", "--full", "--force")
    assert left(scene) == 10
    assert partner(scene.node, "source")["questions"] == []
    assert "To decide" not in scene.node.run("partner", "show", "source").out


def test_a_question_closes_when_the_list_is_complete_again(scene: Scene) -> None:
    vanish(scene)
    scene.pull("tariffs", "--full")
    assert len(partner(scene.node, "source")["questions"]) == 1
    scene.source.objects["tariffs"] = [doc.tariff(CPO, f"V{n}") for n in range(20)]
    scene.pull("tariffs", "--full")
    assert partner(scene.node, "source")["questions"] == []


def test_force_without_full_is_wrong_use(scene: Scene) -> None:
    ran = scene.node.run("pull", "tariffs", "--partner", "source", "--force", "--json")
    assert ran.code == Exit.USAGE
    assert "--full" in ran.json["error"]


def test_a_body_that_is_no_json_is_wrong_use(scene: Scene) -> None:
    ran = scene.node.run("put", "source", "locations/BE/BEC/X", "-d", "-", "--json", stdin="{no")
    assert ran.code == Exit.USAGE
    assert "not JSON" in ran.json["error"]
    missing = scene.node.run("post", "source", "cdrs", "-d", "/no/such/file", "--json")
    assert missing.code == Exit.USAGE
    assert "/no/such/file" in missing.json["error"]


def test_the_sheet_of_a_partner_has_what_was_pulled_and_where_it_is(scene: Scene) -> None:
    scene.pull("locations")
    lines = scene.node.run("partner", "show", "source").out.splitlines()
    assert lines[0] == "source is CONNECTED, OCPI 2.2.1"
    pulled = lines[lines.index("Pulled") + 1 :]
    assert pulled[0].split("\t") == ["module", "last", "last full", "fault"]
    assert any(line.startswith("locations\t20") for line in pulled)
    assert f"{scene.source.base}/2.2.1/s/locations" in "\n".join(lines)


def test_commands_on_a_partner_answer_with_its_facts(scene: Scene) -> None:
    facts = {"name", "status", "version", "roles", "paused", "phase", "reason"}
    for verb in ("pause", "resume", "resync"):
        assert set(scene.node.json("partner", verb, "source")) == facts
    assert scene.node.json("partner", "parked", "source") == []
    assert scene.node.json("partner", "retry", "source") == {"name": "source", "retried": 0}


def test_the_roles_of_a_pair_may_be_more_than_one(tmp_path: Path) -> None:
    ran = command(
        "init", tmp_path / "n", "--party", "nl/nod/cpo", "--party", "NL/NOD/EMSP",
        "--name", "x", "--url", "http://127.0.0.1:1", "--json",
    )  # fmt: skip
    assert json.loads(ran.out)["parties"] == ["NL/NOD/CPO", "NL/NOD/EMSP"]
