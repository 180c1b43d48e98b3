"""What a partner says back to us must not carry a secret into a reason or a log (design: security).

Hidden are the credentials token of the call and what identifies the driver in the object that it
was about, however the partner spells them.
"""

import re
from base64 import b64encode
from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import quote

import msgspec

from voltroam.roaming.keys import path_ids
from voltroam.standard.endpoints import Resource
from voltroam.wire.call import Call

HIDDEN = "[hidden]"
SHORT = 6
"""A value of fewer characters is hidden only where it stands as a word of its own."""
_LOOSE = (
    ("token",),
    *(("token", name) for name in ("uid", "contract_id", "visual_number", "group_id")),
)
"""Secrets of bodies that are no object of a party: of credentials, and of a command's token."""
_MEMBERS = msgspec.json.Decoder(dict[str, object])


def redacted(message: str, call: Call, token: str) -> str:
    """The message without the secrets of this call."""
    return without(message, _secrets(call, token))


def without(message: str, secrets: Iterable[str]) -> str:
    """The message with each of the secrets hidden."""
    for secret in sorted(set(secrets), key=len, reverse=True):
        for spelling in {secret, quote(secret, safe="")}:
            pattern = re.escape(spelling)
            if len(secret) < SHORT:
                pattern = rf"(?<![0-9A-Za-z]){pattern}(?![0-9A-Za-z])"
            message = re.sub(pattern, HIDDEN, message, flags=re.IGNORECASE)
    return message


def secrets_in(resource: Resource, document: bytes) -> Iterator[str]:
    """What identifies the driver in an object."""
    members = _members(document)
    for path in resource.secrets:
        yield from _found(members, path.split("."))


def _secrets(call: Call, token: str) -> Iterator[str]:
    yield token
    yield b64encode(token.encode()).decode()
    resource = call.endpoint.resource
    if resource is None:
        members = _members(call.body)
        for path in _LOOSE:
            yield from _found(members, path)
        return
    named = path_ids(call.endpoint, call.keys, call.query)
    yield from (named[name] for name in resource.secrets if named.get(name))
    yield from secrets_in(resource, call.body or b"")


def _members(body: bytes | None) -> object:
    try:
        return _MEMBERS.decode(body) if body else {}
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return {}


def _found(value: object, path: Sequence[str]) -> Iterator[str]:
    """Texts at a path; lists on the way count with each entry."""
    if isinstance(value, list):
        for one in value:
            yield from _found(one, path)
    elif not path:
        if isinstance(value, str) and value:
            yield value
    elif isinstance(value, dict):
        yield from _found(value.get(path[0]), path[1:])
