-- What the pages keep, and how an open page learns of a change (product.md section 7, Pages).

create table page_preferences (
    role text not null,
    user_id text not null,
    district_id text not null default '',     -- '' for operators and group contacts
    environment text not null default 'production',
    hide_complete boolean not null default false,
    primary key (role, user_id, district_id, environment)
);

create table calendar_feeds (
    id uuid primary key,
    token_digest bytea not null unique,       -- SHA-256: the address itself is shown once and not kept
    name text not null,
    role text not null,
    user_id text not null,
    district_id text not null default '',
    environment text not null default 'production',
    created_at timestamptz not null,
    revoked_at timestamptz
);
create index calendar_feeds_by_user on calendar_feeds (user_id, role, created_at desc);

create table rollouts (
    id uuid primary key,
    version text not null,
    per_window int not null check (per_window >= 1),   -- requests of this rollout in one occurrence, at most
    starts_after timestamptz not null,
    state text not null check (state in ('active', 'paused', 'ended')),
    revision int not null default 1,
    created_by text not null,
    created_at timestamptz not null
);
create index rollouts_by_age on rollouts (created_at desc, id);

create table rollout_sites (
    rollout_id uuid not null references rollouts on delete cascade,
    district_id text not null references districts,
    environment text not null,
    group_id text not null default '',        -- the linked group that the district moves with
    canary boolean not null default false,
    wave int,                                 -- null: not released yet
    request_id uuid references requests,
    group_request_id uuid references group_requests,
    primary key (rollout_id, district_id, environment)
);
create index rollout_sites_by_request on rollout_sites (request_id) where request_id is not null;

create index requests_board on requests (status, moved_at, id) where open;
create index requests_closed on requests (status, moved_at desc, id desc) where not open and deleted_at is null;
create index requests_in_time on requests (slot_starts_at) where slot_at is not null;

-- Open pages are woken at commit, with whom it concerns.
create function page_news_of_requests() returns trigger language plpgsql as $$
begin
    perform pg_notify('update_scheduler.page_news',
        json_build_object('district', c.district_id, 'request', c.id)::text)
    from changed c;
    return null;
end
$$;
create trigger requests_came after insert on requests referencing new table as changed
    for each statement execute function page_news_of_requests();
create trigger requests_moved after update on requests referencing new table as changed
    for each statement execute function page_news_of_requests();

create function page_news_of_messages() returns trigger language plpgsql as $$
begin
    perform pg_notify('update_scheduler.page_news',
        json_build_object('district', c.district_id, 'request', c.request_id)::text)
    from changed c;
    return null;
end
$$;
create trigger messages_came after insert on messages referencing new table as changed
    for each statement execute function page_news_of_messages();

create function page_news_of_times() returns trigger language plpgsql as $$
begin
    perform pg_notify('update_scheduler.page_news', '{"district": "", "request": ""}');
    return null;
end
$$;
create trigger blackouts_changed after insert or update or delete on blackouts
    for each statement execute function page_news_of_times();
create trigger windows_changed after insert or update or delete on windows
    for each statement execute function page_news_of_times();
create trigger rollouts_changed after insert or update on rollouts
    for each statement execute function page_news_of_times();
create trigger sites_changed after insert or update on sites
    for each statement execute function page_news_of_times();
