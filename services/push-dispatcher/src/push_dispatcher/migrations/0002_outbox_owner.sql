-- Who put an event into the outbox tells it from memory; others leave it alone until the claim ends (real time).

alter table outbox add column owner uuid;
alter table outbox add column claimed_until timestamptz not null default 'epoch';
