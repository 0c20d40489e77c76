-- Who did what to whose data, in ids only (product.md section 5: audit keeps ids only).
create table audit (
    audit_id bigint generated always as identity primary key,
    district_id text not null,
    environment text not null,
    at timestamptz not null,
    actor_id text not null,
    actor_role text not null,
    action text not null,                    -- one stable word: why.read, user.erased, district.changed ...
    subject_kind text not null,              -- user, school, district
    subject_id text not null,
    event_id text not null default '',       -- of a why: the change that was looked at
    pointers text[] not null default '{}'    -- of a settings change: the keys, never the values
);
create index audit_by_district on audit (district_id, environment, audit_id);
