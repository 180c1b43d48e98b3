"""Crashes, full disks and overload: what was acknowledged is there, what was not is told so."""

import http.client
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from tests.counts import times
from tests.e2e import documents as doc
from tests.e2e.mock_partner import MockPartner, encode_token
from tests.e2e.nodes import Served, make_node, wait_until
from tests.e2e.stage import CPO, NODE, joined, make_partner, wait_for_pull

CRASHES = times(3, full=20)
WRITERS = 8


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    made = make_node(tmp_path / "node", "NL/NOD/CPO", "NL/NOD/EMSP", name="node")
    yield made.serve()
    made.kill()


@pytest.fixture
def partner(served: Served) -> Iterator[MockPartner]:
    with make_partner() as made:
        joined(served, made, "partner")
        wait_for_pull(served, "partner")
        yield made


class Load:
    """Writers that PUT their own tariffs as fast as they can, and note what was acknowledged."""

    def __init__(self, partner: MockPartner) -> None:
        assert partner.peer is not None
        self.url = partner.url("tariffs", "RECEIVER", *CPO)
        self.headers = {
            "Authorization": encode_token(partner.peer.token),
            "Content-Type": "application/json",
            **partner.routing(),
        }
        self.acknowledged: dict[str, str] = {}
        self.sent: dict[str, str] = {}
        self.answers: set[tuple[int, int]] = set()
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._write, args=(n,), daemon=True) for n in range(WRITERS)
        ]

    def start(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(60)

    def _write(self, writer: int) -> None:
        parts, connection = urlsplit(self.url), None
        number = 0
        while not self._stop.is_set():
            number += 1
            name = f"W{writer}-{number % 5}"
            stamp = doc.moment()
            body = json.dumps(doc.tariff(CPO, name, last_updated=stamp)).encode()
            self.sent[name] = stamp
            try:
                if connection is None:
                    connection = http.client.HTTPConnection(
                        parts.hostname or "", parts.port, timeout=10
                    )
                connection.request("PUT", f"{parts.path}/{name}", body, self.headers)
                response = connection.getresponse()
                answer = json.loads(response.read())
            except (OSError, http.client.HTTPException):
                connection = None
                time.sleep(0.02)
                continue
            self.answers.add((response.status, answer["status_code"]))
            if answer["status_code"] == 1000:
                self.acknowledged[name] = stamp
            time.sleep(0.002)


@pytest.mark.soak(f"{CRASHES} times kill -9 of a node under load")
def test_no_acknowledged_write_is_lost_by_a_crash(served: Served, partner: MockPartner) -> None:
    """Every acknowledged write is there after `kill -9`, and the partner ends with the state."""
    own = [doc.location(NODE, f"L{number}") for number in range(10)]
    served.load("locations", own)
    for crash in range(CRASHES):
        load = Load(partner).start()
        lines = [
            {
                "location_id": f"L{number}", "evse_uid": "E1", "last_updated": doc.moment(),
                "status": ("CHARGING", "BLOCKED")[crash % 2],
            }
            for number in range(10)
        ]  # fmt: skip
        report = served.load("evse-status", lines)
        assert report["accepted"] == 10
        time.sleep(0.3 + crash % 3 / 10)
        served.kill()
        load.stop()
        assert load.answers <= {(200, 1000), (201, 1000)}
        assert load.acknowledged
        held = {tariff["id"]: tariff["last_updated"] for tariff in served.export("tariffs")}
        for name, stamp in load.acknowledged.items():
            assert stamp <= held[name] <= load.sent[name], (crash, name)
        served.serve()
    now = {item["id"]: item for item in served.export("locations")}

    def met() -> bool:
        return all(partner.held.get(("locations", *NODE, name)) == now[name] for name in now)

    wait_until(met, seconds=60, what="the partner's state")


def test_overload_is_429_and_the_acknowledged_is_kept(tmp_path: Path) -> None:
    """A full queue of writes answers 429 with Retry-After; nothing acknowledged is lost."""
    made = make_node(tmp_path / "node", "NL/NOD/EMSP", name="node")
    made.environment["VOLTROAM_LIMITS__QUEUE"] = "1"
    try:
        made.serve()
        with make_partner() as partner:
            joined(made, partner, "partner")
            wait_for_pull(made, "partner")
            load = Load(partner).start()
            time.sleep(2)
            load.stop()
            codes = {status for status, _ in load.answers}
            assert codes <= {200, 201, 429}
            assert 429 in codes
            held = {tariff["id"]: tariff["last_updated"] for tariff in made.export("tariffs")}
            assert all(held[name] >= stamp for name, stamp in load.acknowledged.items())
    finally:
        made.kill()


def test_a_partner_beyond_its_rate_gets_429(tmp_path: Path) -> None:
    """`limits.rate`: more requests per second than that are refused, with Retry-After."""
    made = make_node(tmp_path / "node", "NL/NOD/CPO", name="node")
    made.environment["VOLTROAM_LIMITS__RATE"] = "20"
    try:
        made.serve()
        with make_partner() as partner:
            joined(made, partner, "partner")
            answers = [partner.send("GET", made.versions_url) for _ in range(120)]
            refused = [answer for answer in answers if answer.status == 429]
            assert refused
            assert all(int(answer.headers["retry-after"]) >= 1 for answer in refused)
            assert all(answer.code >= 2000 for answer in refused)
            time.sleep(1.2)
            assert partner.send("GET", made.versions_url).status == 200
    finally:
        made.kill()


def test_too_large_a_body_is_refused(served: Served, partner: MockPartner) -> None:
    """5 MB is the limit; the answer is an envelope."""
    url = partner.url("tariffs", "RECEIVER", *CPO, "BIG")
    body: Any = b'{"id": "' + b"x" * 6_000_000 + b'"}'
    try:
        answer = partner.send("PUT", url, body=body, headers=partner.routing())
    except ConnectionError:
        return  # refused before the body was read
    assert 400 <= answer.status < 500
    assert answer.code >= 2000


def test_too_deep_a_body_is_refused(served: Served, partner: MockPartner) -> None:
    url = partner.url("tariffs", "RECEIVER", *CPO, "DEEP")
    for depth in (100, 100_000):
        body = b'{"x":' * depth + b"1" + b"}" * depth
        answer = partner.send("PUT", url, body=body, headers=partner.routing())
        assert answer.status in (200, 400)
        assert 2000 <= answer.code < 3000


def test_a_full_disk_is_3000_and_the_node_recovers(served: Served, partner: MockPartner) -> None:
    """CORE-STAT-08: HTTP 200 with 3000, reads still answered, and writes when there is room."""
    import resource

    assert served.process is not None
    known = "KNOWN"
    assert partner.call(
        "PUT", "tariffs", "RECEIVER", *CPO, known, body=doc.tariff(CPO, known)
    ).code == 1000  # fmt: skip
    pid = served.process.pid
    before = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (4096, before[1]))
    body = doc.tariff(CPO, "FULL")
    answer = partner.call("PUT", "tariffs", "RECEIVER", *CPO, "FULL", body=body)
    assert (answer.status, answer.code) == (200, 3000)
    assert "Traceback" not in answer.body.decode()
    assert partner.call("GET", "tariffs", "RECEIVER", *CPO, known).code == 1000
    resource.prlimit(pid, resource.RLIMIT_FSIZE, before)

    def met() -> bool:
        return partner.call("PUT", "tariffs", "RECEIVER", *CPO, "FULL", body=body).code == 1000

    wait_until(met, seconds=20, what="writing again")
