"""The roster projection in Postgres."""
