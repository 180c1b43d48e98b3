"""Payments against what becomes of their commands, and what a terminal reserves."""

import json
import shutil
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import pytest
from msgspec.structs import replace
from tests.e2e import documents
from tests.roaming.company import role

from voltroam.bridge.passage import Inward
from voltroam.bridge.terms import Terms
from voltroam.roaming.accept import accept
from voltroam.roaming.commanding import Command, Commands, CommandState
from voltroam.roaming.paying import Paying, Payment, PaymentState, Terminals
from voltroam.roaming.platforms import Identity, Phase, Platform
from voltroam.standard.endpoints import LOCATION, TARIFF
from voltroam.standard.errors import CallerError
from voltroam.standard.packages import TERMINAL
from voltroam.standard.parties import PartyId
from voltroam.standard.v2_2_1 import CommandResult, CommandResultType, CommandType, Role
from voltroam.standard.versions import V2_2_1, V2_3_0
from voltroam.store.interface import Store
from voltroam.store.open import open_store
from voltroam.wire.times import to_micros

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
CPO, PTP = PartyId("NL", "NOD"), PartyId("DE", "PAY")
OURSELVES = Identity(name="pay", url="https://pay.example", roles=(role("DE/PAY", Role.PTP),))
NODA = Platform(id="p1", name="noda", phase=Phase.REGISTERED, roles=(role("NL/NOD", Role.CPO),))


class Sent:
    """Commands that went out, each with what became of it."""

    def __init__(self) -> None:
        self.all: dict[str, Command] = {}
        self.asked: list[dict[str, Any]] = []

    async def start_session(self, partner: str, **asked: Any) -> Command:
        self.asked.append(asked)
        command = Command(
            id=f"C{len(self.all)}", command=CommandType.START_SESSION, partner=partner,
            platform="p1", state=CommandState.ANSWERED, sent_at=NOW, as_party=PTP,
        )  # fmt: skip
        self.all[command.id] = command
        return command

    async def get(self, name: str) -> Command | None:
        return self.all.get(name)


@pytest.fixture
async def store(empty_database: Path, tmp_path: Path) -> AsyncIterator[Store]:
    shutil.copy(empty_database, tmp_path / "node.db")
    opened = await open_store(f"sqlite:///{tmp_path}/node.db")
    yield opened
    await opened.close()


def paying(store: Store, sent: Sent) -> Paying:
    return Paying(store, OURSELVES, cast("Commands", sent), now=lambda: to_micros(NOW))


async def pay(desk: Paying, **changes: Any) -> Payment:
    wanted: dict[str, Any] = {
        "terminal_id": "T1", "location_id": "LOC1", "operator": CPO, "amount": Decimal(50),
        "currency": "EUR",
    }  # fmt: skip
    return await desk.start("noda", **wanted | changes)


@pytest.mark.parametrize(
    ("result", "state"),
    [
        (CommandResultType.EVSE_OCCUPIED, PaymentState.RELEASED),
        (CommandResultType.TIMEOUT, PaymentState.RELEASED),
        (CommandResultType.ACCEPTED, PaymentState.PREAUTHORISED),
    ],
)
async def test_a_command_that_is_refused_late_releases_the_payment(
    store: Store, result: CommandResultType, state: PaymentState
) -> None:
    """RPAY-019"""
    sent = Sent()
    desk = paying(store, sent)
    payment = await pay(desk)
    await desk.look()
    assert (await desk.get(payment.reference)).state is PaymentState.PREAUTHORISED
    (command,) = sent.all.values()
    sent.all[command.id] = replace(command, result=CommandResult(result=result))
    await desk.look()
    assert (await desk.get(payment.reference)).state is state
    events = [one for one in await store.events(0, 100) if one.type == "payment.changed"]
    assert [json.loads(one.document)["state"] for one in events[1:]] == (
        ["RELEASED"] if state is PaymentState.RELEASED else []
    )


async def test_a_lost_answer_releases_nothing(store: Store) -> None:
    """The charge may run."""
    sent = Sent()
    desk = paying(store, sent)
    payment = await pay(desk)
    (command,) = sent.all.values()
    sent.all[command.id] = replace(command, state=CommandState.UNCERTAIN)
    await desk.look()
    assert (await desk.get(payment.reference)).state is PaymentState.PREAUTHORISED


async def test_a_terminal_reserves_what_the_tariff_wants(store: Store) -> None:
    """RPAY-018, RPAY-034"""
    desk = paying(store, Sent())
    with pytest.raises(CallerError, match="preauthorize_amount"):
        await pay(desk, amount=None, currency=None)
    tariff = {
        "country_code": "NL", "party_id": "NOD", "id": "T-CARD", "currency": "SEK",
        "type": "AD_HOC_PAYMENT", "tax_included": "NO", "preauthorize_amount": 400,
        "elements": [{"price_components": [
            {"type": "ENERGY", "price": 5, "vat": 25, "step_size": 1},
        ]}],
        "last_updated": "2026-01-01T00:00:00Z",
    }  # fmt: skip
    place = documents.location(("NL", "NOD"), "LOC1")
    place["evses"][0]["connectors"][0]["tariff_ids"] = ["T-CARD"]
    bring = Inward("Tariff", V2_3_0, Terms(owner=CPO))
    for resource, document, version in ((TARIFF, tariff, V2_3_0), (LOCATION, place, V2_2_1)):
        change = accept(
            resource, json.dumps(document).encode(), version=version, source=NODA,
            identity=OURSELVES, strict=True,
            inward=bring if version is V2_3_0 else None,
        )  # fmt: skip
        await store.apply(change)
    payment = await pay(desk, amount=None, currency=None)
    assert (payment.preauthorised, payment.currency) == (Decimal(400), "SEK")
    with pytest.raises(CallerError, match="more than nothing"):
        await pay(desk, amount=Decimal(0))


@pytest.mark.parametrize(
    ("creator", "places", "ours"),
    [
        ("CPO", {"location_ids": ["LOC1"]}, True),
        ("CPO", {"evse_uids": ["e1"]}, True),
        ("CPO", {"location_ids": ["LOC2"]}, False),
        ("PTP", {"location_ids": ["LOC1"]}, False),
    ],
)
async def test_the_terminals_of_a_place_say_who_makes_the_invoice(
    store: Store, creator: str, places: dict[str, Any], *, ours: bool
) -> None:
    """RPAY-014, RPAY-022"""
    operator = Identity(name="n", url="https://n.example", roles=(role("NL/NOD", Role.CPO),))
    payco = Platform(id="p2", name="pay", phase=Phase.REGISTERED, roles=OURSELVES.roles)
    terminal = {"terminal_id": "T1", "invoice_creator": creator, **places,
                "last_updated": "2026-01-01T00:00:00Z"}  # fmt: skip
    change = accept(
        TERMINAL, json.dumps(terminal).encode(), version=V2_3_0, source=payco, identity=operator,
        strict=True, owner=PTP, ids={"terminal_id": "T1"},
    )  # fmt: skip
    await store.apply(change)
    nobody = cast("Any", None)
    desk = Terminals(
        store, nobody, nobody, identity=operator, table=nobody, now=lambda: to_micros(NOW)
    )
    assert await desk.we_invoice(PTP, "LOC1", "E1") is ours
    assert not await desk.we_invoice(PartyId("DE", "OTH"), "LOC1", "E1")
