-- name: lock_rollout(id)^
-- A rollout, locked.
select * from rollouts where id = :id for update;

-- name: rollout_by_id(id)^
-- A rollout.
select * from rollouts where id = :id;

-- name: list_rollouts(after_at, after_id, most)
-- Rollouts, newest first.
select * from rollouts
where :after_at::timestamptz is null or (created_at, id) < (:after_at, :after_id::uuid)
order by created_at desc, id desc
limit :most;

-- name: sites_of_rollouts(ids)
-- Their districts with where the requests stand; a request that was cancelled is one that could not be done.
select s.rollout_id, s.district_id, s.group_id, s.canary, s.wave, s.request_id,
    case when r.cancelled_at is not null then 'unable_to_complete' else r.status end as status, r.slot_at
from rollout_sites s left join requests r on r.id = s.request_id
where s.rollout_id = any(:ids::uuid[])
order by s.rollout_id, not s.canary, s.district_id;

-- name: cloud_districts()
-- Districts with a cloud production site.
select district_id from sites where hosting = 'cloud' and environment = 'production' order by district_id;

-- name: insert_rollout(id, version, per_window, starts_after, state, created_by, created_at)!
-- A new rollout.
insert into rollouts (id, version, per_window, starts_after, state, created_by, created_at)
values (:id, :version, :per_window, :starts_after, :state, :created_by, :created_at);

-- name: insert_rollout_sites(rollout_id, districts, groups, canaries)!
-- Its districts.
insert into rollout_sites (rollout_id, district_id, environment, group_id, canary)
select :rollout_id, n.district_id, 'production', n.group_id, n.canary
from unnest(:districts::text[], :groups::text[], :canaries::bool[]) as n(district_id, group_id, canary);

-- name: set_released(rollout_id, wave, districts, requests, wholes)!
-- The requests of a wave.
update rollout_sites s set wave = :wave, request_id = n.request_id, group_request_id = n.whole
from unnest(:districts::text[], :requests::uuid[], :wholes::uuid[]) as n(district_id, request_id, whole)
where s.rollout_id = :rollout_id and s.district_id = n.district_id;

-- name: set_rollout_state(id, state)!
-- Its state now.
update rollouts set state = :state, revision = revision + 1 where id = :id;

-- name: drop_sites(rollout_id, districts)!
-- Districts that need nothing leave a rollout.
delete from rollout_sites
where rollout_id = :rollout_id and request_id is null and district_id = any(:districts::text[]);
