"""The running API against its own document: no 5xx, no answer that it does not describe."""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
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


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A CPO and eMSP in one, with something of each kind, and a partner that was invited."""
    folder = tmp_path_factory.mktemp("api") / "node"
    made = make_node(folder, "NL/NOD/CPO", "DE/MOV/EMSP", name="node")
    cpo, emsp = ("NL", "NOD"), ("DE", "MOV")
    made.load("locations", [location(cpo, f"LOC{n}") for n in range(3)])
    made.load("tariffs", [tariff(cpo, "T1")])
    made.load("tokens", [token(emsp, "04A1B2C3")])
    made.json("partner", "invite", "movia")
    yield made.serve()
    made.kill()


@pytest.fixture(scope="module")
def secret(node: Served) -> str:
    return str(node.json("key", "create", "fuzz", "--scope", "admin")["secret"])


@pytest.fixture(scope="module")
def api(node: Served, secret: str) -> Any:
    url = f"{node.url}/operator/v1/openapi.json"
    return schemathesis.openapi.from_url(url)


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
            marks=pytest.mark.soak(f"{FULL} requests to each of {len(NAMES[piece::PIECES])}"),
        )
        for piece in range(PIECES)
    ],
)
def test_every_answer_of_the_operator_api_is_as_documented(
    names: list[str], api: Any, secret: str
) -> None:
    for name in names:
        try_out(api.find_operation_by_id(name), secret)


def try_out(operation: Any, secret: str) -> None:
    """Sound and broken requests to one operation."""

    @settings(
        max_examples=times(4, full=FULL),
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
