"""Whatever is sent, the answer is an envelope and never a 5xx.

Valid requests of every endpoint, mutated at random by a fixed seed: 2,000, or 20,000 under soak.
"""

import http.client
import json
import random
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from tests.counts import times
from tests.e2e import documents as doc
from tests.e2e.mock_partner import MockPartner, encode_token
from tests.e2e.stage import NODE, Stage, joined

COUNT = times(2_000, full=20_000)
NASTY: list[Any] = [
    None, True, 0, -1, 1e308, 10**40, "", "x" * 300, "\x00", "\n", "é", "💥", "\ud800", [], {},
    [[]], {"a": {}}, [None], "2026-13-01T00:00:00Z", "2026-01-01T00:00:00+00:00", "NaN", "null",
]  # fmt: skip
NO_HTTP = b"Invalid HTTP request received."
"""The HTTP server's own answer to what is no HTTP; such a thing never reaches OCPI."""
PARTY = ("LU", "MUT")
Asked = tuple[str, str, dict[str, str], bytes]


def valid_requests(partner: MockPartner) -> list[Asked]:
    """One of each row that a partner may call."""
    assert partner.peer is not None
    signed = {
        "Authorization": encode_token(partner.peer.token),
        "X-Request-ID": "1",
        "X-Correlation-ID": "2",
        "Content-Type": "application/json",
    }
    routed = signed | partner.routing()
    name = doc.fresh("M")
    whole = doc.location(PARTY, name)
    patch = {"last_updated": doc.moment()}
    asked: list[tuple[str, str, dict[str, str], Any]] = [
        ("GET", partner.peer.versions_url, signed, None),
        ("GET", partner.peer.versions_url.replace("versions", "2.2.1"), signed, None),
        ("GET", partner.peer.endpoints["credentials", "SENDER"], signed, None),
        ("PATCH", partner.peer.endpoints["credentials", "SENDER"], signed, {}),
    ]
    for module in ("locations", "sessions", "cdrs", "tariffs", "tokens"):
        url = partner.url(module, "SENDER", limit=2, offset=0, date_from=doc.LONG_AGO)
        asked.append(("GET", url, routed, None))
    objects: list[tuple[str, tuple[str, ...], Any]] = [
        ("locations", (name,), whole),
        ("locations", (name, "E1"), whole["evses"][0]),
        ("locations", (name, "E1", "1"), whole["evses"][0]["connectors"][0]),
        ("sessions", (name,), doc.session(PARTY, name, NODE)),
        ("tariffs", (name,), doc.tariff(PARTY, name)),
    ]
    for module, keys, body in objects:
        url = partner.url(module, "RECEIVER", *PARTY, *keys)
        asked += [("GET", url, routed, None), ("PUT", url, routed, body)]
        if module != "tariffs":
            asked.append(("PATCH", url, routed, patch | {"status": "CHARGING"}))
    asked.append(("DELETE", partner.url("tariffs", "RECEIVER", *PARTY, name), routed, None))
    token = partner.url("tokens", "RECEIVER", *PARTY, name, type="RFID")
    asked += [
        ("GET", token, routed, None),
        ("PUT", token, routed, doc.token(PARTY, name)),
        ("PATCH", token, routed, patch | {"valid": False}),
        ("POST", partner.url("cdrs", "RECEIVER"), routed, doc.cdr(PARTY, name, NODE)),
        ("GET", partner.url("hubclientinfo", "RECEIVER", *PARTY), signed, None),
        ("PUT", partner.url("hubclientinfo", "RECEIVER", *PARTY), signed, doc.client_info(PARTY)),
    ]
    return [
        (method, url, headers, b"" if body is None else json.dumps(body).encode())
        for method, url, headers, body in asked
    ]


# --- mutations: each takes a request and changes one thing ---


def in_body(chance: random.Random, asked: Asked) -> Asked:
    """Another value somewhere in the document, or a member more or less."""
    method, url, headers, body = asked
    try:
        whole = json.loads(body or b"{}")
    except ValueError:
        return asked
    at = whole
    while isinstance(at, dict | list) and at:
        keys = list(at) if isinstance(at, dict) else list(range(len(at)))
        key = chance.choice(keys)
        inner = at[key]
        if not isinstance(inner, dict | list) or not inner or chance.random() < 0.4:
            if isinstance(at, dict) and chance.random() < 0.25:
                del at[key]
            elif chance.random() < 0.15 and isinstance(at, list):
                at *= 2
            else:
                at[key] = chance.choice(NASTY)
            break
        at = inner
    return method, url, headers, json.dumps(whole).encode("utf-8", "surrogatepass")


def in_bytes(chance: random.Random, asked: Asked) -> Asked:
    """Bytes cut off, doubled, flipped or put in."""
    method, url, headers, body = asked
    if not body:
        return method, url, headers, bytes(chance.randrange(256) for _ in range(20))
    cut = chance.randrange(len(body))
    piece = chance.choice([b"\x00", b"\xff", b"[" * 200, b'{"a":' * 100, b",", b'"', b"1e999", b""])
    return method, url, headers, body[:cut] + piece + body[cut + chance.randrange(3) :]


def in_url(chance: random.Random, asked: Asked) -> Asked:
    """A segment more, less or another one."""
    method, url, headers, body = asked
    head, mark, query = url.partition("?")
    if head.count("/") < 5 or "/ocpi" not in head:
        return asked
    base, path = head[: head.index("/ocpi")], head[head.index("/ocpi") :].split("/")
    place = chance.randrange(2, len(path))
    odd = ["", "..", ".", "%00", "%", "%zz", "%2F", "x" * 300, "é", "NL", "?", "#", "🚗", "%C3%28"]
    change = chance.randrange(3)
    if change == 0:
        path[place] = chance.choice(odd)
    elif change == 1:
        path.insert(place, chance.choice(odd))
    else:
        del path[place]
    return method, base + quote("/".join(path), safe="/%?#") + mark + query, headers, body


def in_query(chance: random.Random, asked: Asked) -> Asked:
    method, url, headers, body = asked
    name = chance.choice(["date_from", "date_to", "offset", "limit", "cursor", "type", "x"])
    value = chance.choice(
        ["", "-1", "x", "9" * 30, "2026", "%00", "%FF", "a" * 500, "1&limit=2", "%"]
    )
    return method, f"{url}{'&' if '?' in url else '?'}{name}={value}", headers, body


def in_headers(chance: random.Random, asked: Asked) -> Asked:
    method, url, headers, body = asked
    name = chance.choice([*headers, "Accept-Encoding", "Content-Encoding", "If-Match", "Expect-X"])
    value = chance.choice(
        ["", "x", "é", "x" * 5000, "Token", "text/plain", "NLD", "\t", "gzip", "0"]
    )
    changed = {other: text for other, text in headers.items() if other != name}
    if chance.random() < 0.7:
        changed[name] = value
    return method, url, changed, body


def in_method(chance: random.Random, asked: Asked) -> Asked:
    _, url, headers, body = asked
    if "credentials" in url:
        return asked  # the registration shall last
    methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW", "get"]
    return chance.choice(methods), url, headers, body


MUTATIONS: list[Callable[[random.Random, Asked], Asked]] = [
    in_body, in_body, in_body, in_body, in_bytes, in_url, in_query, in_headers, in_method,
]  # fmt: skip


class Line:
    """One connection, opened again when the server closed it."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)

    def ask(self, asked: Asked) -> tuple[int, bytes]:
        method, url, headers, body = asked
        parts = urlsplit(url)
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        for last in (False, True):
            try:
                self.connection.putrequest(method, target, skip_accept_encoding=True)
                for name, value in headers.items():
                    self.connection.putheader(name, value.encode("utf-8"))
                self.connection.putheader("Content-Length", str(len(body)))
                self.connection.endheaders(body)
                response = self.connection.getresponse()
                return response.status, response.read()
            except (http.client.HTTPException, ConnectionError):
                self.connection.close()
                if last:
                    raise
        raise AssertionError


@pytest.mark.soak(f"{COUNT:,} mutated requests to a node")
def test_no_mutation_gets_a_5xx_or_leaves_the_envelope(stage: Stage) -> None:
    """CORE-HTTP-06, CORE-HTTP-22, CORE-RESP-01, CORE-RESP-02, CORE-STAT-01, CORE-AUTH-14"""
    with MockPartner((*PARTY, "CPO"), (*PARTY, "EMSP"), name="Mutant") as partner:
        joined(stage.node, partner, name := doc.fresh("mutant"))
        good = ask_all(stage, random.Random(20260101), valid_requests(partner))
        stage.node.run("partner", "remove", name)
    assert COUNT / 10 < good < COUNT / 1.5, f"{good} of {COUNT} succeeded: too few or too many"
    assert "Traceback" not in stage.node.log


def ask_all(stage: Stage, chance: random.Random, originals: list[Asked]) -> int:
    """How many succeeded."""
    line = Line(stage.node.url)
    good = 0
    for number in range(COUNT):
        asked = chance.choice(originals)
        for _ in range(chance.choice((0, 1, 1, 1, 2, 3))):
            asked = chance.choice(MUTATIONS)(chance, asked)
        try:
            status, body = line.ask(asked)
        except (ValueError, UnicodeError):
            continue  # the client's library does not send such a thing
        told = f"request {number}: {asked} → {status} {body[:300]!r}"
        assert 200 <= status < 500, told
        if "/ocpi" not in urlsplit(asked[1]).path or asked[0] == "HEAD":
            continue
        if body == NO_HTTP:
            assert status == 400
            continue
        assert body.startswith(b"{"), told
        envelope = json.loads(body)
        assert type(envelope["status_code"]) is int, told
        assert 1000 <= envelope["status_code"] < 4000, told
        assert "Traceback" not in body.decode(), told
        good += envelope["status_code"] == 1000
    return good
