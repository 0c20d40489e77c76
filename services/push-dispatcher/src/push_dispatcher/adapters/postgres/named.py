"""The named queries of queries.sql, read once."""

from collections.abc import AsyncIterable
from pathlib import Path
from typing import Any

from bellwire_kit.postgres import load_queries

QUERIES = load_queries(Path(__file__).with_name("queries.sql"))


async def all_of(found: AsyncIterable[Any]) -> list[Any]:
    """Return the records of a query that selects or returns rows."""
    return [record async for record in found]
