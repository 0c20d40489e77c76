"""Transactions on the dispatcher's schema."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from bellwire_kit.postgres import UNAVAILABLE, Pool

from push_dispatcher.adapters.postgres.registry import PostgresRegistry
from push_dispatcher.adapters.postgres.work import PostgresWork


class PostgresStore:
    """Opens transactions; implements `push_dispatcher.ports.store.DeliveryStore`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    @asynccontextmanager
    async def work(self) -> AsyncIterator[PostgresWork]:
        """One transaction."""
        async with self._transaction() as connection:
            yield PostgresWork(connection)

    @asynccontextmanager
    async def registry(self) -> AsyncIterator[tuple[PostgresWork, PostgresRegistry]]:
        """One transaction for devices and their rows."""
        async with self._transaction() as connection:
            yield PostgresWork(connection), PostgresRegistry(connection)

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[Any]:
        try:
            async with self._pool.acquire() as connection, connection.transaction():
                yield connection
        except asyncpg.InternalClientError as error:
            # How asyncpg names a connection that died unseen: as away as any other lost connection.
            raise ConnectionResetError("the connection to the database was lost") from error
        except asyncpg.DeadlockDetectedError as error:
            # Two transactions met in an unlucky order; this one was undone and may simply be tried again.
            raise ConnectionResetError("the database undid a transaction that met another") from error

    async def ready(self) -> bool:
        """Tell whether the database answers."""
        try:
            return bool(await self._pool.fetchval("select true", timeout=2))
        except UNAVAILABLE:
            return False
