"""`<Billing>` and `<ChargingProcess>` of Mennekes: two EDL40 blocks, written as XML members.

OBIS 1.17.0 and Wh are fixed; the signed times are local, as they are written; the log index stands
behind the signature, or is the event counter, high byte first. The meter signs one byte of status:
a status that takes more is stated, but not signed, so such a record is not what was signed.
"""

import re
from datetime import UTC, datetime, timedelta

from voltroam.metering import edl_block
from voltroam.metering.curves import SECP192R1
from voltroam.metering.keys import read_raw
from voltroam.metering.problem import KEY, SIGNATURE, MeteringProblem
from voltroam.metering.record import Format, Phase, Record
from voltroam.metering.texts import from_hex
from voltroam.metering.tree import Element

BILLING, PROCESS = "Billing", "ChargingProcess"
OBIS = edl_block.MAIN_REGISTERS[0]
SIZE = 48
LOG = 2
_WHOLE = re.compile(r"[+-]?\d{1,20}")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MOMENTS = (("MeasurementStart", Phase.BEGIN), ("MeasurementEnd", Phase.END))


def processes(root: Element) -> list[Element]:
    """Every charging process under a Mennekes root."""
    if root.name == PROCESS:
        return [root]
    return [
        process
        for periods in root.all("BillingPeriods")
        for period in periods.all("BillingPeriod")
        for group in period.all("ChargingProcesses")
        for process in group.all(PROCESS)
    ]


def read(process: Element) -> list[Record]:
    """Begin and end of one charging process; MeteringProblem names the member that is wrong."""
    return [_record(process, name, phase) for name, phase in MOMENTS]


def _record(process: Element, name: str, phase: Phase) -> Record:
    measured = process.first(name)
    if measured is None:
        raise MeteringProblem(f"$.{name}", "is missing")
    signature = _hex(measured, "Signature", f"$.{name}.Signature")
    if len(signature) not in {SIZE, SIZE + LOG}:
        reason = f"{len(signature)} bytes are no signature of {SECP192R1.name}"
        raise MeteringProblem(SIGNATURE, reason)
    seen = measured.words("TimestampCustomerIdent") or process.words("TimestampCustomerIdent")
    status = _whole(measured, "MeterStatus")
    stated = f"$.{name}.MeterStatus: only the last byte of {status} can have been signed"
    block = edl_block.Block(
        server=_hex(process, "ServerId", "$.ServerId"),
        local_time=_local(measured.words("Timestamp"), f"$.{name}.Timestamp"),
        status=status & 0xFF,
        second_index=_whole(measured, "SecondIndex"),
        pagination=_whole(measured, "Pagination"),
        obis=OBIS,
        unit=edl_block.WATT_HOUR,
        scaler=_whole(measured, "Scaler"),
        value=_whole(measured, "Value"),
        log=signature[SIZE:] or (_whole(measured, "EventCounter") & 0xFFFF).to_bytes(LOG, "big"),
        contract=_hex(process, "CustomerIdent", "$.CustomerIdent"),
        contract_time=_local(seen, "$.TimestampCustomerIdent"),
    )
    return Record(
        format=Format.MENNEKES,
        payload=edl_block.build(block),
        curve=SECP192R1,
        numbers=read_raw(signature[:SIZE], SECP192R1),
        uncovered="" if 0 <= status <= 0xFF else stated,
        key=_hex(process, "PublicKey", KEY) if process.words("PublicKey") else None,
        readings=edl_block.readings(block, phase),
        meter_id=block.server.hex().upper(),
        other_ids=(edl_block.meter_name(block.server),),
        session=edl_block.contract_text(block.contract),
        pagination=block.pagination,
    )


def _hex(element: Element, name: str, path: str) -> bytes:
    data = from_hex(element.words(name))
    if data is None:
        raise MeteringProblem(path, "is missing or not hex")
    return data


def _whole(element: Element, name: str) -> int:
    text = element.words(name)
    if not _WHOLE.fullmatch(text) or not text.isascii():
        raise MeteringProblem(f"$.{element.name}.{name}", f"{text[:30]!r} is no whole number")
    return int(text)


def _local(text: str, path: str) -> int:
    """Seconds of local time, as signed; a time without an offset is local already."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise MeteringProblem(path, f"{text[:40]!r} is no time") from None
    return (at.replace(tzinfo=UTC) - _EPOCH) // timedelta(seconds=1)
