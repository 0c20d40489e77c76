-- Every query carries district_id and environment of the caller; those of a family also join portal_access,
-- so that only students whom the user may see now are in any answer.

-- name: find_districts(environment, name, state, after_key, after_id, limit)
-- Districts of an environment by lower-case name, a part of which is :name, after (:after_key, :after_id).
select lower(name) collate "C" as key, district_id, name, state, timezone
from districts
where environment = :environment and name <> ''
    and (:name = '' or position(lower(:name) in lower(name)) > 0)
    and (:state = '' or state = :state)
    and (lower(name) collate "C", district_id collate "C") > (:after_key, :after_id)
order by lower(name) collate "C", district_id collate "C"
limit :limit;

-- name: me(district_id, environment, user_id)^
-- The caller's district, number of students and unseen items; nulls where nothing is stored yet.
select d.name, d.state, d.timezone, c.unseen, c.seq,
       (select count(*) from portal_access a join students s using (district_id, environment, student_id)
        where a.district_id = :district_id and a.environment = :environment and a.user_id = :user_id
            and a.portal) as students
from (values (1)) one
left join districts d on d.district_id = :district_id and d.environment = :environment
left join user_counters c on c.district_id = :district_id and c.environment = :environment
    and c.user_id = :user_id;

-- name: students(district_id, environment, user_id, after_name, after_id, limit)
-- Students whom the user may see now, by name, after (:after_name, :after_id); school_areas has the areas
-- objects of the home school and of the schools of active enrolments.
select a.student_id, s.display_name, s.grade_level, a.role, a.relationship, s.school_id,
       coalesce(c.name, '') as school_name, d.settings -> 'areas' as district_areas, schools.areas as school_areas
from portal_access a
join students s using (district_id, environment, student_id)
left join districts d using (district_id, environment)
left join schools c on (c.district_id, c.environment, c.school_id) = (s.district_id, s.environment, s.school_id)
cross join lateral (
    select jsonb_agg(coalesce(x.settings -> 'areas', '{}')) as areas
    from (select s.school_id
          union
          select e.school_id from enrollments e
          where (e.district_id, e.environment, e.student_id) = (s.district_id, s.environment, s.student_id)
              and e.active) attended
    left join schools x
        on (x.district_id, x.environment, x.school_id) = (s.district_id, s.environment, attended.school_id)
) schools
where a.district_id = :district_id and a.environment = :environment and a.user_id = :user_id and a.portal
    and (s.display_name collate "C", a.student_id collate "C") > (:after_name, :after_id)
order by s.display_name collate "C", a.student_id collate "C"
limit :limit;

-- name: area_view(district_id, environment, user_id, student_id)^
-- What decides about the areas of a student whom the user may see now: zone, [school, attended now, areas] of
-- each school that is attended or that stored things are of, active enrolments as [school, calendar, from, to],
-- and the oldest transaction that is open.
select coalesce(d.timezone, 'UTC') as timezone, d.settings -> 'areas' as district_areas,
       (select jsonb_agg(jsonb_build_array(known.school_id, known.attended, coalesce(x.settings -> 'areas', '{}')))
        from (select school_id, bool_or(attended) as attended
              from (select s.school_id, true as attended
                    union all
                    select e.school_id, true from enrollments e
                    where (e.district_id, e.environment, e.student_id)
                            = (s.district_id, s.environment, s.student_id) and e.active
                    union all
                    select t.school_id, false from states t
                    where (t.district_id, t.environment, t.student_id)
                            = (s.district_id, s.environment, s.student_id)
                    union all
                    select l.school_id, false from schedules l
                    where (l.district_id, l.environment, l.student_id)
                            = (s.district_id, s.environment, s.student_id)) each_school
              group by school_id) known
        left join schools x
            on (x.district_id, x.environment, x.school_id) = (s.district_id, s.environment, known.school_id)
       ) as schools,
       (select jsonb_agg(jsonb_build_array(e.school_id, e.calendar_id,
                                           greatest(e.starts_on, date '0001-01-01')::text,
                                           least(e.ends_on, date '9999-12-31')::text))
        from enrollments e
        where (e.district_id, e.environment, e.student_id) = (s.district_id, s.environment, s.student_id)
            and e.active) as enrolled,
       pg_snapshot_xmin(pg_current_snapshot())::text as oldest_open,
       (select system_identifier::text from pg_control_system()) as cluster
from portal_access a
join students s using (district_id, environment, student_id)
left join districts d using (district_id, environment)
where a.district_id = :district_id and a.environment = :environment and a.user_id = :user_id
    and a.student_id = :student_id and a.portal;

-- name: area_rows(fields, due_from, due_to, district_id, environment, student_id, things, since, after_in, after_place, hidden, user_id, limit)
-- Stored things of a student in the order they were written, from :since on and after (:after_in, :after_id).
-- Gone are deleted things, and those of schools that do not show the area: a thing may have been another's before.
-- Of a full read (:since 0) these are left out, and of assignments those not due within the days.
with rows as (
    select t.changed_in, t.thing, t.thing_id, t.thing || '/' || t.thing_id as place,
           t.deleted or t.thing || '/' || t.school_id = any(:hidden::text[])
               or (t.thing = 'grades' and not coalesce((t.data ->> 'posted')::boolean, false)) as gone,
           -- Fields of the SIS's own are kept with an event, whatever their names and values: none is an item's.
           (select jsonb_object_agg(key, value) from jsonb_each(t.data) where key = any(:fields::text[]))
               || jsonb_build_object('id', t.thing_id) as data,
           :due_from::date is null or t.thing <> 'assignments'
               or coalesce((t.data ->> 'due_on')::date between :due_from::date and :due_to::date, false) as wanted
    from states t
    where t.district_id = :district_id and t.environment = :environment and t.student_id = :student_id
        and t.thing = any(:things::text[])
    union all
    select c.changed_in, 'schedules', c.id, 'schedules/' || c.id,
           'schedules/' || c.school_id = any(:hidden::text[]),
           jsonb_build_object('id', c.id, 'school_id', c.school_id, 'calendar_id', nullif(c.calendar_id, ''),
                              'term', c.term, 'meetings', c.meetings, 'modified_at', c.modified_at), true
    from (select *, concat_ws('/', replace(school_id, '/', '%2F'), replace(calendar_id, '/', '%2F'),
                              replace(term, '/', '%2F')) as id
          from schedules) c
    where c.district_id = :district_id and c.environment = :environment and c.student_id = :student_id
        and 'schedules' = any(:things::text[])
)
select changed_in::text as changed_in, place, thing, thing_id, gone, data::text as data
from rows
where changed_in >= :since::text::xid8
    and (changed_in, place collate "C") > (:after_in::text::xid8, :after_place::text collate "C")
    and (:since::text <> '0' or (wanted and not gone))
    and exists (select from portal_access a
                where a.district_id = :district_id and a.environment = :environment and a.user_id = :user_id
                    and a.student_id = :student_id and a.portal)
order by changed_in, place collate "C"
limit :limit;

-- name: attendance_counts(district_id, environment, student_id, closed, user_id)
-- How many marks a student has by status and excuse.
select t.data ->> 'status' as status, coalesce(t.data ->> 'excuse', 'unknown') as excuse, count(*) as count
from states t
join portal_access a using (district_id, environment, student_id)
where t.district_id = :district_id and t.environment = :environment and t.student_id = :student_id
    and t.thing = 'attendance' and not t.deleted and not t.school_id = any(:closed::text[])
    and a.user_id = :user_id and a.portal
group by 1, 2
order by 1, 2;

-- name: inbox_items(district_id, environment, user_id, student_id, before, limit)
-- Items of a user, newest first, entered before :before, of students whom the user may see now.
select i.entered, i.item_id as id, i.entered_at, i.student_id, i.thing as "group", i.thing_id, i.kinds, i.title,
       i.body, i.locale, i.seen_at is not null as seen, i.read_at is not null as read,
       i.corrected_at is not null as corrected, i.event_id, i.event_source as source
from inbox i
join portal_access a using (district_id, environment, student_id, user_id)
where i.district_id = :district_id and i.environment = :environment and i.user_id = :user_id and a.portal
    and (:student_id = '' or i.student_id = :student_id) and i.entered < :before
order by i.entered desc
limit :limit;

-- name: changes_of_user(district_id, environment, user_id, student_id, first_day, since, before_at, before_event, before_source, limit)
-- Stored changes of students whom the user may see now, newest first, since :since and before a place.
select c.day, c.event_id, c.event_source as source, c.student_id, c.school_id, c.thing as "group", c.thing_id,
       c.modified_at, c.accepted_at, c.decided_at, c.detection, c.kinds
from changes c
join portal_access a using (district_id, environment, student_id)
where c.district_id = :district_id and c.environment = :environment and a.user_id = :user_id and a.portal
    and (:student_id = '' or c.student_id = :student_id)
    and c.day >= :first_day::date and c.decided_at >= :since::timestamptz
    and (c.decided_at, c.event_id collate "C", c.event_source collate "C")
        < (:before_at::timestamptz, :before_event::text collate "C", :before_source::text collate "C")
order by c.decided_at desc, c.event_id collate "C" desc, c.event_source collate "C" desc
limit :limit;

-- name: changes_by_event(days, district_id, environment, event_id, event_source, seen_only, user_id)
-- The change of an event, the first time that it was seen, one row per event source.
select distinct on (c.event_source)
       c.day, c.event_id, c.event_source as source, c.student_id, c.school_id, c.thing as "group", c.thing_id,
       c.modified_at, c.accepted_at, c.decided_at, c.detection, c.kinds
from changes c
where c.day = any(:days::date[]) and c.district_id = :district_id and c.environment = :environment
    and c.event_id = :event_id and (:event_source = '' or c.event_source = :event_source)
    and (not :seen_only::boolean or exists (
        select from portal_access a
        where (a.district_id, a.environment, a.student_id) = (c.district_id, c.environment, c.student_id)
            and a.user_id = :user_id and a.portal))
order by c.event_source, c.decided_at;

-- name: decisions(district_id, environment, user_id, days, alert_ids)
-- The decisions with these alert ids about one user, with the settings that held, and of what waits, for what now.
select d.day, d.alert_id, d.outcome, d.reason, d.kinds, d.due_at, d.open_gates, d.verdicts, e.document as settings,
       d.became, d.became_at, d.sent_as,
       array[d.alert_id] || d.carriers || coalesce(d.sent_as, d.alert_id) as carried_by,
       w.hold as waits_for, w.due_at as waits_until
from decisions d
left join effective_settings e using (day, settings_id)
left join due_alerts w on w.alert_id = d.alert_id and w.phase = 'held'
where d.district_id = :district_id and d.environment = :environment and d.user_id = :user_id
    and d.day = any(:days::date[]) and d.alert_id = any(:alert_ids::uuid[]);

-- name: device_outcomes(district_id, environment, user_id, first_day, alert_ids)
-- What became of alerts of one user on each device, the newest report of each.
select distinct on (o.alert_id, o.installation_id) o.alert_id, o.installation_id, o.outcome, o.reason, o.at
from device_outcomes o
where o.district_id = :district_id and o.environment = :environment and o.user_id = :user_id
    and o.day >= :first_day::date and o.alert_id = any(:alert_ids::uuid[])
order by o.alert_id, o.installation_id, o.at desc;

-- name: kept_access(district_id, environment, user_id)
-- What the SIS says of a user and students whom the user may see now.
select student_id, role, relationship, locale, timezone, modified_at
from portal_access
where district_id = :district_id and environment = :environment and user_id = :user_id and portal
order by student_id collate "C";

-- name: kept_told(district_id, environment, user_id)
-- What a user was last told of marks of students, and accounts of any student, whom the user may see now; of an account
-- only its balance.
select nullif(t.student_id, '') as student_id, t.thing as "group", t.thing_id,
       case t.thing when 'lunch' then split_part(t.value, '/', 1) else t.value end as value, t.told_at
from told t
where t.district_id = :district_id and t.environment = :environment and t.user_id = :user_id
    and exists (
        select from portal_access a
        where (a.district_id, a.environment, a.user_id) = (t.district_id, t.environment, t.user_id) and a.portal
            and (a.student_id = t.student_id or t.thing = 'lunch' and exists (
                select from states s
                where (s.district_id, s.environment, s.student_id, s.thing, s.thing_id)
                    = (a.district_id, a.environment, a.student_id, t.thing, t.thing_id)))
    )
order by t.thing, t.student_id collate "C", t.thing_id collate "C";

-- name: kept_windows(district_id, environment, user_id)
-- When the last push was, of each group of students whom the user may see now.
select w.student_id, w.thing as "group", w.opened_at
from push_windows w
join portal_access a using (district_id, environment, student_id, user_id)
where w.district_id = :district_id and w.environment = :environment and w.user_id = :user_id and a.portal
order by w.student_id collate "C", w.thing;

-- name: kept_pushes(district_id, environment, user_id)
-- How many pushes counted to the cap on the last day that had any.
select push_day as day, pushes as count
from user_counters
where district_id = :district_id and environment = :environment and user_id = :user_id and pushes > 0;

-- name: past_students(district_id, environment, user_id)
-- Students whom the user may see now, with enrolments as JSON text, and the user's documents and what the
-- newest access states: who watches, as the evaluator would see it.
select s.student_id, s.school_id, s.display_name, a.role, stated.locale, stated.timezone,
       (select coalesce(json_agg(json_build_array(e.school_id, e.calendar_id, e.starts_on, e.ends_on, e.active)
                                 order by e.school_id, e.calendar_id), '[]')::text
        from enrollments e
        where (e.district_id, e.environment, e.student_id) = (s.district_id, s.environment, s.student_id)
       ) as enrolments,
       coalesce(own.document, '{}')::text as own, coalesce(of_student.document, '{}')::text as of_student
from portal_access a
join students s using (district_id, environment, student_id)
cross join lateral (
    select (array_agg(n.locale order by n.modified_at desc) filter (where n.locale <> ''))[1] as locale,
           (array_agg(n.timezone order by n.modified_at desc) filter (where n.timezone <> ''))[1] as timezone
    from portal_access n
    where (n.district_id, n.environment, n.user_id) = (a.district_id, a.environment, a.user_id)
) stated
left join user_settings own
    on (own.district_id, own.environment, own.user_id, own.student_id)
        = (a.district_id, a.environment, a.user_id, '')
left join user_settings of_student
    on (of_student.district_id, of_student.environment, of_student.user_id, of_student.student_id)
        = (a.district_id, a.environment, a.user_id, a.student_id)
where a.district_id = :district_id and a.environment = :environment and a.user_id = :user_id and a.portal;

-- name: past_district(district_id, environment)^
-- The district with its settings as text.
select name, timezone, settings::text as settings, version
from districts where district_id = :district_id and environment = :environment;

-- name: past_schools(district_id, environment, school_ids)
-- Schools with bells and settings as text; the zone is the school's or the district's.
select s.school_id, s.name, coalesce(nullif(s.timezone, ''), d.timezone, 'UTC') as timezone, s.bell::text as bell,
       s.settings::text as settings, s.version
from schools s left join districts d using (district_id, environment)
where s.district_id = :district_id and s.environment = :environment and s.school_id = any(:school_ids::text[]);

-- name: past_changes(district_id, environment, student_ids, first_day, since)
-- Changes of students since a time as detection saw them, in the order of their evaluation.
select c.student_id, c.school_id, c.calendar_id, c.thing, c.thing_id, c.modified_at, c.decided_at,
       coalesce(c.arrived_at, c.decided_at) as arrived_at,
       c.detection, c.memory_before, c.memory_after
from changes c
where c.district_id = :district_id and c.environment = :environment and c.student_id = any(:student_ids::text[])
    and c.day >= :first_day::date and c.decided_at >= :since::timestamptz
order by c.decided_at, c.modified_at, c.event_id;

-- name: past_told(district_id, environment, user_ids, before)
-- What users had been told of marks and balances by a time, whatever they were told since; a lunch account has no
-- student.
select user_id, student_id, thing, thing_id, on_date, value
from (
    select user_id, student_id, thing, thing_id, on_date,
           case when told_at < :before::timestamptz then value else (
               select each ->> 1 from jsonb_array_elements(past) as t(each)
               where (each ->> 0)::timestamptz < :before::timestamptz
               order by (each ->> 0)::timestamptz desc
               limit 1
           ) end as value
    from told
    where district_id = :district_id and environment = :environment and user_id = any(:user_ids::text[])
) as by_then
where value <> '';

-- name: report_users(district_id, environment, after, limit)
-- Users who may see anybody, after one, by id.
select distinct user_id collate "C" as user_id from portal_access
where district_id = :district_id and environment = :environment and portal and user_id collate "C" > :after
order by 1
limit :limit;

-- name: report_students(district_id, environment, user_ids)
-- As past_students, of many users.
select a.user_id, s.student_id, s.school_id, s.display_name, a.role, stated.locale, stated.timezone,
       (select coalesce(json_agg(json_build_array(e.school_id, e.calendar_id, e.starts_on, e.ends_on, e.active)
                                 order by e.school_id, e.calendar_id), '[]')::text
        from enrollments e
        where (e.district_id, e.environment, e.student_id) = (s.district_id, s.environment, s.student_id)
       ) as enrolments,
       coalesce(own.document, '{}')::text as own, coalesce(of_student.document, '{}')::text as of_student
from portal_access a
join students s using (district_id, environment, student_id)
cross join lateral (
    select (array_agg(n.locale order by n.modified_at desc) filter (where n.locale <> ''))[1] as locale,
           (array_agg(n.timezone order by n.modified_at desc) filter (where n.timezone <> ''))[1] as timezone
    from portal_access n
    where (n.district_id, n.environment, n.user_id) = (a.district_id, a.environment, a.user_id)
) stated
left join user_settings own
    on (own.district_id, own.environment, own.user_id, own.student_id)
        = (a.district_id, a.environment, a.user_id, '')
left join user_settings of_student
    on (of_student.district_id, of_student.environment, of_student.user_id, of_student.student_id)
        = (a.district_id, a.environment, a.user_id, a.student_id)
where a.district_id = :district_id and a.environment = :environment and a.user_id = any(:user_ids::text[])
    and a.portal;

-- name: report_changes(district_id, environment, student_ids, first_day, since)
-- As past_changes, without those that no settings could have made a fact of.
select c.student_id, c.school_id, c.calendar_id, c.thing, c.thing_id, c.modified_at, c.decided_at,
       coalesce(c.arrived_at, c.decided_at) as arrived_at,
       c.detection, c.memory_before, c.memory_after
from changes c
where c.district_id = :district_id and c.environment = :environment and c.student_id = any(:student_ids::text[])
    and c.day >= :first_day::date and c.decided_at >= :since::timestamptz
    and (c.detection = 'facts' or (c.detection in ('silent', 'backfill') and c.thing in ('attendance', 'lunch'))
         or (c.detection = 'inactive_calendar' and c.thing = 'lunch'))
order by c.decided_at, c.modified_at, c.event_id;
