"""The OCPI interface as an OpenAPI 3.1 document, derived from the table and nothing else.

A module that is added to the table appears with its paths, parameters, bodies and schemas. The
document says what the standard says; what a node checks beyond that stands in the rules.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from msgspec import inspect

from voltroam.standard.endpoints import VERSIONS_MODULE, Behaviour, Endpoint, Table, UrlPlace
from voltroam.standard.shapes import shape
from voltroam.standard.types import DateTime, OpenEnum
from voltroam.standard.versions import Version
from voltroam.wire.routes import Router

Json = dict[str, Any]

_SCHEMAS = "#/components/schemas/"
_QUERY_TYPES: Mapping[str, Any] = {
    "date_from": DateTime, "date_to": DateTime, "offset": int, "limit": int, "duration": int,
}  # fmt: skip
"""Query parameters that are no plain strings."""


def openapi(table: Table, version: Version, base_url: str) -> Json:
    """Every row that the version has, under the public base URL of a node."""
    router = Router(table, [version], base_url)
    rows = table.at(version)
    schemas = _Schemas(rows, version)
    paths: dict[str, Json] = {}
    for row in rows:
        paths.setdefault(_path(row, router, version), {})[row.method.lower()] = _operation(
            row, version, schemas
        )
    return {
        "openapi": "3.1.0",
        "info": {
            "title": f"OCPI {version}",
            "version": version.number,
            "description": "Errors of content come with HTTP 200 and a status_code of 2xxx.",
        },
        "servers": [{"url": router.base_url}],
        "security": [{"credentials_token": []}],
        "tags": [
            {"name": name, "description": f"OCPI {version} §{module.chapter}"}
            for name, module in {row.module.name: row.module for row in rows}.items()
        ],
        "paths": paths,
        "components": {
            "schemas": schemas.components,
            "parameters": _parameters(version),
            "headers": _headers(),
            "responses": _responses(),
            "securitySchemes": {"credentials_token": _security(version)},
        },
    }


def _path(row: Endpoint, router: Router, version: Version) -> str:
    """The path below the server's URL; key segments stay in braces."""
    if row.module.name == VERSIONS_MODULE.name:
        url = router.details_url(version) if row.segments else router.versions_url
    else:
        url = "/".join((router.endpoint_url(version, row.module, row.interface), *row.segments))
    return url.removeprefix(router.base_url)


class _Schemas:
    """The components of all bodies, and a reference to each type."""

    def __init__(self, rows: Iterable[Endpoint], version: Version) -> None:
        self._version = version
        named = (kind for row in rows for kind in (row.takes, row.gives) if kind)
        kinds = dict.fromkeys(shape(kind, version) for kind in named)
        found, components = msgspec.json.schema_components(
            list(kinds), ref_template=_SCHEMAS + "{name}"
        )
        self._patch_needs = ("last_updated",) if version.patch_needs_last_updated else ()
        self._of = dict(zip(kinds, found, strict=True))
        self.components: Json = {name: ecma(schema) for name, schema in sorted(components.items())}
        for name in open_enums(kinds):
            self.components[name] = _any_word(self.components[name])
        self.components["Envelope"] = _envelope()

    def of(self, kind: type) -> Json:
        schema: Json = ecma(self._of[shape(kind, self._version)])
        return schema

    def patch_of(self, kind: type) -> Json:
        """Any members of the object, with the time of the change."""
        whole = self.of(kind)
        name = whole.get("$ref", "").removeprefix(_SCHEMAS)
        if name not in self.components:
            return whole
        properties = self.components[name]["properties"]
        self.components[f"{name}Patch"] = {
            "title": f"{name}Patch",
            "description": f"The members of {name} that change.",
            "type": "object",
            "properties": properties,
            "required": [member for member in self._patch_needs if member in properties],
            "minProperties": 1,
        }
        return {"$ref": f"{_SCHEMAS}{name}Patch"}


def ecma(schema: Any) -> Any:
    """Python's JSON schema in OpenAPI's words: numbers are numbers, patterns are ECMAScript."""
    if isinstance(schema, list):
        return [ecma(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("format") == "decimal":
        return {"type": "number"}
    plain = {
        key: ecma(value)
        for key, value in schema.items()
        if not (key == "default" and value is None)
    }
    if isinstance(plain.get("pattern"), str):
        plain["pattern"] = plain["pattern"].replace(r"\Z", "$")
    return plain


def open_enums(kinds: Iterable[type]) -> set[str]:
    """The names of the enums in or below objects that take other words than those listed."""
    found: set[str] = set()
    seen: set[type] = set()
    waiting = [inspect.type_info(kind) for kind in kinds]
    while waiting:
        kind = waiting.pop()
        match kind:
            case inspect.Metadata():
                waiting.append(kind.type)
            case inspect.UnionType():
                waiting += kind.types
            case inspect.ListType():
                waiting.append(kind.item_type)
            case inspect.EnumType():
                found |= {kind.cls.__name__} if issubclass(kind.cls, OpenEnum) else set()
            case inspect.StructType() if kind.cls not in seen:
                seen.add(kind.cls)
                waiting += (field.type for field in kind.fields)
    return found


def _any_word(schema: Json) -> Json:
    """Known words of an open enum are examples: others are legal (OCPI 2.3.0 §types)."""
    plain = {key: value for key, value in schema.items() if key != "enum"}
    return {**plain, "type": "string", "minLength": 1, "examples": schema["enum"]}


_MESSAGE_IDS: tuple[str, ...] = ("x_request_id", "x_correlation_id")
_ROUTING: tuple[str, ...] = (
    "from_country_code", "from_party_id", "to_country_code", "to_party_id",
)  # fmt: skip


def _operation(row: Endpoint, version: Version, schemas: _Schemas) -> Json:
    names = _MESSAGE_IDS if version.message_ids else ()
    if row.module.functional and version.routing_headers:
        names += _ROUTING
    keys = row.segments if row.module.name != VERSIONS_MODULE.name else ()
    operation: Json = {
        "operationId": _operation_id(row),
        "tags": [row.module.name],
        "parameters": [
            *({"$ref": f"#/components/parameters/{name}"} for name in names),
            *(_key(segment[1:-1]) for segment in keys if segment.startswith("{")),
            *(_query(name, name in row.required_query) for name in row.query),
        ],
        "responses": _replies(row, version, schemas),
    }
    if row.takes is not None:
        partial = row.behaviour is Behaviour.PATCH
        schema = schemas.patch_of(row.takes) if partial else schemas.of(row.takes)
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": schema}},
        }
    return operation


def _operation_id(row: Endpoint) -> str:
    side = row.interface.lower() if row.interface else "both"
    segments = (segment.strip("{}") for segment in row.segments)
    return "_".join((row.method.lower(), side, row.module.name, *segments))


def _key(name: str) -> Json:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _query(name: str, required: bool) -> Json:
    schema = ecma(msgspec.json.schema(_QUERY_TYPES.get(name, str)))
    return {"name": name, "in": "query", "required": required, "schema": schema}


def _replies(row: Endpoint, version: Version, schemas: _Schemas) -> Json:
    schema: Json = {"$ref": f"{_SCHEMAS}Envelope"}
    if row.gives is not None:
        data = schemas.of(row.gives)
        if row.gives_list:
            data = {"type": "array", "items": data}
        schema = {
            "allOf": [schema],
            "type": "object",
            "properties": {"data": data},
        }
    names = ["X-Request-ID", "X-Correlation-ID"] if version.message_ids else []
    if row.behaviour is Behaviour.LIST:
        names += ["Link", "X-Total-Count", "X-Limit"]
    if row.urls is UrlPlace.RESPONSE_HEADER:
        names += ["Location"]
    success = {
        "description": "Success, or an error of content: see status_code.",
        "headers": {name: {"$ref": f"#/components/headers/{name}"} for name in names},
        "content": {"application/json": {"schema": schema}},
    }
    creates = row.behaviour in (Behaviour.PUT, Behaviour.CREATE)
    return {
        "200": success,
        **({"201": {**success, "description": "The object is new."}} if creates else {}),
        **{code: {"$ref": f"#/components/responses/{code}"} for code in _ERRORS},
    }


_ERRORS: Mapping[str, str] = {
    "400": "The body is not JSON.",
    "401": "Unknown or missing credentials token.",
    "404": "No such object, or not the caller's.",
    "405": "The interface does not offer this method.",
    "429": "Too many requests; Retry-After says when to come back.",
}


def _responses() -> Json:
    schema = {"$ref": f"{_SCHEMAS}Envelope"}
    return {
        code: {"description": text, "content": {"application/json": {"schema": schema}}}
        for code, text in _ERRORS.items()
    }


def _envelope() -> Json:
    """OCPI 2.2.1 §transport, response format."""
    return {
        "title": "Envelope",
        "type": "object",
        "properties": {
            "data": {},
            "status_code": {"type": "integer", "examples": [1000, 2001]},
            "status_message": {"type": "string"},
            "timestamp": ecma(msgspec.json.schema(DateTime)),
        },
        "required": ["status_code", "timestamp"],
    }


def _header_parameter(name: str, text: str, length: int | None, required: bool) -> Json:
    schema: Json = {"type": "string"} if length is None else {"type": "string", "maxLength": length}
    return {
        "name": name, "in": "header", "required": required, "description": text, "schema": schema,
    }  # fmt: skip


def _parameters(version: Version) -> Json:
    told = {*(_MESSAGE_IDS if version.message_ids else ()),
            *(_ROUTING if version.routing_headers else ())}  # fmt: skip
    found = {
        "x_request_id": _header_parameter("X-Request-ID", "New for every request.", None, True),
        "x_correlation_id": _header_parameter(
            "X-Correlation-ID", "The same for all requests that belong together.", None, True
        ),
        "from_country_code": _header_parameter("OCPI-from-country-code", "Caller.", 2, True),
        "from_party_id": _header_parameter("OCPI-from-party-id", "Caller.", 3, True),
        "to_country_code": _header_parameter(
            "OCPI-to-country-code", "Who is called; absent in open routing.", 2, False
        ),
        "to_party_id": _header_parameter(
            "OCPI-to-party-id", "Who is called; absent in open routing.", 3, False
        ),
    }
    return {name: one for name, one in found.items() if name in told}


def _headers() -> Json:
    texts = {
        "X-Request-ID": "As in the request.",
        "X-Correlation-ID": "As in the request.",
        "Link": 'The next page, `<url>; rel="next"`; absent on the last one.',
        "Location": "Where the new object can be read.",
    }
    counts = {
        "X-Total-Count": "Objects on all pages.",
        "X-Limit": "The most objects that a page can have.",
    }
    return {
        **{n: {"description": t, "schema": {"type": "string"}} for n, t in texts.items()},
        **{n: {"description": t, "schema": {"type": "integer"}} for n, t in counts.items()},
    }


def _security(version: Version) -> Json:
    form = "Base64 of the credentials token" if version.base64_token else "the credentials token"
    return {
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
        "description": f"`Token ` and {form}.",
    }
