"""Invoices over HTTP: who knows the reference reads one, and all else is as it was."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, cast

import pytest

from voltroam import invoices
from voltroam.invoices import Invoices, beside_later, page
from voltroam.operating import Operated
from voltroam.roaming.paying.invoice import Cost, Invoice, Place, Tax
from voltroam.settings import Settings

MADE = Invoice(
    reference="R1", number="<INV-1>", operator="NL/NOD", cdr_id="C1",
    start=datetime(2026, 11, 22, 12, tzinfo=UTC), end=datetime(2026, 11, 22, 13, tzinfo=UTC),
    kwh=Decimal("10.50"), currency="EUR", place=Place("Kade 1", "Utrecht", "NLD"), parts=(),
    total=Cost("Total", Decimal("5.00"), (Tax("VAT", Decimal("1.05"), Decimal(21)),),
               Decimal("6.05")),
    lines=("Card ***1234 <script>",),
)  # fmt: skip
NODE = cast("Operated", SimpleNamespace(holdings=SimpleNamespace(store=None, identity=None)))


def settings(**members: Any) -> Settings:
    return Settings(name="Noda & Co", url="https://noda.example/base", parties=["NL/NOD/CPO"],
                    **members)  # fmt: skip


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The references that were asked for; only R1 is known."""
    found: list[str] = []

    async def one(_store: Any, _identity: Any, reference: str) -> Invoice | None:
        found.append(reference)
        return MADE if reference == "R1" else None

    monkeypatch.setattr(invoices, "invoice_of", one)
    return found


class Answered:
    def __init__(self) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.body = b""

    async def __call__(self, message: Mapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {name.decode(): value.decode() for name, value in message["headers"]}
        else:
            self.body += message["body"]


async def ask(app: Any, path: str, method: str = "GET", accept: str = "text/html") -> Answered:
    sent = Answered()
    scope = {"type": "http", "method": method, "path": path, "raw_path": path.encode(),
             "headers": [(b"accept", accept.encode())]}  # fmt: skip
    await app(scope, None, sent)
    return sent


@pytest.mark.parametrize("below", ["/base/invoices/", "/invoices/"])
async def test_who_knows_the_reference_reads_it(asked: list[str], below: str) -> None:
    """RPAY-035: also behind a proxy that cuts the prefix off."""
    app = Invoices(lambda: NODE, settings(), None)
    found = await ask(app, f"{below}R1")
    assert (found.status, found.headers["cache-control"]) == (200, "no-store")
    assert found.headers["content-type"] == "text/html; charset=utf-8"
    assert b"Card ***1234 &lt;script&gt;" in found.body
    plain = await ask(app, f"{below}R1", accept="application/json")
    told = json.loads(plain.body)
    assert (told["lines"], told["total"]["after_taxes"]) == (list(MADE.lines), 6.05)
    assert asked == ["R1", "R1"]


async def test_what_nobody_knows_is_not_there(asked: list[str]) -> None:
    app = Invoices(lambda: NODE, settings(), None)
    for path in ("/invoices/R2", "/invoices/", "/invoices/R1/x"):
        assert (await ask(app, path)).status == 404
    assert asked == ["R2", "", "R1/x"]
    assert (await ask(app, "/invoices/R1", method="POST")).status == 404
    assert (await ask(app, "/else")).status == 404


async def test_all_else_goes_where_it_went(asked: list[str]) -> None:
    async def operator(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 418, "headers": []})

    app = Invoices(lambda: NODE, settings(), operator)
    assert (await ask(app, "/base/operator/v1/x")).status == 418
    assert (await ask(app, "/invoices/R1", method="DELETE")).status == 418
    assert asked == []


@pytest.mark.parametrize("operator", [{"enabled": True}, {"enabled": False}])
def test_they_are_served_where_the_settings_say_so(operator: dict[str, bool]) -> None:
    import msgspec

    from voltroam.settings import OperatorApi

    api = msgspec.convert(operator, OperatorApi)
    without = beside_later(settings(operator=api), lambda: NODE)
    assert not isinstance(without, Invoices)
    assert (without is None) is not operator["enabled"]
    assert isinstance(beside_later(settings(operator=api, invoices=True), lambda: NODE), Invoices)


def test_the_page_is_for_people_and_loads_nothing() -> None:
    text = page(MADE, "Noda & Co")
    assert "Noda &amp; Co (NL/NOD)" in text
    assert "<th>VAT 21 %</th><td>1.05 EUR</td>" in text
    assert "<th>Total</th><td>6.05 EUR</td>" in text
    assert "Invoice &lt;INV-1&gt;" in text
    assert not [word for word in ("<script", "src=", "http:", "https:") if word in text]
