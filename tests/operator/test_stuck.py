"""What does not get through: parked objects, CDRs that wait for a person, the quarantine."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from tests.e2e.documents import cdr, location
from tests.operator.conftest import Desk, deliver
from tests.roaming.company import Clock, Network, token_of

from voltroam.wire.call import Request, Response

AAA, MSP = ("NL", "AAA"), ("DE", "MSP")
EMSP = "emsp.example"
REFUSAL = {"status_code": 2001, "status_message": "No.", "timestamp": "2026-11-22T12:00:00Z"}


def answering(
    network: Network, host: str, met: Callable[[Request], bool], data: Any = None
) -> Callable[[], None]:
    """These are answered with that, or refused, until what is given back is called."""
    serve = network.hosts[host]
    envelope = REFUSAL if data is None else REFUSAL | {"status_code": 1000, "data": data}
    body = json.dumps(envelope).encode()

    async def answer(request: Request) -> Response:
        if met(request):
            return Response(200, {"content-type": "application/json"}, body)
        return await serve(request)

    network.hosts[host] = answer

    def end() -> None:
        network.hosts[host] = serve

    return end


async def ledger(desk: Desk) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await desk.ask("GET", f"/partners/{EMSP}/cdrs")).json["items"]
    return items


async def delivering(desk: Desk, met: Callable[[], Any]) -> None:
    """Until that is so, which is asked of the API."""
    running = asyncio.create_task(desk.delivery.run())
    async with asyncio.timeout(60):
        while not (await desk.delivery.at_rest() and await met()):
            await asyncio.sleep(0.02)
    await desk.delivery.stop()
    await running


@pytest.mark.operations("list_parked", "retry_parked")
async def test_what_a_partner_refuses_is_parked_and_goes_again(
    met: Desk, emsp: Desk, network: Network, clock: Clock
) -> None:
    end = answering(
        network, EMSP, lambda it: it.method in ("PUT", "PATCH") and "locations" in it.url
    )
    await met.ask("PUT", "/locations/NL/AAA/L1", location(AAA, "L1"))
    at = f"/partners/{EMSP}/parked"

    async def parked() -> Any:
        clock.forward(30)
        return (await met.ask("GET", at, scope="read")).json["items"]

    await delivering(met, parked)
    (one,) = await parked()
    assert (one["partner"], one["object"]) == (EMSP, "locations/NL/AAA/L1")
    assert (one["state"], one["code"], one["http"]) == ("parked", 2001, 200)
    assert (await met.ask("GET", at, parties=("NL/BBB", "DE/MSP"))).json["items"] == []
    end()
    told = await met.ask("POST", f"{at}/retry", scope="operate")
    assert (told.status, told.json) == (200, {"count": 1})
    await deliver(met)
    assert (await met.ask("GET", at)).json["items"] == []
    assert (await emsp.ask("GET", "/locations/NL/AAA/L1")).status == 200


@pytest.mark.operations("list_cdr_ledger", "retry_cdr")
async def test_a_cdr_that_was_refused_is_sent_again_when_a_person_says_so(
    met: Desk, network: Network, clock: Clock
) -> None:
    end = answering(network, EMSP, lambda it: it.method == "POST" and "cdrs" in it.url)
    told = await met.ask("PUT", "/cdrs/NL/AAA/C1?lenient=true", cdr(AAA, "C1", MSP))
    assert told.status == 201, told.body

    async def refused() -> Any:
        clock.forward(30)
        return [one for one in await ledger(met) if one["state"] == "REFUSED"]

    await delivering(met, refused)
    (one,) = await ledger(met)
    assert (one["object"], one["code"]) == ("cdrs/NL/AAA/C1", 2001)
    end()
    at = f"/partners/{EMSP}/cdrs/NL/AAA/C1/retry"
    assert (await met.ask("POST", at, parties=("NL/BBB", "DE/MSP"))).status == 404
    assert (await met.ask("POST", at, scope="operate")).status == 204

    async def accepted() -> bool:
        return [one["state"] for one in await ledger(met)] == ["ACCEPTED"]

    await delivering(met, accepted)
    assert (await met.ask("POST", at)).status == 409


@pytest.mark.operations(
    "list_quarantine", "get_quarantined", "retry_quarantined", "retry_quarantine"
)
async def test_what_cannot_be_used_is_kept_with_its_reasons(
    met: Desk, emsp: Desk, network: Network
) -> None:
    broken = location(AAA, "L1") | {"evses": "none"}
    answering(network, "cpo.example", lambda it: "sender/locations" in it.url, [broken])
    pulled = await emsp.ask("POST", "/partners/cpo.example/pull", {"module": "locations"})
    assert pulled.status == 200
    assert pulled.json["refused"] > 0
    listed = (await emsp.ask("GET", "/quarantine", scope="read")).json["items"]
    assert [(one["partner"], one["module"]) for one in listed] == [("cpo.example", "locations")]
    assert listed[0]["problems"][0]["path"] == "$.evses"
    at = f"/quarantine/{listed[0]['id']}"
    shown = (await emsp.ask("GET", at, scope="operate")).json
    assert shown["document"]["evses"] == "none"
    assert (await emsp.ask("GET", at, scope="read")).status == 403
    assert (await emsp.ask("GET", at, parties=("DE/MSP",))).status == 404
    for path in (f"{at}/retry", "/quarantine/retry"):
        told2 = await emsp.ask("POST", path, scope="operate")
        assert (told2.status, told2.json) == (200, {"accepted": 0, "refused": 1})


@pytest.mark.operations("resync_partner", "rotate_partner", "pull_from_partner")
async def test_a_partner_gets_all_anew_and_new_tokens(
    met: Desk, emsp: Desk, network: Network
) -> None:
    await met.ask("PUT", "/locations/NL/AAA/L1", location(AAA, "L1"))
    await deliver(met)
    before = len(network.sent("PUT", "receiver/locations"))
    assert (await met.ask("POST", f"/partners/{EMSP}/resync")).json["name"] == EMSP
    await deliver(met)
    assert len(network.sent("PUT", "receiver/locations")) > before
    old = token_of(met.company, await met.company.partner(EMSP))
    assert (await met.ask("POST", f"/partners/{EMSP}/rotate")).status == 200
    assert token_of(met.company, await met.company.partner(EMSP)) != old
    told = await emsp.ask(
        "POST", "/partners/cpo.example/pull", {"module": "locations", "full": True}
    )
    assert (told.status, told.json["received"]) == (200, 1)
