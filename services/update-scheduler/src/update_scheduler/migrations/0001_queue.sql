-- The hosting update queue (product.md section 7). What belongs to a district carries district_id and
-- environment (the site's kind); releases, windows, blackouts and groups belong to the hosting and carry none.

create table districts (
    district_id text primary key,
    name text not null,
    state text not null default '',
    timezone text not null default 'UTC'
);

create table sites (
    id text primary key,                      -- {district}.{environment}, the key of the site's events
    district_id text not null references districts,
    environment text not null check (environment in ('production', 'sandbox', 'staging', 'preview')),
    hosting text not null check (hosting in ('cloud', 'asp')),
    name text not null,
    version text not null default '',         -- what it runs now
    updated_at timestamptz,                   -- when Completed last set the version
    refreshed_at timestamptz,                 -- the copy date: when its data was last copied from production
    scrubbed_at timestamptz,                  -- mail and push turned off there since
    unique (district_id, environment)
);

create table site_versions (
    site_id text not null references sites on delete cascade,
    district_id text not null,
    environment text not null,
    version text not null,
    since timestamptz not null,
    request_id uuid,
    primary key (site_id, since, version)
);

create table releases (
    version text primary key,
    release_position int not null,            -- the release's place in the catalogue's order
    pack int not null default 0,              -- 0 for the release, 1.. for its Rx packs, in order
    rx_of text references releases,
    released_on date not null,
    notes text not null default '',
    unique (release_position, pack),
    check ((pack = 0) = (rx_of is null))
);

create table groups (
    id text primary key,
    name text not null,
    kind text not null check (kind in ('state', 'consortium', 'partner', 'esa'))
);

create table group_districts (
    group_id text not null references groups on delete cascade,
    district_id text not null references districts,
    links boolean not null,                   -- the group's kind moves its districts as one
    since timestamptz not null,
    primary key (group_id, district_id)
);
create unique index one_link_a_district on group_districts (district_id) where links;

create table contacts (
    id uuid primary key,
    name text not null,
    email text not null,
    role text not null check (role in ('technical_contact', 'group_contact')),
    district_id text references districts,
    environment text not null default 'production',
    group_id text references groups on delete cascade,
    user_id text,                             -- who signs in as this contact, where known
    check ((role = 'technical_contact') = (district_id is not null)),
    check ((role = 'group_contact') = (group_id is not null))
);
create unique index contacts_by_district on contacts (district_id, lower(email)) where district_id is not null;
create unique index contacts_by_group on contacts (group_id, lower(email)) where group_id is not null;
create index contacts_by_user on contacts (user_id) where user_id is not null;

create table windows (
    id uuid primary key,
    name text not null,
    hosting text not null check (hosting in ('cloud', 'asp')),
    kinds text[] not null,
    timezone text not null,
    frequency text not null check (frequency in ('weekly', 'monthly')),
    weekdays text[] not null,
    every int not null check (every >= 1),    -- weeks between (weekly), or which weekday of the month (monthly)
    opens time not null,
    closes time not null,
    capacity int not null check (capacity >= 1),
    effective_from date not null,
    effective_until date,                     -- the first day on which it no longer holds
    check (effective_until is null or effective_until > effective_from)
);

create table blackouts (
    id uuid primary key,
    starts_at timestamptz not null,
    ends_at timestamptz not null,
    hosting text check (hosting in ('cloud', 'asp')),   -- null: both
    reason text not null default '',
    check (ends_at > starts_at)
);
create index blackouts_by_end on blackouts (ends_at);

create table group_requests (
    id uuid primary key,
    group_id text not null references groups,
    group_name text not null,
    version text not null,
    environment text not null,                -- the target site of every member
    revision int not null default 1,
    requested_by text not null,
    note text not null default '',
    preferred_at timestamptz,
    skipped text[] not null default '{}',     -- members that stood at or above the version already
    created_at timestamptz not null
);
create index group_requests_by_group on group_requests (group_id, created_at desc, id);

create table requests (
    id uuid primary key,
    district_id text not null references districts,
    environment text not null check (environment in ('production', 'sandbox', 'staging', 'preview')),
    kind text not null check (kind in ('version_update', 'database_refresh')),
    version text not null default '',
    site_ids text[] not null,                 -- the target first, the sandbox that production carries after it
    status text not null,
    revision int not null,                    -- what If-Match names
    slot_at timestamptz,
    slot_starts_at timestamptz,
    slot_ends_at timestamptz,
    window_id uuid references windows,
    began_at timestamptz,
    came_from text,
    answered boolean not null default false,
    completed_at timestamptz,
    newer_id uuid references requests deferrable initially deferred,
    reason text not null default '',
    cancelled_at timestamptz,
    deleted_at timestamptz,
    scrubbed boolean not null default false,
    requested_by text not null,
    note text not null default '',
    preferred_at timestamptz,
    group_request_id uuid references group_requests,
    group_left boolean not null default false,   -- its district left the group: it moves by itself
    moved_at timestamptz not null,            -- when it came into its status
    created_at timestamptz not null,
    open boolean not null generated always as (
        cancelled_at is null
        and status not in ('completed', 'new_version_requested', 'unable_to_complete')
    ) stored,
    check ((slot_at is null) = (slot_starts_at is null) and (slot_at is null) = (slot_ends_at is null)),
    check (window_id is null or slot_at is not null),
    check (status not in ('scheduled', 'not_started', 'in_progress') or slot_at is not null
        or cancelled_at is not null),
    check ((status = 'pending_input') = (came_from is not null)),
    check ((status = 'new_version_requested') = (newer_id is not null)),
    check (status <> 'unable_to_complete' or reason <> '')
);
create index requests_by_district on requests (district_id, created_at desc, id desc);
create index requests_by_age on requests (created_at desc, id desc);
create index requests_by_status on requests (status, created_at desc, id desc) where deleted_at is null;
create index requests_open_of_district on requests (district_id, environment) where open;
create index requests_by_slot on requests (window_id, slot_starts_at) where slot_at is not null;
create index requests_by_date on requests (slot_at) where slot_at is not null and open;
create index requests_of_group on requests (group_request_id) where group_request_id is not null;
create index requests_replaced on requests (newer_id) where newer_id is not null;

create table transitions (
    id bigint generated always as identity primary key,
    request_id uuid not null references requests,
    district_id text not null,
    environment text not null,
    seq int not null,                         -- 1.. within the request
    from_status text,                         -- null for the first
    to_status text not null,                  -- a status, cancelled, deleted or answered
    at timestamptz not null,
    by_role text not null,
    by_user text not null,
    note text not null default '',
    scheduled_for timestamptz,
    unique (request_id, seq)
);
create index transitions_by_person on transitions (by_user, at desc);

create table messages (
    id uuid primary key,
    request_id uuid not null references requests,
    district_id text not null,
    environment text not null,
    at timestamptz not null,
    by_role text not null,
    by_user text not null,
    body text not null
);
create index messages_of_request on messages (request_id, at, id);

create table idempotency_keys (
    user_id text not null,
    key text not null,
    digest bytea not null,                    -- of the body: the same key with another body is refused
    request_id uuid not null,
    at timestamptz not null,
    primary key (user_id, key)
);

create table mail_outbox (
    n bigint generated always as identity primary key,
    message_id text not null unique,          -- deterministic: of the transition and the recipient
    request_id uuid,
    district_id text,
    environment text,
    recipient text not null,
    subject text not null,
    body text not null,
    html text not null,
    created_at timestamptz not null,          -- product time
    attempts int not null default 0,
    next_at timestamptz not null default now(),   -- real time, like every back-off
    sent_at timestamptz,
    failed_at timestamptz,                    -- refused for good
    answer text not null default ''           -- the server's code when it was refused, never its text
);
create index mail_due on mail_outbox (next_at, n) where sent_at is null and failed_at is null;

create table event_outbox (
    n bigint generated always as identity primary key,
    id uuid not null unique,
    site_id text not null,
    district_id text not null,
    environment text not null,
    type text not null,
    at timestamptz not null,
    data jsonb not null,
    published_at timestamptz
);
create index events_due on event_outbox (n) where published_at is null;

-- Whoever empties an outbox is woken at commit instead of asking all the time.
create function outbox_filled() returns trigger language plpgsql as $$
begin
    perform pg_notify('update_scheduler.' || tg_table_name, '');
    return null;
end
$$;
create trigger mail_outbox_filled after insert on mail_outbox
    for each statement execute function outbox_filled();
create trigger event_outbox_filled after insert on event_outbox
    for each statement execute function outbox_filled();
