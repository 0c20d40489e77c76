-- One outbox for all that goes to the alerts topic. An alert's row is written once when it goes, and its message is a
-- row of its own that is deleted once the broker has it: before, the row was written three times.

alter table notices rename to outbox;
alter table outbox rename column notice_id to message_id;
alter table outbox rename column ready_at to leased_until;  -- real time until which whoever wrote it publishes it
alter table outbox drop column due_at;
alter table outbox add column written_in xid8 not null default pg_current_xact_id();  -- its transaction
alter index notices_pkey rename to outbox_pkey;
alter index notices_to_publish rename to outbox_to_publish;

insert into outbox (message_id, district_id, environment, user_id, urgency, type, payload)
select sent_as, district_id, environment, user_id, urgency, 'bellwire.alert.requested.v1', payload
from due_alerts
where phase = 'ready'
order by urgency, alert_id;

drop index due_to_publish;
update due_alerts set phase = 'published' where phase = 'ready';
alter table due_alerts
    drop constraint due_alerts_phase_check,
    add constraint due_alerts_phase_check check (phase in ('held', 'published', 'dropped')),
    drop column payload,
    drop column ready_at,
    drop column published_at;

-- A payload of some 2,000 bytes lives for a moment: it is neither compressed nor stored elsewhere.
alter table outbox alter column payload set storage external, set (toast_tuple_target = 8160);
