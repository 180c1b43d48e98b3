"""Who a driver is, is shown to those who operate; others see a fingerprint in its place."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from voltroam.roaming.vault import Vault
from voltroam.standard.endpoints import Resource
from voltroam.standard.parties import fold

Fingerprint = Callable[[str], str]
_DECODER = msgspec.json.Decoder(float_hook=Decimal)
_ENCODER = msgspec.json.Encoder(decimal_format="number")


def fingerprint(vault: Vault, secret: str) -> str:
    """What stands for a token uid or contract id where it is not shown; can be searched for."""
    return f"#{vault.hash(fold(secret)).partition(':')[2][:16]}"


def masked(resource: Resource, document: bytes, fingerprint: Fingerprint) -> bytes:
    """The document with each member that identifies a driver replaced; else as it is."""
    if not resource.secrets:
        return document
    value = _DECODER.decode(document)
    for path in resource.secrets:
        _mask(value, path.split("."), fingerprint)
    return _ENCODER.encode(value)


def _mask(value: Any, path: Sequence[str], fingerprint: Fingerprint) -> None:
    if isinstance(value, list):
        for one in value:
            _mask(one, path, fingerprint)
        return
    if not isinstance(value, dict) or path[0] not in value:
        return
    if len(path) > 1:
        _mask(value[path[0]], path[1:], fingerprint)
    elif isinstance(value[path[0]], str):
        value[path[0]] = fingerprint(value[path[0]])
    elif isinstance(value[path[0]], list):
        texts = value[path[0]]
        value[path[0]] = [fingerprint(one) if isinstance(one, str) else one for one in texts]
