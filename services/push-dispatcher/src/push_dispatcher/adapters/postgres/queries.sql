-- name: erase_deliveries(districts, environments, users)!
-- Remove every delivery of the users; what is in flight finds its row gone and reports nothing.
delete from deliveries d
 using unnest(:districts::text[], :environments::text[], :users::text[]) as u (district_id, environment, user_id)
 where d.district_id = u.district_id and d.environment = u.environment and d.user_id = u.user_id;

-- name: erase_devices(districts, environments, users)!
-- Remove every device of the users.
delete from devices d
 using unnest(:districts::text[], :environments::text[], :users::text[]) as u (district_id, environment, user_id)
 where d.district_id = u.district_id and d.environment = u.environment and d.user_id = u.user_id;

-- name: erase_inboxes(districts, environments, users)!
-- Remove what is known of the users' badges.
delete from inboxes i
 using unnest(:districts::text[], :environments::text[], :users::text[]) as u (district_id, environment, user_id)
 where i.district_id = u.district_id and i.environment = u.environment and i.user_id = u.user_id;

-- name: erase_outbox(districts, environments, users)!
-- Remove events about the users that nobody was told yet.
delete from outbox o
 using unnest(:districts::text[], :environments::text[], :users::text[]) as u (district_id, environment, user_id)
 where o.district_id = u.district_id and o.environment = u.environment and o.user_id = u.user_id;

-- name: read_inboxes(districts, environments, users)
-- The newest unseen count and its seq, where one is known.
select i.district_id, i.environment, i.user_id, i.unseen, i.seq
  from unnest(:districts::text[], :environments::text[], :users::text[]) as u (district_id, environment, user_id)
  join inboxes i using (district_id, environment, user_id);

-- name: remember_inboxes(districts, environments, users, unseen, seqs)!
-- Keep the counts whose seq is newer.
insert into inboxes (district_id, environment, user_id, unseen, seq)
select * from unnest(:districts::text[], :environments::text[], :users::text[], :unseen::int[], :seqs::bigint[])
    on conflict (district_id, environment, user_id)
    do update set unseen = excluded.unseen, seq = excluded.seq where inboxes.seq < excluded.seq;

-- name: devices_of_users(districts, environments, users)
-- The users' devices, held: whoever writes, leases or removes for one of them waits, and then sees what was done.
-- Always in this order, so that two who hold several never wait for each other.
select d.district_id, d.environment, d.user_id, d.installation_id, d.platform, d.app, d.token, d.token_kind,
       d.apns_environment, d.settings, d.registered_at, d.seen_at, d.spare_until
  from unnest(:districts::text[], :environments::text[], :users::text[]) as u (district_id, environment, user_id)
  join devices d using (district_id, environment, user_id)
 order by d.district_id, d.environment, d.installation_id
   for no key update of d;

-- name: recent_rows(districts, environments, users, since)
-- Rows of the users that wait, or were written lately: what a ruling about their devices needs.
select d.delivery_id, d.district_id, d.environment, d.user_id, d.installation_id, d.state, d.things,
       d.written_at, d.send_before, d.requested_at, d.seq, d.unseen, d.purpose, d.withdrawn, d.alert_id,
       d.provider, d.traceparent, case when d.lease_until > now() then d.lease_owner end as leased_by
  from unnest(:districts::text[], :environments::text[], :users::text[]) as u (district_id, environment, user_id)
  join deliveries d using (district_id, environment, user_id)
 where d.state = 'queued' or d.written_at > :since;

-- name: rows_that_matter(districts, environments, users, things, since)
-- Rows of the users that wait, and lately written ones that share a thing with the user's list, which is text of
-- things parted by U+001F; null is any.
select d.delivery_id, d.district_id, d.environment, d.user_id, d.installation_id, d.state, d.things,
       d.written_at, d.send_before, d.requested_at, d.seq, d.unseen, d.purpose, d.withdrawn, d.alert_id,
       d.provider, d.traceparent, case when d.lease_until > now() then d.lease_owner end as leased_by
  from unnest(:districts::text[], :environments::text[], :users::text[], :things::text[])
       as u (district_id, environment, user_id, things)
  join deliveries d using (district_id, environment, user_id)
 where d.state = 'queued'
    or d.written_at > :since and (u.things is null or d.things ?| string_to_array(u.things, chr(31)));

-- name: make_arriving#
-- Where rows come in by COPY, which costs a third of arrays or JSON; each connection has its own, empty at commit.
create temporary table if not exists arriving (
    delivery_id uuid, district_id text, environment text, user_id text, installation_id text, provider text,
    lane text, alert_id uuid, purpose text, state text, urgent bool, slot uuid, things text, content text,
    unseen int, seq bigint, requested_at timestamptz, send_before timestamptz, wait_seconds float8,
    lease_seconds float8, as_summary bool, traceparent text
) on commit delete rows;

-- name: write_rows(owner, now)
-- Insert the arriving rows. A missed or withdrawn alert that was requested anew is queued again under its id; what
-- was accepted or has ended otherwise stays.
insert into deliveries (delivery_id, district_id, environment, user_id, installation_id, provider, lane, alert_id,
                        purpose, state, urgent, slot, things, content, unseen, seq, requested_at, send_before,
                        as_summary, withdrawn, written_at, due_at, lease_owner, lease_until, ended_at, traceparent)
select r.delivery_id, r.district_id, r.environment, r.user_id, r.installation_id, r.provider, r.lane, r.alert_id,
       r.purpose, r.state, r.urgent, r.slot, r.things::jsonb, r.content, r.unseen, r.seq, r.requested_at,
       r.send_before, r.as_summary, r.state = 'withdrawn', :now, now() + r.wait_seconds * interval '1 second',
       case when r.lease_seconds > 0 then :owner::uuid end,
       case when r.lease_seconds > 0 then now() + r.lease_seconds * interval '1 second' end,
       case when r.state <> 'queued' then :now::timestamptz end, r.traceparent
  from arriving r
    on conflict (delivery_id) do update
   set state = excluded.state, reason = '', content = excluded.content, things = excluded.things,
       slot = excluded.slot, unseen = excluded.unseen, seq = excluded.seq, lane = excluded.lane,
       provider = excluded.provider, requested_at = excluded.requested_at, send_before = excluded.send_before,
       as_summary = excluded.as_summary, withdrawn = excluded.withdrawn, written_at = excluded.written_at,
       due_at = excluded.due_at, attempts = 0, first_attempt_at = null, lease_owner = excluded.lease_owner,
       lease_until = excluded.lease_until, ended_at = excluded.ended_at, traceparent = excluded.traceparent
 where deliveries.state in ('missed', 'withdrawn') and deliveries.requested_at < excluded.requested_at
returning delivery_id;

-- name: end_rows(ids, states, reasons, owner, now)
-- End waiting rows without a request, unless somebody else holds them.
update deliveries d
   set state = e.state, reason = e.reason, ended_at = :now, lease_owner = null, lease_until = null
  from unnest(:ids::uuid[], :states::text[], :reasons::text[]) as e (id, state, reason)
 where d.delivery_id = e.id and d.state = 'queued'
   and (d.lease_until is null or d.lease_until <= now() or d.lease_owner = :owner)
returning d.delivery_id;

-- name: mark_withdrawn(districts, environments, users, alerts)!
-- Rows in flight elsewhere cannot be called back; if they are to be tried again they end instead.
update deliveries d
   set withdrawn = true
  from unnest(:districts::text[], :environments::text[], :users::text[], :alerts::uuid[])
       as w (district_id, environment, user_id, alert_id)
 where d.district_id = w.district_id and d.environment = w.environment and d.user_id = w.user_id
   and d.alert_id = w.alert_id and d.state = 'queued';

-- name: due_rows(lane, most)
-- Rows of a lane that are due and that nobody holds, urgent before bulk, the longest due first; nothing is locked.
select d.delivery_id, d.district_id, d.environment, d.installation_id,
       exists (select 1 from devices v
                where v.district_id = d.district_id and v.environment = d.environment
                  and v.installation_id = d.installation_id) as has_device
  from deliveries d
 where d.lane = :lane and d.state = 'queued' and d.due_at <= now()
   and (d.lease_until is null or d.lease_until <= now())
 order by d.urgent desc, d.due_at
 limit :most;

-- name: free_devices(districts, environments, installations)
-- Those of the devices that nobody holds, held from now on.
select d.district_id, d.environment, d.user_id, d.installation_id, d.platform, d.app, d.token, d.token_kind,
       d.apns_environment, d.settings, d.registered_at, d.seen_at, d.spare_until
  from unnest(:districts::text[], :environments::text[], :installations::text[])
       as k (district_id, environment, installation_id)
  join devices d using (district_id, environment, installation_id)
   for no key update of d skip locked;

-- name: lease(ids, owner, seconds)
-- Take rows that are still due and that nobody holds. Their devices are held by then: what others leased is seen.
with due as (
    select delivery_id from deliveries
     where delivery_id = any(:ids::uuid[]) and state = 'queued' and due_at <= now()
       and (lease_until is null or lease_until <= now())
       for update skip locked
)
update deliveries d
   set lease_owner = :owner, lease_until = now() + :seconds::float8 * interval '1 second'
  from due
 where d.delivery_id = due.delivery_id
returning d.delivery_id, d.district_id, d.environment, d.user_id, d.installation_id, d.state, d.things,
          d.written_at, d.send_before, d.requested_at, d.seq, d.unseen, d.purpose, d.withdrawn, d.alert_id,
          d.provider, d.traceparent, d.lease_owner as leased_by, d.lane, d.content, d.urgent, d.slot, d.attempts,
          d.first_attempt_at, d.as_summary;

-- name: overdue(now, most)
-- Waiting rows that nobody holds and that nobody should be shown any more.
select d.delivery_id, d.district_id, d.environment, d.user_id, d.installation_id, d.state, d.things,
       d.written_at, d.send_before, d.requested_at, d.seq, d.unseen, d.purpose, d.withdrawn, d.alert_id,
       d.provider, d.traceparent, null::uuid as leased_by
  from deliveries d
 where d.state = 'queued' and d.send_before <= :now and (d.lease_until is null or d.lease_until <= now())
 limit :most
   for update skip locked;

-- name: release(ids, owner, wait)!
-- Give back rows that were not tried; the attempt does not count.
update deliveries
   set lease_owner = null, lease_until = null, due_at = now() + :wait::float8 * interval '1 second'
 where delivery_id = any(:ids::uuid[]) and lease_owner = :owner and state = 'queued';

-- name: keep_summaries(ids)!
-- These rows also stand for others that ended `collapsed`: they go with their summary text, now or later.
update deliveries set as_summary = true where delivery_id = any(:ids::uuid[]);

-- name: record_accepted(ids, now)
-- Write that a provider accepted rows, whoever holds them by now; a row that was erased meanwhile is left.
update deliveries
   set state = 'accepted', reason = '', attempts = attempts + 1,
       first_attempt_at = coalesce(first_attempt_at, now()), ended_at = :now, lease_owner = null, lease_until = null
 where delivery_id = any(:ids::uuid[]) and state = 'queued'
returning delivery_id;

-- name: record_ended(rows, owner, now)
-- Write the end of rows that were tried, given as one JSON array; a row that was erased meanwhile, or that
-- another now holds, is left.
update deliveries d
   set state = r.state, reason = r.reason, attempts = r.attempts, first_attempt_at = r.first_attempt_at,
       ended_at = :now, lease_owner = null, lease_until = null
  from jsonb_to_recordset(:rows::jsonb)
       as r (id uuid, state text, reason text, attempts int, first_attempt_at timestamptz)
 where d.delivery_id = r.id and d.state = 'queued' and d.lease_owner = :owner
returning d.delivery_id;

-- name: record_postponed(rows, owner, now)
-- Write when rows are tried again; one withdrawn meanwhile ends.
update deliveries d
   set state = case when d.withdrawn then 'withdrawn' else 'queued' end,
       ended_at = case when d.withdrawn then :now::timestamptz end,
       reason = r.reason, attempts = r.attempts, first_attempt_at = r.first_attempt_at, due_at = r.due_at,
       lease_owner = null, lease_until = null
  from jsonb_to_recordset(:rows::jsonb)
       as r (id uuid, reason text, attempts int, first_attempt_at timestamptz, due_at timestamptz)
 where d.delivery_id = r.id and d.state = 'queued' and d.lease_owner = :owner
returning d.delivery_id, d.state;

-- name: spare_devices(districts, environments, installations, untils)!
-- A provider asked to leave these devices alone for a while.
with held as (
    select d.district_id, d.environment, d.installation_id, s.until
      from unnest(:districts::text[], :environments::text[], :installations::text[], :untils::timestamptz[])
           as s (district_id, environment, installation_id, until)
      join devices d using (district_id, environment, installation_id)
     order by d.district_id, d.environment, d.installation_id
       for no key update of d
)
update devices d
   set spare_until = greatest(d.spare_until, held.until)
  from held
 where d.district_id = held.district_id and d.environment = held.environment
   and d.installation_id = held.installation_id;

-- name: prune_devices(districts, environments, installations, digests, gone)
-- Remove devices whose token was refused, unless it was registered (again) after the time of the refusal.
with refused as (
    select d.district_id, d.environment, d.installation_id
      from unnest(:districts::text[], :environments::text[], :installations::text[], :digests::bytea[],
                  :gone::timestamptz[]) as p (district_id, environment, installation_id, digest, gone_at)
      join devices d using (district_id, environment, installation_id)
     where d.token_digest = p.digest and d.registered_at <= p.gone_at
     order by d.district_id, d.environment, d.installation_id
       for update of d
)
delete from devices d
 using refused r
 where d.district_id = r.district_id and d.environment = r.environment and d.installation_id = r.installation_id
returning d.district_id, d.environment, d.user_id, d.installation_id, d.platform, d.app, d.token, d.token_kind,
          d.apns_environment, d.settings, d.registered_at, d.seen_at, d.spare_until;

-- name: end_of_devices(districts, environments, users, installations, state, reason, now)
-- End the waiting rows of devices that are gone; rows in flight are only marked.
with gone as (
    select * from unnest(:districts::text[], :environments::text[], :users::text[], :installations::text[])
           as g (district_id, environment, user_id, installation_id)
), marked as (
    update deliveries d set withdrawn = true
      from gone g
     where d.district_id = g.district_id and d.environment = g.environment and d.user_id = g.user_id
       and d.installation_id = g.installation_id and d.state = 'queued' and d.lease_until > now()
)
update deliveries d
   set state = :state, reason = :reason, ended_at = :now, lease_owner = null, lease_until = null
  from gone g
 where d.district_id = g.district_id and d.environment = g.environment and d.user_id = g.user_id
   and d.installation_id = g.installation_id and d.state = 'queued'
   and (d.lease_until is null or d.lease_until <= now())
returning d.delivery_id, d.district_id, d.environment, d.user_id, d.installation_id, d.state, d.things,
          d.written_at, d.send_before, d.requested_at, d.seq, d.unseen, d.purpose, d.withdrawn, d.alert_id,
          d.provider, d.traceparent, null::uuid as leased_by;

-- name: next_places(number)
-- Places in the outbox for new events, rising.
select nextval(pg_get_serial_sequence('outbox', 'seq')) as place from generate_series(1, :number);

-- name: untold(owner, own, most)
-- The oldest events of the outbox that nobody is telling: whose claim has ended, or (`own`) one's own.
select seq, district_id, environment, user_id, event_id, type, at, data, traceparent
  from outbox
 where claimed_until <= now() or (:own and outbox.owner = :owner)
 order by seq limit :most for update skip locked;

-- name: told(seqs)!
-- Forget events that the broker has acknowledged.
delete from outbox where seq = any(:seqs::bigint[]);

-- name: remove_unseen(before, most)
-- Remove devices that were not seen since a moment.
delete from devices
 where (district_id, environment, installation_id) in (
       select district_id, environment, installation_id from devices where seen_at < :before limit :most
          for update skip locked)
returning district_id, environment, user_id, installation_id, platform, app, token, token_kind,
          apns_environment, settings, registered_at, seen_at, spare_until;

-- name: remove_old_rows(before, most)$
-- Remove deliveries that ended and are older than a moment; return how many.
with old as (
    select delivery_id from deliveries where written_at < :before and state <> 'queued' limit :most
       for update skip locked
), gone as (
    delete from deliveries d using old where d.delivery_id = old.delivery_id returning 1
)
select count(*) from gone;

-- name: own_devices(district, environment, user)
-- A user's devices, for the user.
select district_id, environment, user_id, installation_id, platform, app, token, token_kind, apns_environment,
       settings, registered_at, seen_at, spare_until
  from devices where district_id = :district and environment = :environment and user_id = :user
 order by installation_id;

-- name: displace(district, environment, installation, user, app, digest)
-- Whoever had this token, or this installation signed in to another user, has it no longer.
delete from devices
 where (app = :app and token_digest = :digest
        and (district_id, environment, installation_id) <> (:district, :environment, :installation))
    or (district_id = :district and environment = :environment and installation_id = :installation
        and user_id <> :user)
returning district_id, environment, user_id, installation_id, platform, app, token, token_kind,
          apns_environment, settings, registered_at, seen_at, spare_until;

-- name: register(district, environment, user, installation, platform, app, token, digest, token_kind, apns_environment, settings, seen)^
-- Write a device. Each registration is the app's word that the token is good now.
insert into devices (district_id, environment, user_id, installation_id, platform, app, token, token_digest,
                     token_kind, apns_environment, settings, registered_at, seen_at)
values (:district, :environment, :user, :installation, :platform, :app, :token, :digest, :token_kind,
        :apns_environment, :settings, now(), :seen)
    on conflict (district_id, environment, installation_id) do update
   set platform = excluded.platform, app = excluded.app, token = excluded.token,
       token_digest = excluded.token_digest, token_kind = excluded.token_kind,
       apns_environment = excluded.apns_environment, settings = excluded.settings,
       registered_at = excluded.registered_at, seen_at = excluded.seen_at, spare_until = 'epoch'
returning district_id, environment, user_id, installation_id, platform, app, token, token_kind,
          apns_environment, settings, registered_at, seen_at, spare_until, (xmax = 0) as created;

-- name: move_rows(district, environment, user, installation, lane, provider)!
-- What waits for a device goes the way that it is reached by now.
update deliveries
   set lane = :lane, provider = :provider
 where district_id = :district and environment = :environment and user_id = :user
   and installation_id = :installation and state = 'queued' and lane <> :lane;

-- name: remove_device(district, environment, user, installation)^
-- Remove one device of a user.
delete from devices
 where district_id = :district and environment = :environment and user_id = :user
   and installation_id = :installation
returning district_id, environment, user_id, installation_id, platform, app, token, token_kind,
          apns_environment, settings, registered_at, seen_at, spare_until;

-- name: in_flight(district, environment, user, installation)$
-- How many rows of a device somebody holds: their requests may be out.
select count(*) from deliveries
 where district_id = :district and environment = :environment and user_id = :user
   and installation_id = :installation and state = 'queued' and lease_until > now();

-- name: forget_deliveries(district, environment, user, installation)
-- Remove what is known of a device's deliveries, after its last request was answered.
delete from deliveries
 where district_id = :district and environment = :environment and user_id = :user
   and installation_id = :installation
   and not exists (select 1 from devices v
                    where v.district_id = :district and v.environment = :environment
                      and v.installation_id = :installation and v.user_id = :user)
returning delivery_id;

-- name: deliveries_page(district, environment, user, since, before, before_id, state, most)
-- A district's deliveries, newest first, from a position on; empty `user` or `state` mean any.
select delivery_id, user_id, installation_id, provider, alert_id, purpose, state, reason, attempts, written_at,
       send_before, ended_at
  from deliveries
 where district_id = :district and environment = :environment and (:user = '' or user_id = :user)
   and (:state = '' or state = :state) and written_at >= :since
   and (written_at, delivery_id) < (:before::timestamptz, :before_id::uuid)
 order by written_at desc, delivery_id desc
 limit :most;

-- name: counts(district, environment, since)
-- How many deliveries of a district are in each state since a moment.
select provider, state, count(*) as number
  from deliveries
 where district_id = :district and environment = :environment and written_at >= :since
 group by provider, state;
