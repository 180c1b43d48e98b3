"""Lists come in pages: the query parameters in, Link, X-Total-Count and X-Limit out.

OCPI 2.2.1 §transport, pagination. `date_from` is inclusive, `date_to` exclusive.
"""

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import urlencode

from voltroam.standard.errors import CallerError
from voltroam.wire.times import parse_datetime, to_micros

_NUMBER = re.compile(r"[0-9]+")
_LARGEST = 2**62
"""Numbers above are read as this: the stores count in 64 bits."""


class Cursor(NamedTuple):
    """Where a crawl goes on: after the object created as number `created`, in one database life."""

    epoch: str
    created: int

    def write(self) -> str:
        text = f"{self.created}.{self.epoch}".encode()
        return base64.urlsafe_b64encode(text).rstrip(b"=").decode("ascii")

    @classmethod
    def read(cls, text: str) -> "Cursor":
        """2001 for anything that we did not write."""
        try:
            plain = base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True).decode()
        except (binascii.Error, ValueError):
            raise CallerError("query parameter cursor is not one of ours") from None
        created, dot, epoch = plain.partition(".")
        if not dot or not epoch or not _NUMBER.fullmatch(created):
            raise CallerError("query parameter cursor is not one of ours")
        return cls(epoch, _number(created))


@dataclass(frozen=True, slots=True)
class Paging:
    """What a list request asks; times in microseconds since 1970 UTC."""

    limit: int
    """Objects on the page: what was asked, never more than `maximum`."""
    offset: int = 0
    cursor: Cursor | None = None
    date_from: int | None = None
    """Inclusive, on last_updated."""
    date_to: int | None = None
    """Exclusive, on last_updated."""
    maximum: int = 0
    """The server's own upper limit for a page: X-Limit."""


def read_paging(query: Mapping[str, str], *, default: int, maximum: int) -> Paging:
    """Read the paging parameters; 2001 for numbers and dates that are none."""
    limit = _whole(query, "limit", default)
    if limit == 0:
        raise CallerError("query parameter limit must be at least 1")
    cursor = query.get("cursor")
    return Paging(
        limit=min(limit, maximum),
        offset=_whole(query, "offset", 0),
        cursor=Cursor.read(cursor) if cursor is not None else None,
        date_from=_moment(query, "date_from"),
        date_to=_moment(query, "date_to"),
        maximum=maximum,
    )


def _whole(query: Mapping[str, str], name: str, default: int) -> int:
    text = query.get(name)
    if text is None:
        return default
    if not _NUMBER.fullmatch(text):
        raise CallerError(f"query parameter {name} must be a whole number, not negative")
    return _number(text)


def _number(digits: str) -> int:
    short = digits.lstrip("0") or "0"
    return min(int(short), _LARGEST) if len(short) < 20 else _LARGEST


def _moment(query: Mapping[str, str], name: str) -> int | None:
    text = query.get(name)
    if text is None:
        return None
    try:
        return to_micros(parse_datetime(text))
    except ValueError:
        raise CallerError(f"query parameter {name} must be a DateTime in UTC") from None


def page_headers(
    url: str, query: Mapping[str, str], paging: Paging, *, total: int, following: Cursor | None
) -> dict[str, str]:
    """The headers of one page; a Link only if objects follow.

    The link repeats the request's own parameters, a limit over the maximum as the maximum, and
    carries the cursor in place of an offset. `url` is public and absolute.
    """
    headers = {"x-total-count": str(total), "x-limit": str(paging.maximum)}
    if following is None:
        return headers
    kept = {name: value for name, value in query.items() if name not in ("offset", "cursor")}
    if "limit" in kept:
        kept["limit"] = str(paging.limit)
    kept["cursor"] = following.write()
    headers["link"] = f'<{url}?{urlencode(kept)}>; rel="next"'
    return headers


_PARAMETER = re.compile(r"\s*;\s*([^\s=;,]+)\s*(?:=\s*(\"(?:[^\"\\]|\\.)*\"|[^\s;,]*))?")
_TARGET = re.compile(r"[\s,]*<([^>]*)>")


def next_link(headers: Mapping[str, str]) -> str | None:
    """The URL of the link whose relations include `next`, or None (RFC 8288 §3)."""
    text = headers.get("link", "")
    place = 0
    while match := _TARGET.match(text, place):
        place = match.end()
        relations: str | None = None
        while parameter := _PARAMETER.match(text, place):
            place = parameter.end()
            if parameter[1].lower() == "rel" and relations is None:
                relations = (parameter[2] or "").strip('"')
        if relations is not None and "next" in relations.lower().split():
            return match[1].strip() or None
        skipped = re.compile(r"[^,]*").match(text, place)
        place = skipped.end() if skipped else place
    return None
