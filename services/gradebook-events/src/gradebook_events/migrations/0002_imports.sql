-- OneRoster imports: the job and its package, the records as last listed, and what was published of them.

create table imports (
    district_id text not null,
    environment text not null,
    publisher_id text not null references publishers on delete cascade,
    import_id uuid not null,
    -- queued, running, waiting_for_confirmation, completed, completed_with_errors, failed, superseded
    status text not null,
    -- staging, comparing, publishing
    stage text not null,
    alerts boolean not null,
    exported_at timestamptz not null,
    created_at timestamptz not null,
    finished_at timestamptz,
    -- file name -> bulk or delta
    modes jsonb not null,
    -- files that are staged whole
    staged text[] not null default '{}',
    counts jsonb not null default '{}',
    faults integer not null default 0,
    -- records that were live before and that this bulk no longer lists
    unlisted integer not null default 0,
    confirmed boolean not null default false,
    backfill boolean not null default false,
    failure text not null default '',
    -- leases and retries keep real time
    lease_owner uuid,
    leased_until timestamptz not null default '-infinity',
    not_before timestamptz not null default '-infinity',
    attempts integer not null default 0,
    submitted bigint generated always as identity,
    primary key (import_id)
);
create index imports_open on imports (submitted) where status in ('queued', 'running');
create index imports_of_publisher on imports (publisher_id, submitted);

create table import_chunks (
    district_id text not null,
    environment text not null,
    import_id uuid not null references imports on delete cascade,
    number integer not null,
    bytes bytea not null,
    primary key (import_id, number)
);
-- Packages are compressed already.
alter table import_chunks alter column bytes set storage external;

create table import_faults (
    district_id text not null,
    environment text not null,
    import_id uuid not null references imports on delete cascade,
    number bigint generated always as identity,
    file text not null,
    line integer not null,
    field text not null,
    reason text not null,
    detail text not null,
    primary key (import_id, number)
);

create table records (
    district_id text not null,
    environment text not null,
    publisher_id text not null references publishers on delete cascade,
    file text not null,
    sourced_id text not null,
    status text not null,
    modified_at timestamptz not null,
    fields jsonb not null,
    seen_import uuid not null,
    -- the line of the last import, 0 when it was a bad row
    seen_line integer not null,
    first_import uuid not null,
    -- changed since what is derived from it was last published
    dirty boolean not null,
    class_id text generated always as (fields ->> 'classSourcedId') stored,
    user_id text generated always as (coalesce(fields ->> 'userSourcedId', fields ->> 'studentSourcedId')) stored,
    line_item_id text generated always as (fields ->> 'lineItemSourcedId') stored,
    primary key (publisher_id, file, sourced_id)
);
create index records_of_class on records (publisher_id, file, class_id) where class_id is not null;
create index records_of_user on records (publisher_id, file, user_id) where user_id is not null;
create index records_of_line_item on records (publisher_id, file, line_item_id) where line_item_id is not null;
create index records_dirty on records (publisher_id, file) where dirty;

create table things (
    district_id text not null,
    environment text not null,
    publisher_id text not null references publishers on delete cascade,
    kind text not null,
    thing_id text not null,
    scope text not null,
    owner text not null,
    identity jsonb not null,
    needed jsonb not null,
    digest bytea not null,
    modified_at timestamptz not null,
    ended boolean not null,
    primary key (publisher_id, kind, thing_id)
);
create index things_of_scope on things (publisher_id, scope, kind);

create table import_scopes (
    district_id text not null,
    environment text not null,
    import_id uuid not null references imports on delete cascade,
    -- 1 organisations, 2 a student, 3 a class: the roster stands before the changes that follow it
    step smallint not null,
    scope text not null,
    primary key (import_id, step, scope)
);
