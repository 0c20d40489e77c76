"""A migrated database and a connection whose transaction is rolled back after each test."""

from collections.abc import AsyncIterator
from importlib.resources import files
from pathlib import Path

import pytest
from bellwire_kit.postgres import Connection, migrate, open_pool

SCHEMA = "threshold_evaluator"


@pytest.fixture(scope="session")
def migrated(database_url: str) -> str:
    """The database's address, migrated."""
    migrate(database_url, SCHEMA, Path(str(files("threshold_evaluator") / "migrations")))
    return database_url


@pytest.fixture
async def connection(migrated: str) -> AsyncIterator[Connection]:
    """A connection inside a transaction that ends undone."""
    async with open_pool(migrated, SCHEMA) as pool, pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        try:
            yield connection
        finally:
            await transaction.rollback()
