"""Files and words for the commands about money; every fault has a place and exit code 2."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TypeVar

import msgspec
import typer

from voltroam.billing.any_version import LARGEST
from voltroam.billing.problem import BillingProblem
from voltroam.cli.files import read_documents
from voltroam.cli.outcome import Exit, Stop, remark, write
from voltroam.cli.run import guarded
from voltroam.metering.problem import MeteringProblem
from voltroam.pricing.problem import PricingProblem
from voltroam.wire.encode import encode

T = TypeVar("T")

Problem = BillingProblem | PricingProblem | MeteringProblem
_STAY = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?:in)?)?")
_NO_EXPONENT = Decimal(1)


def named(work: Callable[[], T], *, as_json: bool) -> T:
    """Run the work; what cannot be read ends with its place and exit code 2."""
    problems: list[Problem] = []

    def watched() -> T | None:
        try:
            return work()
        except (BillingProblem, PricingProblem, MeteringProblem) as problem:
            problems.append(problem)
        except RecursionError:
            problems.append(BillingProblem("$", "nested too deep"))
        return None

    found = guarded(watched, as_json=as_json)
    if not problems:
        return found  # type: ignore[return-value]  # None only if T is, or beside a problem
    one = problems[0]
    remark(f"{one.path}: {one.reason}")
    if as_json:
        write_value({"error": one.message, "path": one.path, "reason": one.reason})
    raise typer.Exit(int(Exit.USAGE))


def write_value(value: object) -> None:
    """One JSON value on stdout; amounts are numbers, as exact as they are."""
    plain = msgspec.to_builtins(value, builtin_types=(Decimal, datetime))
    write(encode(_spelled(plain)).decode())


def _spelled(value: object) -> object:
    """Numbers without exponents, as people write them."""
    if isinstance(value, Decimal):
        return value.quantize(_NO_EXPONENT) if int(value.as_tuple().exponent) > 0 else value
    if isinstance(value, dict):
        return {name: _spelled(member) for name, member in value.items()}
    if isinstance(value, list | tuple):
        return [_spelled(item) for item in value]
    return value


def one_document(file: Path) -> bytes:
    """The only document of a file; BillingProblem if there are several or none."""
    found = documents(file)
    if len(found) != 1:
        raise BillingProblem("$", f"{len(found)} objects where one is needed")
    return found[0]


def documents(file: Path) -> list[bytes]:
    """All documents of a file; BillingProblem if it is no JSON, Stop if it cannot be read."""
    if str(file) != "-":
        try:
            file.open("rb").close()
        except OSError as error:
            raise Stop(f"{file} cannot be read: {error.strerror}.", Exit.USAGE) from None
    try:
        return list(read_documents(file).pieces)
    except Stop as stop:
        raise BillingProblem("$", stop.sentence.rstrip(".")) from None


def whole(file: Path) -> bytes:
    """The bytes of a file, whatever they are. Raises Stop if it cannot be read."""
    if str(file) == "-":
        return typer.get_binary_stream("stdin").read()
    try:
        with file.open("rb") as opened:
            data = opened.read(LARGEST + 1)
    except OSError as error:
        raise Stop(f"{file} cannot be read: {error.strerror}.", Exit.USAGE) from None
    if len(data) > LARGEST:
        raise Stop(f"{file} has more than {LARGEST:,} bytes.", Exit.USAGE)
    return data


def save(file: Path, data: bytes) -> None:
    """Raises Stop if the file cannot be written."""
    try:
        file.write_bytes(data)
    except OSError as error:
        raise Stop(f"{file} cannot be written: {error.strerror}.", Exit.USAGE) from None


def number(text: str, option: str) -> Decimal:
    try:
        found = Decimal(text)
    except InvalidOperation:
        raise Stop(f"{option} {text!r} is no number.", Exit.USAGE) from None
    if not found.is_finite():
        raise Stop(f"{option} {text!r} is no number.", Exit.USAGE)
    return found


def moment(text: str, option: str) -> datetime:
    """UTC unless the text has an offset of its own."""
    try:
        found = datetime.fromisoformat(text)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        raise Stop(f"{option} {text!r} is no time like 2026-06-01T18:00Z.", Exit.USAGE) from None


def day(text: str, option: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Stop(f"{option} {text!r} is no date like 2026-06-01.", Exit.USAGE) from None


def length(text: str, option: str) -> timedelta:
    """`2h30m`, `1d`, `90`: minutes."""
    found = _STAY.fullmatch(f"{text}m" if text.isdecimal() else text)
    if not text or not text.isascii() or len(text) > 12 or found is None:
        raise Stop(f"{option} {text!r} is no time like 2h30m or 90.", Exit.USAGE)
    days, hours, minutes = (int(part or 0) for part in found.groups())
    try:
        return timedelta(days=days, hours=hours, minutes=minutes)
    except OverflowError:
        raise Stop(f"{option} {text!r} is too long.", Exit.USAGE) from None
