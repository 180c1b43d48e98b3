"""The document as received, where it came in another version than the house keeps.

It stands in the row's sidecar as text, so that no number and no spelling is lost:
`{"received": {"version": "2.3.0", "document": "…"}}` (decision 0006).
"""

from typing import Any, NamedTuple

import msgspec

from voltroam.standard.versions import VERSIONS, Version
from voltroam.store.interface import ObjectRow


class Received(NamedTuple):
    version: Version
    document: bytes


class _Said(msgspec.Struct):
    version: str
    document: str


class _Sidecar(msgspec.Struct):
    received: _Said | None = None


_SIDECAR = msgspec.json.Decoder(_Sidecar)


def received_in(sidecar: bytes | None) -> Received | None:
    """What a sidecar keeps of an object that came in another version; None for all others."""
    if sidecar is None:
        return None
    said = _SIDECAR.decode(sidecar).received
    return None if said is None else Received(VERSIONS[said.version], said.document.encode())


def as_received(row: ObjectRow) -> Received:
    """The object as its owner wrote it, in its own version."""
    return received_in(row.sidecar) or Received(VERSIONS[row.version], row.document)


def kept(members: dict[str, Any], received: Received | None) -> dict[str, Any]:
    """The members of a sidecar with what was received set or taken away."""
    others = {name: value for name, value in members.items() if name != "received"}
    if received is None:
        return others
    said = {"version": received.version.number, "document": received.document.decode()}
    return {**others, "received": said}
