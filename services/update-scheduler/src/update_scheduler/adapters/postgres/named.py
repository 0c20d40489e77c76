"""The named queries of the registry, shared by the classes that are its parts."""

from pathlib import Path
from typing import Any

from bellwire_kit.postgres import load_queries

REGISTRY = load_queries(Path(__file__).with_name("registry.sql"))


def changed(status: Any) -> bool:
    """Did the statement touch a row? Postgres's command tag says how many: "INSERT 0 1"."""
    return not str(status).endswith(" 0")
