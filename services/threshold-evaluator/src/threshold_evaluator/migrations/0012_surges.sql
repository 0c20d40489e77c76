-- The surge hold (product.md section 4, "Brake"): facts by minute, so that ten minutes are any ten; a name for
-- each brake, how long it went on and why it was pulled.
alter table surges
    add column minutes integer[] not null default '{0,0,0,0,0,0,0,0,0,0}',
    add column surge boolean not null default false;      -- no part of the school's usual
create index surges_by_age on surges (bucket);

alter table brakes
    add column brake_id uuid not null default gen_random_uuid() unique,
    add column last_at timestamptz not null default '-infinity',
    add column facts integer not null default 0,           -- of the ten minutes that pulled it
    add column usual double precision not null default 0,  -- of ten minutes of the school; 0: none known
    alter column resolution set default 'held';            -- held, release, inbox_only
