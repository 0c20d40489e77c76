-- Letters that went out are kept for thirty days, then removed (adapters/smtp.py).
create index mail_sent_at on mail_outbox (sent_at) where sent_at is not null;
