"""The receiver that the docs show takes what is signed and refuses all else."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

import pytest
from tests.e2e.nodes import free_port

from voltroam.delivery.webhook_signing import key_of, new_secret, signed

RECEIVER = Path(__file__).parents[2] / "docs" / "examples" / "receiver.py"
SECRET = new_secret()


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    port = free_port()
    process = subprocess.Popen([sys.executable, RECEIVER, f"127.0.0.1:{port}", SECRET],
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)  # fmt: skip
    yield f"http://127.0.0.1:{port}/hook"
    process.terminate()
    process.wait()


def post(url: str, body: bytes, headers: dict[str, str]) -> int:
    deadline = time.monotonic() + 10
    while True:
        try:
            with urlopen(Request(url, body, headers), timeout=5) as response:
                return int(response.status)
        except HTTPError as refused:
            return refused.code
        except URLError:
            assert time.monotonic() < deadline
            time.sleep(0.05)


def test_it_has_at_most_twenty_lines() -> None:
    assert sum(bool(line.strip()) for line in RECEIVER.read_text().splitlines()) <= 20


def test_a_signed_message_is_taken_and_a_forged_or_old_one_refused(url: str) -> None:
    body, now = b'{"type":"webhook.ping"}', int(time.time())
    good = signed(body, message="m1", at=now, keys=[key_of(SECRET)])
    assert post(url, body, good) == 200
    both = signed(body, message="m1", at=now, keys=[b"x" * 32, key_of(SECRET)])
    assert post(url, body, both) == 200
    assert post(url, body.replace(b"ping", b"pong"), good) == 401
    assert post(url, body, good | {"webhook-id": "m2"}) == 401
    assert post(url, body, signed(body, message="m", at=now, keys=[b"x" * 32])) == 401
    old = signed(body, message="m1", at=now - 3600, keys=[key_of(SECRET)])
    assert post(url, body, old) == 401
