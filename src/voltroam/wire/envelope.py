"""The response envelope: `data`, `status_code`, `status_message`, `timestamp`.

OCPI 2.2.1 §transport, response format.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import msgspec

from voltroam.standard.errors import (
    CallerError,
    OcpiError,
    Overloaded,
    Refused,
    TooMany,
    Unusable,
    WrongMethod,
)
from voltroam.standard.status import is_success
from voltroam.wire.call import Reply, Response, Routing
from voltroam.wire.headers import read_routing
from voltroam.wire.times import format_datetime

_LONGEST_MESSAGE = 500
"""Characters of a partner's message that we repeat."""


class _Envelope(msgspec.Struct):
    status_code: int
    data: msgspec.Raw = msgspec.Raw()
    status_message: msgspec.Raw = msgspec.Raw()
    timestamp: msgspec.Raw = msgspec.Raw()


_DECODER = msgspec.json.Decoder(_Envelope)
_TEXT = msgspec.json.Decoder(str)


def write_reply(reply: Reply, *, now: datetime) -> Response:
    """The envelope in bytes; `data` is left out where the row defines none."""
    return Response(reply.http_status, reply_headers(reply), envelope(reply, now=now))


def reply_headers(reply: Reply) -> dict[str, str]:
    """Those that the reply itself calls for, names in lower case."""
    headers = {"content-type": "application/json"}
    for name, value in reply.headers.items():
        headers[name.lower()] = value
    return headers


def envelope(reply: Reply, *, now: datetime) -> bytes:
    """The body of `write_reply`; one that a reply brings is passed on as it came."""
    if reply.envelope is not None:
        return reply.envelope
    end = b'"status_code":%d,' % reply.status_code
    if reply.message is not None:
        end += b'"status_message":%b,' % msgspec.json.encode(_sendable(reply.message))
    end += b'"timestamp":"%b"}' % format_datetime(now).encode("ascii")
    if reply.items is not None:
        return _listed(reply.items, end)
    if reply.data is not None:
        return b'{"data":%b,%b' % (reply.data, end)
    return b"{" + end


def _listed(items: Sequence[bytes], end: bytes) -> bytes:
    """A page is large, and each copy of it costs as much as the call around it: one is made."""
    if not items:
        return b'{"data":[],' + end
    pieces = list(items)
    pieces[0] = b'{"data":[' + pieces[0]
    pieces[-1] += b"]," + end
    return b",".join(pieces)


def _sendable(message: str) -> str:
    """Text that quotes a caller's own input may hold what UTF-8 cannot."""
    return message.encode("utf-8", "replace").decode()


def fault_reply(fault: OcpiError) -> Reply:
    """What a fault tells the caller: its codes, its message and the headers that belong to it."""
    headers: dict[str, str] = {}
    if fault.http_status == 401:
        headers["www-authenticate"] = "Token"
    if isinstance(fault, WrongMethod):
        headers["allow"] = ", ".join(fault.allow)
    if isinstance(fault, TooMany | Overloaded):
        headers["retry-after"] = str(fault.retry_after)
    return Reply(
        status_code=fault.status_code,
        http_status=fault.http_status,
        message=fault.message,
        headers=headers,
    )


def read_reply(response: Response) -> Reply:
    """Read a partner's answer: success only when HTTP says 2xx and OCPI 1xxx.

    Raises Refused with the partner's codes, Unusable when a 2xx holds no envelope.
    """
    http_ok = 200 <= response.status < 300
    try:
        envelope = _DECODER.decode(response.body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as fault:
        if http_ok:
            raise Unusable(f"HTTP {response.status} without OCPI envelope: {fault}") from None
        raise _refusal(response, None, None) from None
    message = _text(envelope.status_message)
    if not http_ok or not is_success(envelope.status_code):
        raise _refusal(response, envelope.status_code, message)
    return Reply(
        status_code=envelope.status_code,
        http_status=response.status,
        data=_data(envelope.data),
        message=message,
        headers=response.headers,
        routing=_routing(response),
        timestamp=_text(envelope.timestamp) or "",
    )


def read_answer(response: Response) -> Reply:
    """A partner's answer, a refusal too, to say it again. Raises Unusable if it is no envelope."""
    code = read_code(response.body)
    envelope = _DECODER.decode(response.body)
    return Reply(
        status_code=code,
        http_status=response.status,
        data=_data(envelope.data),
        message=_text(envelope.status_message),
        headers=response.headers,
    )


def read_code(body: bytes) -> int:
    """The status code of an envelope that goes on as it is; nothing else of it is decoded.

    Raises Unusable if it is no envelope.
    """
    try:
        code = _DECODER.decode(body).status_code
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise Unusable("no OCPI envelope") from None
    if not 1000 <= code < 5000:
        raise Unusable(f"{code} is no OCPI status code")
    return code


def _data(raw: msgspec.Raw) -> bytes | None:
    data = bytes(raw)
    return None if data in (b"", b"null") else data


def _text(raw: msgspec.Raw) -> str | None:
    """Members that a decision never hangs on are read kindly: no text counts as absent."""
    if not raw:
        return None
    try:
        return _TEXT.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None


def _routing(response: Response) -> Routing:
    """Routing headers of a response inform only; broken ones do not spoil it."""
    try:
        return read_routing(response.headers)
    except CallerError:
        return Routing()


def _refusal(response: Response, code: int | None, message: str | None) -> Refused:
    words = f"HTTP {response.status}" + ("" if code is None else f", OCPI status {code}")
    if message:
        shown = "".join(char if char.isprintable() else " " for char in message)
        words = f"{words}: {shown[:_LONGEST_MESSAGE]}"
    return Refused(words, http=response.status, code=code, retry_after=_retry_after(response))


def _retry_after(response: Response) -> float | None:
    """Seconds; a date counts from the partner's own clock (RFC 9110 §10.2.3)."""
    value = response.headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return float(value[:9])
    try:
        until = parsedate_to_datetime(value)
        since = parsedate_to_datetime(response.headers.get("date", ""))
    except (TypeError, ValueError):
        return None
    return max(0.0, (_aware(until) - _aware(since)).total_seconds())


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
