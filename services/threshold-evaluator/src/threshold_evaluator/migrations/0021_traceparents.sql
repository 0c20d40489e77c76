-- The trace that a change is part of (W3C Trace Context) goes on with its alert, however long that is held; '' is none.
alter table due_alerts add column traceparent text not null default '';
alter table outbox add column traceparent text not null default '';
