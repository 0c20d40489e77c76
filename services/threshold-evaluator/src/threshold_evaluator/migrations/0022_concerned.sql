-- Which alerts a change of settings, roster or bells concerns: those that are held, or else those published ones that
-- may still be unsent at a time. Of a user or student they are found by the user: most changes are of one, and none of
-- them must look through all the alerts of its district. What two changes concern is named twice.
create function concerned(districts text[], environs text[], scopes text[], scope_ids text[], wanted text,
                          at timestamptz)
returns setof uuid
language plpgsql stable rows 100
set search_path from current
as $$
begin
    if scopes && '{user,student}' then
        return query
        select a.alert_id
        from (
            select t.district_id, t.environment, t.scope_id as user_id, null as student_id
            from unnest(districts, environs, scopes, scope_ids) as t(district_id, environment, scope, scope_id)
            where t.scope = 'user'
            union all
            select p.district_id, p.environment, p.user_id, p.student_id
            from unnest(districts, environs, scopes, scope_ids) as t(district_id, environment, scope, scope_id)
            join portal_access p
                on (p.district_id, p.environment, p.student_id) = (t.district_id, t.environment, t.scope_id)
            where t.scope = 'student'
        ) w
        join due_alerts a using (district_id, environment, user_id)
        where (w.student_id is null or a.student_id = w.student_id) and a.phase = wanted
            and (a.phase = 'held' or a.send_before > at);
    end if;
    if scopes && '{school,district}' then
        return query
        select a.alert_id
        from due_alerts a
        where a.phase = wanted and (a.phase = 'held' or a.send_before > at) and (
            (a.district_id, a.environment, a.school_id) in (
                select t.district_id, t.environment, t.scope_id
                from unnest(districts, environs, scopes, scope_ids) as t(district_id, environment, scope, scope_id)
                where t.scope = 'school'
            )
            or (a.district_id, a.environment) in (
                select t.district_id, t.environment
                from unnest(districts, environs, scopes) as t(district_id, environment, scope)
                where t.scope = 'district'
            )
        );
    end if;
end
$$;

-- Of a shared lunch account, whoever of its students an alert is of: asked for with every batch.
create index due_by_account on due_alerts (district_id, environment, thing_id) where phase = 'held' and thing = 'lunch';
