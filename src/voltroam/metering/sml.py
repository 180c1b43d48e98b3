"""SML, the Smart Message Language of German meters: the TLV parser and the one list inside."""

from dataclasses import dataclass
from typing import Any

from voltroam.metering.problem import MeteringProblem

OPENING = bytes.fromhex("1b1b1b1b01010101")
ESCAPE = bytes.fromhex("1b1b1b1b")
END_MARK = 0x1A
LONGEST = 16_384
DEEPEST = 12
GET_LIST_RESPONSE = 0x0701
OCTETS, BOOLEAN, SIGNED, UNSIGNED, LIST = 0, 4, 5, 6, 7
ENTRY_MEMBERS, LIST_MEMBERS, MESSAGE_MEMBERS = 7, 7, 6

Number = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Time:
    """A time as SML tells it: seconds since 1970 plus the offsets to local time in minutes."""

    seconds: int
    offset: int = 0

    @property
    def local(self) -> int:
        """Seconds of local time, which is what the meter signs."""
        return self.seconds + self.offset * 60


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the list; members that are left out are None."""

    name: bytes
    status: int | None
    time: Time | None
    unit: int | None
    scaler: int | None
    value: Any
    signature: bytes | None


@dataclass(frozen=True, slots=True)
class Listing:
    """The GetList response: who measured, which list, its entries by OBIS code, the signature."""

    server: bytes
    name: bytes
    entries: dict[bytes, Entry]
    signature: bytes
    deviations: tuple[str, ...]


def looks_like(data: bytes) -> bool:
    """Whether the bytes start as an SML file does."""
    return data.startswith(OPENING)


def crc16(data: bytes) -> int:
    """CRC-16/X-25, which SML puts at the end of a file, low byte first."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0x8408 if crc & 1 else crc >> 1
    return crc ^ 0xFFFF


def read(data: bytes) -> Listing:
    """The one GetList response of an SML file.

    Raises MeteringProblem with the byte position: a broken frame, types that do not fit, nesting,
    bytes after the end, two lists, or the same OBIS code twice.
    """
    if len(data) > LONGEST:
        raise MeteringProblem("$", f"SML longer than {LONGEST} bytes")
    body, deviations = _unframe(data)
    found = [listed for listed in map(_list_of, _messages(body)) if listed is not None]
    if len(found) != 1:
        raise MeteringProblem("$", f"{len(found)} GetList responses where one is expected")
    members = found[0]
    return Listing(
        server=_octets(members[1], "$.server_id"),
        name=members[2] if isinstance(members[2], bytes) else b"",
        entries=_entries(members[4]),
        signature=_octets(members[5], "$.signature"),
        deviations=deviations,
    )


def _unframe(data: bytes) -> tuple[bytes, tuple[str, ...]]:
    """What stands between the opening and the end mark, with escapes undone."""
    if not data.startswith(OPENING):
        raise MeteringProblem("$[0]", "no SML opening")
    body, at = bytearray(), len(OPENING)
    while True:
        escape = data.find(ESCAPE, at)
        if escape < 0:
            raise MeteringProblem(f"$[{len(data)}]", "SML without its end mark")
        body += data[at:escape]
        follows = data[escape + 4 : escape + 8]
        if follows != ESCAPE:
            break
        body += ESCAPE
        at = escape + 8
    if len(follows) != 4 or follows[0] != END_MARK:
        raise MeteringProblem(f"$[{escape + 4}]", "an unknown SML escape")
    if escape + 8 != len(data):
        raise MeteringProblem(f"$[{escape + 8}]", "bytes after the SML end mark")
    padding = follows[1]
    if padding > 3 or any(body[len(body) - padding :]):
        raise MeteringProblem(f"$[{escape + 5}]", "wrong SML padding")
    deviations = []
    if crc16(data[:-2]) != int.from_bytes(follows[2:], "little"):
        deviations.append("the checksum of the SML file is wrong")
    return bytes(body[: len(body) - padding] if padding else body), tuple(deviations)


def _messages(body: bytes) -> list[list[Any]]:
    messages, at = [], 0
    while at < len(body):
        if body[at] == 0:
            at += 1
            continue
        message, at = _value(body, at, 0)
        if not isinstance(message, list) or len(message) != MESSAGE_MEMBERS:
            raise MeteringProblem(f"$[{at}]", "no SML message")
        messages.append(message)
    return messages


def _list_of(message: list[Any]) -> list[Any] | None:
    body = message[3]
    if not isinstance(body, list) or len(body) != 2 or _number(body[0]) != GET_LIST_RESPONSE:
        return None
    members = body[1]
    if not isinstance(members, list) or len(members) != LIST_MEMBERS:
        raise MeteringProblem("$", "a GetList response without its seven members")
    return members


def _length(body: bytes, at: int) -> tuple[int, int, int]:
    """Type, length and where the content starts; lengths above 15 take further bytes."""
    first = body[at]
    kind, length, position = first >> 4 & 7, first & 15, at + 1
    while body[position - 1] & 0x80:
        if position - at > 3 or position >= len(body) or body[position] & 0x70:
            raise MeteringProblem(f"$[{at}]", "a broken SML length")
        length = length << 4 | body[position] & 15
        position += 1
    return kind, length, position


def _value(body: bytes, at: int, depth: int) -> tuple[Any, int]:
    """One TLV and where the next starts: octets, ("u" | "i", number), bool, list, or None."""
    if at >= len(body):
        raise MeteringProblem(f"$[{at}]", "SML ends in the middle")
    if depth > DEEPEST:
        raise MeteringProblem(f"$[{at}]", f"SML nested deeper than {DEEPEST}")
    if body[at] == 0:
        return None, at + 1
    kind, length, start = _length(body, at)
    if kind == LIST:
        return _members(body, start, length, depth)
    end = at + length
    if end > len(body) or end < start:
        raise MeteringProblem(f"$[{at}]", "an SML length beyond the end")
    content = body[start:end]
    if kind == OCTETS:
        return (content if content else None), end
    if kind not in {BOOLEAN, SIGNED, UNSIGNED} or not 1 <= len(content) <= 8:
        raise MeteringProblem(f"$[{at}]", "an unknown SML type")
    if kind == BOOLEAN:
        return content != b"\0", end
    letter = "i" if kind == SIGNED else "u"
    return (letter, int.from_bytes(content, "big", signed=kind == SIGNED)), end


def _members(body: bytes, at: int, count: int, depth: int) -> tuple[list[Any], int]:
    if count > len(body) - at:
        raise MeteringProblem(f"$[{at}]", "an SML list longer than the file")
    members = []
    for _ in range(count):
        member, at = _value(body, at, depth + 1)
        members.append(member)
    return members, at


def _number(value: Any) -> int | None:
    return value[1] if isinstance(value, tuple) else None


def _octets(value: Any, path: str) -> bytes:
    if isinstance(value, bytes):
        return value
    raise MeteringProblem(path, "is missing")


def _entries(rows: Any) -> dict[bytes, Entry]:
    if not isinstance(rows, list):
        raise MeteringProblem("$.list", "is missing")
    entries: dict[bytes, Entry] = {}
    for index, row in enumerate(rows):
        path = f"$.list[{index}]"
        if not isinstance(row, list) or len(row) != ENTRY_MEMBERS:
            raise MeteringProblem(path, "no SML list entry")
        name = _octets(row[0], f"{path}.name")
        if name in entries:
            raise MeteringProblem(path, f"{name.hex()} stands in the list twice")
        entries[name] = Entry(
            name=name,
            status=_number(row[1]),
            time=_time(row[2], path),
            unit=_number(row[3]),
            scaler=_number(row[4]),
            value=row[5][1] if isinstance(row[5], tuple) else row[5],
            signature=row[6] if isinstance(row[6], bytes) else None,
        )
    return entries


def _time(value: Any, path: str) -> Time | None:
    if value is None:
        return None
    if not isinstance(value, list) or len(value) != 2:
        raise MeteringProblem(f"{path}.time", "no SML time")
    plain = value[1]
    if isinstance(plain, tuple):
        return Time(plain[1])
    if isinstance(plain, list) and len(plain) == 3:
        numbers = [_number(part) for part in plain]
        seconds, offset, season = numbers
        if seconds is not None and offset is not None and season is not None:
            return Time(seconds, offset + season)
    raise MeteringProblem(f"{path}.time", "no SML time")


def second_index(value: Any) -> int | None:
    """The seconds index that EDL40 meters send as an entry of the list type, else None."""
    for _ in range(2):
        if isinstance(value, list) and len(value) == 2:
            value = value[1]
    return _number(value)
