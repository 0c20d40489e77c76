-- name: add_import(district_id, environment, publisher_id, import_id, alerts, exported_at, at, modes)!
-- A queued import; its package is in import_chunks.
insert into imports (district_id, environment, publisher_id, import_id, status, stage, alerts, exported_at,
    created_at, modes)
values (:district_id, :environment, :publisher_id, :import_id, 'queued', 'staging', :alerts, :exported_at, :at,
    :modes);

-- name: add_chunk(district_id, environment, import_id, number, bytes)!
-- One piece of a package.
insert into import_chunks (district_id, environment, import_id, number, bytes)
values (:district_id, :environment, :import_id, :number, :bytes);

-- name: chunk(import_id, number)$
-- One piece of a package, null after the last.
select bytes from import_chunks where import_id = :import_id and number = :number;

-- name: get_import(district_id, environment, import_id)^
-- One import of the caller's district and environment.
select import_id, publisher_id, status, stage, alerts, exported_at, created_at, finished_at, modes, counts, faults,
    unlisted, backfill, failure
from imports
where import_id = :import_id and district_id = :district_id and environment = :environment;

-- name: list_faults(import_id, after, count)
-- A page of an import's faults, in the order they were found.
select number, file, line, field, reason, detail from import_faults
where import_id = :import_id and number > :after
order by number
limit :count;

-- name: claim_import(owner, lease)^
-- Lease the oldest import that nobody works on; those of one publisher run one after another.
update imports set status = 'running', lease_owner = :owner, leased_until = now() + :lease::interval,
    attempts = attempts + 1
where import_id = (
    select i.import_id from imports i
    where i.status in ('queued', 'running') and i.leased_until < now() and i.not_before <= now()
        and not exists (
            select from imports e
            where e.publisher_id = i.publisher_id and e.submitted < i.submitted
                and e.status in ('queued', 'running')
        )
    order by i.submitted
    limit 1
    for update skip locked
)
returning import_id, district_id, environment, publisher_id, stage, alerts, exported_at, modes, staged, counts,
    faults, confirmed, backfill, attempts,
    (select p.agents_have_portal from publishers p where p.publisher_id = imports.publisher_id)
        as agents_have_portal;

-- name: supersede_waiting(publisher_id, import_id)!
-- An import that waits for a confirmation is overtaken by a newer one of the same publisher; its package goes.
with overtaken as (
    update imports set status = 'superseded', finished_at = now()
    where publisher_id = :publisher_id and import_id <> :import_id and status = 'waiting_for_confirmation'
    returning import_id
)
delete from import_chunks where import_id in (select import_id from overtaken);

-- name: open_imports(publisher_id)$
-- How many imports of a publisher have not ended.
select count(*) from imports
where publisher_id = :publisher_id and status in ('queued', 'running', 'waiting_for_confirmation');

-- name: hold_lease(import_id, owner, lease)!
-- Keep an import for longer; no row when somebody else has it.
update imports set leased_until = now() + :lease::interval
where import_id = :import_id and lease_owner = :owner and status = 'running';

-- name: begin_file(import_id, file)!
-- Forget the faults of a file that is read again from its beginning.
delete from import_faults where import_id = :import_id and file = :file;

-- name: set_progress(import_id, owner, counts, faults, staged, lease)!
-- What has been read so far; the lease is kept by it.
update imports set counts = :counts, faults = :faults, staged = :staged::text[],
    leased_until = now() + :lease::interval
where import_id = :import_id and lease_owner = :owner and status = 'running';

-- name: set_stage(import_id, stage, backfill, unlisted)!
-- Move an import to its next stage.
update imports set stage = :stage, backfill = :backfill, unlisted = :unlisted where import_id = :import_id;

-- name: wait_for_confirmation(import_id, owner, unlisted)!
-- Stop until an administrator or the publisher confirms that so much ends.
update imports set status = 'waiting_for_confirmation', unlisted = :unlisted, lease_owner = null,
    leased_until = '-infinity', attempts = 0
where import_id = :import_id and lease_owner = :owner and status = 'running';

-- name: confirm(district_id, environment, import_id)!
-- Let a waiting import go on.
update imports set status = 'queued', confirmed = true
where import_id = :import_id and district_id = :district_id and environment = :environment
    and status = 'waiting_for_confirmation';

-- name: finish_import(import_id, owner, status, failure, at)!
-- End an import.
update imports set status = :status, failure = :failure, finished_at = :at, lease_owner = null,
    leased_until = '-infinity'
where import_id = :import_id and lease_owner = :owner;

-- name: drop_chunks(import_id)!
-- The package of an import that has ended.
delete from import_chunks where import_id = :import_id;

-- name: drop_scopes(import_id)!
-- What was left to publish of an import that has ended.
delete from import_scopes where import_id = :import_id;

-- name: release_import(import_id, owner, delay, uncounted)!
-- Give an import back, to be taken again after the delay (an interval); uncounted is 1 for a blameless attempt.
update imports set status = 'queued', lease_owner = null, leased_until = '-infinity',
    attempts = attempts - :uncounted::int, not_before = now() + :delay::interval
where import_id = :import_id and lease_owner = :owner;

-- name: listed_lines(publisher_id, file, import_id, ids)
-- Lines of this import that already gave these sourcedIds.
select sourced_id, seen_line from records
where publisher_id = :publisher_id and file = :file and seen_import = :import_id and seen_line > 0
    and sourced_id = any(:ids::text[]);

-- name: missing_targets(publisher_id, import_id, bulk, files, ids)
-- Which of the (file, id) pairs no record has; in a file that is sent whole only what this import lists counts.
select u.file, u.id
from unnest(:files::text[], :ids::text[]) as u (file, id)
where not exists (
    select from records r
    where r.publisher_id = :publisher_id and r.file = u.file and r.sourced_id = u.id
        and (r.seen_import = :import_id or not (u.file = any(:bulk::text[])))
);

-- name: put_records(district_id, environment, publisher_id, file, import_id, ids, lines, statuses, moments, dated, fields)!
-- Good rows, one array a column. A row that says the same with a blank date keeps the date it had.
insert into records (district_id, environment, publisher_id, file, sourced_id, seen_line, status, modified_at,
    fields, seen_import, first_import, dirty)
select :district_id, :environment, :publisher_id, :file, u.id, u.line, u.status, u.moment, u.fields::jsonb,
    :import_id, :import_id, true
from unnest(:ids::text[], :lines::int[], :statuses::text[], :moments::timestamptz[], :fields::text[])
    as u (id, line, status, moment, fields)
on conflict (publisher_id, file, sourced_id) do update set
    seen_import = excluded.seen_import,
    seen_line = excluded.seen_line,
    dirty = records.dirty or (records.fields, records.status) is distinct from (excluded.fields, excluded.status),
    modified_at = case
        when (records.fields, records.status) is distinct from (excluded.fields, excluded.status)
            or excluded.sourced_id = any(:dated::text[])
        then excluded.modified_at
        else records.modified_at
    end,
    status = excluded.status,
    fields = excluded.fields;

-- name: see_bad_rows(publisher_id, file, import_id, ids)!
-- A bad row of a known record keeps the record as it was: it is listed, so it does not end.
update records set seen_import = :import_id, seen_line = 0
where publisher_id = :publisher_id and file = :file and sourced_id = any(:ids::text[]);

-- name: add_faults(district_id, environment, import_id, files, lines, fields, reasons, details)!
-- Faults of rows, one array a column.
insert into import_faults (district_id, environment, import_id, file, line, field, reason, detail)
select :district_id, :environment, :import_id, u.*
from unnest(:files::text[], :lines::int[], :fields::text[], :reasons::text[], :details::text[]) as u;

-- name: count_unlisted(publisher_id, import_id, bulk)^
-- Of the records of files sent whole that were live before: how many, and how many this import does not list.
select count(*) filter (where first_import <> :import_id) as live,
    count(*) filter (where seen_import <> :import_id) as unlisted
from records
where publisher_id = :publisher_id and file = any(:bulk::text[]) and status = 'active';

-- name: has_bulk_before(publisher_id, import_id)$
-- Whether an earlier import of the publisher was a bulk that went through.
select exists (
    select from imports
    where publisher_id = :publisher_id and import_id <> :import_id
        and status in ('completed', 'completed_with_errors')
        and jsonb_path_exists(modes, '$.* ? (@ == "bulk")')
);

-- name: end_unlisted(publisher_id, import_id, bulk, exported_at)!
-- What a bulk no longer lists is to be deleted, as of the export.
update records set status = 'tobedeleted', dirty = true, modified_at = greatest(modified_at, :exported_at)
where publisher_id = :publisher_id and file = any(:bulk::text[]) and status = 'active'
    and seen_import <> :import_id;

-- name: add_all_scopes(district_id, environment, publisher_id, import_id)!
-- Everything there is to derive, and everything that was ever published.
insert into import_scopes (district_id, environment, import_id, step, scope)
select :district_id, :environment, :import_id, s.step, s.scope
from (
    select 1 as step, '' as scope
    union select 2, sourced_id from records where publisher_id = :publisher_id and file = 'users'
    union select 3, sourced_id from records where publisher_id = :publisher_id and file = 'classes'
    union select case kind when 'assignment' then 3 else 2 end, scope from things
        where publisher_id = :publisher_id and kind in ('student', 'enrollment', 'portal_access', 'assignment')
) s
on conflict do nothing;

-- name: has_wide_change(publisher_id)$
-- Whether something changed that anything may depend on.
select exists (
    select from records
    where publisher_id = :publisher_id and dirty and file in ('orgs', 'academicSessions', 'courses', 'classes')
);

-- name: add_changed_scopes(district_id, environment, publisher_id, import_id)!
-- The students and classes that changed rows belong to.
with changed as (
    select file, sourced_id, user_id, class_id, line_item_id from records
    where publisher_id = :publisher_id and dirty
        and file in ('users', 'roles', 'enrollments', 'lineItems', 'results')
), people as (
    select sourced_id as id from changed where file = 'users'
    union select user_id from changed where file in ('roles', 'enrollments')
)
insert into import_scopes (district_id, environment, import_id, step, scope)
select :district_id, :environment, :import_id, s.step, s.scope
from (
    select 2 as step, id as scope from people
    union select 2, r.sourced_id from records r
        where r.publisher_id = :publisher_id and r.file = 'users'
            and string_to_array(replace(r.fields ->> 'agentSourcedIds', ' ', ''), ',')
                && (select array_agg(id) from people)
    union select 3, class_id from changed where file in ('enrollments', 'lineItems')
    union select 3, l.class_id from changed c
        join records l on l.publisher_id = :publisher_id and l.file = 'lineItems'
            and l.sourced_id = c.line_item_id
        where c.file = 'results'
) s
where s.scope is not null
on conflict do nothing;

-- name: next_scopes(import_id, students, classes)
-- What to derive next: organisations, then students, then classes; only one of them at a time.
select step, scope from import_scopes
where import_id = :import_id
    and step = (select min(step) from import_scopes where import_id = :import_id)
order by scope
limit (select case min(step) when 3 then :classes::int else :students::int end from import_scopes
    where import_id = :import_id);

-- name: records_by_id(publisher_id, file, ids)
-- Records of one file by sourcedId.
select sourced_id, status, modified_at, fields from records
where publisher_id = :publisher_id and file = :file and sourced_id = any(:ids::text[]);

-- name: records_of_file(publisher_id, file)
-- All records of a small file.
select sourced_id, status, modified_at, fields from records
where publisher_id = :publisher_id and file = :file;

-- name: records_of_users(publisher_id, file, ids)
-- Records of one file that name these users.
select sourced_id, status, modified_at, fields, user_id as group from records
where publisher_id = :publisher_id and file = :file and user_id = any(:ids::text[])
order by sourced_id;

-- name: records_of_classes(publisher_id, file, ids)
-- Records of one file that name these classes.
select sourced_id, status, modified_at, fields, class_id as group from records
where publisher_id = :publisher_id and file = :file and class_id = any(:ids::text[])
order by sourced_id;

-- name: results_of_classes(publisher_id, ids)
-- The results of the line items of these classes.
select r.sourced_id, r.status, r.modified_at, r.fields, l.class_id as group
from records l
join records r on r.publisher_id = :publisher_id and r.file = 'results' and r.line_item_id = l.sourced_id
where l.publisher_id = :publisher_id and l.file = 'lineItems' and l.class_id = any(:ids::text[]);

-- name: things_of_scopes(publisher_id, kinds, scopes)
-- What was published of these scopes.
select kind, thing_id, scope, owner, identity, needed, digest, modified_at, ended from things
where publisher_id = :publisher_id and kind = any(:kinds::text[]) and scope = any(:scopes::text[]);

-- name: put_things(district_id, environment, publisher_id, kinds, ids, scopes, owners, identities, neededs, digests, moments, endeds)!
-- What has now been published, one array a column.
insert into things (district_id, environment, publisher_id, kind, thing_id, scope, owner, identity, needed, digest,
    modified_at, ended)
select :district_id, :environment, :publisher_id, u.kind, u.id, u.scope, u.owner, u.identity::jsonb,
    u.needed::jsonb, u.digest, u.moment, u.ended
from unnest(:kinds::text[], :ids::text[], :scopes::text[], :owners::text[], :identities::text[],
    :neededs::text[], :digests::bytea[], :moments::timestamptz[], :endeds::boolean[])
    as u (kind, id, scope, owner, identity, needed, digest, moment, ended)
on conflict (publisher_id, kind, thing_id) do update set
    scope = excluded.scope,
    owner = excluded.owner,
    needed = excluded.needed,
    digest = excluded.digest,
    modified_at = excluded.modified_at,
    ended = excluded.ended;

-- name: drop_done_scopes(import_id, step, scopes)!
-- What has been derived and published.
delete from import_scopes where import_id = :import_id and step = :step and scope = any(:scopes::text[]);

-- name: clean_records(publisher_id)!
-- Everything derived is published.
update records set dirty = false where publisher_id = :publisher_id and dirty;
