"""A charge through one hub, between two companies whose nodes speak different versions.

| node | speaks | is |
|---|---|---|
| `cpo` | one version | NL/NOD, a CPO with simulated chargers |
| `emsp` | another | DE/MOV, an eMSP |
| `hub` | all | EU/HUB, all that each of the two knows |

A soak runs every pair of different versions, else the two that differ most.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from itertools import permutations
from typing import Any

import pytest
from tests.counts import SOAK
from tests.e2e.conftest import Backing, MakeNode, nodes_in
from tests.e2e.nodes import Served, wait_until
from tests.e2e.story import encoded, quiet_world, speaking

from voltroam.bridge.convert import convert
from voltroam.bridge.notes import Severity
from voltroam.bridge.terms import Terms
from voltroam.simulator import city
from voltroam.standard.parties import PartyId
from voltroam.standard.versions import HOME, VERSIONS, Version

CPO, EMSP = PartyId("NL", "NOD"), PartyId("DE", "MOV")
NOTHING: set[str] = set()
USUAL = ("2.1.1", "2.3.0")
PAIRS = [
    pytest.param(pair, id="-".join(pair))
    for pair in permutations(VERSIONS, 2)
    if SOAK or pair == USUAL
]


@dataclass(frozen=True, slots=True)
class Joined:
    cpo: Served
    emsp: Served
    hub: Served
    versions: tuple[Version, Version]


@pytest.fixture(scope="module", params=PAIRS)
def joined(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Joined]:
    with nodes_in(tmp_path_factory.mktemp("story")) as make:
        cpo_speaks, emsp_speaks = request.param
        yield connect(cpo_speaks, emsp_speaks, make)


def connect(cpo_speaks: str, emsp_speaks: str, make: MakeNode) -> Joined:
    """Three nodes; the hub has invited the two others."""
    backing = Backing("sqlite", 1, lambda: None)
    cpo = make("cpo", f"{CPO}/CPO", backing=backing, serve=False)
    emsp = make("emsp", f"{EMSP}/EMSP", backing=backing, serve=False)
    hub = make("hub", "EU/HUB/HUB", backing=backing, serve=False)
    speaking(quiet_world(cpo), cpo_speaks)
    speaking(emsp, emsp_speaks)
    speaking(hub, *VERSIONS)
    now = datetime.now(UTC)
    cpo.load("tariffs", encoded(city.tariffs(CPO, now=now)))
    cpo.load("locations", encoded(city.locations(CPO, count=2, seed=7, now=now)))
    tokens = encoded(city.tokens(EMSP, count=5, seed=7, now=now))
    emsp.load("tokens", [one | {"whitelist": "NEVER"} for one in tokens])
    for node in (hub, cpo, emsp):
        node.serve()
    for node, name, ours in ((cpo, "cpo", "EMSP"), (emsp, "emsp", "CPO")):
        made = hub.json("partner", "invite", name, "--as", ours)
        node.json("partner", "register", made["versions_url"], made["token"], "--name", "hub")
    return Joined(cpo, emsp, hub, (VERSIONS[cpo_speaks], VERSIONS[emsp_speaks]))


def ids(node: Served, module: str) -> set[str]:
    return {one.get("id") or one["uid"] for one in node.export(module)}


def arrived(source: Served, target: Served, module: str, less: set[str] = NOTHING) -> None:
    wait_until(
        lambda: ids(target, module) == ids(source, module) - less, seconds=60, every=0.2,
        what=f"the {module} at {target.folder.name}",
    )  # fmt: skip


def refused(joined: Joined) -> dict[str, set[str]]:
    """The tariffs that one of the two versions has no words for, and why."""
    found: dict[str, set[str]] = {}
    for tariff in joined.cpo.export("tariffs"):
        whole = json.loads(json.dumps(tariff), parse_float=Decimal)
        for version in joined.versions:
            passed = convert("Tariff", whole, source=HOME, target=version, terms=Terms(owner=CPO))
            if passed.value is None:
                codes = {it.code for it in passed.notes if it.severity is Severity.REFUSED}
                found.setdefault(tariff["id"], set()).update(codes)
    return found


def place(emsp: Served) -> tuple[str, str]:
    wanted = {"REMOTE_START_STOP_CAPABLE", "CHARGING_PROFILE_CAPABLE"}
    for location in emsp.export("locations"):
        for evse in location["evses"]:
            if wanted <= set(evse.get("capabilities", ())) and evse["status"] == "AVAILABLE":
                return location["id"], evse["uid"]
    raise AssertionError("no EVSE of the city can do it")


def bridged(joined: Joined) -> dict[str, str | None]:
    """Of the calls that the hub passed on: from which version to which."""
    hops = joined.hub.json("trace", "--limit", "1000")
    return {hop["call"]: hop["bridged"] for hop in hops if hop["decision"] == "forward"}


@pytest.mark.soak("a charge through a hub")
def test_a_charge_between_two_versions(joined: Joined) -> None:
    """R211-092, CORE-HUB-08, CORE-HUB-20, CORE-HUB-21: what is for all arrives; a driver is asked
    for, charges by command, is metered, stops, and is billed as the operator says."""
    cpo, emsp = joined.cpo, joined.emsp
    old = any(version.role_trees for version in joined.versions)
    missing = refused(joined)
    assert missing == ({"NOD-AC-CHEAP": {"tariff-for-some-sessions"}} if old else {})
    arrived(cpo, emsp, "tariffs", set(missing))
    arrived(cpo, emsp, "locations")
    arrived(emsp, cpo, "tokens")

    location, evse = place(emsp)
    token = next(it for it in emsp.export("tokens") if it["valid"] and it["type"] == "RFID")
    assert token["whitelist"] == "NEVER"
    at = ("--location", location, "--evse", evse)
    asked = cpo.run("authorize", token["uid"], *at, "--json")
    assert (asked.code, asked.json["allowed"]) == (0, "ALLOWED"), asked.out + asked.err

    by = ("--partner", "hub")
    started = emsp.run("command", "start", *by, *at, "--token", token["uid"], "--json")
    assert started.code == 0, started.out + started.err

    def session() -> Any:
        held = emsp.export("sessions")
        return held[0] if held and held[0]["status"] == "ACTIVE" and held[0]["kwh"] > 0.1 else None

    running = wait_until(session, seconds=90, every=0.2, what="the session with energy")
    assert (running["location_id"], running["evse_uid"]) == (location, evse)
    limit = ("--limit", "10", "--unit", "A", "--json")
    steered = emsp.run("charging-profile", "set", running["id"], *limit)
    assert (steered.code == 0) is not old, steered.out + steered.err

    stopped = emsp.run("command", "stop", *by, "--session", running["id"], "--json")
    assert stopped.code == 0, stopped.out + stopped.err
    (cdr,) = wait_until(partial(emsp.export, "cdrs"), seconds=90, every=0.2, what="the CDR")
    (own,) = cpo.export("cdrs")
    ended = wait_until(
        lambda: (held := emsp.export("sessions")[0])["status"] == "COMPLETED" and held,
        seconds=90, every=0.2, what="the end",
    )  # fmt: skip
    assert cdr["id"] == own["id"]
    assert cdr["total_energy"] == own["total_energy"] == ended["kwh"]
    assert cdr["total_cost"]["excl_vat"] == own["total_cost"]["excl_vat"]
    assert cdr["last_updated"] == own["last_updated"]
    assert cdr["cdr_token"]["contract_id"] == token["contract_id"]
    audit = emsp.json("cdr", "audit")
    assert [one["verdict"] for one in audit["cdrs"]] == ["OK"], audit

    there, back = (f"{one} to {other}" for one, other in permutations(map(str, joined.versions)))
    expected = {
        "POST sender/tokens": there, "POST receiver/commands/START": back,
        "POST receiver/cdrs": there,
    }  # fmt: skip

    def told() -> dict[str, str | None]:
        ways = bridged(joined)
        assert set(ways.values()) <= {there, back}
        return {
            start: way for start in expected for it, way in ways.items() if it.startswith(start)
        }

    wait_until(lambda: told() == expected, seconds=60, every=0.2, what="the trace, written behind")
