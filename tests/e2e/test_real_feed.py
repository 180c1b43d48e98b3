"""Sixty locations as a real operator publishes them: dirty, and yet they arrive as they are."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.conftest import MakeNode, Pair
from tests.e2e.documents import moment
from tests.e2e.nodes import Served, introduce, wait_until
from tests.e2e.test_two_nodes import location

FEED = Path(__file__).parents[2].parent / "shared" / "data" / "real-feed-60.json"

needs_feed = pytest.mark.skipif(not FEED.exists(), reason="the real feed is not beside the project")


def exact(text: str) -> Any:
    """JSON with numbers as decimals, so that equality is of values and not of floats."""
    return json.loads(text, parse_float=Decimal, parse_int=Decimal)


def by_id(served: Served) -> dict[str, Any]:
    ran = served.run("export", "locations", "--json")
    assert ran.code == 0, ran.err
    return {item["id"]: item for item in map(exact, ran.out.splitlines())}


def feed() -> dict[str, Any]:
    return {item["id"]: item for item in exact(FEED.read_text("utf-8"))["items"]}


@needs_feed
def test_strict_import_names_what_is_wrong_in_the_few_it_refuses(node: MakeNode) -> None:
    cpo = node("cpo", "DE/SLB/CPO", serve=False)
    report = cpo.run("import", "locations", FEED, "--json").json
    items = json.loads(FEED.read_text("utf-8"))["items"]
    refused = {entry["index"]: entry["problems"] for entry in report["refused"]}
    short_coordinates = {
        index for index, item in enumerate(items)
        if any(len(value.partition(".")[2]) < 5 for value in item["coordinates"].values())
    }  # fmt: skip
    line_breaks = {
        index for index, item in enumerate(items)
        if any("\n" in text["text"] for text in item.get("directions", []))
    }  # fmt: skip
    assert set(refused) == short_coordinates | line_breaks
    assert report["accepted"] == len(items) - len(refused)
    for index, problems in refused.items():
        paths = {problem["path"] for problem in problems if problem["severity"] == "error"}
        assert paths, f"object {index} is refused without an error: {problems}"
        assert all(path.startswith(("$.coordinates.", "$.directions[")) for path in paths)


@needs_feed
def test_the_feed_reaches_the_partner_by_push_equal_as_json(node: MakeNode) -> None:
    cpo = node("cpo", "DE/SLB/CPO")
    emsp = node("emsp", "DE/MOV/EMSP")
    introduce(cpo, emsp)
    report = cpo.json("import", "locations", FEED, "--lenient")
    assert report == {"accepted": 60, "refused": []}
    wait_until(lambda: len(emsp.export("locations")) == 60, seconds=60, what="the push of the feed")
    assert by_id(emsp) == feed()
    assert by_id(cpo) == feed()


@needs_feed
def test_the_feed_reaches_the_partner_by_pull_equal_as_json(node: MakeNode) -> None:
    cpo = node("cpo", "DE/SLB/CPO")
    emsp = node("emsp", "DE/MOV/EMSP")
    introduce(cpo, emsp)
    cpo.run("partner", "pause", "them")
    cpo.json("import", "locations", FEED, "--lenient")
    assert emsp.json("pull", "locations", "--partner", "them", "--full") == {
        "received": 60, "refused": 0,
    }  # fmt: skip
    assert by_id(emsp) == feed()


def test_of_a_thousand_status_changes_the_last_of_each_evse_arrives(pair: Pair) -> None:
    """CORE-OFF-03: how fast is in docs/benchmarks.md."""
    places = [location(f"LOC{number}") for number in range(100)]
    assert pair.cpo.load("locations", places)["accepted"] == 100
    wait_until(lambda: len(pair.emsp.export("locations")) == 100, seconds=60, what="the locations")
    states = ["CHARGING", "BLOCKED", "OUTOFORDER", "INOPERATIVE", "AVAILABLE"]
    lines = []
    for turn in range(10):
        for number in range(100):
            state = states[(turn + number) % 5]
            lines.append(
                {"location_id": f"LOC{number}", "evse_uid": "EVSE-1", "status": state,
                 "last_updated": moment(turn * 0.001)}
            )  # fmt: skip
    wanted = {line["location_id"]: line["status"] for line in lines}
    ran = pair.cpo.run(
        "import", "evse-status", "-", "--json", stdin="\n".join(map(json.dumps, lines))
    )
    assert ran.json == {"accepted": 1000, "refused": []}

    assert states_at(pair.cpo) == wanted
    try:
        wait_until(
            lambda: states_at(pair.emsp) == wanted, seconds=60, every=0.1, what="the last states"
        )
    except AssertionError as late:
        raise AssertionError(f"{late}: {what_was_late(pair, wanted)}") from None


def states_at(node: Served) -> dict[str, str]:
    return {item["id"]: item["evses"][0]["status"] for item in node.export("locations")}


def what_was_late(pair: Pair, wanted: dict[str, str]) -> str:
    """Which states, what the operator's node knows of its lane, and what both logged last."""
    held = states_at(pair.emsp)
    missing = [f"{name}: {held.get(name)}" for name in wanted if held.get(name) != wanted[name]]
    delivery = pair.cpo.json("partner", "show", "them")["delivery"]
    logs = "\n".join(node.log[-3000:] for node in (pair.cpo, pair.emsp))
    return f"{missing}\n{delivery}\n{logs}"
