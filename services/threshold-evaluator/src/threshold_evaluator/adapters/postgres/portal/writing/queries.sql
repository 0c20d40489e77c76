-- Every query carries district_id and environment of the caller.

-- name: lock_document(district_id, environment, user_id, student_id)!
-- Make sure that a user's document has a row, and hold it until the transaction ends.
insert into user_settings as u (district_id, environment, user_id, student_id, document)
values (:district_id, :environment, :user_id, :student_id, '{}')
on conflict (district_id, environment, user_id, student_id) do update set version = u.version;

-- name: standing(district_id, environment, user_id, student_id)^
-- What decides about a user's settings: district, school and role of a student whom the user may see now (for
-- an empty :student_id no school), locale and zone of the newest access that states one, and both documents.
select coalesce(d.name, '') as district_name, coalesce(d.timezone, 'UTC') as district_zone,
       coalesce(d.settings, '{}')::text as district_settings, coalesce(d.version, 0) as district_version,
       coalesce(s.school_id, '') as school_id, coalesce(c.name, '') as school_name,
       coalesce(nullif(c.timezone, ''), d.timezone, 'UTC') as school_zone,
       coalesce(c.bell, '{}')::text as school_bell, coalesce(c.settings, '{}')::text as school_settings, coalesce(c.version, 0) as school_version,
       a.role, coalesce(newest.locale, '') as locale, coalesce(newest.timezone, '') as timezone,
       coalesce(own.document, '{}')::text as own, coalesce(of_student.document, '{}')::text as of_student
from (values (1)) one
left join districts d on d.district_id = :district_id and d.environment = :environment
left join portal_access a on a.district_id = :district_id and a.environment = :environment
    and a.user_id = :user_id and a.student_id = :student_id and a.portal
left join students s on s.district_id = :district_id and s.environment = :environment
    and s.student_id = a.student_id
left join schools c on c.district_id = :district_id and c.environment = :environment
    and c.school_id = s.school_id
cross join lateral (
    select (array_agg(n.locale order by n.modified_at desc) filter (where n.locale <> ''))[1] as locale,
           (array_agg(n.timezone order by n.modified_at desc) filter (where n.timezone <> ''))[1] as timezone
    from portal_access n
    where n.district_id = :district_id and n.environment = :environment and n.user_id = :user_id
) newest
left join user_settings own on own.district_id = :district_id and own.environment = :environment
    and own.user_id = :user_id and own.student_id = ''
left join user_settings of_student on of_student.district_id = :district_id
    and of_student.environment = :environment and of_student.user_id = :user_id
    and of_student.student_id = :student_id and :student_id <> ''
where :student_id = '' or s.student_id is not null;

-- name: store_document(document, district_id, environment, user_id, student_id)!
-- Replace a user's document; the version rises with every change.
update user_settings set document = :document::text::jsonb, version = version + 1
where district_id = :district_id and environment = :environment and user_id = :user_id
    and student_id = :student_id;

-- name: request_recalculation(district_id, environment, scope, scope_id)!
-- Note that the unsent alerts of a user, school or district must be timed again.
insert into recalculations as r (district_id, environment, scope, scope_id)
values (:district_id, :environment, :scope, :scope_id)
on conflict (district_id, environment, scope, scope_id) do update set requested = r.requested + 1,
    again_after = null;

-- name: lock_counters(district_id, environment, user_id)!
-- Hold a user's counters until the transaction ends, as the evaluator does before it writes to the inbox.
insert into user_counters as c (district_id, environment, user_id)
values (:district_id, :environment, :user_id)
on conflict (district_id, environment, user_id) do update set seq = c.seq;

-- name: last_up_to(district_id, environment, user_id, item_id, until)$
-- The last place in the inbox that an item has, or that entered until a time; null when there is none.
select max(entered) from inbox
where district_id = :district_id and environment = :environment and user_id = :user_id
    and (item_id = :item_id::uuid or entered_at <= :until::timestamptz);

-- name: mark_seen(now, district_id, environment, user_id, entered)
-- Mark what entered up to a place, of students whom the user may see now, as seen; answer the ids that were not.
update inbox i set seen_at = :now::timestamptz
from portal_access a
where i.district_id = :district_id and i.environment = :environment and i.user_id = :user_id
    and (a.district_id, a.environment, a.student_id, a.user_id)
        = (i.district_id, i.environment, i.student_id, i.user_id) and a.portal
    and i.seen_at is null and i.entered <= :entered
returning i.item_id;

-- name: mark_read(now, district_id, environment, user_id, item_ids)
-- Mark items of students whom the user may see now as read and seen; answer the ids that were not.
update inbox i set read_at = :now::timestamptz, seen_at = coalesce(i.seen_at, :now::timestamptz)
from portal_access a
where i.district_id = :district_id and i.environment = :environment and i.user_id = :user_id
    and (a.district_id, a.environment, a.student_id, a.user_id)
        = (i.district_id, i.environment, i.student_id, i.user_id) and a.portal
    and i.read_at is null and i.item_id = any(:item_ids::uuid[])
returning i.item_id;

-- name: count_unseen(district_id, environment, user_id)^
-- Count again what is unseen of students whom the user may see now; seq rises, so that the newest count wins.
update user_counters c
set seq = c.seq + 1, unseen = unseen_of(c.district_id, c.environment, c.user_id)
where c.district_id = :district_id and c.environment = :environment and c.user_id = :user_id
returning c.unseen, c.seq;

-- name: counters(district_id, environment, user_id)^
-- What is unseen, and whether the count is off.
select c.unseen, c.seq, c.unseen <> unseen_of(c.district_id, c.environment, c.user_id) as off
from user_counters c
where c.district_id = :district_id and c.environment = :environment and c.user_id = :user_id;

-- name: put_into_outbox(message_id, district_id, environment, user_id, urgency, type, payload)!
-- Queue an event about a user for the alerts topic: the release loop publishes it after the commit.
insert into outbox (message_id, district_id, environment, user_id, urgency, type, payload)
values (:message_id, :district_id, :environment, :user_id, :urgency, :type, :payload);

-- name: documents(district_id, environment, user_id)
-- A user's documents: the one for all students, and those for students whom the user may see now.
select u.student_id, u.document::text as document
from user_settings u
where u.district_id = :district_id and u.environment = :environment and u.user_id = :user_id
    and (u.student_id = '' or exists (
        select from portal_access a
        where (a.district_id, a.environment, a.user_id, a.student_id)
                = (u.district_id, u.environment, u.user_id, u.student_id) and a.portal));

-- name: district(district_id, environment)^
-- A district with its settings.
select district_id, null as school_id, name, timezone, version, settings, own, published
from districts where district_id = :district_id and environment = :environment;

-- name: school(district_id, environment, school_id)^
-- A school with its settings; its zone is its own or the district's.
select s.district_id, s.school_id, s.name, coalesce(nullif(s.timezone, ''), d.timezone, 'UTC') as timezone,
       s.version, s.settings, s.own, s.published
from schools s left join districts d using (district_id, environment)
where s.district_id = :district_id and s.environment = :environment and s.school_id = :school_id;

-- name: schools(district_id, environment, after, limit)
-- The schools of a district after an id, by id.
select s.district_id, s.school_id, s.name, coalesce(nullif(s.timezone, ''), d.timezone, 'UTC') as timezone,
       s.version, s.settings, s.own, s.published
from schools s left join districts d using (district_id, environment)
where s.district_id = :district_id and s.environment = :environment and s.school_id collate "C" > :after
order by s.school_id collate "C"
limit :limit;

-- name: lock_district(district_id, environment)$
-- Hold the district's row until the transaction ends, making it if the roster has not told of it; its own
-- document.
insert into districts as d (district_id, environment) values (:district_id, :environment)
on conflict (district_id, environment) do update set version = d.version
returning own::text;

-- name: lock_school(district_id, environment, school_id)$
-- Hold the school's row until the transaction ends; its own document, null when there is no such school.
select own::text from schools
where district_id = :district_id and environment = :environment and school_id = :school_id
for update;

-- name: store_district(own, district_id, environment)!
-- Replace what an administrator set for the district.
update districts set own = :own::text::jsonb, version = version + 1
where district_id = :district_id and environment = :environment;

-- name: store_school(own, district_id, environment, school_id)!
-- Replace what an administrator set for the school.
update schools set own = :own::text::jsonb, version = version + 1
where district_id = :district_id and environment = :environment and school_id = :school_id;

-- name: add_audit_line(district_id, environment, at, actor_id, actor_role, action, subject_kind, subject_id, event_id, pointers)!
-- Write who did what to whose data.
insert into audit (district_id, environment, at, actor_id, actor_role, action, subject_kind, subject_id, event_id,
                   pointers)
values (:district_id, :environment, :at::timestamptz, :actor_id, :actor_role, :action, :subject_kind, :subject_id,
        :event_id, :pointers::text[]);

-- name: user_known(district_id, environment, user_id)$
-- Whether the district has anything of a user.
select exists (select from portal_access where district_id = :district_id and environment = :environment
                   and user_id = :user_id)
    or exists (select from user_settings where district_id = :district_id and environment = :environment
                   and user_id = :user_id)
    or exists (select from inbox where district_id = :district_id and environment = :environment
                   and user_id = :user_id)
    or exists (select from decisions where district_id = :district_id and environment = :environment
                   and user_id = :user_id);

-- name: erase_user(district_id, environment, user_id)!
-- Remove everything of a user but the counters, which hold others off until the end, and the audit.
with settings as (
    delete from user_settings
    where district_id = :district_id and environment = :environment and user_id = :user_id
), access as (
    delete from portal_access
    where district_id = :district_id and environment = :environment and user_id = :user_id
), tellings as (
    delete from told where district_id = :district_id and environment = :environment and user_id = :user_id
), items as (
    delete from inbox where district_id = :district_id and environment = :environment and user_id = :user_id
), unsent as (
    delete from due_alerts where district_id = :district_id and environment = :environment and user_id = :user_id
), queued as (
    delete from outbox where district_id = :district_id and environment = :environment and user_id = :user_id
        and type <> 'bellwire.user.erased.v1'
), windows as (
    delete from push_windows
    where district_id = :district_id and environment = :environment and user_id = :user_id
), outcomes as (
    delete from device_outcomes
    where district_id = :district_id and environment = :environment and user_id = :user_id
), asked as (
    delete from recalculations
    where district_id = :district_id and environment = :environment and scope = 'user' and scope_id = :user_id
)
delete from decisions where district_id = :district_id and environment = :environment and user_id = :user_id;

-- name: erased(after, since, until, limit)
-- Users who were erased in a span of time, of lines of the audit after one, and have not been given access since.
select e.audit_id, e.district_id, e.environment, e.subject_id as user_id
from audit e
where e.action = 'user.erased' and e.audit_id > :after and e.at > :since::timestamptz and e.at <= :until::timestamptz
    and not exists (
        select from portal_access a
        where (a.district_id, a.environment, a.user_id) = (e.district_id, e.environment, e.subject_id)
            and a.modified_at > e.at
    )
order by e.audit_id
limit :limit;

-- name: erase_counters(district_id, environment, user_id)!
-- Remove the last row of a user.
delete from user_counters where district_id = :district_id and environment = :environment and user_id = :user_id;
