"""What the pages read and keep in Postgres."""
