"""Postgres behind the dispatcher's ports: queries.sql and the classes that call it."""
