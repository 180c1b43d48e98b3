"""Partners: how they are, what is done about them, what each has of an object."""

import pytest
from tests.e2e.documents import location
from tests.operator.conftest import Desk, deliver
from tests.roaming.company import Clock

EMSP = "emsp.example"
AAA = ("NL", "AAA")


@pytest.mark.operations("list_partners")
async def test_a_partner_is_invited_once_by_name(cpo: Desk) -> None:
    told = await cpo.ask("POST", "/partners/invite", {"name": "movia"})
    assert told.status == 201
    assert told.json["versions_url"] == "https://cpo.example/ocpi/versions"
    listed = (await cpo.ask("GET", "/partners", scope="read")).json["items"]
    assert [(one["name"], one["phase"]) for one in listed] == [("movia", "INVITED")]


@pytest.mark.operations("invite_partner", "register_partner")
async def test_a_partner_is_registered_over_the_api(cpo: Desk, emsp: Desk) -> None:
    invited = (await emsp.ask("POST", "/partners/invite", {"name": "cpo"})).json
    body = {"name": "emsp", "versions_url": invited["versions_url"], "token": invited["token"]}
    told = await cpo.ask("POST", "/partners/register", body)
    assert (told.status, told.json["phase"], told.json["roles"]) == (
        201, "REGISTERED", ["DE/MSP/EMSP"],
    )  # fmt: skip


async def test_a_partner_that_cannot_be_reached_is_no_fault_of_ours(cpo: Desk) -> None:
    body = {"name": "x", "versions_url": "https://nobody.example/ocpi/versions", "token": "t"}
    told = await cpo.ask("POST", "/partners/register", body)
    assert (told.status, told.json["type"]) == (424, "urn:voltroam:problem:partner")


@pytest.mark.operations("get_partner", "pause_partner", "resume_partner", "set_partner_profile")
async def test_a_partner_is_paused_resumed_and_profiled(met: Desk, clock: Clock) -> None:
    assert (await met.ask("POST", f"/partners/{EMSP}/pause")).json["paused"] is True
    assert (await met.ask("POST", f"/partners/{EMSP}/resume")).json["paused"] is False
    change = {"push": "put", "rate": 5}
    profile = (await met.ask("PATCH", f"/partners/{EMSP}/profile", change)).json
    assert (profile["push"], profile["rate"]) == ("put", 5)
    clock.forward(2)
    shown = (await met.ask("GET", f"/partners/{EMSP}")).json
    assert (shown["profile"], shown["name"]) == (profile, EMSP)
    assert (await met.ask("PATCH", f"/partners/{EMSP}/profile", {"push": "fax"})).status == 422
    assert (await met.ask("POST", "/partners/nobody/pause")).status == 404


async def test_facts_tell_who_has_an_object_and_who_refused_it(met: Desk, emsp: Desk) -> None:
    await met.ask("PUT", "/locations/NL/AAA/L1", location(AAA, "L1"))
    await met.ask("PUT", "/locations/NL/AAA/L2?private=true", location(AAA, "L2"))
    await deliver(met)
    for name, state in (("L1", "delivered"), ("L2", "not shown")):
        facts = (await met.ask("GET", f"/locations/NL/AAA/{name}/facts")).json
        assert [(one["partner"], one["state"]) for one in facts["delivery"]] == [(EMSP, state)]
    received = (await emsp.ask("GET", "/locations/NL/AAA/L1/facts")).json
    assert (received["own"], received["sources"]) == (False, ["cpo.example"])


async def test_a_key_limited_to_parties_sees_their_partners_only(met: Desk) -> None:
    for parties, names in ((("NL/AAA",), []), (("NL/AAA", "DE/MSP"), [EMSP])):
        listed = (await met.ask("GET", "/partners", parties=parties)).json["items"]
        assert [one["name"] for one in listed] == names
        told = await met.ask("GET", f"/partners/{EMSP}/parked", parties=parties)
        assert told.status == (200 if names else 404)
    told = await met.ask("POST", "/partners/invite", {"name": "x"}, parties=("NL/AAA",))
    assert told.status == 403


async def test_what_concerns_all_who_share_a_partner_is_not_done_for_one_of_them(met: Desk) -> None:
    some, whole = ("NL/AAA", "DE/MSP"), ("NL/AAA", "NL/BBB", "DE/MSP")
    at = f"/partners/{EMSP}"
    for method, path, body in (
        ("POST", "/pause", None), ("POST", "/resume", None), ("POST", "/resync", None),
        ("POST", "/rotate", None), ("PATCH", "/profile", {"push": "put"}),
        ("POST", "/pull", {"module": "tokens"}), ("POST", "/parked/retry", None),
        ("DELETE", "", None),
    ):  # fmt: skip
        told = await met.ask(method, at + path, body, parties=some)
        assert told.status == 403, path
        assert told.json["detail"] == f"{EMSP} is a partner of other parties too"
    assert (await met.ask("GET", at, parties=some)).json["paused"] is False
    assert (await met.ask("POST", f"{at}/pause", parties=whole)).json["paused"] is True


async def test_what_a_partner_lists_is_pulled(met: Desk, emsp: Desk) -> None:
    told = await met.ask("POST", f"/partners/{EMSP}/pull", {"module": "tokens", "full": True})
    assert (told.status, told.json["received"]) == (200, 0)
    told = await met.ask("POST", f"/partners/{EMSP}/pull", {"module": "parking"})
    assert told.status == 422


async def test_ledger_parked_and_quarantine_are_empty_lists_at_first(met: Desk) -> None:
    for path in (f"/partners/{EMSP}/parked", f"/partners/{EMSP}/cdrs", "/quarantine"):
        assert (await met.ask("GET", path)).json == {"items": [], "next": None}
    assert (await met.ask("POST", f"/partners/{EMSP}/parked/retry")).json == {"count": 0}
    told = await met.ask("POST", f"/partners/{EMSP}/cdrs/NL/AAA/C1/retry")
    assert told.status == 404
    assert (await met.ask("POST", "/quarantine/retry")).json == {"accepted": 0, "refused": 0}


@pytest.mark.operations("remove_partner")
async def test_a_partner_is_removed(met: Desk, clock: Clock) -> None:
    assert (await met.ask("DELETE", f"/partners/{EMSP}")).status == 204
    clock.forward(2)
    assert (await met.ask("GET", f"/partners/{EMSP}")).status == 404
