"""What the table says for 2.1.1 and 2.3.0, against the method tables of their chapters.

2.1.1: R211-042/043, R211-045, R211-056, R211-064, R211-072, R211-079, R211-085, R211-090
2.3.0: R230-031, R230-054
"""

from voltroam.standard.endpoints import Behaviour, Endpoint, Interface, Table, UrlPlace
from voltroam.standard.versions import V2_1_1, V2_2_1, V2_3_0, Version

METHODS_2_1_1 = """
versions    -        GET
versions    -        GET    {version}
credentials -        GET
credentials -        POST
credentials -        PUT
credentials -        DELETE
locations   SENDER   GET
locations   SENDER   GET    {location_id}
locations   SENDER   GET    {location_id}/{evse_uid}
locations   SENDER   GET    {location_id}/{evse_uid}/{connector_id}
locations   RECEIVER GET    {owner}/{location_id}
locations   RECEIVER PUT    {owner}/{location_id}
locations   RECEIVER PATCH  {owner}/{location_id}
locations   RECEIVER GET    {owner}/{location_id}/{evse_uid}
locations   RECEIVER PUT    {owner}/{location_id}/{evse_uid}
locations   RECEIVER PATCH  {owner}/{location_id}/{evse_uid}
locations   RECEIVER GET    {owner}/{location_id}/{evse_uid}/{connector_id}
locations   RECEIVER PUT    {owner}/{location_id}/{evse_uid}/{connector_id}
locations   RECEIVER PATCH  {owner}/{location_id}/{evse_uid}/{connector_id}
sessions    SENDER   GET
sessions    RECEIVER GET    {owner}/{session_id}
sessions    RECEIVER PUT    {owner}/{session_id}
sessions    RECEIVER PATCH  {owner}/{session_id}
cdrs        SENDER   GET
cdrs        RECEIVER GET    {owner}/{cdr_id}
cdrs        RECEIVER POST
tariffs     SENDER   GET
tariffs     RECEIVER GET    {owner}/{tariff_id}
tariffs     RECEIVER PUT    {owner}/{tariff_id}
tariffs     RECEIVER PATCH  {owner}/{tariff_id}
tariffs     RECEIVER DELETE {owner}/{tariff_id}
tokens      SENDER   GET
tokens      SENDER   POST   {token_uid}/authorize
tokens      RECEIVER GET    {owner}/{token_uid}
tokens      RECEIVER PUT    {owner}/{token_uid}
tokens      RECEIVER PATCH  {owner}/{token_uid}
commands    RECEIVER POST   START_SESSION
commands    RECEIVER POST   STOP_SESSION
commands    RECEIVER POST   RESERVE_NOW
commands    RECEIVER POST   UNLOCK_CONNECTOR
commands    SENDER   POST   {command}/{uid}
"""
"""CPO interface = SENDER, eMSP = RECEIVER, the other way round for tokens and commands."""


def line(row: Endpoint) -> tuple[str, ...]:
    interface = row.interface.value if row.interface else "-"
    return tuple(part for part in (row.module.name, interface, row.method, row.path) if part)


def lines(version: Version) -> list[tuple[str, ...]]:
    return [line(row) for row in Table().at(version)]


def one(version: Version, module: str, method: str, interface: Interface) -> Endpoint:
    (found,) = (
        row
        for row in Table().at(version)
        if (row.module.name, row.method, row.interface) == (module, method, interface)
    )
    return found


def test_2_1_1_has_exactly_what_its_chapters_say() -> None:
    assert set(lines(V2_1_1)) == {
        tuple(text.replace("{owner}", "{country_code}/{party_id}").split())
        for text in METHODS_2_1_1.strip().splitlines()
    }


def test_no_method_and_path_stands_twice_in_a_version() -> None:
    for version in (V2_1_1, V2_2_1, V2_3_0):
        assert len(set(lines(version))) == len(lines(version))


def test_2_3_0_has_the_core_of_2_2_1() -> None:
    assert Table().at(V2_3_0) == Table().at(V2_2_1)


def test_a_tariff_is_patched_in_2_1_1_only() -> None:
    row = one(V2_1_1, "tariffs", "PATCH", Interface.RECEIVER)
    assert row.behaviour is Behaviour.PATCH
    assert row.takes is row.resource.object if row.resource else False
    for version in (V2_2_1, V2_3_0):
        assert ("tariffs", "PATCH") not in {(at[0], at[2]) for at in lines(version)}


def test_a_token_has_no_type_in_the_urls_of_2_1_1() -> None:
    for method in ("GET", "PUT", "PATCH"):
        assert one(V2_1_1, "tokens", method, Interface.RECEIVER).query == ()
        assert one(V2_2_1, "tokens", method, Interface.RECEIVER).query == ("type",)


def test_the_type_of_an_authorization_has_two_names_in_2_1_1() -> None:
    row = one(V2_1_1, "tokens", "POST", Interface.SENDER)
    assert row.query == ("type",)
    assert row.query_aliases == {"token_type": "type"}
    assert not one(V2_2_1, "tokens", "POST", Interface.SENDER).query_aliases


def test_sessions_are_listed_from_a_date_in_every_version() -> None:
    for version in (V2_1_1, V2_2_1, V2_3_0):
        row = one(version, "sessions", "GET", Interface.SENDER)
        assert row.required_query == ("date_from",)


def test_commands_of_2_1_1_carry_their_url_in_the_body() -> None:
    bodies = [row for row in Table().at(V2_1_1) if row.urls is UrlPlace.BODY]
    assert len(bodies) == 4
    assert {row.module.name for row in bodies} == {"commands"}
