-- A transaction that goes on may have read settings before they changed: what it holds or sends is looked at after
-- it, too. This is the first transaction that began too late for that; null: nobody has looked yet.
alter table recalculations add column again_after xid8;
