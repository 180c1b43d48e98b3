"""The OpenAPI document follows from the table: every row, every schema, and made-up modules too."""

from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import msgspec
import pytest

from voltroam.standard import v2_2_1 as v
from voltroam.standard.endpoints import (
    CORE,
    Audience,
    Behaviour,
    Endpoint,
    Interface,
    Module,
    Resource,
    Table,
)
from voltroam.standard.packages import STANDARD
from voltroam.standard.v2_2_1 import Role
from voltroam.standard.versions import V2_1_1, V2_2_1, V2_3_0, Version
from voltroam.wire.openapi import openapi

BASE = "https://node.example/roaming"
DOCUMENT = openapi(Table(), V2_2_1, BASE)

SHAPE = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "required": ["openapi", "info", "servers", "paths", "components"],
    "properties": {
        "openapi": {"const": "3.1.0"},
        "info": {"type": "object", "required": ["title", "version"]},
        "paths": {
            "type": "object",
            "propertyNames": {"pattern": "^/"},
            "additionalProperties": {
                "type": "object",
                "propertyNames": {"enum": ["get", "put", "post", "patch", "delete"]},
                "additionalProperties": {"$ref": "#/$defs/operation"},
            },
        },
    },
    "$defs": {
        "operation": {
            "type": "object",
            "required": ["operationId", "responses", "parameters"],
            "properties": {
                "parameters": {"type": "array", "items": {"$ref": "#/$defs/parameter"}},
                "responses": {
                    "type": "object",
                    "required": ["200", "401", "404"],
                    "propertyNames": {"pattern": "^[1-5][0-9]{2}$"},
                    "additionalProperties": {
                        "anyOf": [{"required": ["$ref"]}, {"required": ["description"]}]
                    },
                },
                "requestBody": {"type": "object", "required": ["content"]},
            },
        },
        "parameter": {
            "anyOf": [
                {"type": "object", "required": ["$ref"]},
                {
                    "type": "object",
                    "required": ["name", "in", "schema"],
                    "properties": {"in": {"enum": ["path", "query", "header"]}},
                },
            ]
        },
    },
}
"""What matters of the OpenAPI 3.1 meta-schema."""


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "$ref":
                yield value
            else:
                yield from references(value)
    elif isinstance(node, list):
        for item in node:
            yield from references(item)


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


OTHERS = {
    version: openapi(Table(STANDARD), version, BASE) for version in (V2_1_1, V2_3_0)
}  # fmt: skip


def validator(name: str, document: dict[str, Any] = DOCUMENT) -> jsonschema_rs.Validator:
    """A validator of one component; the components stand in the same document."""
    components = {"components": document["components"]}
    schema = {"$ref": f"#/components/schemas/{name}", **components}
    return jsonschema_rs.validator_for(schema)


def test_the_document_has_the_shape_of_openapi() -> None:
    jsonschema_rs.validate(SHAPE, DOCUMENT)
    assert msgspec.json.decode(msgspec.json.encode(DOCUMENT)) == DOCUMENT


def test_every_reference_leads_somewhere() -> None:
    for reference in set(references(DOCUMENT)):
        node: Any = DOCUMENT
        for key in reference.removeprefix("#/").split("/"):
            node = node[key]
        assert isinstance(node, dict)


def test_every_schema_is_one() -> None:
    for name in DOCUMENT["components"]["schemas"]:
        validator(name)


def test_every_row_is_one_operation() -> None:
    assert len(list(operations(DOCUMENT))) == len(Table().at(V2_2_1))
    ids = [operation["operationId"] for _, _, operation in operations(DOCUMENT)]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("get", "/ocpi/versions"),
        ("get", "/ocpi/2.2.1"),
        ("post", "/ocpi/2.2.1/credentials"),
        ("get", "/ocpi/2.2.1/sender/locations"),
        (
            "patch",
            "/ocpi/2.2.1/receiver/locations/{country_code}/{party_id}/{location_id}/{evse_uid}",
        ),
        ("post", "/ocpi/2.2.1/receiver/commands/START_SESSION"),
        ("delete", "/ocpi/2.2.1/receiver/chargingprofiles/{session_id}"),
        ("put", "/ocpi/2.2.1/sender/sessions/{session_id}/charging_preferences"),
    ],
)
def test_paths_are_those_of_the_server(method: str, path: str) -> None:
    assert method in DOCUMENT["paths"][path]
    assert DOCUMENT["servers"] == [{"url": BASE}]


def test_key_segments_are_declared_as_path_parameters() -> None:
    for path, _, operation in operations(DOCUMENT):
        declared = {p["name"] for p in operation["parameters"] if p.get("in") == "path"}
        assert declared == {part[1:-1] for part in path.split("/") if part.startswith("{")}


def test_a_list_takes_paging_parameters_and_gives_paging_headers() -> None:
    operation = DOCUMENT["paths"]["/ocpi/2.2.1/sender/sessions"]["get"]
    query = {p["name"]: p["required"] for p in operation["parameters"] if p.get("in") == "query"}
    assert query == {"date_from": True, "date_to": False, "offset": False, "limit": False}
    reply = operation["responses"]["200"]
    assert {"Link", "X-Total-Count", "X-Limit"} <= set(reply["headers"])
    data = reply["content"]["application/json"]["schema"]["properties"]["data"]
    assert data == {"type": "array", "items": {"$ref": "#/components/schemas/Session"}}


def test_routing_headers_belong_to_functional_modules_only() -> None:
    def headers(path: str) -> set[str]:
        parameters = DOCUMENT["paths"][path]["get"]["parameters"]
        return {p["$ref"].rpartition("/")[2] for p in parameters if "$ref" in p}

    assert "from_party_id" in headers("/ocpi/2.2.1/sender/tariffs")
    assert headers("/ocpi/2.2.1/credentials") == {"x_request_id", "x_correlation_id"}
    assert headers("/ocpi/2.2.1/sender/hubclientinfo") == {"x_request_id", "x_correlation_id"}


def test_a_new_cdr_answers_with_its_location() -> None:
    reply = DOCUMENT["paths"]["/ocpi/2.2.1/receiver/cdrs"]["post"]["responses"]["201"]
    assert "Location" in reply["headers"]


def test_a_patch_needs_last_updated_and_nothing_else() -> None:
    path = "/ocpi/2.2.1/receiver/tokens/{country_code}/{party_id}/{token_uid}"
    body = DOCUMENT["paths"][path]["patch"]["requestBody"]["content"]["application/json"]
    assert body["schema"] == {"$ref": "#/components/schemas/TokenPatch"}
    patch = validator("TokenPatch")
    assert patch.is_valid({"valid": False, "last_updated": "2019-06-19T02:11:11Z"})
    assert not patch.is_valid({"valid": False})


@pytest.mark.parametrize(
    ("name", "document", "fine"),
    [
        ("Price", {"excl_vat": 1.25}, True),
        ("Price", {"excl_vat": "1.25"}, False),
        ("GeoLocation", {"latitude": "52.37310", "longitude": "4.89260"}, True),
        ("GeoLocation", {"latitude": "52.3731", "longitude": "4.89260"}, False),
        ("ExceptionalPeriod", {"period_begin": "2024-05-01T10:00:00.5",
                               "period_end": "2024-05-01T10:00:00Z"}, True),
        ("ExceptionalPeriod", {"period_begin": "2024-05-01T10:00:00+02:00",
                               "period_end": "2024-05-01T10:00:00Z"}, False),
        ("ChargingPeriod", {"start_date_time": "2024-05-01T10:00:00Z", "dimensions": []}, False),
    ],
)  # fmt: skip
def test_schemas_say_what_the_standard_says(
    name: str, document: dict[str, Any], fine: bool
) -> None:
    assert validator(name).is_valid(document) is fine


class Booth(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A thing that no standard knows."""

    country_code: str
    party_id: str
    id: str
    hours: v.Hours | None = None
    last_updated: str


def test_a_made_up_module_appears_by_its_rows_alone() -> None:
    module = Module("nlxyz-booths", "booths", frozenset({Role.CPO}), frozenset({Role.EMSP}))
    booths = Resource("booths", Booth, ("id",), frozenset({Role.CPO}), Audience.PARTNERS)
    rows = (
        Endpoint(module, Interface.SENDER, "GET", "", Behaviour.LIST, booths, gives=Booth,
                 gives_list=True, query=("offset", "limit")),
        Endpoint(module, Interface.RECEIVER, "PATCH", "{country_code}/{party_id}/{booth_id}",
                 Behaviour.PATCH, booths, takes=Booth, owner_in_path=True),
    )  # fmt: skip
    document = openapi(Table((*CORE, *rows)), V2_2_1, BASE)
    jsonschema_rs.validate(SHAPE, document)
    assert set(document["paths"]) - set(DOCUMENT["paths"]) == {
        "/ocpi/2.2.1/sender/nlxyz-booths",
        "/ocpi/2.2.1/receiver/nlxyz-booths/{country_code}/{party_id}/{booth_id}",
    }
    added = set(document["components"]["schemas"]) - set(DOCUMENT["components"]["schemas"])
    assert added == {"Booth", "BoothPatch"}
    assert {"name": "nlxyz-booths", "description": "OCPI 2.2.1 §booths"} in document["tags"]


@pytest.mark.parametrize("version", OTHERS, ids=str)
def test_every_version_has_a_document_of_its_own(version: Version) -> None:
    document = OTHERS[version]
    jsonschema_rs.validate(SHAPE, document)
    for reference in set(references(document)):
        node: Any = document
        for key in reference.removeprefix("#/").split("/"):
            node = node[key]
    for name in document["components"]["schemas"]:
        validator(name, document)
    # a path that version details serve in two trees is one row, but two operations
    assert len(list(operations(document))) >= len(Table(STANDARD).at(version))


def test_a_document_shows_the_objects_of_its_version() -> None:
    old, new = OTHERS[V2_1_1]["components"]["schemas"], OTHERS[V2_3_0]["components"]["schemas"]
    assert "voltage" in old["Connector"]["properties"]
    assert "max_voltage" in new["Connector"]["properties"]
    assert old["EVSEPatch"]["required"] == []
    assert new["EVSEPatch"]["required"] == ["last_updated"]


def test_known_words_of_an_open_enum_are_examples() -> None:
    """R230-005"""
    document = OTHERS[V2_3_0]
    assert validator("ConnectorType", document).is_valid("FOO_PLUG")
    assert not validator("PowerType", document).is_valid("AC_9_PHASE")
    assert not validator("ConnectorType").is_valid("FOO_PLUG")


def test_headers_that_a_version_does_not_know_are_not_demanded() -> None:
    """X-Request-ID, X-Correlation-ID and routing came with 2.2 (OCPI 2.2.1 §changelog)."""
    old, new = OTHERS[V2_1_1], OTHERS[V2_3_0]
    assert old["components"]["parameters"] == {}
    assert len(new["components"]["parameters"]) == 6
    for path in old["paths"].values():
        for operation in path.values():
            asked = [
                one for one in operation["parameters"] if one.get("in") not in ("path", "query")
            ]
            assert asked == []
            headers = operation["responses"]["200"]["headers"]
            assert not {"X-Request-ID", "X-Correlation-ID"} & headers.keys()
    some = next(iter(new["paths"].values()))
    (operation, *_) = some.values()
    assert {"$ref": "#/components/parameters/x_request_id"} in operation["parameters"]
