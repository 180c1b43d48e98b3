"""Versions, details, credentials and registration on both sides of a real node."""

import threading
import time
from collections.abc import Iterator

import pytest
from tests.e2e import documents as doc
from tests.e2e import mock_http
from tests.e2e.mock_partner import MODULES, Answered, MockPartner, changed, refuses
from tests.e2e.nodes import Ran, wait_until
from tests.e2e.stage import NODE, Stage, guests, joined, joined_by_node, wait_for_push


@pytest.fixture(scope="module", autouse=True)
def only_guests(stage: Stage) -> Iterator[None]:
    with guests(stage.node):
        yield


@pytest.fixture
def newcomer() -> Iterator[MockPartner]:
    """A platform that is not registered yet, with a party of its own."""
    party = doc.fresh("")[-3:].rjust(3, "A")
    with MockPartner(("IT", party, "CPO"), ("IT", party, "EMSP"), name="New " + party) as made:
        yield made


def invite(stage: Stage) -> str:
    token = stage.node.json("partner", "invite", doc.fresh("new"))["token"]
    assert isinstance(token, str)
    return token


def register(stage: Stage, partner: MockPartner) -> Ran:
    """By the node."""
    return stage.node.run(
        "partner", "register", partner.versions_url, partner.invite(), "--name", doc.fresh("new"),
        "--json",
    )  # fmt: skip


def credentials_url(partner: MockPartner) -> str:
    assert partner.peer is not None
    return partner.peer.endpoints["credentials", "SENDER"]


def open_with(partner: MockPartner, token: str) -> int:
    """HTTP status of a list asked with this token."""
    url = partner.url("locations", "SENDER")
    return partner.send("GET", url, token=token, headers=partner.routing()).status


# --- versions and details ---


def test_versions_are_published_and_absolute(stage: Stage) -> None:
    """CORE-VER-01, CORE-VER-02, CORE-VER-03, CORE-VER-06, CORE-VER-22"""
    versions = stage.partner.send("GET", stage.node.versions_url).data
    for entry in versions:
        assert entry["version"] in {"2.1.1", "2.2.1", "2.3.0"}
        assert entry["url"].startswith("http")
        assert len(entry["url"]) <= 255
        details = stage.partner.send("GET", entry["url"])
        assert details.data["version"] == entry["version"]


def test_details_list_each_interface(stage: Stage) -> None:
    """CORE-VER-07, CORE-VER-08, CORE-VER-09, CORE-VER-11, CORE-VER-13, CORE-VER-17"""
    versions = stage.partner.send("GET", stage.node.versions_url).data
    endpoints = stage.partner.send("GET", versions[0]["url"]).data["endpoints"]
    pairs = [(e["identifier"], e["role"]) for e in endpoints]
    assert len(pairs) == len(set(pairs))
    assert ("credentials", "SENDER") in pairs
    assert ("credentials", "RECEIVER") not in pairs
    known = {*MODULES, "credentials", "commands", "chargingprofiles"}
    assert {identifier for identifier, _ in pairs} <= known
    for module in ("locations", "sessions", "cdrs", "tariffs", "tokens"):
        assert {role for identifier, role in pairs if identifier == module} == {
            "SENDER",
            "RECEIVER",
        }
    assert all(e["url"].startswith(stage.node.url) for e in endpoints)


# --- credentials ---


def test_get_gives_the_credentials_in_use(stage: Stage) -> None:
    """CORE-CRED-01, CORE-CRED-04, CORE-CRED-05, CORE-CRED-06, CORE-CRED-08, CORE-CRED-14"""
    assert stage.partner.peer is not None
    data = stage.partner.send("GET", credentials_url(stage.partner)).data
    assert data["token"] == stage.partner.peer.token
    assert data["url"] == stage.node.versions_url
    roles = [(r["role"], r["country_code"], r["party_id"]) for r in data["roles"]]
    assert sorted(roles) == [("CPO", *NODE), ("EMSP", *NODE)]
    assert all(r["business_details"]["name"] for r in data["roles"])


def test_the_receiver_calls_back_with_token_b_and_gives_token_c(
    stage: Stage, newcomer: MockPartner
) -> None:
    """CORE-REG-05, CORE-REG-06, CORE-REG-07, CORE-REG-10, CORE-CRED-10"""
    token_a = invite(stage)
    newcomer.prefix = "/odd/place"
    answer = newcomer.register(stage.node.versions_url, token_a)
    assert (answer.status, answer.code) == (200, 1000)
    called = [request.path for request in newcomer.http.recorded]
    assert called[:2] == ["/odd/place/versions", "/odd/place/2.2.1"]
    token_c = answer.data["token"]
    assert token_c not in (token_a, *newcomer.tokens)
    assert len(token_c) <= 64
    assert token_c.isascii()
    assert token_c.isprintable()
    assert " " not in token_c
    assert answer.data["url"] == stage.node.versions_url
    assert open_with(newcomer, token_c) == 200
    assert open_with(newcomer, token_a) == 401


def test_a_consumed_token_a_registers_nobody(stage: Stage, newcomer: MockPartner) -> None:
    """CORE-REG-08, CORE-REG-31"""
    token_a = invite(stage)
    assert newcomer.register(stage.node.versions_url, token_a).code == 1000
    body = newcomer.credentials("B-again")
    answer = newcomer.send("POST", credentials_url(newcomer), body=body, token=token_a)
    assert answer.status in (401, 405)


def test_methods_in_the_wrong_state_are_405(stage: Stage, newcomer: MockPartner) -> None:
    """CORE-REG-11, CORE-REG-12, CORE-REG-13"""
    token_a = invite(stage)
    url = credentials_url(stage.partner)
    body = newcomer.credentials("B-" + "1" * 30)
    assert newcomer.send("PUT", url, body=body, token=token_a).status == 405
    assert newcomer.send("DELETE", url, token=token_a).status == 405
    assert newcomer.register(stage.node.versions_url, token_a).code == 1000
    answer = newcomer.send("POST", url, body=newcomer.credentials("B-" + "2" * 30))
    assert answer.status == 405
    assert answer.code >= 2000


@pytest.mark.parametrize(
    ("path", "fault"),
    [
        ("/versions", mock_http.status(500)),
        ("/versions", mock_http.status(404)),
        ("/versions", mock_http.text(b"{")),
        ("/versions", mock_http.text(b"[]")),
        ("/versions", mock_http.document({"status_code": 1000, "data": {}})),
        (
            "/versions",
            refuses(3000),
        ),
        ("/versions", mock_http.reset()),
        ("/versions", mock_http.redirect("http://10.0.0.1/")),
        ("/versions", mock_http.huge(50_000_000)),
        ("/2.2.1", mock_http.status(500)),
        ("/2.2.1", mock_http.text(b"<html>")),
    ],
)
def test_a_failing_callback_is_3001_and_token_a_lives(
    stage: Stage, newcomer: MockPartner, path: str, fault: mock_http.Fault
) -> None:
    """CORE-REG-14, CORE-REG-18, CORE-STAT-09: HTTP 200, and a later try works."""
    token_a = invite(stage)
    rule = newcomer.http.on("GET", path + "$", fault)
    answer = newcomer.register(stage.node.versions_url, token_a)
    assert rule.used
    assert (answer.status, answer.code) == (200, 3001)
    newcomer.http.behave()
    assert newcomer.register(stage.node.versions_url, token_a).code == 1000


@pytest.mark.parametrize("fault", [mock_http.hang(), mock_http.endless_body()])
def test_a_callback_without_end_is_3001_before_the_caller_gives_up(
    stage: Stage, newcomer: MockPartner, fault: mock_http.Fault
) -> None:
    """CORE-REG-14, CORE-REG-32"""
    newcomer.http.on("GET", "/versions$", fault)
    begin = time.monotonic()
    answer = newcomer.register(stage.node.versions_url, invite(stage))
    assert (answer.status, answer.code) == (200, 3001)
    assert time.monotonic() - begin < 30


def test_no_common_version_is_3002(stage: Stage, newcomer: MockPartner) -> None:
    """CORE-REG-15, CORE-STAT-10"""
    newcomer.version_numbers = ["2.1.1"]
    answer = newcomer.register(stage.node.versions_url, invite(stage))
    assert (answer.status, answer.code) == (200, 3002)


@pytest.mark.parametrize(
    "change",
    [
        {"roles": []},
        {"roles": None},
        {"token": "t" * 65},
        {"token": ""},
        {"url": "https://example.com/" + "x" * 255},
        {"url": "ftp://127.0.0.1/versions"},
        {"url": "not a url"},
    ],
)
def test_faulty_credentials_are_refused_and_token_a_lives(
    stage: Stage, newcomer: MockPartner, change: doc.Json
) -> None:
    """CORE-CRED-01, CORE-CRED-02, CORE-CRED-03, CORE-RESP-13, CORE-TYPE-15"""
    token_a, url = invite(stage), credentials_url(stage.partner)
    body = newcomer.credentials("B-" + "3" * 30) | change
    answer = newcomer.send("POST", url, body=body, token=token_a)
    assert answer.status == 200
    assert answer.code in (2001, 3001)
    assert newcomer.register(stage.node.versions_url, token_a).code == 1000


@pytest.mark.parametrize(
    "change",
    [
        {"role": "cpo"},
        {"role": "BOSS"},
        {"party_id": "ABCD"},
        {"country_code": "ITA"},
        {"business_details": {}},
        {"business_details": None},
    ],
)
def test_faulty_roles_are_2001(stage: Stage, newcomer: MockPartner, change: doc.Json) -> None:
    """CORE-CRED-05, CORE-CRED-06, CORE-CRED-07"""
    body = newcomer.credentials("B-" + "4" * 30)
    body["roles"][0] |= change
    answer = newcomer.send("POST", credentials_url(stage.partner), body=body, token=invite(stage))
    assert (answer.status, answer.code) == (200, 2001)


def test_the_same_role_twice_is_refused_and_several_parties_are_not(
    stage: Stage, newcomer: MockPartner
) -> None:
    """CORE-CRED-08, CORE-CRED-09, CORE-TOPO-02"""
    once = newcomer.roles
    newcomer.roles = [*once, once[0]]
    token_a = invite(stage)
    url = credentials_url(stage.partner)
    body = newcomer.credentials("B-" + "5" * 30)
    answer = newcomer.send("POST", url, body=body, token=token_a)
    assert (answer.status, answer.code) == (200, 2001)
    newcomer.roles = [*once, ("SM", once[0][1], "CPO")]
    assert newcomer.register(stage.node.versions_url, token_a).code == 1000


def test_two_posts_at_once_register_once(stage: Stage, newcomer: MockPartner) -> None:
    """CORE-REG-34"""
    token_a, url = invite(stage), credentials_url(stage.partner)
    newcomer.http.on("GET", "/versions$", mock_http.slow(0.3))
    answers: list[Answered] = []

    def post(number: int) -> None:
        body = newcomer.credentials(f"B-{number}" + "6" * 30)
        newcomer.tokens.add(body["token"])
        answers.append(newcomer.send("POST", url, body=body, token=token_a))

    threads = [threading.Thread(target=post, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    good = [a for a in answers if a.status == 200 and a.code == 1000]
    assert len(good) == 1, answers
    assert all(a.status in (401, 405) or a.code >= 2000 for a in answers if a is not good[0])


def test_put_fetches_again_and_rotates(stage: Stage, newcomer: MockPartner) -> None:
    """CORE-REG-19, CORE-REG-20, CORE-REG-21, CORE-REG-25, CORE-MSGID-11"""
    joined(stage.node, newcomer, doc.fresh("new"))
    assert newcomer.peer is not None
    old = newcomer.peer.token
    newcomer.http.forget()
    newcomer.tokens.add("B-rotated-" + "7" * 20)
    body = newcomer.credentials("B-rotated-" + "7" * 20)
    answer = newcomer.send("PUT", credentials_url(newcomer), body=body)
    assert answer.code == 1000
    paths = [r.path for r in newcomer.http.recorded]
    assert "/ocpi/versions" in paths
    assert "/ocpi/2.2.1" in paths
    new = answer.data["token"]
    assert new != old
    newcomer.peer.token = new
    assert open_with(newcomer, new) == 200


def test_roles_in_a_put_replace_the_earlier_ones(stage: Stage, newcomer: MockPartner) -> None:
    """CORE-REG-23"""
    joined(stage.node, newcomer, doc.fresh("new"))
    assert newcomer.peer is not None
    before, name = newcomer.party, doc.fresh("L")
    newcomer.roles = [("VA", before[1], "CPO")]
    body = newcomer.credentials(next(iter(newcomer.tokens)))
    newcomer.peer.token = newcomer.send("PUT", credentials_url(newcomer), body=body).data["token"]
    after = newcomer.party
    for party, wanted in ((after, 1000), (before, 2000)):
        body = doc.location(party, name)
        answer = newcomer.call("PUT", "locations", "RECEIVER", *party, name, body=body)
        assert answer.code // 1000 == wanted // 1000, answer


def test_a_failed_put_changes_nothing(stage: Stage, newcomer: MockPartner) -> None:
    """CORE-REG-24"""
    joined(stage.node, newcomer, doc.fresh("new"))
    assert newcomer.peer is not None
    newcomer.http.on("GET", "/versions$", mock_http.status(500))
    body = newcomer.credentials("B-" + "8" * 30)
    answer = newcomer.send("PUT", credentials_url(newcomer), body=body)
    assert (answer.status, answer.code) == (200, 3001)
    assert open_with(newcomer, newcomer.peer.token) == 200


def test_delete_ends_all_traffic(stage: Stage, newcomer: MockPartner) -> None:
    """CORE-REG-28, CORE-REG-29, CORE-REG-30, CORE-REG-36"""
    joined(stage.node, newcomer, doc.fresh("new"))
    assert newcomer.peer is not None
    url, token = credentials_url(newcomer), newcomer.peer.token
    assert newcomer.send("DELETE", url).code == 1000
    assert newcomer.send("GET", url, token=token).status == 401
    time.sleep(1.5)  # a pull that was under way ends within the second that a partner is known for
    newcomer.http.forget()
    stage.load("tariffs", doc.tariff(NODE, name := doc.fresh("T")))
    wait_for_push(stage.partner, "PUT", name)
    time.sleep(0.5)
    assert newcomer.http.recorded == []
    joined(stage.node, newcomer, doc.fresh("new"))


# --- the node as Sender of the registration ---


def test_the_node_registers_with_token_a_then_uses_token_c_only(
    stage: Stage, newcomer: MockPartner
) -> None:
    """CORE-REG-02, CORE-REG-03, CORE-REG-04, CORE-REG-09, CORE-AUTH-01, CORE-AUTH-02, CORE-AUTH-03,
    CORE-MSGID-01, CORE-MSGID-02, CORE-HTTP-01, CORE-ROUTE-03, CORE-CRED-15
    """
    token_a = newcomer.invite()
    newcomer.token_a = token_a = "ÿþ~" + token_a  # its Base64 needs + and /
    name = doc.fresh("new")
    stage.node.json("partner", "register", newcomer.versions_url, token_a, "--name", name)
    first = [r for r in newcomer.http.recorded if r.headers["authorization"] == encoded(token_a)]
    assert [(r.method, r.path) for r in first] == [
        ("GET", "/ocpi/versions"),
        ("GET", "/ocpi/2.2.1"),
        ("POST", "/ocpi/2.2.1/credentials"),
    ]
    assert first[2].headers["content-type"].startswith("application/json")
    credentials = first[2].json
    assert credentials["url"] == stage.node.versions_url
    assert 0 < len(credentials["token"]) <= 64
    wait_until(lambda: len(newcomer.http.recorded) > 5, what="the first pulls")
    token_c = next(iter(newcomer.tokens))
    rest = newcomer.http.recorded[3:]
    assert {r.headers["authorization"] for r in rest} == {encoded(token_c)}
    ids = [r.headers["x-request-id"] for r in newcomer.http.recorded]
    assert len(set(ids)) == len(ids)
    assert all(r.headers["x-correlation-id"] for r in newcomer.http.recorded)
    assert not any(n.startswith("ocpi-") for r in first for n in r.headers)
    assert all("ocpi-to-party-id" in r.headers for r in rest if "/s/tariffs" in r.path)


def encoded(token: str) -> str:
    from base64 import b64encode

    return "Token " + b64encode(token.encode()).decode()


def test_a_reply_with_201_completes_the_registration(stage: Stage, newcomer: MockPartner) -> None:
    """CORE-REG-33"""
    newcomer.http.on("POST", "/credentials$", mock_http.status(201))
    assert register(stage, newcomer).code == 0


@pytest.mark.parametrize(
    "fault",
    [
        changed({"status_code": 3001, "data": None}),
        changed({"data": None}),
        changed({"data": {"token": "x"}}),
        mock_http.status(500),
        mock_http.reset(),
    ],
)
def test_a_failed_post_leaves_the_node_unregistered(
    stage: Stage, newcomer: MockPartner, fault: mock_http.Fault
) -> None:
    """CORE-REG-35: TOKEN_B is withdrawn and the operator told."""
    newcomer.http.on("POST", "/credentials$", fault)
    ran = register(stage, newcomer)
    assert ran.code != 0
    assert "error" in ran.json
    posted = next(r for r in newcomer.http.recorded if r.method == "POST")
    url = credentials_url(stage.partner)
    assert stage.partner.send("GET", url, token=posted.json["token"]).status == 401


def test_without_credentials_endpoint_there_is_no_post(stage: Stage, newcomer: MockPartner) -> None:
    """CORE-REG-17"""
    newcomer.http.on(
        "GET", "/2.2.1$",
        mock_http.document({
            "status_code": 1000, "timestamp": "2026-01-01T00:00:00Z",
            "data": {"version": "2.2.1", "endpoints": []},
        }),
    )  # fmt: skip
    ran = register(stage, newcomer)
    assert ran.code != 0
    assert not [r for r in newcomer.http.recorded if r.method == "POST"]


def test_the_highest_common_version_is_chosen_by_number(
    stage: Stage, newcomer: MockPartner
) -> None:
    """CORE-VER-04, CORE-VER-05: unknown ones are skipped, 2.10 is not below 2.2.1 as text."""
    newcomer.version_numbers = ["2.0", "2.2.1", "2.10", "9.9.9", "latest"]
    ran = register(stage, newcomer)
    assert ran.code == 0, ran
    assert ran.json["version"] == "2.2.1"


def test_endpoints_are_used_as_advertised(stage: Stage, newcomer: MockPartner) -> None:
    """CORE-HTTP-13, CORE-HTTP-14, CORE-VER-10, CORE-VER-12, CORE-VER-16, CORE-VER-21, CMD-EP-02:
    odd paths, slashes at the end, unknown modules, a credentials endpoint with the other role."""
    newcomer.prefix = "/a/very/odd/place"
    newcomer.endpoint_slash = "/"
    newcomer.extra_endpoints = [
        {"identifier": "it-xyz-dance", "role": "SENDER", "url": f"{newcomer.base}/dance"}
    ]
    assert register(stage, newcomer).code == 0
    stage.load("tariffs", doc.tariff(NODE, name := doc.fresh("T")))
    request = wait_for_push(newcomer, "PUT", name)
    assert request.path == f"/a/very/odd/place/2.2.1/r/tariffs/{'/'.join(NODE)}/{name}"
    details = [r for r in newcomer.http.recorded if r.path.endswith("/2.2.1")]
    assert len(details) == 1


def test_rotate_sends_a_put_at_once(stage: Stage, newcomer: MockPartner) -> None:
    """CORE-REG-25, CORE-REG-26, CORE-VER-20"""
    name = doc.fresh("new")
    joined_by_node(stage.node, newcomer, name)
    before = set(newcomer.tokens)
    stage.node.json("partner", "rotate", name)
    put = wait_for_push(newcomer, "PUT", "/credentials")
    assert put.json["url"] == stage.node.versions_url
    assert put.json["roles"]
    assert newcomer.tokens - before


def test_remove_deletes_at_the_partner_and_stops(stage: Stage, newcomer: MockPartner) -> None:
    """CORE-REG-29"""
    name = doc.fresh("new")
    joined_by_node(stage.node, newcomer, name)
    stage.node.json("partner", "remove", name)
    wait_for_push(newcomer, "DELETE", "/credentials")
    time.sleep(1.5)  # a command reaches the running node within a second
    newcomer.http.forget()
    stage.load("tariffs", doc.tariff(NODE, tariff := doc.fresh("T")))
    wait_for_push(stage.partner, "PUT", tariff)
    time.sleep(0.5)
    assert newcomer.http.recorded == []


@pytest.mark.parametrize("role", ["NAP", "NSP", "SCSP", "OTHER"])
def test_other_roles_can_register(stage: Stage, newcomer: MockPartner, role: str) -> None:
    """CORE-TOPO-05, CORE-TOPO-01"""
    newcomer.roles = [("IT", newcomer.roles[0][1], role)]
    assert newcomer.register(stage.node.versions_url, invite(stage)).code == 1000
