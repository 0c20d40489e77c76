-- Reads and writes of one batch: each takes one array a column, so that a batch of any size is one query.
-- Lists within a row travel as text joined by commas: kinds and ids of flags have none.

-- name: ensure_day(day)!
-- Make the partitions of a day unless they are there.
select ensure_day(:day);

-- name: lock_lunch_accounts(accounts)!
-- Two workers may hold students of one shared account: the second waits, so that a user is told once.
select pg_advisory_xact_lock(hashtextextended(account, 0))
from (select account from unnest(:accounts::text[]) as t(account) order by account) as ordered;

-- name: read_states(district_ids, environments, student_ids, things, thing_ids, oldest)
-- The last version of each thing named, with its place among them; its data only where an event that is not
-- newer (:oldest) may have to be compared with it.
select t.place, s.school_id, s.calendar_id, s.modified_at, s.seen, s.memory,
       case when s.modified_at >= t.oldest::timestamptz then s.data::text else '' end as data
from unnest(split(:district_ids), split(:environments), split(:student_ids), split(:things), split(:thing_ids),
            split(:oldest)) with ordinality
    as t(district_id, environment, student_id, thing, thing_id, oldest, place)
join states s using (district_id, environment, student_id, thing, thing_id);

-- name: read_accounts(district_ids, environments, student_ids, things, thing_ids)
-- Of each lunch account among the things named, with its place among them, the newest state that came for any
-- student who shares it.
select distinct on (t.place) t.place, s.school_id, s.calendar_id, s.modified_at, s.seen, s.memory,
       s.data::text as data
from unnest(split(:district_ids), split(:environments), split(:student_ids), split(:things), split(:thing_ids))
    with ordinality as t(district_id, environment, student_id, thing, thing_id, place)
join states s using (district_id, environment, thing, thing_id)
where s.thing = 'lunch' and not s.deleted
order by t.place, s.modified_at desc, s.student_id <> t.student_id;

-- name: read_districts(district_ids, environments)
-- Districts with their settings as text: the reader keeps one object a text.
select d.district_id, d.environment, d.name, d.timezone, d.settings::text as settings, d.version
from unnest(:district_ids::text[], :environments::text[]) as t(district_id, environment)
join districts d using (district_id, environment);

-- name: read_schools(district_ids, environments, school_ids)
-- Schools with bells and settings as text.
select s.district_id, s.environment, s.school_id, s.name, s.timezone, s.bell::text as bell,
       s.settings::text as settings, s.version
from unnest(split(:district_ids), split(:environments), split(:school_ids))
    as t(district_id, environment, school_id)
join schools s using (district_id, environment, school_id);

-- name: read_audiences(district_ids, environments, student_ids)
-- What is known of the students named, each with its place among them: one look into one index a student.
select t.place, a.document
from unnest(split(:district_ids), split(:environments), split(:student_ids)) with ordinality
    as t(district_id, environment, student_id, place)
join audiences a using (district_id, environment, student_id)
where a.document <> '';

-- name: read_told(district_ids, environments, student_ids, things, thing_ids)
-- What anybody was told of the things named.
select d.district_id, d.environment, d.student_id, d.thing, d.thing_id, d.user_id, d.value
from unnest(split(:district_ids), split(:environments), split(:student_ids), split(:things), split(:thing_ids))
    as t(district_id, environment, student_id, thing, thing_id)
join told d using (district_id, environment, student_id, thing, thing_id);

-- name: read_account_moments(district_ids, environments, account_ids)
-- The newest version of each lunch account named, whichever of its students it came of.
select t.place, max(s.modified_at) as modified_at
from unnest(split(:district_ids), split(:environments), split(:account_ids)) with ordinality
    as t(district_id, environment, thing_id, place)
join states s using (district_id, environment, thing_id)
where s.thing = 'lunch'
group by t.place;

-- name: read_told_of_dates(district_ids, environments, student_ids, dates)
-- What anybody was told of attendance on the dates named.
select d.district_id, d.environment, d.student_id, d.on_date, d.user_id, d.thing_id, d.value
from unnest(:district_ids::text[], :environments::text[], :student_ids::text[], :dates::date[])
    as t(district_id, environment, student_id, on_date)
join told d using (district_id, environment, student_id, on_date)
where d.thing = 'attendance';

-- name: lock_unsent(district_ids, environments, student_ids, things, thing_ids)
-- The unsent alerts of the things named, in one order for all, so that two writers cannot deadlock. A shared
-- account is one thing whoever of its students the alert is of.
select due.*
from due_alerts due
where due.phase = 'held' and due.alert_id in (
    select u.alert_id
    from unnest(split(:district_ids), split(:environments), split(:student_ids), split(:things),
                split(:thing_ids)) as t(district_id, environment, student_id, thing, thing_id)
    join due_alerts u using (district_id, environment, student_id, thing, thing_id)
    where u.phase = 'held'
    union
    select u.alert_id
    from unnest(split(:district_ids), split(:environments), split(:things), split(:thing_ids))
        as t(district_id, environment, thing, thing_id)
    join due_alerts u using (district_id, environment, thing, thing_id)
    where t.thing = 'lunch' and u.phase = 'held' and u.thing = 'lunch'
)
order by due.alert_id
for update of due;

-- name: lock_accounts(district_ids, environments, user_ids)
-- The counters of users, made where missing, locked in one order for all.
insert into user_counters as c (district_id, environment, user_id)
select t.district_id, t.environment, t.user_id
from unnest(split(:district_ids), split(:environments), split(:user_ids)) as t(district_id, environment, user_id)
order by 1, 2, 3
on conflict (district_id, environment, user_id) do update set seq = c.seq
returning district_id, environment, user_id, seq, unseen, push_day, pushes;

-- name: read_windows(district_ids, environments, user_ids)
-- The coalescing windows of users.
select w.district_id, w.environment, w.user_id, w.student_id, w.thing, w.opened_at, w.slot
from unnest(split(:district_ids), split(:environments), split(:user_ids)) as t(district_id, environment, user_id)
join push_windows w using (district_id, environment, user_id);

-- name: put_events(day, decided_at, district_ids, environments, event_sources, event_ids, student_ids, school_ids, calendar_ids, things, thing_ids, modified, accepted, arrived, detections, kinds, befores, afters, stands, seen, data, deleted)!
-- What detection made of each event, once an event; and the versions that stand after it (`stands`), one a thing, in
-- one order for all writers.
with event as materialized (
    select *
    from unnest(split(:district_ids), split(:environments), split(:event_sources), split(:event_ids),
                split(:student_ids), split(:school_ids), split(:calendar_ids), split(:things), split(:thing_ids),
                split(:modified)::timestamptz[], split(:accepted)::timestamptz[], split(:arrived), split(:detections),
                split(:kinds), split(:befores), split(:afters), split(:stands), split(:seen), split(:data),
                split(:deleted))
        as t(district_id, environment, event_source, event_id, student_id, school_id, calendar_id, thing, thing_id,
             modified_at, accepted_at, arrived_at, detection, kinds, memory_before, memory_after, stands, seen, data,
             deleted)
), state as (
    insert into states as s (district_id, environment, student_id, thing, thing_id, school_id, calendar_id,
                             modified_at, seen, memory, data, deleted)
    select district_id, environment, student_id, thing, thing_id, school_id, calendar_id, modified_at, seen,
           memory_after, data::jsonb, deleted = 't'
    from event
    where stands = 't'
    order by student_id collate "C", thing collate "C", thing_id collate "C", district_id collate "C", environment
    on conflict (district_id, environment, student_id, thing, thing_id) do update
        set school_id = excluded.school_id, calendar_id = excluded.calendar_id, modified_at = excluded.modified_at,
            seen = excluded.seen, memory = excluded.memory, data = excluded.data, deleted = excluded.deleted,
            changed_in = pg_current_xact_id()
)
insert into changes (day, district_id, environment, event_source, event_id, student_id, school_id, calendar_id, thing,
                     thing_id, modified_at, accepted_at, arrived_at, decided_at, detection, kinds, memory_before,
                     memory_after)
select :day, district_id, environment, event_source, event_id, student_id, school_id, calendar_id, thing, thing_id,
       modified_at, accepted_at, nullif(arrived_at, '')::timestamptz, :decided_at, detection,
       string_to_array(kinds, ','), memory_before, memory_after
from event
on conflict do nothing;

-- name: add_decisions(day, decided_at, alert_ids, district_ids, environments, user_ids, student_ids, event_ids, things, kinds, outcomes, reasons, due, gates, verdicts, settings_ids)!
-- The decision of each event and user, once. No due_at: at once.
insert into decisions (day, alert_id, district_id, environment, user_id, student_id, event_id, thing, kinds, outcome,
                       reason, due_at, open_gates, verdicts, settings_id, decided_at)
select :day, alert_id, district_id, environment, user_id, student_id, event_id, thing, string_to_array(kinds, ','),
       outcome, reason, coalesce(due_at, :decided_at::timestamptz), open_gates, verdicts, settings_id,
       :decided_at::timestamptz
from unnest(split(:alert_ids)::uuid[], split(:district_ids), split(:environments), split(:user_ids),
            split(:student_ids), split(:event_ids), split(:things), split(:kinds), split(:outcomes),
            split(:reasons), :due::timestamptz[], split(:gates)::smallint[], split(:verdicts), split(:settings_ids)::uuid[])
    as t(alert_id, district_id, environment, user_id, student_id, event_id, thing, kinds, outcome, reason, due_at,
         open_gates, verdicts, settings_id)
on conflict do nothing;

-- name: add_effective_settings(day, settings_ids, documents)!
-- What decisions of a day refer to.
insert into effective_settings (day, settings_id, document)
select :day, settings_id, document::jsonb
from unnest(:settings_ids::uuid[], :documents::text[]) as t(settings_id, document)
on conflict do nothing;

-- name: put_due(alert_ids, district_ids, environments, user_ids, student_ids, things, thing_ids, school_ids, calendar_ids, kinds, event_sources, event_ids, days, befores, modified, accepted, first, grace, due, wake, holds, deliveries, capped, in_inbox, mandatory, urgencies, phases, sent_as, send_before, attempts, traceparents)!
-- Alerts that are held, or go with this transaction. A row already published or dropped stays as it is.
insert into due_alerts as d (alert_id, district_id, environment, user_id, student_id, thing, thing_id, school_id,
    calendar_id, kinds, event_source, event_id, day, memory_before, modified_at, accepted_at, first_at, grace_until,
    due_at, wake_at, hold, delivery, capped_at, in_inbox, mandatory, urgency, phase, sent_as, send_before, attempt,
    traceparent)
select alert_id, district_id, environment, user_id, student_id, thing, thing_id, school_id, calendar_id,
       string_to_array(kinds, ','), event_source, event_id, day, memory_before, modified_at, accepted_at, first_at,
       grace_until, due_at, wake_at, hold, delivery, capped_at, in_inbox, mandatory, urgency, phase, sent_as,
       send_before, attempt, traceparent
from unnest(:alert_ids::uuid[], :district_ids::text[], :environments::text[], :user_ids::text[],
            :student_ids::text[], :things::text[], :thing_ids::text[], :school_ids::text[], :calendar_ids::text[],
            :kinds::text[], :event_sources::text[], :event_ids::text[], :days::date[], :befores::text[],
            :modified::timestamptz[], :accepted::timestamptz[], :first::timestamptz[], :grace::timestamptz[],
            :due::timestamptz[], :wake::timestamptz[], :holds::text[], :deliveries::text[], :capped::timestamptz[],
            :in_inbox::boolean[], :mandatory::boolean[], :urgencies::smallint[], :phases::text[], :sent_as::uuid[],
            :send_before::timestamptz[], :attempts::smallint[], :traceparents::text[])
    as t(alert_id, district_id, environment, user_id, student_id, thing, thing_id, school_id, calendar_id, kinds,
         event_source, event_id, day, memory_before, modified_at, accepted_at, first_at, grace_until, due_at, wake_at,
         hold, delivery, capped_at, in_inbox, mandatory, urgency, phase, sent_as, send_before, attempt, traceparent)
on conflict (alert_id) do update
    set kinds = excluded.kinds, due_at = excluded.due_at, wake_at = excluded.wake_at, hold = excluded.hold,
        delivery = excluded.delivery, capped_at = excluded.capped_at, in_inbox = excluded.in_inbox,
        mandatory = excluded.mandatory, phase = excluded.phase,
        sent_as = coalesce(excluded.sent_as, d.sent_as), send_before = excluded.send_before
    where d.phase = 'held';

-- name: drop_due(alert_ids)!
-- Unsent alerts that ended without being sent.
update due_alerts d set phase = 'dropped'
from unnest(:alert_ids::uuid[]) as t(alert_id)
where d.alert_id = t.alert_id and d.phase = 'held';

-- name: add_inbox(entered_at, district_ids, environments, user_ids, item_ids, student_ids, things, thing_ids, kinds, event_sources, event_ids, locales, titles, bodies)!
-- Items enter unseen, once an alert.
insert into inbox (district_id, environment, user_id, item_id, entered_at, student_id, thing, thing_id, kinds,
                   event_source, event_id, locale, title, body)
select district_id, environment, user_id, item_id, :entered_at, student_id, thing, thing_id,
       string_to_array(kinds, ','), event_source, event_id, locale, title, body
from unnest(:district_ids::text[], :environments::text[], :user_ids::text[], :item_ids::uuid[], :student_ids::text[],
            :things::text[], :thing_ids::text[], :kinds::text[], :event_sources::text[], :event_ids::text[],
            :locales::text[], :titles::text[], :bodies::text[])
    with ordinality
    as t(district_id, environment, user_id, item_id, student_id, thing, thing_id, kinds, event_source, event_id,
         locale, title, body, place)
order by place
on conflict do nothing;

-- name: correct_inbox(at, district_ids, environments, user_ids, item_ids, student_ids, things, thing_ids, since)!
-- Items whose push was dropped stay, marked corrected; so do those that they took the place of, unsent: of the same
-- thing, entered since its first unsent change.
update inbox i set corrected_at = :at
from unnest(:district_ids::text[], :environments::text[], :user_ids::text[], :item_ids::uuid[], :student_ids::text[],
            :things::text[], :thing_ids::text[], :since::timestamptz[])
    as t(district_id, environment, user_id, item_id, student_id, thing, thing_id, since)
left join inbox own using (district_id, environment, user_id, item_id)
where (i.district_id, i.environment, i.student_id, i.thing, i.thing_id, i.user_id)
        = (t.district_id, t.environment, t.student_id, t.thing, t.thing_id, t.user_id)
    and i.entered_at >= t.since and (own.entered is null or i.entered <= own.entered) and i.corrected_at is null;

-- name: put_told(told_at, district_ids, environments, student_ids, things, thing_ids, user_ids, dates, values)!
-- What users were told last; an empty value: cleared.
insert into told as d (district_id, environment, student_id, thing, thing_id, user_id, on_date, value, told_at)
select district_id, environment, student_id, thing, thing_id, user_id, on_date, value, :told_at
from unnest(:district_ids::text[], :environments::text[], :student_ids::text[], :things::text[], :thing_ids::text[],
            :user_ids::text[], :dates::date[], :values::text[])
    as t(district_id, environment, student_id, thing, thing_id, user_id, on_date, value)
order by 1, 2, 3, 4, 5, 6
on conflict (district_id, environment, student_id, thing, thing_id, user_id) do update
    set on_date = excluded.on_date, value = excluded.value, told_at = excluded.told_at,
        past = case when d.told_at < excluded.told_at
                    then told_before(d.past, d.told_at, d.value, excluded.told_at) else d.past end;

-- name: put_accounts(district_ids, environments, user_ids, seqs, unseen, days, pushes)!
-- Counters of users whose rows this transaction has locked.
update user_counters c
set seq = t.seq, unseen = t.unseen, push_day = t.push_day, pushes = t.pushes
from unnest(split(:district_ids), split(:environments), split(:user_ids), :seqs::bigint[], :unseen::int[],
            :days::date[], :pushes::int[]) as t(district_id, environment, user_id, seq, unseen, push_day, pushes)
where (c.district_id, c.environment, c.user_id) = (t.district_id, t.environment, t.user_id);

-- name: put_windows(district_ids, environments, user_ids, student_ids, things, opened, slots)!
-- Windows that pushes opened.
insert into push_windows (district_id, environment, user_id, student_id, thing, opened_at, slot)
select * from unnest(split(:district_ids), split(:environments), split(:user_ids), split(:student_ids), split(:things),
                     :opened::timestamptz[], split(:slots)::uuid[])
on conflict (district_id, environment, user_id, student_id, thing) do update
    set opened_at = excluded.opened_at, slot = excluded.slot;

-- name: put_into_outbox(seconds, message_ids, district_ids, environments, user_ids, urgencies, types, payloads, traceparents)!
-- Messages for the alerts topic. Whoever writes them publishes them after the commit, and has so many seconds for it.
insert into outbox (message_id, district_id, environment, user_id, urgency, type, payload, traceparent, leased_until)
select message_id, district_id, environment, user_id, urgency, type, payload, traceparent,
       clock_timestamp() + make_interval(secs => :seconds)
from unnest(split(:message_ids)::uuid[], split(:district_ids), split(:environments), split(:user_ids),
            :urgencies::smallint[], split(:types), split(:payloads), split(:traceparents))
    as t(message_id, district_id, environment, user_id, urgency, type, payload, traceparent)
on conflict do nothing;

-- name: delete_from_outbox(message_ids)!
-- Messages that the broker has acknowledged.
delete from outbox where message_id = any(:message_ids::uuid[]);

-- name: take_from_outbox(message_ids)
-- Messages that are not to go any more, and that nobody is about to publish: see hold_left.
delete from outbox where message_id = any(:message_ids::uuid[]) and leased_until <= now()
returning message_id;

-- name: lease_left(seconds, early, limit)
-- Messages whose lease is over, or will be `early` seconds from now: of a process that was killed, or not acknowledged;
-- and those that the portal wrote, which it leaves to whoever comes.
update outbox m set leased_until = clock_timestamp() + make_interval(secs => :seconds)
from (
    select message_id from outbox
    where leased_until < clock_timestamp() + make_interval(secs => :early)
    order by urgency, position limit :limit
    for update skip locked
) as taken
where m.message_id = taken.message_id
returning m.message_id, m.district_id, m.environment, m.user_id, m.urgency, m.type, m.payload, m.traceparent,
    m.position;

-- name: users_due(now, limit)
-- For whom something is due, oldest first: as many alerts as :limit. Nothing of the bulk queue while anything urgent is.
with urgent as materialized (
    select district_id, environment, user_id from due_alerts
    where phase = 'held' and urgency = 0 and wake_at <= :now
    order by wake_at
    limit :limit
), bulk as materialized (
    select district_id, environment, user_id from due_alerts
    where phase = 'held' and urgency = 1 and wake_at <= :now and not exists (select from urgent)
    order by wake_at
    limit :limit
)
select * from urgent union select * from bulk;

-- name: lock_due_users(district_ids, environments, user_ids)
-- Lock the accounts of the users named; those that another worker has are skipped: they are its work.
select c.district_id, c.environment, c.user_id, c.seq, c.unseen, c.push_day, c.pushes
from unnest(split(:district_ids), split(:environments), split(:user_ids)) as t(district_id, environment, user_id)
join user_counters c using (district_id, environment, user_id)
order by 1, 2, 3
for update of c skip locked;

-- name: wake_due(now, district_ids, environments, user_ids)
-- All that is due of the users named.
select due.*
from due_alerts due
where due.phase = 'held' and due.wake_at <= :now and (due.district_id, due.environment, due.user_id) in (
    select * from unnest(split(:district_ids), split(:environments), split(:user_ids))
)
order by due.urgency, due.wake_at
for update skip locked;

-- name: take_recalculations(limit)
-- Whose unsent alerts must be timed again: at once, and once more when the transactions have ended that went on then
-- and may have read what stood before, and nobody is about to publish what they wrote.
with publishing as materialized (
    select district_id, environment, min(written_in) as since from outbox
    where leased_until > clock_timestamp()
    group by district_id, environment
), looked as materialized (
    select r.ctid as place, r.district_id, r.environment, r.scope, r.scope_id, ended and published as over
    from recalculations r
    cross join lateral (select coalesce(r.again_after, pg_snapshot_xmax(pg_current_snapshot()))) as began(too_late)
    cross join lateral (
        select began.too_late <= pg_snapshot_xmin(pg_current_snapshot()), not exists (
            select from publishing p
            where (p.district_id, p.environment) = (r.district_id, r.environment) and p.since < began.too_late
        )
    ) as earlier(ended, published)
    where r.again_after is null or ended and published
    limit :limit for update of r skip locked
), over as (
    delete from recalculations where ctid = any(array(select place from looked where over))
), again as (
    update recalculations set again_after = pg_snapshot_xmax(pg_current_snapshot())
    where ctid = any(array(select place from looked where not over))
)
select district_id, environment, scope, scope_id from looked;

-- name: wake_recalculated(now, district_ids, environments, scopes, scope_ids)!
-- Look at them now, never before grace. Locked in the order of all.
update due_alerts d set wake_at = greatest(:now, d.grace_until)
from (
    select alert_id from due_alerts
    where phase = 'held' and alert_id in (
        select concerned(:district_ids::text[], :environments::text[], :scopes::text[], :scope_ids::text[], 'held',
                         :now)
    )
    order by alert_id
    for update
) as locked
where d.alert_id = locked.alert_id;

-- name: plan_anew()!
-- The outbox is empty, or has a hundred thousand messages while the broker is away: a plan made for the one takes
-- hours with the other.
set local plan_cache_mode = force_custom_plan;

-- name: hold_left(district_ids, environments, scopes, scope_ids, now)!
-- What carries alerts that are concerned, and nobody is about to publish as this transaction begins: until it ends
-- nobody takes it up, else what is taken back could go after its withdrawal. Locked in the order in which they are
-- deleted.
select from outbox m
where m.leased_until <= now() and m.message_id in (
    select due.sent_as from due_alerts due
    where due.alert_id in (
        select concerned(:district_ids::text[], :environments::text[], :scopes::text[], :scope_ids::text[], 'published',
                         :now)
    )
)
order by m.message_id
for update of m;

-- name: read_on_their_way(district_ids, environments, scopes, scope_ids, now)
-- Published alerts that may still be unsent on some device, of those whose gates may have closed: read once, by a cursor,
-- the members of a summary after each other. What is just being published is looked at afterwards: a withdrawal must
-- not overtake what it withdraws. No alert lives for five days: reports are looked for in so many partitions, here and
-- below, not in a month of them.
select due.*, exists (
    select from device_outcomes o
    where o.alert_id = due.sent_as and o.outcome = 'accepted' and o.day > :now::timestamptz::date - 5
) as accepted
from (
    select due.*
    from due_alerts due
    where due.alert_id in (
            select concerned(:district_ids::text[], :environments::text[], :scopes::text[], :scope_ids::text[],
                             'published', :now)
        )
        and due.phase = 'published' and not due.called_back
        and not exists (
            select from outbox m where m.message_id = due.sent_as and m.leased_until > now()
        )
) due
order by due.sent_as, due.alert_id;

-- name: withdraw_published(now, alert_ids)!
-- Published alerts that a closed gate takes back; their items stay, marked corrected.
with dropped as (
    update due_alerts set phase = 'dropped' where alert_id = any(:alert_ids::uuid[]) and phase = 'published'
    returning district_id, environment, user_id, alert_id
)
update inbox i set corrected_at = :now::timestamptz
from dropped d
where (i.district_id, i.environment, i.user_id, i.item_id) = (d.district_id, d.environment, d.user_id, d.alert_id)
    and i.corrected_at is null;

-- name: stop_published(now, alert_ids)!
-- Alerts that a device has, taken back for those that do not have it yet: nothing of them goes any more.
update due_alerts set send_before = :now::timestamptz
where alert_id = any(:alert_ids::uuid[]) and phase = 'published';

-- name: call_back(sent_as)!
-- What goes again once no device has it: what a pause took back, what a summary carried beside what was taken back.
update due_alerts set called_back = true
where sent_as = any(:sent_as::uuid[]) and phase = 'published';

-- name: go_again(now, sent_as)!
-- Alerts that were called back, and that no device has: they wait again, to go under another id.
update due_alerts d
set phase = 'held', called_back = false, attempt = d.attempt + 1, wake_at = :now::timestamptz,
    due_at = :now::timestamptz
where d.sent_as = any(:sent_as::uuid[]) and d.phase = 'published' and d.called_back
    and not exists (
        select from device_outcomes o
        where o.alert_id = d.sent_as and o.outcome = 'accepted' and o.day > :now::timestamptz::date - 5
    );

-- name: join_again(now, sent_as)!
-- What waits again while a newer change of its thing waits too goes with that: a user has one unsent alert of a thing.
-- The newer one says what both would, against what stood before the older; what to leave out is seen when it goes.
with newer as materialized (
    select n.alert_id, a.alert_id as older, a.kinds, a.memory_before, a.first_at, a.delivery
    from due_alerts a
    join due_alerts n using (district_id, environment, user_id, thing, thing_id)
    where a.sent_as = any(:sent_as::uuid[]) and a.phase = 'held' and n.phase = 'held'
        and (n.student_id = a.student_id or n.thing = 'lunch')
        and (n.first_at, n.modified_at, n.alert_id) > (a.first_at, a.modified_at, a.alert_id)
    order by n.alert_id
    for update of n
), joined as (
    update due_alerts n
    set kinds = array(select unnest(n.kinds) union select unnest(t.kinds)), memory_before = t.memory_before,
        first_at = t.first_at, delivery = case when n.delivery = 'inbox' then t.delivery else n.delivery end,
        wake_at = greatest(:now::timestamptz, n.grace_until)
    from newer t
    where n.alert_id = t.alert_id and n.phase = 'held'
    returning n.alert_id, t.older
), ended as (
    update due_alerts a set phase = 'dropped' from joined where a.alert_id = joined.older
    returning a.day, a.alert_id, joined.alert_id as newer
)
update decisions d set became = 'replaced', became_at = :now::timestamptz, sent_as = ended.newer
from ended
where (d.day, d.alert_id) = (ended.day, ended.alert_id);

-- name: gone_after_all(sent_as, now)!
-- Alerts that were to go again, and that a device had already: its answer came late.
with gone as (
    update due_alerts set phase = 'published', attempt = attempt - 1
    where sent_as = any(:sent_as::uuid[]) and phase = 'held'
    returning day, alert_id, sent_as
), counted as (
    select day, alert_id, count(*) over (partition by sent_as) > 1 as together from gone
)
update decisions d
set became = case when gone.together then 'summarized' else 'sent' end, became_at = :now::timestamptz
from counted gone
where (d.day, d.alert_id) = (gone.day, gone.alert_id) and d.became = 'missed';

-- name: put_outcomes(day, alert_ids, installation_ids, district_ids, environments, user_ids, outcomes, reasons, at)!
-- What became of alerts on devices: the newest report wins.
insert into device_outcomes as o (day, alert_id, installation_id, district_id, environment, user_id, outcome, reason,
                                  at)
select :day, alert_id, installation_id, district_id, environment, user_id, outcome, reason, at
from unnest(:alert_ids::uuid[], :installation_ids::text[], :district_ids::text[], :environments::text[],
            :user_ids::text[], :outcomes::text[], :reasons::text[], :at::timestamptz[])
    as t(alert_id, installation_id, district_id, environment, user_id, outcome, reason, at)
on conflict (day, alert_id, installation_id) do update
    set outcome = excluded.outcome, reason = excluded.reason, at = excluded.at
    where excluded.at >= o.at;

-- name: note_missed(now, alert_ids)!
-- Decisions whose alert, or summary, no device has: missed, until it goes again.
update decisions d
set became = 'missed', became_at = :now::timestamptz
from due_alerts a
where a.sent_as = any(:alert_ids::uuid[]) and a.phase = 'published' and (d.day, d.alert_id) = (a.day, a.alert_id)
    and not exists (
        select from device_outcomes o
        where o.alert_id = a.sent_as and o.outcome = 'accepted' and o.day > :now::timestamptz::date - 5
    );

-- name: time_again(now, alert_ids)!
-- Alerts that every device missed wait once more, while it is not long since they were due: a digest is as fresh as
-- its hour, however old what it tells. The inbox has them anyway.
update due_alerts d
set phase = 'held', called_back = false, attempt = d.attempt + 1, wake_at = :now::timestamptz,
    due_at = :now::timestamptz
where d.sent_as = any(:alert_ids::uuid[]) and d.phase = 'published' and d.attempt < 3
    and d.due_at > :now::timestamptz - case when d.urgency = 0 then interval '12 hours' else interval '48 hours' end
    and not exists (
        select from device_outcomes o
        where o.alert_id = d.sent_as and o.outcome = 'accepted' and o.day > :now::timestamptz::date - 5
    );

-- name: add_waiting(arrived_at, seconds, district_ids, environments, student_ids, event_sources, event_ids, topics, partitions, offsets, timestamps, keys, values, headers, known)!
-- Events that wait, once an event; those of a student whom the roster knows wait for the others of the student.
insert into waiting (district_id, environment, student_id, event_source, event_id, topic, topic_partition,
                     topic_offset, timestamp_ms, key, value, headers, arrived_at, settled_at)
select district_id, environment, student_id, event_source, event_id, topic, topic_partition, topic_offset,
       timestamp_ms, key, value, headers::jsonb, :arrived_at,
       case when known then clock_timestamp() + make_interval(secs => :seconds) end
from unnest(:district_ids::text[], :environments::text[], :student_ids::text[], :event_sources::text[],
            :event_ids::text[], :topics::text[], :partitions::int[], :offsets::bigint[], :timestamps::bigint[],
            :keys::bytea[], :values::bytea[], :headers::text[], :known::boolean[])
    with ordinality
    as t(district_id, environment, student_id, event_source, event_id, topic, topic_partition, topic_offset,
         timestamp_ms, key, value, headers, known, place)
order by place
on conflict do nothing;

-- name: lock_waiting_students(district_ids, environments, student_ids)
-- Which of these students have events that wait: what follows them waits too. Held against their evaluation.
-- The transaction has its number from here on, before it reads any settings: see take_recalculations.
select w.district_id, w.environment, w.student_id
from waiting w
where pg_current_xact_id() is not null and (w.district_id, w.environment, w.student_id) in (
    select * from unnest(split(:district_ids), split(:environments), split(:student_ids))
)
order by w.position
for share of w;

-- name: settle_waiting(seconds, district_ids, environments, student_ids)!
-- More of the roster has come for these students: their events wait a moment from now. Locked in the order of all.
update waiting w
set settled_at = clock_timestamp() + make_interval(secs => :seconds)
from (
    select position from waiting
    where (district_id, environment, student_id) in (
        select s.district_id, s.environment, s.student_id
        from unnest(split(:district_ids), split(:environments), split(:student_ids))
            as t(district_id, environment, student_id)
        join students s using (district_id, environment, student_id)
    )
    order by position
    for update
) as locked
where w.position = locked.position;

-- name: lock_settled_waiting(limit)
-- The events of students whose roster has settled, in the order in which they came, whole students at a time:
-- who has the first event of a student has them all, so that no later one is evaluated before it.
with settled as (
    select min(position) as position from waiting
    where settled_at is not null
    group by district_id, environment, student_id having max(settled_at) <= clock_timestamp()
    order by 1
    limit :limit
), first as materialized (
    select w.district_id, w.environment, w.student_id
    from waiting w join settled using (position)
    for update of w skip locked
)
select w.position, w.topic, w.topic_partition, w.topic_offset, w.timestamp_ms, w.key, w.value,
       w.headers::text as headers, w.arrived_at
from waiting w join first using (district_id, environment, student_id)
order by w.position
for update of w;

-- name: waited_too_long(before, limit)
-- Events that no roster came for; the caller sends them to the dead-letter topic, then commits.
select position, topic, topic_partition, topic_offset, timestamp_ms, key, value, headers::text as headers, arrived_at
from waiting where arrived_at < :before and settled_at is null order by position limit :limit for update skip locked;

-- name: delete_waiting(positions)!
-- Events that were sent to the dead-letter topic.
delete from waiting where position = any(:positions::bigint[]);

-- name: delete_settled(before, limit)!
-- Alerts published or dropped long ago.
delete from due_alerts where alert_id in (
    select alert_id from due_alerts where phase in ('published', 'dropped') and day < :before limit :limit
);

-- name: old_inbox(before, limit)
-- Inbox items beyond their retention, the oldest first, and whether they are counted as unseen.
select district_id, environment, user_id, item_id, seen_at is null as unseen
from inbox where entered_at < :before order by entered_at limit :limit;

-- name: delete_inbox(district_ids, environments, user_ids, item_ids)!
-- Inbox items beyond their retention.
delete from inbox i
using unnest(:district_ids::text[], :environments::text[], :user_ids::text[], :item_ids::uuid[])
    as t(district_id, environment, user_id, item_id)
where (i.district_id, i.environment, i.user_id, i.item_id) = (t.district_id, t.environment, t.user_id, t.item_id);
