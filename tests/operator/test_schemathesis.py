"""The running API against its own document: no 5xx, no answer that it does not describe."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.errors import OperationNotFound
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from tests.counts import times
from tests.e2e.documents import location, tariff, token
from tests.e2e.nodes import Served, make_node

from voltroam.operator.operations import OPERATIONS

CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
)


class Api(NamedTuple):
    """One node's own document, and a key to all of it."""

    document: Any
    secret: str

    @classmethod
    def of(cls, node: Served) -> "Api":
        url = f"{node.url}/operator/v1/openapi.json"
        secret = node.json("key", "create", "fuzz", "--scope", "admin")["secret"]
        return cls(schemathesis.openapi.from_url(url), secret)

    def find(self, name: str) -> Any:
        try:
            return self.document.find_operation_by_id(name)
        except OperationNotFound:
            return None


def company(folder: Path) -> Served:
    """A CPO and eMSP in one that speaks 2.3.0 too, with something of each kind, and a partner that
    was invited."""
    made = make_node(folder, "NL/NOD/CPO", "DE/MOV/EMSP", name="node")
    made.environment["VOLTROAM_VERSIONS"] = "2.2.1,2.3.0"
    cpo, emsp = ("NL", "NOD"), ("DE", "MOV")
    made.load("locations", [location(cpo, f"LOC{n}") for n in range(3)])
    made.load("tariffs", [tariff(cpo, "T1")])
    made.load("tokens", [token(emsp, "04A1B2C3")])
    made.json("partner", "invite", "movia")
    return made


@pytest.fixture(scope="module")
def apis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Api]]:
    """Together they have every operation."""
    folder = tmp_path_factory.mktemp("api")
    nodes = [company(folder / "node"), make_node(folder / "hub", "NL/HUB/HUB", name="hub")]
    try:
        yield [Api.of(node.serve()) for node in nodes]
    finally:
        for node in nodes:
            node.kill()


FULL = 25
"""Requests to each operation: what ends within a few minutes on a small machine."""
PIECES = 4
NAMES = [operation.name for operation in OPERATIONS if not operation.is_stream]
"""All but what has no end."""


@pytest.mark.parametrize(
    "names",
    [
        pytest.param(
            NAMES[piece::PIECES],
            id=f"part {piece + 1}",
            marks=pytest.mark.soak(f"{FULL} requests to each of {len(NAMES)} operations"),
        )
        for piece in range(PIECES)
    ],
)
def test_every_answer_of_the_operator_api_is_as_documented(
    names: list[str], apis: list[Api]
) -> None:
    for name in names:
        found = [(operation, api.secret) for api in apis if (operation := api.find(name))]
        assert found, f"no node serves {name}"
        try_out(*found[0])


def try_out(operation: Any, secret: str) -> None:
    """Sound and broken requests to one operation."""

    @settings(
        max_examples=times(2, full=FULL),
        derandomize=True,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(
        case=st.one_of(
            operation.as_strategy(),
            operation.as_strategy(generation_mode=GenerationMode.NEGATIVE),
        )
    )
    def ask(case: schemathesis.Case[Any]) -> None:
        response = case.call(headers={"authorization": f"Bearer {secret}"}, timeout=30)
        case.validate_response(response, checks=list(CHECKS))

    ask()
