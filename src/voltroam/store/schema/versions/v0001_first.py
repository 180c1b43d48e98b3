"""The first schema: objects, counts, records, events, leases, counters.

Objects: `created` is the order of lists, `changed` the feed. Partial indexes leave tombstones
out. SQLite takes `created` as row id, so that a list is read in the order in which it lies.
"""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

SQLITE = """
create table meta (
  name text primary key,
  value text not null
) without rowid;
create table counters (
  one integer primary key check (one = 1),
  feed integer not null,
  event integer not null
);
create table objects (
  created integer primary key,
  kind text not null,
  owner text not null,
  id text not null,
  version text not null,
  last_updated integer not null,
  audience text not null,
  sources text not null,
  former text not null,
  deleted integer not null,
  stored_at integer not null,
  changed integer not null,
  revision integer not null,
  notes blob,
  sidecar blob,
  document blob not null
);
create unique index objects_key on objects (kind, owner, id);
create unique index objects_feed on objects (changed);
create index objects_list on objects (kind, audience) where deleted = 0;
create index objects_date on objects (kind, audience, last_updated) where deleted = 0;
create index objects_scan on objects (kind) where deleted = 0;
create table counts (
  kind text not null,
  audience text not null,
  n integer not null,
  primary key (kind, audience)
) without rowid;
create table records (
  kind text not null,
  id text not null,
  parent text not null,
  due integer,
  revision integer not null,
  document blob not null,
  primary key (kind, id)
);
create index records_parent on records (kind, parent, id);
create index records_due on records (kind, due, id) where due is not null;
create table events (
  sequence integer primary key,
  at integer not null,
  type text not null,
  key text not null,
  document blob not null
);
create index events_at on events (at);
create table leases (
  name text primary key,
  holder text not null,
  until integer not null
) without rowid;
insert into counters values (1, 0, 0);
insert into meta values ('epoch', lower(hex(randomblob(16))));
insert into meta values ('readable_by', '0001');
insert into meta values ('purged_events', '0')
"""

POSTGRES = """
create table meta (
  name text collate "C" primary key,
  value text not null
);
create table counters (
  one smallint primary key check (one = 1),
  feed bigint not null,
  event bigint not null,
  writes bigint not null default 0
) with (fillfactor = 10);
create table objects (
  created bigint not null,
  kind text collate "C" not null,
  owner text collate "C" not null,
  id text collate "C" not null,
  version text collate "C" not null,
  last_updated bigint not null,
  audience text collate "C" not null,
  sources text collate "C" not null,
  former text collate "C" not null,
  deleted smallint not null,
  stored_at bigint not null,
  changed bigint not null,
  revision bigint not null,
  notes bytea,
  sidecar bytea,
  document bytea not null,
  primary key (kind, owner, id)
);
do $$ begin alter table objects alter column document set compression lz4;  exception
  when others then null;  end $$;
create unique index objects_feed on objects (changed);
create index objects_list on objects (kind, audience, created) where deleted = 0;
create index objects_date on objects (kind, audience, last_updated) where deleted = 0;
create index objects_scan on objects (kind, created) where deleted = 0;
create table counts (
  kind text collate "C" not null,
  audience text collate "C" not null,
  n bigint not null,
  primary key (kind, audience)
) with (fillfactor = 50);
create table records (
  kind text collate "C" not null,
  id text collate "C" not null,
  parent text collate "C" not null,
  due bigint,
  revision bigint not null,
  document bytea not null,
  primary key (kind, id)
);
create index records_parent on records (kind, parent, id);
create index records_due on records (kind, due, id) where due is not null;
create table events (
  sequence bigint primary key,
  at bigint not null,
  type text collate "C" not null,
  key text collate "C" not null,
  document bytea not null
);
create index events_at on events (at);
create table leases (
  name text collate "C" primary key,
  holder text collate "C" not null,
  until timestamptz not null
);
insert into counters values (1, 0, 0);
insert into meta values ('epoch', replace(gen_random_uuid()::text, '-', ''));
insert into meta values ('readable_by', '0001');
insert into meta values ('purged_events', '0')
"""


def upgrade() -> None:
    text = SQLITE if op.get_context().dialect.name == "sqlite" else POSTGRES
    for statement in text.split(";\n"):
        op.execute(statement.strip())
