-- An alert that was called back goes again only once the dispatcher has said that it had not gone. While it waits again
-- its row keeps the id under which it was out, so that an acceptance that comes late ends it.

alter table due_alerts add column called_back boolean not null default false;
create index due_called_back on due_alerts (sent_as) where phase = 'held' and sent_as is not null;
