-- Every put_* takes one array a column, rows sorted by key and at most one row a key. A row that stands is
-- replaced by a version that is not older. Each answers the rows it wrote: their key, whether the key was new
-- (first_seen), and whether what decides about alerts differs from what stood (changed).

-- name: put_districts(district_ids, environments, names, states, timezones, published, modified)
-- Upsert districts; "published" is their settings document as the SIS gave it.
with given as (
    select district_id, environment, name, state, timezone, published::jsonb as published, modified_at
    from unnest(:district_ids::text[], :environments::text[], :names::text[], :states::text[], :timezones::text[],
                :published::text[], :modified::timestamptz[])
        as t(district_id, environment, name, state, timezone, published, modified_at)
), put as (
    insert into districts as d (district_id, environment, name, state, timezone, published, modified_at)
    select * from given
    on conflict (district_id, environment) do update
        set name = excluded.name, state = excluded.state, timezone = excluded.timezone,
            published = excluded.published, modified_at = excluded.modified_at, version = d.version + 1
        where excluded.modified_at >= d.modified_at
            and (excluded.modified_at, excluded.name, excluded.state, excluded.timezone, excluded.published)
                is distinct from (d.modified_at, d.name, d.state, d.timezone, d.published)
    returning district_id, environment, timezone, published
)
select put.district_id, put.environment, put.district_id as id, d.district_id is null as first_seen,
       (put.timezone, put.published) is distinct from (d.timezone, d.published) as changed
from put left join districts d using (district_id, environment);

-- name: put_schools(district_ids, environments, school_ids, names, timezones, bells, published, modified)
-- Upsert schools; an empty timezone is the district's, an empty bell is none known.
with given as (
    select district_id, environment, school_id, name, timezone, bell::jsonb as bell, published::jsonb as published,
           modified_at
    from unnest(:district_ids::text[], :environments::text[], :school_ids::text[], :names::text[],
                :timezones::text[], :bells::text[], :published::text[], :modified::timestamptz[])
        as t(district_id, environment, school_id, name, timezone, bell, published, modified_at)
), put as (
    insert into schools as s (district_id, environment, school_id, name, timezone, bell, published, modified_at)
    select * from given
    on conflict (district_id, environment, school_id) do update
        set name = excluded.name, timezone = excluded.timezone, bell = excluded.bell,
            published = excluded.published, modified_at = excluded.modified_at, version = s.version + 1
        where excluded.modified_at >= s.modified_at
            and (excluded.modified_at, excluded.name, excluded.timezone, excluded.bell, excluded.published)
                is distinct from (s.modified_at, s.name, s.timezone, s.bell, s.published)
    returning district_id, environment, school_id, timezone, bell, published
)
select put.district_id, put.environment, put.school_id as id, s.school_id is null as first_seen,
       (put.timezone, put.bell, put.published) is distinct from (s.timezone, s.bell, s.published) as changed
from put left join schools s using (district_id, environment, school_id);

-- name: put_students(district_ids, environments, student_ids, school_ids, display_names, grade_levels, modified)
-- Upsert students; a student that is first seen wakes the events that waited for it.
with given as (
    select *
    from unnest(:district_ids::text[], :environments::text[], :student_ids::text[], :school_ids::text[],
                :display_names::text[], :grade_levels::text[], :modified::timestamptz[])
        as t(district_id, environment, student_id, school_id, display_name, grade_level, modified_at)
), put as (
    insert into students as s
        (district_id, environment, student_id, school_id, display_name, grade_level, modified_at)
    select * from given
    on conflict (district_id, environment, student_id) do update
        set school_id = excluded.school_id, display_name = excluded.display_name,
            grade_level = excluded.grade_level, modified_at = excluded.modified_at
        where excluded.modified_at >= s.modified_at
            and (excluded.modified_at, excluded.school_id, excluded.display_name, excluded.grade_level)
                is distinct from (s.modified_at, s.school_id, s.display_name, s.grade_level)
    returning district_id, environment, student_id, school_id
)
select put.district_id, put.environment, put.student_id as id, s.student_id is null as first_seen,
       put.school_id is distinct from s.school_id as changed
from put left join students s using (district_id, environment, student_id);

-- name: put_enrollments(district_ids, environments, student_ids, school_ids, calendar_ids, starts, ends, active, modified)
-- Upsert enrolments by school and calendar; an ended one stays as its last version.
with given as (
    select *
    from unnest(:district_ids::text[], :environments::text[], :student_ids::text[], :school_ids::text[],
                :calendar_ids::text[], :starts::date[], :ends::date[], :active::boolean[], :modified::timestamptz[])
        as t(district_id, environment, student_id, school_id, calendar_id, starts_on, ends_on, active, modified_at)
), put as (
    insert into enrollments as e
        (district_id, environment, student_id, school_id, calendar_id, starts_on, ends_on, active, modified_at)
    select * from given
    on conflict (district_id, environment, student_id, school_id, calendar_id) do update
        set starts_on = excluded.starts_on, ends_on = excluded.ends_on, active = excluded.active,
            modified_at = excluded.modified_at
        where excluded.modified_at >= e.modified_at
            and (excluded.modified_at, excluded.starts_on, excluded.ends_on, excluded.active)
                is distinct from (e.modified_at, e.starts_on, e.ends_on, e.active)
    returning district_id, environment, student_id, school_id, calendar_id, starts_on, ends_on, active
)
select put.district_id, put.environment, put.student_id as id, e.student_id is null as first_seen,
       (put.starts_on, put.ends_on, put.active) is distinct from (e.starts_on, e.ends_on, e.active) as changed
from put left join enrollments e using (district_id, environment, student_id, school_id, calendar_id);

-- name: put_portal_access(district_ids, environments, student_ids, user_ids, roles, relationships, portals, locales, timezones, modified)
-- Upsert who may see whom; a revoked access stays as a row whose portal flag is false. Not first_seen is also the
-- access of a known user to another student, when it states a locale or zone: these hold for all students. What the
-- SIS recorded before a user was erased is not taken in again.
with given as (
    select *
    from unnest(:district_ids::text[], :environments::text[], :student_ids::text[], :user_ids::text[],
                :roles::text[], :relationships::text[], :portals::boolean[], :locales::text[], :timezones::text[],
                :modified::timestamptz[])
        as t(district_id, environment, student_id, user_id, role, relationship, portal, locale, timezone, modified_at)
    where not exists (
        select from audit e
        where (e.district_id, e.environment, e.subject_id) = (t.district_id, t.environment, t.user_id)
            and e.action = 'user.erased' and e.at >= t.modified_at
    )
), put as (
    insert into portal_access as a
        (district_id, environment, student_id, user_id, role, relationship, portal, locale, timezone, modified_at)
    select * from given
    on conflict (district_id, environment, student_id, user_id) do update
        set role = excluded.role, relationship = excluded.relationship, portal = excluded.portal,
            locale = excluded.locale, timezone = excluded.timezone, modified_at = excluded.modified_at
        where excluded.modified_at >= a.modified_at
            and (excluded.modified_at, excluded.role, excluded.relationship, excluded.portal, excluded.locale,
                 excluded.timezone)
                is distinct from (a.modified_at, a.role, a.relationship, a.portal, a.locale, a.timezone)
    returning district_id, environment, student_id, user_id, role, portal, locale, timezone
)
select put.district_id, put.environment, put.user_id as id,
       a.user_id is null and not (put.locale || put.timezone <> '' and exists (
           select from portal_access o
           where (o.district_id, o.environment, o.user_id) = (put.district_id, put.environment, put.user_id)
       )) as first_seen,
       (put.role, put.portal, put.locale, put.timezone)
           is distinct from (a.role, a.portal, a.locale, a.timezone) as changed
from put left join portal_access a using (district_id, environment, student_id, user_id);

-- name: put_schedules(district_ids, environments, student_ids, school_ids, calendar_ids, terms, meetings, modified)
-- Upsert schedules by school, calendar and term; changed_in lets a cursor find them.
insert into schedules as s
    (district_id, environment, student_id, school_id, calendar_id, term, meetings, modified_at)
select district_id, environment, student_id, school_id, calendar_id, term, meetings::jsonb, modified_at
from unnest(:district_ids::text[], :environments::text[], :student_ids::text[], :school_ids::text[],
            :calendar_ids::text[], :terms::text[], :meetings::text[], :modified::timestamptz[])
    as t(district_id, environment, student_id, school_id, calendar_id, term, meetings, modified_at)
on conflict (district_id, environment, student_id, school_id, calendar_id, term) do update
    set meetings = excluded.meetings, modified_at = excluded.modified_at, changed_in = pg_current_xact_id()
    where excluded.modified_at >= s.modified_at
        and (excluded.modified_at, excluded.meetings) is distinct from (s.modified_at, s.meetings)
returning district_id, environment, student_id as id, false as first_seen, false as changed;

-- name: request_recalculations(district_ids, environments, scopes, scope_ids)!
-- Note whose unsent alerts must be timed again; sorted by key, so that two writers cannot deadlock.
insert into recalculations as r (district_id, environment, scope, scope_id)
select * from unnest(:district_ids::text[], :environments::text[], :scopes::text[], :scope_ids::text[])
on conflict (district_id, environment, scope, scope_id) do update set requested = r.requested + 1,
    again_after = null;
