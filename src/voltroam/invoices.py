"""Invoices of drivers who paid at a terminal, at `<url>/invoices/{authorization_reference}`.

Served where the setting `invoices` says so, to whoever knows the reference: a driver has no account
with us, and gets the address at the terminal (OCPI 2.3.0 §mod_payments, InvoiceCreator).
"""

from collections.abc import Callable
from html import escape
from typing import Any
from urllib.parse import unquote, urlsplit

import msgspec

from voltroam.operating import Beside, Operated, operator_of
from voltroam.roaming.paying.invoice import Invoice, invoice_of, written
from voltroam.settings import Settings
from voltroam.transport.server import AsgiApp, respond
from voltroam.wire.call import Response

INVOICES = "/invoices/"
_JSON = "application/json"
_ALWAYS = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-robots-tag": "noindex",
}
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Invoice {number}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>body{{font:16px sans-serif;margin:2em;max-width:42em}}th{{text-align:left;padding-right:2em;
vertical-align:top}}</style></head><body><h1>Invoice {number}</h1><table>
{rows}
</table></body></html>
"""
_NUMBERS = msgspec.json.Encoder(decimal_format="number")


class Invoices:
    """What is not below `/invoices/` is for `then`, if there is one."""

    def __init__(
        self, node: Callable[[], Operated], settings: Settings, then: AsgiApp | None
    ) -> None:
        self._node = node
        # a proxy may cut the prefix off
        self._below = (urlsplit(settings.url).path.rstrip("/") + INVOICES, INVOICES)
        self._issuer = settings.name
        self._then = then

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        path = scope.get("raw_path", b"").decode("latin-1") or scope["path"]
        if path.startswith(self._below) and scope["method"] in ("GET", "HEAD"):
            reference = unquote(path.partition(INVOICES)[2])
            await respond(send, await self._answer(scope, reference))
        elif self._then is not None:
            await self._then(scope, receive, send)
        else:
            missing = Response(404, {"content-type": _JSON}, b"{}")
            await respond(send, missing, close=scope["method"] not in ("GET", "HEAD"))

    async def _answer(self, scope: Any, reference: str) -> Response:
        holdings = self._node().holdings
        found = await invoice_of(holdings.store, holdings.identity, reference)
        if found is None:
            return Response(404, _ALWAYS | {"content-type": _JSON}, b"{}")
        if any(name == b"accept" and _JSON.encode() in value for name, value in scope["headers"]):
            return Response(200, _ALWAYS | {"content-type": _JSON}, _NUMBERS.encode(found))
        html = {"content-type": "text/html; charset=utf-8"}
        return Response(200, _ALWAYS | html, page(found, self._issuer).encode())


def page(invoice: Invoice, issuer: str) -> str:
    """For people, without anything that is loaded from elsewhere."""
    rows = "\n".join(
        f"<tr><th>{escape(label)}</th><td>{escape(text)}</td></tr>"
        for label, text in written(invoice, issuer)
    )
    return _PAGE.format(number=escape(invoice.number), rows=rows)


def beside(settings: Settings, node: Operated) -> AsgiApp | None:
    """What stands beside the OCPI of an open node."""
    operator = operator_of(node) if settings.operator.enabled else None
    return Invoices(lambda: node, settings, operator) if settings.invoices else operator


def beside_later(settings: Settings, node: Callable[[], Operated]) -> AsgiApp | None:
    """The same for a node that opens when the server starts."""
    operator = Beside(node) if settings.operator.enabled else None
    return Invoices(node, settings, operator) if settings.invoices else operator
