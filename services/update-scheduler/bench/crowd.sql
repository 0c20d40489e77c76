-- 2,000 districts with four sites each, and 100,000 requests: 5,000 of them open, in every status.
insert into districts (district_id, name, state, timezone)
select 'bench-' || n, 'Bench District ' || n, 'IL', 'America/Chicago' from generate_series(1, 2000) n;

insert into sites (id, district_id, environment, hosting, name, version)
select 'bench-' || n || '.' || e, 'bench-' || n, e, case when n % 5 = 0 then 'asp' else 'cloud' end,
    'Bench ' || n || ' ' || e, '2607'
from generate_series(1, 2000) n, unnest(array['production', 'sandbox', 'staging', 'preview']) e;

alter table requests disable trigger requests_came;
alter table requests drop constraint if exists requests_newer_id_fkey;

with drawn as (
    select n, 'bench-' || (1 + n % 2000) as district_id,
        (array['production', 'staging', 'preview'])[1 + n % 3] as environment,
        case
            when n % 20 > 0 then (array['completed', 'completed', 'unable_to_complete', 'new_version_requested'])[1 + n % 4]
            else (array['to_be_scheduled', 'scheduled', 'not_started', 'in_progress', 'pending_input',
                'deferred'])[1 + (n / 20) % 6]
        end as status,
        timestamptz '2026-11-22 15:00Z' - n * interval '4 minutes' as at,
        timestamptz '2026-11-26 06:30Z' + (n % 40) * interval '7 days' as slot
    from generate_series(1, 100000) n
)
insert into requests (id, district_id, environment, kind, version, site_ids, status, revision, slot_at,
    slot_starts_at, slot_ends_at, window_id, began_at, came_from, completed_at, newer_id, reason, requested_by,
    note, moved_at, created_at)
select gen_random_uuid(), district_id, environment, 'version_update', '2611',
    case when environment = 'production' then array[district_id || '.production', district_id || '.sandbox']
        else array[district_id || '.' || environment] end,
    status, 1, dated.slot, dated.slot, dated.slot + interval '3 hours',
    case when dated.slot is not null then (select id from windows where effective_until is null
        and hosting = 'cloud' order by id limit 1) end,
    case when status in ('in_progress', 'completed') then at end,
    case when status = 'pending_input' then 'to_be_scheduled' end,
    case when status = 'completed' then at end,
    case when status = 'new_version_requested' then gen_random_uuid() end,
    case when status = 'unable_to_complete' then 'No disk is left.' else '' end,
    'bench-contact', 'Please not before the report cards are out.', at, at
from drawn cross join lateral (
    select case when status in ('scheduled', 'not_started', 'in_progress') then slot end as slot
) dated;

alter table requests enable trigger requests_came;
analyze;
