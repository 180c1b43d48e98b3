"""Every kind of object is written, read and listed in the same way."""

from typing import Any

import pytest
from tests.counts import BOTH
from tests.e2e.documents import cdr, location, session, tariff, token
from tests.operator.conftest import Desk, Open
from tests.roaming.company import role

from voltroam.standard.v2_2_1 import Role

pytestmark = pytest.mark.parametrize("database", BOTH, indirect=True)
"""They are about what the store finds."""

CPO, EMSP = ("NL", "AAA"), ("DE", "MSP")


async def both(opened: Open) -> Desk:
    """One company in both roles."""
    return await opened("both.example", role("NL/AAA", Role.CPO), role("DE/MSP", Role.EMSP))


def made(kind: str, name: str) -> dict[str, Any]:
    return {
        "locations": lambda: location(CPO, name),
        "tariffs": lambda: tariff(CPO, name),
        "tokens": lambda: token(EMSP, name),
        "sessions": lambda: session(CPO, name, EMSP),
        "cdrs": lambda: cdr(CPO, name, EMSP),
    }[kind]()


KINDS = {
    "locations": "NL/AAA", "tariffs": "NL/AAA", "tokens": "DE/MSP", "sessions": "NL/AAA",
    "cdrs": "NL/AAA",
}  # fmt: skip


@pytest.mark.operations(
    "put_location", "get_location", "get_location_facts", "put_tariff", "get_tariff",
    "get_tariff_facts", "put_token", "get_token", "get_token_facts", "put_session", "get_session",
    "get_session_facts", "put_cdr", "get_cdr", "get_cdr_facts",
)  # fmt: skip
async def test_one_of_each_kind_is_put_and_read_with_its_facts(opened: Open) -> None:
    desk = await both(opened)
    for kind, owner in KINDS.items():
        document = made(kind, "X1")
        told = await desk.ask("PUT", f"/{kind}/{owner}/X1?lenient=true", document, scope="operate")
        assert (told.status, told.json) == (201, document), kind
        assert (await desk.ask("GET", f"/{kind}/{owner}/x1")).json == document
        facts = (await desk.ask("GET", f"/{kind}/{owner}/X1/facts")).json
        assert (facts["kind"], facts["owner"], facts["id"]) == (kind, owner, "X1")
        assert (facts["own"], facts["revision"], facts["delivery"]) == (True, 1, [])


@pytest.mark.operations(
    "put_locations", "list_locations", "put_tariffs", "list_tariffs", "put_tokens", "list_tokens",
    "put_sessions", "list_sessions", "put_cdrs", "list_cdrs",
)  # fmt: skip
async def test_many_of_each_kind_are_put_and_listed(opened: Open) -> None:
    desk = await both(opened)
    for kind, owner in KINDS.items():
        documents = [made(kind, f"X{n}") for n in range(3)]
        body = {"items": [*documents, {"id": "broken"}]}
        told = (await desk.ask("PUT", f"/{kind}?lenient=true", body)).json
        assert (told["accepted"], told["refused"]) == (3, 1), kind
        listed = (await desk.ask("GET", f"/{kind}?owner={owner}", scope="operate")).json
        assert listed == {"items": documents, "next": None}
        assert (await desk.ask("GET", f"/{kind}?owner=FR/XXX")).json["items"] == []


@pytest.mark.operations("replace_locations", "replace_tariffs", "replace_tokens")
async def test_a_full_set_ends_what_is_not_in_it_in_the_way_of_its_kind(opened: Open) -> None:
    desk = await both(opened)
    for kind in ("locations", "tariffs", "tokens"):
        owner = KINDS[kind]
        for names in (("X1", "X2"), ("X2", "X3")):
            body = {"items": [made(kind, name) for name in names]}
            done = await desk.ask("PUT", f"/{kind}/{owner}", body)
            assert done.status == 200, done.body
        assert (done.json["added"], done.json["removed"]) == (["X3"], ["X1"]), kind
    ended = (await desk.ask("GET", "/locations/NL/AAA/X1")).json
    assert [one["status"] for one in ended["evses"]] == ["REMOVED"]
    assert (await desk.ask("GET", "/tariffs/NL/AAA/X1")).status == 404
    assert (await desk.ask("GET", "/tokens/DE/MSP/X1")).json["valid"] is False
