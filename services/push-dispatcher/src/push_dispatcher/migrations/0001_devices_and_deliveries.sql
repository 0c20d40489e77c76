-- Devices of portal users, one delivery row per alert and device, and what is still to be told about them.
-- Times of devices and leases: `registered_at`, `due_at`, `first_attempt_at`, `lease_until`, `spare_until` are
-- real time (providers, Retry-After, leases); all others are product time (architecture.md section 7).

create table devices (
    district_id text not null,
    environment text not null check (environment in ('production', 'sandbox', 'staging', 'preview')),
    user_id text not null,
    installation_id text not null,
    platform text not null check (platform in ('ios', 'android')),
    app text not null,
    token text not null,
    token_digest bytea not null,
    token_kind text not null check (token_kind in ('token', 'fid')),
    apns_environment text not null check (apns_environment in ('production', 'development')),
    settings jsonb not null,
    registered_at timestamptz not null default now(),
    seen_at timestamptz not null,
    spare_until timestamptz not null default 'epoch',
    primary key (district_id, environment, installation_id)
);
create unique index devices_token on devices (app, token_digest);
create index devices_user on devices (district_id, environment, user_id);

create table deliveries (
    delivery_id uuid primary key,
    district_id text not null,
    environment text not null,
    user_id text not null,
    installation_id text not null,
    provider text not null check (provider in ('apns', 'fcm')),
    lane text not null,
    alert_id uuid not null,
    purpose text not null check (purpose in ('alert', 'test', 'badge')),
    state text not null check (state in ('queued', 'accepted', 'failed', 'missed', 'superseded', 'collapsed',
                                         'withdrawn', 'muted_by_device')),
    reason text not null default '',
    urgent boolean not null,
    slot uuid not null,
    things jsonb not null,
    content text not null,
    unseen integer not null,
    seq bigint not null,
    requested_at timestamptz not null,
    written_at timestamptz not null,
    send_before timestamptz not null,
    ended_at timestamptz,
    due_at timestamptz not null,
    first_attempt_at timestamptz,
    attempts integer not null default 0,
    withdrawn boolean not null default false,
    as_summary boolean not null default false,
    lease_owner uuid,
    lease_until timestamptz
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
create index deliveries_due on deliveries (lane, urgent desc, due_at) where state = 'queued';
create index deliveries_user on deliveries (district_id, environment, user_id, written_at);
create index deliveries_written on deliveries using brin (written_at);

create table inboxes (
    district_id text not null,
    environment text not null,
    user_id text not null,
    unseen integer not null,
    seq bigint not null,
    primary key (district_id, environment, user_id)
);

create table outbox (
    seq bigint generated always as identity primary key,
    district_id text not null,
    environment text not null,
    user_id text not null,
    event_id uuid not null,
    type text not null,
    at timestamptz not null,
    data text not null
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
