"""Every statement that the SQLite store sends."""

# ruff: noqa: S608 - joined from constants, never from values

from functools import cache

from voltroam.store.rows import EVENT_COLUMNS, OBJECT_COLUMNS, RECORD_COLUMNS

OPEN = (
    "pragma journal_mode = wal",
    "pragma synchronous = full",
    "pragma cache_size = -65536",
    "pragma temp_store = memory",
)
READER = (
    # A commit empties the page cache of every reader: what they read again is mapped, not copied.
    "pragma mmap_size = 268435456",
    "pragma query_only = on",
)
WRITER = (
    # Larger than the default 1,000 pages: a page written often goes to the main file once.
    "pragma wal_autocheckpoint = 8000",
    "pragma journal_size_limit = 67108864",
    "pragma busy_timeout = 0",
)
BUSY_LONG = "pragma busy_timeout = 30000"
DURABLE = "pragma synchronous = full"
NOT_DURABLE = "pragma synchronous = normal"

VERSION = "select version_num from alembic_version"
META = "select name, value from meta"
SET_META = "update meta set value = ? where name = ?"

BEGIN = "begin immediate"
COMMIT = "commit"
ROLLBACK = "rollback"

HEAD = "select feed from counters"
COUNTERS = "select feed, event from counters"
SET_COUNTERS = "update counters set feed = ?, event = ?"

GET = f"select {OBJECT_COLUMNS} from objects where kind = ? and owner = ? and id = ?"
FEED = f"select {OBJECT_COLUMNS} from objects where changed > ? order by changed limit ?"
SCAN = (
    f"select {OBJECT_COLUMNS} from objects indexed by objects_scan"
    " where kind = ? and deleted = 0 and created > ? order by created limit ?"
)
SCAN_OWNER = (
    f"select {OBJECT_COLUMNS} from objects indexed by objects_scan"
    " where kind = ? and deleted = 0 and created > ? and owner = ? order by created limit ?"
)
OWNED = (
    "select count(*) from"
    " (select 1 from objects indexed by objects_key where kind = ? and owner = ? limit ?)"
)
"""Objects of an owner, tombstones too, counted up to a limit."""
SCAN_FEW = (
    f"select {OBJECT_COLUMNS} from objects indexed by objects_key"
    " where kind = ? and owner = ? and deleted = 0 and created > ? order by created"
)
_NAMES = [name.strip() for name in OBJECT_COLUMNS.split(",")]
INSERT = f"insert into objects ({OBJECT_COLUMNS}) values ({', '.join('?' * len(_NAMES))})"
UPDATE_CONTENT = (
    "update objects set version = ?, last_updated = ?, sources = ?, stored_at = ?, changed = ?,"
    " revision = ?, notes = ?, sidecar = ?, document = ? where created = ?"
)
"""Leaves the list index and the key alone: the common write."""
UPDATE_ALL = (
    "update objects set version = ?, last_updated = ?, audience = ?, sources = ?, former = ?,"
    " deleted = ?, stored_at = ?, changed = ?, revision = ?, notes = ?, sidecar = ?, document = ?"
    " where created = ?"
)
REMOVE = "delete from objects where created = ?"
COUNT = (
    "insert into counts (kind, audience, n) values (?, ?, ?)"
    " on conflict (kind, audience) do update set n = n + excluded.n"
)
COUNTS = "select audience, n from counts where kind = ? and n > 0"
COUNT_ONE = "select n from counts where kind = ? and audience = ? and n > 0"

RECORD = f"select {RECORD_COLUMNS} from records where kind = ? and id = ?"
PUT_RECORD = (
    f"insert into records ({RECORD_COLUMNS}) values (?, ?, ?, ?, ?, ?)"
    " on conflict (kind, id) do update set parent = excluded.parent, due = excluded.due,"
    " revision = excluded.revision, document = excluded.document"
)
REMOVE_RECORD = "delete from records where kind = ? and id = ?"
_RECORDS = f"select {RECORD_COLUMNS} from records where kind = :kind"
RECORDS = f"{_RECORDS} and id > :after order by id limit :limit"
RECORDS_PARENT = f"{_RECORDS} and parent = :parent and id > :after order by id limit :limit"
RECORDS_DUE = f"{_RECORDS} and due <= :due order by due, id limit :limit"
RECORDS_DUE_PARENT = (
    f"{_RECORDS} and parent = :parent and due <= :due order by due, id limit :limit"
)

ADD_EVENT = f"insert into events ({EVENT_COLUMNS}) values (?, ?, ?, ?, ?)"
EVENTS = f"select {EVENT_COLUMNS} from events where sequence > ? order by sequence limit ?"
NEWEST_EVENT = "select event from counters"
REWRITE_EVENT = "update events set type = ?, key = ?, document = ? where sequence = ?"
PURGED_EVENTS = (
    "select max(sequence) from (select sequence from events where at < ? order by sequence limit ?)"
)
PURGE_EVENTS = "delete from events where sequence <= ?"
PURGE_TOMBSTONES = (
    "delete from objects where created in (select created from objects"
    " where deleted = 1 and changed > ? and changed <= ? order by changed limit ?)"
    " returning changed"
)
FORGET = (
    "delete from objects where kind = ? and owner = ? and id = ? and revision = ?"
    " returning kind, audience, deleted"
)
RECORD_KINDS = """
with recursive found (kind) as (
  select min(kind) from records
  union all
  select (select min(kind) from records where kind > found.kind) from found
  where found.kind is not null
) select kind from found where kind is not null
"""
VACUUM = "vacuum"
CHECKPOINT = "pragma wal_checkpoint(truncate)"

_NOW = "cast((julianday('now') - 2440587.5) * 86400000 as integer)"
LEASE = (
    f"insert into leases (name, holder, until) values (:name, :holder, {_NOW} + :ms)"
    " on conflict (name) do update set holder = excluded.holder, until = excluded.until"
    f" where leases.holder = excluded.holder or leases.until <= {_NOW}"
)
RELEASE = "delete from leases where name = ? and holder = ?"

QUICK_CHECK = "pragma quick_check(1)"
WRONG_COUNTS = """
select count(*) from (
  select kind, audience, sum(n) as n from (
    select kind, audience, -n as n from counts
    union all
    select kind, audience, count(*) from objects where deleted = 0 group by kind, audience
  ) group by kind, audience
) where n <> 0
"""


@cache
def page(audiences: int, *, dates: bool, rare: bool) -> str:
    """One page over several audiences, by `created`.

    With `dates` the window on last_updated applies; `rare` says that few rows match, so that
    collecting them by date is cheaper than walking the list.
    """
    return (
        "select created, version, document, sidecar from objects where created in"
        f" (select created from ({numbers(audiences, dates=dates, rare=rare)})"
        " order by created limit :limit offset :offset) order by created"
    )


@cache
def numbers(audiences: int, *, dates: bool, rare: bool) -> str:
    """The `created` numbers of each audience in order."""
    index = "objects_date" if rare else "objects_list"
    window = " and last_updated >= :from and last_updated < :to" if dates else ""
    return " union all ".join(
        f"select * from (select created from objects indexed by {index}"
        f" where kind = :kind and audience = :a{place} and deleted = 0 and created > :cursor"
        f"{window} order by created limit :limit + :offset)"
        for place in range(audiences)
    )


DOCUMENT = "select created, version, document, sidecar from objects where created = ?"
PAGE_ONE = (
    "select created, version, document, sidecar from objects indexed by objects_list"
    " where kind = ? and audience = ? and deleted = 0 and created > ?"
    " order by created limit ? offset ?"
)
COUNT_DATES = (
    "select count(*) from objects indexed by objects_date where kind = :kind"
    " and audience = :audience and deleted = 0 and last_updated >= :from and last_updated < :to"
)
