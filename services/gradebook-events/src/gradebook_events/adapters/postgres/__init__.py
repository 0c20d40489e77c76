"""Postgres: publishers, keys, audit lines, imports and the records of OneRoster sources."""
