"""Where a list goes on: opaque text that only this node reads."""

import base64
import binascii

from voltroam.operator.faults import invalid


def write_cursor(place: str) -> str:
    return base64.urlsafe_b64encode(place.encode()).decode().rstrip("=")


def read_cursor(cursor: str | None) -> str:
    """The place, or nothing at the beginning. Raises Fault 422."""
    if cursor is None:
        return ""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        place = base64.b64decode(padded.encode("ascii"), altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        raise bad_cursor() from None
    if not place.isprintable() or write_cursor(place) != cursor:
        raise bad_cursor()
    return place


def read_number(cursor: str | None, epoch: str) -> int:
    """A place in the order of creation; it ends with the life of the database that it is of."""
    if cursor is None:
        return 0
    life, _, number = read_cursor(cursor).rpartition(":")
    if life != epoch or not (number.isascii() and number.isdecimal()) or len(number) > 18:
        raise bad_cursor()
    return int(number)


def write_number(epoch: str, number: int) -> str:
    return write_cursor(f"{epoch}:{number}")


def bad_cursor() -> Exception:
    return invalid("query cursor: not one of this list; begin without it")
