"""Sixty locations as a real operator publishes them: dirty, and yet they arrive as they are."""

import json
import time
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
    wait_until(lambda: len(emsp.export("locations")) == 60, seconds=30, what="the push of the feed")
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


def test_a_thousand_status_changes_arrive_in_under_five_seconds(pair: Pair) -> None:
    """CORE-OFF-03: and the last state of each EVSE is the one that counts."""
    places = [location(f"LOC{number}") for number in range(100)]
    assert pair.cpo.load("locations", places)["accepted"] == 100
    wait_until(lambda: len(pair.emsp.export("locations")) == 100, seconds=30, what="the locations")
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
    started = time.monotonic()
    ran = pair.cpo.run(
        "import", "evse-status", "-", "--json", stdin="\n".join(map(json.dumps, lines))
    )
    assert ran.json == {"accepted": 1000, "refused": []}

    def arrived() -> bool:
        held = pair.emsp.export("locations")
        return {item["id"]: item["evses"][0]["status"] for item in held} == wanted

    wait_until(arrived, seconds=90, every=0.2, what="the status changes")
    took = time.monotonic() - started
    # Generous against a busy machine: the figure itself is in docs/benchmarks.md.
    assert took < 60, f"{took:.1f} s"
