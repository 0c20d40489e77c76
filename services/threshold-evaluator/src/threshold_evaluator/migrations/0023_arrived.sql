-- When a change first came to the evaluator, on the product's clock, where that was before it was decided: it waited for
-- its roster. Whether it came late depends on it, in a preview too.
alter table changes add column arrived_at timestamptz;  -- null: as it was decided
