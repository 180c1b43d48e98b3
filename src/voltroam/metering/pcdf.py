"""PCDF of Porsche, `128.8.0(ST:…)(CT:…)…(PK:…)(SG:…)`: what stands before `(SG:` is signed.

One record holds the whole charge, from zero to RV; secp256r1, DER in hex, the key inside.
"""

import re
from datetime import UTC, datetime
from decimal import Decimal

from voltroam.metering.curves import SECP256R1
from voltroam.metering.keys import read_der
from voltroam.metering.problem import KEY, SIGNATURE, MeteringProblem
from voltroam.metering.record import Format, Phase, Reading, Record, Rule
from voltroam.metering.texts import from_hex

LONGEST = 8_192
REGISTER = "128.8.0"
STARTS = (0, 1, 6)
_MEMBER = re.compile(r"\(([A-Z]{2,3}):([^()]*)\)")
_ENERGY = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)\*kWh", re.ASCII)
_TIME = re.compile(r"\d{12}", re.ASCII)
NEEDED = ("ST", "CT", "CD", "TV", "BV", "CSC", "SP", "RV", "SI", "PK", "SG")
VALID = "1"
FLAGS = (
    ("BV", "billing", "the station calls the value fit for billing"),
    ("SP", "stop", "the charge was stopped in order"),
    ("TV", "time", "the clock was set"),
)


def looks_like(text: str) -> bool:
    """Whether the text starts as PCDF does, in any of its three ways."""
    return text.find(REGISTER, 0, 16) in STARTS and "(" in text


def read(text: str) -> Record:
    """Read one PCDF record; MeteringProblem names the member that is wrong."""
    whole = text.strip()
    if len(whole) > LONGEST:
        raise MeteringProblem("$", f"longer than {LONGEST} characters")
    if not whole.isascii():
        raise MeteringProblem("$", "characters outside ASCII")
    members = _members(whole)
    signed = whole[: whole.index("(SG:")]
    key = from_hex(members["PK"])
    if key is None:
        raise MeteringProblem(KEY, "PK is not hex")
    numbers, fault = _numbers(members["SG"])
    session = members["SI"].split("*")
    return Record(
        format=Format.PCDF,
        payload=signed.encode("ascii"),
        curve=SECP256R1,
        numbers=numbers,
        fault=fault,
        key=key,
        readings=_readings(members),
        meter_id=members.get("HW", ""),
        session=session[-1],
        rules=_own_rules(members),
    )


def _members(text: str) -> dict[str, str]:
    start = text.find("(")
    members: dict[str, str] = {}
    at = start
    for match in _MEMBER.finditer(text, start):
        if match.start() != at:
            raise MeteringProblem(f"$[{at}]", "not of the form (NAME:value)")
        if match[1] in members:
            raise MeteringProblem(f"$.{match[1]}", "stands there twice")
        members[match[1]] = match[2]
        at = match.end()
    if at != len(text):
        raise MeteringProblem(f"$[{at}]", "not of the form (NAME:value)")
    for name in NEEDED:
        if name not in members:
            raise MeteringProblem(f"$.{name}", "is missing")
    if list(members)[-1] != "SG":
        raise MeteringProblem(SIGNATURE, "SG is not the last member")
    return members


def _numbers(text: str) -> tuple[tuple[int, int] | None, str]:
    raw = from_hex(text)
    if raw is None:
        return None, "SG is not hex"
    try:
        return read_der(raw), ""
    except MeteringProblem as problem:
        return None, problem.reason


def _time(text: str, path: str) -> datetime:
    if not _TIME.fullmatch(text):
        raise MeteringProblem(path, f"{text[:20]!r} is no time of PCDF")
    try:
        return datetime.strptime(text, "%y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        raise MeteringProblem(path, f"{text!r} is no time of the calendar") from None


def _readings(members: dict[str, str]) -> tuple[Reading, ...]:
    match = _ENERGY.fullmatch(members["RV"])
    if match is None:
        raise MeteringProblem("$.RV", f"{members['RV'][:20]!r} is no energy in kWh")
    start, end = _time(members["ST"], "$.ST"), _time(members["CT"], "$.CT")
    return (
        Reading(Phase.BEGIN, Decimal(0), "kWh", obis=REGISTER, at=start),
        Reading(Phase.END, Decimal(match[1]), "kWh", obis=REGISTER, at=end),
    )


def _own_rules(members: dict[str, str]) -> tuple[Rule, ...]:
    return tuple(
        Rule(name, members[flag] == VALID, f"{text}: {flag} is {members[flag][:10]!r}")
        for flag, name, text in FLAGS
    )
