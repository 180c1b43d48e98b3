"""Rules of tokens, credentials, version details, commands and charging profiles (OCPI 2.2.1)."""

from collections.abc import Iterator
from decimal import Decimal

from voltroam.standard import v2_1_1, v2_3_0
from voltroam.standard import v2_2_1 as v
from voltroam.standard.parties import fold
from voltroam.wire.rules.breach import Breach, Rule, unique

PASSING = frozenset({"AD_HOC_USER", "APP_USER"})
"""Types of tokens that are made for one use."""


def token_rule(token: v.Token | v2_3_0.Token) -> Iterator[Breach]:
    if token.type in PASSING and token.whitelist is not v.WhitelistType.NEVER:
        yield Breach(".whitelist", "TOK-WL-06", f"should be NEVER for {token.type}", True)


def credentials_rule(credentials: v.Credentials | v2_3_0.Credentials) -> Iterator[Breach]:
    yield from secret_rule(credentials)
    roles = [
        f"{role.role}/{fold(role.country_code)}/{fold(role.party_id)}" for role in credentials.roles
    ]
    yield from unique(".roles", "CORE-CRED-08", "role and party", roles)


def secret_rule(
    credentials: v.Credentials | v2_1_1.Credentials | v2_3_0.Credentials,
) -> Iterator[Breach]:
    if not all("!" <= character <= "~" for character in credentials.token):
        yield Breach(".token", "CORE-CRED-03", "should be printable ASCII, no spaces", True)


def _version_details(details: v.VersionDetails) -> Iterator[Breach]:
    endpoints = [f"{endpoint.identifier}/{endpoint.role}" for endpoint in details.endpoints]
    yield from unique(
        ".endpoints", "version_information_endpoint", "module and role", endpoints, warning=True
    )


def start_session_rule(command: v.StartSession | v2_3_0.StartSession) -> Iterator[Breach]:
    if command.connector_id is not None and command.evse_uid is None:
        yield Breach(".evse_uid", "CMD-START-07", "needed when connector_id is set")


def _profile(profile: v.ChargingProfile) -> Iterator[Breach]:
    rate = profile.min_charging_rate
    if rate is not None and not _one_decimal(rate):
        yield Breach(".min_charging_rate", "CHP-SEM-06", "more than one decimal")
    last = -1
    for index, period in enumerate(profile.charging_profile_period or ()):
        at = f".charging_profile_period[{index}]"
        if not _one_decimal(period.limit):
            yield Breach(f"{at}.limit", "CHP-SEM-06", "more than one decimal")
        if period.start_period <= last:
            yield Breach(f"{at}.start_period", "CHP-SEM-04", "not after the period above", True)
        last = period.start_period


def _one_decimal(number: Decimal) -> bool:
    exponent = number.normalize().as_tuple().exponent
    return isinstance(exponent, int) and exponent >= -1


def _active_profile(result: v.ActiveChargingProfileResult) -> Iterator[Breach]:
    if result.result is v.ChargingProfileResultType.ACCEPTED and result.profile is None:
        yield Breach(".profile", "CHP-DT-03", "missing though ACCEPTED", True)


RULES: dict[type, Rule] = {
    v.Token: token_rule,
    v.Credentials: credentials_rule,
    v.VersionDetails: _version_details,
    v.StartSession: start_session_rule,
    v.ChargingProfile: _profile,
    v.ActiveChargingProfileResult: _active_profile,
}
