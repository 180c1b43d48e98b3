"""OCMF 0.1 to 1.4, `OCMF|{payload}|{signature}`: the bytes between the first two pipes are signed.

The signature is DER (hex or base64), by default on secp256r1. The key is kept elsewhere; some
senders append it as a fourth section. Readings inherit what they leave out from the one before.
"""

import re
from datetime import datetime
from decimal import Decimal
from typing import Any

from voltroam.metering.curves import SECP256R1, Curve, curve_named
from voltroam.metering.keys import read_der, read_raw
from voltroam.metering.obis import billed, compensated
from voltroam.metering.plain_json import LONGEST_NUMBER, read_object
from voltroam.metering.problem import SIGNATURE, MeteringProblem
from voltroam.metering.record import Format, Phase, Reading, Record, Rule
from voltroam.metering.texts import from_base64, from_hex

HEADER = "OCMF"
LONGEST = 262_144
MOST_READINGS = 1_000
MOST_DIGITS = 12
OLDEST, NEWEST = (0, 1), (1, 4)
ENDS = frozenset("ELRAP")
WHILE = frozenset("CXST")
_VERSION = re.compile(r"(\d{1,2})\.(\d{1,2})(?:\.\d{1,3})?")
_TIME = re.compile(
    r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)[,.](\d{3})\s?([+-]\d\d):?(\d\d)(?:\s+([A-Z]))?"
)
_PAGE = re.compile(r"([A-Z])\s?(\d{1,18})")
_NUMBER = re.compile(r"[+-]?\d{1,13}(?:\.\d{1,12})?", re.ASCII)
UNASSIGNED = frozenset({"MISMATCH", "INVALID", "OUTDATED", "UNKNOWN"})
INHERITED = ("TM", "TX", "EF", "ST", "RI", "RU", "RT", "EI")


def looks_like(text: str) -> bool:
    """Whether the text says that it is OCMF."""
    return text.lstrip().startswith("OCMF|")


def read(text: str) -> Record:
    """Read one OCMF record; MeteringProblem names the section and member that is wrong."""
    whole = text.strip()
    if len(whole) > LONGEST:
        raise MeteringProblem("$", f"longer than {LONGEST} characters")
    header, _, rest = whole.partition("|")
    payload, divider, tail = rest.partition("|")
    if header != HEADER or not divider:
        raise MeteringProblem("$", "not of the form OCMF|payload|signature")
    sections = tail.split("|")
    if len(sections) > 2:
        raise MeteringProblem("$", f"{len(sections) + 2} sections, but at most 4 are known")
    members = read_object(payload, "$.payload")
    signature = read_object(sections[0], SIGNATURE)
    version = _version(members)
    curve, assumed, deviations = _algorithm(signature)
    numbers, fault, oddity = _numbers(signature, curve)
    readings, found = _readings(members)
    page, number = _pagination(members)
    return Record(
        format=Format.OCMF,
        payload=_exact(payload),
        curve=curve,
        curve_assumed=assumed,
        numbers=numbers,
        fault=fault,
        key=_fourth(sections),
        readings=readings,
        meter_id=_text(members, "MS") or _text(members, "GS"),
        session=_text(members, "ID"),
        place=_text(members, "CI"),
        pages=page,
        pagination=number,
        rules=_own_rules(members, version),
        deviations=(*deviations, *oddity, *found),
    )


def _exact(payload: str) -> bytes:
    try:
        return payload.encode()
    except UnicodeEncodeError as error:
        reason = f"character {error.start} is no character of UTF-8"
        raise MeteringProblem("$.payload", reason) from None


def _printable(text: str) -> str:
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _fourth(sections: list[str]) -> bytes | None:
    if len(sections) == 1 or not sections[1].strip():
        return None
    key = from_hex(sections[1]) or from_base64(sections[1])
    if key is None:
        raise MeteringProblem("$.public_key", "the fourth section is neither hex nor base64")
    return key


def _text(members: dict[str, Any], name: str) -> str:
    value = members.get(name)
    if value is None or isinstance(value, str):
        return _printable(value or "")
    if isinstance(value, Decimal):
        return format(value, "f")
    raise MeteringProblem(f"$.payload.{name}", "no string")


def _version(members: dict[str, Any]) -> tuple[int, int]:
    text = _text(members, "FV")
    match = _VERSION.fullmatch(text)
    if match is None:
        raise MeteringProblem("$.payload.FV", f"{text[:20]!r} is no OCMF version")
    version = int(match[1]), int(match[2])
    if not OLDEST <= version <= NEWEST:
        raise MeteringProblem("$.payload.FV", f"OCMF {text} is not known, 0.1 to 1.4 are")
    return version


def _algorithm(signature: dict[str, Any]) -> tuple[Curve, bool, tuple[str, ...]]:
    """Curve, whether it is only the default, and the deviations met."""
    named = signature.get("SA")
    if named is None:
        return SECP256R1, True, ()
    path = f"{SIGNATURE}.SA"
    if not isinstance(named, str) or not named.isascii():
        raise MeteringProblem(path, "no string")
    method, _, rest = named.partition("-")
    name, _, digest = rest.rpartition("-")
    curve = curve_named(name)
    if method != "ECDSA" or digest.replace("-", "").upper() != "SHA256" or curve is None:
        raise MeteringProblem(path, f"{named[:60]!r} is no signature algorithm of OCMF")
    if name == curve.name:
        return curve, False, ()
    return curve, False, (f"SA names the curve {name}, OCMF calls it {curve.name}",)


def _numbers(
    signature: dict[str, Any], curve: Curve
) -> tuple[tuple[int, int] | None, str, tuple[str, ...]]:
    """r and s, or the reason why the signature cannot be read; and the deviations met."""
    try:
        raw = _signature_bytes(signature)
        return read_der(raw), "", ()
    except MeteringProblem as problem:
        if problem.path == SIGNATURE and len(raw) == 2 * curve.size:
            return read_raw(raw, curve), "", ("SD is r and s side by side, OCMF writes DER",)
        return None, str(problem).removeprefix(f"{SIGNATURE}: "), ()


def _signature_bytes(signature: dict[str, Any]) -> bytes:
    data, encoding = signature.get("SD"), signature.get("SE", "hex")
    if signature.get("SM", "application/x-der") != "application/x-der":
        raise MeteringProblem("SM", "not application/x-der")
    if encoding not in ("hex", "base64"):
        raise MeteringProblem("SE", "neither hex nor base64")
    if not isinstance(data, str) or not data:
        raise MeteringProblem("SD", "is missing")
    raw = from_hex(data) if encoding == "hex" else from_base64(data)
    if raw is None:
        raise MeteringProblem("SD", f"not {encoding}")
    return raw


def _pagination(members: dict[str, Any]) -> tuple[str, int | None]:
    text = _text(members, "PG")
    if not text:
        return "", None
    match = _PAGE.fullmatch(text)
    if match is None:
        raise MeteringProblem("$.payload.PG", f"{text[:20]!r} is no pagination")
    return match[1], int(match[2])


def _readings(members: dict[str, Any]) -> tuple[tuple[Reading, ...], tuple[str, ...]]:
    rows = members.get("RD")
    if not isinstance(rows, list) or not rows:
        raise MeteringProblem("$.payload.RD", "no readings")
    if len(rows) > MOST_READINGS:
        raise MeteringProblem("$.payload.RD", f"more than {MOST_READINGS} readings")
    full = _inherit(rows)
    codes = [_member(row, index, "RI") for index, row in enumerate(full)]
    only_compensated = any(compensated(code) for code in codes)
    readings, deviations = [], []
    for index, (row, code) in enumerate(zip(full, codes, strict=True)):
        if row.get("RV") is None:
            continue
        if isinstance(row["RV"], str):
            deviations.append(f"RD[{index}].RV is a string, OCMF writes a number")
        counts = compensated(code) if only_compensated else billed(code) or not code
        readings.append(_reading(row, index, code, counts))
    return tuple(readings), tuple(deviations)


def _inherit(rows: list[Any]) -> list[dict[str, Any]]:
    full: list[dict[str, Any]] = []
    before: dict[str, Any] = {}
    for index, row in enumerate(rows):
        if not isinstance(row, dict):
            raise MeteringProblem(f"$.payload.RD[{index}]", "no JSON object")
        before = {name: before[name] for name in INHERITED if name in before} | row
        full.append(before)
    return full


def _member(row: dict[str, Any], index: int, name: str) -> str:
    value = row.get(name)
    if value is None or isinstance(value, str):
        return _printable(value or "")
    raise MeteringProblem(f"$.payload.RD[{index}].{name}", "no string")


def _reading(row: dict[str, Any], index: int, code: str, counts: bool) -> Reading:
    at, quality = _time(_member(row, index, "TM"), index)
    status = _member(row, index, "ST")
    return Reading(
        phase=_phase(_member(row, index, "TX").strip()),
        value=_value(row["RV"], index),
        unit=_member(row, index, "RU"),
        obis=code,
        at=at,
        time_status=quality,
        status=status,
        status_ok=status == "G",
        errors=_member(row, index, "EF"),
        event_counter=_counted(row),
        billing=counts,
    )


def _phase(reason: str) -> Phase:
    if reason == "B":
        return Phase.BEGIN
    if reason in ENDS:
        return Phase.END
    return Phase.DURING if reason in WHILE else Phase.UNKNOWN


def _value(value: Any, index: int) -> Decimal:
    path = f"$.payload.RD[{index}].RV"
    if isinstance(value, Decimal):
        exponent = value.as_tuple().exponent
        if value.adjusted() > MOST_DIGITS or (
            isinstance(exponent, int) and exponent < -MOST_DIGITS
        ):
            raise MeteringProblem(path, "a number that no meter shows")
        return value
    if not isinstance(value, str) or len(value) > LONGEST_NUMBER:
        raise MeteringProblem(path, "no number")
    bare = value.strip()
    if not _NUMBER.fullmatch(bare):
        raise MeteringProblem(path, "no number")
    return Decimal(bare)


def _time(text: str, index: int) -> tuple[datetime | None, str]:
    if not text:
        return None, ""
    match = _TIME.fullmatch(text.strip())
    path = f"$.payload.RD[{index}].TM"
    if match is None or not text.isascii():
        raise MeteringProblem(path, f"{text[:40]!r} is no time of OCMF")
    try:
        at = datetime.fromisoformat(f"{match[1]}.{match[2]}{match[3]}:{match[4]}")
    except ValueError:
        raise MeteringProblem(path, f"{text[:40]!r} is no time of the calendar") from None
    return at, match[5] or ""


def _counted(row: dict[str, Any]) -> int | None:
    value = row.get("EI")
    if isinstance(value, Decimal) and value == value.to_integral_value():
        return int(value)
    return None


def _own_rules(members: dict[str, Any], version: tuple[int, int]) -> tuple[Rule, ...]:
    old = members.get("IS")
    level = (_printable(old) if isinstance(old, str) else _text(members, "IL")).strip()
    rules = []
    if level in UNASSIGNED:
        rules.append(Rule("identification", False, f"the user was not identified: {level}"))
    elif level:
        rules.append(Rule("identification", True, f"identification level {level}"))
    if version >= (1, 0) and not (_text(members, "MS") or _text(members, "GS")):
        rules.append(Rule("meter", False, "neither meter nor gateway has a serial number"))
    return tuple(rules)
