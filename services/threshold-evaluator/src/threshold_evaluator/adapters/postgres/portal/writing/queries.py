"""The named queries of this folder."""

from functools import cache
from pathlib import Path
from typing import Any

from bellwire_kit.postgres import load_queries


@cache
def writing_queries() -> Any:
    """Return the queries, read once."""
    return load_queries(Path(__file__).with_name("queries.sql"))
