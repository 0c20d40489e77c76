"""Roster, settings and what the portal reads, in Postgres."""
