-- name: groups_of_user(user_id)
-- The groups that a person is a contact of, each with its districts.
select c.group_id, coalesce(array_agg(distinct d.district_id) filter (where d.district_id is not null), '{}')
    as districts
from contacts c left join group_districts d on d.group_id = c.group_id
where c.user_id = :user_id and c.role = 'group_contact'
group by c.group_id;

-- name: upsert_district(district_id, name, state, timezone)!
-- The district of a new site; an empty name keeps what is known.
insert into districts (district_id, name, state, timezone)
values (:district_id, coalesce(nullif(:name, ''), :district_id), :state, :timezone)
on conflict (district_id) do update
set name = coalesce(nullif(:name, ''), districts.name), state = coalesce(nullif(:state, ''), districts.state),
    timezone = excluded.timezone;

-- name: insert_site(id, district_id, environment, hosting, name, version)!
-- A new site, unless the district has one of this kind.
insert into sites (id, district_id, environment, hosting, name, version)
values (:id, :district_id, :environment, :hosting, :name, :version)
on conflict do nothing;

-- name: shown_sites(ids, districts, after, most)
-- Sites with what is scheduled for them.
select s.*, d.name as district_name, d.timezone,
    coalesce((
        select json_agg(json_build_object('request_id', r.id, 'kind', r.kind, 'version', r.version,
            'status', r.status, 'at', r.slot_at) order by r.slot_at)
        from requests r
        where r.open and r.slot_at is not null and r.district_id = s.district_id and s.id = any(r.site_ids)
    ), '[]') as planned
from sites s join districts d using (district_id)
where (:ids::text[] is null or s.id = any(:ids::text[]))
    and (:districts::text[] is null or s.district_id = any(:districts::text[]))
    and s.id > :after
order by s.id
limit :most;

-- name: site_history(site_id)
-- What ran there since when.
select version, since, request_id from site_versions where site_id = :site_id order by since desc;

-- name: insert_release(version, released_on, notes)!
-- A release after all others.
insert into releases (version, release_position, pack, released_on, notes)
select :version, coalesce(max(release_position), 0) + 1, 0, :released_on, :notes from releases
on conflict (version) do nothing;

-- name: insert_pack(version, rx_of, released_on, notes)!
-- An Rx pack after its release and the packs that it has.
insert into releases (version, release_position, pack, rx_of, released_on, notes)
select :version, r.release_position,
    (select max(pack) + 1 from releases p where p.release_position = r.release_position), r.version,
    :released_on, :notes
from releases r where r.version = :rx_of and r.pack = 0
on conflict (version) do nothing;

-- name: all_releases()
-- The catalogue in its order, oldest first.
select version, coalesce(rx_of, '') as rx_of, released_on, notes
from releases order by release_position, pack;

-- name: insert_contact(id, name, email, role, district_id, group_id, user_id)!
-- A contact, unless its district or group has the address.
insert into contacts (id, name, email, role, district_id, group_id, user_id)
values (:id, :name, :email, :role, nullif(:district_id, ''), nullif(:group_id, ''), nullif(:user_id, ''))
on conflict do nothing;

-- name: list_contacts(id, districts, groups, everybody, after, most)
-- Contacts of districts and groups.
select id, name, email, coalesce(district_id, '') as district_id, coalesce(group_id, '') as group_id,
    coalesce(user_id, '') as user_id
from contacts
where (:id::uuid is null or id = :id)
    and (:everybody or district_id = any(:districts::text[]) or group_id = any(:groups::text[]))
    and (:after::uuid is null or id > :after)
order by id
limit :most;

-- name: delete_contact(id)!
-- Forget a contact.
delete from contacts where id = :id;

-- name: insert_window(row)!
-- A new window.
insert into windows select * from jsonb_populate_record(null::windows, :row::jsonb);

-- name: list_windows(after, most)
-- Windows by id.
select * from windows where :after::uuid is null or id > :after order by id limit :most;

-- name: end_window(id, until)^
-- The rule holds no longer from this local day on.
update windows set effective_until = :until where id = :id returning *;

-- name: insert_blackout(id, starts_at, ends_at, hosting, reason)!
-- A new blackout.
insert into blackouts (id, starts_at, ends_at, hosting, reason)
values (:id, :starts_at, :ends_at, :hosting, :reason);

-- name: touched_by(starts_at, ends_at, hosting)$
-- How many requests keep a slot that the span touches.
select count(*)::int
from requests r join sites s on s.id = r.site_ids[1]
where r.open and r.slot_starts_at < :ends_at and r.slot_ends_at > :starts_at
    and (:hosting::text is null or s.hosting = :hosting);

-- name: list_blackouts(after, most)
-- Blackouts by id.
select * from blackouts where :after::uuid is null or id > :after order by id limit :most;

-- name: delete_blackout(id)!
-- Take a blackout back.
delete from blackouts where id = :id;

-- name: insert_group(id, name, kind)!
-- A new group, unless the id is taken.
insert into groups (id, name, kind) values (:id, :name, :kind) on conflict do nothing;

-- name: list_groups(ids, after, most)
-- Groups with their districts.
select g.id, g.name, g.kind,
    coalesce(array_agg(d.district_id order by d.district_id) filter (where d.district_id is not null), '{}')
        as districts
from groups g left join group_districts d on d.group_id = g.id
where (:ids::text[] is null or g.id = any(:ids::text[])) and g.id > :after
group by g.id
order by g.id
limit :most;

-- name: join_group(group_id, district_id, at)!
-- Put a district in a group.
insert into group_districts (group_id, district_id, links, since)
select g.id, d.district_id, g.kind in ('state', 'consortium'), :at
from groups g, districts d where g.id = :group_id and d.district_id = :district_id
on conflict do nothing;

-- name: linked_group(district_id)^
-- The group that a district moves with.
select g.id, g.name from group_districts d join groups g on g.id = d.group_id
where d.links and d.district_id = :district_id;

-- name: in_group(group_id, district_id)$
-- Is the district in the group?
select exists(select from group_districts where group_id = :group_id and district_id = :district_id);

-- name: leave_group(group_id, district_id)!
-- Take a district out of a group.
delete from group_districts where group_id = :group_id and district_id = :district_id;

-- name: keep_own(group_id, district_id)!
-- A leaver keeps its own requests: they move by themselves from now on.
update requests r set group_left = true
from group_requests g
where g.id = r.group_request_id and g.group_id = :group_id and r.district_id = :district_id and r.open;

-- name: shown_requests(id, districts, statuses, kind, site_id, group_request, removed, after_at, after_id, most)
-- Requests, newest first, with the ones they replaced and whether a blackout touches their slot.
select r.*,
    coalesce((select array_agg(o.id order by o.created_at) from requests o where o.newer_id = r.id), '{}')
        as replaces,
    r.open and r.slot_at is not null and exists (
        select from blackouts b join sites s on s.id = r.site_ids[1]
        where b.starts_at < r.slot_ends_at and b.ends_at > r.slot_starts_at
            and (b.hosting is null or b.hosting = s.hosting)
    ) as in_blackout
from requests r
where (:id::uuid is null or r.id = :id)
    and (:districts::text[] is null or r.district_id = any(:districts::text[]))
    and (:statuses::text[] is null or r.status = any(:statuses::text[]))
    and (:kind::text is null or r.kind = :kind)
    and (:site_id = '' or r.site_ids @> array[:site_id])
    and (:group_request::uuid is null or r.group_request_id = :group_request)
    and (:removed or (r.cancelled_at is null and r.deleted_at is null))
    and (:after_at::timestamptz is null or (r.created_at, r.id) < (:after_at, :after_id::uuid))
order by r.created_at desc, r.id desc
limit :most;

-- name: audit_of(request_id)
-- The audit lines of a request.
select seq, from_status, to_status, at, by_role, by_user, note, scheduled_for
from transitions where request_id = :request_id order by seq;

-- name: audit_of_person(user_id, after_at, after_n, most)
-- What a person did, newest first.
select id, request_id, district_id, environment, seq, from_status, to_status, at, by_role, by_user, note,
    scheduled_for
from transitions
where by_user = :user_id
    and (:after_at::timestamptz is null or (at, id) < (:after_at, :after_n::bigint))
order by at desc, id desc
limit :most;

-- name: messages_of(request_id)
-- The thread of a request.
select id, at, by_role, by_user, body from messages where request_id = :request_id order by at, n;
