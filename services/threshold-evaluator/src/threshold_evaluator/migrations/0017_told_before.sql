-- What users had been told before what they were told last, as far back as previews look: a preview begins with what
-- a user had been told by then (product.md section 4, "Preview"), whatever was said since, reminders too.
alter table told add column past jsonb not null default '[]';  -- [[told at, value], ...]

-- What was told before, with one telling more. Of those older than 31 days only the last is of use.
create function told_before(past jsonb, told_at timestamptz, value text, now timestamptz) returns jsonb
language sql stable
return (
    with tellings as (
        select each, (each ->> 0)::timestamptz as at
        from jsonb_array_elements(past || jsonb_build_array(jsonb_build_array(told_at, value))) as t(each)
    )
    select jsonb_agg(each order by at)
    from tellings
    where at >= coalesce((select max(at) from tellings where at < now - interval '31 days'), '-infinity')
);
