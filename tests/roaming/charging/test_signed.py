"""Signed meter values: byte for byte into the CDR, and found genuine there."""

from datetime import datetime
from decimal import Decimal

import msgspec
import pytest
from tests.roaming.charging.chargers import PLAIN, Operator, meter, minute

from voltroam.billing.any_version import read_cdr
from voltroam.billing.findings import Verdict
from voltroam.billing.match import match
from voltroam.metering import Outcome
from voltroam.roaming.charging import ChargingProblem
from voltroam.roaming.host import Reading, SignedReading
from voltroam.simulator.world.meter import Meter


def signed(box: Meter, reason: str, at: datetime, wh: int = 0) -> Reading:
    box.wh += wh
    return Reading(at=at, kwh=box.kwh, signed=box.sign(reason, at, "T1"))


@pytest.fixture
def box() -> Meter:
    return Meter(1, "E1", evse_id="NL*AAA*E1", dc=False)


async def test_the_signatures_of_a_session_are_valid_in_its_cdr(
    operator: Operator, box: Meter
) -> None:
    """CDR-SIG-01, CDR-DT-05"""
    await operator.open(PLAIN)
    first = signed(box, "B", minute(0))
    name = await operator.begin(reading=first, meter_id=box.serial)
    during = signed(box, "C", minute(15), 3000)
    await operator.charging.read(name, during)
    last = signed(box, "E", minute(30), 2500)
    operator.clock.forward(hours=1)
    cdr_id = await operator.charging.end(name, minute(30), last)
    cdr = await operator.cdr(cdr_id or "")
    data = cdr["signed_data"]
    assert [one["nature"] for one in data["signed_values"]] == ["Start", "Intermediate", "End"]
    for one, given in zip(data["signed_values"], (first, during, last), strict=True):
        assert given.signed is not None
        assert one["signed_data"] == given.signed.signed_data
        assert one["plain_data"] == given.signed.plain_data
    assert (data["encoding_method"], data["public_key"]) == ("OCMF", box.public_key)
    assert cdr["total_energy"] == Decimal("5.5")
    document = await operator.document("cdrs", name)
    assert document is not None
    found = match(read_cdr(document))
    assert found is not None
    assert found.ok, found.rules
    assert found.verdict.verdict is Outcome.VALID
    assert (await operator.audited(name, name)).verdict is Verdict.OK


async def test_a_signed_value_said_twice_is_there_once(operator: Operator, box: Meter) -> None:
    await operator.open(PLAIN)
    name = await operator.begin(reading=signed(box, "B", minute(0)))
    during = signed(box, "C", minute(15), 3000)
    for _ in range(2):
        await operator.charging.read(name, during)
    last = signed(box, "E", minute(30), 2500)
    await operator.charging.read(name, last)
    await operator.charging.end(name, minute(30), last)
    assert len((await operator.cdr(name))["signed_data"]["signed_values"]) == 3


async def test_the_version_of_the_encoding_is_kept(operator: Operator) -> None:
    """CDR-DT-05"""
    await operator.open(PLAIN)
    value = SignedReading(
        nature="Start", plain_data="p", signed_data="s", encoding_method="Alfen Eichrecht",
        encoding_method_version=2,
    )  # fmt: skip
    name = await operator.begin(reading=meter(0, "0", signed=value))
    await operator.charging.end(name, minute(5), meter(5, "1"))
    data = (await operator.cdr(name))["signed_data"]
    assert (data["encoding_method"], data["encoding_method_version"]) == ("Alfen Eichrecht", 2)
    assert "public_key" not in data


@pytest.mark.parametrize(
    "change",
    [
        {"plain_data": "x" * 5001},
        {"signed_data": "x" * 5001},
        {"public_key": "x" * 513},
        {"nature": "x" * 33},
        {"encoding_method": "EDL"},
    ],
)
async def test_what_no_cdr_can_hold_is_refused_when_it_comes(
    operator: Operator, change: dict[str, str]
) -> None:
    """CDR-DT-05: and not when the money is due."""
    await operator.open(PLAIN)
    good = SignedReading(nature="Start", plain_data="p", signed_data="s")
    name = await operator.begin(reading=meter(0, "0", signed=good))
    bad = msgspec.structs.replace(good, **change)
    with pytest.raises(ChargingProblem) as problem:
        await operator.charging.read(name, meter(5, "1", signed=bad))
    assert problem.value.code == "SIGNED"
