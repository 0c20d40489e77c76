-- name: find_key(key_id)^
-- One key with its publisher, unless the publisher is revoked or the key has expired.
select k.digest, p.publisher_id, p.district_id, p.environment
from publisher_keys k
join publishers p using (publisher_id)
where k.key_id = :key_id and p.revoked_at is null and k.expires_at > now();

-- name: add_publisher(district_id, environment, publisher_id, name, agents_have_portal, at, by)!
-- A new publisher, without a key yet.
insert into publishers (district_id, environment, publisher_id, name, agents_have_portal, created_at, created_by)
values (:district_id, :environment, :publisher_id, :name, :agents_have_portal, :at, :by);

-- name: add_key(district_id, environment, publisher_id, key_id, digest, at)!
-- A key of a publisher; only the hash of its secret.
insert into publisher_keys (district_id, environment, publisher_id, key_id, digest, created_at)
values (:district_id, :environment, :publisher_id, :key_id, :digest, :at);

-- name: lock_publisher(district_id, environment, publisher_id)^
-- The caller's own publisher that is not revoked, locked for a change of its keys.
select publisher_id from publishers
where publisher_id = :publisher_id and district_id = :district_id and environment = :environment
    and revoked_at is null
for update;

-- name: has_publisher(district_id, environment, publisher_id)$
-- Whether the district has such a publisher, revoked or not.
select exists (
    select from publishers
    where publisher_id = :publisher_id and district_id = :district_id and environment = :environment
);

-- name: end_keys(publisher_id, overlap)
-- Let every key of a publisher expire after the overlap (an interval), unless it does so sooner; answer which.
update publisher_keys set expires_at = least(expires_at, now() + :overlap::interval)
where publisher_id = :publisher_id
returning key_id;

-- name: revoke_publisher(district_id, environment, publisher_id, at)!
-- End a publisher; its keys stop at once.
update publishers set revoked_at = :at
where publisher_id = :publisher_id and district_id = :district_id and environment = :environment
    and revoked_at is null;

-- name: list_publishers(district_id, environment, after_at, after_id, count)
-- A page of the publishers of a district, oldest first, with their keys that have not expired.
select p.publisher_id, p.name, p.agents_have_portal, p.created_at, p.revoked_at,
    coalesce(
        (select jsonb_agg(jsonb_build_object(
                'id', k.key_id,
                'created_at', k.created_at,
                'expires_at', case when k.expires_at = 'infinity' then null else k.expires_at end
            ) order by k.created_at, k.key_id)
            from publisher_keys k where k.publisher_id = p.publisher_id and k.expires_at > now()),
        '[]'
    ) as keys
from publishers p
where p.district_id = :district_id and p.environment = :environment
    and (p.created_at, p.publisher_id) > (:after_at::timestamptz, :after_id::text)
order by p.created_at, p.publisher_id
limit :count;

-- name: add_audit_lines(districts, environments, ats, actors, actions, details)!
-- Audit lines, one array a column.
insert into audit_lines (district_id, environment, at, actor, action, detail)
select d, e, t, a, n, j::jsonb
from unnest(:districts::text[], :environments::text[], :ats::timestamptz[], :actors::text[], :actions::text[],
    :details::text[]) as u (d, e, t, a, n, j);
