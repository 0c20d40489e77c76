-- Facts of schools by minute, and brakes. One query a batch, whatever its size.

-- name: recent(now, district_ids, environments, school_ids)
-- Facts of the minute that runs and the nine before it.
select t.district_id, t.environment, t.school_id, sum(m.facts)::bigint as facts
from unnest(:district_ids::text[], :environments::text[], :school_ids::text[])
    as t(district_id, environment, school_id)
join surges s using (district_id, environment, school_id)
cross join lateral unnest(s.minutes) with ordinality as m(facts, nth)
where s.bucket > :now::timestamptz - interval '20 minutes' and s.bucket <= :now::timestamptz
    and s.bucket + (m.nth - 1) * interval '1 minute' > :now::timestamptz - interval '10 minutes'
group by 1, 2, 3;

-- name: usual(now, days, district_ids, environments, school_ids)
-- The ten minutes of earlier days and hours that had facts and were no surge.
select t.district_id, t.environment, t.school_id, sum(s.facts)::bigint as facts, count(*)::int as windows
from unnest(:district_ids::text[], :environments::text[], :school_ids::text[])
    as t(district_id, environment, school_id)
join surges s using (district_id, environment, school_id)
where s.bucket >= :now::timestamptz - make_interval(days => :days)
    and s.bucket <= :now::timestamptz - interval '20 minutes' and not s.surge
group by 1, 2, 3;

-- name: lock_schools(schools)!
-- Two workers may find one surge: the second waits, and meets the brake of the first.
select pg_advisory_xact_lock(hashtextextended('brake/' || school, 0))
from (select school from unnest(:schools::text[]) as t(school) order by school) as ordered;

-- name: pull(now, district_ids, environments, school_ids, facts, usual)!
-- Pull the brake of schools whose last one is over.
insert into brakes (district_id, environment, school_id, pulled_at, last_at, facts, usual)
select t.district_id, t.environment, t.school_id, :now::timestamptz, :now::timestamptz, t.facts, t.usual
from unnest(:district_ids::text[], :environments::text[], :school_ids::text[], :facts::int[], :usual::float8[])
    as t(district_id, environment, school_id, facts, usual)
where not exists (
    select from brakes b
    where (b.district_id, b.environment, b.school_id) = (t.district_id, t.environment, t.school_id)
        and b.last_at > :now::timestamptz - interval '10 minutes')
on conflict do nothing;

-- name: active(now, district_ids, environments, school_ids)
-- Brakes that go on. Shared until the end of the transaction: an administrator's word waits for what is just
-- being held, so that it reaches that too.
select b.district_id, b.environment, b.school_id, b.resolution
from unnest(:district_ids::text[], :environments::text[], :school_ids::text[])
    as t(district_id, environment, school_id)
join brakes b using (district_id, environment, school_id)
where b.last_at > :now::timestamptz - interval '10 minutes'
order by b.pulled_at
for key share of b;

-- name: count(bucket, minute, district_ids, environments, school_ids, facts, surging)!
-- Add facts to the minute that runs; at the end of a transaction, so that nobody waits long.
insert into surges as s (district_id, environment, school_id, bucket, facts, minutes, surge)
select district_id, environment, school_id, :bucket::timestamptz, facts,
       array_fill(0, array[:minute::int]) || facts || array_fill(0, array[9 - :minute::int]), surging
from unnest(:district_ids::text[], :environments::text[], :school_ids::text[], :facts::int[], :surging::boolean[])
    as t(district_id, environment, school_id, facts, surging)
order by 1, 2, 3
on conflict (district_id, environment, school_id, bucket) do update
    set facts = s.facts + excluded.facts, surge = s.surge or excluded.surge,
        minutes[:minute::int + 1] = s.minutes[:minute::int + 1] + excluded.facts;

-- name: extend(now, district_ids, environments, school_ids)!
-- Their surge goes on: noted about once a minute.
update brakes b set last_at = :now::timestamptz
from unnest(:district_ids::text[], :environments::text[], :school_ids::text[])
    as t(district_id, environment, school_id)
where (b.district_id, b.environment, b.school_id) = (t.district_id, t.environment, t.school_id)
    and b.last_at > :now::timestamptz - interval '10 minutes' and b.last_at < :now::timestamptz - interval '1 minute';

-- name: brakes(district_ids, environments, school_ids)
-- The brakes of schools, oldest first.
select b.district_id, b.environment, b.school_id, b.brake_id, b.pulled_at, b.last_at, b.resolution
from unnest(:district_ids::text[], :environments::text[], :school_ids::text[])
    as t(district_id, environment, school_id)
join brakes b using (district_id, environment, school_id)
order by b.pulled_at;

-- name: delete_old(before)!
-- Counts that are no part of anybody's usual any more.
delete from surges where bucket < :before::timestamptz;

-- name: delete_resolved(before)!
-- Brakes that were answered long ago; one that nobody answered stays.
delete from brakes where resolution <> 'held' and last_at < :before::timestamptz;

-- name: held(district_id, environment, before, before_school, limit)
-- Brakes of a district, newest first, with the facts of their surge and what a word on them reaches: what they hold,
-- and what the ten minutes before had brought and waits for something else yet (domain/surge.py).
select b.brake_id as surge_id, b.school_id, coalesce(s.name, '') as school_name, b.pulled_at, b.last_at,
       b.resolution, b.resolved_at, b.usual,
       greatest(b.facts, (select coalesce(sum(c.facts), 0) from surges c
                          where (c.district_id, c.environment, c.school_id)
                                  = (b.district_id, b.environment, b.school_id)
                              and c.bucket > b.pulled_at - interval '20 minutes' and c.bucket <= b.last_at))::int
           as facts,
       coalesce(h.alerts, 0)::int as alerts, coalesce(h.users, 0)::int as users, h.groups
from brakes b
left join schools s using (district_id, environment, school_id)
left join lateral (
    with reached as (
        select due.thing, due.user_id from due_alerts due
        where due.district_id = b.district_id and due.environment = b.environment and due.phase = 'held'
            and due.school_id = b.school_id
            and greatest(due.first_at, due.accepted_at) between b.pulled_at - interval '10 minutes'
                and case due.hold when 'surge' then b.last_at + interval '10 minutes' else b.pulled_at end)
    select sum(g.alerts) as alerts, (select count(distinct r.user_id) from reached r) as users,
           jsonb_object_agg(g.thing, g.alerts) as groups
    from (select r.thing, count(*) as alerts from reached r group by r.thing) g
) h on b.resolution = 'held'
where b.district_id = :district_id and b.environment = :environment 
    and (b.pulled_at, b.school_id collate "C") < (:before::timestamptz, :before_school::text collate "C")
order by b.pulled_at desc, b.school_id collate "C" desc
limit :limit;

-- name: lock_brake(district_id, environment, brake_id)^
-- A brake, held against everybody who holds alerts by it.
select school_id, resolution from brakes
where district_id = :district_id and environment = :environment and brake_id = :brake_id::uuid
for update;

-- name: resolve(resolution, at, district_id, environment, brake_id)!
-- Note what the administrator says.
update brakes set resolution = :resolution, resolved_at = :at::timestamptz
where district_id = :district_id and environment = :environment and brake_id = :brake_id::uuid;
