"""A client of the operator API, driven by the same rows as the server.

async with OperatorClient("http://127.0.0.1:8101", key) as client:
    partner = await client.ask(PAUSE, partner="movia")
    async for line in client.each(LIST_AUDIT):
        ...
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import urlencode

import msgspec

from voltroam.operator.faults import ProblemDetails
from voltroam.operator.operation import KEYED, Document, Operation, Page
from voltroam.standard.errors import Unusable
from voltroam.transport.addresses import Reach
from voltroam.transport.client import ClientTls, GuardedSender, Sender
from voltroam.transport.guard import GuardSettings, UrlGuard
from voltroam.wire.call import Request, Response

R = TypeVar("R")
Body = msgspec.Struct | bytes | Mapping[str, Any] | None
Query = msgspec.Struct | Mapping[str, Any] | None
API = "/operator/v1"
LIMIT = 200 * 1024 * 1024
_JSON = "application/json"


class OperatorRefusal(Exception):
    """The node said no; `details` has the HTTP status, the sentence and each problem."""

    def __init__(self, details: ProblemDetails) -> None:
        super().__init__(details.detail)
        self.details = details

    @property
    def status(self) -> int:
        return self.details.status


class OperatorClient:
    """`url` is the node's; raises OperatorRefusal, Unreachable or Unusable.

    `send` stands in for the HTTP client. Over TLS the node's certificate is checked, against
    `authorities` (PEM) too.
    """

    def __init__(
        self,
        url: str,
        key: str,
        *,
        send: Sender | None = None,
        timeout: float = 60.0,
        authorities: bytes | None = None,
    ) -> None:
        self._url = url.rstrip("/") + API
        self._key = key
        self._timeout = timeout
        self._own: GuardedSender | None = None
        if send is not None:
            self._sender: Sender = send
        else:
            from voltroam.transport.curl_sender import CurlSender

            guard = UrlGuard(GuardSettings(http=True, reach=Reach(loopback=True, private=True)))
            self._own = GuardedSender(guard, CurlSender(ClientTls(authorities=authorities)))
            self._sender = self._own

    def __repr__(self) -> str:
        return f"OperatorClient({self._url!r})"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        await self.close()

    async def close(self) -> None:
        """Let go of connections."""
        if self._own is not None:
            await self._own.close()

    async def ask(
        self,
        operation: Operation[R],
        body: Body = None,
        /,
        *,
        query: Query = None,
        once: str | None = None,
        **ids: str,
    ) -> R:
        """Do one operation. `ids` fill in the path; `once` is an Idempotency-Key of a POST.

        `body` is the struct that the row takes, or a document as bytes.
        """
        return await self._ask(operation, body, query, once, ids)

    async def _ask(
        self,
        operation: Operation[R],
        body: Body,
        query: Query,
        once: str | None,
        ids: Mapping[str, str],
    ) -> R:
        if operation.is_stream:
            raise TypeError(f"{operation.name} has no end: read it with a client for such streams")
        headers = {"authorization": f"Bearer {self._key}", "accept": _JSON}
        if operation.has_body:
            headers["content-type"] = _JSON
        if once is not None:
            headers[KEYED.lower()] = once
        data = b""
        if body is not None:
            data = body if isinstance(body, bytes) else msgspec.json.encode(body)
        asked = urlencode(_pairs(query))
        url = self._url + operation.url(ids) + (f"?{asked}" if asked else "")
        response = await self._sender.send(
            Request(operation.method, url, headers, data), timeout=self._timeout, limit=LIMIT
        )
        return _read(operation, response)

    async def each(
        self,
        operation: Operation[Page[R]],
        /,
        *,
        query: Query = None,
        **ids: str,
    ) -> AsyncIterator[R]:
        """All items of a list, page by page."""
        asked = dict(_pairs(query))
        while True:
            page = await self._ask(operation, None, asked, None, ids)
            for item in page.items:
                yield item
            if page.next is None:
                return
            asked["cursor"] = page.next


def _pairs(query: Query) -> Sequence[tuple[str, str]]:
    """What is not None, as the query spells it."""
    if query is None:
        return ()
    plain: Any = msgspec.to_builtins(query)
    return [(name, _spelled(value)) for name, value in plain.items() if value is not None]


def _spelled(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _read(operation: Operation[R], response: Response) -> R:
    if 200 <= response.status < 300:
        if operation.gives is None:
            return None  # type: ignore[return-value]  # R is None there
        try:
            return msgspec.json.decode(response.body, type=operation.gives)
        except msgspec.DecodeError as error:
            raise Unusable(f"an answer that this client does not know: {error}") from None
    try:
        details = msgspec.json.decode(response.body, type=ProblemDetails)
    except msgspec.DecodeError:
        raise Unusable(f"HTTP {response.status}, and no word why: is that a node?") from None
    raise OperatorRefusal(details)


__all__ = ["Document", "OperatorClient", "OperatorRefusal"]
