"""The named queries of this folder."""

from functools import cache
from pathlib import Path
from typing import Any

from bellwire_kit.auth import Caller
from bellwire_kit.postgres import load_queries


@cache
def writing_queries() -> Any:
    """Return the queries, read once."""
    return load_queries(Path(__file__).with_name("queries.sql"))


def place_of(caller: Caller) -> dict[str, str]:
    """Return what binds a query to a caller's district. Raises `Problem` 403 for a caller of no district."""
    source = caller.source
    return {"district_id": source.district_id, "environment": source.environment.value}
