"""The short way of whole requests: what it must not leave behind."""

import gc

import pytest
from tests.transport.serving_node import TOKEN, node

REQUESTS = 100


@pytest.mark.parametrize(
    ("authorization", "status"), [(TOKEN, b"200 OK"), ("Token bm9uZQ==", b"401 Unauthorized")]
)
async def test_a_request_is_gone_with_its_answer(authorization: str, status: bytes) -> None:
    """In a ring of references it would wait for the garbage collector, with all of its headers."""
    one = f"GET /ocpi/versions HTTP/1.1\r\nhost: x\r\nauthorization: {authorization}\r\n"
    last = f"{one}connection: close\r\n\r\n".encode()
    many = f"{one}\r\n".encode() * (REQUESTS - 1) + last
    async with node() as server:
        await server.raw(last)
        gc.collect()
        gc.disable()
        try:
            answers = await server.raw(many)
            left = gc.collect()
        finally:
            gc.enable()
    assert answers.count(status) == REQUESTS
    assert left < REQUESTS
