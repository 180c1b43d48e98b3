"""The 320 bytes that an EDL40 meter signs, built and read: numbers are little endian.

Server id 0, local time 10, status 14, seconds index 15, pagination 19, OBIS 23, unit 29, scaler
30, value 31, log index 39, contract id 41, its time 169; version 4 adds a second and a
compensated register at 173 and 181, the resistance of the cable 189, a stop watch 191, a price 195.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal

from voltroam.metering.problem import MeteringProblem
from voltroam.metering.record import Phase, Reading

SIZE = 320
SERVER, CONTRACT, OBIS = 10, 128, 6
WATT_HOUR = 30
HIGHEST_SCALER = 9
FATAL, MAGNET = 0x01, 0x40
MAIN_REGISTERS = (bytes.fromhex("0100011100ff"), bytes.fromhex("0100010800ff"))
COMPENSATED = "1-0:17.0.0*200"


@dataclass(frozen=True, slots=True)
class Block:
    """What the meter says, before or after it is written as 320 bytes."""

    server: bytes
    local_time: int
    status: int
    second_index: int
    pagination: int
    obis: bytes
    unit: int
    scaler: int
    value: int
    log: bytes
    contract: bytes
    contract_time: int
    second_register: int = 0
    compensated: int = 0
    resistance: int = 0
    stopwatch: int = 0
    price: int = 0


def _little(number: int, size: int, path: str, *, signed: bool = False) -> bytes:
    try:
        return number.to_bytes(size, "little", signed=signed)
    except OverflowError:
        raise MeteringProblem(path, f"{number} does not fit into {size} bytes") from None


def _exactly(data: bytes, size: int, path: str) -> bytes:
    if len(data) != size:
        raise MeteringProblem(path, f"{len(data)} bytes where {size} are signed")
    return data


def build(block: Block) -> bytes:
    """The 320 signed bytes; MeteringProblem names the member that does not fit."""
    if len(block.contract) > CONTRACT:
        raise MeteringProblem("$.contract_id", f"longer than {CONTRACT} bytes")
    whole = b"".join(
        (
            _exactly(block.server, SERVER, "$.server_id"),
            _little(block.local_time, 4, "$.time"),
            bytes([block.status & 0xFF]),
            _little(block.second_index, 4, "$.second_index"),
            _little(block.pagination, 4, "$.pagination"),
            _exactly(block.obis, OBIS, "$.obis"),
            _little(block.unit, 1, "$.unit"),
            _little(block.scaler, 1, "$.scaler", signed=True),
            _little(block.value, 8, "$.value", signed=True),
            _exactly(block.log, 2, "$.log_index"),
            block.contract.ljust(CONTRACT, b"\0"),
            _little(block.contract_time, 4, "$.contract_time"),
            _little(block.second_register, 8, "$.second_register", signed=True),
            _little(block.compensated, 8, "$.compensated", signed=True),
            _little(block.resistance, 2, "$.resistance"),
            _little(block.stopwatch, 4, "$.stopwatch"),
            _little(block.price, 2, "$.price"),
        )
    )
    return whole.ljust(SIZE, b"\0")


def parse(data: bytes) -> Block:
    """A block of exactly 320 bytes."""
    if len(data) != SIZE:
        raise MeteringProblem("$.payload", f"{len(data)} bytes where an EDL block has {SIZE}")

    def number(start: int, size: int, *, signed: bool = False) -> int:
        return int.from_bytes(data[start : start + size], "little", signed=signed)

    return Block(
        server=data[:10],
        local_time=number(10, 4),
        status=data[14],
        second_index=number(15, 4),
        pagination=number(19, 4),
        obis=data[23:29],
        unit=data[29],
        scaler=number(30, 1, signed=True),
        value=number(31, 8, signed=True),
        log=data[39:41],
        contract=data[41:169],
        contract_time=number(169, 4),
        second_register=number(173, 8, signed=True),
        compensated=number(181, 8, signed=True),
        resistance=number(189, 2),
        stopwatch=number(191, 4),
        price=number(195, 2),
    )


def scaled(value: int, scaler: int) -> Decimal:
    """value × 10^scaler; MeteringProblem when the scaler is beyond any meter."""
    if abs(scaler) > HIGHEST_SCALER:
        raise MeteringProblem("$.scaler", f"10^{scaler} is out of all proportion")
    return Decimal(value).scaleb(scaler)


def obis_text(code: bytes) -> str:
    """`1-0:1.17.0*255` for the six bytes."""
    a, b, c, d, e, f = code
    return f"{a}-{b}:{c}.{d}.{e}*{f}"


def unit_text(unit: int) -> str:
    """The unit of a DLMS unit code; only energy may be billed."""
    return "Wh" if unit == WATT_HOUR else f"DLMS {unit}"


def moment(seconds: int) -> datetime | None:
    """The wall clock of the meter, written as if UTC; None when the meter had no time."""
    return datetime.fromtimestamp(seconds, UTC) if seconds else None


def status_ok(status: int) -> bool:
    """Neither a fatal error of the meter nor a magnet at it."""
    return not status & (FATAL | MAGNET)


def meter_name(server: bytes) -> str:
    """`1EMH0008357808`, as printed on the meter, for a ten-byte server id; else empty."""
    maker = server[2:5]
    if len(server) != SERVER or not (maker.isalpha() and maker.isupper() and server[1] < 10):
        return ""
    return (
        f"{server[1]}{maker.decode('ascii')}{server[5]:02X}{int.from_bytes(server[6:], 'big'):08d}"
    )


def contract_text(contract: bytes) -> str:
    """The contract id without its padding, in hex: meters put bytes or letters there."""
    return contract.rstrip(b"\0").hex().upper()


def readings(block: Block, phase: Phase) -> tuple[Reading, ...]:
    """The register; with cable loss taken off, that one is billed and the plain one is not."""
    plain = Reading(
        phase=phase,
        value=scaled(block.value, block.scaler),
        unit=unit_text(block.unit),
        obis=obis_text(block.obis),
        at=moment(block.local_time),
        local=True,
        status=f"{block.status:02X}",
        status_ok=status_ok(block.status),
        event_counter=int.from_bytes(block.log, "big"),
        billing=not block.compensated,
    )
    if not block.compensated:
        return (plain,)
    value = scaled(block.compensated, block.scaler)
    return plain, replace(plain, value=value, obis=COMPENSATED, billing=True)
