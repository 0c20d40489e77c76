-- Publishers of a district, their keys (hashed), and the audit lines of this service.

create table publishers (
    district_id text not null,
    environment text not null,
    publisher_id text not null,
    name text not null,
    agents_have_portal boolean not null default false,
    created_at timestamptz not null,
    created_by text not null,
    revoked_at timestamptz,
    primary key (publisher_id)
);
create index publishers_of_district on publishers (district_id, environment, created_at, publisher_id);

create table publisher_keys (
    district_id text not null,
    environment text not null,
    publisher_id text not null references publishers on delete cascade,
    key_id text not null,
    digest bytea not null,
    created_at timestamptz not null,
    -- real time, as the overlap of a rotation is: infinity until the key is rotated
    expires_at timestamptz not null default 'infinity',
    primary key (key_id)
);
create index keys_of_publisher on publisher_keys (publisher_id);

create table audit_lines (
    district_id text not null,
    environment text not null,
    line bigint generated always as identity,
    at timestamptz not null,
    actor text not null,
    action text not null,
    detail jsonb not null,
    primary key (line)
);
create index audit_of_district on audit_lines (district_id, environment, at);
