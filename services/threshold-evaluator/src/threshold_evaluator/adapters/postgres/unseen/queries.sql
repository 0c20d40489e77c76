-- What users have not seen, counted again.

-- name: hold_counters(district_ids, environments, user_ids)!
-- Hold the counters of users, in one order for all: what is counted afterwards has all that others had written.
select from user_counters c
where (c.district_id, c.environment, c.user_id) in (
    select * from unnest(:district_ids::text[], :environments::text[], :user_ids::text[])
)
order by c.district_id, c.environment, c.user_id
for update;

-- name: count_again(district_ids, environments, user_ids)
-- Count what is unseen, and answer where that is not what stood; seq rises, so that the newest count wins.
update user_counters c
set unseen = t.unseen, seq = c.seq + 1
from (
    select u.district_id, u.environment, u.user_id, unseen_of(u.district_id, u.environment, u.user_id) as unseen
    from unnest(:district_ids::text[], :environments::text[], :user_ids::text[])
        as u(district_id, environment, user_id)
) t
where (c.district_id, c.environment, c.user_id) = (t.district_id, t.environment, t.user_id) and c.unseen <> t.unseen
returning c.district_id, c.environment, c.user_id, c.unseen, c.seq;

-- name: announce(message_ids, district_ids, environments, user_ids, type, payloads)!
-- Queue what devices are told of the counts, behind what is urgent.
insert into outbox (message_id, district_id, environment, user_id, urgency, type, payload)
select message_id, district_id, environment, user_id, 1, :type, payload
from unnest(:message_ids::uuid[], :district_ids::text[], :environments::text[], :user_ids::text[], :payloads::text[])
    as t(message_id, district_id, environment, user_id, payload);
