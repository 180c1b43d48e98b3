"""Credentials tokens, RFID uids and contract ids are planted everywhere, then looked for."""

import functools
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.request import urlopen

import pytest
from tests.e2e import documents as doc
from tests.e2e import mock_http
from tests.e2e.conftest import MakeNode
from tests.e2e.mock_http import Answer, Fault, Recorded, Reply
from tests.e2e.mock_partner import MockPartner, encode_token, envelope
from tests.e2e.nodes import Ran, Served, wait_until
from tests.e2e.stage import CPO, EMSP, NODE, pushed

UID, OTHER_UID = "CANARYUID4A01", "CANARYUID4A02"
CONTRACT = "CANARY-C00000001"
STRANGER = "canary-token-of-nobody"
DRIVER = {"uid": UID, "contract_id": CONTRACT, "visual_number": "CANARY-NUMBER-1"}


def echoing(code: int, *, status: int = 200) -> Fault:
    """Says back in its message all that it was told, the Authorization header first."""

    async def fault(request: Recorded, _answer: Answer) -> Reply:
        token = request.headers["authorization"].partition(" ")[2]
        members = [
            str(value) for key, value in (request.json or {}).items()
            if key in ("token", "uid", "contract_id", "visual_number", "cdr_token")
        ]  # fmt: skip
        said = " ".join(["no:", token, request.target, *members])
        return envelope(code, status=status, message=said)

    return fault


@dataclass(slots=True)
class Story:
    """What was said by the node anywhere, and the tokens that must not be among it."""

    node: Served
    partner: MockPartner
    tokens: set[str]
    said: list[str] = field(default_factory=list)

    def run(self, *arguments: str) -> Ran:
        ran = self.node.run(*arguments)
        self.said += [ran.out, ran.err]
        return ran

    def call(self, method: str, module: str, *keys: str, body: Any, **query: str) -> int:
        """A request of the partner; the code of the answer, whose message is noted."""
        answer = self.partner.call(method, module, "RECEIVER", *keys, body=body, **query)
        self.said.append(str(answer.json.get("status_message")))
        assert answer.status < 500
        return answer.code


@pytest.fixture
def story(node: MakeNode) -> Iterator[Story]:
    served = node("node", "NL/NOD/CPO", "NL/NOD/EMSP", serve=False)
    served.environment["VOLTROAM_LOG_LEVEL"] = "debug"
    served.serve()
    with MockPartner((*CPO, "CPO"), (*EMSP, "EMSP"), name="Partner") as partner:
        invitation = served.json("partner", "invite", "partner")
        assert partner.register(invitation["versions_url"], invitation["token"]).code == 1000
        assert partner.peer is not None
        tokens = {invitation["token"], partner.peer.token, *partner.tokens}
        yield Story(served, partner, tokens)


def test_no_secret_is_written_anywhere(story: Story) -> None:
    """Through registration, push, pull, quarantine, parked objects and faults, at debug level."""
    _faulty_calls(story)
    _refused_pushes(story)
    _refused_registration(story)
    _dirty_pull(story)
    _rotation(story)
    for name in (("list",), ("show", "partner"), ("show", "third")):
        story.run("partner", *name)
        story.run("partner", *name, "--json")
    with urlopen(f"{story.node.url}/metrics", timeout=5) as response:
        story.said.append(page := response.read().decode())
    assert "voltroam_lane_parked{" in page
    assert story.node.stop() == 0
    written = "\n".join([*story.said, story.node.log]).casefold()
    assert "push failed" in written
    assert "[hidden]" in written
    drivers = [UID, OTHER_UID, *DRIVER.values(), STRANGER]
    for secret in (*drivers, *(spelling for token in story.tokens for spelling in _both(token))):
        assert secret.casefold() not in written, secret
    for secret in _stored_in_clear(story):
        raise AssertionError(f"{secret} stands in the database")


def _both(token: str) -> tuple[str, str]:
    return token, b64encode(token.encode()).decode()


def _stored_in_clear(story: Story) -> Iterator[str]:
    """Credentials tokens of both directions are hashed or sealed."""
    files = [file for file in story.node.folder.iterdir() if ".db" in file.name]
    assert files
    stored = b"".join(file.read_bytes() for file in files)
    assert UID.encode() in stored  # the search would find it
    for token in story.tokens:
        yield from (spelling for spelling in _both(token) if spelling.encode() in stored)


def _faulty_calls(story: Story) -> None:
    """What the partner sends is faulty in all ways, and strangers knock."""
    good = doc.token(EMSP, UID) | DRIVER
    assert story.call("PUT", "tokens", *EMSP, UID, body=good) == 1000
    faults: list[Any] = [
        good | {"valid": "yes"},
        good | {"uid": UID + "x" * 40},
        good | {"uid": OTHER_UID},
        good | {"whitelist": UID, "contract_id": [CONTRACT]},
        f'{{"uid": "{UID}", "contract_id": "{CONTRACT}"'.encode(),
        f'{{"uid": "{UID}", "uid": "{UID}"}}'.encode(),
    ]
    for body in faults:
        assert 2000 <= story.call("PUT", "tokens", *EMSP, UID, body=body) < 3000
    story.call("PUT", "tokens", *EMSP, UID, body=good, type=UID)
    story.call("PUT", "tokens", *EMSP, UID, "further", UID, body=good)
    story.call("PATCH", "tokens", *EMSP, OTHER_UID, body={"valid": False, "uid": UID})
    driver = doc.cdr_token(NODE) | {"uid": UID, "contract_id": CONTRACT}
    session = doc.session(CPO, "S1", NODE, cdr_token=driver)
    assert story.call("PUT", "sessions", *CPO, "S1", body=session) == 1000
    assert story.call("PUT", "sessions", *CPO, "S1", body=session | {"status": UID}) == 2001
    cdr = doc.cdr(CPO, "C1", NODE, cdr_token=driver)
    assert story.call("POST", "cdrs", body=cdr) == 1000
    assert story.call("POST", "cdrs", body=cdr | {"total_energy": 9}) == 2001
    url = story.partner.url("tokens", "RECEIVER", *EMSP, UID)
    for value in (encode_token(STRANGER), f"Token {STRANGER}", f"Bearer {STRANGER}", STRANGER):
        answer = story.partner.send("GET", url, headers={"Authorization": value})
        assert answer.status == 401
        story.said.append(str(answer.json))


def _refused_pushes(story: Story) -> None:
    """The partner refuses and fails, and says back what it was told."""
    partner, driver = story.partner, doc.cdr_token(EMSP) | {"uid": UID, "contract_id": CONTRACT}
    partner.http.on("*", "/r/tokens", echoing(2001))
    partner.http.on("*", "/r/sessions", echoing(3000, status=503), times=2)
    partner.http.on("POST", "/r/cdrs", echoing(2001))
    partner.http.on("*", "/r/locations", echoing(2000, status=401), times=1)
    allowed = [{"uid": UID, "type": "RFID"}]
    location = doc.location(NODE, "L1", publish=False, publish_allowed_to=allowed)
    for module, item in (
        ("tokens", doc.token(NODE, UID) | DRIVER),
        ("sessions", doc.session(NODE, "S2", EMSP, cdr_token=driver)),
        ("cdrs", doc.cdr(NODE, "C2", EMSP, cdr_token=driver)),
        ("locations", location),
    ):
        assert story.node.load(module, [item]) == {"accepted": 1, "refused": []}
        wait_until(functools.partial(_tried, partner, f"/{module}"), what=f"push of {module}")
    parked = wait_until(
        lambda: story.node.json("partner", "parked", "partner"), what="the parked token"
    )
    story.said += [one["reason"] for one in parked]
    wait_until(lambda: ("locations", *NODE, "L1") in partner.held, seconds=60, what="the rest")
    partner.http.behave()


def _tried(partner: MockPartner, path: str) -> bool:
    return bool(pushed(partner, "PUT", path) or pushed(partner, "POST", path))


def _refused_registration(story: Story) -> None:
    """A platform that says back TOKEN_A, and then TOKEN_B, when it refuses."""
    with MockPartner(("IT", "ABC", "CPO"), name="Third") as third:
        token_a = third.invite()
        story.tokens.add(token_a)
        for method, path in (("GET", "/versions"), ("POST", "/credentials")):
            third.http.behave()
            third.http.on(method, path, echoing(2001))
            ran = story.run("partner", "register", third.versions_url, token_a, "--name", "third")
            assert ran.code != 0
        story.tokens |= {r.json["token"] for r in third.http.recorded if r.method == "POST"}


def _dirty_pull(story: Story) -> None:
    """Faulty objects are set aside; lists fail with the partner's own words."""
    bad = doc.token(EMSP, OTHER_UID) | DRIVER | {"uid": OTHER_UID, "valid": UID}
    story.partner.objects["tokens"] = [bad, doc.token(EMSP, UID) | DRIVER]
    ran = story.run("pull", "tokens", "--partner", "partner", "--full", "--json")
    assert ran.json == {"received": 1, "refused": 1}
    for fault in (echoing(2001), mock_http.status(500, UID.encode()), mock_http.text(b"[]")):
        story.partner.http.on("GET", "/s/tokens", fault, times=1)
        assert story.run("pull", "tokens", "--partner", "partner").code != 0


def _rotation(story: Story) -> None:
    story.partner.http.on("PUT", "/credentials", echoing(2001), times=1)
    assert story.run("partner", "rotate", "partner").code != 0
    assert story.run("partner", "rotate", "partner").code == 0
    sent = [r for r in story.partner.http.recorded if r.path.endswith("/credentials")]
    story.tokens |= {r.json["token"] for r in sent if r.method == "PUT"}
    story.tokens |= story.partner.tokens
