"""ISA-EDL40: start and present value in one SML list, 320 bytes of its own layout, secp256r1.

Server id 0, time 10, status 14, OBIS 15, unit 21, scaler 22, value 23, log index 31, the value's
own signature 33, contract 99, start time 227, ESTH 231, start status 251, OBIS 252, unit, scaler,
start value 260, list name 268, pagination 274. Only a list named as the end closes a transaction.
"""

from voltroam.metering import edl_block, sml
from voltroam.metering.curves import SECP256R1
from voltroam.metering.keys import read_raw
from voltroam.metering.problem import MeteringProblem
from voltroam.metering.record import Format, Phase, Reading, Record

START = bytes.fromhex("010001080080")
ACTUAL = bytes.fromhex("0100010800ff")
CONTRACT_ID = bytes.fromhex("8182815401ff")
PAGINATION = bytes.fromhex("8180c7f040ff")
ESTH = bytes.fromhex("8180816101ff")
LIST_AT_END = bytes.fromhex("8180816202ff")
LOG, VALUE_SIGNATURE, ESTH_SIZE = 2, 66, 20


def from_listing(listing: sml.Listing) -> Record:
    """An ISA-EDL40 record; MeteringProblem names what the list lacks."""
    start, actual = _entry(listing, START), _entry(listing, ACTUAL)
    contract = _sized(_entry(listing, CONTRACT_ID).value, edl_block.CONTRACT, "$.contract_id")
    pagination = _whole(_entry(listing, PAGINATION).value, "$.pagination")
    own = _sized(actual.signature, VALUE_SIGNATURE, "$.value_signature", exactly=True)
    log = listing.signature[-LOG:]
    payload = b"".join(
        (
            _sized(listing.server, edl_block.SERVER, "$.server_id", exactly=True),
            _little(_seconds(actual), 4, "$.time"),
            _register(actual, "$.actual", log),
            own,
            contract,
            _little(_seconds(start), 4, "$.start_time"),
            _sized(_entry(listing, ESTH).value, ESTH_SIZE, "$.esth"),
            _register(start, "$.start", b""),
            _sized(listing.name, 6, "$.list_name", exactly=True),
            _little(pagination, 4, "$.pagination"),
        )
    ).ljust(edl_block.SIZE, b"\0")
    end = Phase.END if listing.name == LIST_AT_END else Phase.DURING
    return Record(
        format=Format.ISA_EDL40,
        payload=payload,
        curve=SECP256R1,
        numbers=read_raw(listing.signature[:-LOG], SECP256R1),
        readings=(_reading(start, Phase.BEGIN), _reading(actual, end)),
        meter_id=listing.server.hex().upper(),
        other_ids=(edl_block.meter_name(listing.server),),
        session=edl_block.contract_text(contract),
        pagination=pagination,
        deviations=listing.deviations,
    )


def _register(entry: sml.Entry, path: str, log: bytes) -> bytes:
    """Status, OBIS, unit, scaler, value and log index as they stand side by side."""
    return b"".join(
        (
            bytes([_whole(entry.status, f"{path}.status") & 0xFF]),
            entry.name,
            _little(_whole(entry.unit, f"{path}.unit"), 1, f"{path}.unit"),
            _little(_whole(entry.scaler, f"{path}.scaler"), 1, f"{path}.scaler", signed=True),
            _little(_whole(entry.value, f"{path}.value"), 8, f"{path}.value", signed=True),
            log,
        )
    )


def _reading(entry: sml.Entry, phase: Phase) -> Reading:
    status = _whole(entry.status, "$.status") & 0xFF
    value, scaler = _whole(entry.value, "$.value"), _whole(entry.scaler, "$.scaler")
    return Reading(
        phase=phase,
        value=edl_block.scaled(value, scaler),
        unit=edl_block.unit_text(_whole(entry.unit, "$.unit")),
        obis="1-0:1.8.0",
        at=edl_block.moment(_seconds(entry)),
        status=f"{status:02X}",
        status_ok=edl_block.status_ok(status),
    )


def _entry(listing: sml.Listing, name: bytes) -> sml.Entry:
    entry = listing.entries.get(name)
    if entry is None:
        raise MeteringProblem("$.list", f"the list has no {name.hex()}")
    return entry


def _seconds(entry: sml.Entry) -> int:
    if entry.time is None or not 0 <= entry.time.local < 1 << 32:
        raise MeteringProblem("$.time", "is missing or no time")
    return entry.time.local


def _whole(value: object, path: str) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise MeteringProblem(path, "no whole number")


def _little(number: int, size: int, path: str, *, signed: bool = False) -> bytes:
    try:
        return number.to_bytes(size, "little", signed=signed)
    except OverflowError:
        raise MeteringProblem(path, f"{number} does not fit into {size} bytes") from None


def _sized(value: object, size: int, path: str, *, exactly: bool = False) -> bytes:
    """Octets filled up with zeros; longer ones, and shorter where exact, are a problem."""
    if not isinstance(value, bytes) or len(value) > size or (exactly and len(value) != size):
        raise MeteringProblem(path, f"not {size} bytes")
    return value.ljust(size, b"\0")
