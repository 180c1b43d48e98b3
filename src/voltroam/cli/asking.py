"""A call to any endpoint of a partner, by the rows of the table where they know it."""

from functools import partial
from urllib.parse import parse_qsl, unquote, urlsplit

from voltroam.calling import Calling
from voltroam.cli.outcome import Exit, Stop
from voltroam.operator.masks import fingerprint
from voltroam.roaming.platforms import Platform
from voltroam.standard.endpoints import Endpoint, Interface
from voltroam.standard.parties import PartyId
from voltroam.standard.versions import VERSIONS
from voltroam.wire.call import Reply, Routing

READING = "GET"
SECRET_KEYS = ("token_uid", "group_id")
"""Keys of a path that name a driver."""


async def ask(
    node: Calling,
    platform: Platform,
    method: str,
    path: str,
    *,
    interface: Interface | None,
    body: bytes | None,
) -> Reply:
    """Call `MODULE[/segments][?query]` or a whole URL. Raises the PartnerError family."""
    parts = urlsplit(path)
    if parts.scheme:
        row = _any_row(node, method)
        return await node.exchange.call(platform, row, body=body, url=path)
    module, *segments = [unquote(piece) for piece in parts.path.strip("/").split("/")]
    row, keys = _find(node, platform, method, module, segments, interface)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    return await node.exchange.call(
        platform, row, keys=keys, query=query, body=body, routing=_routing(node, platform, row)
    )


def written_down(node: Calling, method: str, path: str) -> list[str]:
    """A path as it may be kept: without its query, and with a fingerprint for who is a driver."""
    parts = urlsplit(path)
    segments = [unquote(piece) for piece in parts.path.strip("/").split("/")]
    names = {row.module.name for row in node.holdings.table.rows}
    module = next((piece for piece in segments if piece in names), None)
    if module is None:
        return [parts.netloc] if parts.netloc else segments[:1]
    rest = segments[segments.index(module) + 1 :]
    for row in node.holdings.table.rows:
        keys = _fits(row, method, module, rest, row.interface) if row.interface else None
        if keys is not None:
            secret = {f"{{{key}}}" for key in SECRET_KEYS}
            kept = zip(row.segments, rest, strict=True)
            return [module, *(_stands_for(node, one) if at in secret else one for at, one in kept)]
    return [module, *map(partial(_stands_for, node), rest)]


def _stands_for(node: Calling, secret: str) -> str:
    return fingerprint(node.holdings.vault, secret)


def _find(
    node: Calling,
    platform: Platform,
    method: str,
    module: str,
    segments: list[str],
    interface: Interface | None,
) -> tuple[Endpoint, dict[str, str]]:
    """The row that fits; a GET asks the SENDER first, what writes goes to the RECEIVER first."""
    sides = [Interface.SENDER, Interface.RECEIVER]
    if method != READING:
        sides.reverse()
    wanted = [interface] if interface else sides
    version = VERSIONS.get(platform.version or "")
    rows = node.holdings.table.rows if version is None else node.holdings.table.at(version)
    for side in wanted:
        for row in rows:
            keys = _fits(row, method, module, segments, side)
            if keys is not None and platform.endpoint(module, side) is not None:
                return row, keys
    raise Stop(
        f"{platform.name} has no endpoint for {method} {module}"
        f"{''.join('/' + segment for segment in segments)}; `partner show` lists what it has.",
        Exit.USAGE,
    )


def _fits(
    row: Endpoint, method: str, module: str, segments: list[str], side: Interface
) -> dict[str, str] | None:
    """The keys of a path on a row, None if it is another row's."""
    if (row.module.name, row.method) != (module, method) or row.interface not in (None, side):
        return None
    if len(row.segments) != len(segments):
        return None
    keys: dict[str, str] = {}
    for pattern, segment in zip(row.segments, segments, strict=True):
        if pattern.startswith("{"):
            keys[pattern[1:-1]] = segment
        elif pattern != segment:
            return None
    return keys


def _any_row(node: Calling, method: str) -> Endpoint:
    """For a whole URL only the method of the row counts."""
    for row in node.holdings.table.rows:
        if row.method == method and row.interface is not None:
            return row
    raise Stop(f"No endpoint of the standard has the method {method}.", Exit.USAGE)


def _routing(node: Calling, platform: Platform, row: Endpoint) -> Routing:
    """From the first of our parties that plays the other side, to the partner's first that fits."""
    ours_play = row.module.receiver_roles
    theirs_play = row.module.sender_roles
    if row.interface is Interface.RECEIVER:
        ours_play, theirs_play = theirs_play, ours_play
    ours = node.holdings.identity.parties(*ours_play) or node.holdings.identity.parties()
    theirs = platform.parties(*theirs_play) or platform.parties()
    return Routing(to=_first(theirs), sender=_first(ours))


def _first(parties: tuple[PartyId, ...]) -> PartyId | None:
    return parties[0] if parties else None
