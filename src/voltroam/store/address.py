"""Where a store is: `sqlite:///relative`, `sqlite:////absolute`, `postgresql://…`."""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit, urlunsplit

from voltroam.standard.errors import NodeError


@dataclass(frozen=True, slots=True)
class SqliteAddress:
    path: Path


@dataclass(frozen=True, slots=True)
class PostgresAddress:
    dsn: str
    pooler: bool = False
    """A transaction pooler stands between: no statement outlives its transaction."""


def read_address(url: str) -> SqliteAddress | PostgresAddress:
    """Raises NodeError for any other scheme; the message never holds the URL's password."""
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        path = unquote(parts.path).removeprefix("/")
        if parts.netloc or not path:
            raise NodeError("a SQLite URL reads sqlite:///file.db or sqlite:////path/file.db")
        return SqliteAddress(Path(path))
    if parts.scheme in ("postgresql", "postgres"):
        query = dict(parse_qsl(parts.query))
        pooler = query.pop("pooler", "") == "transaction"
        dsn = urlunsplit(parts._replace(scheme="postgresql", query=urlencode(query)))
        return PostgresAddress(dsn, pooler)
    raise NodeError(f"no store for the scheme {parts.scheme!r}: sqlite or postgresql")
