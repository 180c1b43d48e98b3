"""The operator API as an OpenAPI 3.1 document, derived from its rows and nothing else."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from voltroam.operator.faults import CONTENT_TYPE, ProblemDetails
from voltroam.operator.operation import KEYED, Operation
from voltroam.wire.openapi import ecma

Json = dict[str, Any]
_SCHEMAS = "#/components/schemas/"
_ALWAYS = {
    401: "No key, or none that is known and valid.",
    403: "The key's scope or its parties do not cover this.",
    422: "The request breaks a rule; `problems` lists where.",
    429: "Too many requests, or the node is overloaded; Retry-After says when to come back.",
}
_BODY = {
    400: "The body is no JSON.",
    413: "The body is too large.",
    415: "The body must be application/json.",
}
_ABSENT = "There is no such thing, or not for this key."
_PARTNER = "The partner could not be reached, or refused."
_KEYED_CONFLICT = "A request with this Idempotency-Key is being answered."


def openapi(operations: Sequence[Operation[Any]], url: str) -> Json:
    """Every operation, below the URL of the API."""
    schemas = _Schemas(operations)
    paths: dict[str, Json] = {}
    for one in operations:
        paths.setdefault(one.path, {})[one.method.lower()] = _operation(one, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "voltroam operator API",
            "version": "1",
            "description": "For the company's own people and systems. Every error is"
            " problem+json; lists are read by cursor; a POST may carry an Idempotency-Key.",
        },
        "servers": [{"url": url}],
        "security": [{"key": []}],
        "tags": [{"name": tag} for tag in dict.fromkeys(one.tag for one in operations)],
        "paths": paths,
        "components": {
            "schemas": schemas.components,
            "securitySchemes": {
                "key": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A key made with `voltroam key create`.",
                }
            },
        },
    }


def refusals(operation: Operation[Any]) -> dict[int, str]:
    """Every error status that an operation answers, with what it means."""
    found = dict(_ALWAYS)
    if operation.has_body:
        found |= _BODY | {408: "The body did not arrive in time."}
    if operation.parameters or operation.absent or operation.bulk:
        found[404] = _ABSENT
    if operation.fails:
        found[422] += f" Also: {operation.fails}."
    if operation.is_keyed:
        found[409] = _KEYED_CONFLICT
    if operation.conflicts:
        found[409] = " ".join(filter(None, (f"{operation.conflicts}.", found.get(409))))
    if operation.gone:
        found[410] = f"{operation.gone}."
    if operation.calls_partner:
        found[424] = _PARTNER
    return dict(sorted(found.items()))


class _Schemas:
    """The components of all bodies and queries, and a reference to each type."""

    def __init__(self, operations: Iterable[Operation[Any]]) -> None:
        shapes: list[Any] = [ProblemDetails]
        for one in operations:
            shapes += [
                it
                for it in (one.query, taken_by(one), given_by(one))
                if it is not None and it not in shapes
            ]
        found, components = msgspec.json.schema_components(shapes, ref_template=_SCHEMAS + "{name}")
        self._of = list(zip(shapes, found, strict=True))
        self.components: Json = {name: ecma(schema) for name, schema in sorted(components.items())}

    def of(self, shape: Any) -> Json:
        schema: Json = next(ecma(schema) for known, schema in self._of if known == shape)
        return schema

    def members(self, shape: type[msgspec.Struct]) -> list[tuple[str, Json, bool]]:
        """Name, schema and whether it is required of each member of a query."""
        whole = self.of(shape)
        name = whole.get("$ref", "").removeprefix(_SCHEMAS)
        whole = self.components.get(name, whole)
        needed = set(whole.get("required", ()))
        return [(it, schema, it in needed) for it, schema in whole.get("properties", {}).items()]


def taken_by(operation: Operation[Any]) -> Any:
    """The type that the document shows as the body."""
    return operation.shown_takes or operation.document or operation.takes


def given_by(operation: Operation[Any]) -> Any:
    """The type that the document shows as the answer."""
    return operation.shown or operation.gives


def _operation(one: Operation[Any], schemas: _Schemas) -> Json:
    told: Json = {
        "operationId": one.name,
        "tags": [one.tag],
        "summary": one.summary,
        "description": f"Scope `{one.scope}`.",
        "parameters": [
            *(_parameter(name, "path", {"type": "string"}, True) for name in one.parameters),
            *(_parameter(name, "query", schema, required)
              for name, schema, required in schemas.members(one.query)),
            *(_parameter(name, "header", {"type": "string"}, False) for name in one.headers),
            *([_idempotency_key()] if one.is_keyed else []),
        ],
        "responses": _responses(one, schemas),
    }  # fmt: skip
    body = taken_by(one)
    if body is not None:
        content = {"application/json": {"schema": schemas.of(body)}}
        told["requestBody"] = {"required": True, "content": content}
    return told


def _parameter(name: str, place: str, schema: Json, required: bool) -> Json:
    inner = [one for one in schema.get("anyOf", ()) if one != {"type": "null"}]
    if place == "query" and len(inner) == 1:  # a query says nothing by leaving it out
        schema = inner[0]
    return {"name": name, "in": place, "required": required, "schema": schema}


def _idempotency_key() -> Json:
    return {
        "name": KEYED,
        "in": "header",
        "required": False,
        "description": "The same request with the same key within 24 hours is done once.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
    }


def _responses(one: Operation[Any], schemas: _Schemas) -> Json:
    good: Json = {"description": "Done."}
    if one.gives is not None:
        good["content"] = {one.media: {"schema": schemas.of(given_by(one))}}
    problem = {CONTENT_TYPE: {"schema": schemas.of(ProblemDetails)}}
    status = 204 if one.gives is None else one.status
    found: Json = {str(status): good}
    if one.creates:
        found["201"] = {**good, "description": "Done; it is new."}
    for code, text in refusals(one).items():
        found[str(code)] = {"description": text, "content": problem}
    return found
