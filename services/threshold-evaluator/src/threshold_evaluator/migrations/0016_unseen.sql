-- What a user's badge counts: unseen items of the inbox, of students whom the user may see now (product.md section 4,
-- "Inbox", and section 5). The counter of the user follows it: up with every item that enters, and counted again
-- when items or students go.
create function unseen_of(district text, environ text, watcher text) returns bigint
language sql stable
return (
    select count(*)
    from inbox i
    join portal_access a using (district_id, environment, student_id, user_id)
    where i.district_id = district and i.environment = environ and i.user_id = watcher
        and i.seen_at is null and a.portal
);

-- Counters that a revocation, or retention, left behind before they were counted again.
update user_counters c
set unseen = unseen_of(c.district_id, c.environment, c.user_id)
where c.unseen <> unseen_of(c.district_id, c.environment, c.user_id);
