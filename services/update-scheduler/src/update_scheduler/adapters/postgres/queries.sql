-- name: request_by_id(id)^
-- One request, unlocked.
select * from requests where id = :id;

-- name: lock_requests(ids)
-- Requests locked until the end of the transaction, in one order so that no two wait for each other.
select * from requests where id = any(:ids::uuid[]) order by id for update;

-- name: lock_open_versions(districts)
-- Open version requests of districts, locked. Their sites are locked already.
select * from requests
where open and kind = 'version_update' and district_id = any(:districts::text[])
order by id for update;

-- name: members_of(group_request)
-- The requests of a group request.
select * from requests where group_request_id = :group_request order by district_id;

-- name: group_request_by_id(id)^
-- One group request, unlocked.
select * from group_requests where id = :id;

-- name: lock_group_request(id)^
-- One group request, locked.
select * from group_requests where id = :id for update;

-- name: groups_of_requests(ids)
-- The group of each group request.
select id, group_id from group_requests where id = any(:ids::uuid[]);

-- name: touch_group_request(id)!
-- One revision on.
update group_requests set revision = revision + 1 where id = :id;

-- name: insert_group_request(row)!
-- A new group request.
insert into group_requests select * from jsonb_populate_record(null::group_requests, :row::jsonb);

-- name: insert_requests(rows)!
-- New requests; the generated column is left out.
insert into requests (id, district_id, environment, kind, version, site_ids, status, revision, slot_at,
    slot_starts_at, slot_ends_at, window_id, began_at, came_from, answered, completed_at, newer_id, reason,
    cancelled_at, deleted_at, scrubbed, requested_by, note, preferred_at, group_request_id, group_left,
    moved_at, created_at)
select id, district_id, environment, kind, version, site_ids, status, revision, slot_at,
    slot_starts_at, slot_ends_at, window_id, began_at, came_from, answered, completed_at, newer_id, reason,
    cancelled_at, deleted_at, scrubbed, requested_by, note, preferred_at, group_request_id, group_left,
    moved_at, created_at
from jsonb_populate_recordset(null::requests, :rows::jsonb);

-- name: update_requests(rows)!
-- What became of requests; what never changes is left alone.
update requests r
set status = n.status, revision = n.revision, slot_at = n.slot_at, slot_starts_at = n.slot_starts_at,
    slot_ends_at = n.slot_ends_at, window_id = n.window_id, began_at = n.began_at, came_from = n.came_from,
    answered = n.answered, completed_at = n.completed_at, newer_id = n.newer_id, reason = n.reason,
    cancelled_at = n.cancelled_at, deleted_at = n.deleted_at, scrubbed = n.scrubbed, moved_at = n.moved_at
from jsonb_populate_recordset(null::requests, :rows::jsonb) n
where r.id = n.id;

-- name: lock_sites(districts)
-- All sites of districts, locked: whatever touches a district's requests waits here for its turn.
select id, district_id, environment, hosting, name, version
from sites where district_id = any(:districts::text[])
order by id for no key update;

-- name: catalogue()
-- All versions with their places.
select version, release_position, pack from releases;

-- name: districts_by_id(ids)
-- Districts with the zone that mail tells times in.
select district_id, name, timezone from districts where district_id = any(:ids::text[]);

-- name: links_of(districts)
-- The linked group of each district that has one.
select d.district_id, g.id, g.name
from group_districts d join groups g on g.id = d.group_id
where d.links and d.district_id = any(:districts::text[]);

-- name: group_by_id(id)^
-- A group with its districts.
select g.id, g.name, g.kind,
    coalesce(array_agg(d.district_id order by d.district_id) filter (where d.district_id is not null), '{}')
        as districts
from groups g left join group_districts d on d.group_id = g.id
where g.id = :id
group by g.id;

-- name: lock_windows(hosting, kind)
-- The windows for a hosting type and kind, locked: bookings of one window happen one after the other.
select * from windows where hosting = :hosting and :kind = any(kinds) order by id for update;

-- name: windows_for(hosting, kind)
-- The same, unlocked, to look at.
select * from windows where hosting = :hosting and :kind = any(kinds) order by id;

-- name: blackouts_for(hosting)
-- Blackouts of a hosting type.
select starts_at, ends_at from blackouts
where hosting is null or hosting = :hosting
order by starts_at;

-- name: taken_places(windows, besides, ending_after)
-- How many requests hold a place in each occurrence that is not over.
select window_id, slot_starts_at, count(*)::int as held
from requests
where window_id = any(:windows::uuid[]) and slot_ends_at > :ending_after and not id = any(:besides::uuid[])
group by window_id, slot_starts_at;

-- name: recipients(districts, groups, requesters)
-- Contacts of districts and groups, and group contacts who asked.
select name, email, coalesce(district_id, '') as district_id, coalesce(group_id, '') as group_id,
    coalesce(user_id, '') as user_id,
    array(select d.district_id from group_districts d where d.group_id = contacts.group_id) as reach
from contacts
where district_id = any(:districts::text[]) or group_id = any(:groups::text[])
    or (role = 'group_contact' and user_id = any(:requesters::text[]))
order by lower(email), id;

-- name: insert_transitions(rows)!
-- Audit lines; the number within the request follows the ones there (its row is locked).
insert into transitions (request_id, district_id, environment, seq, from_status, to_status, at, by_role, by_user,
    note, scheduled_for)
select n.request_id, n.district_id, n.environment,
    coalesce((select max(t.seq) from transitions t where t.request_id = n.request_id), 0) + 1,
    n.from_status, n.to_status, n.at, n.by_role, n.by_user, n.note, n.scheduled_for
from jsonb_populate_recordset(null::transitions, :rows::jsonb) n;

-- name: insert_message(id, request_id, district_id, environment, at, by_role, by_user, body)!
-- One line in a thread.
insert into messages (id, request_id, district_id, environment, at, by_role, by_user, body)
values (:id, :request_id, :district_id, :environment, :at, :by_role, :by_user, :body);

-- name: set_versions(site_ids, versions, requests, at)!
-- Completed version updates: the sites run the version now, and the history says since when.
with done as (
    select * from unnest(:site_ids::text[], :versions::text[], :requests::uuid[]) as d(site_id, version, request_id)
), history as (
    insert into site_versions (site_id, district_id, environment, version, since, request_id)
    select s.id, s.district_id, s.environment, d.version, :at, d.request_id
    from done d join sites s on s.id = d.site_id
    on conflict do nothing
)
update sites s set version = d.version, updated_at = :at from done d where s.id = d.site_id;

-- name: set_copied(site_ids, at)!
-- Completed refreshes: the copy date, and mail and push turned off there.
update sites set refreshed_at = :at, scrubbed_at = :at where id = any(:site_ids::text[]);

-- name: insert_events(rows)!
-- Lifecycle events, in the order given.
insert into event_outbox (id, site_id, district_id, environment, type, at, data)
select (e ->> 'id')::uuid, e ->> 'site_id', e ->> 'district_id', e ->> 'environment', e ->> 'type',
    (e ->> 'at')::timestamptz, e -> 'data'
from jsonb_array_elements(:rows::jsonb) with ordinality as rows(e, n)
order by n
on conflict (id) do nothing;

-- name: insert_mails(rows, at)!
-- Mail to be sent, in the order given.
insert into mail_outbox (message_id, request_id, district_id, environment, recipient, subject, body, html,
    created_at)
select m ->> 'message_id', (m ->> 'request_id')::uuid, m ->> 'district_id', m ->> 'environment',
    m ->> 'recipient', m ->> 'subject', m ->> 'body', m ->> 'html', :at
from jsonb_array_elements(:rows::jsonb) with ordinality as rows(m, n)
order by n
on conflict (message_id) do nothing;

-- name: remember_key(user_id, key, digest, request_id, at)^
-- Keep an idempotency key, or answer what holds it.
with fresh as (
    insert into idempotency_keys (user_id, key, digest, request_id, at)
    values (:user_id, :key, :digest, :request_id, :at)
    on conflict (user_id, key) do update set at = idempotency_keys.at
    returning request_id, digest
)
select request_id, digest from fresh;

-- name: lock_soon(now, until)
-- Scheduled requests whose date lies ahead, not later than `until`; those in hand elsewhere come next time.
select * from requests r
where open and status = 'scheduled' and slot_at > :now and slot_at <= :until
    and not exists (
        select from reminders m
        where m.request_id = r.id and m.slot_at = r.slot_at
            and (m.lead = '24 hours' or r.slot_at > :now + interval '24 hours')
    )
order by id
for update skip locked;

-- name: remember_reminders(rows, at)
-- Keep which reminders go out now; answers those that had not.
insert into reminders (request_id, district_id, environment, slot_at, lead, at)
select request_id, district_id, environment, slot_at, lead, :at
from jsonb_populate_recordset(null::reminders, :rows::jsonb)
on conflict do nothing
returning request_id;
