"""Compressed replies."""

import gzip

import pytest

from voltroam.transport.compress import gzip_large, takes_gzip
from voltroam.wire.call import Response

LARGE = Response(200, {"content-type": "application/json"}, b"[]" * 20_000)


async def test_a_large_reply_is_compressed_for_whoever_asks() -> None:
    packed = await gzip_large()("gzip, deflate", LARGE)
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.headers["content-type"] == "application/json"
    assert gzip.decompress(packed.body) == LARGE.body
    assert len(packed.body) < len(LARGE.body) / 10


async def test_others_get_it_plain() -> None:
    assert await gzip_large()("br", LARGE) is LARGE


async def test_small_and_compressed_replies_stay_as_they_are() -> None:
    small = Response(200, {}, b"[]")
    ready = Response(200, {"content-encoding": "gzip"}, LARGE.body)
    assert await gzip_large()("gzip", small) is small
    assert await gzip_large()("gzip", ready) is ready


@pytest.mark.parametrize(
    ("accepted", "taken"),
    [
        ("gzip", True),
        ("deflate, GZIP;q=0.5", True),
        ("*", True),
        ("gzip;q=0", False),
        ("gzip; q=0.000", False),
        ("gzip;q=0.001", True),
        ("identity", False),
        ("", False),
        ("gzipped", False),
    ],
)
def test_what_accept_encoding_says(accepted: str, taken: bool) -> None:
    assert takes_gzip(accepted) is taken
