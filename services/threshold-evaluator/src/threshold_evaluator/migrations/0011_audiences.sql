-- What deciding needs to know of a student, as one value: found by one look into one index, however many people
-- watch the student and whatever they have set.

create table audiences (
    district_id text not null,
    environment text not null,
    student_id text not null,
    -- JSON: [school, name, [[school, calendar, from, to, active], ...], [[user, role, portal, locale, zone, own
    -- document, document for this student], ...]]; empty while the roster does not know the student.
    document text not null default '',
    primary key (student_id, district_id, environment)
) with (fillfactor = 80);
alter table audiences alter column document set storage external;

-- One row a user, to be held while the audiences that the user belongs to are made anew.
create table audience_users (
    district_id text not null,
    environment text not null,
    user_id text not null,
    primary key (user_id, district_id, environment)
) with (fillfactor = 70);

-- Make the audiences of these students anew. Rows are held first, in one order for all: what is read afterwards
-- has all that others had written before they let go of them.
create function refresh_audiences(districts text[], environments text[], students text[]) returns void
language plpgsql
set search_path from current
as $$
begin
    insert into audiences (district_id, environment, student_id)
    select distinct * from unnest(districts, environments, students) as t(district_id, environment, student_id)
    order by 3, 1, 2
    on conflict do nothing;

    perform from audiences a
    where (a.student_id, a.district_id, a.environment) in (select * from unnest(students, districts, environments))
    order by a.student_id, a.district_id, a.environment
    for no key update;

    -- Locale and zone of a watcher are those of the user's newest portal access that states one.
    update audiences a set document = made.document
    from (
        select t.district_id, t.environment, t.student_id, coalesce((
            select json_build_array(
                s.school_id, s.display_name,
                (select coalesce(json_agg(json_build_array(e.school_id, e.calendar_id, e.starts_on, e.ends_on,
                                                           e.active)
                                          order by e.school_id, e.calendar_id), '[]')
                 from enrollments e
                 where (e.district_id, e.environment, e.student_id)
                     = (s.district_id, s.environment, s.student_id)),
                (select coalesce(json_agg(json_build_array(p.user_id, p.role, p.portal, stated.locale,
                                                           stated.timezone, own.document::text,
                                                           of_student.document::text)
                                          order by p.user_id), '[]')
                 from portal_access p
                 cross join lateral (
                     select (array_agg(n.locale order by n.modified_at desc)
                                filter (where n.locale <> ''))[1] as locale,
                            (array_agg(n.timezone order by n.modified_at desc)
                                filter (where n.timezone <> ''))[1] as timezone
                     from portal_access n
                     where (n.district_id, n.environment, n.user_id) = (p.district_id, p.environment, p.user_id)
                 ) stated
                 left join user_settings own
                     on (own.district_id, own.environment, own.user_id, own.student_id)
                         = (p.district_id, p.environment, p.user_id, '')
                 left join user_settings of_student
                     on (of_student.district_id, of_student.environment, of_student.user_id,
                         of_student.student_id)
                         = (p.district_id, p.environment, p.user_id, p.student_id)
                 where (p.district_id, p.environment, p.student_id)
                     = (s.district_id, s.environment, s.student_id))
            )::text
            from students s
            where (s.district_id, s.environment, s.student_id) = (t.district_id, t.environment, t.student_id)
        ), '') as document
        from (
            select distinct *
            from unnest(districts, environments, students) as u(district_id, environment, student_id)
        ) t
    ) made
    where (a.student_id, a.district_id, a.environment) = (made.student_id, made.district_id, made.environment)
        and a.document <> made.document;
end
$$;

create function students_touched() returns trigger
language plpgsql
set search_path from current
as $$
begin
    if exists (select from touched) then
        perform refresh_audiences(array_agg(district_id), array_agg(environment), array_agg(student_id))
        from touched;
    end if;
    return null;
end
$$;

-- A user's document, or the newest statement of a locale, counts for every student whom the user watches.
create function watchers_touched() returns trigger
language plpgsql
set search_path from current
as $$
begin
    if not exists (select from touched) then
        return null;
    end if;
    insert into audience_users (district_id, environment, user_id)
    select distinct district_id, environment, user_id from touched
    order by 3, 1, 2
    on conflict (user_id, district_id, environment) do update set user_id = excluded.user_id;

    perform refresh_audiences(array_agg(district_id), array_agg(environment), array_agg(student_id))
    from (
        select district_id, environment, student_id from touched where tg_table_name = 'portal_access'
        union
        select a.district_id, a.environment, a.student_id
        from touched join portal_access a using (district_id, environment, user_id)
    ) watched
    having count(*) > 0;

    if tg_op = 'DELETE' then
        delete from audience_users u using touched t
        where (u.user_id, u.district_id, u.environment) = (t.user_id, t.district_id, t.environment)
            and not exists (select from portal_access a
                            where (a.district_id, a.environment, a.user_id)
                                = (u.district_id, u.environment, u.user_id));
    end if;
    return null;
end
$$;

create trigger audiences_added after insert on students
    referencing new table as touched for each statement execute function students_touched();
create trigger audiences_changed after update on students
    referencing new table as touched for each statement execute function students_touched();
create trigger audiences_removed after delete on students
    referencing old table as touched for each statement execute function students_touched();
create trigger audiences_added after insert on enrollments
    referencing new table as touched for each statement execute function students_touched();
create trigger audiences_changed after update on enrollments
    referencing new table as touched for each statement execute function students_touched();
create trigger audiences_removed after delete on enrollments
    referencing old table as touched for each statement execute function students_touched();
create trigger audiences_added after insert on portal_access
    referencing new table as touched for each statement execute function watchers_touched();
create trigger audiences_changed after update on portal_access
    referencing new table as touched for each statement execute function watchers_touched();
create trigger audiences_removed after delete on portal_access
    referencing old table as touched for each statement execute function watchers_touched();
create trigger audiences_added after insert on user_settings
    referencing new table as touched for each statement execute function watchers_touched();
create trigger audiences_changed after update on user_settings
    referencing new table as touched for each statement execute function watchers_touched();
create trigger audiences_removed after delete on user_settings
    referencing old table as touched for each statement execute function watchers_touched();

do $$
begin
    perform refresh_audiences(array_agg(district_id), array_agg(environment), array_agg(student_id))
    from students
    having count(*) > 0;
end
$$;
