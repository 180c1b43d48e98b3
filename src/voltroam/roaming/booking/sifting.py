"""The list of booking locations with a free slot between two moments (OCPI 2.3.0 §mod_bookings)."""

from datetime import datetime
from urllib.parse import urlencode

import msgspec

from voltroam.roaming.audience import at_version, visible
from voltroam.roaming.platforms import Identity, Platform
from voltroam.standard.errors import CallerError
from voltroam.standard.packages import BOOKING_LOCATION, SLOTS
from voltroam.store.interface import Store
from voltroam.wire.call import Call, Reply
from voltroam.wire.paging import page_headers, read_paging
from voltroam.wire.times import parse_datetime


class _Slot(msgspec.Struct):
    start_date_time: str


class _Calendar(msgspec.Struct):
    available_timeslots: list[_Slot] = []


class _Place(msgspec.Struct):
    calendars: list[_Calendar] | None = None


_PLACE = msgspec.json.Decoder(_Place)
DEFAULT = 100


async def sifted(
    store: Store, identity: Identity, call: Call, caller: Platform, *, maximum: int
) -> Reply:
    """Filtered before it is cut into pages, so that total and offset count what is shown.

    A slot counts by its start: from `timeslot_from`, before `timeslot_to`.
    """
    plain = {name: value for name, value in call.query.items() if name not in SLOTS}
    paging = read_paging(plain, default=min(DEFAULT, maximum), maximum=maximum)
    since, until = (_moment(call, name) for name in SLOTS)
    seen = visible(caller, identity, BOOKING_LOCATION, call.routing.to)
    classes = at_version(seen, call.version, identity, BOOKING_LOCATION, caller.profile)
    found: list[bytes] = []
    for owner in identity.parties(*BOOKING_LOCATION.owner_roles):
        async for row in store.scan(BOOKING_LOCATION.kind, owner=owner.folded):
            dated = (paging.date_from is None or row.last_updated >= paging.date_from) and (
                paging.date_to is None or row.last_updated < paging.date_to
            )
            if dated and row.audience in classes and _offers(row.document, since, until):
                found.append(row.document)
    page = found[paging.offset : paging.offset + paging.limit]
    rest = len(found) > paging.offset + len(page)
    headers = page_headers(call.url, call.query, paging, total=len(found), following=None)
    if rest and page:
        headers = headers | {"link": _next(call, paging.offset + len(page), paging.limit)}
    return Reply(items=page, headers=headers)


def _offers(document: bytes, since: datetime | None, until: datetime | None) -> bool:
    place = _PLACE.decode(document)
    for calendar in place.calendars or ():
        for slot in calendar.available_timeslots:
            start = parse_datetime(slot.start_date_time)
            if (since is None or start >= since) and (until is None or start < until):
                return True
    return False


def _moment(call: Call, name: str) -> datetime | None:
    text = call.query.get(name)
    if text is None:
        return None
    try:
        return parse_datetime(text)
    except ValueError:
        raise CallerError(f"query parameter {name}: not a DateTime") from None


def _next(call: Call, offset: int, limit: int) -> str:
    query = {**call.query, "offset": str(offset), "limit": str(limit)}
    return f'<{call.url}?{urlencode(query)}>; rel="next"'
