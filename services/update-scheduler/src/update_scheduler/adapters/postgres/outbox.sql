-- name: try_to_lead(name)$
-- One process at a time empties an outbox; its session's end, however it ends, lets the next one in.
select pg_try_advisory_lock(hashtext(:name));

-- name: stop_leading(name)$
-- Let another process in.
select pg_advisory_unlock(hashtext(:name));

-- name: due_mails(most)
-- The next letters to send, oldest first.
select n, message_id, recipient, subject, body, html, created_at, attempts
from mail_outbox
where sent_at is null and failed_at is null and next_at <= now()
order by n
limit :most;

-- name: next_mail_in()$
-- Seconds until a letter is due that waits for its next attempt; null when none waits.
select extract(epoch from min(next_at) - now())::float8
from mail_outbox where sent_at is null and failed_at is null;

-- name: mail_sent(n)!
-- Accepted by the server; written before the next one is sent, so that a crash repeats at most this one.
update mail_outbox set sent_at = now(), attempts = attempts + 1, answer = '' where n = :n;

-- name: mails_wait(ns, wait, answer)!
-- Not accepted now: tried again later.
update mail_outbox
set attempts = attempts + 1, next_at = now() + :wait::interval, answer = :answer
where n = any(:ns::bigint[]);

-- name: mail_failed(n, answer)!
-- Refused for good.
update mail_outbox set failed_at = now(), attempts = attempts + 1, answer = :answer where n = :n;

-- name: remove_old_mail(most)!
-- Letters that went out more than thirty days ago: they hold addresses, and nobody needs them any more.
delete from mail_outbox where n in (
    select n from mail_outbox where sent_at < now() - interval '30 days' limit :most
);

-- name: due_events(most)
-- The oldest unpublished event of each site: at most one a site at a time keeps their order whatever fails.
select * from (
    select distinct on (site_id) n, id, site_id, district_id, environment, type, at, data
    from event_outbox
    where published_at is null
    order by site_id, n
) first_of_site
order by n
limit :most;

-- name: events_published(ns)!
-- Acknowledged by all in-sync replicas.
update event_outbox set published_at = now() where n = any(:ns::bigint[]);
