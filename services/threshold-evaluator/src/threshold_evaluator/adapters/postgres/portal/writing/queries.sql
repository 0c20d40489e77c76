-- Every query carries district_id and environment of the caller.

-- name: lock_document(district_id, environment, user_id, student_id)!
-- Make sure that a user's document has a row, and hold it until the transaction ends.
insert into user_settings as u (district_id, environment, user_id, student_id, document)
values (:district_id, :environment, :user_id, :student_id, '{}')
on conflict (district_id, environment, user_id, student_id) do update set version = u.version;

-- name: standing(district_id, environment, user_id, student_id)^
-- What decides about a user's settings: district, school and role of a student whom the user may see now (for
-- an empty :student_id no school, and any access), what the newest access states, and both documents.
select coalesce(d.name, '') as district_name, coalesce(d.timezone, 'UTC') as district_zone,
       coalesce(d.settings, '{}')::text as district_settings, coalesce(d.version, 0) as district_version,
       coalesce(s.school_id, '') as school_id, coalesce(c.name, '') as school_name,
       coalesce(nullif(c.timezone, ''), d.timezone, 'UTC') as school_zone,
       coalesce(c.settings, '{}')::text as school_settings, coalesce(c.version, 0) as school_version,
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
left join lateral (
    select x.locale, x.timezone from portal_access x
    where x.district_id = :district_id and x.environment = :environment and x.user_id = :user_id and x.portal
    order by x.modified_at desc, x.student_id
    limit 1
) newest on true
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
on conflict (district_id, environment, scope, scope_id) do update set requested = r.requested + 1;

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
-- Mark what entered up to a place as seen; answer the ids that were not.
update inbox set seen_at = :now::timestamptz
where district_id = :district_id and environment = :environment and user_id = :user_id
    and seen_at is null and entered <= :entered
returning item_id;

-- name: mark_read(now, district_id, environment, user_id, item_ids)
-- Mark items as read and seen; answer the ids that were not.
update inbox set read_at = :now::timestamptz, seen_at = coalesce(seen_at, :now::timestamptz)
where district_id = :district_id and environment = :environment and user_id = :user_id
    and read_at is null and item_id = any(:item_ids::uuid[])
returning item_id;

-- name: count_unseen(district_id, environment, user_id)^
-- Count again what is unseen of students whom the user may see now; seq rises, so that the newest count wins.
update user_counters c
set seq = c.seq + 1,
    unseen = (select count(*) from inbox i
              join portal_access a using (district_id, environment, student_id, user_id)
              where i.district_id = :district_id and i.environment = :environment and i.user_id = :user_id
                  and i.seen_at is null and a.portal)
where c.district_id = :district_id and c.environment = :environment and c.user_id = :user_id
returning c.unseen, c.seq;

-- name: counters(district_id, environment, user_id)^
-- What is unseen now.
select unseen, seq from user_counters
where district_id = :district_id and environment = :environment and user_id = :user_id;

-- name: add_notice(notice_id, district_id, environment, user_id, urgency, type, payload, now)!
-- Queue an event about a user for the alerts topic; the publisher sends it after the commit.
insert into notices (notice_id, district_id, environment, user_id, urgency, type, payload, due_at)
values (:notice_id, :district_id, :environment, :user_id, :urgency, :type, :payload, :now::timestamptz);
