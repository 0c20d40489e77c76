-- Which reminders went out, so that each goes once for each date that a request is scheduled for.
create table reminders (
    request_id uuid not null references requests,
    district_id text not null,
    environment text not null,
    slot_at timestamptz not null,
    lead text not null check (lead in ('7 days', '24 hours')),
    at timestamptz not null,
    primary key (request_id, slot_at, lead)
);
