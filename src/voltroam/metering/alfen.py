"""Alfen, `AP;type;version;key;data;signature;`: 82 bytes in base32, signed on secp192r1.

Numbers are little endian at fixed places: adapter 0, meter 16, status 26, seconds index 30, time
34, OBIS 38, unit 44, scaler 45, value 46, user 54, session 74, paging 78.
"""

from voltroam.metering import edl_block
from voltroam.metering.curves import SECP192R1
from voltroam.metering.keys import read_raw
from voltroam.metering.problem import KEY, SIGNATURE, MeteringProblem
from voltroam.metering.record import Format, Phase, Reading, Record, Rule
from voltroam.metering.texts import from_base32

SIZE = 82
PHASES = {"0": Phase.BEGIN, "1": Phase.END, "2": Phase.DURING}
METER_ERRORS = (1, 2)
ADAPTER_ERRORS = (16, 30, 31)
START_MISMATCH = 26
ENERGY = b"\x01\x08"


def looks_like(text: str) -> bool:
    """Whether the text says that it is a record of Alfen."""
    return text.lstrip().startswith("AP;")


def read(text: str) -> Record:
    """Read one Alfen record; MeteringProblem names the section that is wrong."""
    sections = text.strip().split(";")
    if sections and not sections[-1]:
        sections.pop()
    if len(sections) != 6 or sections[0] != "AP":
        raise MeteringProblem("$", "not of the form AP;type;version;key;data;signature;")
    _, kind, version, key, data, signature = sections
    if kind not in PHASES:
        raise MeteringProblem("$.type", f"{kind[:10]!r} is not 0, 1 or 2")
    if len(version) != 1:
        raise MeteringProblem("$.version", f"{version[:10]!r} is not one character")
    payload = _decoded(data, "$.data")
    if len(payload) != SIZE:
        raise MeteringProblem("$.data", f"{len(payload)} bytes where {SIZE} are signed")
    return Record(
        format=Format.ALFEN,
        payload=payload,
        curve=SECP192R1,
        numbers=read_raw(_decoded(signature, SIGNATURE), SECP192R1),
        key=_decoded(key, KEY) if key.strip() else None,
        readings=(_reading(payload, PHASES[kind]),),
        meter_id=payload[16:26].hex().upper(),
        other_ids=(edl_block.meter_name(payload[16:26]), payload[:10].hex().upper()),
        session=str(_number(payload, 74)),
        pagination=_number(payload, 78),
        rules=_own_rules(_number(payload, 26)),
    )


def _decoded(text: str, path: str) -> bytes:
    data = from_base32(text)
    if data is None:
        raise MeteringProblem(path, "is missing or not base32")
    return data


def _number(payload: bytes, at: int) -> int:
    return int.from_bytes(payload[at : at + 4], "little")


def _reading(payload: bytes, phase: Phase) -> Reading:
    status = _number(payload, 26)
    value = int.from_bytes(payload[46:54], "little", signed=True)
    scaler = int.from_bytes(payload[45:46], "little", signed=True)
    bad = any(status >> bit & 1 for bit in (*METER_ERRORS, *ADAPTER_ERRORS, START_MISMATCH))
    return Reading(
        phase=phase,
        value=edl_block.scaled(value, scaler),
        unit=edl_block.unit_text(payload[44]),
        obis=edl_block.obis_text(payload[38:44]),
        at=edl_block.moment(_number(payload, 34)),
        status=f"{status:08X}",
        status_ok=not bad,
        billing=payload[40:42] == ENERGY,
    )


def _own_rules(status: int) -> tuple[Rule, ...]:
    rules = []
    if any(status >> bit & 1 for bit in METER_ERRORS):
        rules.append(Rule("meter-error", False, "the meter reports an error"))
    if any(status >> bit & 1 for bit in ADAPTER_ERRORS):
        rules.append(Rule("adapter-error", False, "the adapter reports an error"))
    if status >> START_MISMATCH & 1:
        rules.append(Rule("start-mismatch", False, "the start value is not the meter's"))
    return tuple(rules)
