"""Secrets at rest: tokens that we check are kept as keyed hashes, tokens that we present encrypted.

The master keys come from the settings, the newest first. Each hash and each sealed text names its
key, so that a rotation keeps the old ones readable. The cipher is loaded when something is sealed:
most commands of the command line never do.
"""

import base64
import hashlib
import hmac
import secrets
import string
from collections.abc import Sequence
from dataclasses import dataclass

from voltroam.standard.errors import NodeError

_NONCE = 12
_LETTERS = string.ascii_letters + string.digits
_TOKEN_LENGTH = 48
_SHORTEST_KEY = 16


@dataclass(frozen=True, slots=True, repr=False)
class _Key:
    id: str
    hashing: bytes
    sealing: bytes
    signing: bytes


class Vault:
    """Seals what must come back, hashes what must only be recognised.

    `master_keys`: the newest first, each at least 16 bytes; the first one writes, all of them read.
    """

    def __init__(self, master_keys: Sequence[bytes]) -> None:
        if not master_keys:
            raise ValueError("a master key is needed")
        self._keys = tuple(_derived(key) for key in master_keys)

    def __repr__(self) -> str:
        return f"Vault(keys={[key.id for key in self._keys]})"

    def hash(self, token: str) -> str:
        """`key id:hex` of HMAC-SHA256 with the newest key."""
        return _hashed(self._keys[0], token)

    def hashes(self, token: str) -> tuple[str, ...]:
        """The hash under every key, the newest first: what a look-up has to try."""
        return tuple(_hashed(key, token) for key in self._keys)

    def sign(self, text: str) -> str:
        """`key id:hex`: who shows the text with it holds the master key, or has it from one who
        does. Another key than that of `hash`, whose outcomes are shown."""
        return _signed(self._keys[0], text)

    def is_signed(self, text: str, signature: str) -> bool:
        """Whether `sign` gave this for the text, with any of our keys."""
        return any(hmac.compare_digest(_signed(key, text), signature) for key in self._keys)

    def seal(self, text: str) -> str:
        """Encrypt with AES-GCM: `key id:Base64(nonce + cipher text)`."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        key = self._keys[0]
        nonce = secrets.token_bytes(_NONCE)
        sealed = AESGCM(key.sealing).encrypt(nonce, text.encode(), key.id.encode())
        return f"{key.id}:{base64.b64encode(nonce + sealed).decode()}"

    def open(self, sealed: str) -> str:
        """The text again; NodeError if its key is not among ours or it was tampered with."""
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        key_id, _, data = sealed.partition(":")
        key = next((key for key in self._keys if key.id == key_id), None)
        if key is None:
            raise NodeError(f"The secret was sealed with a key that this node lacks: {key_id}")
        try:
            raw = base64.b64decode(data, validate=True)
            cipher = AESGCM(key.sealing)
            return cipher.decrypt(raw[:_NONCE], raw[_NONCE:], key_id.encode()).decode()
        except (InvalidTag, ValueError) as fault:
            raise NodeError("A sealed secret was damaged") from fault

    def new_token(self) -> str:
        """A credentials token of 285 bits: letters and digits only, so that no shell, URL or
        command line takes a part of it for something else (OCPI 2.2.1 §credentials)."""
        return "".join(secrets.choice(_LETTERS) for _ in range(_TOKEN_LENGTH))


def _derived(master: bytes) -> _Key:
    if len(master) < _SHORTEST_KEY:
        raise ValueError(f"a master key needs at least {_SHORTEST_KEY} bytes")
    name = hmac.digest(master, b"voltroam key id", hashlib.sha256).hex()[:8]
    return _Key(
        name,
        hmac.digest(master, b"voltroam token hash", hashlib.sha256),
        hmac.digest(master, b"voltroam seal", hashlib.sha256),
        hmac.digest(master, b"voltroam sign", hashlib.sha256),
    )


def _hashed(key: _Key, token: str) -> str:
    return f"{key.id}:{hmac.digest(key.hashing, token.encode(), hashlib.sha256).hex()}"


def _signed(key: _Key, text: str) -> str:
    return f"{key.id}:{hmac.digest(key.signing, text.encode(), hashlib.sha256).hex()}"
