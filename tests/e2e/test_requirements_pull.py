"""What the node fetches from its partners, whatever they answer."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from tests.e2e import documents as doc
from tests.e2e import mock_http
from tests.e2e.mock_partner import MockPartner, endless_links, same_link, shrinking_totals
from tests.e2e.nodes import Ran
from tests.e2e.stage import NODE, Stage, joined


class Source:
    """A CPO of its own, and the name that the node calls it by."""

    def __init__(self, stage: Stage, partner: MockPartner, name: str) -> None:
        self.stage = stage
        self.partner = partner
        self.name = name
        self.before: dict[str, set[str]] = {}

    @property
    def party(self) -> tuple[str, str]:
        return self.partner.party

    def pull(self, *flags: str, module: str = "locations") -> Ran:
        return self.stage.node.run("pull", module, "--partner", self.name, *flags, "--json")

    def all(self, module: str) -> dict[str, Any]:
        """What the node holds of this party, by id."""
        return {
            item["id"]: item
            for item in self.stage.node.export(module)
            if (item["country_code"], item["party_id"]) == self.party
        }

    def held(self, module: str = "locations") -> dict[str, Any]:
        """The same without what was there before this test."""
        before = self.before.get(module, set())
        return {name: item for name, item in self.all(module).items() if name not in before}


@pytest.fixture(scope="module")
def registered(stage: Stage) -> Iterator[Source]:
    """Unregistered afterwards."""
    party = doc.fresh("")[-3:].rjust(3, "Q")
    with MockPartner(("ES", party, "CPO"), name="Source " + party) as made:
        joined(stage.node, made, name := doc.fresh("source"))
        yield Source(stage, made, name)
        stage.node.run("partner", "remove", name)


@pytest.fixture
def source(registered: Source) -> Iterator[Source]:
    """What the node held of it before is known and left out; it behaves well after each test."""
    registered.before = {module: set(registered.all(module)) for module in ("locations", "tariffs")}
    yield registered
    registered.partner.http.behave()
    registered.partner.page = 50


def locations(source: Source, count: int, **changes: Any) -> list[Any]:
    return [doc.location(source.party, doc.fresh("R"), **changes) for _ in range(count)]


def test_all_pages_are_read_by_their_links(source: Source) -> None:
    """CORE-PAG-21, CORE-PAG-22, GEN-PAGE-06: small pages are no end of the list."""
    source.partner.page = 2
    source.partner.objects["locations"] = locations(source, 5)
    assert source.pull("--full").json == {"received": 5, "refused": 0}
    assert list(source.held().values()) == source.partner.objects["locations"]


def test_good_objects_beside_bad_ones_are_kept(source: Source) -> None:
    """CORE-HTTP-18, CORE-TYPE-18, GEN-PAGE-06: the others are set aside with the reason."""
    good = locations(source, 2)
    broken, unknown = locations(source, 2)
    del broken["coordinates"]
    unknown["evses"][0]["status"] = "EXPLODED"
    source.partner.objects["locations"] = [good[0], broken, unknown, good[1]]
    ran = source.pull("--full")
    assert ran.json["received"] == 2
    assert ran.json["refused"] == 2
    assert list(source.held().values()) == good
    quarantine = str(source.stage.node.json("quarantine", "list"))
    assert broken["id"] in quarantine
    assert unknown["id"] in quarantine


@pytest.mark.parametrize(
    "fault",
    [
        mock_http.status(500),
        mock_http.status(401, b"{}"),
        mock_http.status(404),
        mock_http.text(b'{"data": ['),
        mock_http.text(b"[]"),
        mock_http.text(b"<html>not today</html>"),
        mock_http.document({"status_code": 1000, "data": {"id": "x"}}),
        mock_http.document({"status_code": 2001, "timestamp": "2026-01-01T00:00:00Z"}),
        mock_http.reset(),
        mock_http.redirect("http://10.0.0.1/"),
        mock_http.redirect("http://169.254.169.254/latest"),
        mock_http.huge(100_000_000),
        mock_http.endless_body(),
    ],
)
def test_a_faulty_list_changes_nothing_and_is_told(source: Source, fault: mock_http.Fault) -> None:
    """CORE-HTTP-19, CORE-HTTP-12"""
    source.partner.objects["locations"] = locations(source, 2)
    assert source.pull("--full").code == 0
    before = source.held()
    source.partner.http.on("GET", "/s/locations", fault)
    begin = time.monotonic()
    ran = source.pull("--full")
    assert ran.code != 0
    assert "Traceback" not in ran.err
    assert time.monotonic() - begin < 60
    assert source.held() == before


@pytest.mark.parametrize("fault", [endless_links(), same_link()])
def test_endless_links_end(source: Source, fault: mock_http.Fault) -> None:
    """CORE-PAG-25"""
    source.partner.objects["locations"] = locations(source, 3)
    source.partner.http.on("GET", "/s/locations", fault)
    begin = time.monotonic()
    source.pull("--full")
    assert time.monotonic() - begin < 60
    assert len(source.held()) in (0, 3)


def test_a_link_to_another_host_is_not_followed_with_our_token(source: Source) -> None:
    """CORE-PAG-25"""
    with MockPartner(("ES", "EVL", "CPO")) as evil:
        source.partner.objects["locations"] = locations(source, 1)

        async def fault(request: mock_http.Recorded, answer: mock_http.Answer) -> mock_http.Reply:
            reply = await answer(request)
            url = f"http://localhost:{evil.http.port}/steal"
            reply.headers["Link"] = f'<{url}>; rel="next"'
            return reply

        source.partner.http.on("GET", "/s/locations", fault)
        source.pull("--full")
        token = next(iter(source.partner.tokens))
        assert not [r for r in evil.http.recorded if token in str(r.headers)]


def test_nothing_is_missed_when_the_list_shrinks_meanwhile(source: Source) -> None:
    """CORE-PAG-23: the page is asked for again further to the front."""
    source.partner.page = 2
    listed = source.partner.objects["locations"] = locations(source, 5)
    ids = [item["id"] for item in listed]

    async def fault(request: mock_http.Recorded, answer: mock_http.Answer) -> mock_http.Reply:
        reply = await answer(request)
        del listed[0]
        return reply

    source.partner.http.on("GET", "/s/locations", fault, times=1)
    assert source.pull("--full").code == 0
    assert set(source.held()) >= set(ids[1:])


def test_totals_that_lie_do_no_harm(source: Source) -> None:
    """CORE-PAG-23, CORE-PAG-24"""
    source.partner.page = 2
    source.partner.objects["locations"] = locations(source, 5)
    source.partner.http.on("GET", "/s/locations", shrinking_totals())
    begin = time.monotonic()
    source.pull("--full")
    assert time.monotonic() - begin < 60
    source.partner.http.behave()
    assert source.pull("--full").code == 0
    assert len(source.held()) == 5


def test_the_owner_is_read_from_the_object(source: Source, stage: Stage) -> None:
    """CORE-COO-10, CORE-ALL-07"""
    first, other = source.party[1], "2" if source.party[1][-1] != "2" else "3"
    second = ("ES", first[:2] + other)
    source.partner.roles.append((*second, "CPO"))
    assert stage.node.run("partner", "rotate", source.name).code == 0
    name = doc.fresh("R")
    source.partner.objects["locations"] = [
        doc.location(source.party, name, city="One"),
        doc.location(second, name, city="Two"),
    ]
    assert source.pull("--full").code == 0
    held = {o["party_id"]: o["city"] for o in stage.node.export("locations") if o["id"] == name}
    assert held == {first: "One", second[1]: "Two"}
    source.partner.roles.pop()
    source.partner.objects["locations"].pop()
    assert stage.node.run("partner", "rotate", source.name).code == 0


def test_objects_of_strangers_are_left_out(source: Source) -> None:
    """CORE-COO-11, GEN-OWN-06"""
    good = locations(source, 1)
    stranger = doc.location(("ZZ", "ZZZ"), doc.fresh("R"))
    source.partner.objects["locations"] = [*good, stranger]
    source.pull("--full")
    assert list(source.held().values()) == good
    assert source.stage.held("locations", stranger["id"]) is None


def test_a_full_pull_ends_what_is_gone_and_a_delta_does_not(source: Source) -> None:
    """LOC-LIST-05, LOC-LIST-06, TAR-FLOW-05, TOK-FLOW-05"""
    tariffs = [doc.tariff(source.party, doc.fresh("R")) for _ in range(10)]
    source.partner.objects["tariffs"] = list(tariffs)
    assert source.pull("--full", module="tariffs").json["received"] == 10
    source.partner.objects["tariffs"] = tariffs[1:]
    source.pull(module="tariffs")
    assert len(source.held("tariffs")) == 10
    source.pull("--full", module="tariffs")
    assert list(source.held("tariffs")) == [tariff["id"] for tariff in tariffs[1:]]


def test_an_interrupted_full_pull_ends_nothing(source: Source) -> None:
    """LOC-LIST-05: only after its last page."""
    tariffs = [doc.tariff(source.party, doc.fresh("R")) for _ in range(6)]
    source.partner.page = 2
    source.partner.objects["tariffs"] = list(tariffs)
    source.pull("--full", module="tariffs")
    source.partner.objects["tariffs"] = tariffs[1:]
    source.partner.http.on("GET", "offset=2", mock_http.status(500))
    assert source.pull("--full", module="tariffs").code != 0
    assert len(source.held("tariffs")) == 6


def test_a_pull_by_date_starts_before_the_newest_time_seen(source: Source) -> None:
    """CORE-OFF-02, CORE-HTTP-20"""
    source.partner.objects["locations"] = locations(source, 2, last_updated="2026-05-01T12:00:00Z")
    source.pull("--full")
    source.partner.http.forget()
    source.pull()
    asked = [r for r in source.partner.http.recorded if "/s/locations" in r.path]
    assert asked[0].query["date_from"].startswith("2026-05-01T11:")


def test_a_received_object_is_pulled_as_it_was(source: Source) -> None:
    """CORE-TYPE-03, CORE-TYPE-11: unknown members, spelling and numbers."""
    body = doc.location(
        source.party, doc.fresh("R"), name="Žižkov 🚗", x_new={"deep": [1, 2.50, None]}
    )
    source.partner.objects["locations"] = [body]
    source.pull("--full")
    assert source.held()[body["id"]] == body


def test_a_missing_operator_and_defaults_are_not_invented(source: Source) -> None:
    """What was left out stays left out; the reader knows the default."""
    body = doc.location(source.party, doc.fresh("R"))
    source.partner.objects["locations"] = [body]
    source.pull("--full")
    assert source.held()[body["id"]] == body
    assert NODE not in [(body["country_code"], body["party_id"])]
