"""What the people who run a hub see of it and change, while it runs: by command and `/metrics`."""

from urllib.request import urlopen

from tests.e2e import documents as doc
from tests.e2e.hub.city import CPO, MSP, City, ask
from tests.e2e.nodes import wait_until


def push(city: City) -> tuple[int, str]:
    body = doc.location(CPO, doc.fresh("L"))
    asked = ask(city.cpo, "PUT", f"RECEIVER/locations/NL/CPO/{body['id']}", to=MSP, body=body)
    return asked.answer.code, asked.correlation


def test_the_trace_tells_what_became_of_a_call(city: City) -> None:
    code, flow = push(city)
    assert code == 1000
    wait_until(lambda: city.hub.run("trace", flow).code == 0, seconds=30, what="the trace")
    (hop,) = city.hub.json("trace", flow)
    assert (hop["caller"], hop["partner"], hop["receiver"]) == ("cpo", "msp", "DE/MSP")
    assert (hop["decision"], hop["row"], hop["code"]) == ("forward", "14", 1000)
    assert "asked" not in {name for name, value in hop.items() if value is not None}
    said = city.hub.run("trace", flow).out
    assert "cpo: PUT receiver/locations" in said
    assert "→ DE/MSP (msp)" in said


def test_an_agreement_that_is_suspended_stops_calls_within_a_second(city: City) -> None:
    """CORE-HUB-11: and what was explained beforehand is what happens."""
    city.hub.json(
        "hub", "agreements", "add", "NL/CPO", "DE/MSP", "--module", "locations", "--id", "stop"
    )

    def explained() -> tuple[str, str]:
        found = city.hub.json("hub", "routes", "NL/CPO", "DE/MSP", "--module", "locations")
        (put,) = [it for it in found if it["call"] == "PUT locations/RECEIVER put"]
        return put["decision"], put["agreement"]

    try:
        assert push(city)[0] == 1000
        assert explained() == ("forward", "stop")
        city.hub.json("hub", "agreements", "suspend", "stop")
        wait_until(lambda: push(city)[0] == 4001, seconds=30, what="a refusal")
        assert explained() == ("refuse", "stop")
        city.hub.json("hub", "agreements", "resume", "stop")
        wait_until(lambda: push(city)[0] == 1000, seconds=30, what="a forward")
    finally:
        city.hub.json("hub", "agreements", "remove", "stop")


def test_parties_health_and_figures(city: City) -> None:
    assert push(city)[0] == 1000
    parties = {(it["party"], it["role"]): it for it in city.hub.json("hub", "parties")}
    assert parties["NL/CPO", "CPO"]["partner"] == "cpo"
    assert parties["SE/FAR", "EMSP"]["behind"] == "SE/HUB"

    def counted() -> bool:
        found = {it["partner"]: it for it in city.hub.json("hub", "health")}
        return bool(found["msp"]["calls"]) and 0 <= found["msp"]["score"] <= 100

    wait_until(counted, seconds=60, what="counts of calls")
    names = (
        'voltroam_hub_decisions_total{decision="forward"}',
        'voltroam_hub_forward_seconds_count{part="there"}',
        "voltroam_hub_backlog ",
        "voltroam_hub_score{",
    )
    wait_until(lambda: all(name in figures(city) for name in names), seconds=60, what="figures")


def figures(city: City) -> str:
    with urlopen(f"{city.hub.url}/metrics") as answer:
        found: str = answer.read().decode()
        return found
