-- An alert that is sent again goes under another id, in a summary or out of one: why shows what became of each
-- (product.md section 4, "Why").
alter table decisions add column carriers uuid[] not null default '{}';  -- that carried it before sent_as
