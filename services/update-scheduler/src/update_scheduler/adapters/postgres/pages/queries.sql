-- name: board_rows(statuses, search, id_from, id_until, kind, hosting, environment, flag, window_id, starts_at, after_at, after_id, now, per)
-- Open requests of each status: waiting ones by how long they have waited, dated ones by their date.
-- What is overdue is domain.states.overdue, said to the database.
select x.* from unnest(:statuses::text[]) with ordinality as s(status, n)
cross join lateral (
    select r.*, d.name as district_name, d.state, t.hosting, t.version as runs,
        coalesce((select g.group_name from group_requests g where g.id = r.group_request_id and not r.group_left), '')
            as group_name,
        (select count(*) from messages m where m.request_id = r.id)::int as lines,
        r.slot_at is not null and exists (select from blackouts b where b.starts_at < r.slot_ends_at
            and b.ends_at > r.slot_starts_at and (b.hosting is null or b.hosting = t.hosting)) as in_blackout
    from requests r join districts d using (district_id) join sites t on t.id = r.site_ids[1]
    where r.open and r.status = s.status
        and (:kind::text is null or r.kind = :kind)
        and (:environment::text is null or r.environment = :environment)
        and (:hosting::text is null or t.hosting = :hosting)
        and (:window_id::uuid is null or (r.window_id = :window_id and r.slot_starts_at = :starts_at))
        and (:search = '' or r.district_id in (select n.district_id from districts n
                where n.name ilike '%' || :search || '%' or n.district_id ilike :search || '%')
            or r.version ilike :search || '%' or r.id between :id_from::uuid and :id_until::uuid)
        and (:flag <> 'overdue' or (r.status in ('scheduled', 'not_started') and r.slot_ends_at <= :now::timestamptz))
        and (:flag <> 'answered' or r.answered)
        and (:flag <> 'blackout' or (r.slot_at is not null and exists (select from blackouts b
            where b.starts_at < r.slot_ends_at and b.ends_at > r.slot_starts_at
                and (b.hosting is null or b.hosting = t.hosting))))
        and (:after_at::timestamptz is null or (r.sort_at, r.id) > (:after_at, :after_id::uuid))
    order by r.sort_at, r.id
    limit :per
) x
order by s.n, x.sort_at, x.id;

-- name: board_counts(search, id_from, id_until, kind, hosting, environment, flag, window_id, starts_at, now)
-- How many open requests of each status the filter leaves, and how many that call for somebody. Those of one
-- occurrence are counted first, so that each occurrence is held against the blackouts once.
with kept as (
    select r.status, r.slot_starts_at, r.slot_ends_at, t.hosting, count(*) as requests,
        count(*) filter (where r.answered) as answered
    from requests r join sites t on t.id = r.site_ids[1]
    where r.open
        and (:kind::text is null or r.kind = :kind)
        and (:environment::text is null or r.environment = :environment)
        and (:hosting::text is null or t.hosting = :hosting)
        and (:window_id::uuid is null or (r.window_id = :window_id and r.slot_starts_at = :starts_at))
        and (:search = '' or r.district_id in (select n.district_id from districts n
                where n.name ilike '%' || :search || '%' or n.district_id ilike :search || '%')
            or r.version ilike :search || '%' or r.id between :id_from::uuid and :id_until::uuid)
        and (:flag <> 'overdue'
            or (r.status in ('scheduled', 'not_started') and r.slot_ends_at <= :now::timestamptz))
        and (:flag <> 'answered' or r.answered)
    group by r.status, r.slot_starts_at, r.slot_ends_at, t.hosting
), flagged as (
    select k.*, k.status in ('scheduled', 'not_started') and k.slot_ends_at <= :now::timestamptz as overdue,
        k.slot_starts_at is not null and exists (select from blackouts b where b.starts_at < k.slot_ends_at
            and b.ends_at > k.slot_starts_at and (b.hosting is null or b.hosting = k.hosting)) as dark
    from kept k
)
select status, sum(requests)::int as requests, coalesce(sum(requests) filter (where overdue), 0)::int as overdue,
    sum(answered)::int as answered, coalesce(sum(requests) filter (where dark), 0)::int as blackout
from flagged
where :flag <> 'blackout' or dark
group by status;

-- name: closed_rows(status, search, id_from, id_until, kind, hosting, environment, after_at, after_id, per)
-- Closed requests of a status, latest first.
select r.*, d.name as district_name, d.state, t.hosting, t.version as runs,
    coalesce((select g.group_name from group_requests g where g.id = r.group_request_id and not r.group_left), '')
        as group_name,
    (select count(*) from messages m where m.request_id = r.id)::int as lines, false as in_blackout
from requests r join districts d using (district_id) join sites t on t.id = r.site_ids[1]
where not r.open
    and r.status = :status and r.deleted_at is null and r.cancelled_at is null
    and (:kind::text is null or r.kind = :kind)
    and (:environment::text is null or r.environment = :environment)
    and (:hosting::text is null or t.hosting = :hosting)
    and (:search = '' or r.district_id in (select n.district_id from districts n
            where n.name ilike '%' || :search || '%' or n.district_id ilike :search || '%')
        or r.version ilike :search || '%' or r.id between :id_from::uuid and :id_until::uuid)
    and (:after_at::timestamptz is null or (r.moved_at, r.id) < (:after_at, :after_id::uuid))
order by r.moved_at desc, r.id desc
limit :per;

-- name: removed_rows(search, id_from, id_until, kind, hosting, environment, after_at, after_id, per)
-- What was cancelled and deleted, latest first.
select r.*, d.name as district_name, d.state, t.hosting, t.version as runs,
    coalesce((select g.group_name from group_requests g where g.id = r.group_request_id and not r.group_left), '')
        as group_name,
    (select count(*) from messages m where m.request_id = r.id)::int as lines, false as in_blackout
from requests r join districts d using (district_id) join sites t on t.id = r.site_ids[1]
where (r.cancelled_at is not null or r.deleted_at is not null)
    and (:kind::text is null or r.kind = :kind)
    and (:environment::text is null or r.environment = :environment)
    and (:hosting::text is null or t.hosting = :hosting)
    and (:search = '' or r.district_id in (select n.district_id from districts n
            where n.name ilike '%' || :search || '%' or n.district_id ilike :search || '%')
        or r.version ilike :search || '%' or r.id between :id_from::uuid and :id_until::uuid)
    and (:after_at::timestamptz is null or (r.moved_at, r.id) < (:after_at, :after_id::uuid))
order by r.moved_at desc, r.id desc
limit :per;

-- name: rows_by_id(ids)
-- Board rows of requests.
select r.*, d.name as district_name, d.state, t.hosting, t.version as runs,
    coalesce((select g.group_name from group_requests g where g.id = r.group_request_id and not r.group_left), '')
        as group_name,
    (select count(*) from messages m where m.request_id = r.id)::int as lines,
    r.open and r.slot_at is not null and exists (select from blackouts b where b.starts_at < r.slot_ends_at
        and b.ends_at > r.slot_starts_at and (b.hosting is null or b.hosting = t.hosting)) as in_blackout
from requests r join districts d using (district_id) join sites t on t.id = r.site_ids[1]
where r.id = any(:ids::uuid[])
order by r.sort_at, r.id;

-- name: district_lines(ids, search, after, most)
-- Districts by name with their versions; `after` is "name, U+0001, id" of the last one.
select d.district_id, d.name, d.state,
    coalesce((select min(s.hosting) from sites s where s.district_id = d.district_id), 'cloud') as hosting,
    coalesce((select json_object_agg(s.environment, s.version) from sites s where s.district_id = d.district_id), '{}')
        as versions,
    (select count(*) from requests r where r.open and r.district_id = d.district_id)::int as open
from districts d
where (:ids::text[] is null or d.district_id = any(:ids::text[]))
    and (:search = '' or d.name ilike '%' || :search || '%' or d.district_id ilike :search || '%')
    and (d.name || chr(1) || d.district_id) > :after
order by d.name || chr(1) || d.district_id
limit :most;

-- name: group_names(ids)
-- The group's name of each group request.
select id, group_name from group_requests where id = any(:ids::uuid[]);

-- name: group_lines(groups, most)
-- Group requests with the statuses of their members: those in the group that were not cancelled or deleted.
select g.*, m.statuses
from group_requests g cross join lateral (
    select array_agg(r.status) as statuses
    from requests r join group_districts d on d.district_id = r.district_id and d.group_id = g.group_id
    where r.group_request_id = g.id and r.cancelled_at is null and r.deleted_at is null
) m
where g.group_id = any(:groups::text[]) and m.statuses is not null
order by g.created_at desc, g.id
limit :most;

-- name: all_windows()
-- Every window, those that ended too.
select * from windows order by name, id;

-- name: blackouts_in(first, until)
-- Blackouts that touch the span.
select * from blackouts where starts_at < :until and ends_at > :first order by starts_at, id;

-- name: held_in(first, until)
-- Places held in occurrences that start within the span.
select window_id, slot_starts_at, count(*)::int as held from requests
where window_id is not null and slot_starts_at >= :first and slot_starts_at < :until
group by window_id, slot_starts_at;

-- name: booked_in(first, until, districts, each, most)
-- Requests whose slot starts within the span, of districts: at most `each` of one occurrence, and how many it has.
select x.*, d.name as district_name
from (
    select r.*, count(*) over same as alike, row_number() over (same order by r.slot_at, r.id
        rows between unbounded preceding and unbounded following) as place
    from requests r
    where r.slot_at is not null and r.slot_starts_at >= :first and r.slot_starts_at < :until
        and r.cancelled_at is null and r.deleted_at is null
        and (:districts::text[] is null or r.district_id = any(:districts::text[]))
    window same as (partition by r.window_id, r.slot_starts_at)
) x join districts d using (district_id)
where x.window_id is null or x.place <= :each
order by x.slot_at, d.name, x.id
limit :most;

-- name: hides_complete(role, user_id, district_id)$
-- Has the person chosen to hide completed requests?
select hide_complete from page_preferences
where role = :role and user_id = :user_id and district_id = :district_id and environment = 'production';

-- name: set_hide_complete(role, user_id, district_id, hide)!
-- Remember the choice.
insert into page_preferences (role, user_id, district_id, hide_complete)
values (:role, :user_id, :district_id, :hide)
on conflict (role, user_id, district_id, environment) do update set hide_complete = excluded.hide_complete;

-- name: insert_feed(id, token_digest, name, role, user_id, district_id, created_at)!
-- A new feed.
insert into calendar_feeds (id, token_digest, name, role, user_id, district_id, created_at)
values (:id, :token_digest, :name, :role, :user_id, :district_id, :created_at);

-- name: feeds_of(role, user_id, district_id)
-- A person's feeds that are not revoked.
select id, name, role, user_id, district_id, created_at, revoked_at from calendar_feeds
where role = :role and user_id = :user_id and district_id = :district_id and revoked_at is null
order by created_at desc, id;

-- name: feed_by_digest(token_digest)^
-- The feed of a secret.
select id, name, role, user_id, district_id, created_at, revoked_at from calendar_feeds
where token_digest = :token_digest and revoked_at is null;

-- name: revoke_feed(id, role, user_id, district_id, at)!
-- Revoke a person's own feed.
update calendar_feeds set revoked_at = :at
where id = :id and role = :role and user_id = :user_id and district_id = :district_id and revoked_at is null;
