"""One operator and two eMSPs over real HTTP: a tariff that is for one of them. TAR-DEL-01."""

from typing import Any

from tests.e2e.conftest import Backing, MakeNode
from tests.e2e.documents import connector, evse, location, moment, tariff
from tests.e2e.nodes import Served, wait_until

NOD = ("NL", "NOD")


def joined(cpo: Served, emsp: Served, name: str) -> Served:
    invitation = cpo.json("partner", "invite", name)
    emsp.json(
        "partner", "register", invitation["versions_url"], invitation["token"], "--name", "noda"
    )
    return emsp


def held(emsp: Served) -> tuple[set[str], Any]:
    """Ids of the tariffs, and those that the location's connector names."""
    places = emsp.export("locations")
    plug = places[0]["evses"][0]["connectors"][0] if places else {}
    return {one["id"] for one in emsp.export("tariffs")}, plug.get("tariff_ids")


def becomes(emsp: Served, tariffs: set[str], named: list[str] | None) -> None:
    wait_until(lambda: held(emsp) == (tariffs, named), what=f"{tariffs} and {named}: {held(emsp)}")


def listed(emsp: Served) -> tuple[set[str], Any]:
    """The same, asked of the operator instead of pushed by it."""
    places = emsp.json("get", "noda", "locations")
    tariffs = emsp.json("get", "noda", "tariffs")
    named = places[0]["evses"][0]["connectors"][0].get("tariff_ids")
    return {one["id"] for one in tariffs}, named


def test_one_partner_has_a_tariff_of_which_the_other_never_hears(
    node: MakeNode, backing: Backing
) -> None:
    cpo = node("cpo", "NL/NOD/CPO", backing=backing)
    movia = joined(cpo, node("movia", "DE/MOV/EMSP"), "movia")
    other = joined(cpo, node("other", "FR/OTH/EMSP"), "other")
    done = cpo.json("tariff", "visible", "GOLD", "--to", "movia")
    assert done == {
        "tariff": "GOLD", "owner": "NL/NOD", "parties": ["DE/MOV"], "held": False, "locations": 0,
    }  # fmt: skip
    cpo.load("tariffs", [tariff(NOD, "GOLD"), tariff(NOD, "DAY")])
    plug = connector(tariff_ids=["GOLD", "DAY"])
    cpo.load("locations", [location(NOD, "L1", evses=[evse(connectors=[plug])])])
    both, day = ({"GOLD", "DAY"}, ["GOLD", "DAY"]), ({"DAY"}, ["DAY"])
    becomes(movia, *both)
    becomes(other, *day)
    assert (listed(movia), listed(other)) == (both, day)
    assert "GOLD" not in other.log

    done = cpo.json("tariff", "visible", "GOLD", "--to", "FR/OTH")
    assert (done["parties"], done["locations"]) == (["FR/OTH"], 1)
    becomes(movia, *day)
    becomes(other, *both)
    assert (listed(movia), listed(other)) == (day, both)
    assert cpo.json("tariff", "visible") == [
        {"tariff": "GOLD", "owner": "NL/NOD", "parties": ["FR/OTH"]}
    ]

    status = {"location_id": "L1", "evse_uid": "E1", "status": "CHARGING", "last_updated": moment()}
    cpo.load("evse-status", [status])
    for emsp in (movia, other):
        wait_until(
            lambda emsp=emsp: emsp.export("locations")[0]["evses"][0]["status"] == "CHARGING",  # type: ignore[misc]
            what="the status",
        )
    assert (held(movia), held(other)) == (day, both)

    done = cpo.json("tariff", "visible", "GOLD", "--to-all")
    assert (done["parties"], done["locations"]) == (None, 1)
    becomes(movia, *both)
    becomes(other, *both)
    assert cpo.json("tariff", "visible", "GOLD")["parties"] is None
    assert cpo.json("partner", "show", "movia")["delivery"]["parked"] == 0


def test_the_command_says_what_is_wrong(node: MakeNode) -> None:
    cpo = node("cpo", "NL/NOD/CPO", serve=False)
    ran = cpo.run("tariff", "visible", "GOLD", "--to", "nobody", "--json")
    assert (ran.code, "nobody" in ran.json["error"]) == (1, True)
    assert cpo.run("tariff", "visible", "GOLD", "--to", "DE/MOV", "--to-all").code == 2
    assert cpo.run("tariff", "visible", "GOLD", "--to-all", "--party", "NL").code == 2
    assert cpo.run("tariff", "visible", "GOLD", "--to-all", "--party", "DE/XXX").code == 1
    assert "All tariffs" in cpo.run("tariff", "visible").out
    said = cpo.run("tariff", "visible", "GOLD", "--to", "DE/MOV").out
    assert "only DE/MOV see it" in said
    assert "no such tariff yet" in said
    assert "DE/MOV" in cpo.run("tariff", "visible").out
