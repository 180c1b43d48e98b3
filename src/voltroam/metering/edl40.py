"""EDL40 in SML: the meter signs 320 bytes that are put together from the list.

On secp192r1; a signature of 66 bytes is that of an eMOC on secp256r1, whose status word is
folded into one byte. The last two bytes of the signature are the log index.
"""

from voltroam.metering import edl_block, isa_edl40, sml
from voltroam.metering.curves import SECP192R1, SECP256R1
from voltroam.metering.keys import read_raw
from voltroam.metering.problem import MeteringProblem
from voltroam.metering.record import Format, Phase, Record

CONTRACT_ID = bytes.fromhex("8182815401ff")
PAGINATION = bytes.fromhex("8180817101ff")
SECOND_INDEX = bytes.fromhex("810060080001")
SECOND_REGISTER = bytes.fromhex("010001110064")
COMPENSATED = bytes.fromhex("0100011100c8")
RESISTANCE = bytes.fromhex("00af6c6c72ff")
STOPWATCH = bytes.fromhex("00af647572ff")
PRICE = bytes.fromhex("00af707263ff")
FOLDED = ((17, 0), (31, 3), (16, 4), (11, 5), (9, 6), (8, 7))
LOG = 2


def read(data: bytes) -> Record:
    """Read an SML file as EDL40 or ISA-EDL40, whichever its list is."""
    listing = sml.read(data)
    if isa_edl40.START in listing.entries:
        return isa_edl40.from_listing(listing)
    return from_listing(listing)


def fold_status(status: int) -> int:
    """The status byte that an eMOC signs for its 32-bit status word."""
    return sum(1 << to for source, to in FOLDED if status >> source & 1)


def from_listing(listing: sml.Listing) -> Record:
    """An EDL40 record; MeteringProblem names what the list lacks."""
    signature, log = listing.signature[:-LOG], listing.signature[-LOG:]
    curve = SECP256R1 if len(signature) == 2 * SECP256R1.size else SECP192R1
    block = _block(listing, log, emoc=curve is SECP256R1)
    return Record(
        format=Format.EDL40,
        payload=edl_block.build(block),
        curve=curve,
        numbers=read_raw(signature, curve),
        readings=edl_block.readings(block, Phase.UNKNOWN),
        meter_id=block.server.hex().upper(),
        other_ids=(edl_block.meter_name(block.server),),
        session=edl_block.contract_text(block.contract),
        pagination=block.pagination,
        deviations=listing.deviations,
    )


def _block(listing: sml.Listing, log: bytes, *, emoc: bool) -> edl_block.Block:
    main = _main(listing)
    contract = _entry(listing, CONTRACT_ID, "$.contract_id")
    status = _whole(main.status, "$.status")
    index = sml.second_index(_entry(listing, SECOND_INDEX, "$.second_index").value)
    return edl_block.Block(
        server=listing.server,
        local_time=_time(main, "$.time"),
        status=fold_status(status) if emoc else status & 0xFF,
        second_index=_whole(index, "$.second_index"),
        pagination=_whole(_entry(listing, PAGINATION, "$.pagination").value, "$.pagination"),
        obis=main.name,
        unit=_whole(main.unit, "$.unit"),
        scaler=_whole(main.scaler, "$.scaler"),
        value=_whole(main.value, "$.value"),
        log=log,
        contract=contract.value if isinstance(contract.value, bytes) else b"",
        contract_time=_time(contract, "$.contract_id.time"),
        second_register=_optional(listing, SECOND_REGISTER, "$.second_register"),
        compensated=_optional(listing, COMPENSATED, "$.compensated"),
        resistance=_optional(listing, RESISTANCE, "$.resistance"),
        stopwatch=_optional(listing, STOPWATCH, "$.stopwatch"),
        price=_optional(listing, PRICE, "$.price"),
    )


def _main(listing: sml.Listing) -> sml.Entry:
    found = [listing.entries[name] for name in edl_block.MAIN_REGISTERS if name in listing.entries]
    if len(found) != 1:
        raise MeteringProblem("$.value", f"{len(found)} energy registers where one is signed")
    return found[0]


def _entry(listing: sml.Listing, name: bytes, path: str) -> sml.Entry:
    entry = listing.entries.get(name)
    if entry is None:
        raise MeteringProblem(path, f"the list has no {name.hex()}")
    return entry


def _whole(value: object, path: str) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise MeteringProblem(path, "no whole number")


def _time(entry: sml.Entry, path: str) -> int:
    if entry.time is None:
        raise MeteringProblem(path, "is missing")
    return entry.time.local


def _optional(listing: sml.Listing, name: bytes, path: str) -> int:
    entry = listing.entries.get(name)
    return 0 if entry is None or entry.value is None else _whole(entry.value, path)
