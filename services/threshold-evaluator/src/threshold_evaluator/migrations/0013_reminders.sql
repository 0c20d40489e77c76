-- Lunch reminders (product.md section 3, "lunch"): when the timer looks next at what a user was told of a balance.
alter table told add column look_at timestamptz not null default '-infinity';
create index told_to_remind on told (look_at) where thing = 'lunch' and value <> '';
