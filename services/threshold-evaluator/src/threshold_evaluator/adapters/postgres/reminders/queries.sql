-- What users were told of low lunch balances.

-- name: low_balances(now, limit)
-- What the timer looks at now, each with the states of the account for the students whom the user may see, the
-- newest first, of equal ones that of whom the user was told.
select t.district_id, t.environment, t.thing_id as account_id, t.user_id, t.told_at, s.student_id, s.school_id,
       s.calendar_id, s.modified_at, s.seen, s.memory, s.data::text as data
from (
    select * from told where thing = 'lunch' and value <> '' and look_at <= :now
    order by look_at, district_id, environment, thing_id, user_id limit :limit
) t
left join lateral (
    select s.* from states s
    join portal_access a using (district_id, environment, student_id)
    where (s.district_id, s.environment, s.thing_id) = (t.district_id, t.environment, t.thing_id)
        and s.thing = 'lunch' and not s.deleted and a.user_id = t.user_id and a.portal
) s on true
order by t.look_at, t.district_id, t.environment, t.thing_id, t.user_id, s.modified_at desc,
    right(t.value, length(s.student_id) + 1) = '/' || s.student_id desc, s.student_id;

-- name: look_again(district_ids, environments, account_ids, user_ids, ats)!
-- When the timer looks next.
update told d set look_at = t.look_at
from (select * from unnest(:district_ids::text[], :environments::text[], :account_ids::text[], :user_ids::text[],
                           :ats::timestamptz[]) as u(district_id, environment, account_id, user_id, look_at)
      order by 1, 2, 3, 4) t
where (d.district_id, d.environment, d.thing_id, d.user_id)
        = (t.district_id, t.environment, t.account_id, t.user_id)
    and d.thing = 'lunch' and d.student_id = '';
