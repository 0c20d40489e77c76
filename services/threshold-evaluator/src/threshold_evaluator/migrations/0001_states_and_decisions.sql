-- States, decisions, due alerts, inbox (product.md sections 3 and 4; architecture.md section 4, "Evaluate").
-- Every row carries district_id and environment. "thing" is one of assignments, grades, attendance, lunch.

-- A column of text as one parameter: values joined by record separators after an empty first one. A driver looks
-- at every element of an array; this it only copies.
create function split(packed text) returns text[]
language sql immutable strict parallel safe
return (string_to_array(packed, E'\x1f'))[2:];

-- The last version of each thing.
create table states (
    district_id text not null,
    environment text not null,
    student_id text not null,
    thing text not null,
    thing_id text not null,
    school_id text not null,
    calendar_id text not null default '',        -- empty: none named
    modified_at timestamptz not null,
    seen text not null,                          -- ids of the events of modified_at, by record separators
    memory text not null,                        -- the content reduced to what detection compares
    data jsonb not null,                         -- the event's data
    deleted boolean not null,
    changed_in xid8 not null default pg_current_xact_id(),  -- lets a cursor find what changed since
    -- What tells rows apart comes first: fewer bytes to compare on the way down.
    primary key (student_id, thing, thing_id, district_id, environment)
);
create index states_by_account on states (district_id, environment, thing_id) where thing = 'lunch';

-- What each user was last told of a mark or an account, and of a grade where that is not what was last posted. A
-- shared account has no student (empty).
create table told (
    district_id text not null,
    environment text not null,
    student_id text not null,
    thing text not null,
    thing_id text not null,
    user_id text not null,
    on_date date not null default '-infinity',   -- of attendance: the date of the mark
    value text not null,                         -- see the domain: attendance, lunch, grades; empty: cleared
    told_at timestamptz not null,
    primary key (district_id, environment, student_id, thing, thing_id, user_id)
);
create index told_by_date on told (district_id, environment, student_id, on_date) where thing = 'attendance';
create index told_by_user on told (district_id, environment, user_id);

-- One row per event: what detection made of it. Kept 30 days; a day is dropped at once.
create table changes (
    day date not null,
    district_id text not null,
    environment text not null,
    event_source text not null,
    event_id text not null,
    student_id text not null,
    school_id text not null,
    calendar_id text not null default '',
    thing text not null,
    thing_id text not null,
    modified_at timestamptz not null,
    accepted_at timestamptz not null,            -- when the door appended it
    decided_at timestamptz not null,
    detection text not null,                     -- facts, silent, duplicate, stale_version, backfill, ...
    kinds text[] not null,
    memory_before text not null default '',      -- empty: first sight
    memory_after text not null default '',
    primary key (event_id, district_id, environment, event_source, day)
) partition by range (day);
create index changes_by_student on changes (student_id, district_id, environment, decided_at);

-- One row per event and user: the decision. alert_id is uuid5 of event and user, so `why` needs no search.
create table decisions (
    day date not null,
    alert_id uuid not null,
    district_id text not null,
    environment text not null,
    user_id text not null,
    student_id text not null,
    event_id text not null,
    thing text not null,
    kinds text[] not null,                       -- the facts that passed for this user, first named first
    outcome text not null,                       -- send, hold, digest, inbox_only, suppress
    reason text not null,
    due_at timestamptz,
    open_gates smallint not null,                -- bit n: the n-th gate of product.md section 4 stood open
    verdicts text not null,                      -- JSON: per fact, whether it passed and the reason if not
    settings_id uuid not null,                   -- what held, in effective_settings of the same day
    decided_at timestamptz not null,
    became text not null default '',             -- at release: sent, summarized, resolved, withdrawn, missed, inbox
    became_at timestamptz,
    sent_as uuid,                                -- the alert that carried it: itself or a summary
    primary key (alert_id, day)
) partition by range (day);
create index decisions_by_user on decisions (user_id);

-- The settings that decisions refer to, once a day however many decisions they made.
create table effective_settings (
    day date not null,
    settings_id uuid not null,
    document jsonb not null,                     -- values and layers by JSON pointer
    primary key (day, settings_id)
) partition by range (day);

-- Hold queue and outbox at once. held: waits for wake_at; ready: payload made, to be published; then published.
create table due_alerts (
    alert_id uuid primary key,
    district_id text not null,
    environment text not null,
    user_id text not null,
    student_id text not null,
    thing text not null,
    thing_id text not null,
    school_id text not null,
    calendar_id text not null default '',
    kinds text[] not null,
    event_source text not null,
    event_id text not null,
    day date not null,                           -- of its decision
    memory_before text not null,                 -- what stood before its first unsent change
    modified_at timestamptz not null,
    accepted_at timestamptz not null,
    first_at timestamptz not null,               -- when its first unsent change was evaluated
    grace_until timestamptz not null,
    due_at timestamptz not null,
    wake_at timestamptz not null,                -- when the release loop looks at it: grace end, then due
    hold text not null,
    delivery text not null,                      -- immediate, daily, weekly
    capped_at timestamptz,                       -- when the daily cap put it into the next digest
    in_inbox boolean not null default false,
    mandatory boolean not null default false,    -- outside the cap
    urgency smallint not null,                   -- 0 urgent, 1 bulk
    phase text not null check (phase in ('held', 'ready', 'published', 'dropped')),
    sent_as uuid,                                -- the alert that carries it: itself, or a summary
    payload text not null default '',            -- alert.requested as JSON while ready; empty if a summary carries it
    send_before timestamptz,
    attempt smallint not null default 0,         -- how often it was timed again after `missed`
    ready_at timestamptz,                        -- real time: what is ready for long was left by a crash
    published_at timestamptz
) with (fillfactor = 70);
create index due_to_wake on due_alerts (urgency, wake_at) where phase = 'held';
create index due_to_publish on due_alerts (urgency, alert_id) where phase = 'ready';
create index due_by_thing on due_alerts (district_id, environment, student_id, thing, thing_id)
    where phase = 'held';
create index due_by_user on due_alerts (district_id, environment, user_id, phase);
create index due_by_sent_as on due_alerts (sent_as) where phase = 'published';
create index due_settled on due_alerts (day) where phase in ('published', 'dropped');

-- A notice that is no alert row of its own: summaries, withdrawals, inbox changes. Deleted once published.
create table notices (
    notice_id uuid primary key,
    district_id text not null,
    environment text not null,
    user_id text not null,
    urgency smallint not null,
    type text not null,                          -- CloudEvents type
    payload text not null,
    due_at timestamptz not null default now(),   -- product time
    ready_at timestamptz not null default clock_timestamp(),  -- real time
    position bigint generated always as identity -- within a user, in this order
);
create index notices_to_publish on notices (urgency, position);

-- One row a user: what alerts carry (seq, unseen) and what the daily cap counts. Locked while alerts are timed.
create table user_counters (
    district_id text not null,
    environment text not null,
    user_id text not null,
    seq bigint not null default 0,
    unseen integer not null default 0,
    push_day date not null default '-infinity',  -- in the user's zone
    pushes integer not null default 0,           -- on that day, digests not counted
    primary key (district_id, environment, user_id)
) with (fillfactor = 70);

-- The window that the last push of a user, student and group opened.
create table push_windows (
    district_id text not null,
    environment text not null,
    user_id text not null,
    student_id text not null,
    thing text not null,
    opened_at timestamptz not null,
    slot uuid not null,                          -- of its first alert: a follow-up replaces it on the screen
    primary key (district_id, environment, user_id, student_id, thing)
) with (fillfactor = 70);

-- What a user finds in the app. `entered` orders: seen "up to" it.
create table inbox (
    district_id text not null,
    environment text not null,
    user_id text not null,
    item_id uuid not null,                       -- the alert's id
    entered bigint generated always as identity,
    entered_at timestamptz not null,
    student_id text not null,
    thing text not null,
    thing_id text not null,
    kinds text[] not null,
    event_source text not null,
    event_id text not null,
    locale text not null,
    title text not null,
    body text not null,
    seen_at timestamptz,
    read_at timestamptz,
    corrected_at timestamptz,                    -- what it told no longer holds
    primary key (district_id, environment, user_id, item_id)
);
create index inbox_by_user on inbox (district_id, environment, user_id, entered desc);
create index inbox_by_thing on inbox (district_id, environment, student_id, thing, thing_id, user_id);
create index inbox_by_age on inbox (entered_at);

-- What became of an alert on each device, newest report wins.
create table device_outcomes (
    day date not null,                           -- of the report
    alert_id uuid not null,
    installation_id text not null,
    district_id text not null,
    environment text not null,
    user_id text not null,
    outcome text not null,
    reason text not null,
    at timestamptz not null,
    primary key (day, alert_id, installation_id)
) partition by range (day);
create index device_outcomes_by_user on device_outcomes (district_id, environment, user_id);

-- Events of students that the roster does not know yet, as they came. Once it knows the student they are
-- evaluated when no more of its roster has come for a moment, whatever batches the roster was cut into.
create table waiting (
    position bigint generated always as identity primary key,
    district_id text not null,
    environment text not null,
    student_id text not null,
    event_source text not null,
    event_id text not null,
    topic text not null,
    topic_partition integer not null,
    topic_offset bigint not null,
    timestamp_ms bigint not null,
    key bytea not null,
    value bytea not null,
    headers jsonb not null,                      -- [[name, text], ...]
    arrived_at timestamptz not null,
    settled_at timestamptz,                      -- real time from which it is evaluated; null: no roster yet
    unique (district_id, environment, student_id, event_source, event_id)
);
create index waiting_settled on waiting (settled_at) where settled_at is not null;
create index waiting_by_age on waiting (arrived_at);

-- Facts of a school in ten-minute buckets, and the brake that too many of them pull.
create table surges (
    district_id text not null,
    environment text not null,
    school_id text not null,
    bucket timestamptz not null,
    facts integer not null,
    primary key (district_id, environment, school_id, bucket)
);
create table brakes (
    district_id text not null,
    environment text not null,
    school_id text not null,
    pulled_at timestamptz not null,
    resolution text not null default '',         -- empty: held; release; inbox
    resolved_at timestamptz,
    primary key (district_id, environment, school_id, pulled_at)
);

-- A partition of a day is made beside its table and attached, so that no running query is blocked.
create function ensure_day(wanted date) returns void
language plpgsql
set search_path from current
as $$
declare
    parent text;
    child text;
begin
    perform pg_advisory_xact_lock(hashtext('threshold_evaluator.ensure_day'));
    foreach parent in array array['changes', 'decisions', 'effective_settings', 'device_outcomes'] loop
        child := parent || '_' || to_char(wanted, 'YYYYMMDD');
        if to_regclass(child) is null then
            execute format('create table %I (like %I including all)', child, parent);
            execute format('alter table %I attach partition %I for values from (%L) to (%L)',
                           parent, child, wanted, wanted + 1);
        end if;
    end loop;
end
$$;
