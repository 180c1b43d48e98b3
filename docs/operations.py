"""The page of the operator API, from its rows; `generate.py` writes it."""

from collections.abc import Iterator
from typing import Any

from voltroam.operator.faults import TITLES
from voltroam.operator.openapi import given_by, refusals, taken_by
from voltroam.operator.operation import Operation
from voltroam.operator.operations import OPERATIONS
from voltroam.operator.page import name_of


def operations(notice: str) -> Iterator[str]:
    yield notice
    yield "# Operator API"
    yield ""
    yield "Paths are below `<url of the node>/operator/v1`. A running node has the same as OpenAPI"
    yield "3.1 at `/operator/v1/openapi.json`, with every member of every body, and as a page for"
    yield "people at `/operator/`. How to use it: [howto](../howto/operator-api.md)."
    yield ""
    yield "Every operation may answer 401, 403, 422 and 429, one with a body 400, 408, 413 and 415."
    yield "Errors are `application/problem+json`; the `type` is `urn:voltroam:problem:` and one of:"
    yield ""
    yield "| Problem | HTTP | Meaning |"
    yield "|---|---|---|"
    for name, (status, title) in TITLES.items():
        yield f"| `{name}` | {status} | {title} |"
    for tag in dict.fromkeys(one.tag for one in OPERATIONS):
        yield ""
        yield f"## {tag}"
        yield ""
        yield "| Operation | Scope | What | Query | Body | Answer | Also |"
        yield "|---|---|---|---|---|---|---|"
        for one in OPERATIONS:
            if one.tag == tag:
                yield _row(one)


def _row(one: Operation[Any]) -> str:
    body, answer = taken_by(one), given_by(one)
    others = [str(code) for code in refusals(one) if code in (404, 409, 410, 424)]
    status = 204 if answer is None else one.status
    cells = (
        f"`{one.method} {one.path}`<br>{one.name}",
        one.scope.value,
        one.summary,
        ", ".join((*one.query.__struct_fields__, *one.headers)),
        f"`{name_of(body)}`" if body is not None else "",
        f"{status}" + ("" if answer is None else f" `{_answer(one)}`"),
        ", ".join(others),
    )
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"


def _answer(one: Operation[Any]) -> str:
    return one.media if one.is_stream else name_of(given_by(one))
