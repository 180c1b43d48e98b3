"""Results that come later, by POST to a URL that travelled with the question.

Commands and charging profiles work this way (OCPI 2.2.1 §mod_commands, §mod_charging_profiles): the
asker makes a URL of its own for each call; the answerer posts the result there, once.
"""

import re
from urllib.parse import urlsplit

from voltroam.roaming.exchange import Exchange, host_of
from voltroam.roaming.platforms import Platform
from voltroam.standard.endpoints import Endpoint, Table
from voltroam.standard.errors import CallerError
from voltroam.standard.versions import Version
from voltroam.wire.call import Routing
from voltroam.wire.routes import Router, join

_DIRECT = Routing()
_PLAIN = re.compile(r"[!-\[\]-~]*").fullmatch
"""Visible ASCII but the backslash, which programs read in two ways."""


def row_of(table: Table, version: Version, handler: str, path: str | None = None) -> Endpoint:
    """The row that a handler answers; `path` where it answers several. KeyError if there is none.

    For a result the path is given as it stands in the table: `chargingprofile/{uid}`.
    """
    for row in table.at(version):
        if row.handler == handler and path in (None, row.path):
            return row
    raise KeyError(f"{version.number} has no row for {handler} {path or ''}")


def response_url(router: Router, version: Version, row: Endpoint, **keys: str) -> str:
    """Our own URL for the result of one call, below the interface that the row is of."""
    filled = (keys[part[1:-1]] if part.startswith("{") else part for part in row.segments)
    return join(router.endpoint_url(version, row.module, row.interface), filled)


def check_response_url(platform: Platform, url: str) -> None:
    """2001 for a URL that is not at a host which the partner registered with.

    Whether that host may be called at all is for the sender's guard to say, when the time comes.
    """
    if not _PLAIN(url):
        raise CallerError("$.response_url: holds characters that no URL has")
    host = host_of(url)
    if host is None or host not in platform.hosts:
        raise CallerError("$.response_url: is not at a host that you registered with")
    parts = urlsplit(url)
    schemes = {urlsplit(at.url).scheme for at in platform.endpoints if host_of(at.url) == host}
    if schemes and parts.scheme not in schemes:
        raise CallerError("$.response_url: is not of the scheme that you registered with")
    if parts.username is not None or parts.password is not None:
        raise CallerError("$.response_url: must not hold a user name or password")


async def post_result(
    exchange: Exchange,
    platform: Platform,
    row: Endpoint,
    url: str,
    body: bytes,
    *,
    routing: Routing = _DIRECT,
    correlation_id: str = "",
) -> None:
    """POST a result to exactly this URL, query included, once: it is not to be repeated.

    Raises the PartnerError family: Unreachable with `sent` true means that nobody knows.
    """
    await exchange.call(
        platform, row, url=url, body=body, routing=routing, correlation_id=correlation_id
    )
