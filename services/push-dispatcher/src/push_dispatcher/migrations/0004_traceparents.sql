-- The trace that an alert is part of (W3C Trace Context) goes on with what became of it; '' is none.

alter table deliveries add column traceparent text not null default '';
alter table outbox add column traceparent text not null default '';
