"""The form of Standard Webhooks, so that receivers check signatures with any library of it."""

import base64

import pytest

from voltroam.delivery.webhook_signing import key_of, new_secret, signed


def test_the_example_of_the_standard_is_signed_alike() -> None:
    """Id, timestamp, body, secret and signature as the reference libraries' tests have them."""
    headers = signed(
        b'{"test": 2432232314}',
        message="msg_p5jXN8AQM9LWM0D4loKWxJek",
        at=1614265330,
        keys=[key_of("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")],
    )
    assert headers == {
        "content-type": "application/json",
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_each_secret_that_is_good_now_signs() -> None:
    headers = signed(b"{}", message="m", at=1, keys=[b"a" * 24, b"b" * 24])
    one, other = headers["webhook-signature"].split(" ")
    assert one != other
    assert all(part.startswith("v1,") for part in (one, other))
    assert signed(b"{}", message="m", at=1, keys=[b"b" * 24])["webhook-signature"] == other


def test_a_new_secret_has_256_bits() -> None:
    assert len(key_of(new_secret())) == 32
    assert new_secret() != new_secret()


@pytest.mark.parametrize(
    "secret", ["MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_", "whsec_%%%", "whsec_YWJj"]
)
def test_what_is_no_secret_is_refused_without_saying_it(secret: str) -> None:
    with pytest.raises(ValueError, match="webhook secret") as refused:
        key_of(secret)
    assert base64.b64encode(b"abc").decode() not in str(refused.value)
