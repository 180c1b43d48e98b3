"""Signatures of webhooks, in the form of Standard Webhooks: anybody's library can check them.

The signed text is `id.timestamp.body`; the header holds one `v1,<Base64>` for each secret that is
good now, so that a secret can be changed without a message lost.
"""

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Sequence

PREFIX = "whsec_"
_SECRET_BYTES = 32
_SHORTEST, _LONGEST = 24, 64


def new_secret() -> str:
    """A secret of 256 random bits, as receivers' libraries take it."""
    return PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def key_of(secret: str) -> bytes:
    """The bytes of a secret. Raises ValueError, without the secret in its words."""
    if not secret.startswith(PREFIX):
        raise ValueError(f"a webhook secret begins with {PREFIX}")
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(f"a webhook secret is {PREFIX} and Base64") from None
    if not _SHORTEST <= len(key) <= _LONGEST:
        raise ValueError(f"a webhook secret has {_SHORTEST} to {_LONGEST} bytes")
    return key


def signed(body: bytes, *, message: str, at: int, keys: Sequence[bytes]) -> dict[str, str]:
    """The headers of one message. `at`: when it is sent, seconds since 1970 UTC."""
    text = f"{message}.{at}.".encode() + body
    digests = (hmac.digest(key, text, hashlib.sha256) for key in keys)
    return {
        "content-type": "application/json",
        "webhook-id": message,
        "webhook-timestamp": str(at),
        "webhook-signature": " ".join(f"v1,{base64.b64encode(one).decode()}" for one in digests),
    }
