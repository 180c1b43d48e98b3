"""The table against the method tables of every chapter of OCPI 2.2.1, copied by hand.

Paths below the module's URL. The standard leaves the form of response URLs and of the URL of a
CDR to the receiver of the call: for those rows the form is ours.
"""

import pytest

from voltroam.standard.endpoints import (
    Audience,
    Behaviour,
    Endpoint,
    Interface,
    Removal,
    Table,
    UrlPlace,
)
from voltroam.standard.v2_2_1 import CDR, EVSE, Connector, Location, Role, Session, Tariff, Token
from voltroam.standard.versions import V2_2_1

CORE = Table().at(V2_2_1)

METHODS = """
versions         -        GET
versions         -        GET    {version}
credentials      -        GET
credentials      -        POST
credentials      -        PUT
credentials      -        DELETE
locations        SENDER   GET
locations        SENDER   GET    {location_id}
locations        SENDER   GET    {location_id}/{evse_uid}
locations        SENDER   GET    {location_id}/{evse_uid}/{connector_id}
locations        RECEIVER GET    {owner}/{location_id}
locations        RECEIVER PUT    {owner}/{location_id}
locations        RECEIVER PATCH  {owner}/{location_id}
locations        RECEIVER GET    {owner}/{location_id}/{evse_uid}
locations        RECEIVER PUT    {owner}/{location_id}/{evse_uid}
locations        RECEIVER PATCH  {owner}/{location_id}/{evse_uid}
locations        RECEIVER GET    {owner}/{location_id}/{evse_uid}/{connector_id}
locations        RECEIVER PUT    {owner}/{location_id}/{evse_uid}/{connector_id}
locations        RECEIVER PATCH  {owner}/{location_id}/{evse_uid}/{connector_id}
sessions         SENDER   GET
sessions         SENDER   PUT    {session_id}/charging_preferences
sessions         RECEIVER GET    {owner}/{session_id}
sessions         RECEIVER PUT    {owner}/{session_id}
sessions         RECEIVER PATCH  {owner}/{session_id}
cdrs             SENDER   GET
cdrs             RECEIVER GET    {owner}/{cdr_id}
cdrs             RECEIVER POST
tariffs          SENDER   GET
tariffs          RECEIVER GET    {owner}/{tariff_id}
tariffs          RECEIVER PUT    {owner}/{tariff_id}
tariffs          RECEIVER DELETE {owner}/{tariff_id}
tokens           SENDER   GET
tokens           SENDER   POST   {token_uid}/authorize
tokens           RECEIVER GET    {owner}/{token_uid}
tokens           RECEIVER PUT    {owner}/{token_uid}
tokens           RECEIVER PATCH  {owner}/{token_uid}
commands         RECEIVER POST   START_SESSION
commands         RECEIVER POST   STOP_SESSION
commands         RECEIVER POST   RESERVE_NOW
commands         RECEIVER POST   CANCEL_RESERVATION
commands         RECEIVER POST   UNLOCK_CONNECTOR
commands         SENDER   POST   {command}/{uid}
chargingprofiles RECEIVER GET    {session_id}
chargingprofiles RECEIVER PUT    {session_id}
chargingprofiles RECEIVER DELETE {session_id}
chargingprofiles SENDER   POST   activechargingprofile/{uid}
chargingprofiles SENDER   POST   chargingprofile/{uid}
chargingprofiles SENDER   POST   clearprofile/{uid}
chargingprofiles SENDER   PUT    {session_id}
hubclientinfo    SENDER   GET
hubclientinfo    RECEIVER GET    {owner}
hubclientinfo    RECEIVER PUT    {owner}
"""


def line(row: Endpoint) -> tuple[str, ...]:
    interface = row.interface.value if row.interface else "-"
    return tuple(part for part in (row.module.name, interface, row.method, row.path) if part)


def rows(module: str, method: str, interface: Interface | None = None) -> list[Endpoint]:
    return [
        row
        for row in CORE
        if row.module.name == module
        and row.method == method
        and (interface is None or row.interface is interface)
    ]


def test_the_table_is_exactly_what_the_chapters_say() -> None:
    """LOC-OBJ-01, SES-PREF-02, CDR-FLOW-01, CDR-LIST-04, CDR-POST-01, SES-PATCH-04"""
    assert {line(row) for row in CORE} == {
        tuple(text.replace("{owner}", "{country_code}/{party_id}").split())
        for text in METHODS.strip().splitlines()
    }


def test_no_method_and_path_stands_twice() -> None:
    assert len({line(row) for row in CORE}) == len(CORE)


@pytest.mark.parametrize(
    "module", ["locations", "sessions", "cdrs", "tariffs", "tokens", "hubclientinfo"]
)
def test_lists_are_paged_and_filtered_by_date(module: str) -> None:
    (row,) = [row for row in rows(module, "GET", Interface.SENDER) if not row.path]
    assert row.behaviour is Behaviour.LIST
    assert row.gives_list
    assert set(row.query) == {"date_from", "date_to", "offset", "limit"}


def test_only_the_sessions_list_needs_date_from() -> None:
    """SES-LIST-02"""
    needing = {row.module.name for row in CORE if "date_from" in row.required_query}
    assert needing == {"sessions"}


def test_a_token_is_addressed_with_its_type_which_is_rfid_by_default() -> None:
    for row in rows("tokens", "PUT") + rows("tokens", "PATCH"):
        assert row.query == ("type",)
        assert row.resource is not None
        assert row.resource.key_defaults == {"type": "RFID"}
    (authorize,) = rows("tokens", "POST")
    assert authorize.query == ("type",)


def test_charging_profiles_carry_their_parameters_in_the_query() -> None:
    (get,) = rows("chargingprofiles", "GET")
    (delete,) = rows("chargingprofiles", "DELETE")
    assert set(get.required_query) == {"duration", "response_url"}
    assert set(delete.required_query) == {"response_url"}
    assert get.urls is delete.urls is UrlPlace.QUERY


def test_rows_that_carry_a_url_say_where() -> None:
    """CDR-POST-02: the Location header of a CDR; response_url of commands and profiles."""
    assert {row.module.name for row in CORE if row.urls is UrlPlace.RESPONSE_HEADER} == {"cdrs"}
    assert len([row for row in CORE if row.urls is UrlPlace.BODY]) == 6


def test_configuration_modules_have_no_routing_headers() -> None:
    configuration = {row.module.name for row in CORE if not row.module.functional}
    assert configuration == {"versions", "credentials", "hubclientinfo"}


def test_who_owns_what() -> None:
    """GEN-OWN, CORE-BCAST-09: the CPO owns everything but tokens, hub client info speaks of any
    role but HUB. OTHER is a kind of eMSP whose tokens are broadcast to CPOs."""
    resources = Table().resources
    assert {kind for kind, r in resources.items() if r.owner_roles == {Role.CPO}} == {
        "locations", "sessions", "cdrs", "tariffs",
    }  # fmt: skip
    assert resources["tokens"].owner_roles == {Role.EMSP, Role.OTHER}
    assert resources["hubclientinfo"].owner_roles == set(Role) - {Role.HUB}


def test_what_each_resource_is() -> None:
    resources = Table().resources
    objects = {kind: resource.object for kind, resource in resources.items()}
    assert objects["locations"] is Location
    assert objects["sessions"] is Session
    assert objects["cdrs"] is CDR
    assert objects["tariffs"] is Tariff
    assert objects["tokens"] is Token
    assert [part.object for part in resources["locations"].parts] == [EVSE, Connector]


def test_how_objects_end() -> None:
    """LOC-FLOW, TAR-DEL-01, TOK-FLOW: only a tariff is deleted; a CDR never changes."""
    resources = Table().resources
    assert {kind: r.removal for kind, r in resources.items()} == {
        "locations": Removal.STATUS,
        "sessions": Removal.NEVER,
        "cdrs": Removal.NEVER,
        "tariffs": Removal.DELETE,
        "tokens": Removal.INVALID,
        "hubclientinfo": Removal.NEVER,
    }
    assert [kind for kind, r in resources.items() if r.immutable] == ["cdrs"]


def test_a_patch_appends_to_charging_periods_and_to_nothing_else() -> None:
    """SES-PATCH-01"""
    appends = {kind: r.appends for kind, r in Table().resources.items() if r.appends}
    assert appends == {"sessions": {"charging_periods"}}


def test_sessions_and_cdrs_are_for_the_contract_party_only() -> None:
    resources = Table().resources
    private = {kind for kind, r in resources.items() if r.audience is Audience.CONTRACT}
    assert private == {"sessions", "cdrs"}


def test_first_fill_brings_tariffs_before_the_locations_that_name_them() -> None:
    filled = {kind: r.first_fill for kind, r in Table().resources.items() if r.first_fill}
    assert sorted(filled, key=lambda kind: filled[kind] or 0) == [
        "tariffs", "locations", "tokens", "sessions",
    ]  # fmt: skip


@pytest.mark.parametrize("row", CORE, ids=lambda row: " ".join(line(row)))
def test_a_row_is_coherent(row: Endpoint) -> None:
    plain = row.behaviour is not Behaviour.HANDLED
    assert plain == (row.handler is None)
    assert not plain or row.resource is not None
    assert (row.takes is not None) <= (row.method in ("POST", "PUT", "PATCH"))
    assert set(row.required_query) <= set(row.query)
    assert row.owner_in_path == row.path.startswith("{country_code}/{party_id}")
    assert row.part is None or row.path.endswith(row.part.segment)


def test_every_command_and_profile_result_has_a_body_of_its_own() -> None:
    for module in ("commands", "chargingprofiles"):
        bodies = [row.takes for row in rows(module, "POST", None) if row.takes]
        assert len(bodies) == len(set(bodies)) == len(rows(module, "POST"))
