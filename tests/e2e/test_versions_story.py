"""A charge between two nodes in every version, whatever version the operator's own data are in.

Nine pairs: the operator keeps its locations and tariffs as 2.1.1, 2.2.1 or 2.3.0 documents, and the
two nodes speak 2.1.1, 2.2.1 or 2.3.0 with each other (decision 0006). Each link is one pair of
nodes; the data are told apart by their ids. A soak runs all nine, else each link one of them.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from tests.counts import SOAK
from tests.e2e.conftest import Backing, MakeNode, Pair, nodes_in
from tests.e2e.nodes import introduce, wait_until
from tests.e2e.story import encoded, quiet_world, speaking
from tests.e2e.test_live_story import session

from voltroam.bridge.convert import convert
from voltroam.bridge.terms import Terms
from voltroam.simulator import city
from voltroam.standard.parties import PartyId
from voltroam.standard.versions import HOME, VERSIONS, Version

CPO, EMSP = PartyId("NL", "NOD"), PartyId("DE", "MOV")
NUMBERS = tuple(VERSIONS)


@dataclass(frozen=True)
class Linked:
    """Two nodes and the version that they speak."""

    version: Version
    pair: Pair


def as_version(kind: str, documents: list[Any], version: Version) -> list[Any]:
    """The operator's own data, as somebody would write them in that version."""
    terms = Terms(owner=CPO, postal_code="1000 AA")
    found = [
        convert(kind, json.loads(json.dumps(one), parse_float=Decimal), source=HOME,
                target=version, terms=terms).value
        for one in documents
    ]  # fmt: skip
    return encoded(one for one in found if one is not None)


@pytest.fixture(scope="module", params=NUMBERS)
def linked(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Linked]:
    with nodes_in(tmp_path_factory.mktemp("linked")) as make:
        yield link(VERSIONS[request.param], make)


def link(version: Version, make: MakeNode) -> Linked:
    """Two nodes that speak that version alone, with data in all three."""
    backing = Backing("sqlite", 1, lambda: None)
    cpo = make("cpo", f"{CPO}/CPO", backing=backing, serve=False)
    emsp = make("emsp", f"{EMSP}/EMSP", backing=backing, serve=False)
    for one in (quiet_world(cpo), emsp):
        speaking(one, version)
    now = datetime.now(UTC)
    tariffs = encoded(city.tariffs(CPO, now=now))
    places = encoded(city.locations(CPO, count=3, seed=7, now=now))
    cpo.load("tariffs", tariffs)
    for place, number in zip(places, NUMBERS, strict=True):
        written = as_version("Location", [place], VERSIONS[number])
        file = cpo.folder / f"{number}.json"
        file.write_text(json.dumps(written))
        assert cpo.json("import", "locations", file, "--version", number)["accepted"] == 1
    emsp.load("tokens", encoded(city.tokens(EMSP, count=5, seed=7, now=now)))
    cpo.serve()
    emsp.serve()
    introduce(cpo, emsp)
    return Linked(version, Pair(cpo, emsp))


@pytest.mark.soak("a charge, by the version that is spoken and that of the data")
@pytest.mark.parametrize("kept_as", range(3), ids=NUMBERS)
def test_a_driver_charges_whatever_the_versions(linked: Linked, kept_as: int) -> None:
    """R211-092: start, meter, stop, and a CDR that the audit finds right."""
    if not SOAK and NUMBERS[kept_as - 1] != linked.version.number:
        pytest.skip("one of three data versions for each link; make soak runs all")
    cpo, emsp = linked.pair.cpo, linked.pair.emsp
    wait_until(lambda: len(emsp.export("locations")) == 3, what="the locations")
    wait_until(lambda: len(cpo.export("tokens")) == 5, what="the tokens")
    place = sorted(emsp.export("locations"), key=lambda one: one["id"])[kept_as]
    able = "REMOTE_START_STOP_CAPABLE"
    evse = next(one for one in place["evses"] if able in one["capabilities"])
    token = next(one for one in emsp.export("tokens") if one["type"] == "RFID" and one["valid"])

    at = ("--location", place["id"], "--evse", evse["uid"])
    asked = cpo.run("authorize", token["uid"], *at, "--json")
    assert (asked.code, asked.json["allowed"]) == (0, "ALLOWED"), asked.out + asked.err

    start = ("--partner", "them", *at, "--token", token["uid"])
    known = {one["id"] for one in emsp.export("sessions")}
    started = emsp.run("command", "start", *start, "--json")
    assert started.code == 0, started.out + started.err

    def running() -> dict[str, Any] | None:
        fresh = [one for one in emsp.export("sessions") if one["id"] not in known]
        return next((one for one in fresh if one["status"] == "ACTIVE"), None)

    name = wait_until(running, what="the session")["id"]
    wait_until(lambda: (running() or {}).get("kwh", 0) > 0.1, what="energy")
    stopped = emsp.run("command", "stop", "--partner", "them", "--session", name, "--json")
    assert stopped.code == 0, stopped.out + stopped.err
    ended = wait_until(
        lambda: (held := session(linked.pair, name)) and held["status"] == "COMPLETED" and held,
        what="the end",
    )
    assert (ended["location_id"], ended["evse_uid"]) == (place["id"], evse["uid"])

    def billed() -> dict[str, Any] | None:
        found = [one for one in emsp.export("cdrs") if one["start_date_time"] ==
                 ended["start_date_time"]]  # fmt: skip
        return found[0] if found else None

    cdr = wait_until(billed, what="the CDR")
    ours = next(one for one in cpo.export("cdrs") if one["id"] == cdr["id"])
    assert cdr["total_energy"] == ours["total_energy"] == ended["kwh"]
    assert cdr["total_cost"]["excl_vat"] == ours["total_cost"]["excl_vat"]
    assert cdr["cdr_token"]["contract_id"] == token["contract_id"]
    assert cdr["last_updated"] == ours["last_updated"]
    audit = emsp.run("cdr", "audit", "--json").json
    assert {one["verdict"] for one in audit["cdrs"]} <= {"OK", "CANNOT TELL"}
