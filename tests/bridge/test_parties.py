"""Credentials, hubs and version details between versions (2.1.1, 2.2.1, 2.3.0 §credentials)."""

from dataclasses import replace

from tests.bridge.crossing import PLAIN, cross
from tests.bridge.samples import (
    CLIENT,
    CREDENTIALS_211,
    CREDENTIALS_221,
    DETAILS,
    DETAILS_211,
    HUB_221,
    HUB_230,
    PARTY,
)

from voltroam.bridge.terms import Relaxation

CPO = replace(PLAIN, role="CPO")
EMSP = replace(PLAIN, role="EMSP")
PROVIDER = {"role": "EMSP", "business_details": DETAILS, "party_id": "MOV", "country_code": "DE"}


def test_one_registration_of_2_1_1_is_one_role() -> None:
    """R211-039, R211-040"""
    up = cross("Credentials", {**CREDENTIALS_211, "roles": []}, "2.1.1", "2.2.1", CPO)
    assert up.value == {**CREDENTIALS_221, "url": CREDENTIALS_211["url"]}
    assert up.notes == {"role-by-tree": "lossless"}
    unknown = cross("Credentials", CREDENTIALS_211, "2.1.1", "2.2.1")
    assert unknown.value["roles"][0]["role"] == "OTHER"
    assert unknown.notes == {"role-unknown": "unsafe"}


def test_of_several_roles_2_1_1_gets_that_of_its_tree() -> None:
    """R211-039"""
    both = {**CREDENTIALS_221, "roles": [*CREDENTIALS_221["roles"], PROVIDER]}
    found = cross("Credentials", both, "2.2.1", "2.1.1", EMSP)
    assert (found.value["party_id"], found.value["country_code"]) == ("MOV", "DE")
    assert "roles" not in found.value
    assert found.notes == {"role-to-tree": "lossless", "role-left-out": "kept"}
    none = cross("Credentials", CREDENTIALS_221, "2.2.1", "2.1.1", EMSP)
    assert none.value is None
    assert none.notes == {"role-not-there": "refused"}


def test_a_hub_names_itself_and_lists_its_clients_in_2_3_0() -> None:
    """R230-013, R230-014"""
    clients = [
        CLIENT,
        {**CLIENT, "party_id": "OFF", "status": "OFFLINE"},
        {**CLIENT, "party_id": "PLN", "status": "PLANNED"},
        {**CLIENT, "party_id": "SUS", "status": "SUSPENDED"},
        {**CLIENT, "party_id": "HU2", "role": "HUB"},
    ]
    found = cross("Credentials", HUB_221, "2.2.1", "2.3.0", replace(PLAIN, hub_clients=clients))
    assert found.value["hub_party_id"] == "NLHUB"
    assert [role["party_id"] for role in found.value["roles"]] == ["AAA", "OFF"]
    assert found.notes["hub-clients-listed"] == "inferred"


def test_a_hub_tells_2_2_1_one_role_and_no_client() -> None:
    """R230-018, R230-015"""
    found = cross("Credentials", HUB_230, "2.3.0", "2.2.1")
    assert found.value["roles"] == [
        {"role": "HUB", "business_details": {"name": "NLHUB"}, "party_id": "HUB",
         "country_code": "NL"}
    ]  # fmt: skip
    assert "hub_party_id" not in found.value
    assert found.notes["hub-clients-hidden"] == "kept"
    known = cross("Credentials", HUB_230, "2.3.0", "2.2.1", replace(PLAIN, memory=HUB_221))
    assert known.value == HUB_221
    low = cross("Credentials", HUB_230, "2.3.0", "2.1.1", CPO)
    assert (low.value["country_code"], low.value["party_id"]) == ("NL", "HUB")


def test_a_role_that_a_package_brought_is_other_before() -> None:
    """RPAY-002"""
    terminal = {**PROVIDER, "role": "PTP"}
    found = cross("Credentials", {**CREDENTIALS_221, "roles": [terminal]}, "2.3.0", "2.2.1")
    assert found.value["roles"][0]["role"] == "OTHER"
    info = cross("ClientInfo", {**CLIENT, "role": "PTP"}, "2.3.0", "2.2.1")
    assert info.value["role"] == "OTHER"
    same = {**CREDENTIALS_221, "roles": [terminal]}
    assert cross("Credentials", same, "2.3.0", "2.3.0").value == same
    terms = replace(PLAIN, relaxations=frozenset({Relaxation.PTP_AS_OTHER}))
    by_profile = cross("Credentials", same, "2.3.0", "2.3.0", terms)
    assert by_profile.value["roles"][0]["role"] == "OTHER"
    client = cross("ClientInfo", {**CLIENT, "role": "PTP"}, "2.2.1", "2.3.0", terms)
    assert client.value["role"] == "OTHER"


def test_a_hub_behind_a_hub_has_no_word_in_2_3_0() -> None:
    """R230-015, R230-054"""
    assert cross("ClientInfo", {**CLIENT, "role": "HUB"}, "2.2.1", "2.3.0").value is None
    assert cross("ClientInfo", CLIENT, "2.2.1", "2.3.0").value == CLIENT
    assert cross("ClientInfo", CLIENT, "2.2.1", "2.1.1").value is None


def test_the_tree_tells_which_side_an_endpoint_serves() -> None:
    """R211-028"""
    up = cross("VersionDetails", DETAILS_211, "2.1.1", "2.2.1", CPO)
    assert {one["identifier"]: one["role"] for one in up.value["endpoints"]} == {
        "credentials": "SENDER", "locations": "SENDER", "tokens": "RECEIVER",
    }  # fmt: skip
    other = cross("VersionDetails", DETAILS_211, "2.1.1", "2.2.1", EMSP)
    assert [one["role"] for one in other.value["endpoints"]] == ["SENDER", "RECEIVER", "SENDER"]
    assert cross("VersionDetails", up.value, "2.2.1", "2.1.1", CPO).value == DETAILS_211


def test_an_endpoint_of_the_other_tree_or_of_a_new_module_is_left_out() -> None:
    both = {
        "version": "2.2.1",
        "endpoints": [
            {"identifier": "locations", "role": "SENDER", "url": "https://a.example/s"},
            {"identifier": "locations", "role": "RECEIVER", "url": "https://a.example/r"},
            {"identifier": "chargingprofiles", "role": "RECEIVER", "url": "https://a.example/c"},
        ],
    }
    found = cross("VersionDetails", both, "2.2.1", "2.1.1", CPO)
    assert found.value["endpoints"] == [{"identifier": "locations", "url": "https://a.example/s"}]
    assert found.places["endpoint-left-out"] == ["/endpoints/1", "/endpoints/2"]


def test_a_client_is_listed_with_its_party() -> None:
    found = cross("Credentials", HUB_221, "2.2.1", "2.3.0", replace(PLAIN, hub_clients=[CLIENT]))
    assert found.value["roles"] == [{"role": "CPO", "business_details": {"name": "NLAAA"}, **PARTY}]
