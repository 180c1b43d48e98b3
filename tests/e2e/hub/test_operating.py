"""What the people who run a hub see of it and change, while it runs: by command and `/metrics`."""

from typing import Any
from urllib.request import urlopen

from tests.e2e import documents as doc
from tests.e2e.hub.city import CPO, HUB, MSP, City, ask, ends, guest
from tests.e2e.mock_partner import refuses
from tests.e2e.nodes import wait_until


def push(city: City) -> tuple[int, str]:
    body = doc.location(CPO, doc.fresh("L"))
    asked = ask(city.cpo, "PUT", f"RECEIVER/locations/NL/CPO/{body['id']}", to=MSP, body=body)
    return asked.answer.code, asked.correlation


def test_the_trace_tells_what_became_of_a_call(city: City) -> None:
    code, flow = push(city)
    assert code == 1000
    wait_until(lambda: city.hub.run("trace", flow).code == 0, seconds=60, what="the trace")
    (hop,) = city.hub.json("trace", flow)
    assert (hop["caller"], hop["partner"], hop["receiver"]) == ("cpo", "msp", "DE/MSP")
    assert (hop["decision"], hop["row"], hop["code"]) == ("forward", "14", 1000)
    assert "asked" not in {name for name, value in hop.items() if value is not None}
    said = city.hub.run("trace", flow).out
    assert "cpo: PUT receiver/locations" in said
    assert "→ DE/MSP (msp)" in said


def test_the_trace_of_a_broadcast_tells_how_it_stands_with_each_receiver(city: City) -> None:
    """CORE-BCAST-12: the sender is not told of it, but whoever runs the hub is."""
    with guest(city, ("AT", "REF", "EMSP")) as refusing:
        refusing.http.on("PUT", "/r/locations/", refuses(2001, message="too far away"))
        body = doc.location(CPO, doc.fresh("L"))
        path = f"RECEIVER/locations/NL/CPO/{body['id']}"
        asked = ask(city.cpo, "PUT", path, to=HUB, body=body)
        assert asked.answer.code == 1000

        def stand() -> dict[str, dict[str, Any]]:
            if city.hub.run("trace", asked.correlation).code:
                return {}
            (hop,) = city.hub.json("trace", asked.correlation)
            return {it["partner"]: it for it in hop["copies"]}

        def settled() -> bool:
            return {it["state"] for it in stand().values()} == {"delivered", "parked"}

        wait_until(settled, seconds=60, every=0.3, what="all copies dealt with")
        found = stand()
        refused = found[refusing.name]
        assert (refused["state"], refused["code"]) == ("parked", 2001)
        assert {name for name, it in found.items() if it["state"] == "delivered"} == {
            "msp", "many", "second", "others", "far",
        }  # fmt: skip
        said = city.hub.run("trace", asked.correlation).out
        assert "too far away" in said
        assert body["id"] not in said


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
        wait_until(lambda: push(city)[0] == 4001, seconds=60, what="a refusal")
        assert explained() == ("refuse", "stop")
        city.hub.json("hub", "agreements", "resume", "stop")
        wait_until(lambda: push(city)[0] == 1000, seconds=60, what="a forward")
    finally:
        city.hub.json("hub", "agreements", "remove", "stop")


def test_an_agreement_begins_and_ends_by_itself(city: City) -> None:
    """CORE-HUB-11: its days are obeyed while the hub runs, by calls and by what is shared."""
    party = ("AT", "DAY")
    with guest(city, (*party, "EMSP")) as guest_of_days:
        body = doc.location(CPO, doc.fresh("L"))
        path = f"RECEIVER/locations/NL/CPO/{body['id']}"

        def reached() -> bool:
            return ask(city.cpo, "PUT", path, to=party, body=body).answer.code == 1000

        def copied() -> bool:
            asked = guest_of_days.http.recorded
            return any(ends(it.headers)[1] == HUB and body["id"] in it.target for it in asked)

        def days(*words: str) -> None:
            sides = ("NL/CPO/CPO", "AT/DAY/EMSP", "--id", "days")
            city.hub.json("hub", "agreements", "add", *sides, *words)

        city.hub.json("hub", "agreements", "add", "NL/CPO", "AT/DAY", "--forbid", "--id", "never")
        wait_until(lambda: not reached(), seconds=60, every=0.2, what="the time before")
        begin = doc.moment(1.5)
        days("--since", begin)
        try:
            assert ask(city.cpo, "PUT", path, to=HUB, body=body).answer.code == 1000
            wait_until(reached, seconds=60, every=0.2, what="the beginning")
            assert doc.moment() >= begin
            wait_until(copied, seconds=60, what="the copy")
            end = doc.moment(1.5)
            days("--since", begin, "--until", end)
            wait_until(lambda: not reached(), seconds=60, every=0.2, what="the end")
            assert doc.moment() >= end
            held = ("locations", *CPO, body["id"])
            wait_until(
                lambda: guest_of_days.held[held]["evses"][0]["status"] == "REMOVED", seconds=60,
                what="the location taken back",
            )  # fmt: skip
        finally:
            for name in ("never", "days"):
                city.hub.json("hub", "agreements", "remove", name)


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
