"""Every statement that the PostgreSQL store sends."""

# ruff: noqa: S608 - joined from constants, never from values

from voltroam.store.rows import EVENT_COLUMNS, OBJECT_COLUMNS, RECORD_COLUMNS

VERSION = "select version_num from alembic_version"
META = "select name, value from meta"
SET_META = "update meta set value = $1 where name = $2"

HEAD = "select feed from counters"
TAKE = (
    "update counters set feed = feed + $1, event = event + $2, writes = writes + 1"
    " returning feed, event, writes"
)
"""The write lock of the whole database, the numbers for one group, and a count of transactions."""
SET_COUNTERS = "update counters set feed = $1, event = $2"

_KEYS = "unnest($1::text[], $2::text[], $3::text[])"
LOAD = (
    f"select {OBJECT_COLUMNS} from {_KEYS} as k (kind, owner, id)"
    " join objects using (kind, owner, id)"
)
STATE = (
    f"select kind, owner, id, changed, revision from {_KEYS} as k (kind, owner, id)"
    " join objects using (kind, owner, id)"
)
"""What tells whether an object moved since it was loaded."""
_NAMES = [name.strip() for name in OBJECT_COLUMNS.split(",")]
INSERT = (
    f"insert into objects ({OBJECT_COLUMNS})"
    f" values ({', '.join(f'${place}' for place in range(1, len(_NAMES) + 1))})"
)
UPDATE = (
    "update objects set "
    + ", ".join(f"{name} = ${place}" for place, name in enumerate(_NAMES, 1) if place > 3)
    + " where kind = $1 and owner = $2 and id = $3"
)
COUNT = (
    "insert into counts (kind, audience, n) values ($1, $2, $3)"
    " on conflict (kind, audience) do update set n = counts.n + excluded.n"
)

LOAD_RECORDS = (
    f"select {RECORD_COLUMNS} from unnest($1::text[], $2::text[]) as k (kind, id)"
    " join records using (kind, id)"
)
PUT_RECORD = (
    f"insert into records ({RECORD_COLUMNS}) values ($1, $2, $3, $4, $5, $6)"
    " on conflict (kind, id) do update set parent = excluded.parent, due = excluded.due,"
    " revision = excluded.revision, document = excluded.document"
)
REMOVE_RECORD = "delete from records where kind = $1 and id = $2"
ADD_EVENT = f"insert into events ({EVENT_COLUMNS}) values ($1, $2, $3, $4, $5)"

GET = f"select {OBJECT_COLUMNS} from objects where kind = $1 and owner = $2 and id = $3"
FEED = f"select {OBJECT_COLUMNS} from objects where changed > $1 order by changed limit $2"
SCAN = (
    f"select {OBJECT_COLUMNS} from objects where kind = $1 and deleted = 0 and created > $2"
    " order by created limit $3"
)
SCAN_OWNER = (
    f"select {OBJECT_COLUMNS} from objects where kind = $1 and deleted = 0 and created > $2"
    " and owner = $4 order by created limit $3"
)
RECORD = f"select {RECORD_COLUMNS} from records where kind = $1 and id = $2"
_RECORDS = f"select {RECORD_COLUMNS} from records where kind = $1"
RECORDS = f"{_RECORDS} and id > $2 order by id limit $3"
RECORDS_PARENT = f"{_RECORDS} and id > $2 and parent = $4 order by id limit $3"
RECORDS_DUE = f"{_RECORDS} and due <= $2 order by due, id limit $3"
RECORDS_DUE_PARENT = f"{_RECORDS} and due <= $2 and parent = $4 order by due, id limit $3"
EVENTS = f"select {EVENT_COLUMNS} from events where sequence > $1 order by sequence limit $2"

RECORD_KINDS = """
with recursive found (kind) as (
  (select kind from records order by kind limit 1)
  union all
  select (select kind from records where kind > found.kind order by kind limit 1)
  from found where found.kind is not null
) select kind from found where kind is not null
"""
NEWEST_EVENT = "select event from counters"
REWRITE_EVENT = "update events set type = $1, key = $2, document = $3 where sequence = $4"
PURGED_EVENTS = (
    "select max(sequence) from"
    " (select sequence from events where at < $1 order by sequence limit $2) as piece"
)
PURGE_EVENTS = "delete from events where sequence <= $1"
PURGE_TOMBSTONES = (
    "delete from objects where deleted = 1 and changed = any(array(select changed from objects"
    " where deleted = 1 and changed > $1 and changed <= $2 order by changed limit $3))"
    " returning changed"
)
FORGET = (
    "delete from objects o using unnest($1::text[], $2::text[], $3::text[], $4::bigint[])"
    " as k (kind, owner, id, revision)"
    " where o.kind = k.kind and o.owner = k.owner and o.id = k.id and o.revision = k.revision"
    " returning o.kind, o.audience, o.deleted"
)
VACUUM = ("vacuum objects", "vacuum records", "vacuum events")

LEASE = (
    "insert into leases (name, holder, until)"
    " values ($1, $2, clock_timestamp() + make_interval(secs => $3))"
    " on conflict (name) do update set holder = excluded.holder, until = excluded.until"
    " where leases.holder = excluded.holder or leases.until <= clock_timestamp()"
)
LEASES = (
    "insert into leases (name, holder, until)"
    " select name, $2, clock_timestamp() + make_interval(secs => $3)"
    " from unnest($1::text[]) as wanted (name) order by name"
    " on conflict (name) do update set holder = excluded.holder, until = excluded.until"
    " where leases.holder = excluded.holder or leases.until <= clock_timestamp()"
    " returning name"
)
RELEASE = "delete from leases where name = $1 and holder = $2"

TOTAL = (
    "select coalesce(sum(n), 0)::bigint from counts where kind = $1 and audience = any($2::text[])"
)
PAGE = """
with held as materialized (
  select audience, n from counts where kind = $1 and audience = any($2::text[]) and n > 0
)
select o.created, o.version, o.document, o.sidecar, (select sum(n) from held)::bigint
from held cross join lateral (
  select created, version, document, sidecar from objects
  where kind = $1 and audience = held.audience and deleted = 0 and created > $3
  order by created limit $4::bigint + $5::bigint
) o order by o.created limit $4 offset $5
"""
"""One page over several audiences: a short walk in each list, merged; the total beside each row."""
TOTAL_DATES = (
    "select count(*) from objects where kind = $1 and audience = any($2::text[])"
    " and deleted = 0 and last_updated >= $3 and last_updated < $4"
)
PAGE_DATES = """
select o.created, o.version, o.document, o.sidecar
from unnest($2::text[]) as held (audience) cross join lateral (
  select created, version, document, sidecar from objects
  where kind = $1 and audience = held.audience and deleted = 0 and created > $3
    and last_updated >= $6 and last_updated < $7
  order by created limit $4::bigint + $5::bigint
) o order by o.created limit $4 offset $5
"""
PAGE_RARE = """
with hits as materialized (
  select created from objects
  where kind = $1 and audience = any($2::text[]) and deleted = 0
    and last_updated >= $6 and last_updated < $7
)
select created, version, document, sidecar from objects
where kind = $1 and deleted = 0 and created = any(array(
  select created from hits where created > $3 order by created limit $4 offset $5
)) order by created
"""
"""For a window that few rows match: collected by date, then sorted."""

WRONG_COUNTS = """
select count(*) from (
  select kind, audience from (
    select kind, audience, -n as n from counts
    union all
    select kind, audience, count(*) from objects where deleted = 0 group by kind, audience
  ) as both_sides group by kind, audience having sum(n) <> 0
) as wrong
"""
SERVER = "select current_setting('server_version')"
