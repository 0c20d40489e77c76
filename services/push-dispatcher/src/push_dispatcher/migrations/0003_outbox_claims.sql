-- A new event is its owner's for ten seconds without anybody saying so.

alter table outbox alter column claimed_until set default now() + interval '10 seconds';
