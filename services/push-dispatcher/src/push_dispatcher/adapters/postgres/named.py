"""The named queries of queries.sql, read once."""

from pathlib import Path

from bellwire_kit.postgres import load_queries

QUERIES = load_queries(Path(__file__).with_name("queries.sql"))
