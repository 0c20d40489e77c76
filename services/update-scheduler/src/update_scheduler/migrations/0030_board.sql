-- The board in the order that it shows: dated requests by their date, the others by how long they have waited.
alter table requests add column sort_at timestamptz not null generated always as (
    case when status in ('scheduled', 'not_started') and slot_at is not null and cancelled_at is null
        then slot_at else moved_at end
) stored;
drop index requests_board;
create index requests_board on requests (status, sort_at, id) where open;
create index requests_removed on requests (moved_at desc, id desc)
    where cancelled_at is not null or deleted_at is not null;

-- Places held from some day on, counted from the index alone.
drop index requests_by_slot;
create index requests_by_slot on requests (window_id, slot_ends_at, slot_starts_at) where window_id is not null;

-- What is scheduled for a district's sites.
create index requests_planned on requests (district_id, slot_at) where open and slot_at is not null;
