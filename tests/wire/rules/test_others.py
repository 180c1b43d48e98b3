"""Rules of tokens, credentials, version details, commands and charging profiles."""

import pytest
from tests.wire.rules.objects import (
    CREDENTIALS,
    PROFILE,
    ROLE,
    START,
    TOKEN,
    breaches,
    errors,
    warnings,
)

from voltroam.standard import v2_2_1 as v


@pytest.mark.parametrize("kind", ["APP_USER", "AD_HOC_USER"])
def test_a_token_of_an_app_should_not_be_whitelisted(kind: str) -> None:
    """TOK-WL-06"""
    assert warnings(v.Token, {**TOKEN, "type": kind}) == ["$.whitelist"]
    assert breaches(v.Token, {**TOKEN, "type": kind, "whitelist": "NEVER"}) == {}


def test_a_role_of_a_party_stands_once_whatever_its_spelling() -> None:
    """CORE-CRED-08, CORE-CRED-09, CORE-CRED-10"""
    again = {**ROLE, "party_id": "cpo", "country_code": "nl"}
    assert errors(v.Credentials, {**CREDENTIALS, "roles": [ROLE, again]}) == ["$.roles[1]"]
    others = [ROLE, {**ROLE, "party_id": "CP2"}, {**ROLE, "role": "EMSP"}]
    assert breaches(v.Credentials, {**CREDENTIALS, "roles": others}) == {}


@pytest.mark.parametrize("token", ["two words", "tökén", "tab\there"])
def test_a_token_of_other_characters_than_visible_ascii_is_warned_of(token: str) -> None:
    """CORE-CRED-03"""
    assert warnings(v.Credentials, {**CREDENTIALS, "token": token}) == ["$.token"]


def test_an_endpoint_that_stands_twice_is_warned_of() -> None:
    one = {"identifier": "locations", "role": "SENDER", "url": "https://cpo.example/1"}
    other = {**one, "url": "https://cpo.example/2"}
    details = {"version": "2.2.1", "endpoints": [one, other]}
    assert warnings(v.VersionDetails, details) == ["$.endpoints[1]"]
    both = {"version": "2.2.1", "endpoints": [one, {**one, "role": "RECEIVER"}]}
    assert breaches(v.VersionDetails, both) == {}


def test_a_connector_needs_its_evse() -> None:
    """CMD-START-07"""
    assert errors(v.StartSession, {**START, "connector_id": "1"}) == ["$.evse_uid"]
    assert breaches(v.StartSession, {**START, "evse_uid": "E1", "connector_id": "1"}) == {}


@pytest.mark.parametrize(
    ("number", "fine"), [("8.1", True), ("16", True), ("8.10", True), ("8.15", False)]
)
def test_a_limit_has_at_most_one_decimal(number: str, fine: bool) -> None:
    """CHP-SEM-06: a zero behind it changes nothing."""
    period = {"start_period": 0, "limit": float(number)}
    profile = {**PROFILE, "charging_profile_period": [period], "min_charging_rate": float(number)}
    paths = ["$.min_charging_rate", "$.charging_profile_period[0].limit"]
    assert errors(v.ChargingProfile, profile) == ([] if fine else paths)


def test_periods_of_a_profile_follow_each_other() -> None:
    period = {"start_period": 0, "limit": 16}
    profile = {**PROFILE, "charging_profile_period": [period, period]}
    assert warnings(v.ChargingProfile, profile) == ["$.charging_profile_period[1].start_period"]


def test_an_accepted_request_for_a_profile_brings_it() -> None:
    assert warnings(v.ActiveChargingProfileResult, {"result": "ACCEPTED"}) == ["$.profile"]
    assert breaches(v.ActiveChargingProfileResult, {"result": "UNKNOWN"}) == {}
