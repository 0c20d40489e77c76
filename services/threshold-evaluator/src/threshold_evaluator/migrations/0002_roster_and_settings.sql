-- Roster, settings documents and schedules (product.md sections 2 and 4).
-- Every row carries district_id and environment. Rows that come from the SIS keep modified_at: an older
-- version never overwrites a newer one, the same modified_at does (the later in the topic wins).

-- What lies in "own" replaces, key by key and however deep, what lies in "published".
create function overlaid(published jsonb, own jsonb) returns jsonb
language plpgsql immutable strict
set search_path from current
as $$
begin
    if jsonb_typeof(published) <> 'object' or jsonb_typeof(own) <> 'object' then
        return own;
    end if;
    return published || coalesce((
        select jsonb_object_agg(key, case when published ? key then overlaid(published -> key, value) else value end)
        from jsonb_each(own)
    ), '{}'::jsonb);
end
$$;

create table districts (
    district_id text not null,
    environment text not null check (environment in ('production', 'sandbox', 'staging', 'preview')),
    name text not null default '',
    state text not null default '',
    timezone text not null default 'UTC',
    published jsonb not null default '{}',   -- settings as the last district.changed gave them
    own jsonb not null default '{}',         -- keys that an administrator set here
    settings jsonb not null generated always as (overlaid(published, own)) stored,  -- what counts
    version bigint not null default 1,       -- rises with every change of the row
    modified_at timestamptz not null default '-infinity',
    primary key (district_id, environment)
);
create index districts_by_name on districts (environment, lower(name) collate "C", district_id);

create table schools (
    district_id text not null,
    environment text not null check (environment in ('production', 'sandbox', 'staging', 'preview')),
    school_id text not null,
    name text not null default '',
    timezone text not null default '',       -- empty: the district's
    bell jsonb not null default '{}',        -- {starts, ends, days}; empty: none known
    published jsonb not null default '{}',
    own jsonb not null default '{}',
    settings jsonb not null generated always as (overlaid(published, own)) stored,
    version bigint not null default 1,
    modified_at timestamptz not null default '-infinity',
    primary key (district_id, environment, school_id)
);

-- A student is known to the roster exactly when a row is here.
create table students (
    district_id text not null,
    environment text not null,
    student_id text not null,
    school_id text not null,
    display_name text not null default '',
    grade_level text not null default '',
    modified_at timestamptz not null,
    primary key (district_id, environment, student_id)
);

create table enrollments (
    district_id text not null,
    environment text not null,
    student_id text not null,
    school_id text not null,
    calendar_id text not null default '',    -- empty: none named
    starts_on date not null default '-infinity',
    ends_on date not null default 'infinity',
    active boolean not null,
    modified_at timestamptz not null,
    primary key (district_id, environment, student_id, school_id, calendar_id)
);

create table portal_access (
    district_id text not null,
    environment text not null,
    student_id text not null,
    user_id text not null,
    role text not null check (role in ('guardian', 'student')),
    relationship text not null default '',
    portal boolean not null,
    locale text not null default '',         -- empty: not stated
    timezone text not null default '',       -- empty: not stated
    modified_at timestamptz not null,
    primary key (district_id, environment, student_id, user_id)
);
create index portal_access_by_user on portal_access (district_id, environment, user_id);

-- A user's settings document (student_id empty) and the one for a single student (only groups and kinds).
create table user_settings (
    district_id text not null,
    environment text not null,
    user_id text not null,
    student_id text not null default '',
    document jsonb not null,
    version bigint not null default 1,
    primary key (district_id, environment, user_id, student_id)
);

-- Whose unsent alerts must be timed again, because settings, roster or bells changed. Written in the
-- transaction of that change with "do update", so that a reader which deletes the row sees the change.
create table recalculations (
    district_id text not null,
    environment text not null,
    scope text not null check (scope in ('district', 'school', 'student', 'user')),
    scope_id text not null,
    requested bigint not null default 1,
    primary key (district_id, environment, scope, scope_id)
);

create table schedules (
    district_id text not null,
    environment text not null,
    student_id text not null,
    school_id text not null,
    calendar_id text not null default '',
    term text not null default '',
    meetings jsonb not null,
    modified_at timestamptz not null,
    changed_in xid8 not null default pg_current_xact_id(),  -- for cursors: see 0003
    primary key (district_id, environment, student_id, school_id, calendar_id, term)
);
