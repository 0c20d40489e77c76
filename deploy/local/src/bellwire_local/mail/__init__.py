"""The mail sink: an SMTP server that keeps what it gets and shows it as JSON."""
